import { objectKey } from "../kit/format";
import type { GraphView, NodeState, Severity } from "../wire/wire";

/** How an object differs from what it was at the other time. */
export type Difference = "new" | "gone" | "worse" | "better" | "other";

export interface Differences {
  objects: ReadonlyMap<string, { how: Difference; before: string; now: string }>;
  /** Edges that are there now and were not, and the other way round, in words. */
  edges: { now: string[]; before: string[] };
}

/** The sign on a box: it says the same without its colour. */
export const sign: Record<Difference, string> = { new: "+", gone: "−", worse: "▲", better: "▼", other: "~" };
export const word: Record<Difference, string> = { new: "was not there", gone: "is gone", worse: "got worse", better: "got better", other: "is different" };

const weight = (severity: Severity | null): number => (severity === null ? 0 : { info: 0, minor: 1, major: 2, critical: 3 }[severity]);

function howOf(before: NodeState | undefined, now: NodeState | undefined): Difference | null {
  const [was, is] = [before?.exists ?? false, now?.exists ?? false];
  if (!was && !is) return null;
  if (!was) return "new";
  if (!is) return "gone";
  const by = weight(now?.severity ?? null) - weight(before?.severity ?? null);
  if (by !== 0) return by > 0 ? "worse" : "better";
  return before?.status === now?.status ? null : "other";
}

/**
 * What differs between two times, of all that either of them has. A picture that was cut (`hidden`) does not say that what it
 * lacks was not there: of that nothing is said.
 */
export function differences(before: GraphView, now: GraphView): Differences {
  const states = (view: GraphView) => new Map(view.states.map((s) => [objectKey(s.object), s]));
  const [was, is] = [states(before), states(now)];
  const objects = new Map<string, { how: Difference; before: string; now: string }>();
  for (const key of new Set([...was.keys(), ...is.keys()])) {
    if ((!was.has(key) && before.layout.hidden > 0) || (!is.has(key) && now.layout.hidden > 0)) continue;
    const how = howOf(was.get(key), is.get(key));
    if (how) objects.set(key, { how, before: was.get(key)?.status ?? "", now: is.get(key)?.status ?? "" });
  }
  const edges = (view: GraphView, other: GraphView, there: ReadonlyMap<string, NodeState>) =>
    view.layout.edges.map((e) => ({ words: `${objectKey(e.from)} ${e.relation.replaceAll("_", " ")} ${objectKey(e.to)}`, told: other.layout.hidden === 0 || (there.has(objectKey(e.from)) && there.has(objectKey(e.to))) }));
  const [then, today] = [edges(before, now, is), edges(now, before, was)];
  const lacking = (from: typeof then, other: typeof then) => {
    const has = new Set(other.map((e) => e.words));
    return [...new Set(from.filter((e) => e.told && !has.has(e.words)).map((e) => e.words))];
  };
  return { objects, edges: { now: lacking(today, then), before: lacking(then, today) } };
}
