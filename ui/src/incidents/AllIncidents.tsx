import { useState } from "react";
import { useKeys } from "../app/keys";
import { go, toHash } from "../app/route";
import { Production } from "../fleet/badges";
import { OpenAgain } from "../fleet/OpenAgain";
import { PhaseMark } from "../fleet/phase";
import { countOf, Empty, Failed, Loading, Partial } from "../kit";
import { Blank } from "../kit/pictures";
import { Rows } from "../kit/rows";
import { Words } from "../kit/words";
import { testids } from "../testids";
import { useArranging } from "./arrange";
import { INCIDENT_TALL, IncidentRow } from "./IncidentRow";
import { keyOf, type One, useOpenIncidents } from "./open";
import "./incidents.css";

/** What is broken in all opened clusters; and of which of them nothing is known. */
export function AllIncidents() {
  const { clusters, opened, all, known, waiting, dark, unknown } = useOpenIncidents();
  const [at, setAt] = useState<string | null>(null);

  const index = Math.max(all.findIndex((one) => keyOf(one) === at), 0);
  const here = all[index];
  const show = (one: One | undefined) => one && go({ at: "cluster", cluster: one.row.id, incident: one.incident.id });
  const move = (by: number) => {
    const next = all[Math.min(Math.max(index + by, 0), all.length - 1)];
    if (next) setAt(keyOf(next));
  };
  const none = here ? null : "there is no incident";
  const { toggle } = useArranging(here?.row.id ?? "");
  useKeys([
    { keys: "a", title: "Acknowledge the incident, or no longer", group: "Incidents", run: () => here && void toggle(here.view, here.incident, "acknowledge"), cannot: none },
    { keys: "p", title: "Pin the incident to the top, or no longer", group: "Incidents", run: () => here && void toggle(here.view, here.incident, "pin"), cannot: none },
    { keys: "e", title: "Set the incident aside", group: "Incidents", run: () => here && void toggle(here.view, here.incident, "set_aside"), cannot: none },
    { keys: "j", title: "Next incident", group: "Incidents", run: () => move(1) },
    { keys: "k", title: "Previous incident", group: "Incidents", run: () => move(-1) },
    { keys: "o", title: "Look at the incident", group: "Incidents", run: () => show(here), cannot: none },
  ]);

  return (
    <div className="incidents" data-testid={testids.allIncidents}>
      <header className="bar">
        <h1 className="bar-title">Incidents</h1>
        <span className="small faint">
          {opened.length > 0 ? `${countOf(all.length, "incident")} in ${known} of ${countOf(opened.length, "open cluster")}` : ""}
        </span>
      </header>
      {clusters.error ? (
        <Failed failure={clusters.error} retry={() => void clusters.refetch()} />
      ) : !clusters.data ? (
        <Loading what="Reading kubeconfigs…" />
      ) : opened.length === 0 ? (
        <Blank title="No cluster is open">
          <OpenAgain rows={clusters.data} />
          <p>
            Nothing is contacted before it is opened. <a className="link" href={toHash({ at: "start" })}>Choose clusters</a> to see what is broken there.
          </p>
        </Blank>
      ) : (
        <div className="incidents-body" data-alone="true">
          <section className="incidents-list" aria-label="Incidents of all open clusters">
            {all.length > 0 ? (
              <Rows items={all} idOf={keyOf} tall={INCIDENT_TALL} at={at} testid={testids.incidentList}>
                {(one) => (
                  <IncidentRow
                    incident={one.incident}
                    pinned={one.pinned}
                    here={one === here}
                    choose={() => show(one)}
                    open={() => show(one)}
                    place={
                      <span className="incident-place small">
                        <PhaseMark phase={one.row.state.phase} /> <span className="mono">{one.row.name}</span> <Production row={one.row} />
                      </span>
                    }
                  />
                )}
              </Rows>
            ) : known === 0 ? (
              waiting.length > 0 ? <Loading what="Looking at the open clusters…" /> : <Blank title="Nothing is known of any open cluster just now" />
            ) : unknown.length > 0 ? (
              <Blank title={`Nothing is broken in ${countOf(known, "cluster")}, as far as was seen`} />
            ) : (
              <Empty title="Nothing is broken" testid="picture-healthy">
                <p>{countOf(known, "open cluster")} looked at.</p>
              </Empty>
            )}
            <footer className="incidents-foot">
              {unknown.length > 0 ? <Partial title={`${countOf(unknown.length, "open cluster")} of which not everything is known`} items={unknown} /> : null}
              {dark.length > 0 && all.length === 0 ? (
                <p className="small soft">
                  <Words text={dark[0] ?? ""} />
                </p>
              ) : null}
            </footer>
          </section>
        </div>
      )}
    </div>
  );
}
