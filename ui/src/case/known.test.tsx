import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { toHash } from "../app/route";
import { FINISHED, finishedCase } from "../platform/recordings/demo/case";
import { CLUSTER } from "../platform/recordings/demo/names";
import { Chips, EvidenceProvider, isLater } from "../kit";
import { testids } from "../testids";
import { mount, requests, show } from "../testing/show";
import type { CommandName } from "../platform";

const person = userEvent.setup();
const patient = { timeout: 20_000 };
const cart = { kind: "Deployment", namespace: "shop", name: "cart" };
const then = finishedCase.events[3]?.at ?? 0;
const last = (name: CommandName) => requests(name).at(-1) as { at: number | null; known?: boolean } | undefined;
const bound = ["graph_get", "object_get", "triage_get"] as const;

const open = () => show(toHash({ at: "case", case: FINISHED, place: { time: then, known: false, object: cart, evidence: null, large: null } }));

it("one key sets the whole window to what was known at the shown time, and back", async () => {
  open();
  await screen.findByTestId(testids.inspector, {}, patient);
  await waitFor(() => {
    for (const name of bound) expect(last(name), name).toMatchObject({ at: then });
  }, patient);
  expect(last("graph_get")?.known).toBeUndefined();
  await person.keyboard("vk");
  await waitFor(() => {
    for (const name of bound) expect(last(name), name).toMatchObject({ at: then, known: true });
  }, patient);
  expect(screen.getByTestId(testids.caseScreen).dataset["by"]).toBe("known");
  expect(screen.getByTestId(testids.timelineBy).dataset["by"]).toBe("known_at");
  await waitFor(() => expect(location.hash).toContain("by=known"), patient);
  await person.keyboard("vk");
  await waitFor(() => expect(screen.getByTestId(testids.caseScreen).dataset["by"]).toBe("happened"));
});

it("leads from the case to the incidents of that time, where nothing of the present can be decided", async () => {
  open();
  const link = await screen.findByTestId(testids.incidentsThen, {}, patient);
  await person.keyboard("vk");
  await waitFor(() => expect(link.getAttribute("href")).toContain("by=known"));
  act(() => void (location.hash = link.getAttribute("href") ?? ""));
  expect((await screen.findByTestId(testids.thenBar, {}, patient)).textContent).toContain("What was known at");
  expect((await screen.findByTestId(testids.caseOpen, {}, patient)).getAttribute("aria-disabled")).toBe("true");
  await person.keyboard("0");
  await waitFor(() => expect(screen.queryByTestId(testids.thenBar)).toBeNull());
  expect(location.hash).toBe(toHash({ at: "cluster", cluster: CLUSTER, incident: null }));
});

it("tells evidence that was later than the shown time by its name and its look", () => {
  const evidence = { cluster: CLUSTER, numbers: new Map([["obs:1", 1], ["obs:2", 2]]), chosen: null, pointed: null, choose: () => {}, point: () => {}, later: new Set(["obs:2"]), laterWords: "not known at the shown time" };
  mount(
    <EvidenceProvider value={evidence}>
      <Chips ids={["obs:1", "obs:2"]} />
    </EvidenceProvider>,
  );
  expect(screen.getByLabelText("Evidence 1").dataset["later"]).toBeUndefined();
  expect(screen.getByLabelText("Evidence 2, not known at the shown time").dataset["later"]).toBe("true");
});

it.each([
  [null, true, false],
  [150, false, false],
  [150, true, true],
  [250, true, false],
  [50, false, true],
] as const)("at %s, known %s: what happened at 100 and was learnt at 200 is later: %s", (time, known, later) => {
  expect(isLater({ at: 100, seen_at: 200 }, time, known)).toBe(later);
});
