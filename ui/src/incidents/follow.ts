import { objectKey } from "../kit/format";
import type { Incident } from "../wire/wire";

const signalsOf = (incident: Incident) => new Set(incident.signals.map((s) => `${s.name} ${objectKey(s.subject)}`));
const subjectsOf = (incident: Incident) => new Set(incident.subjects.map(objectKey));
const shared = (a: ReadonlySet<string>, b: ReadonlySet<string>) => [...a].filter((one) => b.has(one)).length;

/**
 * The incident that `before` has become. An id is made of what an incident is about and moves when that grows; the one that
 * shares most signals with it is the same trouble, or else the one that shares most subjects. Null: it is no longer there.
 */
export function follow(incidents: readonly Incident[], before: Incident): Incident | null {
  const same = incidents.find((one) => one.id === before.id);
  if (same) return same;
  const [signals, subjects] = [signalsOf(before), subjectsOf(before)];
  let best: { incident: Incident; by: number } | null = null;
  for (const incident of incidents) {
    const by = shared(signals, signalsOf(incident)) * 1000 + shared(subjects, subjectsOf(incident));
    if (by > (best?.by ?? 0)) best = { incident, by };
  }
  return best?.incident ?? null;
}
