import { useEffect, useSyncExternalStore } from "react";
import { useKeys } from "../app/keys";
import { testids } from "../testids";
import { Button } from "./index";
import { Words } from "./words";

/** Something that was just done, and how it is taken back. */
export interface Told {
  text: string;
  undo?: (() => void) | undefined;
}

/** Long enough to read it and to find the key; what is gone can still be undone where it was done. */
const SHOWN_MS = 8_000;

const listeners = new Set<() => void>();
let newest: (Told & { number: number }) | null = null;
let count = 0;

/** Says in one line what was done; it takes no focus and goes by itself. */
export function tell(told: Told | null): void {
  newest = told ? { ...told, number: ++count } : null;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function ToldLine() {
  const told = useSyncExternalStore(subscribe, () => newest);
  useEffect(() => {
    if (!told) return;
    const timer = setTimeout(() => tell(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [told]);
  const undo = told?.undo;
  const back = () => {
    tell(null);
    undo?.();
  };
  useKeys(undo ? [{ keys: "u", title: "Undo what was just done", group: "Window", run: back }] : []);
  return (
    <div className="told-place" role="status">
      {told ? (
        <p className="told" key={told.number} data-testid={testids.told}>
          <span>
            <Words text={told.text} />
          </span>
          {undo ? (
            <Button tone="quiet" hint="U" onClick={back} testid={testids.toldUndo}>
              Undo
            </Button>
          ) : null}
        </p>
      ) : null}
    </div>
  );
}
