import { useEffect, useRef, useState } from "react";
import { useKeys } from "../app/keys";
import { go, toHash } from "../app/route";
import { Production } from "../fleet/badges";
import { OpenAgain } from "../fleet/OpenAgain";
import { keyOf, type One, useOpenIncidents } from "../incidents/open";
import { useAct, useAnswer } from "../ipc";
import { countOf, Empty, Failed, Inline, Loading, Partial, SeverityMark, spanOf } from "../kit";
import { useNow } from "../kit/now";
import { Blank } from "../kit/pictures";
import { Words } from "../kit/words";
import { testids } from "../testids";

/** More than these nobody works on at once; the rest is counted. */
const MOST = 5;

/** What is broken, the worst first, and which decisions wait; Enter goes to work. */
export function NightIncidents() {
  const { clusters, opened, all, known, waiting, unknown } = useOpenIncidents();
  const cases = useAnswer("cases_list", {});
  const start = useAct("case_open");
  const [at, setAt] = useState<string | null>(null);
  const list = useRef<HTMLOListElement>(null);
  const worst = all.slice(0, MOST);
  const index = Math.max(worst.findIndex((one) => keyOf(one) === at), 0);
  const here = worst[index];
  const asking = (cases.data ?? []).filter((c) => c.waiting > 0);

  async function work(one: One | undefined) {
    if (!one) return;
    const id = await start.run({ cluster: one.row.id, incidents: [one.incident.id], question: null });
    if (id) go({ at: "night", case: id });
  }
  const move = (by: number) => {
    const next = worst[Math.min(Math.max(index + by, 0), worst.length - 1)];
    if (next) setAt(keyOf(next));
  };
  const none = here ? null : "there is no incident";
  useKeys([
    { keys: "j", title: "Next incident", group: "Incidents", run: () => move(1), cannot: none },
    { keys: "k", title: "Previous incident", group: "Incidents", run: () => move(-1), cannot: none },
    { keys: "o", title: "Work on the incident", group: "Incidents", run: () => void work(here), cannot: none },
  ]);
  useEffect(() => {
    list.current?.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
  }, [at]);

  // A case goes on, and asks, whatever is open.
  const asks = asking.map((one) => (
    <a key={one.id} className="night-asks" href={toHash({ at: "night", case: one.id })}>
      <span className="dock-diamond" aria-hidden="true" />
      <span>
        {countOf(one.waiting, "decision")} waits for you: <Words text={one.title} />
      </span>
    </a>
  ));
  if (clusters.error) return <Failed failure={clusters.error} retry={() => void clusters.refetch()} />;
  if (!clusters.data) return <Loading what="Reading kubeconfigs…" />;
  if (opened.length === 0)
    return (
      <>
        <h1 className="unseen">The worst incidents</h1>
        {asks}
        <Blank title="No cluster is open">
          <OpenAgain rows={clusters.data} />
          <p>
            <a className="link" href={toHash({ at: "start" })}>
              Choose clusters
            </a>
            ; what is broken in them is shown here.
          </p>
        </Blank>
      </>
    );
  return (
    <>
      <h1 className="unseen">The worst incidents</h1>
      {asks}
      {start.failed ? <Inline failure={start.failed} dismiss={start.dismiss} /> : null}
      {worst.length > 0 ? (
        <ol className="night-list" ref={list} aria-label="The worst incidents">
          {worst.map((one) => (
            <li key={keyOf(one)}>
              <Row one={one} here={one === here} open={() => void work(one)} />
            </li>
          ))}
        </ol>
      ) : waiting.length > 0 ? (
        <Loading what="Looking at the open clusters…" />
      ) : known === 0 || unknown.length > 0 ? (
        <Blank title={known === 0 ? "Nothing is known of any open cluster just now" : `Nothing is broken in ${countOf(known, "cluster")}, as far as was seen`} />
      ) : (
        <Empty title="Nothing is broken" testid="picture-healthy">
          <p>{countOf(known, "open cluster")} looked at.</p>
        </Empty>
      )}
      <footer className="night-foot">
        {all.length > MOST ? (
          <a className="link" href={toHash({ at: "incidents" })}>
            {countOf(all.length - MOST, "less severe incident")} more
          </a>
        ) : null}
        {unknown.length > 0 ? <Partial title={`${countOf(unknown.length, "open cluster")} of which not everything is known`} items={unknown} /> : null}
      </footer>
    </>
  );
}

function Row({ one: { row, incident }, here, open }: { one: One; here: boolean; open: () => void }) {
  const now = useNow(30_000);
  const behind = incident.blast_radius.length;
  return (
    <button type="button" className="night-incident" aria-current={here} data-testid={testids.nightIncident} data-id={incident.id} onClick={open}>
      <SeverityMark severity={incident.severity} />
      <span>
        <strong>
          <Words text={incident.title} />
        </strong>
        <span className="soft night-meta">
          <span className="mono">{row.name}</span>
          <Production row={row} />
          <span>{spanOf(now - incident.started_at)}</span>
          {behind > 0 ? <span>{countOf(behind, "object")} behind it</span> : null}
        </span>
      </span>
    </button>
  );
}
