import { type ReactNode, useLayoutEffect, useRef } from "react";
import { type CaseState, shifts, standing } from "../case/fold";
import { percentOf } from "../kit";
import { Blank } from "../kit/pictures";
import type { ObjectRef } from "../wire/wire";
import { ConclusionBlock } from "./Conclusion";
import { HypothesisRow } from "./Hypothesis";
import "./board.css";

/** What we believe and why: the candidate causes by probability, each with what speaks for it and against it. */
export function Board({ state, onObject, children }: { state: CaseState; onObject: (object: ObjectRef) => void; children?: ReactNode }) {
  const hypotheses = standing(state);
  const moved = shifts(state, state.moves.length - 1);
  const list = useRef<HTMLOListElement>(null);
  useMovement(list, hypotheses.map((h) => h.id).join("|"));
  const incidents = new Set(hypotheses.map((h) => h.incident)).size;
  const rest = incidents === 1 ? Math.max(0, 1 - hypotheses.reduce((sum, h) => sum + h.probability, 0)) : null;

  if (!state.opened)
    return (
      <Blank title="Nothing was believed at this time">
        <p>The case had not been opened yet.</p>
      </Blank>
    );
  if (hypotheses.length === 0 && !state.conclusion)
    return (
      <Blank title={state.started ? "No hypothesis yet" : "Nothing is believed yet"}>
        <p>{state.started ? "They appear here as soon as the investigator has some." : "Start the investigation; candidate causes appear here and move as evidence is released."}</p>
      </Blank>
    );
  return (
    <div className="board-body">
      {state.conclusion ? <ConclusionBlock conclusion={state.conclusion.conclusion} /> : null}
      {children}
      <ol className="hypotheses" ref={list}>
        {hypotheses.map((hypothesis) => (
          <HypothesisRow
            key={hypothesis.id}
            hypothesis={hypothesis}
            path={state.moves.map((move) => move.hypotheses.find((h) => h.id === hypothesis.id)?.probability ?? 0)}
            shift={state.moves.length > 1 ? (moved.get(hypothesis.id) ?? 0) : 0}
            concluded={state.conclusion !== null}
            onObject={onObject}
          />
        ))}
      </ol>
      {rest !== null && rest > 0.005 ? (
        <p className="something-else small">
          <span className="mono">{percentOf(rest)}</span> something else
        </p>
      ) : null}
    </div>
  );
}

/** Rows that changed their rank glide to their new place, so that the eye can follow what overtook what. */
function useMovement(list: React.RefObject<HTMLOListElement | null>, order: string) {
  const places = useRef(new Map<string, number>());
  useLayoutEffect(() => {
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const next = new Map<string, number>();
    for (const row of list.current?.children ?? []) {
      if (!(row instanceof HTMLElement)) continue;
      const id = row.dataset["id"] ?? "";
      next.set(id, row.offsetTop);
      const before = places.current.get(id);
      if (!still && before !== undefined && before !== row.offsetTop) {
        row.animate?.([{ transform: `translateY(${before - row.offsetTop}px)` }, { transform: "none" }], { duration: 140, easing: "cubic-bezier(0.2, 0, 0, 1)" });
      }
    }
    places.current = next;
  }, [list, order]);
}
