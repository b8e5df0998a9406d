import { expect, it } from "vitest";
import type { GraphView } from "../wire/wire";
import { differences } from "./change";

const at = (name: string) => ({ kind: "Pod", namespace: "shop", name });
const view = (names: string[], hidden: number): GraphView =>
  ({
    at: 0,
    layout: { nodes: [], edges: names.slice(1).map((name) => ({ from: at(names[0] ?? ""), to: at(name), relation: "calls" })), hidden },
    states: names.map((name) => ({ object: at(name), exists: true, severity: null, status: "Running" })),
  }) as unknown as GraphView;

it("what a whole picture lacks is gone or was not there", () => {
  const { objects, edges } = differences(view(["a", "b"], 0), view(["a", "c"], 0));
  expect([...objects].map(([key, { how }]) => [key, how])).toEqual([["Pod/shop/b", "gone"], ["Pod/shop/c", "new"]]);
  expect(edges).toEqual({ now: ["Pod/shop/a calls Pod/shop/c"], before: ["Pod/shop/a calls Pod/shop/b"] });
});

it("what a cut picture lacks is not said to be gone, nor that it was not there", () => {
  const cutNow = differences(view(["a", "b"], 0), view(["a"], 7));
  expect(cutNow.objects.size).toBe(0);
  expect(cutNow.edges.before).toEqual([]);
  const cutThen = differences(view(["a"], 7), view(["a", "b"], 0));
  expect(cutThen.objects.size).toBe(0);
  expect(cutThen.edges.now).toEqual([]);
});
