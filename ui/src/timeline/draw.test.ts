import { expect, it } from "vitest";
import { axisOf, whole } from "./axis";
import { draw, type Spot, type View } from "./draw";
import { pictureOf } from "./marks";
import type { Ink } from "../tokens/ink";
import type { Severity, Timeline, Mark } from "../wire/wire";

const MIN = 60e6;
const START = 1_700_000_000_000_000;
const objects = ["cart", "redis"].map((name) => ({ kind: "Deployment", namespace: "shop", name }));

/** A pen that notes what it writes. */
function pen() {
  const written: string[] = [];
  const context = new Proxy({} as Record<string, unknown>, {
    get: (known, name: string) => (name === "measureText" ? (text: string) => ({ width: text.length * 6 }) : name === "fillText" ? (text: string) => written.push(text) : (known[name] ?? (() => {}))),
    set: (known, name: string, value) => ((known[name] = value), true),
  }) as unknown as CanvasRenderingContext2D;
  return { context, written };
}

const mark = (lane: number, at: number, severity: Severity = "info"): Mark => ({ lane, at: START + at, known_at: START + at, until: null, kind: "event", severity, title: `at ${at}`, observation: null });

function drawn(marks: Mark[]): { spots: Spot[]; written: string[] } {
  const timeline: Timeline = { from: START, to: START + 60 * MIN, lanes: objects.map((object) => ({ object, title: object.name })), marks, gaps: [] };
  const picture = pictureOf(timeline, []);
  const axis = axisOf([START, START + 60 * MIN, ...marks.map((m) => m.at)]);
  const view: View = { width: 1000, height: 400, scroll: 0, axis, range: whole(axis), time: null, numbers: new Map(), cited: new Set(), chosen: null, pointed: null, hovered: null, lane: null };
  const { context, written } = pen();
  return { spots: draw(context, picture, view, { fontMono: "m", fontText: "t" } as Ink), written };
}
const countIn = (spots: readonly Spot[]) => spots.reduce((sum, { pile }) => sum + (pile?.count ?? 1), 0);

it("of moments that fall on one another none is lost: one place stands for them with their number, and shows the worst", () => {
  const { spots, written } = drawn([...Array.from({ length: 500 }, (_, i) => mark(0, 20 * MIN + i)), mark(0, 20 * MIN + 7, "critical"), mark(1, 5 * MIN)]);
  expect(spots).toHaveLength(2);
  const pile = spots.find((spot) => spot.pile);
  expect(pile?.pile?.count).toBe(501);
  expect(pile?.pile?.until).toBe(START + 20 * MIN + 499);
  expect(countIn(spots)).toBe(502);
  expect(written).toContain("×501");
});

it("every moment in view is counted once, however they are spread", () => {
  const marks = Array.from({ length: 20_000 }, (_, i) => mark(i % 2, ((i * 7919) % 3_600_000) * 1_000));
  const { spots } = drawn(marks);
  expect(countIn(spots)).toBe(marks.length);
  expect(spots.length).toBeLessThan(1_000);
});
