import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Button, Failed, objectKey, useEvidence, Loading } from "../kit";
import { Blank } from "../kit/pictures";
import { useSize } from "../kit/size";
import type { CommandFailed } from "../platform";
import { testids } from "../testids";
import { readInk, useTheme } from "../tokens";
import type { GraphView, ObjectRef, ObservationId } from "../wire/wire";
import { sign } from "./change";
import { type Collapse, collapsed } from "./collapse";
import { curveOf, drawGraph, type GraphPicture, toScene, toScreen } from "./draw";
import { GraphList } from "./GraphList";
import { type Against, useMarking } from "./marking";
import { type Held, heldPlaces } from "./held";
import { GraphTools } from "./Tools";
import { BOX_H, BOX_W, type Box, type Camera, directionFor, type Direction, fitAll, frameFor, nearest, sceneOf, sideOf, stretchFor, type Wire } from "./scene";
import "./graph.css";

interface Props {
  view: GraphView | undefined;
  failed: CommandFailed | null;
  retry: () => void;
  /** What the picture is about; in the middle where not everything fits. */
  focus: readonly ObjectRef[];
  object: ObjectRef | null;
  setObject: (object: ObjectRef | null) => void;
  /** Cited evidence by the object it is about. */
  evidence: ReadonlyMap<string, ObservationId[]>;
  list: boolean;
  against?: Against | undefined;
  /** Asks for more of what was left out; absent: all that there is to ask for is there. */
  more?: (() => void) | undefined;
}

/** So many boxes a picture begins with, and so many more are drawn each time: as many as can be told apart in one window. */
export const DRAWN = 300;

/** What depends on what around the incident, as of the shown time. Dependencies point right or down. */
export function Graph({ view, failed, retry, focus, object, setObject, evidence, list, against, more }: Props) {
  if (failed && !view) return <Failed failure={failed} retry={retry} />;
  if (!view) return <Loading what="Laying out what depends on what…" rows={5} />;
  if (view.layout.nodes.length === 0)
    return (
      <Blank title="Nothing to draw at this time">
        <p>None of the objects existed yet, or nothing about them was known.</p>
      </Blank>
    );
  return list ? <GraphList view={view} object={object} setObject={setObject} evidence={evidence} /> : <Drawn view={view} focus={focus} object={object} setObject={setObject} evidence={evidence} against={against} more={more} />;
}

function Drawn({ view: whole, focus, object, setObject, evidence, against, more }: Pick<Props, "focus" | "object" | "setObject" | "evidence" | "against" | "more"> & { view: GraphView }) {
  const [collapse, setCollapse] = useState<Collapse>("nothing");
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const view = useMemo(() => collapsed(whole, collapse, open), [whole, collapse, open]);
  const marking = useMarking(view, focus, object, against ?? null);
  const keep = useMemo(() => (marking.keep ? new Set(marking.keep) : null), [marking.keep]);
  const signs = useMemo(() => new Map([...(marking.changes?.objects ?? [])].map(([key, { how }]) => [key, sign[how]])), [marking.changes]);
  const chips = useEvidence();
  const theme = useTheme();
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height } = useSize(frame);
  const [shape, setShape] = useState<{ direction: Direction; stretch: number } | null>(null);
  const [moved, setMoved] = useState<Camera | null>(null);
  const [hovered, setHovered] = useState<{ box: Box | null; wire: Wire | null; x: number; y: number }>({ box: null, wire: null, x: 0, y: 0 });
  const fold = (next: Collapse) => {
    setCollapse(next);
    setOpen(new Set());
    setShape(null);
    setMoved(null);
  };
  /** A box that stands for a group is opened into what it stands for. */
  const unfold = (key: string) => {
    setOpen(new Set([...open, key]));
    setMoved(null);
  };
  const drag = useRef<{ x: number; y: number; camera: Camera; far: boolean } | null>(null);

  // Direction and spacing are chosen once for the room there is, so that time never turns the picture.
  useEffect(() => {
    if (shape !== null || width === 0) return;
    const direction = directionFor(view, width, height);
    setShape({ direction, stretch: stretchFor(view, direction, width - 56, height - 56) });
  }, [shape, view, width, height]);
  const direction = shape?.direction ?? "right";
  // What time adds and takes away moves nothing else: places and frame stay until another picture is asked for.
  const places = useRef<{ of: string; held: Held } | null>(null);
  const of = `${direction} ${collapse}`;
  const held = useMemo(() => heldPlaces(view.layout.nodes, sideOf(direction), places.current?.of === of ? places.current.held : null), [view, direction, of]);
  useEffect(() => {
    places.current = { of, held };
  }, [of, held]);
  const scene = useMemo(() => sceneOf(view, direction, evidence, shape?.stretch, held), [view, direction, shape, evidence, held]);
  const focusKeys = useMemo(() => focus.map(objectKey), [focus]);
  const framed = useRef<{ for: string; camera: Camera } | null>(null);
  const wanted = `${of} ${shape?.stretch ?? 1} ${held.drawn} ${width} ${height}`;
  if (framed.current?.for !== wanted) framed.current = { for: wanted, camera: frameFor(scene, Math.max(width, 100), Math.max(height, 100), focusKeys) };
  const camera = moved ?? framed.current.camera;

  const lit = useMemo(() => {
    const ids = [chips?.pointed, chips?.chosen].filter(Boolean) as ObservationId[];
    return new Set([...evidence].filter(([, of]) => of.some((id) => ids.includes(id))).map(([key]) => key));
  }, [chips?.pointed, chips?.chosen, evidence]);

  const picture: GraphPicture = {
    width,
    height,
    camera,
    chosen: object ? objectKey(object) : null,
    hovered: hovered.box?.key ?? null,
    wire: hovered.wire,
    numbers: chips?.numbers ?? new Map(),
    evidence: chips?.chosen ?? null,
    pointed: chips?.pointed ?? null,
    lit,
    keep,
    signs,
  };
  const newest = useRef({ scene, picture });
  newest.current = { scene, picture };

  const [, redraw] = useState(0);
  useEffect(() => {
    void document.fonts?.ready.then(() => redraw((n) => n + 1));
  }, [theme]);
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || width === 0 || shape === null) return;
    const handle = requestAnimationFrame(() => {
      const ratio = window.devicePixelRatio || 1;
      if (element.width !== Math.round(width * ratio) || element.height !== Math.round(height * ratio)) {
        element.width = Math.round(width * ratio);
        element.height = Math.round(height * ratio);
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      drawGraph(context, scene, picture, readInk(element));
    });
    return () => cancelAnimationFrame(handle);
  });

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const { picture: now } = newest.current;
      const bounds = element.getBoundingClientRect();
      const [x, y] = [event.clientX - bounds.left, event.clientY - bounds.top];
      const [sx, sy] = toScene(now, x, y);
      const k = Math.min(2, Math.max(0.05, now.camera.k * Math.exp(-event.deltaY * 0.0016)));
      setMoved({ k, x: sx - (x - now.width / 2) / k, y: sy - (y - now.height / 2) / k });
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, []);

  function at(event: { clientX: number; clientY: number }): [number, number] {
    const bounds = frame.current?.getBoundingClientRect();
    return [event.clientX - (bounds?.left ?? 0), event.clientY - (bounds?.top ?? 0)];
  }
  function find(x: number, y: number): { box: Box | null; wire: Wire | null } {
    const [sx, sy] = toScene(picture, x, y);
    const box = scene.boxes.findLast((b) => Math.abs(b.x - sx) <= BOX_W / 2 && Math.abs(b.y - sy) <= BOX_H / 2) ?? null;
    if (box) return { box, wire: null };
    return { box, wire: scene.wires.find((w) => distance(curveOf(scene, w), sx, sy) < 5 / camera.k) ?? null };
  }
  function reveal(box: Box) {
    const [x, y] = toScreen(picture, box.x, box.y);
    if (x < BOX_W / 2 || y < BOX_H || x > width - BOX_W / 2 || y > height - BOX_H) setMoved({ ...camera, x: box.x, y: box.y });
  }
  function onKeyDown(event: React.KeyboardEvent) {
    const arrows: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const arrow = arrows[event.key];
    if (event.metaKey || event.ctrlKey || event.target !== event.currentTarget) return;
    if (arrow) {
      const next = nearest(scene, object ? (scene.byKey.get(objectKey(object)) ?? null) : null, ...arrow);
      if (next) {
        setObject(next.object);
        reveal(next);
      }
    } else if (event.key === "Enter" && collapse !== "nothing" && object) unfold(objectKey(object));
    else if (event.key === "+" || event.key === "=") setMoved({ ...camera, k: Math.min(2, camera.k * 1.25) });
    else if (event.key === "-") setMoved({ ...camera, k: Math.max(0.05, camera.k / 1.25) });
    else if (event.key === "0") setMoved(fitAll(scene, width, height));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  const { box, wire } = hovered;

  return (
    <div className="graph-whole">
      <GraphTools marking={marking} collapse={collapse} setCollapse={fold} against={against ?? null} />
      <div
        className="graph-frame"
        ref={frame}
        tabIndex={0}
        role="application"
        aria-label={`Graph of ${scene.boxes.length} objects. Arrow keys move between them. The list button shows the same in words.`}
        onKeyDown={onKeyDown}
      >
        <canvas
          ref={canvas}
          className="graph-canvas"
          data-testid={testids.graphCanvas}
          aria-hidden="true"
          style={{ width, height }}
          data-lit={Boolean(box)}
          onPointerDown={(event) => {
            const [x, y] = at(event);
            drag.current = { x, y, camera, far: false };
            event.currentTarget.setPointerCapture(event.pointerId);
          }}
          onPointerMove={(event) => {
            const [x, y] = at(event);
            const from = drag.current;
            if (from) {
              if (Math.hypot(x - from.x, y - from.y) > 4) from.far = true;
              if (from.far) setMoved({ k: from.camera.k, x: from.camera.x - (x - from.x) / from.camera.k, y: from.camera.y - (y - from.y) / from.camera.k });
              return;
            }
            const found = find(x, y);
            setHovered({ ...found, x, y });
          }}
          onPointerUp={(event) => {
            const from = drag.current;
            drag.current = null;
            if (from?.far) return;
            const { box: found } = find(...at(event));
            if (found) setObject(found.object);
          }}
          onDoubleClick={(event) => {
            const { box: found } = find(...at(event));
            if (found && collapse !== "nothing") unfold(found.key);
          }}
          onPointerLeave={() => setHovered({ box: null, wire: null, x: 0, y: 0 })}
        />
        <div className="graph-tools">
          <Button tone="quiet" onClick={() => setMoved(fitAll(scene, width, height))} title="Show everything (0)">
            Fit
          </Button>
          {moved ? (
            <Button tone="quiet" onClick={() => ((framed.current = null), setMoved(null))} title="Back to what is in trouble">
              Trouble
            </Button>
          ) : null}
          {scene.hidden > 0 ? (
            more ? (
              <Button tone="quiet" onClick={more} testid={testids.graphMore} title="Draw more of what hangs on it">
                {scene.hidden} more not drawn
              </Button>
            ) : (
              <span className="small faint">{scene.hidden} more not drawn</span>
            )
          ) : null}
        </div>
        {wire ? (
          <p className="graph-saying small" style={{ left: Math.min(hovered.x + 12, width - 240), top: Math.min(hovered.y + 12, height - 64) }}>
            <strong>{wire.edge.relation.replaceAll("_", " ")}</strong> <span className="faint">{wire.edge.class}</span>
            <br />
            {wire.edge.reason}
          </p>
        ) : box ? (
          <p className="graph-saying small mono" style={{ left: Math.min(hovered.x + 12, width - 240), top: Math.min(hovered.y + 16, height - 64) }}>
            {objectKey(box.object)}
            {box.standsFor > 1 ? <span className="faint"> · {box.standsFor} {collapse === "nothing" ? "pods" : "objects; Enter or a double click opens it"}</span> : null}
            {marking.changes?.objects.has(box.key) ? (
              <>
                <br />
                {marking.changes.objects.get(box.key)?.before || "not there"} → {marking.changes.objects.get(box.key)?.now || "gone"}
              </>
            ) : null}
          </p>
        ) : null}
      </div>
    </div>
  );
}

/** How far a point is from a curve, by sampling it. */
function distance(points: [number, number][], x: number, y: number): number {
  const [a, b, c, d] = points as [[number, number], [number, number], [number, number], [number, number]];
  let best = Infinity;
  for (let i = 0; i <= 16; i++) {
    const t = i / 16;
    const u = 1 - t;
    const px = u * u * u * a[0] + 3 * u * u * t * b[0] + 3 * u * t * t * c[0] + t * t * t * d[0];
    const py = u * u * u * a[1] + 3 * u * u * t * b[1] + 3 * u * t * t * c[1] + t * t * t * d[1];
    best = Math.min(best, Math.hypot(px - x, py - y));
  }
  return best;
}
