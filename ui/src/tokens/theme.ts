import { useSyncExternalStore } from "react";

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
  try {
    localStorage.setItem("theme", chosen);
  } catch {
    // Private storage may be refused; the theme then lasts as long as the window.
  }
  show();
}

export function restoreTheme(): void {
  const asked = new URLSearchParams(location.search).get("theme");
  let kept: string | null = null;
  try {
    kept = localStorage.getItem("theme");
  } catch {
    kept = null;
  }
  const theme = asked ?? kept;
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
