import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { CASE, FINISHED } from "../platform/recordings/demo/case";
import { testids } from "../testids";
import { requests, show } from "../testing/show";

const person = userEvent.setup();
const patient = { timeout: 20_000 };
const isDark = () => document.documentElement.dataset["night"] === "on";

it("shows the worst incident first, goes to work on it by one key, and asks there as everywhere", async () => {
  show("#/night");
  const rows = await screen.findAllByTestId(testids.nightIncident, {}, patient);
  expect(rows[0]?.dataset["id"]).toBe("incident:cart");
  expect(rows.length).toBeLessThanOrEqual(5);
  expect(isDark()).toBe(true);
  await person.keyboard("o");
  await screen.findByTestId(testids.nightCase, {}, patient);
  expect(location.hash).toBe(`#/night/${CASE}`);
  await person.keyboard("i");
  const card = await screen.findByTestId(testids.pendingCall, {}, patient);
  // A key answers only what has been there long enough to be seen.
  await waitFor(() => expect(screen.getByTestId(testids.dock).dataset["seen"]).toBe("true"));
  await person.keyboard("a");
  await waitFor(() => expect(requests("call_approve")).toEqual([{ case: CASE, call: "c1", digest: card.dataset["digest"] }]));
});

it("begins with the case that is shown, and leaves to it with the light as it was", async () => {
  show(`#/case/${FINISHED}`);
  await screen.findByTestId(testids.caseScreen, {}, patient);
  await person.keyboard("m");
  const verdict = await screen.findByTestId(testids.nightVerdict, {}, patient);
  expect(verdict.textContent).toContain("was halved to 256Mi");
  expect(screen.getByText("Next safe step")).toBeTruthy();
  await person.keyboard("m");
  await screen.findByTestId(testids.caseScreen, {}, patient);
  expect(isDark()).toBe(false);
});

it("takes the hand-off note to the clipboard, and says so", async () => {
  const written = vi.fn(() => Promise.resolve());
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText: written } });
  show(`#/night/${FINISHED}`);
  await screen.findByTestId(testids.nightCase, {}, patient);
  await person.keyboard("h");
  expect((await screen.findByTestId(testids.handOffText, {}, patient)).textContent).toContain("Verdict");
  await person.click(screen.getByTestId(testids.handOffCopy));
  await waitFor(() => expect(screen.getByTestId(testids.told).textContent).toContain("The hand-off note copied."));
  expect(written).toHaveBeenCalledWith(expect.stringContaining("# Hand-off: `cart`"));
});
