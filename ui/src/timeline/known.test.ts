import { describe, expect, it } from "vitest";
import type { Timeline } from "../wire/wire";
import { type Learnt, pictureOf } from "./marks";

const cart = { kind: "Deployment", namespace: "shop", name: "cart" };
const timeline: Timeline = {
  from: 0,
  to: 1_000,
  lanes: [{ object: cart, title: "cart" }],
  marks: [
    { lane: 0, at: 100, known_at: 700, until: null, kind: "change", severity: "info", title: "the limit was halved", observation: "obs:1" },
    { lane: 0, at: 300, known_at: 320, until: 500, kind: "signal", severity: "major", title: "it is killed", observation: "obs:2" },
    { lane: 0, at: 200, known_at: 600, until: 400, kind: "signal", severity: "minor", title: "it was over when it was seen", observation: "obs:3" },
  ],
  gaps: [],
};
const learnt: Learnt[] = [
  { id: "obs:4", at: 250, seen_at: 800, subject: cart, kind: "log", title: "a log", until: null, points: [], unit: "", patterns: [{ template: "cannot connect", count: 40, first_at: 150, last_at: 250, example: "", level: "error" }] },
  { id: "obs:5", at: 290, seen_at: 900, subject: cart, kind: "metric", title: "memory", until: null, points: [{ at: 110, value: 1 }, { at: 290, value: 3 }], unit: "MiB", patterns: [] },
];

describe("the timeline", () => {
  it("is in the order in which things happened, or in which they were known", () => {
    expect(pictureOf(timeline, [], learnt).marks.map((m) => m.title)).toEqual(["the limit was halved", "it was over when it was seen", "a log", "memory", "it is killed"]);
    expect(pictureOf(timeline, [], learnt, "known_at").marks.map((m) => m.title)).toEqual(["it is killed", "it was over when it was seen", "the limit was halved", "a log", "memory"]);
  });

  it("draws trouble that was over when it was known as a moment", () => {
    const known = pictureOf(timeline, [], [], "known_at").marks;
    expect(known.find((m) => m.title === "it was over when it was seen")?.until).toBeNull();
    expect(known.find((m) => m.title === "it is killed")).toMatchObject({ at: 320, until: 500 });
  });

  it("has a metric as a line and a log's patterns as stretches, where they happened", () => {
    const { lines, rates } = pictureOf(timeline, [], learnt);
    expect(lines).toEqual([{ lane: 0, points: [{ at: 110, value: 1 }, { at: 290, value: 3 }], unit: "MiB", title: "memory", observation: "obs:5" }]);
    expect(rates).toEqual([{ lane: 0, from: 150, until: 250, count: 40, severity: "major", title: "cannot connect", observation: "obs:4" }]);
    expect(pictureOf(timeline, [], learnt, "known_at").lines).toEqual([]);
  });
});
