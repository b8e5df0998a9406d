import { go, toHash } from "../app/route";
import { useAct } from "../ipc";
import { SeverityMark } from "../kit";
import { spanOf } from "../kit/format";
import { useNow } from "../kit/now";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { ClusterRow } from "../wire/wire";
import { Production } from "./badges";
import { isOpen, PhaseMark, phaseName } from "./phase";
import { ageOf, OLD_MICROS } from "./words";

export function ClusterItem({ row, here }: { row: ClusterRow; here: boolean }) {
  const open = useAct("cluster_open");
  const close = useAct("cluster_close");
  const now = useNow(5000);
  const { state } = row;
  const opened = isOpen(state.phase);
  const problem = state.phase === "failed" ? [state.message, state.hint] : row.problems[0] ? [row.problems[0].why, row.problems[0].hint] : state.phase === "degraded" ? [state.message, ""] : null;
  const age = ageOf(state, now);

  return (
    <div className="cluster" data-testid={testids.clusterRow} data-id={row.id} data-name={row.name} data-phase={state.phase} data-here={here}>
      <a className="cluster-main" href={toHash({ at: "cluster", cluster: row.id, incident: null })} aria-current={here ? "page" : undefined} title={`${row.source}\n${row.server}`}>
        <PhaseMark phase={open.busy ? "connecting" : state.phase} />
        <span className="cluster-name mono">{row.name}</span>
        <Production name={row.name} short />
        {row.worst && row.open_incidents ? (
          <span className="cluster-count mono">
            <SeverityMark severity={row.worst} />
            {row.open_incidents}
          </span>
        ) : null}
        {age !== null && opened ? (
          <span className="cluster-age mono" data-old={age > OLD_MICROS} title={age > OLD_MICROS ? "What is shown is this old" : "Age of what is shown"}>
            {age < 5e6 ? "live" : spanOf(age)}
          </span>
        ) : state.phase === "closed" || opened ? null : (
          <span className="cluster-age">{phaseName(state.phase)}</span>
        )}
      </a>
      {opened ? (
        state.phase === "recorded" ? null : (
          <button type="button" className="cluster-act" data-testid={testids.clusterClose} onClick={() => void close.run({ cluster: row.id })} aria-label={`Close ${row.name}`} title="Close: stop following it">
            ✕
          </button>
        )
      ) : (
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
      )}
      {problem || open.failed ? (
        <p className="cluster-problem">
          <Words text={open.failed ? `${open.failed.title} ${open.failed.hint}` : `${problem?.[0] ?? ""} ${problem?.[1] ?? ""}`} />
        </p>
      ) : null}
    </div>
  );
}
