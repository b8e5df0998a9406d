import { waitFor } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { useUpdates } from "../ipc";
import type { Host } from "../platform/host";
import { recordedHost } from "../platform/recorded";
import { demo } from "../platform/recordings/demo";
import { incidents } from "../platform/recordings/demo/incidents";
import { CLUSTER } from "../platform/recordings/demo/names";
import { mount } from "../testing/show";
import type { Incident, TriageView, Update } from "../wire/wire";
import { type Choice, UNTOLD } from "./choice";
import { Watch } from "./Watch";

beforeEach(() => localStorage.clear());

function Listening({ choice }: { choice: Choice }) {
  useUpdates();
  return <Watch choice={choice} />;
}

/** A host whose first cluster gets another incident when it is told to. */
function hostWith() {
  const inner = recordedHost(demo, 0);
  const said: string[] = [];
  const places: (string | null)[] = [];
  const shown: (string | null)[] = [];
  const more: Incident[] = [];
  const listeners = new Set<(update: Update) => void>();
  const host: Host = {
    ...inner,
    desktop: {
      openWindow: () => Promise.resolve(),
      notify: (about, title, _body, place) => (said.push(`${title}: ${about}`), places.push(place), Promise.resolve(true)),
      tray: (words) => (shown.push(words), Promise.resolve(true)),
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return inner.subscribe(listener);
    },
    async call(name, request) {
      const answer = await inner.call(name, request);
      if (name !== "triage_get" || (request as { cluster: string }).cluster !== CLUSTER) return answer;
      const view = answer as TriageView;
      return { ...view, triage: { ...view.triage, incidents: [...view.triage.incidents, ...more] } } as typeof answer;
    },
  };
  const grow = (id: string) => {
    const [first] = incidents as [Incident];
    more.push({ ...first, id, signals: first.signals.map((s) => ({ ...s, subject: { ...s.subject, name: id } })) });
    for (const listener of listeners) listener({ type: "cluster_changed", cluster: CLUSTER });
  };
  return { host, said, places, shown, grow };
}

it("tells of an incident that begins, not of what was there, and once however many windows look", async () => {
  const { host, said, places, shown, grow } = hostWith();
  mount(<Listening choice={{ ...UNTOLD, told: true, tray: true }} />, host);
  await vi.waitFor(() => expect(shown.at(-1)).toMatch(/\d+ open incidents/), 10_000);
  expect(said).toEqual([]);
  grow("incident:new");
  await waitFor(() => expect(said).toHaveLength(1), { timeout: 10_000 });
  expect(said[0]).toMatch(/^Critical incident in .*: cluster:playground .*\/incident:new@3$/);
  expect(places).toEqual(["#/cluster/cluster%3Aplayground/incident%3Anew"]);
  // Another window of the same desk, later: it is told already.
  mount(<Listening choice={{ ...UNTOLD, told: true }} />, host);
  grow("incident:newer");
  await waitFor(() => expect(said.some((one) => one.endsWith("/incident:newer@3"))).toBe(true), { timeout: 10_000 });
  expect(said.filter((one) => one.endsWith("/incident:new@3"))).toHaveLength(1);
}, 40_000);
