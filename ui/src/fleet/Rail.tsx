import type { UseQueryResult } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useRef, useState } from "react";
import { go, type Route, toHash } from "../app/route";
import { useAct, useAnswer } from "../ipc";
import { Mark } from "../kit";
import type { CommandFailed } from "../platform";
import { testids } from "../testids";
import { chooseTheme, useTheme } from "../tokens/theme";
import type { ClusterRow } from "../wire/wire";
import { ClusterItem } from "./ClusterItem";
import { Notices } from "./Notices";
import { PathOpen } from "./PathOpen";
import "./fleet.css";

interface Props {
  route: Route;
  clusters: UseQueryResult<ClusterRow[], CommandFailed>;
  wide: boolean;
  cluster: string | null;
  onHelp: () => void;
}

/** Where everything is reached from: the views, and every cluster that could be opened. */
export function Rail({ route, clusters, wide, cluster, onHelp }: Props) {
  const theme = useTheme();
  const cases = useAnswer("cases_list", {});
  const waiting = (cases.data ?? []).reduce((sum, c) => sum + c.waiting, 0);
  return (
    <nav className="rail" aria-label="Views and clusters" data-testid={testids.rail} data-wide={wide}>
      <a className="rail-brand" href="#/" aria-label="Caseboard">
        <Mark size={22} />
        {wide ? <span>Caseboard</span> : null}
      </a>
      <ul className="rail-views">
        <Item to={cluster ? { at: "cluster", cluster, incident: null } : { at: "start" }} here={route.at === "cluster" || route.at === "start"} wide={wide} name="Incidents" testid={testids.navIncidents} icon="M8 2 15 14H1ZM8 6.5v4M8 12v.5" />
        <Item to={{ at: "cases" }} here={route.at === "case" || route.at === "cases"} wide={wide} name="Cases" testid={testids.navCases} icon="M1.5 4.5h4.5l1.5 2h7v7h-13Z" count={waiting} />
        <Item to={{ at: "blueprints", name: null }} here={route.at === "blueprints"} wide={wide} name="Blueprints" testid={testids.navBlueprints} icon="M2 2h12v12H2ZM2 6h12M6 6v8M9 9h3" />
        <Item to={{ at: "library", entry: null }} here={route.at === "library"} wide={wide} name="Library" testid={testids.navLibrary} icon="M3 2v12M6.5 2v12M10 2.5l3.5 11" />
      </ul>
      {wide ? <ClusterList clusters={clusters} cluster={route.at === "cluster" ? route.cluster : null} /> : <div className="rail-space" />}
      <Notices wide={wide} onHelp={onHelp} />
      <div className="rail-foot">
        <button type="button" className="rail-tool" data-testid={testids.helpOpen} onClick={onHelp} title="Keys (?)" aria-label="Show every key">
          ?
        </button>
        <button type="button" className="rail-tool" data-testid={testids.themeSwitch} onClick={() => chooseTheme(theme === "dark" ? "light" : "dark")} title="Theme (⇧L)" aria-label={`Switch to the ${theme === "dark" ? "light" : "dark"} theme`}>
          <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
            <path d="M8 2.5a5.5 5.5 0 1 0 0 11Z" className="filled" />
            <circle cx="8" cy="8" r="5.5" />
          </svg>
        </button>
      </div>
    </nav>
  );
}

function Item({ to, here, wide, name, testid, icon, count = 0 }: { to: Route; here: boolean; wide: boolean; name: string; testid: string; icon: string; count?: number }) {
  return (
    <li>
      <a className="rail-view" href={toHash(to)} aria-current={here ? "page" : undefined} data-testid={testid} title={wide ? undefined : name}>
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <path d={icon} />
        </svg>
        <span className={wide ? "" : "unseen"}>{name}</span>
        {count > 0 ? (
          <span className="rail-count" title="waits for your decision">
            {count}
          </span>
        ) : null}
      </a>
    </li>
  );
}

const ROW = 40;

function ClusterList({ clusters, cluster }: { clusters: Props["clusters"]; cluster: string | null }) {
  const [text, setText] = useState("");
  const rescan = useAct("clusters_rescan");
  const scroll = useRef<HTMLDivElement>(null);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = sorted(clusters.data ?? []).filter((row) => words.every((w) => `${row.name} ${row.source} ${row.server}`.toLowerCase().includes(w)));
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: 8,
    initialRect: { width: 240, height: 800 },
    getItemKey: (i) => rows[i]?.id ?? i,
  });

  let body: ReactNode;
  if (clusters.error) body = <p className="rail-words small">{clusters.error.title} {clusters.error.hint}</p>;
  else if (!clusters.data) body = <p className="rail-words small faint">Reading kubeconfigs…</p>;
  else if (rows.length === 0) body = <p className="rail-words small faint">{text ? "No cluster is called that." : "No kubeconfig was found. Open the playground, or a file below."}</p>;
  else
    body = (
      <div className="cluster-rows" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          return row ? (
            <div key={item.key} data-index={item.index} ref={virtual.measureElement} className="cluster-place" style={{ transform: `translateY(${item.start}px)` }}>
              <ClusterItem row={row} here={row.id === cluster} />
            </div>
          ) : null;
        })}
      </div>
    );

  return (
    <section className="rail-clusters" aria-label="Clusters">
      <div className="rail-search">
        <input
          type="search"
          data-testid={testids.clusterSearch}
          placeholder={`Search ${clusters.data?.length ?? ""} clusters`}
          aria-label="Search clusters"
          value={text}
          onChange={(e) => setText(e.target.value)}
          onKeyDown={(e) => {
            if (e.key === "Escape") {
              setText("");
              e.currentTarget.blur();
            }
            const first = rows[0];
            if (e.key === "Enter" && first) go({ at: "cluster", cluster: first.id, incident: null });
          }}
        />
        <kbd className="kbd">/</kbd>
        <button type="button" className="rail-rescan" data-testid={testids.rescan} onClick={() => void rescan.run({})} title="Read the kubeconfigs again" aria-label="Read the kubeconfigs again" aria-busy={rescan.busy}>
          <svg viewBox="0 0 16 16" width="13" height="13" aria-hidden="true">
            <path d="M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 2v3h-3" />
          </svg>
        </button>
      </div>
      <div className="rail-scroll" ref={scroll}>
        {body}
      </div>
      <PathOpen />
    </section>
  );
}

/** Open ones first, then the playground, then the rest as they come. */
function sorted(rows: readonly ClusterRow[]): ClusterRow[] {
  const weight = (row: ClusterRow) => (row.state.phase !== "closed" ? 0 : row.kind === "playground" ? 1 : 2);
  return [...rows].sort((a, b) => weight(a) - weight(b));
}
