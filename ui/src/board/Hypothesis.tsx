import { Chip, ObjectName, percentOf } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { Citation, Hypothesis, ObjectRef } from "../wire/wire";

interface Props {
  hypothesis: Hypothesis;
  /** Its probability after each step. */
  path: number[];
  /** How far the last step moved it. */
  shift: number;
  concluded: boolean;
  onObject: (object: ObjectRef) => void;
}

export function HypothesisRow({ hypothesis, path, shift, concluded, onObject }: Props) {
  const { rank, probability, object, failure_mode, mechanism, evidence, against, open_checks, fix } = hypothesis;
  const percent = Math.round(probability * 100);
  const first = rank === 1;
  return (
    <li className="hypothesis" data-testid={testids.hypothesis} data-id={hypothesis.id} data-rank={rank} data-first={first}>
      <div className="hypothesis-head">
        <span className="probability mono" data-testid={testids.probability} data-value={probability}>
          {percentOf(probability)}
        </span>
        <span className="hypothesis-name">
          <strong>{failure_mode.replaceAll("-", " ")}</strong>
          <button type="button" className="link" onClick={() => onObject(object)}>
            <ObjectName object={object} namespace={false} />
          </button>
        </span>
        {Math.abs(shift) >= 0.005 ? (
          <span className="shift mono small" title="moved by the last step">
            {shift > 0 ? "▲" : "▼"} {Math.abs(Math.round(shift * 100))}
          </span>
        ) : null}
      </div>
      <div className="bar-row">
        <span className="probability-bar" role="img" aria-label={`${percent} percent`}>
          <span className="probability-was" style={{ width: `${Math.max(0, probability - shift) * 100}%` }} />
          <span className="probability-is" style={{ width: `${probability * 100}%` }} />
        </span>
        <Path values={path} />
      </div>
      <p className="mechanism">
        <Words text={mechanism} />
      </p>
      <Citations word="for" citations={evidence} open={first} />
      <Citations word="against" citations={against} open={first} />
      {open_checks.length > 0 && !concluded ? (
        <p className="small faint open-checks">
          Not looked at: <Words text={open_checks.slice(0, 3).join(" · ")} />
          {open_checks.length > 3 ? ` · ${open_checks.length - 3} more` : ""}
        </p>
      ) : null}
      {fix && first && concluded ? (
        <div className="fix">
          <p>
            <span className="label">What to do</span> <Words text={fix.text} />
          </p>
          {fix.conditions.length > 0 ? (
            <ul className="fix-if small">
              {fix.conditions.map((c) => (
                <li key={c}>
                  <span className="faint">if</span> <Words text={c} />
                </li>
              ))}
            </ul>
          ) : null}
          {fix.never.map((never) => (
            <p key={never} className="fix-never small">
              <span aria-hidden="true">⊘</span> <Words text={never} />
            </p>
          ))}
        </div>
      ) : null}
    </li>
  );
}

function Citations({ word, citations, open }: { word: "for" | "against"; citations: readonly Citation[]; open: boolean }) {
  if (citations.length === 0) return null;
  if (!open)
    return (
      <p className="citations-short small">
        <span className="faint">{word}</span>{" "}
        {[...new Map(citations.map((c) => [c.id, c])).values()].map((c) => (
          <Chip key={c.id} id={c.id} quote={c.quote} />
        ))}
      </p>
    );
  return (
    <dl className="citations small">
      <dt className="faint">{word}</dt>
      <dd>
        <ul>
          {citations.map((c, i) => (
            <li key={`${c.id}${i}`}>
              <Chip id={c.id} quote={c.quote} /> <span className="quote">{c.quote}</span>
            </li>
          ))}
        </ul>
      </dd>
    </dl>
  );
}

/** How the probability went, step by step. */
function Path({ values }: { values: number[] }) {
  if (values.length < 2 || Math.max(...values) - Math.min(...values) < 0.03) return null;
  const w = 44;
  const points = values.map((v, i) => `${((i / (values.length - 1)) * w).toFixed(1)},${(13 - v * 12).toFixed(1)}`);
  return (
    <svg className="path" viewBox={`-1 0 ${w + 2} 14`} width={w + 2} height="14" aria-hidden="true">
      <polyline points={points.join(" ")} />
    </svg>
  );
}
