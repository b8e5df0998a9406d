import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { useKeyboard } from "../app/keys";
import { fieldsOf } from "../form/schema";
import { useUpdates } from "../ipc";
import { CASE } from "../platform/recordings/demo/case";
import { tools } from "../platform/recordings/demo/desk";
import { testids } from "../testids";
import { mount } from "../testing/show";
import { CaseScreen } from "./CaseScreen";
import { argsFor } from "./Propose";

function Window() {
  useUpdates();
  useKeyboard();
  return <CaseScreen id={CASE} />;
}

describe("a call of the engineer's own", () => {
  it("waits with what it would change, and is tried at the cluster on demand", async () => {
    const person = userEvent.setup();
    mount(<Window />);
    await screen.findByTestId(testids.investigate, {}, { timeout: 20_000 });
    await person.keyboard("p");
    fireEvent.change(await screen.findByTestId(testids.proposeTool), { target: { value: "scale" } });
    for (const [key, value] of [["kind", "Deployment"], ["namespace", "shop"], ["name", "cart"], ["replicas", "5"]]) {
      fireEvent.change(document.querySelector(`[data-argument=${key}]`) as HTMLElement, { target: { value } });
    }
    fireEvent.submit(screen.getByTestId(testids.proposeSend).closest("form") as HTMLFormElement);
    const would = await screen.findByTestId(testids.wouldChange);
    expect(would.textContent).toContain("/spec/replicas");
    expect(would.dataset["tried"]).toBe("false");
    await person.click(screen.getByTestId(testids.callTry));
    await waitFor(() => expect(screen.getByTestId(testids.wouldChange).dataset["tried"]).toBe("true"));
  });

  it("begins with the chosen object where the tool asks for one of its kind", () => {
    const scale = fieldsOf(tools.find((tool) => tool.name === "scale")?.schema);
    expect(argsFor(scale, { kind: "Deployment", namespace: "shop", name: "cart" })).toEqual({ kind: "Deployment", namespace: "shop", name: "cart" });
    expect(argsFor(scale, { kind: "Node", namespace: "", name: "worker-2" })).toEqual({ name: "worker-2" });
    expect(argsFor(scale, null)).toEqual({});
  });
});
