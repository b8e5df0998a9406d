import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import type { Host } from "../platform/host";
import { recordedHost } from "../platform/recorded";
import { demo } from "../platform/recordings/demo";
import { CLUSTER } from "../platform/recordings/demo/names";
import { testids } from "../testids";
import { listening, requests, show } from "../testing/show";
import type { Incident, TriageView, Update } from "../wire/wire";
import { follow } from "./follow";

const person = userEvent.setup();
const patient = { timeout: 20_000 };

/** The demo cluster, whose incidents can become others while somebody looks. */
function changing() {
  const inner = recordedHost(demo, 0);
  const hearing = new Set<(update: Update) => void>();
  let becomes = (incidents: Incident[]) => incidents;
  const host = {
    ...inner,
    async call(name: never, request: never) {
      const answer = structuredClone(await inner.call(name, request)) as unknown;
      if (name === "triage_get") {
        const view = answer as TriageView;
        view.triage.incidents = becomes(view.triage.incidents);
      }
      return answer;
    },
    subscribe(listener: (update: Update) => void) {
      hearing.add(listener);
      return inner.subscribe(listener);
    },
  } as unknown as Host;
  const change = (next: typeof becomes) =>
    act(async () => {
      becomes = next;
      for (const hear of hearing) hear({ type: "cluster_changed", cluster: CLUSTER });
      await new Promise((done) => setTimeout(done, 0));
    });
  return { host, change };
}

it("an incident whose id moved is followed, and what was typed beside it stays", async () => {
  const { host, change } = changing();
  show(`#/cluster/${encodeURIComponent(CLUSTER)}`, listening(host));
  const field = await screen.findByTestId(testids.caseQuestion, {}, patient);
  await person.type(field, "why at night");
  await change(([first, ...rest]) => [...rest, { ...(first as Incident), id: "incident:moved", title: "`cart` and more" }]);
  await waitFor(() => expect(screen.getByTestId(testids.incidentDetail).textContent).toContain("cart and more"), patient);
  expect(screen.getByTestId<HTMLInputElement>(testids.caseQuestion).value).toBe("why at night");
  await person.type(field, "{Enter}");
  await waitFor(() => expect(requests("case_open")).toMatchObject([{ incidents: ["incident:moved"], question: "why at night" }]));
});

it("an incident that is over is said to be no longer there, and no other one takes its place", async () => {
  const { host, change } = changing();
  show(`#/cluster/${encodeURIComponent(CLUSTER)}`, listening(host));
  await screen.findByTestId(testids.incidentDetail, {}, patient);
  await change(([, ...rest]) => rest);
  expect((await screen.findByTestId(testids.incidentLost, {}, patient)).textContent).toContain("no longer there");
  await person.keyboard("o");
  expect(requests("case_open")).toEqual([]);
  await person.keyboard("j");
  expect(await screen.findByTestId(testids.incidentDetail, {}, patient)).toBeTruthy();
});

it("a link to an incident that is not there shows no other one", async () => {
  show(`#/cluster/${encodeURIComponent(CLUSTER)}/incident%3Along-ago`);
  expect(await screen.findByTestId(testids.incidentLost, {}, patient)).toBeTruthy();
  expect(screen.queryByTestId(testids.incidentDetail)).toBeNull();
});

it("Enter opens no case where the button says why it cannot", async () => {
  show(`#/cluster/${encodeURIComponent(CLUSTER)}?time=2026-11-23T02:55:00Z&by=known`);
  await person.type(await screen.findByTestId(testids.caseQuestion, {}, patient), "why{Enter}");
  expect(requests("case_open")).toEqual([]);
});

it("of several the one that shares most signals is the same trouble", () => {
  const [first, second] = (demo.answers.find((a) => a.name === "triage_get")?.response as TriageView).triage.incidents as [Incident, Incident];
  expect(follow([second, { ...second, id: "x", subjects: first.subjects }, { ...first, id: "y" }], first)?.id).toBe("y");
  expect(follow([second], first)).toBeNull();
});
