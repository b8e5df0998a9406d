import { Chip } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { Conclusion } from "../wire/wire";
import { ArgumentBlock } from "./Argument";

/** How the investigation ended: the cause with its citations, or that the evidence is too thin; and what was not checked. */
export function ConclusionBlock({ conclusion, compact = false }: { conclusion: Conclusion; compact?: boolean }) {
  const best = conclusion.hypotheses.find((h) => h.rank === 1) ?? conclusion.hypotheses[0];
  return (
    <div className="conclusion" data-testid={compact ? undefined : testids.conclusion} data-abstained={conclusion.abstained}>
      <p className="label">{conclusion.abstained ? "The evidence is too thin to name a cause" : "Root cause"}</p>
      <p className="conclusion-words">
        <Words text={conclusion.summary} />{" "}
        {best?.evidence.map((c, i) => (
          <Chip key={`${c.id}${i}`} id={c.id} quote={c.quote} />
        ))}
        {best && best.evidence.length === 0 ? <span className="small faint">nothing is cited for this</span> : null}
      </p>
      {conclusion.argument ? <ArgumentBlock argument={conclusion.argument} folded={!compact} /> : null}
      {conclusion.not_checked.length > 0 ? (
        <details className="not-checked small" open={conclusion.abstained}>
          <summary>
            {conclusion.not_checked.length} not checked
          </summary>
          <ul>
            {conclusion.not_checked.map((n, i) => (
              <li key={i}>
                <Words text={n.what} /> <span className="faint">· {n.because}</span>
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </div>
  );
}
