import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { CLUSTER } from "../platform/recordings/demo/names";
import { closedRow } from "../platform/rows";
import { testids } from "../testids";
import { show } from "../testing/show";
import type { Incident, Severity, TriageView } from "../wire/wire";
import { byUrgency, type One } from "./open";

const person = userEvent.setup();

beforeEach(() => {
  show("#/incidents");
});

it("puts the worst first, of the equally bad the newest, what is pinned before all and what is acknowledged after all", () => {
  const one = (severity: Severity, started_at: number, state = "open", pinned = false): One => ({ row: closedRow("c"), pinned, view: {} as TriageView, incident: { id: `${severity}${started_at}`, severity, started_at, state } as Incident });
  const sorted = [one("minor", 9), one("critical", 1), one("critical", 8, "acknowledged"), one("info", 2, "open", true), one("critical", 5), one("major", 7)].sort(byUrgency);
  expect(sorted.map(({ incident }) => incident.id)).toEqual(["info2", "critical5", "critical1", "major7", "minor9", "critical8"]);
});

it("shows the incidents of every open cluster with its name, and names those of which not all is known", async () => {
  const rows = await screen.findAllByTestId(testids.incidentRow, {}, { timeout: 10_000 });
  expect(rows[0]?.textContent).toContain("playground");
  expect(screen.getByTestId("picture-partial").textContent).toContain("payments-team: waits for your trust");
  await person.keyboard("o");
  await waitFor(() => expect(location.hash).toContain(`#/cluster/${encodeURIComponent(CLUSTER)}/`));
});
