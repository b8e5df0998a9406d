import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { useKeyboard } from "../app/keys";
import { CaseScreen } from "../case/CaseScreen";
import { useUpdates } from "../ipc";
import { recordedHost } from "../platform/recorded";
import { demo } from "../platform/recordings/demo";
import { ARGUED, CASE, FINISHED } from "../platform/recordings/demo/case";
import { testids } from "../testids";
import { listening, mount, requests } from "../testing/show";

function Window({ id }: { id: string }) {
  useUpdates();
  useKeyboard();
  return <CaseScreen id={id} />;
}

const person = userEvent.setup();
const patient = { timeout: 20_000 };
const words = (testid: string) => screen.getByTestId(testid).textContent ?? "";

describe("who investigates", () => {
  it("is the built-in investigator unless another is chosen", async () => {
    mount(<Window id={CASE} />);
    await screen.findByRole("option", { name: "laptop (on this machine)" }, patient);
    expect(words(testids.investigatorWords)).toContain("Nothing leaves this machine");
    await person.click(screen.getByTestId(testids.investigate));
    await waitFor(() => expect(requests("investigation_start")).toEqual([{ case: CASE }]));
  });

  it("is the model that was chosen, and it is said what would leave", async () => {
    mount(<Window id={CASE} />);
    await screen.findByRole("option", { name: "house (leaves this machine)" }, patient);
    await person.selectOptions(screen.getByTestId(testids.investigator), "laptop");
    expect(words(testids.investigatorWords)).toContain("nothing leaves it");
    await person.selectOptions(screen.getByTestId(testids.investigator), "house");
    expect(words(testids.investigatorWords)).toContain("api.anthropic.com");
    await person.keyboard("{Escape}");
    await person.click(screen.getByTestId(testids.investigate));
    await waitFor(() => expect(requests("investigation_start")).toEqual([{ case: CASE, investigator: "house" }]));
    await screen.findByText(/It may take 16 calls, 32 questions/, {}, patient);
  });

  it("can be another one after a conclusion, and is not asked twice about the same", async () => {
    mount(<Window id={FINISHED} />);
    await screen.findByRole("option", { name: /^laptop/ }, patient);
    expect(screen.queryByTestId(testids.investigate)).toBeNull();
    await person.selectOptions(screen.getByTestId(testids.investigator), "laptop");
    expect(words(testids.investigate)).toContain("Begin anew with laptop");
  });

  it("leads to the settings where no model is set up", async () => {
    const inner = recordedHost(demo, 0);
    await inner.call("model_remove", { name: "house" });
    await inner.call("model_remove", { name: "laptop" });
    mount(<Window id={CASE} />, listening(inner));
    const link = await screen.findByTestId(testids.investigatorNone, {}, patient);
    expect(link.getAttribute("href")).toBe("#/settings/models");
  });
});

describe("a model's argument", () => {
  it("shows its chain and says of every citation whether it holds", async () => {
    mount(<Window id={ARGUED} />);
    const argument = await screen.findByTestId(testids.argument, {}, patient);
    const cited = within(argument).getAllByTestId(testids.argumentCitation);
    expect(cited.map((one) => one.dataset["holds"])).toEqual(["true", "true", "true", "false", "true"]);
    expect(cited[3]?.textContent).toContain("does not hold: nothing that was shown is called e9");
    expect(argument.textContent).toContain("1 of 5 citations does not hold");
    expect(argument.textContent).toContain("What would settle it");
    // On the board it stands open where something it cites is not so.
    const onBoard = screen.getByTestId(testids.argumentOnBoard);
    expect(onBoard.hasAttribute("open")).toBe(true);
    expect(onBoard.textContent).toContain("does not hold: nothing that was shown is called e9");
  });

  it("folds a question to a specialist with what it took, and counts the budget once", async () => {
    mount(<Window id={ARGUED} />);
    const hand = await screen.findByTestId<HTMLDetailsElement>(testids.handOver, {}, patient);
    expect(hand.open).toBe(false);
    expect(hand.querySelector("summary")?.textContent).toContain("0 calls of 3 · 2 answers");
    expect(hand.textContent).toContain("A plateau: it stays within 16 MiB");
    expect(words(testids.spent)).toContain("house took 4 of 32 answers · 33 k of 400 k tokens");
  });
});

describe("what left this machine", () => {
  it("is shown by one key as text, with its size, and nothing of it is drawn", async () => {
    mount(<Window id={ARGUED} />);
    await screen.findByTestId(testids.argument, {}, patient);
    await person.keyboard("l");
    const text = await screen.findByTestId(testids.leavesText, {}, patient);
    const { text: left, bytes } = await recordedHost(demo, 0).call("case_leaves", { case: ARGUED });
    expect(text.textContent).toBe(left);
    expect(text.children).toHaveLength(0);
    expect(words(testids.leaves)).toContain(`${bytes} B`);
    const written: string[] = [];
    Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText: async (copied: string) => void written.push(copied) } });
    await person.click(screen.getByTestId(testids.leavesCopy));
    expect(written).toEqual([left]);
  });

  it("is nothing where no model was asked", async () => {
    mount(<Window id={FINISHED} />);
    await screen.findByTestId(testids.conclusion, {}, patient);
    await person.keyboard("l");
    await screen.findByText("Nothing: no model was asked in this case.", {}, patient);
    expect(screen.queryByTestId(testids.leavesCopy)).toBeNull();
  });
});

describe("several calls that wait", () => {
  const propose = async (inner: ReturnType<typeof recordedHost>, replicas: number) =>
    inner.call("call_propose", { case: CASE, tool: "scale", args: { namespace: "shop", name: "cart", replicas }, reason: "" });

  it("are approved together by keys, each with the digest that was shown", async () => {
    const inner = recordedHost(demo, 0);
    const calls = [await propose(inner, 4), await propose(inner, 5)];
    mount(<Window id={CASE} />, listening(inner));
    await screen.findByTestId(testids.pendingCall, {}, patient);
    await person.keyboard("b");
    const listed = await screen.findAllByTestId(testids.approveAllCall);
    expect(listed.map((row) => row.dataset["id"])).toEqual(calls);
    expect(listed.every((row) => row.textContent?.includes(row.dataset["digest"] ?? "?"))).toBe(true);
    await person.keyboard("{Enter}");
    await waitFor(() => expect(requests("calls_approve")).toEqual([{ case: CASE, calls: listed.map((row) => [row.dataset["id"], row.dataset["digest"]]) }]));
    await waitFor(() => expect(screen.queryByTestId(testids.pendingCall)).toBeNull(), patient);
  });

  it("are left to wait where they are taken out of the list or changed since", async () => {
    const inner = recordedHost(demo, 0);
    const calls = [await propose(inner, 4), await propose(inner, 5), await propose(inner, 6)];
    mount(<Window id={CASE} />, listening(inner));
    await screen.findByTestId(testids.pendingCall, {}, patient);
    await person.keyboard("b");
    const [first] = await screen.findAllByTestId(testids.approveAllCall);
    await person.click(within(first as HTMLElement).getByRole("checkbox", { hidden: true }));
    await inner.call("call_try", { case: CASE, call: calls[1] ?? "" });
    await person.click(screen.getByTestId(testids.approveAllConfirm));
    await waitFor(() => expect(screen.queryByTestId(testids.approveAll)).toBeNull());
    await waitFor(() => expect(screen.getAllByTestId(testids.callCard).map((card) => card.dataset["state"])).toEqual(["awaiting_decision", "awaiting_decision", "approved"]), patient);
  });

  it("are not approved together where only one waits", async () => {
    const inner = recordedHost(demo, 0);
    await propose(inner, 4);
    mount(<Window id={CASE} />, listening(inner));
    await screen.findByTestId(testids.pendingCall, {}, patient);
    expect(screen.queryByTestId(testids.approveAllOpen)).toBeNull();
    await person.keyboard("b");
    expect(screen.queryByTestId(testids.approveAll)).toBeNull();
  });
});
