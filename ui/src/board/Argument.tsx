import { Chip, countOf } from "../kit";
import { Words } from "../kit/words";
import { spentWords } from "../conversation/spending";
import { testids } from "../testids";
import type { Argument, CheckedCitation, Claim } from "../wire/wire";

/** How many of an argument's citations hold, in words. */
export function holding({ unfounded, citations }: Pick<Argument, "unfounded" | "citations">): string {
  if (citations === 0) return "it cites nothing";
  if (unfounded === 0) return citations === 1 ? "its citation holds" : `all ${citations} citations hold`;
  return `${unfounded} of ${countOf(citations, "citation")} ${unfounded === 1 ? "does" : "do"} not hold`;
}

/**
 * The argument behind a model's conclusion, from the cause to the symptom; each citation was looked up by code. Folded, it
 * opens by itself where something that it cites is not so.
 */
export function ArgumentBlock({ argument, folded = false }: { argument: Argument; folded?: boolean }) {
  const { by, chain, against, fixes, settles, unfounded, confidence, spent } = argument;
  return (
    <details className="argument small" open={!folded || unfounded > 0} data-testid={folded ? testids.argumentOnBoard : testids.argument} data-unfounded={unfounded}>
      <summary>
        The argument of {by}: {holding(argument)}
      </summary>
      {chain.length > 0 ? <p className="label">From the cause to the symptom</p> : null}
      <Claims claims={chain} ordered />
      {against.length > 0 ? <p className="label">What speaks against it</p> : null}
      <Claims claims={against} />
      {settles.length > 0 ? <p className="label">What would settle it</p> : null}
      <ul className="argument-list">
        {settles.map((one) => (
          <li key={one}>
            <Words text={one} />
          </li>
        ))}
      </ul>
      {fixes.length > 0 ? <p className="label">What to do</p> : null}
      <ul className="argument-list">
        {fixes.map((fix) => (
          <li key={fix.says}>
            <Words text={fix.says} />
            {fix.conditions.length > 0 ? (
              <p className="faint">
                if <Words text={fix.conditions.join(", and ")} />
              </p>
            ) : null}
            {fix.risk ? (
              <p className="faint">
                It may break: <Words text={fix.risk} />
              </p>
            ) : null}
          </li>
        ))}
      </ul>
      <p className="faint">
        <Words text={confidence} /> It took {spentWords(spent)}.
      </p>
    </details>
  );
}

export function Claims({ claims, ordered = false }: { claims: readonly Claim[]; ordered?: boolean }) {
  if (claims.length === 0) return null;
  const List = ordered ? "ol" : "ul";
  return (
    <List className="argument-list" data-ordered={ordered}>
      {claims.map((claim, i) => (
        <li key={i}>
          <Words text={claim.says} />
          {claim.evidence.length === 0 ? <p className="faint">nothing is cited for this</p> : null}
          {claim.evidence.map((cited, j) => (
            <Cited key={`${cited.label}${j}`} cited={cited} />
          ))}
        </li>
      ))}
    </List>
  );
}

function Cited({ cited: { label, id, quote, holds, why } }: { cited: CheckedCitation }) {
  return (
    <p className="argument-cited" data-testid={testids.argumentCitation} data-holds={holds}>
      {id ? <Chip id={id} quote={quote} /> : <span className="mono">{label}</span>} <span className="quote">{quote}</span>{" "}
      {holds ? <span className="faint">✓ holds</span> : <strong className="argument-fails">✕ does not hold{why ? `: ${why}` : ""}</strong>}
    </p>
  );
}
