import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { FINISHED } from "../platform/recordings/demo/case";
import { testids } from "../testids";
import { listening, requests, show } from "../testing/show";
import type { Host } from "../platform/host";
import type { ScenarioVerdict } from "../wire/wire";

const person = userEvent.setup();
const patient = { timeout: 20_000 };

/** A recording that can play a scenario: it is the practice cluster. */
function playing(score: ScenarioVerdict | null = null): Host {
  const host = listening();
  return {
    ...host,
    call: async (name, request) => {
      if (name === "scenario_play") return (await host.call("clusters_list", {})).find((row) => row.kind === "playground") as never;
      return name === "scenario_score" ? (score as never) : host.call(name, request);
    },
  };
}

it("does not tell by a name what is wrong, unless it is asked to", async () => {
  show("#/scenarios");
  const [first] = await screen.findAllByTestId(testids.scenarioRow, {}, patient);
  expect(first?.textContent).toBe("1");
  await person.click(screen.getByTestId(testids.scenarioTitles));
  expect(screen.getAllByTestId(testids.scenarioRow)[0]?.textContent).toContain("of what a recording has");
});

it("plays a scenario and goes where it can be investigated", async () => {
  show("#/scenarios", playing());
  await screen.findAllByTestId(testids.scenarioRow, {}, patient);
  await person.keyboard("r");
  await waitFor(() => expect(location.hash).toBe("#/cluster/cluster%3Aplayground"), patient);
});

it("runs the suite with its progress, and can be stopped", async () => {
  show("#/scenarios");
  await screen.findByTestId(testids.run, {}, patient);
  await person.keyboard("{Shift>}r{/Shift}");
  const progress = await screen.findByTestId(testids.evalsProgress, {}, patient);
  await waitFor(() => expect(progress.textContent).toMatch(/\d+ of 198 · \d+ right/), patient);
  await person.click(screen.getByTestId(testids.evalsStop));
  await screen.findByTestId(testids.evalsStart, {}, patient);
  expect(requests("evals_start")).toEqual([{ only: "" }]);
});

it("compares an earlier run with the one that is shown", async () => {
  show("#/scenarios");
  await person.click(await screen.findByTestId(testids.runCompare, {}, patient));
  const compared = await screen.findByTestId(testids.runsCompared, {}, patient);
  expect(compared.dataset["worse"]).toBe("false");
  expect(compared.textContent).toContain("Helped 1");
  expect(requests("runs_compare")).toEqual([{ before: "1", now: "2" }]);
});

it("says at a concluded case on a scenario how it compares with the truth", async () => {
  const score: ScenarioVerdict = { name: "x", category: "storage", healthy: false, right: false, object_right: true, mode_right: false, fix_right: null, fix_forbidden: false, evidence_cited: 0.5, abstained: false, calls: 2, seconds: 0, said: "", truth: "memory-leak @ Deployment/shop/cart", says: "It leaks.", failed: null };
  show(`#/case/${FINISHED}`, playing(score));
  const block = await screen.findByTestId(testids.score, {}, patient);
  expect(block.textContent).toContain("Not right");
  expect(block.textContent).toContain("the object was right");
  expect(block.textContent).toContain("It leaks. memory-leak @ Deployment/shop/cart");
  expect(block.textContent).not.toContain("the fix");
});
