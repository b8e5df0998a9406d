import { useMemo, useState } from "react";
import { useKeys } from "../app/keys";
import { type CaseState, foldCase, standing } from "../case/fold";
import { HandOff } from "../case/HandOff";
import { subjectsOf } from "../case/subjects";
import { ConclusionBlock } from "../board/Conclusion";
import { Dock } from "../conversation/Dock";
import { Badges } from "../fleet/badges";
import { ChangedBefore } from "../incidents/IncidentDetail";
import { changesBefore } from "../incidents/changes";
import { Owners, useOwners } from "../incidents/Owners";
import { useEvidenceOf } from "../inspector/evidence";
import { Peek } from "../inspector/Peek";
import { useAnswer } from "../ipc";
import { Button, Chips, countOf, EvidenceProvider, Failed, Loading, ObjectName, objectKey, percentOf, SeverityMark, spanOf } from "../kit";
import { useNow } from "../kit/now";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { CaseView, Hypothesis, Incident } from "../wire/wire";

export function NightCase({ id }: { id: string }) {
  const answer = useAnswer("case_get", { case: id });
  if (answer.error) return <Failed failure={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) return <Loading what="Opening the case…" rows={5} />;
  return <Opened view={answer.data} />;
}

/** One case in five answers: what is broken, what is believed, what to do, what waits for you, what changed before. */
function Opened({ view }: { view: CaseView }) {
  const state = useMemo(() => foldCase(view.events), [view.events]);
  const [handingOff, setHandingOff] = useState(false);
  const incident = state.opened?.incidents[0];
  const owners = useOwners(view.cluster, incident);
  const timeline = useAnswer("timeline_get", { cluster: view.cluster, objects: subjectsOf(view) });
  const changes = incident ? changesBefore(timeline.data, incident) : [];
  const evidence = useEvidenceOf(view.cluster, [...state.numbers.keys(), ...changes.flatMap((c) => (c.mark.observation ? [c.mark.observation] : []))]);
  const clusters = useAnswer("clusters_list", {});
  const row = clusters.data?.find((c) => c.id === view.cluster);
  const now = useNow(30_000);
  useKeys([{ keys: "h", title: "Write the hand-off note", group: "Case", run: () => setHandingOff(true) }]);
  return (
    <EvidenceProvider value={evidence}>
      <article className="night-case" data-testid={testids.nightCase} data-id={view.case}>
        <header>
          <h1>
            {incident ? <SeverityMark severity={incident.severity} /> : null} <Words text={state.opened?.title ?? "Case"} />
          </h1>
          <p className="soft night-meta">
            <span className="mono">{state.opened?.clusterName}</span>
            {row ? <Badges row={row} /> : null}
            {incident ? <span>{spanOf((incident.ended_at ?? now) - incident.started_at)}{incident.ended_at === null ? "" : ", over"}</span> : null}
            {owners && owners.length > 0 ? (
              <span>
                ask <Owners owners={owners} />
              </span>
            ) : null}
            {(state.opened?.incidents.length ?? 0) > 1 ? <span>{countOf(state.opened?.incidents.length ?? 0, "incident")}</span> : null}
            <span className="bar-space" />
            <Button hint="H" testid={testids.handOffOpen} onClick={() => setHandingOff(true)}>
              Hand off
            </Button>
          </p>
        </header>

        <Verdict state={state} />
        <NextStep state={state} />
        <Dock view={view} state={state} time={null} />

        {incident ? (
          <div className="night-facts">
            <section>
              <ChangedBefore changes={changes.slice(0, 3)} incident={incident} known={timeline.data !== undefined} failed={timeline.error} />
            </section>
            <Behind incident={incident} />
          </div>
        ) : null}
        <Peek evidence={evidence} />
        {handingOff ? <HandOff view={view} state={state} timeline={timeline.data} close={() => setHandingOff(false)} /> : null}
      </article>
    </EvidenceProvider>
  );
}

function Verdict({ state }: { state: CaseState }) {
  const [best, second] = standing(state);
  return (
    <section className="night-verdict" data-testid={testids.nightVerdict}>
      {state.conclusion ? (
        <ConclusionBlock conclusion={state.conclusion.conclusion} compact />
      ) : best ? (
        <>
          <p className="label">Most likely</p>
          <p>
            <Likely hypothesis={best} /> <Chips ids={best.evidence.map((c) => c.id)} most={4} />
          </p>
          {second && second.probability > best.probability / 3 ? (
            <p className="small soft">
              Or: <Likely hypothesis={second} />
            </p>
          ) : null}
        </>
      ) : (
        <p className="soft">{state.started ? "Nothing is believed yet." : "Nobody has looked for the cause yet. Every step will ask you first."}</p>
      )}
    </section>
  );
}

const Likely = ({ hypothesis }: { hypothesis: Hypothesis }) => (
  <>
    <span className="mono">{percentOf(hypothesis.probability)}</span> <Words text={hypothesis.mechanism} />
  </>
);

/** What would mend it, said only once the investigation is concluded: before that it is a guess. */
function NextStep({ state }: { state: CaseState }) {
  const fix = state.conclusion && !state.conclusion.conclusion.abstained ? standing(state)[0]?.fix : null;
  if (!fix) return null;
  return (
    <section className="night-next">
      <p className="label">Next safe step</p>
      <p>
        <Words text={fix.text} />
      </p>
      <ul>
        {fix.conditions.map((c) => (
          <li key={c} className="soft">
            if <Words text={c} />
          </li>
        ))}
        {fix.never.map((n) => (
          <li key={n}>
            <span aria-hidden="true">⊘</span> <Words text={n} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Behind({ incident }: { incident: Incident }) {
  const behind = incident.blast_radius;
  return (
    <section>
      <h3 className="label">What hangs on it</h3>
      {behind.length === 0 ? (
        <p className="faint">Nothing that is known.</p>
      ) : (
        <ul>
          {behind.slice(0, 4).map((object) => (
            <li key={objectKey(object)}>
              <ObjectName object={object} />
            </li>
          ))}
          {behind.length > 4 ? <li className="faint">and {behind.length - 4} more</li> : null}
        </ul>
      )}
    </section>
  );
}
