import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

afterEach(() => {
  cleanup();
  // What one test leaves on the machine is not the next one's.
  if (typeof localStorage !== "undefined") localStorage.clear();
});

// jsdom draws nothing and measures nothing; views ask for these before they draw.
if (typeof globalThis.ResizeObserver === "undefined") {
  globalThis.ResizeObserver = class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
}
if (typeof window !== "undefined") {
  window.matchMedia ??= ((query: string) => ({
    matches: false,
    media: query,
    onchange: null,
    addEventListener() {},
    removeEventListener() {},
    addListener() {},
    removeListener() {},
    dispatchEvent: () => false,
  })) as typeof window.matchMedia;
  HTMLCanvasElement.prototype.getContext = (() => null) as typeof HTMLCanvasElement.prototype.getContext;
  Element.prototype.scrollIntoView ??= () => {};
  Element.prototype.scrollTo ??= (() => {}) as typeof Element.prototype.scrollTo;
  // Of a long list only what fits is drawn: what it stands in is a screen tall, and each of its rows a row.
  const size = (name: "clientHeight" | "clientWidth" | "offsetHeight", of: (element: HTMLElement) => number) =>
    Object.defineProperty(HTMLElement.prototype, name, {
      configurable: true,
      get(this: HTMLElement) {
        return of(this);
      },
    });
  const holdsRows = (element: HTMLElement) => element.querySelector(":scope > .rows") !== null;
  size("clientHeight", (element) => (holdsRows(element) ? 800 : 0));
  size("clientWidth", (element) => (holdsRows(element) ? 900 : 0));
  size("offsetHeight", (element) => (element.matches(".rows-place") ? 40 : 0));
}
