import { describe, expect, it } from "vitest";
import { axisOf, pan, rangeOf, showing, spanOf, ticks, toAxis, toTime, whole, zoom } from "./axis";

const MIN = 60e6;
const at = (minutes: number) => 1_700_000_000_000_000 + minutes * MIN;

describe("the axis", () => {
  it("is true to scale inside a stretch", () => {
    const axis = axisOf([at(0), at(5), at(10)]);
    expect(toAxis(axis, at(10)) - toAxis(axis, at(5))).toBeCloseTo(5 * MIN);
    expect(axis.stretches.filter((s) => s.folded)).toEqual([]);
  });

  it("folds a long quiet stretch and keeps the order of times", () => {
    const axis = axisOf([at(0), at(1), at(60 * 24 * 7), at(60 * 24 * 7 + 3)]);
    const fold = axis.stretches.filter((s) => s.folded);
    expect(fold).toHaveLength(1);
    expect(fold[0]!.b - fold[0]!.a).toBeLessThan(axis.length * 0.1);
    const places = [0, 1, 500, 60 * 24 * 7, 60 * 24 * 7 + 3].map((m) => toAxis(axis, at(m)));
    expect([...places].sort((a, b) => a - b)).toEqual(places);
  });

  it("gives back the time it was asked for", () => {
    const axis = axisOf([at(0), at(7), at(90), at(95.5)]);
    for (const minutes of [0, 0.25, 6.9, 90, 92.125, 95.5]) {
      expect(Math.abs(toTime(axis, toAxis(axis, at(minutes))) - at(minutes))).toBeLessThanOrEqual(1);
    }
  });

  it("stays at its ends for times beyond them", () => {
    const axis = axisOf([at(0), at(1)]);
    expect(toAxis(axis, at(-100))).toBe(0);
    expect(toAxis(axis, at(100))).toBe(axis.length);
  });

  it("zooms around a place without moving it and never leaves the axis", () => {
    const axis = axisOf([at(0), at(10), at(20)]);
    const place = toAxis(axis, at(12));
    const closer = zoom(axis, whole(axis), place, 0.25);
    expect(closer.b - closer.a).toBeCloseTo(axis.length * 0.25);
    expect((place - closer.a) / (closer.b - closer.a)).toBeCloseTo(place / axis.length);
    expect(pan(axis, closer, -1e12).a).toBe(0);
    expect(zoom(axis, closer, place, 1000)).toEqual(whole(axis));
  });

  it("puts ticks at round times, and none into a fold", () => {
    const axis = axisOf([at(0.3), at(9), at(600), at(604)]);
    const marks = ticks(axis, whole(axis), 2 * MIN);
    expect(marks.length).toBeGreaterThan(4);
    for (const tick of marks) expect(tick.time % (2 * MIN)).toBe(0);
    for (const fold of axis.stretches.filter((s) => s.folded)) {
      expect(marks.some((t) => t.place > fold.a && t.place < fold.b)).toBe(false);
    }
  });

  it("has nothing to show for no times", () => {
    expect(axisOf([]).length).toBe(0);
    expect(toTime(axisOf([]), 5)).toBe(0);
  });

  it("keeps what is in view while new things happen and old ones arrive", () => {
    const before = axisOf([at(100), at(110), at(120)]);
    const span = spanOf(before, zoom(before, whole(before), toAxis(before, at(108)), 0.2));
    const after = axisOf([at(0), at(3), at(100), at(110), at(120), at(131)]);
    const range = rangeOf(after, span);
    expect(toTime(after, range.a) / 60e6).toBeCloseTo(span.from / 60e6, 3);
    expect(toTime(after, range.b) / 60e6).toBeCloseTo(span.until / 60e6, 3);
    // A view that reaches to the end goes on reaching to the end.
    const last = spanOf(before, { a: toAxis(before, at(115)), b: before.length });
    expect(rangeOf(after, last).b).toBe(after.length);
  });

  it("moves what is in view no farther than it takes to show a place", () => {
    const axis = axisOf(Array.from({ length: 30 }, (_, i) => at(i * 5)));
    const range = { a: 40 * 60e6, b: 60 * 60e6 };
    expect(showing(axis, range, 50 * 60e6)).toBe(range);
    expect(showing(axis, range, 70 * 60e6)).toEqual({ a: 52 * 60e6, b: 72 * 60e6 });
    expect(showing(axis, range, 10 * 60e6)).toEqual({ a: 8 * 60e6, b: 28 * 60e6 });
    expect(showing(axis, range, 0).a).toBe(0);
  });

  it("stands on full hours of the engineer's clock before and after the clocks change", () => {
    const hour = 3600e6;
    const change = 100 * hour;
    const zone = (time: number) => (time < change ? 5.5 * hour : 6.5 * hour);
    const axis = axisOf(Array.from({ length: 60 }, (_, i) => 95 * hour + i * 10 * 60e6));
    const clock = ticks(axis, whole(axis), 2 * hour, zone).map((tick) => (tick.time + zone(tick.time)) / hour);
    expect(clock.length).toBeGreaterThan(3);
    expect(clock.filter((at) => at % 2 !== 0)).toEqual([]);
  });
});
