import { describe, expect, it } from "vitest";
import { followed, linkHere, NOWHERE, parseRoute, type Route, toHash } from "./route";

const cart = { kind: "Deployment", namespace: "shop", name: "cart" };
const routes: Route[] = [
  { at: "start" },
  { at: "incidents" },
  { at: "cluster", cluster: "cluster:prod/eu", incident: "incident:a b" },
  { at: "cluster", cluster: "cluster:prod/eu", incident: null, then: { time: 1_795_316_047_123_456, known: true } },
  { at: "object", cluster: "c", object: cart, time: 1_795_316_047_123_456 },
  { at: "object", cluster: "c", object: cart, time: 1_795_316_047_123_456, known: true },
  { at: "connection", cluster: "cluster:prod-eu" },
  { at: "cases" },
  { at: "case", case: "0193", place: NOWHERE },
  { at: "case", case: "0193", place: { time: 1_795_316_047_123_456, known: true, object: cart, evidence: "obs:12", large: "graph" } },
  { at: "case", case: "0193", place: { ...NOWHERE, object: { kind: "Node", namespace: "", name: "worker-2" } } },
  { at: "night", case: null },
  { at: "night", case: "0193" },
  { at: "blueprints", name: "cart & co" },
  { at: "library", entry: "memory-leak" },
  { at: "scenarios", run: null },
  { at: "scenarios", run: "1795316047123456" },
  { at: "settings", part: "keys" },
];

describe("a route", () => {
  it.each(routes.map((route) => [toHash(route), route] as const))("%s is read as what it was written from", (hash, route) => {
    expect(parseRoute(hash)).toEqual(route);
  });

  it("is read from a link as a person may have shortened it", () => {
    expect(parseRoute("#/case/0193?time=2026-11-23T03:14:07Z")).toEqual({ at: "case", case: "0193", place: { ...NOWHERE, time: Date.UTC(2026, 10, 23, 3, 14, 7) * 1000 } });
    expect(parseRoute("#/case/0193?time=yesterday&object=cart&evidence=")).toEqual({ at: "case", case: "0193", place: NOWHERE });
    expect(parseRoute("#/library/100%")).toEqual({ at: "library", entry: "100%" });
  });
});

describe("a link", () => {
  it("says the time and the selection in words that can be read", () => {
    location.hash = toHash({ at: "case", case: "0193", place: { ...NOWHERE, time: 1_795_316_047_123_456, object: cart, evidence: null, large: null } });
    expect(linkHere()).toBe("caseboard://case/0193?time=2026-11-22T02:54:07.123456Z&object=Deployment/shop/cart");
  });

  it("leads where it was taken, and nothing else is a link", () => {
    for (const route of routes) {
      location.hash = toHash(route);
      expect(followed(` ${linkHere()}\n`)).toEqual(route);
    }
    expect(followed("https://example.org/#/cases")).toBeNull();
    expect(followed("cart")).toBeNull();
  });
});
