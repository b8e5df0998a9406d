import { useAnswer } from "../ipc";
import { Inline } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { ClusterRow, DriftKind } from "../wire/wire";

const kinds: Record<DriftKind, string> = {
  unseen: "declared, not seen",
  undeclared: "seen, not declared",
  missing: "declared, not there",
  invariant: "promise not kept",
};

/** Where the clusters that are open are not what a blueprint says. */
export function Drift({ name }: { name: string }) {
  const clusters = useAnswer("clusters_list", {});
  const open = (clusters.data ?? []).filter((row) => row.state.phase !== "closed");
  return (
    <section className="versions" data-testid={testids.blueprintDrift}>
      <h2 className="label">Declared against seen</h2>
      {clusters.error ? <Inline failure={clusters.error} /> : null}
      {open.length === 0 ? <p className="small faint">Open a cluster to compare it with this blueprint.</p> : null}
      {open.map((row) => (
        <DriftIn key={row.id} row={row} name={name} />
      ))}
    </section>
  );
}

function DriftIn({ row, name }: { row: ClusterRow; name: string }) {
  const answer = useAnswer("blueprints_drift", { cluster: row.id });
  const drift = (answer.data ?? []).filter((one) => one.blueprint === name);
  return (
    <div>
      <h3 className="small mono">{row.name}</h3>
      {answer.error ? (
        <Inline failure={answer.error} />
      ) : !answer.data ? (
        <p className="small faint" role="status">
          Comparing…
        </p>
      ) : drift.length === 0 ? (
        <p className="small faint">Nothing differs.</p>
      ) : (
        <ul className="drift">
          {drift.map((one) => (
            <li key={`${one.kind} ${one.says}`}>
              <span className="small faint">{one.unknown ? "not known" : kinds[one.kind]}</span> <Words text={one.says} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
