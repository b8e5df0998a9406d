import { describe, expect, it } from "vitest";
import type { ObjectRef, Timeline } from "../wire/wire";
import { grouped, groupKeys, laneOf } from "./groups";
import { pictureOf, saying } from "./marks";

const of = (namespace: string, name: string): ObjectRef => ({ kind: "Deployment", namespace, name });
const [cart, web, bank] = [of("shop", "cart"), of("shop", "web"), of("pay", "bank")];
const node: ObjectRef = { kind: "Node", namespace: "", name: "worker-2" };
const mark = (lane: number, at: number) => ({ lane, at, known_at: at, until: null, kind: "change" as const, severity: "info" as const, title: `at ${at}`, observation: `obs:${at}` });
const timeline: Timeline = {
  from: 0,
  to: 1_000,
  lanes: [cart, bank, node, web].map((object) => ({ object, title: object.name })),
  marks: [mark(0, 100), mark(1, 200), mark(3, 300), mark(2, 400)],
  gaps: [],
};
const learnt = [{ id: "obs:5", at: 290, seen_at: 900, subject: cart, kind: "metric" as const, title: "memory", until: null, points: [{ at: 110, value: 1 }, { at: 290, value: 3 }], unit: "MiB", patterns: [] }];
const picture = pictureOf(timeline, [], learnt);
const byNamespace = (object: ObjectRef) => object.namespace || null;
const titles = (shut: string[]) => grouped(picture, "namespace", byNamespace, new Set(shut)).lanes.map((lane) => `${lane.group ? (lane.group.open ? "▾ " : "▸ ") : ""}${lane.title}`);

describe("lanes in groups", () => {
  it("stand in the order of their first lanes; what belongs to none comes last, and the investigation after it", () => {
    expect(titles([])).toEqual(["▾ shop", "cart", "web", "▾ pay", "bank", "▾ cluster-wide", "worker-2", "Investigation"]);
  });

  it("are one lane where they are shut, with every mark of theirs, and a mark still says what it is of", () => {
    expect(titles(["namespace:shop"])).toEqual(["▸ shop", "▾ pay", "bank", "▾ cluster-wide", "worker-2", "Investigation"]);
    const shown = grouped(picture, "namespace", byNamespace, new Set(["namespace:shop"]));
    expect(shown.marks.filter((m) => m.lane === 0).map((m) => m.at)).toEqual([100, 290, 300]);
    expect(shown.marks.length).toBe(picture.marks.length);
    const [first] = shown.marks;
    if (!first) throw new Error("there is no mark");
    expect(saying(shown, first)).toContain("Deployment/shop/cart");
    expect(shown.investigation).toBe(5);
    expect(picture.lines).toHaveLength(1);
    expect(shown.lines).toEqual([]);
  });

  it("show an object where it is drawn", () => {
    const open = grouped(picture, "namespace", byNamespace, new Set());
    expect(laneOf(open, web, "namespace", byNamespace)).toBe(2);
    const shut = grouped(picture, "namespace", byNamespace, new Set(groupKeys(open)));
    expect(shut.lanes).toHaveLength(4);
    expect(laneOf(shut, web, "namespace", byNamespace)).toBe(0);
    expect(laneOf(shut, of("other", "x"), "namespace", byNamespace)).toBe(-1);
  });

  it("are the picture itself where every object has its own", () => {
    expect(grouped(picture, "object", () => null, new Set())).toBe(picture);
  });
});
