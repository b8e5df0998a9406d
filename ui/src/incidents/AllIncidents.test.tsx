import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { CLUSTER } from "../platform/recordings/demo/names";
import { closedRow } from "../platform/rows";
import { testids } from "../testids";
import { show } from "../testing/show";
import type { Incident, Severity } from "../wire/wire";
import { byUrgency } from "./open";

const person = userEvent.setup();

beforeEach(() => {
  show("#/incidents");
});

it("puts the worst first, and of the equally bad the newest", () => {
  const one = (severity: Severity, started_at: number) => ({ row: closedRow("c"), incident: { id: `${severity}${started_at}`, severity, started_at } as Incident });
  const sorted = [one("minor", 9), one("critical", 1), one("critical", 5), one("major", 7)].sort(byUrgency);
  expect(sorted.map(({ incident }) => incident.id)).toEqual(["critical5", "critical1", "major7", "minor9"]);
});

it("shows the incidents of every open cluster with its name, and names those of which not all is known", async () => {
  const rows = await screen.findAllByTestId(testids.incidentRow, {}, { timeout: 10_000 });
  expect(rows[0]?.textContent).toContain("playground");
  expect(screen.getByTestId("picture-partial").textContent).toContain("payments-team: waits for your trust");
  await person.keyboard("o");
  await waitFor(() => expect(location.hash).toContain(`#/cluster/${encodeURIComponent(CLUSTER)}/`));
});
