import { expect, it } from "vitest";
import { incidents } from "../platform/recordings/demo/incidents";
import type { Blueprint, BlueprintVersion, Incident } from "../wire/wire";
import { ownersOf } from "./owner";

const cart = { kind: "Deployment", namespace: "shop", name: "cart" };
const incident: Incident = { ...(incidents[0] as Incident), origin: cart, subjects: [cart, { kind: "Deployment", namespace: "shop", name: "checkout" }, { kind: "Node", namespace: "", name: "worker-2" }] };
const blueprint = (part: Partial<Blueprint> & { name: string }): BlueprintVersion => ({ version: 1, at: 0, author: "you", blueprint: { scope: null, owner: "", summary: "", dependencies: [], invariants: [], odds: [], preferred_fixes: [], forbidden_fixes: [], notes: "", ...part } });

const about = (name: string) => ({ level: "workload" as const, namespace: "shop", kind: "Deployment", name });

it("names the owner of the origin first, the narrowest blueprint of each", () => {
  const all = [blueprint({ name: "shop", scope: { level: "namespace", namespace: "shop" }, owner: "shop team" }), blueprint({ name: "cart", scope: about("cart"), owner: "cart team" })];
  expect(ownersOf(all, incident, "prod")).toEqual([
    { owner: "cart team", blueprint: "cart" },
    { owner: "shop team", blueprint: "shop" },
  ]);
});

it("does not take whoever needs it for its owner", () => {
  const mail = blueprint({ name: "mail", scope: about("mail"), owner: "mail team", dependencies: [{ from: "Deployment/shop/mail", to: "Deployment/shop/cart", why: "" }] });
  expect(ownersOf([mail], incident, "prod")).toEqual([]);
});

it("counts what holds for one cluster there alone", () => {
  const prod = blueprint({ name: "prod", scope: { level: "cluster", cluster: "prod" }, owner: "platform" });
  expect(ownersOf([prod], incident, "prod").map((o) => o.owner)).toEqual(["platform"]);
  expect(ownersOf([prod], incident, "staging")).toEqual([]);
});
