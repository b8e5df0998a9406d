import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { useUpdates } from "../ipc";
import { CLUSTER } from "../platform/recordings/demo/names";
import { testids } from "../testids";
import { mount, requests } from "../testing/show";
import { Connection } from "./Connection";

const person = userEvent.setup();
function Window() {
  useUpdates();
  return <Connection cluster={CLUSTER} />;
}

beforeEach(() => {
  mount(<Window />);
});

const loki = async () => (await screen.findAllByTestId(testids.backEndRow, {}, { timeout: 10_000 })).find((row) => row.dataset["kind"] === "loki") as HTMLElement;

describe("back ends", () => {
  it("are set by a place as a person writes it; a secret goes to the keyring and nowhere else", async () => {
    await person.click(within(await loki()).getByTestId(testids.backEndEdit));
    const form = await loki();
    await person.type(within(form).getByTestId(testids.backEndPlace), "logging/loki:3100");
    await person.type(within(form).getByLabelText("Name of the header"), "Authorization");
    await person.type(within(form).getByLabelText("Its value"), "Bearer tea");
    await person.click(within(form).getByTestId(testids.backEndSave));
    await waitFor(() => expect(requests("back_end_put")).toHaveLength(1));
    expect(requests("back_end_put")[0]).toEqual({
      cluster: CLUSTER,
      kind: "loki",
      at: { through: "service", namespace: "logging", name: "loki", port: 3100, https: false, path: "" },
      headers: [{ name: "Authorization", from: { source: "keyring", entry: "" } }],
      secrets: [["Authorization", "Bearer tea"]],
    });
    await waitFor(async () => expect((await loki()).dataset["configured"]).toBe("true"));
  });

  it("are not set where no place is named", async () => {
    await person.click(within(await loki()).getByTestId(testids.backEndEdit));
    fireEvent.change(within(await loki()).getByTestId(testids.backEndPlace), { target: { value: "somewhere" } });
    await person.click(within(await loki()).getByTestId(testids.backEndSave));
    expect(requests("back_end_put")).toEqual([]);
  });
});

describe("a followed log", () => {
  it("is read as it comes, each line once", async () => {
    await person.click(await screen.findByTestId(testids.followOpen, {}, { timeout: 10_000 }));
    const tail = await screen.findByTestId(testids.followTail, {}, { timeout: 10_000 });
    await waitFor(() => expect(tail.textContent).toContain("n=1 "), { timeout: 10_000 });
    const numbers = [...(tail.textContent ?? "").matchAll(/n=(\d+) /g)].map((match) => Number(match[1]));
    expect(numbers).toEqual(numbers.map((_, i) => i));
  });
});
