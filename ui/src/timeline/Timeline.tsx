import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useKeys } from "../app/keys";
import { clockOf, fullOf, useEvidence } from "../kit";
import { useSize } from "../kit/size";
import { testids } from "../testids";
import { readInk, useTheme } from "../tokens";
import type { ObjectRef, ObservationId, Time } from "../wire/wire";
import { axisOf, pan, type Range, rangeOf, showing, since, type Span, spanOf, toAxis, toTime, zoom } from "./axis";
import { courseAt, draw, GUTTER, LANE, placeAt, RULER, type Spot, type View, xOf } from "./draw";
import { GroupHeads } from "./GroupHeads";
import { grouped, groupings, type GroupBy, laneOf } from "./groups";
import { type Gap, gapSaying, neighbour, pileSaying, type Picture, saying } from "./marks";
import { TimelineList } from "./TimelineList";
import "./timeline.css";

interface Props {
  /** A lane for each object. */
  picture: Picture;
  /** To which owner and incident an object belongs; its namespace says itself. */
  groupOf: (by: GroupBy, object: ObjectRef) => string | null;
  by: GroupBy;
  setBy: (by: GroupBy) => void;
  shut: ReadonlySet<string>;
  setShut: (shut: ReadonlySet<string>) => void;
  times: readonly Time[];
  /** The time the whole screen shows; null is now. */
  time: Time | null;
  setTime: (time: Time | null) => void;
  object: ObjectRef | null;
  setObject: (object: ObjectRef) => void;
  cited: ReadonlySet<ObservationId>;
  /** When the trouble began: the first picture shows it, what was just before, and everything since. */
  began: Time | null;
  list: boolean;
  loading: boolean;
}

/** Lanes of what happened, and the scrubber that sets the time of the whole screen. */
export function Timeline({ picture: single, groupOf, by, setBy, shut, setShut, times, time, setTime, object, setObject, cited, began, list, loading }: Props) {
  const evidence = useEvidence();
  const theme = useTheme();
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const spots = useRef<Spot[]>([]);
  const { width, height } = useSize(frame);
  const nameOf = useCallback((of: ObjectRef) => groupOf(by, of), [groupOf, by]);
  const picture = useMemo(() => grouped(single, by, nameOf, shut), [single, by, nameOf, shut]);
  const axis = useMemo(() => axisOf(times), [times]);
  const [closer, setSpan] = useState<Span | null>(null);
  const [scroll, setScroll] = useState(0);
  const [over, setOver] = useState<Spot | null>(null);
  const hovered = over?.mark ?? null;
  const [gap, setGap] = useState<Gap | null>(null);
  const [course, setCourse] = useState<{ x: number; text: string } | null>(null);
  const range = closer ? rangeOf(axis, closer) : since(axis, began);
  const setCloser = (next: Range) => setSpan(spanOf(newest.current.axis, next));
  const last = axis.stretches.at(-1)?.until ?? 0;
  const first = axis.stretches[0]?.from ?? 0;
  const lane = laneOf(picture, object, by, nameOf);
  const deepest = Math.max(0, (picture.lanes.length - 1) * LANE - (height - RULER - LANE - 2));

  const view: View = {
    width,
    height,
    scroll: Math.min(scroll, deepest),
    axis,
    range,
    time,
    numbers: evidence?.numbers ?? new Map(),
    cited,
    chosen: evidence?.chosen ?? null,
    pointed: evidence?.pointed ?? null,
    hovered,
    lane: lane < 0 ? null : lane,
  };
  const newest = useRef(view);
  newest.current = view;

  // Wherever the shown time goes, by which key and on which panel, it is in view.
  const drawn = axis.length > 0;
  useEffect(() => {
    const { axis, range } = newest.current;
    if (!drawn) return;
    const next = showing(axis, range, toAxis(axis, time ?? Infinity));
    if (next !== range) setSpan(spanOf(axis, next));
  }, [time, drawn]);
  useKeys([{ keys: "v a", title: "All of the time in view", group: "Time", run: () => setSpan({ from: -Infinity, until: Infinity }) }]);

  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || width === 0) return;
    const handle = requestAnimationFrame(() => {
      const ratio = window.devicePixelRatio || 1;
      if (element.width !== Math.round(width * ratio) || element.height !== Math.round(height * ratio)) {
        element.width = Math.round(width * ratio);
        element.height = Math.round(height * ratio);
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      spots.current = draw(context, picture, view, readInk(element));
    });
    return () => cancelAnimationFrame(handle);
  });
  // Fonts arrive after the first picture, and a theme changes every colour.
  const [, redraw] = useState(0);
  useEffect(() => {
    void document.fonts?.ready.then(() => redraw((n) => n + 1));
  }, [theme]);

  // React's wheel listeners are passive; zooming must keep the page where it is.
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const now = newest.current;
      const x = event.clientX - element.getBoundingClientRect().left;
      if (event.ctrlKey || event.metaKey) setCloser(zoom(now.axis, now.range, placeAt(now, x), Math.exp(event.deltaY * 0.004)));
      else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        setCloser(pan(now.axis, now.range, ((event.deltaX || event.deltaY) / Math.max(now.width - GUTTER, 1)) * (now.range.b - now.range.a)));
      } else setScroll((y) => Math.max(0, Math.min(y + event.deltaY, Math.max(0, (picture.lanes.length - 1) * LANE - (now.height - RULER - LANE - 2)))));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [picture.lanes.length]);

  function set(next: Time) {
    setTime(next >= last ? null : Math.max(next, first));
  }
  const timeAtX = (x: number) => toTime(axis, placeAt(newest.current, Math.max(x, GUTTER)));
  const xIn = (event: { clientX: number }) => event.clientX - (frame.current?.getBoundingClientRect().left ?? 0);
  const yIn = (event: { clientY: number }) => event.clientY - (frame.current?.getBoundingClientRect().top ?? 0);
  const spotAt = (x: number, y: number) => spots.current.findLast((s) => x >= s.x && x <= s.x + s.w && y >= s.y && y <= s.y + s.h) ?? null;
  // A gap is drawn at least three pixels wide, and answers as wide as it is drawn.
  const gapAt = (x: number, y: number) =>
    y > RULER && x > GUTTER ? (picture.gaps.find((g) => x >= xOf(view, g.from) - 1 && x <= Math.max(xOf(view, g.until), xOf(view, g.from) + 3) + 1) ?? null) : null;
  const laneAt = (y: number) => {
    const index = Math.floor((y - RULER + view.scroll) / LANE);
    return y > RULER && y < height - LANE - 2 ? picture.lanes[index] : undefined;
  };

  function toggle(key: string) {
    const next = new Set(shut);
    if (!next.delete(key)) next.add(key);
    setShut(next);
  }
  function reveal(index: number) {
    const room = height - RULER - LANE - 2;
    const top = index * LANE;
    if (top < view.scroll) setScroll(top);
    else if (top + LANE > view.scroll + room) setScroll(Math.min(top + LANE - room, deepest));
  }

  function scrubFrom(event: React.PointerEvent<HTMLElement>) {
    event.currentTarget.setPointerCapture(event.pointerId);
    set(timeAtX(xIn(event)));
  }

  const step = (range.b - range.a) / 200;
  function onKeyDown(event: React.KeyboardEvent) {
    const shown = time ?? last;
    const place = toAxis(axis, shown);
    const by = event.shiftKey ? 10 * step : step;
    const act: Record<string, () => void> = {
      ArrowLeft: () => set(toTime(axis, place - by)),
      ArrowRight: () => set(toTime(axis, place + by)),
      ArrowDown: () => set(neighbour(picture, shown, -1) ?? first),
      ArrowUp: () => set(neighbour(picture, shown, 1) ?? last),
      PageUp: () => set(toTime(axis, place + 20 * step)),
      PageDown: () => set(toTime(axis, place - 20 * step)),
      Home: () => set(first),
      End: () => setTime(null),
      "+": () => setCloser(zoom(axis, showing(axis, range, place), place, 0.6)),
      "=": () => setCloser(zoom(axis, showing(axis, range, place), place, 0.6)),
      "-": () => setCloser(zoom(axis, showing(axis, range, place), place, 1 / 0.6)),
    };
    const run = act[event.key];
    if (!run || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  }

  const x = Math.min(Math.max(time === null ? xOf(view, last) : xOf(view, time), GUTTER), width - 1);
  const mark = hovered === null ? null : picture.marks[hovered];

  return (
    <div className="timeline" data-testid={testids.timeline} aria-busy={loading}>
      {list ? (
        <TimelineList picture={single} time={time} set={set} />
      ) : (
        <div className="timeline-frame" ref={frame}>
          <canvas
            ref={canvas}
            className="timeline-canvas"
            data-testid={testids.timelineCanvas}
            aria-hidden="true"
            style={{ width, height }}
            data-lit={hovered !== null}
            onPointerDown={(event) => {
              const at = [xIn(event), yIn(event)] as const;
              const spot = spotAt(...at);
              const mark = spot ? picture.marks[spot.mark] : null;
              if (mark?.observation) evidence?.choose(mark.observation);
              else if (at[0] < GUTTER) {
                const object = laneAt(at[1])?.object;
                if (object) setObject(object);
              } else scrubFrom(event);
            }}
            onPointerMove={(event) => {
              if (event.currentTarget.hasPointerCapture(event.pointerId)) return set(timeAtX(xIn(event)));
              const spot = spotAt(xIn(event), yIn(event));
              setOver((was) => (was && spot && was.mark === spot.mark && was.pile?.count === spot.pile?.count ? was : spot));
              const under = spot ? null : gapAt(xIn(event), yIn(event));
              setGap(under);
              const words = spot || under ? null : courseAt(picture, view, xIn(event), yIn(event));
              setCourse(words ? { x: xIn(event), text: words } : null);
              const id = spot ? picture.marks[spot.mark]?.observation : null;
              if (id !== evidence?.pointed) evidence?.point(id ?? null);
            }}
            onPointerLeave={() => {
              setOver(null);
              setGap(null);
              setCourse(null);
              evidence?.point(null);
            }}
          />
          <GroupHeads picture={picture} scroll={view.scroll} height={height} toggle={toggle} reveal={reveal} />
          <select className="timeline-lanes" data-testid={testids.timelineLanes} aria-label="Lanes of the timeline" title="A lane per object, or per group (V L)" value={by} onChange={(e) => setBy(e.target.value as GroupBy)}>
            {groupings.map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
          {width > 0 && axis.length > 0 ? (
            <div
              className="scrubber"
              data-testid={testids.scrubber}
              data-now={time === null}
              data-end={x > width - 60}
              role="slider"
              tabIndex={0}
              aria-label="Time that the whole screen shows"
              aria-orientation="horizontal"
              aria-valuemin={Math.round(first / 1e6)}
              aria-valuemax={Math.round(last / 1e6)}
              aria-valuenow={Math.round((time ?? last) / 1e6)}
              aria-valuetext={time === null ? "now" : fullOf(time)}
              style={{ transform: `translateX(${x}px)` }}
              onPointerDown={scrubFrom}
              onPointerMove={(event) => {
                if (event.currentTarget.hasPointerCapture(event.pointerId)) set(timeAtX(xIn(event)));
              }}
              onKeyDown={onKeyDown}
            >
              <span className="scrubber-flag mono">{time === null ? "now" : clockOf(time)}</span>
            </div>
          ) : null}
          {mark ? <Saying x={Math.min(Math.max(xOf(view, mark.at), GUTTER), width - 20)} width={width} text={over?.pile ? pileSaying(picture, mark, over.pile) : saying(picture, mark)} /> : null}
          {!mark && gap ? <Saying x={Math.min(Math.max(xOf(view, gap.from), GUTTER), width - 20)} width={width} text={gapSaying(gap)} /> : null}
          {!mark && !gap && course ? <Saying x={course.x} width={width} text={course.text} /> : null}
          {loading && picture.marks.length === 0 ? <p className="timeline-empty small faint">Reading the history…</p> : null}
        </div>
      )}
    </div>
  );
}

function Saying({ x, width, text }: { x: number; width: number; text: string }) {
  return (
    <p className="timeline-saying small" style={x > width / 2 ? { right: width - x + 8 } : { left: x + 8 }}>
      {text}
    </p>
  );
}

