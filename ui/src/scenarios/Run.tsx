import { useAct, useAnswer } from "../ipc";
import { go } from "../app/route";
import { Button, categoryName, countOf, Failed, Inline, Loading } from "../kit";
import { testids } from "../testids";
import type { Category, DifferenceRow, ScenarioVerdict } from "../wire/wire";

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const titled = (category: string): string => (category === "healthy" ? "Healthy" : category === "unknown" ? "Several or unknown" : categoryName(category as Category));

/** One finished run: by category, and every scenario that was not right. */
export function Run({ id }: { id: string }) {
  const run = useAnswer("run_get", { id });
  const remove = useAct("run_remove");
  if (run.error) return <Failed failure={run.error} retry={() => void run.refetch()} />;
  if (!run.data) return <Loading what="Reading the run…" />;
  const { categories, verdicts } = run.data;
  const wrong = verdicts.filter((v) => !v.right || v.fix_right === false || v.fix_forbidden);
  return (
    <div className="run" data-testid={testids.run} data-id={id}>
      <h3 className="label settings-label">By kind of failure</h3>
      <table className="runs">
        <thead>
          <tr>
            <th>Kind</th>
            <th>Object</th>
            <th>Cause</th>
            <th>Both</th>
            <th>Calls</th>
          </tr>
        </thead>
        <tbody>
          {categories.map((c) => (
            <tr key={c.category}>
              <td>
                {titled(c.category)} <span className="small faint">{c.scenarios}</span>
              </td>
              <td className="mono">{c.faulty ? percent(c.object) : "–"}</td>
              <td className="mono">{c.faulty ? percent(c.mode) : "–"}</td>
              <td className="mono">{c.faulty ? percent(c.both) : "–"}</td>
              <td className="mono">{c.calls.toFixed(1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <h3 className="label settings-label">{wrong.length === 0 ? "Everything was right" : `${wrong.length} not right`}</h3>
      <ul>
        {wrong.map((v) => (
          <li key={v.name} className="run-wrong">
            <span className="mono">{v.name}</span>
            <Wrong verdict={v} />
          </li>
        ))}
      </ul>
      {remove.failed ? <Inline failure={remove.failed} dismiss={remove.dismiss} /> : null}
      <p className="practice-acts">
        <Button tone="quiet" onClick={() => void remove.run({ id }).then((view) => view && go({ at: "scenarios", run: null }))}>
          Remove this run
        </Button>
      </p>
    </div>
  );
}

function Wrong({ verdict }: { verdict: ScenarioVerdict }) {
  const { failed, false_alarm, right, said, truth, fix_forbidden } = { false_alarm: verdict.healthy && !verdict.right, ...verdict };
  return (
    <span className="small">
      {failed ? (
        `no answer: ${failed}`
      ) : false_alarm ? (
        `false alarm: ${said}`
      ) : right ? (
        <>right, with {fix_forbidden ? "a fix that does harm" : "another fix"}</>
      ) : (
        <>
          said <code>{said || "nothing"}</code>, truth <code>{truth}</code>
          {verdict.abstained ? " (in doubt)" : ""}
        </>
      )}
    </span>
  );
}

/** What an edit of the library helped and harmed. */
export function Compared({ before, now }: { before: string; now: string }) {
  const compared = useAnswer("runs_compare", { before, now });
  if (compared.error) return <Failed failure={compared.error} retry={() => void compared.refetch()} />;
  if (!compared.data) return <Loading what="Comparing…" rows={2} />;
  const { helped, harmed, newly_forbidden, added, removed, worse } = compared.data;
  return (
    <div className="compared" data-testid={testids.runsCompared} data-worse={worse}>
      <h3>{worse ? "Something that was right no longer is" : helped.length > 0 ? "Better, and nothing became worse" : "Nothing became worse"}</h3>
      <Differences title="Harmed" rows={harmed} />
      {newly_forbidden.length > 0 ? <p className="small">Proposes a fix that does harm now: {newly_forbidden.join(", ")}</p> : null}
      <Differences title="Helped" rows={helped} />
      {added.length + removed.length > 0 ? (
        <p className="small faint">
          {countOf(added.length, "scenario")} only now, {countOf(removed.length, "scenario")} only before
        </p>
      ) : null}
    </div>
  );
}

function Differences({ title, rows }: { title: string; rows: readonly DifferenceRow[] }) {
  if (rows.length === 0) return null;
  return (
    <>
      <p className="label">
        {title} {rows.length}
      </p>
      <ul>
        {rows.map((row) => (
          <li key={row.name} className="run-wrong">
            <span className="mono">{row.name}</span>
            <span className="small">
              <code>{row.before || "nothing"}</code> → <code>{row.now || "nothing"}</code>
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
