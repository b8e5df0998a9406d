import { useEffect, useRef, useState } from "react";
import { useKeys } from "../app/keys";
import { BUILT_IN, type Call, type CaseState, running, waiting } from "../case/fold";
import { useAct } from "../ipc";
import { Button, countOf, Inline } from "../kit";
import { useDraft } from "../kit/draft";
import { testids } from "../testids";
import type { Budget, CaseView, Time } from "../wire/wire";
import { ApproveAll } from "./ApproveAll";
import { argsLine } from "./CallCard";
import { BeforeSending } from "./BeforeSending";
import { ChooseInvestigator } from "./Investigator";
import { BudgetMeter, Limits, USUAL } from "./Limits";
import { PendingCall } from "./PendingCall";
import { PendingResult } from "./PendingResult";
import { spentWords } from "./spending";

interface Props {
  view: CaseView;
  /** The case as it stands now, whatever time the screen shows. */
  state: CaseState;
  time: Time | null;
}

/** A question that came less than this ago is not answered by a key: about as long as a double press takes, and less than reading. */
const SEEN_MS = 400;

/** The call that the dock shows: the oldest that waits, and it stays until it is answered. */
export function askedOf(state: CaseState): Call | null {
  return waiting(state)[0] ?? null;
}

/**
 * Where decisions are made. It stands at the foot of the conversation and its answers are always at the same place: a
 * question that comes later waits behind the one that is shown.
 */
export function Dock({ view, state, time }: Props) {
  const pending = waiting(state);
  const call = askedOf(state);
  const start = useAct("investigation_start");
  const stop = useAct("investigation_stop");
  // A call that was approved while nobody works begins when somebody goes on.
  const begun = running(state);
  const acting = begun && (view.running || begun.state.is === "running") ? begun : null;
  const led = state.lead?.investigator ?? null;
  const [chosen, setChosen] = useState<string | null>(null);
  const investigator = chosen ?? led ?? BUILT_IN;
  // Left out, whoever led it goes on; another one begins anew.
  const another = investigator !== (led ?? BUILT_IN);
  const [budget, setBudget] = useState<Budget>(USUAL);
  const limited = investigator !== BUILT_IN && budget !== USUAL;
  const begin = () => void start.run({ case: view.case, ...(another ? { investigator } : {}), ...(limited ? { budget } : {}) });
  // The core may still be putting its things away when the conclusion is already written.
  const ended = state.conclusion !== null && state.entries.at(-1)?.type === "concluded";
  const concluded = state.conclusion !== null && !another;
  const rests = !call && !acting && (!view.running || ended);
  const canBegin = rests && !concluded;
  // What waits for a decision goes on for nobody: there is nothing to stop but a question to answer.
  const goesOn = !call && !ended && view.running;
  const end = () => void stop.run({ case: view.case });
  // The second press of the key that began it must not end it.
  const [underWay, setUnderWay] = useState(false);
  useEffect(() => {
    if (!goesOn) return setUnderWay(false);
    const timer = setTimeout(() => setUnderWay(true), SEEN_MS);
    return () => clearTimeout(timer);
  }, [goesOn]);
  const cannotEnd = stop.busy ? "it is being stopped" : underWay ? null : "it has only just begun";
  useKeys([
    goesOn
      ? { keys: "i", title: "Stop the investigation", group: "Case", run: end, cannot: cannotEnd }
      : {
          keys: "i",
          title: state.started && !another ? "Go on investigating" : "Investigate",
          group: "Case",
          run: begin,
          cannot: canBegin ? (start.busy ? "it is starting" : null) : call ? "a call waits for your decision" : acting ? "a call is running" : "the investigation is concluded",
        },
  ]);
  const together = pending.filter((one) => one.state.is === "awaiting_decision");
  const [listed, setListed] = useState<readonly Call[] | null>(null);
  useKeys([{ keys: "b", title: "Approve all that waits together", group: "Your decision", run: () => setListed(together), cannot: together.length > 1 ? null : "fewer than two calls wait for your decision" }]);
  // The count is announced once per question, not once per render.
  const announced = call ? `${call.id}.${call.revision}.${call.state.is}` : "";
  const clickedFor = useRef("");
  // A key that was meant for the last question must not answer one that nobody has seen yet.
  const [seen, setSeen] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSeen(announced), SEEN_MS);
    return () => clearTimeout(timer);
  }, [announced]);
  const unseen = seen === announced ? null : "it has only just come";

  return (
    <section className="dock" data-testid={testids.dock} data-asks={call !== null} data-seen={seen === announced} aria-label="Your decision">
      <p className="unseen" role="status">
        {call ? `${call.call.tool} ${call.state.is === "awaiting_decision" ? "waits for your decision" : "has a result that waits for release"}` : ""}
      </p>
      {call ? (
        // A double click that answered the last question must not answer this one too.
        <div
          className="dock-asks"
          key={announced}
          onClickCapture={(e) => {
            if (e.detail > 1 && clickedFor.current !== announced) {
              e.preventDefault();
              e.stopPropagation();
            }
            if (e.detail <= 1) clickedFor.current = announced;
          }}
        >
          <p className="dock-banner">
            <span className="dock-diamond" aria-hidden="true" />
            {call.state.is === "awaiting_decision" ? "Your decision" : "Release the result?"}
            {time !== null ? <span className="dock-now">waits now, whatever time is shown</span> : null}
            {pending.length > 1 ? <span className="dock-count">1 of {pending.length}</span> : null}
            {together.length > 1 ? (
              <Button tone="plain" className="small dock-all" hint="B" testid={testids.approveAllOpen} onClick={() => setListed(together)}>
                All {together.length}…
              </Button>
            ) : null}
          </p>
          {call.state.is === "awaiting_decision" ? (
            <PendingCall caseId={view.case} clusterName={state.opened?.clusterName ?? ""} call={call} preview={call.state.preview} unseen={unseen} />
          ) : call.state.is === "awaiting_release" ? (
            <PendingResult caseId={view.case} call={call} result={call.state.result} numbers={state.numbers} unseen={unseen} />
          ) : null}
        </div>
      ) : (
        <div className="dock-idle">
          {goesOn || acting ? (
            <div className="dock-going">
              <p className="small soft" role="status">
                <span className="spinner" aria-hidden="true" />{" "}
                {acting ? (
                  <>
                    <span className="mono">{acting.call.tool}</span> <span className="mono faint">{argsLine(acting.call.args)}</span>
                  </>
                ) : (
                  <>Thinking about {countOf(state.opened?.incidents.length ?? 0, "incident")}</>
                )}
              </p>
              {goesOn ? (
                <Button hint="I" testid={testids.stop} onClick={end} cannot={cannotEnd} title="It goes on where it stopped when you say so">
                  Stop
                </Button>
              ) : null}
            </div>
          ) : (
            <>
              {state.conclusion ? <p className="small soft">Concluded. Nothing waits for you.</p> : null}
              <ChooseInvestigator chosen={investigator} choose={setChosen} />
              {another && investigator !== BUILT_IN ? <Limits model={investigator} budget={budget} set={setBudget} /> : null}
              {concluded ? null : (
                <Button tone="strong" hint="I" testid={testids.investigate} onClick={begin} cannot={start.busy ? "it is starting" : null}>
                  {!state.started ? "Investigate" : another ? `Begin anew with ${investigator === BUILT_IN ? "the built-in investigator" : investigator}` : "Go on"}
                </Button>
              )}
            </>
          )}
          {state.lead?.budget ? <BeforeSending caseId={view.case} model={state.lead.investigator} /> : null}
          {state.lead?.budget ? (
            <p className="small faint dock-spent" data-testid={testids.spent}>
              {state.lead.investigator} took {spentWords(state.lead.spent, state.lead.budget)}{state.conclusion ? null : <BudgetMeter spent={state.lead.spent} budget={state.lead.budget} />}
            </p>
          ) : null}
          {start.failed ? <Inline failure={start.failed} dismiss={start.dismiss} /> : null}
          {stop.failed ? <Inline failure={stop.failed} dismiss={stop.dismiss} /> : null}
        </div>
      )}
      {listed ? <ApproveAll caseId={view.case} calls={listed} close={() => setListed(null)} /> : null}
      <Say caseId={view.case} canSay={state.started} />
    </section>
  );
}

/** A few words: to the investigator, or as a note for later. */
function Say({ caseId, canSay }: { caseId: string; canSay: boolean }) {
  const drafting = useDraft(`say:${caseId}`, (kept) => (typeof kept === "string" ? kept : null));
  // A line is no document: it stands there again as it was left.
  const [text, setText] = useState(drafting.offered?.value ?? "");
  const write = (next: string) => {
    setText(next);
    if (next) drafting.keep(next);
    else drafting.done();
  };
  const [kind, setKind] = useState<"say" | "note">(canSay ? "say" : "note");
  const say = useAct("case_say");
  const note = useAct("case_note");
  const input = useRef<HTMLInputElement>(null);
  const act = kind === "say" ? say : note;
  useEffect(() => {
    if (canSay) setKind("say");
  }, [canSay]);
  useKeys([
    { keys: "s", title: "Say something to the investigator", group: "Case", cannot: canSay ? null : "no investigator is listening yet", run: () => (setKind("say"), input.current?.focus()) },
    { keys: "n", title: "Write a note", group: "Case", run: () => (setKind("note"), input.current?.focus()) },
  ]);
  async function submit() {
    if (text.trim() && (await act.run({ case: caseId, text: text.trim() }))) (setText(""), drafting.done());
  }
  return (
    <form
      className="say"
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
    >
      <button type="button" className="say-kind small" data-testid={testids.sayKind} onClick={() => setKind(kind === "say" && canSay ? "note" : canSay ? "say" : "note")} title="To the investigator, or a note for later">
        {kind === "say" ? "Say" : "Note"}
      </button>
      <input
        ref={input}
        data-testid={testids.say}
        aria-label={kind === "say" ? "Say something to the investigator" : "Write a note"}
        placeholder={kind === "say" ? "Tell the investigator something it cannot see" : "A note for the postmortem"}
        value={text}
        onChange={(e) => write(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Escape") e.currentTarget.blur();
        }}
      />
      {act.failed ? <Inline failure={act.failed} dismiss={act.dismiss} /> : null}
    </form>
  );
}
