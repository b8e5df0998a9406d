import { useSyncExternalStore } from "react";
import { keep, readKept } from "../platform/kept";

export type Theme = "dark" | "light";
export type ThemeChoice = Theme | "system";

const listeners = new Set<() => void>();
const daylight = () => window.matchMedia("(prefers-color-scheme: light)");

let choice: ThemeChoice = "dark";

function current(): Theme {
  return document.documentElement.dataset["theme"] === "light" ? "light" : "dark";
}

function show() {
  document.documentElement.dataset["theme"] = choice === "system" ? (daylight().matches ? "light" : "dark") : choice;
  for (const listener of listeners) listener();
}

/** Dark until the engineer chooses otherwise; the choice stays on this machine. */
export function chooseTheme(chosen: ThemeChoice): void {
  choice = chosen;
  keep("theme", chosen);
  show();
}

export function restoreTheme(): void {
  const asked = new URLSearchParams(location.search).get("theme");
  const theme = asked ?? readKept("theme");
  if (theme === "light" || theme === "dark" || theme === "system") choice = theme;
  daylight().addEventListener("change", () => {
    if (choice === "system") show();
  });
  show();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What is shown. */
export const useTheme = (): Theme => useSyncExternalStore(subscribe, current);
/** What was chosen. */
export const useThemeChoice = (): ThemeChoice => useSyncExternalStore(subscribe, () => choice);
