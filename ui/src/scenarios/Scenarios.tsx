import { useState } from "react";
import { useKeys } from "../app/keys";
import { go } from "../app/route";
import { useAct, useAnswer } from "../ipc";
import { Button, categoryName, countOf, Failed, Inline, Loading } from "../kit";
import { testids } from "../testids";
import type { ScenarioRow } from "../wire/wire";
import { Suite } from "./Suite";
import "./scenarios.css";

/** Failures to practise on, and how well the workbench does on all of them. */
export function Scenarios({ run }: { run: string | null }) {
  return (
    <div className="scenarios" data-testid={testids.scenarios}>
      <header className="bar">
        <h1 className="bar-title">Scenarios</h1>
      </header>
      <div className="scenarios-body">
        <Practice />
        <Suite shown={run} />
      </div>
    </div>
  );
}

const groupOf = (row: ScenarioRow): string => (row.category ? categoryName(row.category) : row.healthy ? "Perhaps nothing" : "Cause unknown");

/** By kind of failure, each in the order of its name. Healthy clusters stand among those whose cause nobody knows: that nothing is wrong has to be found out. */
function grouped(rows: readonly ScenarioRow[]): [string, ScenarioRow[]][] {
  const groups = new Map<string, ScenarioRow[]>();
  for (const row of rows) {
    const name = row.category ? groupOf(row) : "Perhaps nothing";
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
}

function Practice() {
  const scenarios = useAnswer("scenarios_list", {});
  const play = useAct("scenario_play");
  const [named, setNamed] = useState(false);
  const rows = scenarios.data ?? [];
  const groups = grouped(rows);

  async function start(row: ScenarioRow | undefined) {
    const cluster = row && (await play.run({ name: row.name }));
    if (cluster) go({ at: "cluster", cluster: cluster.id, incident: null });
  }
  const any = () => void start(rows[Math.floor(Math.random() * rows.length)]);
  useKeys([{ keys: "r", title: "Play any scenario", group: "Scenarios", run: any, cannot: rows.length > 0 ? null : "there is no scenario" }]);

  return (
    <section className="practice" aria-label="Practise">
      <header className="practice-head">
        <h2>Practise</h2>
        <p className="soft">A failure is played to the moment in which somebody was called. Open a case on it, investigate, and see how your conclusion compares with the truth.</p>
        <p className="practice-acts">
          <Button tone="strong" hint="R" testid={testids.scenarioAny} onClick={any} cannot={play.busy ? "it is being played" : rows.length > 0 ? null : "there is no scenario"}>
            Surprise me
          </Button>
          <label className="practice-named small">
            <input type="checkbox" checked={named} onChange={(e) => setNamed(e.target.checked)} data-testid={testids.scenarioTitles} /> Show titles, which tell the cause
          </label>
        </p>
        {play.failed ? <Inline failure={play.failed} dismiss={play.dismiss} /> : null}
      </header>
      {scenarios.error ? (
        <Failed failure={scenarios.error} retry={() => void scenarios.refetch()} />
      ) : !scenarios.data ? (
        <Loading what="Reading the scenarios…" rows={6} />
      ) : (
        groups.map(([name, members]) => (
          <section key={name} className="practice-group">
            <h3 className="label">
              {name} <span className="mono">{members.length}</span>
            </h3>
            <ul className={named ? "practice-titles" : "practice-numbers"}>
              {members.map((row, i) => (
                <li key={row.name}>
                  <button type="button" className="practice-one" data-testid={testids.scenarioRow} data-id={row.name} aria-label={named ? undefined : `${name}, ${i + 1} of ${countOf(members.length, "scenario")}`} onClick={() => void start(row)}>
                    {named ? row.title : i + 1}
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ))
      )}
    </section>
  );
}
