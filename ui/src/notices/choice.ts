import { useSyncExternalStore } from "react";
import { keep, readKept } from "../platform/kept";
import type { Quiet } from "./quiet";

/** When the desktop is told of incidents. Nothing is told before the engineer turned it on. */
export interface Choice {
  told: boolean;
  /** The least severity that is told. */
  from: "critical" | "major";
  quiet: (Quiet & { on: boolean }) | null;
  /** A sign in the tray with the number of open incidents. */
  tray: boolean;
}

export const UNTOLD: Choice = { told: false, from: "critical", quiet: { on: false, from: 22 * 60, until: 7 * 60 }, tray: false };

const KEY = "notices";
const listeners = new Set<() => void>();

function read(): Choice {
  const kept = readKept(KEY) as Partial<Choice> | null;
  return kept && typeof kept === "object" ? { ...UNTOLD, ...kept } : UNTOLD;
}

let choice: Choice | null = null;
const current = (): Choice => (choice ??= read());

export function choose(part: Partial<Choice>): void {
  choice = { ...current(), ...part };
  keep(KEY, choice);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  const changed = (event: StorageEvent) => {
    if (event.key !== KEY) return;
    // Another window of this desk set it.
    choice = read();
    listener();
  };
  listeners.add(listener);
  window.addEventListener("storage", changed);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", changed);
  };
}

export const useChoice = (): Choice => useSyncExternalStore(subscribe, current);
