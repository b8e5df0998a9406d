import { objectKey } from "../kit/format";
import type { Placed } from "../wire/wire";
import { spaced } from "./spaced";

/** Where every object that a picture ever drew stands, so that it stands there again at another time. */
export interface Held {
  /** Place in the layers, and across its layer in pixels at zoom 1. */
  places: ReadonlyMap<string, { layer: number; side: number }>;
  /** From the core's positions to pixels. */
  scale: number;
  least: number;
  /** Counts pictures that were laid out anew; what was fitted to an earlier one fits no more. */
  drawn: number;
}

/** With more than this share of objects that were never drawn it is another picture, and laid out anew. */
const ANOTHER = 0.5;

/**
 * The places of a layout. Whatever was drawn before stands where it stood, also where the core would now order it
 * otherwise; what is new takes the nearest free place to where the core wants it. Nothing takes the place of what is
 * not there at this time: going back it is found again.
 */
export function heldPlaces(nodes: readonly Placed[], gap: number, before: Held | null): Held {
  const known = before ? nodes.filter((node) => before.places.has(objectKey(node.object))) : [];
  if (!before || nodes.length - known.length > nodes.length * ANOTHER) return anew(nodes, gap, before?.drawn ?? 0);
  if (known.length === nodes.length) return before;
  // An object that comes before all others moves every layer by one in the core's counting, and no box in the picture.
  const off = known.map((node) => placeIn(before, node));
  const layers = middle(off.map(({ node, held }) => held.layer - node.layer));
  const sides = middle(off.map(({ node, held }) => held.side - (node.x - before.least) * before.scale));
  const places = new Map(before.places);
  const taken = new Map<number, number[]>();
  for (const { layer, side } of places.values()) {
    const sides = taken.get(layer);
    if (sides) sides.push(side);
    else taken.set(layer, [side]);
  }
  for (const sides of taken.values()) sides.sort((a, b) => a - b);
  for (const node of nodes) {
    const key = objectKey(node.object);
    if (places.has(key)) continue;
    const layer = node.layer + layers;
    const others = taken.get(layer) ?? [];
    const side = nearestFree(others, (node.x - before.least) * before.scale + sides, gap);
    places.set(key, { layer, side });
    taken.set(layer, [...others, side].sort((a, b) => a - b));
  }
  return { ...before, places };
}

const placeIn = (held: Held, node: Placed) => ({ node, held: held.places.get(objectKey(node.object)) ?? { layer: 0, side: 0 } });

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** The place nearest to `wanted` that keeps `gap` to every other one; `others` ascend. */
export function nearestFree(others: readonly number[], wanted: number, gap: number): number {
  let best = Infinity;
  const offer = (from: number, until: number) => {
    const place = Math.min(Math.max(wanted, from), until);
    if (from <= until && Math.abs(place - wanted) < Math.abs(best - wanted)) best = place;
  };
  // The rooms before, between and behind those that stand.
  for (let i = 0; i <= others.length; i++) offer((others[i - 1] ?? -Infinity) + gap, (others[i] ?? Infinity) - gap);
  return best;
}

/** The core's order and its tendency are kept; empty room is taken out, so that the picture is no wider than its fullest layer needs. */
function anew(nodes: readonly Placed[], gap: number, drawn: number): Held {
  const layers = new Map<number, Placed[]>();
  for (const node of nodes) {
    const members = layers.get(node.layer);
    if (members) members.push(node);
    else layers.set(node.layer, [node]);
  }
  const xs = nodes.map((node) => node.x);
  const least = Math.min(...xs, Infinity);
  const spread = Math.max(...xs, -Infinity) - least;
  const fullest = Math.max(...[...layers.values()].map((of) => of.length), 1);
  const scale = spread > 0 ? ((fullest - 1) * gap * 1.1) / spread : 0;
  const places = new Map<string, { layer: number; side: number }>();
  for (const [layer, members] of layers) {
    members.sort((a, b) => a.x - b.x);
    const sides = spaced(members.map((node) => (node.x - least) * scale), gap);
    members.forEach((node, i) => places.set(objectKey(node.object), { layer, side: sides[i] ?? 0 }));
  }
  return { places, scale, least, drawn: drawn + 1 };
}
