import { useRef, useState } from "react";
import { useKeys } from "../app/keys";
import type { Call } from "../case/fold";
import { useAct } from "../ipc";
import { Button, Chip, countOf, Inline } from "../kit";
import { TextDiff } from "../kit/diff";
import { Redacted } from "../kit/words";
import { testids } from "../testids";
import type { ObservationId, ResultView } from "../wire/wire";
import { argsLine } from "./CallCard";
import { DenyWords } from "./DenyWords";

export const TAKEN_OUT = "[withheld: by the engineer]";

/** Replaces the selected part by a visible mark; without a selection, the line the cursor is in. */
export function takeOut(text: string, from: number, to: number): string {
  let [a, b] = [from, to];
  if (a === b) {
    a = text.lastIndexOf("\n", a - 1) + 1;
    const end = text.indexOf("\n", b);
    b = end === -1 ? text.length : end;
  }
  return text.slice(0, a) + TAKEN_OUT + text.slice(b);
}

interface Props {
  caseId: string;
  call: Call;
  result: ResultView;
  numbers: ReadonlyMap<ObservationId, number>;
  /** Why no key answers it yet. */
  unseen: string | null;
}

/** A result before anybody reads it: the exact text, what was redacted, and the choice to release, change or keep it. */
export function PendingResult({ caseId, call, result, numbers, unseen }: Props) {
  const [doing, setDoing] = useState<"asking" | "editing" | "withholding">("asking");
  const [text, setText] = useState(result.text);
  const [why, setWhy] = useState("");
  const [without, setWithout] = useState<ReadonlySet<ObservationId>>(new Set());
  const area = useRef<HTMLTextAreaElement>(null);
  const release = useAct("result_release");
  const withhold = useAct("result_withhold");
  const busy = release.busy || withhold.busy ? "the answer is on its way" : null;
  const asking = doing === "asking";
  const edited = doing === "editing" && text !== result.text;
  const failed = release.failed ?? withhold.failed;

  const send = (changed: boolean) => void release.run({ case: caseId, call: call.id, text: changed ? text : null, why: why.trim(), without: [...without] });
  function redactSelection() {
    const element = area.current;
    if (!element) return;
    setText(takeOut(text, element.selectionStart, element.selectionEnd));
    element.focus();
  }
  const leave = () => {
    setDoing("asking");
    setText(result.text);
  };
  useKeys([
    { keys: "r", title: "Release the result", group: "Your decision", run: () => send(false), cannot: asking ? (unseen ?? busy) : "finish or cancel first" },
    { keys: "t", title: "Change the text before release", group: "Your decision", run: () => setDoing("editing"), cannot: asking ? busy : "finish or cancel first" },
    { keys: "w", title: "Withhold the result", group: "Your decision", run: () => setDoing("withholding"), cannot: asking ? busy : "finish or cancel first" },
    ...(doing === "editing" ? [{ keys: "Escape", title: "Leave the edit", group: "Your decision", run: leave, whileTyping: true }] : []),
    ...(doing === "editing" ? [{ keys: "mod+Enter", title: "Release as changed", group: "Your decision", run: () => send(edited), cannot: busy }] : []),
  ]);

  return (
    <div className={`pending ${doing === "editing" ? "pending-edits" : ""}`} data-testid={testids.pendingResult} data-id={call.id} data-tool={call.call.tool}>
      <div className="pending-body" role="group" aria-label="What is asked" tabIndex={0}>
        <p className="pending-tool">
          <strong className="mono">{call.call.tool}</strong>
          <span className="mono small faint">{argsLine(call.call.args)}</span>
        </p>
        <p className="small soft">
          {asking ? "This text goes to the investigator" : "Only what you leave here goes to the investigator"}
          {result.redactions.length > 0 ? <> · redacted: {result.redactions.map(([kind, n]) => `${n} ${kind}`).join(", ")}</> : " · nothing was redacted"}
          {result.cut ? <> · left out for length: {result.cut}</> : null}
        </p>
        {doing === "editing" ? (
          <>
            <textarea ref={area} className="field mono release-text" autoFocus data-testid={testids.releaseText} aria-label="Text that goes to the investigator" value={text} onChange={(e) => setText(e.target.value)} spellCheck={false} />
            <p className="release-tools">
              <Button tone="plain" testid={testids.releaseRedact} onClick={redactSelection} title="Replace what is selected, or the line of the cursor, by a mark">
                Take out the selection
              </Button>
              <input className="field" data-testid={testids.releaseWhy} aria-label="Why you changed it" placeholder="Why? It is kept in the case." value={why} onChange={(e) => setWhy(e.target.value)} />
            </p>
            {edited ? <TextDiff before={result.text} after={text} /> : null}
          </>
        ) : (
          <pre className="result-text" data-testid={testids.resultText} tabIndex={0}>
            <Redacted text={result.text} />
          </pre>
        )}
        {edited ? <p className="small soft">Your text stands for the result; its observations stay out of the evidence.</p> : null}
        {result.observations.length > 0 && !edited ? (
          <div className="release-observations small">
            <span className="faint">
              {countOf(result.observations.length, "observation")} {result.observations.length === 1 ? "enters" : "enter"} the evidence with it
            </span>
            {result.observations.map((id, i) => (
              <label key={id} className="release-observation">
                <input
                  type="checkbox"
                  checked={!without.has(id)}
                  onChange={(e) => {
                    const next = new Set(without);
                    if (e.target.checked) next.delete(id);
                    else next.add(id);
                    setWithout(next);
                  }}
                  aria-label={`Observation ${numbers.get(id) ?? i + 1} enters the evidence`}
                />
                <Chip id={id} />
              </label>
            ))}
          </div>
        ) : null}
        {failed ? <Inline failure={failed} dismiss={() => (release.dismiss(), withhold.dismiss())} /> : null}
      </div>
      {doing === "withholding" ? (
        <DenyWords
          about={`withhold:${caseId}:${call.id}`}
          title="Why is it kept back? The investigator is told that it was."
          placeholder="It names a customer"
          confirm="Withhold"
          busy={busy}
          reasonId={testids.withholdReason}
          confirmId={testids.withholdConfirm}
          onConfirm={(reason) => withhold.run({ case: caseId, call: call.id, reason })}
          close={() => setDoing("asking")}
        />
      ) : doing === "editing" ? (
        <div className="answers">
          <Button tone="decide" className="answer-main" hint="^↵" testid={testids.releaseEdited} onClick={() => send(edited)} cannot={busy}>
            {edited ? "Release as changed" : "Release unchanged"}
          </Button>
          <Button tone="plain" hint="Esc" testid={testids.cancel} onClick={leave}>
            Back
          </Button>
        </div>
      ) : (
        <div className="answers">
          <Button tone="decide" className="answer-main" hint="R" testid={testids.release} onClick={() => send(false)} cannot={busy}>
            Release
          </Button>
          <Button tone="plain" hint="T" testid={testids.releaseEdit} onClick={() => setDoing("editing")} cannot={busy}>
            Change text
          </Button>
          <Button tone="plain" hint="W" testid={testids.withhold} onClick={() => setDoing("withholding")} cannot={busy}>
            Withhold
          </Button>
        </div>
      )}
    </div>
  );
}
