import type { UseQueryResult } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type MouseEvent, useEffect, useMemo, useRef, useState } from "react";
import { useKeys } from "../app/keys";
import { go } from "../app/route";
import { useAct } from "../ipc";
import { Button, countOf, Failed, Loading } from "../kit";
import { Blank } from "../kit/pictures";
import type { CommandFailed } from "../platform";
import { testids } from "../testids";
import type { ClusterId, ClusterRow } from "../wire/wire";
import { Chosen } from "./Chosen";
import { FleetRow } from "./FleetRow";
import { clustersOf, countBy, type Filter, linesOf, step } from "./list";
import { useOpening } from "./opening";
import { PathOpen } from "./PathOpen";
import { isStopped } from "./phase";
import { SourceHead } from "./SourceHead";
import { SourcesDialog } from "./SourcesDialog";
import "./fleet.css";

const filters: [Filter, string][] = [
  ["all", "All"],
  ["open", "Open"],
  ["trouble", "In trouble"],
];
/** So many are not opened by one key: each is a login, and somebody's VPN. */
const MANY = 20;
const HEAD = 32;
const ROW = 31;

/** Every cluster that could be opened, by the file it comes from; many are searched, chosen and opened at once. */
export function Fleet({ clusters }: { clusters: UseQueryResult<ClusterRow[], CommandFailed> }) {
  const [text, setText] = useState("");
  const [filter, setFilter] = useState<Filter>("all");
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = useState<ReadonlySet<ClusterId>>(new Set());
  const [cursor, setCursor] = useState<ClusterId | null>(null);
  const [sources, setSources] = useState(false);
  const [asks, setAsks] = useState(false);
  const rescan = useAct("clusters_rescan");
  const opening = useOpening();
  const search = useRef<HTMLInputElement>(null);
  const grid = useRef<HTMLDivElement>(null);

  const rows = useMemo(() => clusters.data ?? [], [clusters.data]);
  const lines = useMemo(() => linesOf(rows, text, filter, folded), [rows, text, filter, folded]);
  const found = useMemo(() => clustersOf(lines), [lines]);
  const at = found.some((row) => row.id === cursor) ? cursor : (text ? (found[0]?.id ?? null) : null);
  const picked = rows.filter((row) => chosen.has(row.id));
  const hidden = picked.length - found.filter((row) => chosen.has(row.id)).length;
  const unsafe = hidden > 0 || picked.length > MANY;
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => grid.current,
    estimateSize: (i) => (lines[i]?.is === "source" ? HEAD : ROW),
    overscan: 10,
    initialRect: { width: 900, height: 800 },
    getItemKey: (i) => lines[i]?.key ?? i,
  });

  useEffect(() => setAsks(false), [chosen]);
  // The list answers to the keyboard at once; the search is one key away.
  useEffect(() => grid.current?.focus({ preventScroll: true }), [clusters.data === undefined]);
  useKeys([
    { keys: "s", title: "Where kubeconfigs come from: add, paste, take away", group: "Clusters", run: () => setSources(true) },
    { keys: "shift+r", title: "Read the kubeconfigs again", group: "Clusters", run: () => void rescan.run({}) },
  ]);

  function move(by: number) {
    const next = step(lines, at, by);
    setCursor(next);
    const index = lines.findIndex((line) => line.key === next);
    if (index >= 0) virtual.scrollToIndex(index, { align: "auto" });
  }
  function toggle(id: ClusterId) {
    setChosen((was) => (was.has(id) ? new Set([...was].filter((one) => one !== id)) : new Set([...was, id])));
  }
  /** Everything between the cursor and a row, as a list is chosen with Shift. */
  function range(to: ClusterId) {
    const ids = found.map((row) => row.id);
    const [a, b] = [ids.indexOf(at ?? to), ids.indexOf(to)].sort((x, y) => x - y) as [number, number];
    setChosen((was) => new Set([...was, ...ids.slice(Math.max(a, 0), b + 1)]));
  }
  function openThese(stay: boolean) {
    if (picked.length > 0) {
      if (unsafe && !asks) return setAsks(true);
      setChosen(new Set());
      void opening.open(picked.filter((row) => row.state.phase === "closed").map((row) => row.id));
      void opening.renew(picked.filter((row) => isStopped(row.state.phase) && row.state.phase !== "awaiting_trust").map((row) => row.id));
      return;
    }
    const row = found.find((one) => one.id === at);
    if (!row) return;
    if (row.state.phase === "closed") void opening.open([row.id]);
    if (!stay) go({ at: "cluster", cluster: row.id, incident: null });
  }
  function onKeyDown(event: KeyboardEvent, typing: boolean) {
    if (!typing && event.target !== event.currentTarget) return;
    const mod = event.metaKey || event.ctrlKey;
    if (event.key === "ArrowDown") event.shiftKey && at ? (toggle(at), move(1)) : move(1);
    else if (event.key === "ArrowUp") event.shiftKey && at ? (toggle(at), move(-1)) : move(-1);
    else if (event.key === "PageDown") move(12);
    else if (event.key === "PageUp") move(-12);
    else if (event.key === "Home" && !typing) move(-lines.length);
    else if (event.key === "End" && !typing) move(lines.length);
    else if (event.key === "Enter") openThese(event.shiftKey);
    else if (event.key === " " && (!typing || mod) && at) toggle(at);
    else if (event.key === "a" && mod && (!typing || text === "")) setChosen(new Set(found.map((row) => row.id)));
    else if (event.key === "Escape") {
      if (chosen.size > 0) setChosen(new Set());
      else if (text) setText("");
      grid.current?.focus({ preventScroll: true });
    } else return;
    event.preventDefault();
  }
  function onRow(event: MouseEvent, id: ClusterId) {
    if (event.shiftKey) range(id);
    else if (event.metaKey || event.ctrlKey) toggle(id);
    setCursor(id);
  }

  return (
    <div className="fleet" data-testid={testids.fleet}>
      <header className="bar">
        <h1 className="bar-title">Clusters</h1>
        <div className="fleet-search">
          <input
            ref={search}
            type="search"
            className="field"
            role="combobox"
            aria-expanded="true"
            aria-controls="fleet-list"
            aria-activedescendant={at ? `fleet ${at}` : undefined}
            aria-label="Search clusters by name, server or file"
            placeholder={`Search ${rows.length > 0 ? countOf(rows.length, "context") : "contexts"}`}
            data-testid={testids.clusterSearch}
            value={text}
            onChange={(e) => {
              setText(e.target.value);
              setCursor(null);
              virtual.scrollToOffset(0);
            }}
            onKeyDown={(e) => onKeyDown(e, true)}
          />
          <kbd className="kbd">/</kbd>
        </div>
        <div className="tabs" role="tablist" aria-label="Which clusters">
          {filters.map(([name, title]) => (
            <button key={name} type="button" role="tab" aria-selected={filter === name} data-testid={`fleet-only-${name}`} onClick={() => setFilter(name)}>
              {title}
              <span className="tab-count">{countBy(rows, name)}</span>
            </button>
          ))}
        </div>
        <span className="bar-space" />
        <PathOpen />
        <Button hint="S" testid={testids.sourcesOpen} onClick={() => setSources(true)}>
          Sources…
        </Button>
        <Button tone="quiet" testid={testids.rescan} onClick={() => void rescan.run({})} title="Read the kubeconfigs again (⇧R)" aria-label="Read the kubeconfigs again" aria-busy={rescan.busy}>
          <svg className="fleet-rescan" viewBox="0 0 16 16" width="13" height="13" aria-hidden="true">
            <path d="M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 2v3h-3" />
          </svg>
        </Button>
      </header>
      {clusters.error ? (
        <Failed failure={clusters.error} retry={() => void clusters.refetch()} />
      ) : !clusters.data ? (
        <Loading what="Reading kubeconfigs…" rows={8} />
      ) : rows.length === 0 ? (
        <Blank title="No kubeconfig was found">
          <p>Sources lists where was looked and what is wrong there; add a file, a folder of them, or paste one.</p>
          <p className="picture-act">
            <Button tone="strong" hint="S" onClick={() => setSources(true)}>
              Sources…
            </Button>
          </p>
        </Blank>
      ) : (
        <div
          className="fleet-list"
          id="fleet-list"
          ref={grid}
          role="grid"
          tabIndex={0}
          aria-label="Clusters"
          aria-multiselectable="true"
          aria-rowcount={lines.length}
          aria-activedescendant={at ? `fleet ${at}` : undefined}
          onKeyDown={(e) => onKeyDown(e, false)}
        >
          {found.length === 0 ? (
            <Blank title={text ? `No context matches “${text}”` : filter === "open" ? "No cluster is open" : "No cluster is in trouble, as far as is open"}>
              {text ? <p>Names, servers, namespaces and files were searched.</p> : null}
            </Blank>
          ) : null}
          <div className="fleet-lines" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const line = lines[item.index];
              if (!line) return null;
              return (
                <div key={item.key} data-index={item.index} ref={virtual.measureElement} className="fleet-place" role="row" id={line.is === "cluster" ? `fleet ${line.key}` : undefined} aria-rowindex={item.index + 1} aria-selected={line.is === "cluster" ? chosen.has(line.key) : undefined} style={{ transform: `translateY(${item.start}px)` }}>
                  {line.is === "source" ? (
                    <SourceHead
                      line={line}
                      fold={() => setFolded((was) => (was.has(line.source) ? new Set([...was].filter((s) => s !== line.source)) : new Set([...was, line.source])))}
                      choose={() => setChosen((was) => new Set([...was, ...found.filter((row) => row.source === line.source).map((row) => row.id)]))}
                    />
                  ) : (
                    <FleetRow row={line.row} twin={line.twin} here={line.key === at} chosen={chosen.has(line.key)} opening={opening} onRow={onRow} toggle={toggle} />
                  )}
                </div>
              );
            })}
          </div>
        </div>
      )}
      {sources ? <SourcesDialog close={() => setSources(false)} /> : null}
      <Chosen picked={picked} hidden={hidden} asks={asks && unsafe} clear={() => setChosen(new Set())} open={() => openThese(true)} close={(ids) => (setChosen(new Set()), void opening.close(ids))} />
    </div>
  );
}
