import type { Call, CallState } from "../case/fold";
import { Chips, RiskMark, valueOf } from "../kit";
import { ArgsDiff } from "../kit/diff";
import { diffArgs } from "../kit/lines";
import { Redacted, Words } from "../kit/words";
import { testids } from "../testids";
import type { Author, CaseId } from "../wire/wire";
import { FollowUps } from "./FollowUps";

const by = (author: Author | null): string => {
  if (!author) return "";
  if (author.who === "rule") return ` by the rule \`${author.rule}\``;
  if (author.who === "engineer") return ` by ${author.name || "you"}`;
  return "";
};

/** What became of a call, in a word and a sentence. */
export function verdictOf({ state, decidedBy, edits }: Call): { sign: string; word: string; words: string } {
  const edited = edits.length > 0 ? "edited, " : "";
  const verdicts: { [K in CallState["is"]]: (s: Extract<CallState, { is: K }>) => { sign: string; word: string; words: string } } = {
    proposed: () => ({ sign: "◇", word: "proposed", words: "" }),
    forbidden: (s) => ({ sign: "⊘", word: "forbidden", words: `by the rule \`${s.rule}\`: ${s.because}` }),
    allowed: (s) => ({ sign: "◆", word: "allowed", words: `by the rule \`${s.rule}\`` }),
    awaiting_decision: () => ({ sign: "◇", word: `${edited}waits for your decision`, words: "" }),
    approved: () => ({ sign: "◆", word: `${edited}approved`, words: by(decidedBy) }),
    edited: () => ({ sign: "◆", word: "edited", words: by(decidedBy) }),
    denied: (s) => ({ sign: "✕", word: "denied", words: s.reason ? `“${s.reason}”` : "without words" }),
    withdrawn: (s) => ({ sign: "–", word: "withdrawn", words: s.because }),
    expired: (s) => ({ sign: "–", word: "expired", words: s.because }),
    voided: (s) => ({ sign: "–", word: "void", words: s.because }),
    running: () => ({ sign: "◆", word: "running…", words: "" }),
    awaiting_release: () => ({ sign: "□", word: "its result waits for release", words: "" }),
    released: (s) => ({ sign: "■", word: s.edited ? "released, changed" : "released", words: s.edited ? s.why : by(decidedBy) }),
    withheld: (s) => ({ sign: "✕", word: "withheld", words: s.reason ? `“${s.reason}”` : "" }),
    failed: (s) => ({ sign: "!", word: "failed", words: `${s.error} ${s.hint}` }),
    interrupted: (s) => ({ sign: "!", word: "interrupted", words: s.because }),
    outcome_unknown: (s) => ({ sign: "?", word: "outcome unknown", words: s.because }),
  };
  const tell = verdicts[state.is] as (s: CallState) => { sign: string; word: string; words: string };
  return tell(state);
}

/** Arguments on one line, as short as they can be said. */
export function argsLine(args: Record<string, unknown>): string {
  return Object.entries(args)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => `${key}=${valueOf(value)}`)
    .join(" ");
}

/** A call in the conversation: one quiet line when it is decided, unfolded on demand. */
export function CallCard({ caseId, call, asked }: { caseId: CaseId; call: Call; asked: boolean }) {
  const { sign, word, words } = verdictOf(call);
  const { state } = call;
  return (
    <div className="call" data-testid={testids.callCard} data-id={call.id} data-state={state.is} data-asked={asked}>
      <details>
      <summary>
        <span className="call-line mono">
          <strong>{call.call.tool}</strong> <span className="soft">{argsLine(call.call.args)}</span>
        </span>
        <span className="call-verdict small">
          <span className="call-sign" aria-hidden="true">
            {sign}
          </span>
          {word}
          {words ? (
            <span className="faint">
              {" "}
              <Words text={words} />
            </span>
          ) : null}
        </span>
      </summary>
      <div className="call-more small">
        <p>
          <span className="label">Why</span> <Words text={call.call.reason} />
        </p>
        {call.call.expects ? (
          <p>
            <span className="label">What it would tell</span> <Words text={call.call.expects} />
          </p>
        ) : null}
        <p>
          <RiskMark risk={call.risk} /> <span className="mono faint">{call.digest}</span>
        </p>
        {call.edits.map((edit) => (
          <div key={edit.revision} className="call-edit">
            <p>
              <span className="label">Edited</span> {edit.why}
            </p>
            <ArgsDiff changes={diffArgs(edit.before.args, edit.after)} />
          </div>
        ))}
        {state.is === "released" ? (
          <pre className="call-text">
            <Redacted text={state.text} />
          </pre>
        ) : null}
      </div>
      </details>
      {state.is === "released" && state.observations.length > 0 ? (
        <p className="call-chips">
          <Chips ids={state.observations} most={12} />
        </p>
      ) : null}
      <FollowUps caseId={caseId} call={call} />
    </div>
  );
}
