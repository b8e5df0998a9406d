import { useState } from "react";
import { useKeys } from "../app/keys";
import { go, toHash } from "../app/route";
import { useAct, useAnswer } from "../ipc";
import { At, Button, countOf, Empty, Failed, Inline, Loading, spanOf } from "../kit";
import { useNow } from "../kit/now";
import { testids } from "../testids";
import type { EvalsView, RunningEvals, RunRow } from "../wire/wire";
import { Compared, Run } from "./Run";

const shareOf = (part: number, whole: number): string => (whole === 0 ? "–" : `${Math.floor((part / whole) * 1000) / 10} %`);

/** Runs of all scenarios: one at a time, with its progress; those that are finished are kept and compared. */
export function Suite({ shown }: { shown: string | null }) {
  const evals = useAnswer("evals_get", {});
  const start = useAct("evals_start");
  const stop = useAct("evals_stop");
  const [only, setOnly] = useState("");
  const running = evals.data?.running ?? null;
  const begin = () => void start.run({ only });
  useKeys([{ keys: "shift+r", title: "Run the suite", group: "Scenarios", run: begin, cannot: running ? "a run is going on" : null }]);
  return (
    <section className="suite" aria-label="The suite">
      <header className="practice-head">
        <h2>The suite</h2>
        <p className="soft">The built-in investigator answers every scenario with your blueprints and your library; every read is approved. Nothing leaves this machine.</p>
        {running ? (
          <Progress running={running} stop={() => void stop.run({})} />
        ) : (
          <form
            className="practice-acts"
            onSubmit={(e) => {
              e.preventDefault();
              begin();
            }}
          >
            <Button tone="strong" hint="⇧R" type="submit" testid={testids.evalsStart} cannot={start.busy ? "it is starting" : null}>
              Run
            </Button>
            <input className="field suite-only" aria-label="Only scenarios with this in their name" placeholder="all, or a part of a name" value={only} onChange={(e) => setOnly(e.target.value)} spellCheck={false} />
          </form>
        )}
        {start.failed ? <Inline failure={start.failed} dismiss={start.dismiss} /> : null}
        {stop.failed ? <Inline failure={stop.failed} dismiss={stop.dismiss} /> : null}
      </header>
      {evals.error ? <Failed failure={evals.error} retry={() => void evals.refetch()} /> : !evals.data ? <Loading what="Reading earlier runs…" /> : <Runs view={evals.data} shown={shown} />}
    </section>
  );
}

function Progress({ running, stop }: { running: RunningEvals; stop: () => void }) {
  const now = useNow(1000);
  const spent = now - running.began_at;
  const left = running.done > 2 ? (spent / running.done) * (running.of - running.done) : null;
  return (
    <div className="suite-progress" role="status" data-testid={testids.evalsProgress}>
      <progress value={running.done} max={running.of} aria-label="Scenarios answered" />
      <p className="small soft">
        {running.done} of {running.of} · {running.right} right · <span className="mono">{running.now}</span>
        {left === null ? "" : ` · about ${spanOf(left)} left`}
      </p>
      <Button testid={testids.evalsStop} onClick={stop} title="What was answered so far is not kept">
        Stop
      </Button>
    </div>
  );
}

function Runs({ view, shown }: { view: EvalsView; shown: string | null }) {
  const [before, setBefore] = useState<string | null>(null);
  if (view.runs.length === 0)
    return (
      <Empty title="No run yet">
        <p>A run takes a minute or two. Run it before and after an edit of the library, and see what the edit helped and harmed.</p>
      </Empty>
    );
  const here = view.runs.find((run) => run.id === shown) ?? view.runs[0];
  const against = before !== null && before !== here?.id && view.runs.some((run) => run.id === before) ? before : null;
  return (
    <>
      <table className="runs">
        <thead>
          <tr>
            <th>Run</th>
            <th>Right</th>
            <th>Pairs</th>
            <th>Fixes</th>
            <th>False alarms</th>
            <th>
              <span className="unseen">Compare</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {view.runs.map((run) => (
            <Row key={run.id} run={run} here={run === here} before={run.id === against} compare={() => setBefore(run.id === before ? null : run.id)} />
          ))}
        </tbody>
      </table>
      {here && against ? <Compared before={against} now={here.id} /> : null}
      {here ? <Run key={here.id} id={here.id} /> : null}
    </>
  );
}

function Row({ run, here, before, compare }: { run: RunRow; here: boolean; before: boolean; compare: () => void }) {
  return (
    <tr aria-current={here} data-testid={testids.runRow} data-id={run.id}>
      <td>
        <a href={toHash({ at: "scenarios", run: run.id })} onClick={() => go({ at: "scenarios", run: run.id })}>
          <At time={run.at} />
        </a>{" "}
        <span className="small faint">
          {countOf(run.scenarios, "scenario")}
          {run.only ? ` with “${run.only}”` : ""}
        </span>
      </td>
      <td className="mono">{shareOf(run.right, run.scenarios)}</td>
      <td className="mono">
        {run.pairs_right}/{run.pairs}
      </td>
      <td className="mono">
        {run.fixes_right}/{run.fixes_judged}
        {run.fixes_forbidden > 0 ? <span className="suite-bad"> {run.fixes_forbidden} harmful</span> : null}
      </td>
      <td className="mono">
        {run.false_alarms}/{run.healthy}
      </td>
      <td>
        {here ? (
          <span className="small faint">shown</span>
        ) : (
          <Button tone="quiet" testid={testids.runCompare} aria-pressed={before} onClick={compare} title="What changed from this run to the one that is shown">
            {before ? "Compared" : "Compare"}
          </Button>
        )}
      </td>
    </tr>
  );
}
