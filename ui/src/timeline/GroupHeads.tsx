import { testids } from "../testids";
import { LANE, RULER } from "./draw";
import type { Picture } from "./marks";

interface Props {
  picture: Picture;
  scroll: number;
  height: number;
  toggle: (key: string) => void;
  /** Scrolls so that a lane is in view. */
  reveal: (lane: number) => void;
}

/** The heads of groups over the canvas, each a button that shuts and opens its group; the arrows walk them. */
export function GroupHeads({ picture, scroll, height, toggle, reveal }: Props) {
  const heads = picture.lanes.flatMap((lane, i) => (lane.group ? [{ lane: i, title: lane.title, ...lane.group }] : []));
  if (heads.length === 0) return null;
  const bottom = height - LANE - 2;
  return (
    <div className="timeline-heads" role="group" aria-label="Groups of lanes" style={{ top: RULER, height: Math.max(0, bottom - RULER) }}>
      {heads.map(({ lane, key, title, size, open }) => (
        <button
          key={key}
          type="button"
          className="timeline-head"
          style={{ transform: `translateY(${lane * LANE - scroll}px)`, height: LANE }}
          aria-expanded={open}
          data-testid={testids.timelineGroup}
          data-group={key}
          onClick={() => toggle(key)}
          onFocus={() => reveal(lane)}
          onKeyDown={(event) => {
            const shut = event.key === "ArrowLeft" && open;
            const opened = event.key === "ArrowRight" && !open;
            const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
            if (shut || opened) toggle(key);
            else if (step) {
              const all = [...(event.currentTarget.parentElement?.querySelectorAll<HTMLElement>(".timeline-head") ?? [])];
              all[all.indexOf(event.currentTarget) + step]?.focus();
            } else return;
            event.preventDefault();
            event.stopPropagation();
          }}
        >
          <span aria-hidden="true">{open ? "▾" : "▸"}</span>
          <span className="timeline-head-title">{title}</span>
          <span className="faint">{size}</span>
        </button>
      ))}
    </div>
  );
}
