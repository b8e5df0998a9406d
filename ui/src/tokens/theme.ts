import { useSyncExternalStore } from "react";

export type Theme = "dark" | "light";

const listeners = new Set<() => void>();

function current(): Theme {
  return document.documentElement.dataset["theme"] === "light" ? "light" : "dark";
}

/** Dark until the engineer chooses otherwise; the choice stays on this machine. */
export function chooseTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // Private storage may be refused; the theme then lasts as long as the window.
  }
  for (const listener of listeners) listener();
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
  if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, current);
}
