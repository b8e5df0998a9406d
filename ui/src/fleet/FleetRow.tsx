import type { MouseEvent } from "react";
import { go, toHash } from "../app/route";
import { SeverityMark } from "../kit";
import { useNow } from "../kit/now";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { ClusterId, ClusterRow } from "../wire/wire";
import { Badges } from "./badges";
import { pathParts } from "./list";
import type { Opening } from "./opening";
import { isOpen, PhaseMark } from "./phase";
import { saying, troubleOf } from "./words";

interface Props {
  row: ClusterRow;
  twin: boolean;
  here: boolean;
  chosen: boolean;
  opening: Opening;
  onRow: (event: MouseEvent, id: ClusterId) => void;
  toggle: (id: ClusterId) => void;
}

/** The one thing to do next with a cluster; everything else is on its own page. */
function actOf({ id, state: { phase } }: ClusterRow, opening: Opening): { word: string; testid: string; run: () => void } | null {
  switch (phase) {
    case "closed":
      return { word: "Open", testid: testids.fleetOpen, run: () => void opening.open([id]) };
    case "recorded":
      return null;
    case "awaiting_trust":
      return { word: "Decide", testid: testids.fleetDecide, run: () => go({ at: "cluster", cluster: id, incident: null }) };
    case "logged_out":
      return { word: "Renew", testid: testids.fleetRenew, run: () => void opening.renew([id]) };
    case "unreachable":
    case "failed":
      return { word: "Retry", testid: testids.fleetRenew, run: () => void opening.renew([id]) };
    default:
      return { word: "Close", testid: testids.fleetClose, run: () => void opening.close([id]) };
  }
}

/** One context: how it stands, where it leads, how old what is known of it is, and what is wrong. */
export function FleetRow({ row, twin, here, chosen, opening, onRow, toggle }: Props) {
  const now = useNow(1000);
  const { state } = row;
  const opened = isOpen(state.phase);
  const busy = opening.busy.has(row.id);
  const failure = opening.failed.get(row.id);
  const trouble = failure ? { text: failure.title, hint: failure.hint } : troubleOf(row);
  const said = saying(row, now);
  const act = actOf(row, opening);
  return (
    <div
      className="fleet-row"
      data-testid={testids.fleetRow}
      data-id={row.id}
      data-name={row.name}
      data-phase={state.phase}
      data-here={here}
      data-chosen={chosen}
      onClick={(e) => onRow(e, row.id)}
    >
      <span role="gridcell">
        <input type="checkbox" className="fleet-check" tabIndex={-1} checked={chosen} onChange={() => toggle(row.id)} onClick={(e) => e.stopPropagation()} aria-label={`Choose ${row.name}`} />
      </span>
      <span role="gridcell" className="fleet-phase">
        <PhaseMark phase={busy && !opened ? "connecting" : state.phase} />
      </span>
      <span role="gridcell" className="fleet-name">
        <a className="mono" tabIndex={-1} href={toHash({ at: "cluster", cluster: row.id, incident: null })}>
          {row.name}
        </a>
        {twin ? (
          <span className="small faint fleet-twin" title={`Another file has a context of this name; this one is from ${row.source}`}>
            from {pathParts(row.source).name}
          </span>
        ) : null}
        <Badges row={row} />
      </span>
      <span role="gridcell" className="fleet-server mono small" title={row.server}>
        <span className="fleet-host">{row.server.replace(/^https:\/\//, "")}</span>
        {row.namespace && row.namespace !== "default" ? <span className="faint fleet-namespace">{row.namespace}</span> : null}
      </span>
      <span role="gridcell" className="fleet-state small" data-tone={said.tone}>
        {said.text}
      </span>
      <span role="gridcell" className="fleet-incidents small">
        {row.open_incidents ? (
          <>
            {row.worst ? <SeverityMark severity={row.worst} /> : null}
            <span className="mono">{row.open_incidents}</span>
          </>
        ) : row.open_incidents === 0 && opened ? (
          <span className="faint">none</span>
        ) : null}
      </span>
      <span role="gridcell" className="fleet-act">
        {act ? (
          <button
            type="button"
            className="button button-quiet small"
            tabIndex={-1}
            data-testid={act.testid}
            aria-label={`${act.word} ${row.name}`}
            aria-disabled={busy || undefined}
            onClick={(e) => {
              e.stopPropagation();
              if (!busy && e.detail <= 1) act.run();
            }}
          >
            {act.word}
          </button>
        ) : null}
      </span>
      {trouble ? (
        <p className="fleet-trouble small" role="gridcell" data-phase={state.phase} data-testid={testids.fleetTrouble}>
          <Words text={trouble.text} /> <span className="faint"><Words text={trouble.hint} /></span>
        </p>
      ) : null}
    </div>
  );
}
