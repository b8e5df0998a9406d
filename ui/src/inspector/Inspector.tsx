import { useEffect, useRef } from "react";
import { useKeys } from "../app/keys";
import { useEvidence } from "../kit";
import { testids } from "../testids";
import type { ObjectRef, Time } from "../wire/wire";
import { ObjectPane } from "./ObjectPane";
import { ObservationPane } from "./ObservationPane";
import "./inspector.css";

interface Props {
  object: ObjectRef | null;
  at: Time | null;
  onObject: (object: ObjectRef) => void;
  onTime: (time: Time) => void;
  onPropose?: () => void;
  close: () => void;
}

/** A drawer over the board: the chosen observation, or the chosen object as of the shown time. */
export function Inspector({ object, at, onObject, onTime, onPropose, close }: Props) {
  const evidence = useEvidence();
  const ref = useRef<HTMLElement>(null);
  const observation = evidence?.chosen ?? null;
  const open = Boolean(evidence && (observation || object));
  useKeys(open ? [{ keys: "Escape", title: "Close the inspector", group: "Case", run: close }] : []);
  useEffect(() => {
    if (ref.current) ref.current.scrollTop = 0;
  }, [observation, object]);
  if (!evidence || !open) return null;
  return (
    <aside className="inspector" ref={ref} data-testid={testids.inspector} aria-label="Inspector">
      <button type="button" className="button button-quiet inspector-close" data-testid={testids.inspectorClose} onClick={close} aria-label="Close the inspector" title="Close (Esc)">
        ✕
      </button>
      {observation ? (
        <ObservationPane cluster={evidence.cluster} id={observation} number={evidence.numbers.get(observation) ?? null} onObject={onObject} />
      ) : object ? (
        <ObjectPane cluster={evidence.cluster} object={object} at={at} onObject={onObject} onTime={onTime} onPropose={onPropose} />
      ) : null}
    </aside>
  );
}
