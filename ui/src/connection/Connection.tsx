import { useKeys } from "../app/keys";
import { go } from "../app/route";
import { phaseName } from "../fleet/phase";
import { useAnswer } from "../ipc";
import { At, countOf, Failed, Loading } from "../kit";
import { Blank } from "../kit/pictures";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { ClusterRow } from "../wire/wire";
import { ConnectionActs } from "./acts";
import { BackEnds } from "./BackEnds";
import { Certificates } from "./Certificates";
import { ClusterBar } from "./ClusterBar";
import { Follows } from "./Follows";
import { Namespaces } from "./Namespaces";
import { Steps } from "./Steps";
import { loginNames } from "./steps";
import { Trust } from "./Trust";
import { Watches } from "./Watches";
import { WritesPart } from "./Writes";

/** How one cluster is connected: how far it came, what it follows, what it does not see, and what may be done there. */
export function Connection({ cluster }: { cluster: string }) {
  const clusters = useAnswer("clusters_list", {});
  const row = clusters.data?.find((c) => c.id === cluster) ?? null;
  useKeys([{ keys: "c", title: "Show its incidents", group: "Connection", run: () => go({ at: "cluster", cluster, incident: null }) }]);
  return (
    <div className="connection" data-testid={testids.connection}>
      <ClusterBar cluster={cluster} row={row} at="connection" />
      {clusters.error ? (
        <Failed failure={clusters.error} retry={() => void clusters.refetch()} />
      ) : !clusters.data ? (
        <Loading what="Reading kubeconfigs…" />
      ) : !row ? (
        <Blank title="This cluster is no longer in any kubeconfig">
          <p>Its file was changed or taken away. What was recorded of it stays in its cases.</p>
        </Blank>
      ) : (
        <div className="connection-body">
          <div className="connection-side">
            <How row={row} />
            {row.state.unseen.length > 0 ? <NotSeen row={row} /> : null}
            {row.kind === "kubeconfig" ? <Namespaces key={row.settings.namespaces.join(" ")} row={row} /> : null}
            {row.kind === "kubeconfig" ? <Certificates row={row} /> : null}
            <WritesPart row={row} />
            <BackEnds row={row} />
            <Follows row={row} />
            <Facts row={row} />
          </div>
          {row.state.phase === "recorded" ? (
            <Blank title="A recording is not followed">
              <p>It is a history that was read to its end. Nothing of it changes, and nothing is asked of a cluster.</p>
            </Blank>
          ) : (
            <Watches row={row} />
          )}
        </div>
      )}
    </div>
  );
}

function How({ row }: { row: ClusterRow }) {
  const { state } = row;
  return (
    <section className="connection-how" aria-label="How it stands">
      <p className="connection-message" data-testid={testids.connectionMessage} role="status">
        <strong>{phaseName(state.phase)}</strong>
        {state.since ? (
          <span className="faint small">
            {" "}
            since <At time={state.since} />
          </span>
        ) : null}
      </p>
      <p>
        <Words text={state.message} />
      </p>
      {state.hint ? (
        <p className="soft">
          <Words text={state.hint} />
        </p>
      ) : null}
      {state.unkept ? (
        <p className="connection-unkept small" role="alert" data-testid={testids.unkept}>
          <strong>History is not written to the disk.</strong> <Words text={state.unkept} />
        </p>
      ) : null}
      {row.problems.map((problem) => (
        <p key={problem.what} className="connection-problem small">
          <Words text={`${problem.what}: ${problem.why} ${problem.hint}`} />
        </p>
      ))}
      {state.phase === "awaiting_trust" && row.exec ? <Trust cluster={row.id} exec={row.exec} /> : null}
      {state.phase === "recorded" ? null : <Steps row={row} />}
      <ConnectionActs row={row} />
    </section>
  );
}

/** What this login may not see: nothing is known of it, which is not the same as that there is none. */
function NotSeen({ row }: { row: ClusterRow }) {
  const { unseen } = row.state;
  return (
    <section aria-label="Not seen" data-testid={testids.unseen}>
      <h2 className="label">Not seen by this login</h2>
      <p className="small soft">Whether there is any trouble with {unseen.length === 1 ? "it" : "these"} is not known.</p>
      <ul className="unseen-list small">
        {unseen.map((one) => (
          <li key={one.kind}>
            <span className="mono">{one.kind}</span>
            <span className="soft">
              {one.except_in.length > 0 ? `seen in ${one.except_in.length > 3 ? countOf(one.except_in.length, "namespace") : one.except_in.join(", ")} only` : "not at all"}
            </span>
            <span className="faint">
              <Words text={one.why} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Facts({ row }: { row: ClusterRow }) {
  const { state } = row;
  const pairs: [string, React.ReactNode][] = [
    ["file", row.source],
    ["server", row.server],
    ["user", row.user ? `${row.user}, ${loginNames[row.login]}` : loginNames[row.login]],
  ];
  if (row.exec) pairs.push(["plugin", row.exec.line]);
  if (row.acts_as) pairs.push(["acts as", row.acts_as]);
  if (row.proxy) pairs.push(["proxy", row.proxy]);
  if (row.insecure) pairs.push(["security", `${row.server.startsWith("http://") ? "nothing is encrypted" : "the server's certificate is not checked"}: whoever stands between can read and change everything`]);
  if (row.namespace) pairs.push(["namespace", row.namespace]);
  if (state.server_version) pairs.push(["version", state.server_version]);
  if (state.span) pairs.push(["history", <>from <At time={state.span[0]} /> to <At time={state.span[1]} /></>]);
  return (
    <section aria-label="What the kubeconfig says">
      <h2 className="label">What the kubeconfig says</h2>
      <dl className="pairs">
        {pairs.filter(([, value]) => value).map(([name, value]) => (
          <div key={name} className="pair">
            <dt>{name}</dt>
            <dd className="small mono">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
