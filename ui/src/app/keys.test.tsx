import { render } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { type Binding, capsOf, useKeyboard, useKeys } from "./keys";

function Bound({ bindings }: { bindings: Binding[] }) {
  useKeyboard();
  useKeys(bindings);
  return <input aria-label="words" />;
}
const press = (key: string, init: KeyboardEventInit = {}, target: EventTarget = window) =>
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, composed: true, ...init }));

describe("keys", () => {
  it("runs what is bound, once per press and never on a held key", () => {
    const run = vi.fn();
    render(<Bound bindings={[{ keys: "a", title: "Approve", group: "Call", run }]} />);
    press("a");
    press("a", { repeat: true });
    expect(run).toHaveBeenCalledTimes(1);
  });

  it("leaves letters to the field that is being typed in", () => {
    const run = vi.fn();
    const { getByLabelText } = render(<Bound bindings={[{ keys: "a", title: "Approve", group: "Call", run }]} />);
    press("a", {}, getByLabelText("words"));
    expect(run).not.toHaveBeenCalled();
  });

  it("knows a letter by its place where the layout has no Latin ones, and by its name where it has", () => {
    const [allow, other] = [vi.fn(), vi.fn()];
    render(<Bound bindings={[{ keys: "shift+a", title: "Allow", group: "Call", run: allow }, { keys: "q", title: "Other", group: "Call", run: other }]} />);
    press("Ф", { code: "KeyA", shiftKey: true });
    expect(allow).toHaveBeenCalledTimes(1);
    // On a French keyboard the key in this place says A.
    press("a", { code: "KeyQ" });
    expect(other).not.toHaveBeenCalled();
  });

  it("does nothing for a binding that cannot be used now", () => {
    const run = vi.fn();
    render(<Bound bindings={[{ keys: "a", title: "Approve", group: "Call", run, cannot: "nothing waits" }]} />);
    press("a");
    expect(run).not.toHaveBeenCalled();
  });

  it("knows keys that are pressed one after the other", () => {
    const run = vi.fn();
    render(<Bound bindings={[{ keys: "g i", title: "Incidents", group: "Go", run }]} />);
    press("g");
    press("i");
    expect(run).toHaveBeenCalledTimes(1);
  });

  it("tells a shifted letter from a plain one and takes a shifted symbol as it is", () => {
    const allow = vi.fn();
    const help = vi.fn();
    render(<Bound bindings={[{ keys: "shift+a", title: "Allow", group: "Call", run: allow }, { keys: "?", title: "Help", group: "Go", run: help }]} />);
    press("a");
    expect(allow).not.toHaveBeenCalled();
    press("A", { shiftKey: true });
    press("?", { shiftKey: true });
    expect(allow).toHaveBeenCalledTimes(1);
    expect(help).toHaveBeenCalledTimes(1);
  });

  it("prints keys as caps", () => {
    expect(capsOf("g i")).toEqual(["G", "I"]);
    expect(capsOf("shift+a")).toEqual(["⇧A"]);
  });
});
