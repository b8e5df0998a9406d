import { useEffect, useState } from "react";
import { useAct, useAnswer } from "../ipc";
import { Button, Failed, Inline, Loading, Partial } from "../kit";
import { Dialog } from "../kit/dialog";
import { testids } from "../testids";
import type { ClusterRow, KindRow } from "../wire/wire";

const fitsKind = (kind: KindRow, words: readonly string[]) => words.every((word) => `${kind.name} ${kind.group}`.toLowerCase().includes(word));
const reads = (trouble: { what: string; why: string; hint: string }) => `${trouble.what}: ${trouble.why} ${trouble.hint}`;

/** Every kind the cluster serves; what is not watched yet can be, from now until the cluster is closed. */
export function Kinds({ row, close }: { row: ClusterRow; close: () => void }) {
  const kinds = useAnswer("cluster_kinds", { cluster: row.id });
  const watch = useAct("cluster_watch_kind");
  const [text, setText] = useState("");
  const [begun, setBegun] = useState<ReadonlySet<string>>(new Set());
  // Kinds are installed while the window is open: what was answered last time may lack one.
  useEffect(() => void kinds.refetch(), [kinds.refetch]);
  const watched = new Map(row.state.watches.map((one) => [one.kind, one.phase]));
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = (kinds.data?.kinds ?? []).filter((kind) => fitsKind(kind, words));
  // Custom kinds are what somebody comes here for; within that by group.
  const order = (kind: KindRow) => (watched.has(kind.name) ? 2 : kind.group.includes(".") && !kind.group.endsWith(".k8s.io") ? 0 : 1);
  found.sort((a, b) => order(a) - order(b) || a.group.localeCompare(b.group) || a.name.localeCompare(b.name));
  async function begin(kind: KindRow) {
    if (await watch.run({ cluster: row.id, kind: kind.name })) setBegun((was) => new Set([...was, kind.name]));
  }
  return (
    <Dialog title={`Kinds that ${row.name} serves`} close={close} testid={testids.kinds}>
      {kinds.error && !kinds.data ? (
        <Failed failure={kinds.error} retry={() => void kinds.refetch()} />
      ) : !kinds.data ? (
        <Loading what="Asking the cluster which kinds it has…" rows={5} />
      ) : (
        <>
          <input type="search" className="field" autoFocus aria-label="Search kinds" placeholder={`Search ${kinds.data.kinds.length} kinds`} data-testid={testids.kindsSearch} value={text} onChange={(e) => setText(e.target.value)} />
          {kinds.data.unknown.length > 0 ? <Partial title="Some API groups gave no answer; their kinds are not listed" items={kinds.data.unknown.map(reads)} /> : null}
          {watch.failed ? <Inline failure={watch.failed} dismiss={watch.dismiss} /> : null}
          <ul className="kinds" aria-label="Kinds">
            {found.map((kind) => {
              const phase = watched.get(kind.name) ?? (begun.has(kind.name) ? "listing" : null);
              return (
                <li key={kind.name} className="kind" data-testid={testids.kindRow} data-kind={kind.name} data-watched={phase !== null}>
                  <span className="mono kind-name">{kind.name}</span>
                  <span className="small faint mono kind-group">
                    {kind.group || "core"}/{kind.version}
                  </span>
                  <span className="small faint">{kind.namespaced ? "" : "whole cluster"}</span>
                  {phase !== null ? (
                    <span className="small soft kind-phase">{phase === "live" ? "watched" : phase}</span>
                  ) : (
                    <Button className="small" tone="quiet" testid={testids.kindWatch} onClick={() => void begin(kind)} cannot={watch.busy ? "another one is being begun" : null} aria-label={`Watch ${kind.name}`}>
                      Watch
                    </Button>
                  )}
                </li>
              );
            })}
          </ul>
          {found.length === 0 ? <p className="faint kinds-none">The cluster serves no kind of that name.</p> : null}
          <p className="small faint">A kind is watched until the cluster is closed. Its objects then stand in the graph, the timeline and the incidents.</p>
        </>
      )}
    </Dialog>
  );
}
