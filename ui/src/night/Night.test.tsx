import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { CASE, FINISHED } from "../platform/recordings/demo/case";
import { testids } from "../testids";
import { recordedHost } from "../platform/recorded";
import { demo } from "../platform/recordings/demo";
import { CLUSTER } from "../platform/recordings/demo/names";
import { listening, requests, show } from "../testing/show";
import type { ClusterRow } from "../wire/wire";

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

it("shows what waits for a decision when no cluster is open, and opens again what was open last by one click", async () => {
  const inner = recordedHost(demo, 0);
  const rows = (demo.answers.find((a) => a.name === "clusters_list")?.response as ClusterRow[]).map((row) => ({ ...row, state: { ...row.state, phase: "closed" as const } }));
  const asks = { id: CASE, title: "cart is killed", cluster: CLUSTER, cluster_name: "playground", opened_at: 0, updated_at: 0, incidents: [], concluded: false, waiting: 1 };
  const answers: Record<string, unknown> = { clusters_list: rows, cases_list: [asks] };
  localStorage.setItem("open-last", JSON.stringify([CLUSTER, "cluster:gone"]));
  const host = listening({ ...inner, call: ((name: never, request: never) => (name in answers ? Promise.resolve(answers[name]) : inner.call(name, request))) as typeof inner.call });
  show("#/night", host);
  expect((await screen.findByText(/1 decision waits for you/, {}, patient)).closest("a")?.getAttribute("href")).toBe(`#/night/${CASE}`);
  expect(requests("cluster_open")).toEqual([]);
  await person.click(screen.getByTestId(testids.openAgain));
  expect(requests("cluster_open")).toEqual([{ cluster: CLUSTER }]);
});
