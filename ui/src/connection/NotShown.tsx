import { toHash } from "../app/route";
import { isStopped, phaseName } from "../fleet/phase";
import { At } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { ClusterRow } from "../wire/wire";
import { ConnectionActs } from "./acts";
import { Certificates } from "./Certificates";
import { Steps } from "./Steps";
import { Trust } from "./Trust";
import "./connection.css";

/** Nothing of a cluster can be shown: why, how far it came, and what to do. */
export function NotShown({ row }: { row: ClusterRow }) {
  const { state } = row;
  const closed = state.phase === "closed";
  if (state.phase === "awaiting_trust" && row.exec)
    return (
      <div className="not-shown" data-testid="picture-blank">
        <div className="not-shown-words">
          <Trust cluster={row.id} exec={row.exec} />
          <Steps row={row} />
        </div>
      </div>
    );
  return (
    <div className="not-shown" data-testid="picture-blank">
      <div className="not-shown-words">
        <h2>
          {closed ? (
            <>
              <span className="mono">{row.name}</span> is closed
            </>
          ) : (
            <Words text={state.message} />
          )}
        </h2>
        <p className="soft">
          <Words text={closed ? "Nothing has been contacted. Opening it follows its objects and events with your own credentials, read-only." : state.hint} />
        </p>
        {row.problems.map((problem) => (
          <p key={problem.what} className="small connection-problem">
            <Words text={`${problem.what}: ${problem.why} ${problem.hint}`} />
          </p>
        ))}
        {closed ? null : <Steps row={row} />}
        <ConnectionActs row={row} />
        {state.trouble === "tls" && row.kind === "kubeconfig" ? (
          <div className="not-shown-more">
            <Certificates row={row} />
          </div>
        ) : null}
      </div>
    </div>
  );
}

/** What is shown is older than it looks: why, since when, and the way to the connection. */
export function Stale({ row }: { row: ClusterRow }) {
  const { state } = row;
  if (!isStopped(state.phase) && state.phase !== "degraded") {
    if (!state.unkept) return null;
    return (
      <div className="stale" role="alert" data-testid={testids.unkept}>
        <p>
          <strong>History is not written to the disk.</strong> <span className="small"><Words text={state.unkept} /></span>
        </p>
      </div>
    );
  }
  return (
    <div className="stale" role="status" data-testid={testids.stale} data-phase={state.phase}>
      <p>
        <strong>{phaseName(state.phase)}</strong>
        {state.since ? (
          <>
            {" "}
            since <At time={state.since} short />
          </>
        ) : null}
        {isStopped(state.phase) && state.last_seen_at ? (
          <>
            : what is shown is as of <At time={state.last_seen_at} short />
          </>
        ) : null}
        .
      </p>
      <p className="small">
        <Words text={`${state.message} ${state.hint}`} />{" "}
        <a className="link" href={toHash({ at: "connection", cluster: row.id })}>
          Connection
        </a>
      </p>
      {isStopped(state.phase) ? <ConnectionActs row={row} /> : null}
    </div>
  );
}
