import { useAnswer } from "../ipc";
import { At, Failed, Loading, ObjectName, useEvidence } from "../kit";
import { Redacted } from "../kit/words";
import { testids } from "../testids";
import type { Body, ClusterId, ObjectRef, ObservationId } from "../wire/wire";
import { Line } from "./Line";

const kinds: Record<Body["type"], string> = {
  object: "A version of an object",
  event: "A Kubernetes Event",
  log: "A piece of a log",
  metric: "A metric",
  probe: "The answer to a connection attempt",
  node_agent: "What a service on a node says",
  alert: "An alert",
  shape: "Keys and digests, no values",
  change: "A change outside the cluster",
  dependencies: "Who calls whom",
  tool_result: "What a tool answered",
  note: "A note",
  coverage: "What was and was not watched",
  gap: "A gap in the history",
};

const sources: Record<string, string> = {
  watch: "seen by a watch",
  read: "read by a call",
  import: "imported",
  script: "from a scenario",
  person: "written by a person",
};

interface Props {
  cluster: ClusterId;
  id: ObservationId;
  number: number | null;
  onObject?: (object: ObjectRef) => void;
}

/** One observation as it is cited: what, when it was true, when we learnt it, from where, and its words. */
export function ObservationPane({ cluster, id, number, onObject }: Props) {
  const { data, error, refetch } = useAnswer("observation_get", { cluster, id });
  const evidence = useEvidence();
  if (error) return <Failed failure={error} retry={() => void refetch()} />;
  if (!data) return <Loading what="Looking up the evidence…" rows={3} />;
  const { observation, text } = data;
  const { subject } = observation;
  return (
    <div className="pane">
      <h3 className="pane-title">
        {number === null ? null : <span className="chip chip-dead">{number}</span>}
        {kinds[observation.body.type]}
      </h3>
      {evidence?.later?.has(id) ? (
        <p className="small pane-later" role="note" data-testid={testids.evidenceLater}>
          From here on the screen shows an earlier time: {evidence.laterWords}.
        </p>
      ) : null}
      <dl className="pairs">
        {subject ? (
          <>
            <dt>About</dt>
            <dd>
              {onObject ? (
                <button type="button" className="link" onClick={() => onObject(subject)}>
                  <ObjectName object={subject} />
                </button>
              ) : (
                <ObjectName object={subject} />
              )}
            </dd>
          </>
        ) : null}
        <dt>True at</dt>
        <dd>
          <At time={observation.at} />
        </dd>
        <dt>Learnt at</dt>
        <dd>
          <At time={observation.seen_at} /> <span className="faint">· {sources[observation.source]}</span>
        </dd>
        <dt>Id</dt>
        <dd className="mono faint pane-id">{observation.id}</dd>
      </dl>
      {observation.body.type === "metric" ? <Line points={observation.body.points} unit={observation.body.unit} /> : null}
      <pre className="pane-text" data-testid={testids.observationText}>
        <Redacted text={text} />
      </pre>
    </div>
  );
}
