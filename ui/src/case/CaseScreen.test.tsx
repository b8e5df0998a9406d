import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { useKeyboard } from "../app/keys";
import { useUpdates } from "../ipc";
import { CASE } from "../platform/recordings/demo/case";
import { testids } from "../testids";
import { mount, requests } from "../testing/show";
import { CaseScreen } from "./CaseScreen";

function Window() {
  useUpdates();
  useKeyboard();
  return <CaseScreen id={CASE} />;
}

const person = userEvent.setup();
const patient = { timeout: 20_000 };

beforeEach(() => {
  mount(<Window />);
});

async function untilAsked() {
  await person.click(await screen.findByTestId(testids.investigate, {}, patient));
  return untilSeen(testids.pendingCall);
}

/** A question that has been there for as long as it takes to see it. */
async function untilSeen(question: string) {
  const card = await screen.findByTestId(question, {}, patient);
  await waitFor(() => expect(screen.getByTestId(testids.dock).dataset["seen"]).toBe("true"), patient);
  return card;
}

describe("the case screen", () => {
  it("approves by one key exactly the call that was shown", async () => {
    const card = await untilAsked();
    expect(within(card).getByText("logs")).toBeTruthy();
    await person.keyboard("a");
    await waitFor(() => expect(requests("call_approve")).toEqual([{ case: CASE, call: "c1", digest: card.dataset["digest"] }]));
    await untilSeen(testids.pendingResult);
  });

  it("does not answer the next question with the second half of a double click", async () => {
    await untilAsked();
    const approve = screen.getByTestId(testids.approve);
    fireEvent.click(approve, { detail: 1 });
    await untilSeen(testids.pendingResult);
    fireEvent.click(screen.getByTestId(testids.release), { detail: 2 });
    expect(requests("result_release")).toEqual([]);
    fireEvent.click(screen.getByTestId(testids.release), { detail: 1 });
    await waitFor(() => expect(requests("result_release")).toHaveLength(1));
  });

  it("does not answer the next question with the second press of a key", async () => {
    await untilAsked();
    await person.keyboard("a");
    await screen.findByTestId(testids.pendingResult, {}, patient);
    await person.keyboard("r");
    expect(requests("result_release")).toEqual([]);
    await untilSeen(testids.pendingResult);
    await person.keyboard("r");
    await waitFor(() => expect(requests("result_release")).toHaveLength(1));
  });

  it("says which decision waits while another panel is the whole screen, and answers it by no key there", async () => {
    await untilAsked();
    expect(screen.queryByTestId(testids.caseAsks)).toBeNull();
    await person.keyboard("z2");
    expect(screen.getByTestId(testids.caseAsks).textContent).toContain("logs waits for your decision");
    await person.keyboard("a");
    await person.keyboard("{Shift>}a{/Shift}");
    expect(requests("call_approve")).toEqual([]);
    expect(requests("rule_allow")).toEqual([]);
    await person.keyboard("4");
    expect(screen.queryByTestId(testids.caseAsks)).toBeNull();
    await person.keyboard("a");
    await waitFor(() => expect(requests("call_approve")).toHaveLength(1));
  });

  it("opens the drawer over whichever panel is the whole screen", async () => {
    await untilAsked();
    const [chip] = within(screen.getByTestId("panel-board")).getAllByTestId(testids.chip);
    if (!chip) throw new Error("no hypothesis cites anything");
    await person.click(chip);
    for (const [keys, panel] of [["z2", "graph"], ["z1", "timeline"], ["z4", "conversation"], ["z4", "board"]] as const) {
      await person.keyboard(keys);
      expect(screen.getByTestId(testids.inspector).closest("[data-panel]")?.getAttribute("data-panel")).toBe(panel);
    }
  });

  it("edits an argument in the form, says what differs and tells the investigator why", async () => {
    await untilAsked();
    await person.keyboard("e");
    expect(screen.getByTestId(testids.editApprove).getAttribute("aria-disabled")).toBe("true");
    const tail = await screen.findByLabelText("tail");
    await person.clear(tail);
    await person.type(tail, "900");
    await person.type(screen.getByTestId(testids.editWhy), "too short");
    await person.click(screen.getByTestId(testids.editApprove));
    await waitFor(() =>
      expect(requests("call_edit")).toEqual([
        { case: CASE, call: "c1", args: { namespace: "shop", workload: "cart", previous: true, tail: 900 }, why: "too short", approve: true },
      ]),
    );
  });

  it("refuses an argument that the tool would refuse, before anything is sent", async () => {
    await untilAsked();
    await person.keyboard("e");
    const tail = await screen.findByLabelText("tail");
    await person.clear(tail);
    await person.type(tail, "99999");
    expect(screen.getByText("It must be 5000 or less.")).toBeTruthy();
    expect(screen.getByTestId(testids.editApprove).getAttribute("aria-disabled")).toBe("true");
  });

  it("denies with words", async () => {
    await untilAsked();
    await person.keyboard("d");
    await person.type(screen.getByTestId(testids.denyReason), "not tonight{Enter}");
    await waitFor(() => expect(requests("call_deny")).toEqual([{ case: CASE, call: "c1", reason: "not tonight" }]));
    await waitFor(() => expect(screen.getAllByTestId(testids.callCard)[0]?.dataset["state"]).toBe("denied"), patient);
  });

  it("releases only the text that the engineer left, and shows every redaction", async () => {
    await untilAsked();
    await person.keyboard("a");
    const card = await untilSeen(testids.pendingResult);
    expect(card.querySelectorAll("mark")).toHaveLength(2);
    await person.keyboard("t");
    const text = screen.getByTestId<HTMLTextAreaElement>(testids.releaseText);
    text.setSelectionRange(0, 0);
    await person.click(screen.getByTestId(testids.releaseRedact));
    await person.click(screen.getByTestId(testids.releaseEdited));
    await waitFor(() => expect(requests("result_release")).toHaveLength(1));
    const [request] = requests("result_release") as { text: string }[];
    expect(request?.text).toContain("[withheld: by the engineer]");
    expect(request?.text).not.toContain("redis:6379");
  });

  it("moves the hypotheses when evidence is released and cites what it concludes", async () => {
    await untilAsked();
    const before = Number(screen.getAllByTestId(testids.probability)[0]?.dataset["value"]);
    await person.keyboard("a");
    await untilSeen(testids.pendingResult);
    await person.keyboard("r");
    await waitFor(() => expect(Number(screen.getAllByTestId(testids.probability)[0]?.dataset["value"])).toBeGreaterThan(before), patient);
    await untilSeen(testids.pendingCall);
    await person.keyboard("a");
    await untilSeen(testids.pendingResult);
    await person.keyboard("r");
    const conclusion = await screen.findByTestId(testids.conclusion, {}, patient);
    const [chip] = within(conclusion).getAllByTestId(testids.chip);
    if (!chip) throw new Error("the conclusion cites nothing");
    await person.click(chip);
    expect((await screen.findByTestId(testids.observationText, {}, patient)).textContent).toContain("Memory cgroup out of memory");
  });
});
