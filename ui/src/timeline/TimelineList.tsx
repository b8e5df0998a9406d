import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { At, Chip, countOf, ObjectName, Partial } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { Time } from "../wire/wire";
import { gapSaying, type Picture } from "./marks";

/** The timeline as a list: the same marks, in words, for keyboard and screen reader. */
export function TimelineList({ picture, time, set }: { picture: Picture; time: Time | null; set: (time: Time) => void }) {
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: picture.marks.length, getScrollElement: () => scroll.current, estimateSize: () => 28, overscan: 12, initialRect: { width: 900, height: 400 } });
  const current = time === null ? picture.marks.length - 1 : picture.marks.findLastIndex((m) => m.at <= time);
  useEffect(() => {
    if (current >= 0) virtual.scrollToIndex(current, { align: "center" });
    // Only when the shown moment changes.
  }, [current]);
  return (
    <div className="timeline-listed">
      {picture.gaps.length > 0 ? <Partial title={`${countOf(picture.gaps.length, "stretch", "stretches")} of time missing`} items={picture.gaps.map(gapSaying)} /> : null}
      <div className="timeline-list" ref={scroll} data-testid={testids.timelineList} tabIndex={0} aria-label="What happened, in order">
        <div role="list" style={{ height: virtual.getTotalSize() }} className="timeline-list-rows">
          {virtual.getVirtualItems().map((item) => {
            const mark = picture.marks[item.index];
            if (!mark) return null;
            const object = picture.lanes[mark.lane]?.object;
            return (
              <div key={item.key} role="listitem" className="timeline-list-row" data-current={item.index === current} data-later={time !== null && mark.at > time} style={{ transform: `translateY(${item.start}px)` }}>
                <button type="button" className="link" onClick={() => set(mark.at)} title="Show the whole screen at this time">
                  <At time={mark.at} />
                </button>
                <span className={`list-kind severity-text-${mark.severity}`}>{mark.kind}</span>
                {object ? <ObjectName object={object} namespace={false} /> : <span className="faint">Investigation</span>}
                <span className="list-words">
                  <Words text={mark.title} />
                </span>
                {mark.observation ? <Chip id={mark.observation} /> : null}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
