import { fireEvent, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { handleKey } from "../app/keys";
import type { Call } from "../case/fold";
import { drafts, keepDraft } from "../platform/kept";
import { CASE } from "../platform/recordings/demo/case";
import { testids } from "../testids";
import { mount, requests } from "../testing/show";
import { PendingCall } from "./PendingCall";

const call = (args: Record<string, unknown>): Call =>
  ({
    id: "c9",
    revision: 1,
    digest: "d9",
    risk: "read",
    call: { tool: "list", cluster: "prod", args, reason: "Why.", expects: "", tainted: [] },
    edits: [],
  }) as unknown as Call;
const preview = { does: "Lists nodes.", diff: null, cost: "", undo: null };

it.each([
  ["names none", { kind: "Node" }],
  ["leaves it empty", { kind: "Node", namespace: "" }],
])("a call that %s is never the reason to allow the reads of a whole cluster", (_, args) => {
  mount(<PendingCall caseId={CASE} clusterName="prod" call={call(args)} preview={preview} unseen={null} />);
  expect(screen.getByTestId(testids.approve)).toBeTruthy();
  expect(screen.queryByTestId(testids.allowRule)).toBeNull();
  window.addEventListener("keydown", handleKey);
  fireEvent.keyDown(document.body, { key: "A", shiftKey: true });
  window.removeEventListener("keydown", handleKey);
  expect(requests("rule_allow")).toEqual([]);
});

it("a call that names a namespace offers to allow the reads of that one", () => {
  mount(<PendingCall caseId={CASE} clusterName="prod" call={call({ namespace: "shop" })} preview={preview} unseen={null} />);
  expect(screen.getByTestId(testids.allowRule).textContent).toContain("in shop");
});

const asks = () => <PendingCall caseId={CASE} clusterName="prod" call={call({ namespace: "shop", kind: "Pod" })} preview={preview} unseen={null} />;

it("an edit that was left is offered again, also where its text cannot be read yet", async () => {
  const first = mount(asks());
  fireEvent.click(screen.getByTestId(testids.edit));
  fireEvent.change(screen.getByTestId(testids.editWhy), { target: { value: "the other one" } });
  first.unmount();
  keepDraft(drafts()[0] ?? "", { at: 1, on: null, value: { text: '{"namespace": "sh', why: "the other one" } });
  mount(asks());
  expect(screen.getByTestId(testids.edit).textContent).toContain("Edit on");
  fireEvent.click(screen.getByTestId(testids.edit));
  expect((screen.getByTestId(testids.editWhy) as HTMLInputElement).value).toBe("");
  fireEvent.click(screen.getByTestId(testids.draftTake));
  expect((screen.getByTestId(testids.editWhy) as HTMLInputElement).value).toBe("the other one");
  expect(screen.getByTestId(testids.editApprove).getAttribute("title")).toContain("cannot be read");
});

it("words of a refusal stay until they are sent", async () => {
  const first = mount(asks());
  fireEvent.click(screen.getByTestId(testids.deny));
  fireEvent.change(screen.getByTestId(testids.denyReason), { target: { value: "not at night" } });
  first.unmount();
  mount(asks());
  fireEvent.click(screen.getByTestId(testids.deny));
  fireEvent.click(screen.getByTestId(testids.draftTake));
  expect((screen.getByTestId(testids.denyReason) as HTMLTextAreaElement).value).toBe("not at night");
  expect(drafts()).toEqual([`words:deny:${CASE}:c9`]);
});
