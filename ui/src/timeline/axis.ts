import type { Time } from "../wire/wire";

/**
 * Time along the timeline. Long quiet stretches are folded to a short break, so that a change of last week, the incident
 * of tonight and the investigation of this minute fit one line; inside a stretch time is true to scale.
 */
export interface Axis {
  stretches: Stretch[];
  /** Length of the whole axis, in microseconds of shown time. */
  length: number;
}

export interface Stretch {
  from: Time;
  until: Time;
  /** Where the stretch begins and ends on the axis. */
  a: number;
  b: number;
  /** A fold: `until - from` microseconds drawn as a break. */
  folded: boolean;
}

export interface AxisOptions {
  /** Quiet longer than this is folded. */
  foldOver: number;
  /** A fold's length as a part of everything that is not folded. */
  foldShare: number;
}

const MINUTE = 60e6;
export const usual: AxisOptions = { foldOver: 20 * MINUTE, foldShare: 0.05 };

/** An axis over all `times`; at least one minute long. */
export function axisOf(times: readonly Time[], options: AxisOptions = usual): Axis {
  const sorted = Float64Array.from(times).sort();
  const first = sorted[0];
  if (first === undefined) return { stretches: [], length: 0 };
  const runs: [Time, Time][] = [];
  let from = first;
  let last = first;
  for (const time of sorted) {
    if (time - last > options.foldOver) {
      runs.push([from, last]);
      from = time;
    }
    last = time;
  }
  runs.push([from, last]);
  // Room around each run, so that a single moment between two folds still has a place.
  const busy = runs.reduce((sum, [a, b]) => sum + (b - a), 0);
  const pad = Math.max(busy * 0.012, MINUTE / 4);
  const padded = runs.map(([a, b]): [Time, Time] => [a - pad, b + pad]);
  const shown = padded.reduce((sum, [a, b]) => sum + (b - a), 0);
  const fold = shown * options.foldShare;

  const stretches: Stretch[] = [];
  let at = 0;
  padded.forEach(([a, b], i) => {
    const before = padded[i - 1];
    if (before) {
      stretches.push({ from: before[1], until: a, a: at, b: at + fold, folded: true });
      at += fold;
    }
    stretches.push({ from: a, until: b, a: at, b: at + (b - a), folded: false });
    at += b - a;
  });
  return { stretches, length: at };
}

/** Where a time is on the axis; before the beginning and after the end it stays at the ends. */
export function toAxis(axis: Axis, time: Time): number {
  const { stretches } = axis;
  let low = 0;
  let high = stretches.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((stretches[middle]?.until ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  const stretch = stretches[low];
  if (!stretch) return 0;
  const part = (time - stretch.from) / Math.max(stretch.until - stretch.from, 1);
  return stretch.a + Math.min(Math.max(part, 0), 1) * (stretch.b - stretch.a);
}

/** The time at a place on the axis. */
export function toTime(axis: Axis, place: number): Time {
  const stretch = axis.stretches.find((s) => place <= s.b) ?? axis.stretches.at(-1);
  if (!stretch) return 0;
  const part = (place - stretch.a) / Math.max(stretch.b - stretch.a, 1e-9);
  return Math.round(stretch.from + Math.min(Math.max(part, 0), 1) * (stretch.until - stretch.from));
}

/** What of the axis is in view. */
export interface Range {
  a: number;
  b: number;
}

/** The end of the axis from well before `began`: what changed just before is in view. */
export function since(axis: Axis, began: Time | null): Range {
  const end = Math.max(axis.length, 1);
  if (began === null) return whole(axis);
  const start = toAxis(axis, began);
  return { a: Math.max(0, start - Math.max((end - start) * 0.35, 5 * MINUTE)), b: end };
}

export const whole = (axis: Axis): Range => ({ a: 0, b: Math.max(axis.length, 1) });

/** Nothing is drawn closer than this. */
const LEAST = 2e6;

/** Closer (`factor` below 1) or farther around a place, never beyond the axis and never below two seconds. */
export function zoom(axis: Axis, range: Range, place: number, factor: number): Range {
  const width = Math.min(Math.max((range.b - range.a) * factor, LEAST), Math.max(axis.length, 1));
  const part = (place - range.a) / Math.max(range.b - range.a, 1e-9);
  return keep(axis, { a: place - part * width, b: place - part * width + width });
}

export function pan(axis: Axis, range: Range, by: number): Range {
  return keep(axis, { a: range.a + by, b: range.b + by });
}

function keep(axis: Axis, { a, b }: Range): Range {
  const width = b - a;
  if (width >= axis.length) return whole(axis);
  if (a < 0) return { a: 0, b: width };
  if (b > axis.length) return { a: axis.length - width, b: axis.length };
  return { a, b };
}

/**
 * What is in view, as times: an axis is made anew with everything that happens, and its places move. A side that is at an
 * end of the axis stays at that end.
 */
export interface Span {
  from: Time;
  until: Time;
}

export function spanOf(axis: Axis, { a, b }: Range): Span {
  return { from: a <= 0 ? -Infinity : toTime(axis, a), until: b >= axis.length ? Infinity : toTime(axis, b) };
}

export function rangeOf(axis: Axis, { from, until }: Span): Range {
  const [a, b] = [toAxis(axis, from), toAxis(axis, until)];
  const missing = Math.max(0, LEAST - (b - a)) / 2;
  return missing > 0 ? keep(axis, { a: a - missing, b: b + missing }) : { a, b };
}

/** The range itself where a place is in it; else one as wide, with the place a tenth inside. */
export function showing(axis: Axis, range: Range, place: number): Range {
  if (place >= range.a && place <= range.b) return range;
  const inside = (range.b - range.a) / 10;
  return pan(axis, range, place < range.a ? place - inside - range.a : place + inside - range.b);
}

const SECOND = 1e6;
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800].map((s) => s * SECOND);

export interface Tick {
  time: Time;
  place: number;
}

/** Round times in view by the clock of the zone (its offset at a time), at least `apart` axis units from each other. */
export function ticks(axis: Axis, range: Range, apart: number, zoneAt: (time: Time) => number = () => 0): Tick[] {
  const step = steps.find((s) => s >= apart) ?? (steps.at(-1) as number);
  const out: Tick[] = [];
  for (const stretch of axis.stretches) {
    if (stretch.folded || stretch.b < range.a || stretch.a > range.b) continue;
    const from = Math.max(stretch.from, stretch.from + (range.a - stretch.a));
    const until = Math.min(stretch.until, stretch.from + (range.b - stretch.a));
    const began = zoneAt(from);
    for (let local = Math.ceil((from + began) / step) * step; ; local += step) {
      // What the clock says is looked up with the offset that held a moment before, then with the one that holds there.
      const time = local - zoneAt(local - began);
      if (time > until) break;
      // Where the clocks go forward, some hours are none.
      if (time + zoneAt(time) !== local) continue;
      if (time >= from && time > (out.at(-1)?.time ?? -Infinity)) out.push({ time, place: stretch.a + (time - stretch.from) });
    }
  }
  return out;
}
