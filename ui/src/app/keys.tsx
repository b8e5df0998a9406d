import { createContext, useContext, useEffect, useRef, useSyncExternalStore } from "react";

/** One key of the window. What the help and the palette list is what is bound, so they cannot disagree. */
export interface Binding {
  /** `a`, `shift+a`, `mod+k`, `g i` (one after the other), `ArrowLeft`, `?`. */
  keys: string;
  title: string;
  group: string;
  run: () => void;
  /** Why it does nothing now; absent or null: it can be used. */
  cannot?: string | null | undefined;
  /** Works while typing too. */
  whileTyping?: boolean;
}

const bound = new Map<symbol, Binding[]>();
const listeners = new Set<() => void>();
let listed: Binding[] = [];

function publish() {
  listed = [...bound.values()].flat();
  for (const listener of listeners) listener();
}

export function allBindings(): Binding[] {
  return listed;
}

export function useBindings(): Binding[] {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, allBindings);
}

/** True in a part of the window that is mounted and not shown: its keys are not bound, because nobody sees what they would do. */
export const KeysOff = createContext(false);
const none: Binding[] = [];

/** Binds keys for as long as the view is there and shown. Later views win over earlier ones. */
export function useKeys(all: Binding[]): void {
  const bindings = useContext(KeysOff) ? none : all;
  const newest = useRef(bindings);
  newest.current = bindings;
  const shape = bindings.map((b) => `${b.keys}\u0000${b.title}\u0000${b.cannot ?? ""}`).join("\u0001");
  useEffect(() => {
    const id = Symbol("keys");
    bound.set(
      id,
      newest.current.map((binding, i) => ({
        ...binding,
        run: () => newest.current[i]?.run(),
      })),
    );
    publish();
    return () => {
      bound.delete(id);
      publish();
    };
    // The bindings' functions are read when a key is pressed; only what is listed matters here.
  }, [shape]);
}

let sequence = "";
let sequenceTimer: ReturnType<typeof setTimeout> | undefined;

export function chordOf(event: KeyboardEvent): string {
  const mod = event.metaKey || event.ctrlKey ? "mod+" : "";
  const alt = event.altKey ? "alt+" : "";
  // A layout without Latin letters (Cyrillic, Greek, Hebrew) names the key by its place, as its caps are printed.
  const key = (/^\p{L}$/u.test(event.key) && !/[a-z]/i.test(event.key) && /^Key([A-Z])$/.exec(event.code)?.[1]) || event.key;
  const letter = key.length === 1;
  // A shifted symbol such as `?` is its own key; a shifted letter is not.
  const shift = event.shiftKey && (!letter || /[a-z]/i.test(key)) ? "shift+" : "";
  return `${mod}${alt}${shift}${letter ? key.toLowerCase() : key}`;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select");
}

export function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.repeat && !event.key.startsWith("Arrow")) return;
  if (document.querySelector("dialog[open]")) return;
  const chord = chordOf(event);
  const typing = isTyping(event.composedPath()[0] ?? event.target);
  const candidates = listed.filter((b) => !typing || b.whileTyping || b.keys.startsWith("mod+"));
  const joined = sequence ? `${sequence} ${chord}` : chord;
  const found = candidates.findLast((b) => b.keys === joined) ?? candidates.findLast((b) => b.keys === chord);
  clearTimeout(sequenceTimer);
  sequence = "";
  if (found) {
    event.preventDefault();
    if (!found.cannot) found.run();
    return;
  }
  if (candidates.some((b) => b.keys.startsWith(`${chord} `))) {
    sequence = chord;
    sequenceTimer = setTimeout(() => {
      sequence = "";
    }, 900);
    event.preventDefault();
  }
}

/** Listens for the whole window; mounted once. */
export function useKeyboard(): void {
  useEffect(() => {
    window.addEventListener("keydown", handleKey);
    return () => window.removeEventListener("keydown", handleKey);
  }, []);
}

const names: Record<string, string> = {
  mod: navigator.platform.startsWith("Mac") ? "⌘" : "Ctrl ",
  shift: "⇧",
  alt: "Alt ",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
  Enter: "↵",
  Space: "Space",
};

/** A binding's keys as they are printed on a cap. */
export function capsOf(keys: string): string[] {
  return keys.split(" ").map((chord) => {
    if (chord === "+") return "+";
    const parts = chord.split("+");
    return parts.map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join("");
  });
}
