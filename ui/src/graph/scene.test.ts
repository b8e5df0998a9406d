import { describe, expect, it } from "vitest";
import type { GraphView } from "../wire/wire";
import { BOX_W, directionFor, fitAll, frameFor, nearest, sceneOf, sideOf, stretchFor } from "./scene";
import { type Held, heldPlaces, nearestFree } from "./held";
import { spaced } from "./spaced";

const ref = (name: string) => ({ kind: "Deployment", namespace: "shop", name });
function view(...places: [string, number, number][]): GraphView {
  return {
    at: 0,
    layout: { nodes: places.map(([name, x, y]) => ({ object: ref(name), x, y, layer: y / 100, stands_for: 1 })), edges: [], hidden: 0 },
    states: [],
  };
}

describe("the scene of the graph", () => {
  it("leaves room between boxes in both directions", () => {
    const chain = view(["a", 0, 0], ["b", 0, 100], ["c", 100, 100]);
    const right = sceneOf(chain, "right", new Map());
    expect(Math.abs((right.boxes[1]?.x ?? 0) - (right.boxes[0]?.x ?? 0))).toBeGreaterThan(BOX_W);
    const down = sceneOf(chain, "down", new Map());
    expect(Math.abs((down.boxes[2]?.x ?? 0) - (down.boxes[1]?.x ?? 0))).toBeGreaterThan(BOX_W);
  });

  it("runs the way that shows more", () => {
    const deep = view(["a", 0, 0], ["b", 0, 100], ["c", 0, 200], ["d", 0, 300], ["e", 0, 400]);
    expect(directionFor(deep, 1400, 300)).toBe("right");
    expect(directionFor(deep, 300, 900)).toBe("down");
  });

  it("shows the troubled part at a readable size where the whole would be too small", () => {
    const many = view(...Array.from({ length: 200 }, (_, i): [string, number, number] => [`n${i}`, (i % 20) * 100, Math.floor(i / 20) * 100]));
    const scene = sceneOf(many, "down", new Map());
    const camera = frameFor(scene, 500, 400, ["Deployment/shop/n105"]);
    expect(camera.k).toBe(0.64);
    expect(Math.abs(camera.x - (scene.byKey.get("Deployment/shop/n105")?.x ?? 0))).toBeLessThan(1);
    expect(fitAll(scene, 500, 400).k).toBeLessThan(0.3);
  });

  it("lets the layers use the height that is there, and no more", () => {
    const chain = view(["a", 0, 0], ["b", 0, 100], ["c", 0, 200], ["d", 100, 200], ["e", 200, 200]);
    expect(stretchFor(chain, "down", 500, 120)).toBe(1);
    const stretch = stretchFor(chain, "down", 500, 200);
    expect(stretch).toBeGreaterThan(1);
    const { bounds } = sceneOf(chain, "down", new Map(), stretch);
    expect(200 / bounds.h).toBeGreaterThanOrEqual(500 / bounds.w - 1e-9);
  });

  it("takes out empty room and keeps order and distance", () => {
    expect(spaced([0, 1, 2], 10)).toEqual([-9, 1, 11]);
    expect(spaced([0, 50, 100], 10)).toEqual([0, 50, 100]);
    const places = spaced([0, 0, 0, 40, 41], 10);
    for (let i = 1; i < places.length; i++) expect((places[i] ?? 0) - (places[i - 1] ?? 0)).toBeGreaterThanOrEqual(10 - 1e-9);
  });

  it("finds the neighbour in the direction of the key", () => {
    const scene = sceneOf(view(["left", 0, 0], ["middle", 0, 100], ["right", 0, 200], ["below", 200, 100]), "right", new Map());
    const middle = scene.byKey.get("Deployment/shop/middle") ?? null;
    expect(nearest(scene, middle, 1, 0)?.object.name).toBe("right");
    expect(nearest(scene, middle, -1, 0)?.object.name).toBe("left");
    expect(nearest(scene, middle, 0, 1)?.object.name).toBe("below");
    expect(nearest(scene, middle, 0, -1)).toBeNull();
  });
});

describe("a graph that goes through time", () => {
  const gap = sideOf("right");
  const held = (of: GraphView, before: Held | null) => heldPlaces(of.layout.nodes, gap, before);
  const now = view(["a", 0, 0], ["b", 0, 100], ["c", 100, 100], ["d", 200, 100], ["e", 0, 200], ["f", 100, 200]);

  it("leaves every box where it stood, however the core would order and stretch the rest", () => {
    const first = held(now, null);
    // One is gone, one came before all others so that each layer is counted one further, and the rest is turned around.
    const then = view(["front", 0, 0], ["a", 300, 100], ["b", 900, 200], ["c", 500, 200], ["e", 90, 300], ["f", 10, 300]);
    const second = held(then, first);
    const scene = (of: GraphView, by: Held) => sceneOf(of, "right", new Map(), 1, by);
    for (const name of ["a", "b", "c", "e", "f"]) {
      const [one, other] = [scene(now, first), scene(then, second)].map(({ byKey }) => byKey.get(`Deployment/shop/${name}`));
      expect([other?.x, other?.y]).toEqual([one?.x, one?.y]);
    }
    expect(scene(then, second).byKey.get("Deployment/shop/front")?.x).toBeLessThan(scene(then, second).byKey.get("Deployment/shop/a")?.x ?? 0);
    expect(held(now, second).places.get("Deployment/shop/d")).toEqual(first.places.get("Deployment/shop/d"));
  });

  it("gives what is new the nearest room that is free", () => {
    expect(nearestFree([], 7, 10)).toBe(7);
    expect(nearestFree([0, 10, 30, 60], 12, 10)).toBe(20);
    expect(nearestFree([0, 10, 30, 60], 44, 10)).toBe(44);
    expect(nearestFree([0, 10], -3, 10)).toBe(-10);
    expect(nearestFree([0, 10], 8, 10)).toBe(20);
  });

  it("puts nothing new over what stands or stood", () => {
    const first = held(now, null);
    const second = held(view(["a", 0, 0], ["b", 0, 100], ["c", 100, 100], ["new", 100, 100], ["newer", 110, 100]), first);
    const sides = [...second.places.values()].filter(({ layer }) => layer === 1).map(({ side }) => side).sort((a, b) => a - b);
    expect(sides).toHaveLength(5);
    for (let i = 1; i < sides.length; i++) expect((sides[i] ?? 0) - (sides[i - 1] ?? 0)).toBeGreaterThanOrEqual(gap - 1e-6);
  });

  it("is laid out anew where most of it was never drawn", () => {
    const first = held(now, null);
    const other = held(view(["a", 0, 0], ["x", 0, 100], ["y", 100, 100]), first);
    expect(other.drawn).toBe(first.drawn + 1);
    expect(other.places.has("Deployment/shop/b")).toBe(false);
    expect(held(view(["a", 0, 0], ["b", 0, 100], ["x", 0, 200]), first).drawn).toBe(first.drawn);
  });
});
