import { go, toHash } from "../app/route";
import { useAct } from "../ipc";
import { SeverityMark } from "../kit";
import { spanOf } from "../kit/format";
import { useNow } from "../kit/now";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { ClusterRow } from "../wire/wire";
import { Production } from "./badges";
import { isConnected, isStopped, PhaseMark, shortPhase } from "./phase";
import { ageOf, OLD_MICROS, troubleOf } from "./words";

/** A cluster at hand, in the rail. */
export function ClusterItem({ row, here }: { row: ClusterRow; here: boolean }) {
  const open = useAct("cluster_open");
  const close = useAct("cluster_close");
  const now = useNow(5000);
  const { state } = row;
  const connected = isConnected(state.phase);
  const trouble = open.failed ? { text: open.failed.title, hint: open.failed.hint } : troubleOf(row);
  const age = isStopped(state.phase) ? null : ageOf(state, now);

  return (
    <div className="cluster" data-testid={testids.clusterRow} data-id={row.id} data-name={row.name} data-phase={state.phase} data-here={here}>
      <a className="cluster-main" href={toHash({ at: "cluster", cluster: row.id, incident: null })} aria-current={here ? "page" : undefined} title={`${row.source}\n${row.server}`}>
        <PhaseMark phase={open.busy ? "connecting" : state.phase} />
        <span className="cluster-name mono">{row.name}</span>
        <Production row={row} short />
        {row.worst && row.open_incidents ? (
          <span className="cluster-count mono">
            <SeverityMark severity={row.worst} />
            {row.open_incidents}
          </span>
        ) : null}
        {age !== null ? (
          <span className="cluster-age mono" data-old={age > OLD_MICROS} title={age > OLD_MICROS ? "What is shown is this old" : "Age of what is shown"}>
            {age < 5e6 ? "live" : spanOf(age)}
          </span>
        ) : connected ? (
          <span className="cluster-age">{shortPhase(state.phase, state.trouble)}</span>
        ) : state.phase === "closed" ? (
          <span className="cluster-room" />
        ) : null}
      </a>
      {connected ? (
        <button type="button" className="cluster-act" data-testid={testids.clusterClose} onClick={() => void close.run({ cluster: row.id })} aria-label={`Close ${row.name}`} title="Close: stop following it">
          ✕
        </button>
      ) : state.phase === "closed" ? (
        <button
          type="button"
          className="cluster-act cluster-act-open"
          data-testid={testids.clusterOpen}
          aria-label={`Open ${row.name}`}
          onClick={() => {
            go({ at: "cluster", cluster: row.id, incident: null });
            void open.run({ cluster: row.id });
          }}
        >
          Open
        </button>
      ) : null}
      {trouble ? (
        <p className="cluster-problem" title={`${trouble.text} ${trouble.hint}`}>
          <Words text={`${trouble.text} ${trouble.hint}`} />
        </p>
      ) : null}
    </div>
  );
}
