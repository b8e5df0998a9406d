import { type ReactNode, useState } from "react";
import { toHash } from "../app/route";
import { argsLine } from "../conversation/CallCard";
import { spentWords } from "../conversation/spending";
import { useAnswer } from "../ipc";
import { At, Button, Chip, countOf, Failed, Loading, percentOf } from "../kit";
import { Dialog } from "../kit/dialog";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { Branch, CaseId, ClusterId, ObservationId } from "../wire/wire";

/** Two cases side by side: how each went, what it cost and where they part. */
export function Compare({ caseId, cluster, close }: { caseId: CaseId; cluster: ClusterId; close: () => void }) {
  const cases = useAnswer("cases_list", {});
  const [chosen, setChosen] = useState<CaseId | null>(null);
  const others = (cases.data ?? []).filter((one) => one.id !== caseId).sort((a, b) => Number(b.cluster === cluster) - Number(a.cluster === cluster) || b.updated_at - a.updated_at);
  const other = chosen ?? others[0]?.id ?? null;
  return (
    <Dialog title="Compare with another case" close={close} testid={testids.compare}>
      {cases.error ? (
        <Failed failure={cases.error} retry={() => void cases.refetch()} />
      ) : !cases.data ? (
        <Loading what="Reading the desk…" rows={2} />
      ) : other === null ? (
        <p className="soft">There is no other case yet. Branch from a step of this one, then compare.</p>
      ) : (
        <>
          <label className="small propose-tool">
            With
            <select className="field" autoFocus data-first data-testid={testids.compareWith} value={other} onChange={(e) => setChosen(e.target.value)}>
              {others.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.title.replaceAll("`", "")} · {one.cluster_name} · {one.concluded ? "concluded" : "open"} · {one.id.slice(-6)}
                </option>
              ))}
            </select>
          </label>
          <Side key={other} one={caseId} other={other} opened={others.find((one) => one.id === other)?.opened_at ?? null} />
        </>
      )}
      <p className="propose-acts">
        <Button hint="Esc" onClick={close}>
          Close
        </Button>
      </p>
    </Dialog>
  );
}

function Side({ one, other, opened }: { one: CaseId; other: CaseId; opened: number | null }) {
  const answer = useAnswer("cases_compare", { one, other });
  if (answer.error) return <Failed failure={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) return <Loading what="Comparing…" rows={4} />;
  const { data } = answer;
  const row = (word: string, of: (branch: Branch, only: ObservationId[]) => ReactNode) => (
    <tr>
      <th scope="row">{word}</th>
      <td>{of(data.one, data.only_one)}</td>
      <td>{of(data.other, data.only_other)}</td>
    </tr>
  );
  return (
    <div className="compared small" data-testid={testids.compared} data-same={data.same_verdict} tabIndex={0} role="region" aria-label="The two cases">
      <p>
        {data.same_verdict ? "Both come to the same verdict." : "They come to different verdicts."} {data.common === 0 ? "They have no step in common." : `They have their first ${data.common === 1 ? "step" : countOf(data.common, "step")} in common.`}
      </p>
      <table>
        <thead>
          <tr>
            <td />
            <th scope="col">This case</th>
            <th scope="col">
              <a href={toHash({ at: "case", case: other })}>The other</a>
              {opened === null ? null : (
                <span className="faint">
                  {" "}
                  of <At time={opened} />
                </span>
              )}
            </th>
          </tr>
        </thead>
        <tbody>
          {row("Investigator", (branch) => branch.investigator || <span className="faint">nobody yet</span>)}
          {row("Verdict", (branch) =>
            branch.verdict ? (
              <>
                <span className="mono">{percentOf(branch.probability)}</span> <span className="mono">{branch.verdict}</span>
                {branch.abstained ? " (abstained)" : branch.concluded ? "" : " (not concluded)"}
              </>
            ) : (
              <span className="faint">none</span>
            ),
          )}
          {row("In words", (branch) => (branch.summary ? <Words text={branch.summary} /> : <span className="faint">not concluded</span>))}
          {row("Cited only here", (_, only) => (only.length === 0 ? <span className="faint">nothing</span> : only.map((id) => <Chip key={id} id={id} />)))}
          {row("Calls", (branch) =>
            branch.calls.length === 0 ? (
              <span className="faint">none</span>
            ) : (
              <ul>
                {branch.calls.map((call, i) => (
                  <li key={i}>
                    <span className="mono">{call.tool}</span> <span className="mono faint">{argsLine(call.args)}</span> {call.decision.replaceAll("_", " ")}, {call.state.replaceAll("_", " ")}
                  </li>
                ))}
              </ul>
            ),
          )}
          {row("Took", (branch) => (branch.spent.answers === 0 ? "no model" : spentWords(branch.spent)))}
          {row("Knowledge", (branch) => <span className="mono faint">{branch.knowledge_digest || "–"}</span>)}
        </tbody>
      </table>
    </div>
  );
}
