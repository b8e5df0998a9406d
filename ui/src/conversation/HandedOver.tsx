import { Claims } from "../board/Argument";
import type { Hand } from "../case/fold";
import { countOf } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import { spentWords } from "./spending";

/** A question that was handed to a specialist: who, what it may take and what came back; the rest is unfolded. */
export function HandedOver({ hand: { over, back } }: { hand: Hand }) {
  return (
    <details className="call hand" data-testid={testids.handOver} data-specialist={over.specialist} data-back={back !== null}>
      <summary>
        <span className="call-line">
          <span className="call-sign" aria-hidden="true">
            →
          </span>
          <strong>{over.title}</strong>
        </span>
        <span className="call-verdict small">
          {back ? `${countOf(back.calls, "call")} of ${over.calls} · ${spentWords(back.spent)}` : `is at work, with at most ${countOf(over.calls, "call")}`}
        </span>
      </summary>
      <div className="call-more small">
        <p>
          <span className="label">Asked</span>
          <Words text={over.question} />
        </p>
        <p>
          <span className="label">With</span>
          <span className="mono">{over.tools.join(", ") || "no tools"}</span>
        </p>
        {back ? (
          <>
            <p>
              <span className="label">Answered</span>
              <Words text={back.answer} />
            </p>
            <Claims claims={back.findings} />
            {back.open.map((open) => (
              <p key={open} className="faint">
                Not told: <Words text={open} />
              </p>
            ))}
          </>
        ) : null}
      </div>
    </details>
  );
}
