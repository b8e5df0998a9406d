import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { CLUSTER } from "../platform/recordings/demo/names";
import { testids } from "../testids";
import { requests, show } from "../testing/show";

const person = userEvent.setup();
const patient = { timeout: 20_000 };
const ids = () => screen.getAllByTestId(testids.incidentRow).map((row) => row.dataset["id"]);

beforeEach(async () => {
  show(`#/cluster/${encodeURIComponent(CLUSTER)}`);
  await screen.findAllByTestId(testids.incidentRow, {}, patient);
});

it("acknowledges by one key and takes it back by the same one", async () => {
  await person.keyboard("a");
  await waitFor(() => expect(ids().at(-1)).toBe("incident:cart"), patient);
  expect(screen.getByTestId(testids.told).textContent).toContain("Acknowledged, until it gets worse");
  await waitFor(() => expect(screen.getByTestId(testids.incidentAcknowledge).getAttribute("aria-pressed")).toBe("true"), patient);
  await person.keyboard("a");
  await waitFor(() => expect(ids()[0]).toBe("incident:cart"), patient);
  expect(requests("incidents_arrange")).toHaveLength(1);
});

it("sets an incident aside, says where it is, and undo brings it back", async () => {
  await person.keyboard("e");
  await waitFor(() => expect(ids()).not.toContain("incident:cart"), patient);
  expect(screen.getByTestId(testids.aside).textContent).toContain("1 incident set aside by you");
  await person.keyboard("u");
  await waitFor(() => expect(ids()).toContain("incident:cart"), patient);
  expect(screen.queryByTestId(testids.aside)).toBeNull();
});

it("pins to the top, and the ledger takes it back", async () => {
  await person.click(screen.getAllByTestId(testids.incidentRow)[2] as HTMLElement);
  await waitFor(() => expect(location.hash).toContain("claim"), patient);
  await person.keyboard("p");
  await waitFor(() => expect(ids()[0]).toBe("incident:claim"), patient);
  await person.click(screen.getByTestId(testids.takeBack));
  await waitFor(() => expect(ids()[0]).toBe("incident:cart"), patient);
});

it("takes chosen signals out of an incident, and never all of them", async () => {
  await person.keyboard("x");
  const dialog = await screen.findByTestId(testids.split, {}, patient);
  const boxes = within(dialog).getAllByTestId(testids.splitSignal);
  expect(screen.getByTestId(testids.splitConfirm).getAttribute("aria-disabled")).toBe("true");
  for (const box of boxes) await person.click(box);
  expect(screen.getByTestId(testids.splitConfirm).getAttribute("title")).toBe("something has to stay");
  for (const box of boxes.slice(1)) await person.click(box);
  await person.click(screen.getByTestId(testids.splitConfirm));
  await waitFor(() => expect(ids()).toHaveLength(4), patient);
  expect(requests("incidents_arrange")).toEqual([{ cluster: CLUSTER, incidents: ["incident:cart"], act: "split", signals: [["container_oom_killed", { kind: "Deployment", namespace: "shop", name: "cart" }]] }]);
});

it("puts two incidents together", async () => {
  await person.keyboard("{Shift>}m{/Shift}");
  await screen.findByTestId(testids.merge, {}, patient);
  await person.click(screen.getAllByTestId(testids.mergeOther)[0] as HTMLElement);
  await waitFor(() => expect(ids()).toEqual(["incident:cart", "incident:claim"]), patient);
});
