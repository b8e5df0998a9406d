import { Chips, ObjectName, objectKey, SeverityMark } from "../kit";
import { testids } from "../testids";
import type { GraphView, ObjectRef, ObservationId } from "../wire/wire";

interface Props {
  view: GraphView;
  object: ObjectRef | null;
  setObject: (object: ObjectRef) => void;
  evidence: ReadonlyMap<string, ObservationId[]>;
}

const order = { critical: 0, major: 1, minor: 2, info: 3 };

/** The graph in words: every object with its state, and what it depends on. */
export function GraphList({ view, object, setObject, evidence }: Props) {
  const states = new Map(view.states.map((s) => [objectKey(s.object), s]));
  const weight = (o: ObjectRef) => {
    const severity = states.get(objectKey(o))?.severity;
    return severity ? order[severity] : 4;
  };
  const nodes = [...view.layout.nodes].sort((a, b) => weight(a.object) - weight(b.object) || a.layer - b.layer);
  return (
    <ul className="graph-list" data-testid={testids.graphList} aria-label="Objects and what they depend on">
      {nodes.map(({ object: node }) => {
        const key = objectKey(node);
        const state = states.get(key);
        const edges = view.layout.edges.filter((e) => objectKey(e.from) === key);
        return (
          <li key={key}>
            <button type="button" className="graph-row" data-testid={testids.graphNode} data-id={key} aria-pressed={object ? objectKey(object) === key : false} onClick={() => setObject(node)}>
              {state?.severity ? <SeverityMark severity={state.severity} /> : <span className="no-severity" />}
              <ObjectName object={node} />
              <span className="small faint">{state?.exists === false ? "gone" : state?.status}</span>
            </button>
            <Chips ids={evidence.get(key) ?? []} most={4} />
            {edges.length > 0 ? (
              <ul className="graph-edges small">
                {edges.map((edge, i) => (
                  <li key={i}>
                    <span className="faint">{edge.relation.replaceAll("_", " ")}</span> <ObjectName object={edge.to} namespace={false} /> <span className="faint">· {edge.reason}</span>
                  </li>
                ))}
              </ul>
            ) : null}
          </li>
        );
      })}
    </ul>
  );
}
