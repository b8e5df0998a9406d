import { objectKey } from "../kit/format";
import type { Edge, GraphView, ObjectRef } from "../wire/wire";

/** Neighbours of every object: `down` is what it depends on, `up` is what depends on it. */
export interface Ways {
  down: ReadonlyMap<string, string[]>;
  up: ReadonlyMap<string, string[]>;
}

export function waysOf(edges: readonly Edge[]): Ways {
  const down = new Map<string, string[]>();
  const up = new Map<string, string[]>();
  for (const edge of edges) {
    const [from, to] = [objectKey(edge.from), objectKey(edge.to)];
    put(down, from, to);
    put(up, to, from);
  }
  return { down, up };
}

function put(ways: Map<string, string[]>, from: string, to: string): void {
  const known = ways.get(from);
  if (known) known.push(to);
  else ways.set(from, [to]);
}

/** The fewest steps from one object to each that can be reached, as the object before it. */
function reached(from: string, next: (key: string) => readonly string[]): Map<string, string | null> {
  const before = new Map<string, string | null>([[from, null]]);
  const queue = [from];
  // The queue grows while it is gone through.
  for (const at of queue) {
    for (const to of next(at)) {
      if (before.has(to)) continue;
      before.set(to, at);
      queue.push(to);
    }
  }
  return before;
}

function trace(before: ReadonlyMap<string, string | null>, to: string): string[] {
  const path: string[] = [];
  for (let at: string | null | undefined = to; at != null; at = before.get(at)) path.unshift(at);
  return path;
}

/**
 * The shortest way between two objects: along what one needs, else along what needs it, else any way at all. Empty where
 * nothing of what is drawn connects them.
 */
export function pathBetween(ways: Ways, from: string, to: string): string[] {
  const steps = [
    (key: string) => ways.down.get(key) ?? [],
    (key: string) => ways.up.get(key) ?? [],
    (key: string) => [...(ways.down.get(key) ?? []), ...(ways.up.get(key) ?? [])],
  ];
  for (const next of steps) {
    const before = reached(from, next);
    if (before.has(to)) return trace(before, to);
  }
  return [];
}

/** An object and everything that needs it, directly or through others. */
export const blastRadius = (ways: Ways, of: string): string[] => [...reached(of, (key) => ways.up.get(key) ?? []).keys()];

/**
 * The way from a symptom down to where it breaks first: through troubled objects alone, to one of which nothing that it
 * needs is in trouble. Of several the farthest. Empty where the object itself is well and everything it needs is too.
 */
export function toFirstBroken(ways: Ways, troubled: ReadonlySet<string>, from: string): string[] {
  const down = (key: string) => ways.down.get(key) ?? [];
  // One that is well may stand before the trouble: an ingress is never unready.
  const start = troubled.has(from) ? [from] : nearestTroubled(ways, troubled, from);
  const first = start.at(-1);
  if (first === undefined) return [];
  const before = reached(first, (key) => down(key).filter((to) => troubled.has(to)));
  const ends = [...before.keys()].filter((key) => down(key).every((to) => !troubled.has(to) || !before.has(to)));
  const ways2 = (ends.length > 0 ? ends : [first]).map((end) => trace(before, end));
  const longest = ways2.reduce((a, b) => (b.length > a.length ? b : a));
  return [...start.slice(0, -1), ...longest];
}

function nearestTroubled(ways: Ways, troubled: ReadonlySet<string>, from: string): string[] {
  const before = reached(from, (key) => ways.down.get(key) ?? []);
  const found = [...before.keys()].find((key) => troubled.has(key));
  return found === undefined ? [] : trace(before, found);
}

export const troubledOf = (view: GraphView): Set<string> => new Set(view.states.filter((s) => s.severity !== null && s.severity !== "info").map((s) => objectKey(s.object)));

/** The objects in whose reference every word stands. */
export function foundIn(objects: readonly ObjectRef[], text: string): string[] {
  const words = text.toLowerCase().split(/[\s/]+/).filter(Boolean);
  if (words.length === 0) return [];
  return objects.map(objectKey).filter((key) => words.every((word) => key.toLowerCase().includes(word)));
}
