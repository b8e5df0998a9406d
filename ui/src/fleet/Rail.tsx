import type { UseQueryResult } from "@tanstack/react-query";
import { type Route, toHash } from "../app/route";
import { useAnswer } from "../ipc";
import { countOf, Mark } from "../kit";
import type { CommandFailed } from "../platform";
import { testids } from "../testids";
import { chooseTheme, useTheme } from "../tokens/theme";
import type { ClusterRow } from "../wire/wire";
import { ClusterItem } from "./ClusterItem";
import { isConnected } from "./phase";
import { atHand } from "./list";
import { Notices } from "./Notices";
import "./rail.css";

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
  const open = (clusters.data ?? []).filter((row) => isConnected(row.state.phase)).length;
  const waiting = (cases.data ?? []).reduce((sum, c) => sum + c.waiting, 0);
  return (
    <nav className="rail" aria-label="Views and clusters" data-testid={testids.rail} data-wide={wide}>
      <a className="rail-brand" href="#/" aria-label="Caseboard">
        <Mark size={22} />
        {wide ? <span>Caseboard</span> : null}
      </a>
      <ul className="rail-views">
        <Item to={{ at: "start" }} here={route.at === "start"} wide={wide} name="Clusters" testid={testids.navFleet} icon="M2 3h12v4H2ZM2 9h12v4H2ZM4.5 5h.5M4.5 11h.5" />
        <Item to={cluster && open < 2 ? { at: "cluster", cluster, incident: null } : { at: "incidents" }} here={route.at === "incidents" || route.at === "cluster" || route.at === "connection"} wide={wide} name="Incidents" testid={testids.navIncidents} icon="M8 2 15 14H1ZM8 6.5v4M8 12v.5" />
        <Item to={{ at: "cases" }} here={route.at === "case" || route.at === "cases"} wide={wide} name="Cases" testid={testids.navCases} icon="M1.5 4.5h4.5l1.5 2h7v7h-13Z" count={waiting} />
        <Item to={{ at: "blueprints", name: null }} here={route.at === "blueprints"} wide={wide} name="Blueprints" testid={testids.navBlueprints} icon="M2 2h12v12H2ZM2 6h12M6 6v8M9 9h3" />
        <Item to={{ at: "library", entry: null }} here={route.at === "library"} wide={wide} name="Library" testid={testids.navLibrary} icon="M3 2v12M6.5 2v12M10 2.5l3.5 11" />
        <Item to={{ at: "scenarios", run: null }} here={route.at === "scenarios"} wide={wide} name="Scenarios" testid={testids.navScenarios} icon="M8 2a6 6 0 1 0 .01 0ZM8 5.5a2.5 2.5 0 1 0 .01 0ZM8 8h.01" />
      </ul>
      {wide ? <ClusterList clusters={clusters} cluster={route.at === "cluster" || route.at === "connection" ? route.cluster : null} fleet={route.at === "start"} /> : <div className="rail-space" />}
      <Notices wide={wide} onHelp={onHelp} />
      <div className="rail-foot">
        <button type="button" className="rail-tool" data-testid={testids.helpOpen} onClick={onHelp} title="Keys (?)" aria-label="Show every key">
          ?
        </button>
        <a className="rail-tool" href={toHash({ at: "night", case: route.at === "case" ? route.case : null })} data-testid={testids.nightOpen} title="3 a.m. mode (M)" aria-label="3 a.m. mode">
          <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
            <path d="M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1Z" className="stroked" />
          </svg>
        </a>
        <a className="rail-tool" href={toHash({ at: "settings", part: null })} aria-current={route.at === "settings" ? "page" : undefined} data-testid={testids.navSettings} title="Settings (Ctrl ,)" aria-label="Settings">
          <svg viewBox="0 0 16 16" width="15" height="15" aria-hidden="true">
            <path d="M2 4.5h6M11.5 4.5H14M2 11.5h2.5M8 11.5h6" className="stroked" />
            <circle cx="9.75" cy="4.5" r="1.75" />
            <circle cx="6.25" cy="11.5" r="1.75" />
          </svg>
        </a>
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

/** Clusters that are at hand; all of them, searchable, are in the fleet. */
function ClusterList({ clusters, cluster, fleet }: { clusters: Props["clusters"]; cluster: string | null; fleet: boolean }) {
  const rows = clusters.data ?? [];
  const few = atHand(rows);
  return (
    <section className="rail-clusters" aria-label="Clusters at hand">
      <div className="rail-scroll">
        {clusters.error ? (
          <p className="rail-words small">
            {clusters.error.title} {clusters.error.hint}
          </p>
        ) : !clusters.data ? (
          <p className="rail-words small faint">Reading kubeconfigs…</p>
        ) : (
          few.map((row) => <ClusterItem key={row.id} row={row} here={row.id === cluster} />)
        )}
      </div>
      {few.length < rows.length && !fleet ? (
        <a className="rail-more small" href={toHash({ at: "start" })}>
          {countOf(rows.length - few.length, "more context")}
          <kbd className="kbd">/</kbd>
        </a>
      ) : null}
    </section>
  );
}
