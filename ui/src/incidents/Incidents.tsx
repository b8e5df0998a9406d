import { useRef } from "react";
import { useKeys } from "../app/keys";
import { go, type Then } from "../app/route";
import { ClusterBar } from "../connection/ClusterBar";
import { NotShown, Stale } from "../connection/NotShown";
import { canLook } from "../fleet/words";
import { useAct, useAnswer } from "../ipc";
import { asOf, At, Button, countOf, Empty, Failed, Inline, Loading, Partial } from "../kit";
import { ByKnown } from "../kit/known";
import { Blank } from "../kit/pictures";
import { Rows } from "../kit/rows";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { ClusterRow, Incident, TriageView } from "../wire/wire";
import { Acts } from "./Acts";
import { decisionOn } from "./arrange";
import { follow } from "./follow";
import { IncidentDetail } from "./IncidentDetail";
import { INCIDENT_TALL, IncidentRow } from "./IncidentRow";
import { Noise } from "./Noise";
import "./incidents.css";

/** What is broken in one cluster, worst first; beside it why we say so. */
export function Incidents({ cluster, chosen, then = null }: { cluster: string; chosen: string | null; then?: Then | null }) {
  const clusters = useAnswer("clusters_list", {});
  const row = clusters.data?.find((c) => c.id === cluster) ?? null;
  const shown = row !== null && canLook(row.state);
  const triage = useAnswer("triage_get", { cluster, ...asOf(then?.time ?? null, then?.known ?? false) }, { enabled: shown });
  const start = useAct("case_open");
  const incidents = triage.data?.triage.incidents ?? [];
  // What is shown stays what it is when the list is another one: it is followed, or said to be gone, and never swapped.
  const followed = useRef<{ scope: string; incident: Incident; since: string } | null>(null);
  const scope = `${cluster} ${then?.time ?? "now"} ${then?.known ?? false} ${chosen ?? ""}`;
  const before = followed.current?.scope === scope ? followed.current : null;
  // What was set aside is left for the next one.
  const aside = before !== null && follow(incidents, before.incident) === null && follow(triage.data?.aside ?? [], before.incident) !== null;
  const current = before && !aside ? follow(incidents, before.incident) : aside ? (incidents[0] ?? null) : chosen === null ? (incidents[0] ?? null) : (incidents.find((i) => i.id === chosen) ?? null);
  if (current) followed.current = { scope, incident: current, since: before && !aside ? before.since : current.id };
  const lost = current === null && triage.data && incidents.length > 0 ? { title: before?.incident.title ?? null } : null;
  const index = current ? incidents.indexOf(current) : -1;

  const choose = (incident: Incident | undefined) => {
    if (incident) go({ at: "cluster", cluster, incident: incident.id, ...(then ? { then } : {}) });
  };
  const show = (next: Then | null) => go({ at: "cluster", cluster, incident: null, ...(next ? { then: next } : {}) });
  const past = then ? "the past is shown; go back to now" : null;
  async function openCase(incident: Incident, question: string | null = null) {
    const id = await start.run({ cluster, incidents: [incident.id], question });
    if (id) go({ at: "case", case: id });
  }

  useKeys([
    { keys: "j", title: "Next incident", group: "Incidents", run: () => choose(incidents[index + 1]) },
    { keys: "k", title: "Previous incident", group: "Incidents", run: () => choose(incidents[index - 1]) },
    { keys: "c", title: "Show its connection", group: "Incidents", run: () => go({ at: "connection", cluster }) },
    ...(shown ? [{ keys: "o", title: "Open a case on this incident", group: "Incidents", cannot: past ?? (current ? null : "there is no incident"), run: () => current && void openCase(current) }] : []),
    ...(then
      ? [
          { keys: "0", title: "Back to now", group: "Time", run: () => show(null) },
          { keys: "v k", title: then.known ? "How it was then" : "What was known then", group: "Time", run: () => show({ ...then, known: !then.known }) },
        ]
      : []),
  ]);

  return (
    <div className="incidents">
      <ClusterBar cluster={cluster} row={row} at="incidents" />
      {then ? (
        <div className="then-bar" role="status" data-testid={testids.thenBar}>
          <span>
            {then.known ? "What was known at" : "What was broken at"} <At time={then.time} />
          </span>
          <ByKnown known={then.known} set={(known) => show({ ...then, known })} />
          <span className="bar-space" />
          <Button hint="0" testid={testids.backToNow} onClick={() => show(null)}>
            Now
          </Button>
        </div>
      ) : null}
      {clusters.error ? (
        <Failed failure={clusters.error} retry={() => void clusters.refetch()} />
      ) : !clusters.data ? (
        <Loading what="Reading kubeconfigs…" />
      ) : !row ? (
        <Blank title="This cluster is no longer in any kubeconfig" />
      ) : !shown ? (
        <NotShown row={row} />
      ) : triage.error ? (
        <Failed failure={triage.error} retry={() => void triage.refetch()} />
      ) : !triage.data ? (
        <Loading what={row.state.phase === "connecting" || row.state.phase === "logging_in" ? row.state.message : `Looking at ${row.name}…`} rows={6} />
      ) : (
        <Board view={triage.data} row={row} current={current} since={followed.current?.since ?? ""} lost={lost} past={past} choose={choose} openCase={openCase} busy={start.busy} failed={start.failed} dismiss={start.dismiss} />
      )}
    </div>
  );
}

const idOf = (incident: Incident): string => incident.id;

interface BoardProps {
  view: TriageView;
  row: ClusterRow;
  current: Incident | null;
  /** The id that the shown incident had when it was chosen: what is typed beside it stays when its id moves. */
  since: string;
  /** What was shown or asked for and is not in the list; its title where it is known. */
  lost: { title: string | null } | null;
  /** Why nothing can be done about what is shown; null where it is the present. */
  past: string | null;
  choose: (incident: Incident) => void;
  openCase: (incident: Incident, question?: string | null) => Promise<void>;
  busy: boolean;
  failed: import("../platform").CommandFailed | null;
  dismiss: () => void;
}

function Board({ view, row, current, since, lost, past, choose, openCase, busy, failed, dismiss }: BoardProps) {
  const { triage, looked_at, partial } = view;
  const refused = [...triage.not_checked];
  for (const watch of row.state.watches) {
    if (watch.error && !refused.some((r) => r.includes(watch.kind))) refused.push(`\`${watch.kind}\`${watch.namespace ? ` in \`${watch.namespace}\`` : ""}: ${watch.error}`);
  }
  const looked = [...looked_at].sort((a, b) => b[1] - a[1]);
  const total = looked.reduce((sum, [, n]) => sum + n, 0);

  return (
    <div className="incidents-body" data-alone={current === null && lost === null}>
      <section className="incidents-list" aria-label="Incidents">
        {past ? null : <Stale row={row} />}
        {partial ? (
          <div className="still-listing" role="status" data-testid="picture-still-listing">
            <span className="spinner" aria-hidden="true" /> Still listing: this is what has been seen so far.
          </div>
        ) : null}
        {triage.incidents.length === 0 ? (
          partial ? (
            <Loading what="Nothing broken among what has been listed so far." rows={3} />
          ) : (
            <Empty title={past ? "Nothing was broken" : "Nothing is broken"} testid="picture-healthy">
              <p>
                Checked {countOf(total, "object")} of {countOf(looked.length, "kind")}: {looked.slice(0, 6).map(([kind, n]) => `${kind} ${n}`).join(", ")}
                {looked.length > 6 ? " and more" : ""}.
              </p>
            </Empty>
          )
        ) : (
          <Rows items={triage.incidents} idOf={idOf} tall={INCIDENT_TALL} at={current?.id ?? null} testid={testids.incidentList}>
            {(incident) => (
              <IncidentRow incident={incident} here={incident.id === current?.id} pinned={decisionOn(view, incident, "pin") !== null} choose={() => choose(incident)} open={() => (past ? choose(incident) : void openCase(incident))} />
            )}
          </Rows>
        )}
        <footer className="incidents-foot">
          {refused.length > 0 ? <Partial title={`${countOf(refused.length, "thing")} could not be looked at`} items={refused} /> : null}
          <Noise view={view} />
          {triage.incidents.length > 0 ? (
            <p className="small faint">
              {countOf(total, "object")} of {countOf(looked.length, "kind")} looked at
            </p>
          ) : null}
        </footer>
      </section>
      {current ? (
        <IncidentDetail key={since} cluster={view.cluster} incident={current} open={(question) => void openCase(current, question)} busy={busy} past={past}>
          {past ? null : <Acts cluster={view.cluster} view={view} incident={current} />}
          {failed ? <Inline failure={failed} dismiss={dismiss} /> : null}
        </IncidentDetail>
      ) : lost ? (
        <section className="detail" data-testid={testids.incidentLost} aria-label="Incident">
          <Blank title={partial ? "This incident is not among what has been listed so far" : "This incident is no longer there"}>
            {lost.title ? (
              <p>
                <Words text={lost.title} />
              </p>
            ) : null}
            {partial ? null : <p>It is over, or has become part of another one. J shows the worst of what is broken now.</p>}
          </Blank>
        </section>
      ) : null}
    </div>
  );
}
