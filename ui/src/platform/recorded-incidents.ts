import { objectKey } from "../kit/format";
import type { Arranged, ArrangeIncidents, ClusterAt, Incident, TriageView, Update } from "../wire/wire";
import { failure, type Acts } from "./recorded";

type Decision = Arranged & ArrangeIncidents;

/** Decisions about a recording's incidents, kept as long as the window; the core does it by signals, this by ids. */
export function incidentActs(found: (request: ClusterAt) => TriageView | null, publish: (update: Update) => void): Acts {
  let all: Decision[] = [];
  const said = (cluster: string) => publish({ type: "cluster_changed", cluster });
  return {
    triage_get: (request) => {
      const view = found(request);
      if (!view) throw failure("unavailable", "This recording has no answer to `triage_get`.", "Try it in the window.");
      return request.at === null ? arranged(view, all.filter((d) => d.cluster === request.cluster)) : view;
    },
    incidents_arrange: (request) => {
      const view = found({ cluster: request.cluster, at: null });
      const now = view ? arranged(view, all.filter((d) => d.cluster === request.cluster)) : null;
      const first = now?.triage.incidents.find((i) => i.id === request.incidents[0]);
      if (!first) throw failure("changed", "The incident is no longer what was shown.", "Look at the list again.");
      const decision: Decision = { ...request, id: `decision-${all.length}-${first.id}`, at: Date.now() * 1000, by: "you", title: first.title, incident: first.id };
      all = [...all, decision];
      said(request.cluster);
      return decision;
    },
    incidents_take_back: ({ cluster, id }) => {
      all = all.filter((d) => d.id !== id);
      said(cluster);
      return {};
    },
  };
}

function arranged(view: TriageView, decisions: readonly Decision[]): TriageView {
  let incidents: Incident[] = structuredClone(view.triage.incidents);
  let aside: Incident[] = [];
  const pinned = new Set<string>();
  for (const { id, act, incidents: ids, signals } of decisions) {
    const these = incidents.filter((i) => ids.includes(i.id));
    const [first, ...others] = these;
    if (!first) continue;
    if (act === "acknowledge") first.state = "acknowledged";
    if (act === "pin") pinned.add(first.id);
    if (act === "set_aside") [incidents, aside] = [incidents.filter((i) => i !== first), [...aside, first]];
    if (act === "merge") {
      incidents = incidents.filter((i) => !others.includes(i));
      first.signals.push(...others.flatMap((o) => o.signals));
      first.subjects.push(...others.flatMap((o) => o.subjects));
    }
    if (act === "split") {
      const isOut = (s: Incident["signals"][number]) => signals.some(([name, subject]) => name === s.name && objectKey(subject) === objectKey(s.subject));
      const out = first.signals.filter(isOut);
      first.signals = first.signals.filter((s) => !isOut(s));
      incidents.push({ ...first, id: `incident:${id}`, title: out[0]?.title ?? first.title, signals: out, subjects: out.map((s) => s.subject), origin: out[0]?.subject ?? null, links: [] });
    }
  }
  const place = (i: Incident) => (pinned.has(i.id) ? 0 : i.state === "acknowledged" ? 2 : 1);
  incidents.sort((a, b) => place(a) - place(b));
  return { ...view, triage: { ...view.triage, incidents }, aside, arranged: [...decisions].reverse() };
}
