import { objectKey } from "../kit/format";
import type { Edge, GraphView, NodeState, ObjectRef, ObservationId } from "../wire/wire";
import { type Held, heldPlaces } from "./held";

export const BOX_W = 152;
export const BOX_H = 40;

export interface Box {
  key: string;
  object: ObjectRef;
  /** The middle of the box, in pixels at zoom 1. */
  x: number;
  y: number;
  standsFor: number;
  state: NodeState | null;
  evidence: ObservationId[];
}

export interface Wire {
  edge: Edge;
  from: Box;
  to: Box;
}

export type Direction = "right" | "down";

/** What the graph draws: the core's positions, turned the way that fits the room. Dependencies point along `direction`. */
export interface Scene {
  direction: Direction;
  boxes: Box[];
  wires: Wire[];
  hidden: number;
  byKey: Map<string, Box>;
  bounds: { x: number; y: number; w: number; h: number };
}

/** Distances between two layers and between two neighbours of one layer, in pixels at zoom 1. */
const apart: Record<Direction, { layer: number; side: number }> = {
  right: { layer: BOX_W + 44, side: BOX_H + 10 },
  down: { layer: BOX_H + 26, side: BOX_W + 12 },
};

/** How far apart two boxes of one layer stand at least. */
export const sideOf = (direction: Direction): number => apart[direction].side;

/** `held` says where what was drawn before stands; without it everything is laid out anew. */
export function sceneOf(view: GraphView, direction: Direction, evidence: ReadonlyMap<string, ObservationId[]>, stretch = 1, held: Held = heldPlaces(view.layout.nodes, sideOf(direction), null)): Scene {
  const states = new Map(view.states.map((state) => [objectKey(state.object), state]));
  const pitch = apart[direction].layer * stretch;
  const boxes: Box[] = view.layout.nodes.map((node) => {
    const key = objectKey(node.object);
    const { layer, side } = held.places.get(key) ?? { layer: node.layer, side: 0 };
    const along = layer * pitch;
    return {
      key,
      object: node.object,
      x: direction === "right" ? along : side,
      y: direction === "right" ? side : along,
      standsFor: node.stands_for,
      state: states.get(key) ?? null,
      evidence: evidence.get(key) ?? [],
    };
  });
  const byKey = new Map(boxes.map((box) => [box.key, box]));
  const wires: Wire[] = [];
  for (const edge of view.layout.edges) {
    const from = byKey.get(objectKey(edge.from));
    const to = byKey.get(objectKey(edge.to));
    if (from && to) wires.push({ edge, from, to });
  }
  const xs = boxes.map((b) => b.x);
  const ys = boxes.map((b) => b.y);
  const x = Math.min(...xs) - BOX_W / 2;
  const y = Math.min(...ys) - BOX_H / 2;
  const bounds = boxes.length ? { x, y, w: Math.max(...xs) + BOX_W / 2 - x, h: Math.max(...ys) + BOX_H / 2 - y } : { x: 0, y: 0, w: 1, h: 1 };
  return { direction, boxes, wires, hidden: view.layout.hidden, byKey, bounds };
}

const MOST_STRETCH = 1.7;

/** How much farther apart the layers may stand before the picture would have to be drawn smaller. */
export function stretchFor(view: GraphView, direction: Direction, width: number, height: number): number {
  // Layers to the right are far enough apart for their names.
  if (direction === "right") return 1;
  const { bounds } = sceneOf(view, direction, new Map());
  if (bounds.h <= BOX_H) return 1;
  return Math.min(Math.max((height * (bounds.w / width) - BOX_H) / (bounds.h - BOX_H), 1), MOST_STRETCH);
}

/** The direction in which the whole picture can be drawn larger. */
export function directionFor(view: GraphView, width: number, height: number): Direction {
  const room = (direction: Direction) => {
    const { bounds } = sceneOf(view, direction, new Map());
    return Math.min(width / bounds.w, height / bounds.h);
  };
  return room("right") >= room("down") * 0.9 ? "right" : "down";
}

export interface Camera {
  /** The point of the scene in the middle of the view. */
  x: number;
  y: number;
  /** Pixels per scene unit. */
  k: number;
}

const LEAST_READABLE = 0.64;

/** Everything in view if it can be read so, else the `focus` at a size that can be read. */
export function frameFor(scene: Scene, width: number, height: number, focus: readonly string[], room = 28): Camera {
  const { bounds } = scene;
  const k = Math.min((width - room * 2) / bounds.w, (height - room * 2) / bounds.h, 1.15);
  const middle = { x: bounds.x + bounds.w / 2, y: bounds.y + bounds.h / 2 };
  if (k >= LEAST_READABLE) return { ...middle, k };
  const boxes = focus.map((key) => scene.byKey.get(key)).filter((box) => box !== undefined);
  if (boxes.length === 0) return { ...middle, k: Math.max(k, 0.1) };
  const cx = boxes.reduce((sum, b) => sum + b.x, 0) / boxes.length;
  const cy = boxes.reduce((sum, b) => sum + b.y, 0) / boxes.length;
  // No emptiness beyond the picture's edge where the picture could fill it.
  const half = { w: width / 2 / LEAST_READABLE - room, h: height / 2 / LEAST_READABLE - room };
  const hold = (c: number, from: number, size: number, h: number) => (size <= h * 2 ? from + size / 2 : Math.min(Math.max(c, from + h), from + size - h));
  return { x: hold(cx, bounds.x, bounds.w, half.w), y: hold(cy, bounds.y, bounds.h, half.h), k: LEAST_READABLE };
}

export const fitAll = (scene: Scene, width: number, height: number): Camera => {
  const { bounds } = scene;
  return { x: bounds.x + bounds.w / 2, y: bounds.y + bounds.h / 2, k: Math.max(0.05, Math.min((width - 40) / bounds.w, (height - 40) / bounds.h, 1.15)) };
};

/** The nearest box from `from` in the direction of an arrow key. */
export function nearest(scene: Scene, from: Box | null, dx: number, dy: number): Box | null {
  if (!from) return scene.boxes.find((b) => b.state?.severity) ?? scene.boxes[0] ?? null;
  let best: { box: Box; cost: number } | null = null;
  for (const box of scene.boxes) {
    if (box === from) continue;
    const ahead = (box.x - from.x) * dx + (box.y - from.y) * dy;
    if (ahead <= 1) continue;
    const aside = Math.abs((box.x - from.x) * dy) + Math.abs((box.y - from.y) * dx);
    const cost = ahead + aside * 2.5;
    if (!best || cost < best.cost) best = { box, cost };
  }
  return best?.box ?? null;
}
