import { useEffect, useRef } from "react";
import { useKeys } from "../app/keys";
import { go } from "../app/route";
import { PhaseMark } from "../fleet/phase";
import { useAct, useAnswer } from "../ipc";
import { Ago, Button, countOf, Empty, Failed, Inline, Loading, Partial } from "../kit";
import { Blank } from "../kit/pictures";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { ClusterRow, Incident, TriageView } from "../wire/wire";
import { IncidentDetail } from "./IncidentDetail";
import { IncidentRow } from "./IncidentRow";
import { Noise } from "./Noise";
import "./incidents.css";

/** What is broken in one cluster, worst first; beside it why we say so. */
export function Incidents({ cluster, chosen }: { cluster: string; chosen: string | null }) {
  const clusters = useAnswer("clusters_list", {});
  const row = clusters.data?.find((c) => c.id === cluster) ?? null;
  const phase = row?.state.phase ?? "closed";
  const shown = phase !== "closed" && phase !== "failed";
  const triage = useAnswer("triage_get", { cluster, at: null }, { enabled: shown });
  const open = useAct("cluster_open");
  const start = useAct("case_open");
  const incidents = triage.data?.triage.incidents ?? [];
  const current = incidents.find((i) => i.id === chosen) ?? incidents[0] ?? null;
  const index = current ? incidents.indexOf(current) : -1;

  const choose = (incident: Incident | undefined) => {
    if (incident) go({ at: "cluster", cluster, incident: incident.id });
  };
  async function openCase(incident: Incident, question: string | null = null) {
    const id = await start.run({ cluster, incidents: [incident.id], question });
    if (id) go({ at: "case", case: id });
  }

  useKeys([
    { keys: "j", title: "Next incident", group: "Incidents", run: () => choose(incidents[index + 1]) },
    { keys: "k", title: "Previous incident", group: "Incidents", run: () => choose(incidents[index - 1]) },
    { keys: "o", title: shown ? "Open a case on this incident" : "Open the cluster", group: "Incidents", cannot: shown && !current ? "there is no incident" : null, run: () => (shown ? current && void openCase(current) : void open.run({ cluster })) },
  ]);

  return (
    <div className="incidents">
      <header className="bar">
        {row ? <PhaseMark phase={open.busy ? "connecting" : phase} /> : null}
        <h1 className="bar-title mono">{row?.name ?? "…"}</h1>
        {row ? <span className="small faint bar-source">{row.source}</span> : null}
        <span className="bar-space" />
        {row?.state.last_seen_at && phase !== "recorded" && shown ? (
          <span className="small soft">
            seen <Ago time={row.state.last_seen_at} />
          </span>
        ) : null}
      </header>
      {row && !shown ? (
        <NotOpen row={row} busy={open.busy} onOpen={() => void open.run({ cluster })} failed={open.failed} />
      ) : triage.error ? (
        <Failed failure={triage.error} retry={() => void triage.refetch()} />
      ) : !triage.data ? (
        <Loading what={`Looking at ${row?.name ?? "the cluster"}…`} rows={6} />
      ) : (
        <Board view={triage.data} row={row} current={current} choose={choose} openCase={openCase} busy={start.busy} failed={start.failed} dismiss={start.dismiss} />
      )}
    </div>
  );
}

function NotOpen({ row, busy, onOpen, failed }: { row: ClusterRow; busy: boolean; onOpen: () => void; failed: { title: string; hint: string } | null }) {
  const problems = row.problems.map((p) => `${p.what}: ${p.why} ${p.hint}`);
  const said = failed ?? (row.state.phase === "failed" ? { title: row.state.message, hint: row.state.hint } : null);
  return (
    <Blank title={said ? said.title : `${row.name} is closed`}>
      <p><Words text={said ? said.hint : "Nothing has been contacted. Opening it follows its objects and events with your own credentials, read-only."} /></p>
      {problems.map((p) => (
        <p key={p} className="soft">
          <Words text={p} />
        </p>
      ))}
      <p className="picture-act">
        <Button tone="strong" hint="O" onClick={onOpen} cannot={busy ? "it is being opened" : null}>
          {busy ? "Opening…" : said ? "Try again" : "Open"}
        </Button>
      </p>
    </Blank>
  );
}

interface BoardProps {
  view: TriageView;
  row: ClusterRow | null;
  current: Incident | null;
  choose: (incident: Incident) => void;
  openCase: (incident: Incident, question?: string | null) => Promise<void>;
  busy: boolean;
  failed: import("../platform").CommandFailed | null;
  dismiss: () => void;
}

function Board({ view, row, current, choose, openCase, busy, failed, dismiss }: BoardProps) {
  const { triage, looked_at, partial } = view;
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    list.current?.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
  }, [current?.id]);
  const refused = [...triage.not_checked];
  for (const watch of row?.state.watches ?? []) {
    if (watch.error && !refused.some((r) => r.includes(watch.kind))) refused.push(`\`${watch.kind}\`${watch.namespace ? ` in \`${watch.namespace}\`` : ""}: ${watch.error}`);
  }
  const looked = [...looked_at].sort((a, b) => b[1] - a[1]);
  const total = looked.reduce((sum, [, n]) => sum + n, 0);

  return (
    <div className="incidents-body" data-alone={current === null}>
      <section className="incidents-list" aria-label="Incidents">
        {partial ? (
          <div className="still-listing" role="status" data-testid="picture-still-listing">
            <span className="spinner" aria-hidden="true" /> Still listing: this is what has been seen so far.
          </div>
        ) : null}
        {triage.incidents.length === 0 ? (
          partial ? (
            <Loading what="Nothing broken among what has been listed so far." rows={3} />
          ) : (
            <Empty title="Nothing is broken" testid="picture-healthy">
              <p>
                Checked {countOf(total, "object")} of {countOf(looked.length, "kind")}: {looked.slice(0, 6).map(([kind, n]) => `${kind} ${n}`).join(", ")}
                {looked.length > 6 ? " and more" : ""}.
              </p>
            </Empty>
          )
        ) : (
          <ol ref={list} data-testid={testids.incidentList}>
            {triage.incidents.map((incident) => (
              <IncidentRow key={incident.id} incident={incident} here={incident.id === current?.id} choose={() => choose(incident)} open={() => void openCase(incident)} />
            ))}
          </ol>
        )}
        <footer className="incidents-foot">
          {refused.length > 0 ? <Partial title={`${countOf(refused.length, "thing")} could not be looked at`} items={refused} /> : null}
          <Noise entries={triage.noise} />
          {triage.incidents.length > 0 ? (
            <p className="small faint">
              {countOf(total, "object")} of {countOf(looked.length, "kind")} looked at
            </p>
          ) : null}
        </footer>
      </section>
      {current ? (
        <IncidentDetail key={current.id} cluster={view.cluster} incident={current} open={(question) => void openCase(current, question)} busy={busy}>
          {failed ? <Inline failure={failed} dismiss={dismiss} /> : null}
        </IncidentDetail>
      ) : null}
    </div>
  );
}
