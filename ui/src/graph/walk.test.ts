import { describe, expect, it } from "vitest";
import { objectKey, parseObject } from "../kit/format";
import type { Edge, GraphView, ObjectRef, Relation, Severity } from "../wire/wire";
import { differences } from "./change";
import { collapsed } from "./collapse";
import { blastRadius, foundIn, pathBetween, toFirstBroken, troubledOf, waysOf } from "./walk";

const ref = (text: string): ObjectRef => parseObject(text) ?? { kind: "", namespace: "", name: text };
const edge = (from: string, to: string, relation: Relation = "calls"): Edge => ({ from: ref(from), to: ref(to), relation, class: "declared", reason: "it says so", since: 0, evidence: [] });

function view(objects: Record<string, [Severity | null, string]>, edges: Edge[]): GraphView {
  return {
    at: 0,
    layout: { nodes: Object.keys(objects).map((o, i) => ({ object: ref(o), x: i * 10, y: 0, layer: i, stands_for: 1 })), edges, hidden: 0 },
    states: Object.entries(objects).map(([o, [severity, status]]) => ({ object: ref(o), severity, status, exists: status !== "gone" })),
  };
}

const shop = view(
  {
    "Ingress/shop/store": [null, ""],
    "Deployment/shop/front": ["major", "0/2 ready"],
    "Deployment/shop/cart": ["critical", "0/3 ready"],
    "StatefulSet/shop/redis": ["major", "0/1 ready"],
    "Deployment/shop/mail": [null, "1/1 ready"],
    "Node//worker-2": [null, "Ready"],
  },
  [edge("Ingress/shop/store", "Deployment/shop/front"), edge("Deployment/shop/front", "Deployment/shop/cart"), edge("Deployment/shop/cart", "StatefulSet/shop/redis"), edge("Deployment/shop/front", "Deployment/shop/mail"), edge("StatefulSet/shop/redis", "Node//worker-2", "runs_on"), edge("Deployment/shop/mail", "Node//worker-2", "runs_on")],
);
const ways = waysOf(shop.layout.edges);

describe("ways through the graph", () => {
  it("lead from one object to another, along what it needs, what needs it, or any way", () => {
    expect(pathBetween(ways, "Ingress/shop/store", "StatefulSet/shop/redis")).toEqual(["Ingress/shop/store", "Deployment/shop/front", "Deployment/shop/cart", "StatefulSet/shop/redis"]);
    expect(pathBetween(ways, "StatefulSet/shop/redis", "Deployment/shop/front")).toEqual(["StatefulSet/shop/redis", "Deployment/shop/cart", "Deployment/shop/front"]);
    expect(pathBetween(ways, "Deployment/shop/cart", "Deployment/shop/mail")).toHaveLength(3);
    expect(pathBetween(ways, "Deployment/shop/cart", "Deployment/other/x")).toEqual([]);
  });

  it("give everything that an object's failure reaches", () => {
    expect(new Set(blastRadius(ways, "StatefulSet/shop/redis"))).toEqual(new Set(["StatefulSet/shop/redis", "Deployment/shop/cart", "Deployment/shop/front", "Ingress/shop/store"]));
    expect(blastRadius(ways, "Ingress/shop/store")).toEqual(["Ingress/shop/store"]);
  });

  it("lead down to the first broken hop, also from something that is well", () => {
    expect(toFirstBroken(ways, troubledOf(shop), "Ingress/shop/store").at(-1)).toBe("StatefulSet/shop/redis");
    expect(toFirstBroken(ways, troubledOf(shop), "Deployment/shop/cart")).toEqual(["Deployment/shop/cart", "StatefulSet/shop/redis"]);
    expect(toFirstBroken(ways, troubledOf(shop), "Deployment/shop/mail")).toEqual([]);
  });

  it("end where two objects need each other", () => {
    const round = waysOf([edge("A//a", "B//b"), edge("B//b", "A//a")]);
    expect(toFirstBroken(round, new Set(["A//a", "B//b"]), "A//a").length).toBeGreaterThan(0);
    expect(blastRadius(round, "A//a")).toHaveLength(2);
  });

  it("are searched by words of the reference", () => {
    expect(foundIn(shop.layout.nodes.map((n) => n.object), "shop deploy CART")).toEqual(["Deployment/shop/cart"]);
    expect(foundIn(shop.layout.nodes.map((n) => n.object), "  ")).toEqual([]);
  });
});

describe("a collapsed graph", () => {
  it("has one box for a namespace, with its worst state and each edge that leaves it once", () => {
    const small = collapsed(shop, "namespace");
    expect(small.layout.nodes.map((n) => objectKey(n.object)).sort()).toEqual(["Namespace//shop", "Node//worker-2"]);
    expect(small.states.find((s) => s.object.kind === "Namespace")).toMatchObject({ severity: "critical", status: "5 objects, 3 in trouble" });
    expect(small.layout.edges).toHaveLength(1);
  });

  it("keeps apart what was opened, and what is alone", () => {
    expect(collapsed(shop, "namespace", new Set(["Namespace//shop"])).layout.nodes).toHaveLength(6);
    expect(collapsed(shop, "nothing")).toBe(shop);
  });

  it("puts what runs on one node into it", () => {
    const small = collapsed(shop, "node");
    expect(small.layout.nodes.find((n) => n.object.kind === "Node")?.stands_for).toBe(3);
    expect(small.layout.nodes.map((n) => objectKey(n.object))).not.toContain("StatefulSet/shop/redis");
  });

  it("puts what is owned into the topmost owner", () => {
    const owned = view({ "Pod/s/p": ["minor", "not ready"], "ReplicaSet/s/r": [null, ""], "Deployment/s/d": [null, ""] }, [edge("Pod/s/p", "ReplicaSet/s/r", "owned_by"), edge("ReplicaSet/s/r", "Deployment/s/d", "owned_by")]);
    const small = collapsed(owned, "owner");
    expect(small.layout.nodes.map((n) => objectKey(n.object))).toEqual(["Deployment/s/d"]);
    expect(small.states[0]?.severity).toBe("minor");
    expect(small.layout.edges).toEqual([]);
  });
});

it("says what differs between two times, of objects and of edges", () => {
  const before = view({ "Deployment/shop/front": [null, "2/2 ready"], "Deployment/shop/cart": [null, "3/3 ready"], "Deployment/shop/mail": ["minor", "1/1 ready"], "Pod/shop/old": [null, "Running"], "StatefulSet/shop/redis": [null, "0/1 ready"] }, [edge("Deployment/shop/front", "Pod/shop/old")]);
  const found = differences(before, shop);
  const how = (key: string) => found.objects.get(key)?.how;
  expect([how("Deployment/shop/cart"), how("Deployment/shop/mail"), how("Pod/shop/old"), how("Node//worker-2")]).toEqual(["worse", "better", "gone", "new"]);
  expect(found.objects.get("Deployment/shop/cart")).toMatchObject({ before: "3/3 ready", now: "0/3 ready" });
  expect(found.edges.before).toEqual(["Deployment/shop/front calls Pod/shop/old"]);
  expect(found.edges.now).toHaveLength(6);
  expect(differences(shop, shop).objects.size).toBe(0);
});
