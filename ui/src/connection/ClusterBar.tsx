import { toHash } from "../app/route";
import { Badges } from "../fleet/badges";
import { PhaseMark } from "../fleet/phase";
import { saying } from "../fleet/words";
import { useNow } from "../kit/now";
import { testids } from "../testids";
import type { ClusterRow } from "../wire/wire";
import "./connection.css";

/** The head of everything about one cluster: its name, what to beware of, how it stands and how old what is shown is. */
export function ClusterBar({ cluster, row, at }: { cluster: string; row: ClusterRow | null; at: "incidents" | "connection" }) {
  const now = useNow(1000);
  const said = row ? saying(row, now) : null;
  return (
    <header className="bar cluster-bar" data-testid={testids.clusterBar} data-phase={row?.state.phase}>
      {row ? <PhaseMark phase={row.state.phase} /> : null}
      <h1 className="bar-title mono">{row?.name ?? "…"}</h1>
      {row ? <Badges row={row} /> : null}
      <nav className="tabs" aria-label="Views of this cluster">
        <a href={toHash({ at: "cluster", cluster, incident: null })} aria-current={at === "incidents" ? "page" : undefined} data-testid={testids.tabIncidents}>
          Incidents
          {row?.open_incidents ? <span className="tab-count">{row.open_incidents}</span> : null}
        </a>
        <a href={toHash({ at: "connection", cluster })} aria-current={at === "connection" ? "page" : undefined} data-testid={testids.tabConnection}>
          Connection
        </a>
      </nav>
      {row ? (
        <span className="small faint bar-source" title={row.source}>
          {row.source}
        </span>
      ) : null}
      <span className="bar-space" />
      {said ? (
        <span className="small fleet-state" data-tone={said.tone} data-testid={testids.clusterState} role="status">
          {said.text}
        </span>
      ) : null}
    </header>
  );
}
