import { useMemo, useState } from "react";
import { useKeys } from "../app/keys";
import { go, stay, toHash } from "../app/route";
import { PhaseMark } from "../fleet/phase";
import { DRAWN, Graph } from "../graph/Graph";
import { Peek } from "../inspector/Peek";
import { ObjectPane } from "../inspector/ObjectPane";
import { useEvidenceOf } from "../inspector/evidence";
import { useAnswer } from "../ipc";
import { asOf, At, Button, EvidenceProvider, KnownProvider, ObjectName, objectKey, sameObject, SeverityMark } from "../kit";
import { ByKnown } from "../kit/known";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { ClusterId, ObjectRef, ObservationId, Time } from "../wire/wire";
import "./object.css";

/** Any object of an opened cluster, without a case: how it is and was, what hangs on it, and the incidents it is in. */
export function ObjectScreen({ cluster, object, time, known = false }: { cluster: ClusterId; object: ObjectRef; time: Time | null; known?: boolean }) {
  const clusters = useAnswer("clusters_list", {});
  const row = clusters.data?.find((one) => one.id === cluster);
  const view = useAnswer("object_get", { cluster, object, ...asOf(time, known) }, { keepLast: true });
  const [most, setMost] = useState(DRAWN);
  const graph = useAnswer("graph_get", { cluster, objects: [object], ...asOf(time, known), hops: 2, most }, { keepLast: true });
  const triage = useAnswer("triage_get", { cluster, ...asOf(time, known) });
  const [list, setList] = useState(false);
  const incidents = (triage.data?.triage.incidents ?? []).filter((incident) => incident.subjects.some((s) => sameObject(s, object)));
  const ids = useMemo(() => [...(view.data?.events ?? []).map((e) => e.observation), ...(view.data?.facts ?? []).flatMap((f) => f.evidence)], [view.data]);
  const evidence = useEvidenceOf(cluster, ids);
  const around = useMemo(() => new Map<string, ObservationId[]>([[objectKey(object), []]]), [object]);
  const focus = useMemo(() => [object], [object]);
  const by = known ? { known: true as const } : {};
  const setTime = (next: Time | null) => stay({ at: "object", cluster, object, time: next, ...by });
  const setKnown = (next: boolean) => stay({ at: "object", cluster, object, time, ...(next ? { known: true } : {}) });
  const show = (next: ObjectRef | null) => next && !sameObject(next, object) && go({ at: "object", cluster, object: next, time, ...by });
  useKeys([
    { keys: "0", title: "Back to now", group: "Time", run: () => setTime(null), cannot: time === null ? "now is shown" : null },
    { keys: "v k", title: known ? "How it was then" : "What was known then", group: "Time", run: () => setKnown(!known), cannot: time === null ? "now is shown: all that is known" : null },
    { keys: "v g", title: "Graph as a list, and back", group: "Object", run: () => setList(!list) },
    { keys: "Escape", title: "Close the evidence, or go back", group: "Object", run: () => (evidence.chosen ? evidence.choose(evidence.chosen) : history.back()) },
  ]);
  return (
    <EvidenceProvider value={evidence}>
      <KnownProvider value={known}>
      <div className="object-screen" data-testid={testids.objectScreen} data-id={objectKey(object)}>
        <header className="bar">
          <h1 className="bar-title">
            <ObjectName object={object} />
          </h1>
          <a className="small object-cluster" href={toHash({ at: "cluster", cluster, incident: null })}>
            {row ? <PhaseMark phase={row.state.phase} /> : null} <span className="mono">{row?.name ?? cluster}</span>
          </a>
          <span className="bar-space" />
          {time === null ? (
            <span className="small faint">now</span>
          ) : (
            <>
              <span className="small">
                as of <At time={time} />
              </span>
              <ByKnown known={known} set={setKnown} />
              <Button hint="0" testid={testids.backToNow} onClick={() => setTime(null)}>
                Now
              </Button>
            </>
          )}
        </header>
        <div className="object-body">
          <section className="object-about" aria-label="About this object">
            {incidents.length > 0 ? (
              <ul className="object-incidents">
                {incidents.map((incident) => (
                  <li key={incident.id}>
                    <SeverityMark severity={incident.severity} />{" "}
                    <a className="link" href={toHash({ at: "cluster", cluster, incident: incident.id, ...(time === null ? {} : { then: { time, known } }) })}>
                      <Words text={incident.title} />
                    </a>
                  </li>
                ))}
              </ul>
            ) : null}
            <ObjectPane cluster={cluster} object={object} at={time} onObject={show} onTime={setTime} />
            <Peek evidence={evidence} />
          </section>
          <section className="object-graph panel" aria-label="What depends on what">
            <Graph view={graph.data} failed={graph.error} retry={() => void graph.refetch()} more={() => setMost(most + DRAWN)} focus={focus} object={object} setObject={show} evidence={around} list={list} />
          </section>
        </div>
      </div>
      </KnownProvider>
    </EvidenceProvider>
  );
}
