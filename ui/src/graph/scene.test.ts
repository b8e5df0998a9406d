import { describe, expect, it } from "vitest";
import type { GraphView } from "../wire/wire";
import { BOX_W, directionFor, fitAll, frameFor, nearest, sceneOf, spaced, stretchFor } from "./scene";

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
