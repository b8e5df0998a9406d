import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, useState } from "react";
import { useKeys } from "../app/keys";
import { isOpen } from "../fleet/phase";
import { OLD_MICROS } from "../fleet/words";
import { Ago, Button, countOf, spanOf } from "../kit";
import { useNow } from "../kit/now";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { ClusterRow, Time, WatchRow } from "../wire/wire";
import { Kinds } from "./Kinds";
import { countsOf } from "./steps";

const phases: Record<string, { word: string; path: string; filled?: boolean }> = {
  listing: { word: "listing", path: "M6 2a4 4 0 1 1-4 4" },
  "listing again": { word: "listing again", path: "M6 2a4 4 0 1 1-4 4" },
  live: { word: "live", path: "M6 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8", filled: true },
  refused: { word: "refused", path: "M6 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8M3.2 3.2l5.6 5.6" },
  failed: { word: "broken off", path: "m2.5 2.5 7 7M9.5 2.5l-7 7" },
  "not served": { word: "not served", path: "M3 6h6" },
};
/** What needs a look comes first; within that by kind, so that a row stays where it is while it lives. */
const weight: Record<string, number> = { failed: 0, refused: 1 };
const order = (watch: WatchRow) => weight[watch.phase] ?? 2;

/** Every watch: how it stands, since when, how old what it shows is, and what is wrong with it. */
export function Watches({ row }: { row: ClusterRow }) {
  const { watches } = row.state;
  const [all, setAll] = useState(true);
  const [kinds, setKinds] = useState(false);
  const cannot = isOpen(row.state.phase) ? null : "the cluster is not connected";
  useKeys([{ keys: "w", title: "Watch another kind", group: "Connection", run: () => setKinds(true), cannot }]);
  const scroll = useRef<HTMLDivElement>(null);
  const now = useNow(1000);
  const counts = countsOf(watches);
  const rows = watches
    .filter((watch) => all || watch.phase !== "live")
    .sort((a, b) => order(a) - order(b) || a.kind.localeCompare(b.kind) || a.namespace.localeCompare(b.namespace));
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 28,
    overscan: 8,
    initialRect: { width: 800, height: 700 },
    getItemKey: (i) => `${rows[i]?.kind} ${rows[i]?.namespace}`,
  });
  return (
    <section className="watches" aria-label="Watches" data-testid={testids.watches}>
      <header className="watches-head">
        <h2 className="label">Watches</h2>
        <div className="tabs" role="tablist" aria-label="Which watches">
          <button type="button" role="tab" aria-selected={all} onClick={() => setAll(true)}>
            All<span className="tab-count">{counts.all}</span>
          </button>
          <button type="button" role="tab" aria-selected={!all} onClick={() => setAll(false)}>
            Not live<span className="tab-count">{counts.all - counts.live}</span>
          </button>
        </div>
        <span className="bar-space" />
        <Button hint="W" testid={testids.kindsOpen} onClick={() => setKinds(true)} cannot={cannot}>
          Watch another kind…
        </Button>
      </header>
      {kinds ? <Kinds row={row} close={() => setKinds(false)} /> : null}
      <div className="watches-scroll" ref={scroll} role="table" aria-label="Watches" aria-rowcount={rows.length} tabIndex={0}>
        <div className="watch watch-head" role="row">
          {["", "Kind", "State", "For", "Heard", "Objects"].map((title, i) => (
            <span key={i} role="columnheader" className="label">
              {title}
            </span>
          ))}
        </div>
        <div className="watches-rows" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const watch = rows[item.index];
            return watch ? (
              <div key={item.key} data-index={item.index} ref={virtual.measureElement} className="watch-place" style={{ transform: `translateY(${item.start}px)` }}>
                <Row watch={watch} now={now} />
              </div>
            ) : null;
          })}
        </div>
        {rows.length === 0 ? <p className="small faint watches-none">{counts.all === 0 ? "Nothing is watched yet." : "Every watch lives."}</p> : null}
      </div>
    </section>
  );
}

function Row({ watch, now }: { watch: WatchRow; now: Time }) {
  const phase = phases[watch.phase] ?? { word: watch.phase, path: "M6 6h.01" };
  const heard = watch.last_event_at;
  const old = heard !== null && now - heard > OLD_MICROS;
  const notes = [
    watch.error,
    watch.issues ? `${countOf(watch.issues, "object")} could not be read and ${watch.issues === 1 ? "is" : "are"} not shown${watch.last_issue ? `: ${watch.last_issue}` : "."}` : null,
  ].filter((note) => note !== null);
  return (
    <div className="watch" role="row" data-testid={testids.watchRow} data-kind={watch.kind} data-namespace={watch.namespace} data-phase={watch.phase}>
      <span role="cell" className="watch-mark">
        <svg viewBox="0 0 12 12" width="10" height="10" aria-hidden="true" data-filled={phase.filled}>
          <path d={phase.path} />
        </svg>
      </span>
      <span role="cell" className="watch-kind mono">
        {watch.kind}
        {watch.namespace ? <span className="faint"> {watch.namespace}</span> : null}
      </span>
      <span role="cell" className="small watch-phase">
        {phase.word}
        {watch.restarts ? (
          <span className="faint" title={`Opened again ${countOf(watch.restarts, "time")}, other than at its regular end`}>
            {" "}
            {watch.restarts}×
          </span>
        ) : null}
      </span>
      <span role="cell" className="small mono faint">
        {spanOf(now - watch.since)}
      </span>
      <span role="cell" className="small watch-heard" data-old={old} data-testid={testids.watchAge}>
        {heard === null ? <span className="faint">–</span> : <Ago time={heard} />}
      </span>
      <span role="cell" className="small mono watch-objects">
        {watch.objects === 0 && watch.phase !== "live" ? <span className="faint">–</span> : watch.objects.toLocaleString("en")}
        {watch.listed && !watch.streamed ? (
          <span className="faint" title="Listed page by page: kinds of which there are many, and whatever this server does not stream">
            {" "}
            paged
          </span>
        ) : null}
      </span>
      {notes.length > 0 ? (
        <p role="cell" className="watch-note small">
          {notes.map((note) => (
            <Words key={note} text={`${note} `} />
          ))}
        </p>
      ) : null}
    </div>
  );
}
