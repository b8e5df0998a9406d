import { At, Button, countOf, ObjectName, SeverityMark } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { Arranged, TriageView } from "../wire/wire";
import { decided, useArranging } from "./arrange";

/** What is not among the incidents and why: set aside by you, and by which rule. Yours is taken back here. */
export function Noise({ view }: { view: TriageView }) {
  const { takeBack } = useArranging(view.cluster);
  const entries = view.triage.noise;
  const mine = view.aside.map((incident) => ({ incident, decision: view.arranged.find((a) => a.act === "set_aside" && a.incident === incident.id) }));
  return (
    <>
      {mine.length > 0 ? (
        <details className="noise" data-testid={testids.aside}>
          <summary>{countOf(mine.length, "incident")} set aside by you</summary>
          <ul>
            {mine.map(({ incident, decision }) => (
              <li key={incident.id} className="noise-mine">
                <span>
                  <SeverityMark severity={incident.severity} /> <Words text={incident.title} />
                  {decision ? <Decided decision={decision} /> : null}
                </span>
                {decision ? (
                  <Button tone="quiet" testid={testids.bringBack} onClick={() => void takeBack(decision)}>
                    Bring back
                  </Button>
                ) : null}
              </li>
            ))}
          </ul>
        </details>
      ) : null}
      {entries.length > 0 ? (
        <details className="noise" data-testid={testids.noise}>
          <summary>{countOf(entries.length, "signal")} set aside as noise</summary>
          <ul>
            {entries.slice(0, 200).map((entry, i) => (
              <li key={i}>
                <p>
                  <Words text={entry.signal.title} /> <ObjectName object={entry.signal.subject} />
                </p>
                <p className="small faint">
                  <code>{entry.rule}</code> · {entry.because}
                </p>
              </li>
            ))}
          </ul>
        </details>
      ) : null}
      <Others view={view} takeBack={takeBack} />
    </>
  );
}

/** What was pinned, acknowledged, taken apart and put together, with those that concern nothing any more. */
function Others({ view, takeBack }: { view: TriageView; takeBack: (decision: Arranged) => Promise<void> }) {
  const rows = view.arranged.filter((a) => a.act !== "set_aside" || a.incident === null);
  if (rows.length === 0) return null;
  return (
    <details className="noise" data-testid={testids.decisions}>
      <summary>{countOf(rows.length, "decision")} about incidents</summary>
      <ul>
        {rows.map((decision) => (
          <li key={decision.id} className="noise-mine">
            <span>
              <Words text={decision.title} />
              <Decided decision={decision} />
            </span>
            <Button tone="quiet" testid={testids.takeBack} onClick={() => void takeBack(decision)}>
              Take back
            </Button>
          </li>
        ))}
      </ul>
    </details>
  );
}

const Decided = ({ decision }: { decision: Arranged }) => (
  <span className="small faint choice-words">
    {decided[decision.act]} by {decision.by} <At time={decision.at} />
    {decision.incident === null ? " · it concerns nothing now" : ""}
  </span>
);
