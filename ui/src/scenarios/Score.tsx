import { useAnswer } from "../ipc";
import "./scenarios.css";
import { testids } from "../testids";
import type { CaseId } from "../wire/wire";

/** How a concluded case on a scenario compares with the truth; nothing for any other case. */
export function Score({ id }: { id: CaseId }) {
  const { data } = useAnswer("scenario_score", { case: id });
  if (!data) return null;
  const lines: [string, boolean | null][] = data.healthy
    ? [["nothing was wrong, and nothing was reported", data.right]]
    : [
        ["the object", data.object_right],
        ["the cause", data.mode_right],
        ["the fix", data.fix_forbidden ? false : data.fix_right],
      ];
  return (
    <div className="score" data-testid={testids.score} data-right={data.right}>
      <p className="label">Practice</p>
      <h3>{data.right ? "Right" : data.abstained ? "In doubt" : "Not right"}</h3>
      <ul>
        {lines.map(([what, right]) =>
          right === null ? null : (
            <li key={what}>
              <span aria-hidden="true">{right ? "✓" : "✗"}</span> {what}
              <span className="unseen">{right ? " was right" : " was not right"}</span>
            </li>
          ),
        )}
      </ul>
      <p>
        {data.says || "The truth:"} <code>{data.truth}</code>
      </p>
      <p className="small faint">
        {data.calls} {data.calls === 1 ? "call" : "calls"}
        {data.evidence_cited === null ? "" : `, ${Math.round(data.evidence_cited * 100)} % of the evidence a good engineer would cite`}
        {data.fix_forbidden ? ". The proposed fix does harm here." : ""}
      </p>
    </div>
  );
}
