import { useEffect, useRef } from "react";
import { ConclusionBlock } from "../board/Conclusion";
import { type CaseState, type Entry, shifts } from "../case/fold";
import { At, clockOf, percentOf } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { Author, CaseId, Time } from "../wire/wire";
import { CallCard } from "./CallCard";
import { HandedOver } from "./HandedOver";
import { budgetWords } from "./spending";
import { WritingNow } from "./WritingNow";
import "./conversation.css";

interface Props {
  caseId: CaseId;
  state: CaseState;
  /** The scrubbed time; null is now. */
  time: Time | null;
  /** The call that the dock asks about now. */
  asked: string | null;
  /** Shows what left for the model. */
  onLeaves: () => void;
  /** Branches from a step. */
  onBranch: (at: number) => void;
}

/** From here on what is out of sight is not laid out. */
const MANY = 60;

/** What was said, asked, decided and found, in order, up to the shown time. */
export function Conversation({ caseId, state, time, asked, onLeaves, onBranch }: Props) {
  const scroll = useRef<HTMLDivElement>(null);
  const count = state.entries.length;
  const changed = `${state.lastSeq} ${time ?? "now"}`;
  const bottom = useRef(true);
  useEffect(() => {
    const element = scroll.current;
    if (element && (bottom.current || time !== null)) element.scrollTop = element.scrollHeight;
  }, [changed, time]);
  // What is being written grows between two facts: it is followed while the reader is at the end.
  useEffect(() => {
    const entries = scroll.current?.firstElementChild;
    if (!entries) return;
    const grows = new ResizeObserver(() => {
      const element = scroll.current;
      if (element && bottom.current) element.scrollTop = element.scrollHeight;
    });
    grows.observe(entries);
    return () => grows.disconnect();
  }, []);

  return (
    <div
      className="conversation-scroll"
      ref={scroll}
      data-testid={testids.conversation}
      role="log"
      aria-label="Conversation"
      tabIndex={0}
      onScroll={(e) => {
        const { scrollHeight, scrollTop, clientHeight } = e.currentTarget;
        bottom.current = scrollHeight - scrollTop - clientHeight < 40;
      }}
    >
      <div className="conversation-entries" data-many={count > MANY}>
        {count === 0 && time !== null ? <p className="conversation-none small faint">Nothing had been said by {clockOf(time)}.</p> : null}
        {state.entries.map((entry) => (
          <Line key={entry.seq} caseId={caseId} entry={entry} state={state} asked={asked} onLeaves={onLeaves} onBranch={onBranch} />
        ))}
        {time === null ? <WritingNow caseId={caseId} lastSeq={state.lastSeq} /> : null}
      </div>
    </div>
  );
}

const whoOf = (author: Author): string => (author.who === "engineer" ? author.name || "you" : author.who === "investigator" ? author.name : author.who === "rule" ? `rule ${author.rule}` : "");

interface LineProps {
  caseId: CaseId;
  entry: Entry;
  state: CaseState;
  asked: string | null;
  /** Shows what left for the model. */
  onLeaves: () => void;
}

function Line({ caseId, entry, state, asked, onLeaves, onBranch }: LineProps & { onBranch: (at: number) => void }) {
  return (
    <article className="entry" data-testid={testids.entry} data-type={entry.type} data-who={entry.author.who}>
      <span className="entry-at small faint">
        <At time={entry.at} short />
        <button type="button" className="entry-branch" tabIndex={-1} data-testid={testids.branchHere} onClick={() => onBranch(entry.seq)} title="Branch from here: go another way from this step, in a case of its own" aria-label={`Branch from step ${entry.seq}`}>
          Branch
        </button>
      </span>
      <div className="entry-body">
        <Body caseId={caseId} entry={entry} state={state} asked={asked} onLeaves={onLeaves} />
      </div>
    </article>
  );
}

function Body({ caseId, entry, state, asked, onLeaves }: LineProps) {
  switch (entry.type) {
    case "opened":
      return (
        <p className="soft">
          The case was opened{entry.question ? ":" : "."} {entry.question ? <q>{entry.question}</q> : null}
        </p>
      );
    case "started":
      return (
        <p className="soft">
          The <strong>{entry.investigator}</strong> investigator began.
          {entry.budget ? <span className="budget small faint"> It may take {budgetWords(entry.budget)}.</span> : null}
          {entry.budget ? (
            <>
              {" "}
              <button type="button" className="link small" data-testid={testids.leavesOpen} onClick={onLeaves}>
                What left this machine
              </button>
            </>
          ) : null}
        </p>
      );
    case "narrated":
      return (
        <p>
          <Words text={entry.text} />
        </p>
      );
    case "said":
      return (
        <p className="said">
          <span className="small faint">{whoOf(entry.author)}</span>
          {entry.text}
        </p>
      );
    case "noted":
      return (
        <p className="noted">
          <span className="small faint">Note, {whoOf(entry.author)}</span>
          <Words text={entry.text} />
        </p>
      );
    case "call": {
      const call = state.calls.get(entry.call);
      return call ? <CallCard caseId={caseId} call={call} asked={asked === call.id} /> : null;
    }
    case "moved":
      return <Moved state={state} move={entry.move} />;
    case "handed_over": {
      const hand = state.hands[entry.hand];
      return hand ? <HandedOver hand={hand} /> : null;
    }
    case "concluded":
      return <ConclusionBlock conclusion={entry.conclusion} compact />;
    case "stopped":
      return (
        <p className="soft">
          Stopped: <Words text={entry.because} />
        </p>
      );
  }
}

/** The hypotheses' change in line: what moved, by how much, and the sentence why. */
function Moved({ state, move }: { state: CaseState; move: number }) {
  const step = state.moves[move];
  if (!step) return null;
  const moved = shifts(state, move);
  // First what stands; later what moved.
  const by = (id: string) => Math.abs(moved.get(id) ?? 0);
  const shown = move === 0 ? step.hypotheses.slice(0, 3) : [...step.hypotheses].sort((a, b) => by(b.id) - by(a.id)).filter((h) => by(h.id) >= 0.01).slice(0, 3);
  return (
    <div className="moved">
      <p>
        <Words text={step.because} />
      </p>
      {shown.length === 0 ? <p className="small faint">Nothing moved.</p> : null}
      <ul className="moved-list small">
        {shown.map((h) => {
          const points = Math.round((moved.get(h.id) ?? 0) * 100);
          return (
            <li key={h.id}>
              <span className="mono moved-value">{percentOf(h.probability)}</span>
              <span className="moved-name">{h.failure_mode.replaceAll("-", " ")}</span>
              {move > 0 && points !== 0 ? (
                <span className="mono faint">
                  {points > 0 ? "▲" : "▼"} {Math.abs(points)}
                </span>
              ) : null}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
