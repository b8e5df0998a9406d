import { clockOf, dayOf, minuteOf, spanOf } from "../kit/format";
import type { Ink } from "../tokens/ink";
import type { ObservationId, Severity, Time } from "../wire/wire";
import { type Axis, type Range, ticks, toAxis, toTime } from "./axis";
import { lineSaying, type Picture, rateSaying, type TimeMark } from "./marks";
import { chip, fit, hatch, hue, moment, shortKind } from "./shapes";

export const RULER = 26;
export const LANE = 24;
export const GUTTER = 184;

export interface View {
  width: number;
  height: number;
  /** How far the lanes are scrolled down, in pixels. */
  scroll: number;
  axis: Axis;
  range: Range;
  /** The time the screen shows; null is now. */
  time: Time | null;
  numbers: ReadonlyMap<ObservationId, number>;
  cited: ReadonlySet<ObservationId>;
  chosen: ObservationId | null;
  pointed: ObservationId | null;
  hovered: number | null;
  lane: number | null;
}

/** A place that answers to the pointer. */
export interface Spot {
  x: number;
  y: number;
  w: number;
  h: number;
  mark: number;
  /** How many moments it stands for, and when the last of them was. */
  pile?: { count: number; until: Time };
}

export const xOf = (view: View, time: Time): number => GUTTER + ((toAxis(view.axis, time) - view.range.a) / (view.range.b - view.range.a)) * (view.width - GUTTER);
export const placeAt = (view: View, x: number): number => view.range.a + ((x - GUTTER) / Math.max(view.width - GUTTER, 1)) * (view.range.b - view.range.a);

/** Draws the whole timeline; gives back where marks are. Everything outside the view is skipped before it costs anything. */
export function draw(context: CanvasRenderingContext2D, picture: Picture, view: View, ink: Ink): Spot[] {
  const { width, height } = view;
  context.clearRect(0, 0, width, height);
  context.fillStyle = ink.panel;
  context.fillRect(0, 0, width, height);
  const spots: Spot[] = [];
  const investigation = height - LANE - 2;
  const laneTop = (lane: number) => (lane === picture.investigation ? investigation : RULER + lane * LANE - view.scroll);

  folds(context, view, ink);
  grid(context, view, ink);
  gaps(context, picture, view, ink);
  context.save();
  context.beginPath();
  context.rect(0, RULER, width, investigation - RULER);
  context.clip();
  lanes(context, picture, view, ink, laneTop);
  const behind = view.time;
  courses(context, picture, view, ink, laneTop);
  marks(context, picture, view, ink, laneTop, spots, (m) => m.lane !== picture.investigation, behind);
  context.restore();

  context.fillStyle = ink.ground;
  context.fillRect(0, investigation, width, LANE + 2);
  rule(context, ink.line, 0, investigation + 0.5, width);
  label(context, ink, "", "Investigation", investigation, view.lane === picture.investigation);
  marks(context, picture, view, ink, laneTop, spots, (m) => m.lane === picture.investigation, behind);
  if (view.time !== null) later(context, view, ink);
  ruler(context, view, ink);
  return spots;
}

function rule(context: CanvasRenderingContext2D, colour: string, x: number, y: number, width: number) {
  context.fillStyle = colour;
  context.fillRect(x, y - 0.5, width, 1);
}

function label(context: CanvasRenderingContext2D, ink: Ink, kind: string, title: string, top: number, strong: boolean, indent = 0) {
  context.textBaseline = "middle";
  context.textAlign = "left";
  const y = top + LANE / 2 + 0.5;
  let x = 12 + indent;
  if (kind) {
    context.font = `400 10px ${ink.fontText}`;
    context.fillStyle = ink.text3;
    context.fillText(kind, x, y);
    x += context.measureText(kind).width + 6;
  }
  context.font = kind ? `${strong ? 600 : 500} 11px ${ink.fontMono}` : `500 11px ${ink.fontText}`;
  context.fillStyle = strong ? ink.ink : ink.text2;
  context.fillText(fit(context, title, GUTTER - x - 8), x, y);
}

function lanes(context: CanvasRenderingContext2D, picture: Picture, view: View, ink: Ink, laneTop: (lane: number) => number) {
  picture.lanes.forEach((lane, i) => {
    if (i === picture.investigation) return;
    const top = laneTop(i);
    if (top > view.height || top + LANE < RULER) return;
    if (view.lane === i || lane.group) {
      context.fillStyle = view.lane === i ? ink.chosen : ink.ground;
      context.fillRect(0, top, view.width, LANE);
    }
    rule(context, ink.line, 0, top + LANE, view.width);
    // The head of a group is a button over the canvas.
    if (!lane.group) label(context, ink, shortKind(lane.kind), lane.title, top, view.lane === i, lane.inGroup ? 14 : 0);
  });
}

function folds(context: CanvasRenderingContext2D, view: View, ink: Ink) {
  for (const stretch of view.axis.stretches) {
    if (!stretch.folded) continue;
    const a = xOf(view, stretch.from);
    const b = xOf(view, stretch.until);
    if (b < GUTTER || a > view.width) continue;
    context.fillStyle = ink.ground;
    context.fillRect(Math.max(a, GUTTER), RULER, b - Math.max(a, GUTTER), view.height);
  }
}

function gaps(context: CanvasRenderingContext2D, picture: Picture, view: View, ink: Ink) {
  for (const gap of picture.gaps) {
    const a = Math.max(xOf(view, gap.from), GUTTER);
    const b = Math.max(xOf(view, gap.until), a + 3);
    if (b < GUTTER || a > view.width) continue;
    hatch(context, a, RULER, b - a, view.height - RULER - LANE - 2, ink.lineStrong);
  }
}

/** What lies after the shown time is there, and faint: nobody knew it then. */
function later(context: CanvasRenderingContext2D, view: View, ink: Ink) {
  const x = Math.max(xOf(view, view.time ?? 0), GUTTER);
  context.globalAlpha = 0.72;
  context.fillStyle = ink.panel;
  context.fillRect(x, RULER, view.width - x, view.height - RULER);
  context.globalAlpha = 1;
}

const perPixelOf = (view: View) => (view.range.b - view.range.a) / Math.max(view.width - GUTTER, 1);
/** Ticks stand on the engineer's own full minutes and hours, which a change of the clocks moves. */
const zoneAt = (time: number) => -new Date(time / 1000).getTimezoneOffset() * 60e6;
const APART = 76;

function grid(context: CanvasRenderingContext2D, view: View, ink: Ink) {
  const perPixel = perPixelOf(view);
  context.fillStyle = ink.line;
  for (const tick of ticks(view.axis, view.range, perPixel * APART, zoneAt)) {
    const x = GUTTER + (tick.place - view.range.a) / perPixel;
    if (x > GUTTER && x < view.width) context.fillRect(Math.round(x), RULER, 1, view.height - RULER - LANE - 2);
  }
}

function ruler(context: CanvasRenderingContext2D, view: View, ink: Ink) {
  context.fillStyle = ink.panel;
  context.fillRect(0, 0, view.width, RULER);
  rule(context, ink.line, 0, RULER, view.width);
  context.textBaseline = "middle";
  context.font = `400 11px ${ink.fontMono}`;
  context.textAlign = "center";
  const perPixel = perPixelOf(view);
  const apart = perPixel * APART;
  // Folds are named first; a tick's name that would touch another one is left out.
  const taken: [number, number][] = [];
  const free = (from: number, until: number) => from > GUTTER && until < view.width && taken.every(([a, b]) => until < a || from > b);
  for (const stretch of view.axis.stretches) {
    if (!stretch.folded) continue;
    const a = xOf(view, stretch.from);
    const b = xOf(view, stretch.until);
    if (b < GUTTER || a > view.width) continue;
    const middle = (a + b) / 2;
    context.strokeStyle = ink.lineStrong;
    context.lineWidth = 1;
    for (const dx of [-2, 2]) {
      context.beginPath();
      context.moveTo(middle + dx - 2, RULER + 4);
      context.lineTo(middle + dx + 2, RULER - 4);
      context.stroke();
    }
    const text = spanOf(stretch.until - stretch.from);
    context.font = `400 10px ${ink.fontMono}`;
    const half = context.measureText(text).width / 2 + 5;
    if (!free(middle - half, middle + half)) continue;
    taken.push([middle - half, middle + half]);
    context.fillStyle = ink.text3;
    context.fillText(text, middle, RULER / 2 - 1);
  }
  context.font = `400 11px ${ink.fontMono}`;
  let day = dayOf(Date.now() * 1000);
  for (const tick of ticks(view.axis, view.range, apart, zoneAt)) {
    const x = GUTTER + (tick.place - view.range.a) / perPixel;
    // The day is said where it changes, and at the beginning when it is not today.
    const time = apart < 60e6 ? clockOf(tick.time) : minuteOf(tick.time);
    const newDay = dayOf(tick.time) !== day;
    const text = (tick.time + zoneAt(tick.time)) % 86_400e6 === 0 ? dayOf(tick.time) : newDay ? `${dayOf(tick.time)} ${time}` : time;
    const half = context.measureText(text).width / 2 + 6;
    if (!free(x - half, x + half)) continue;
    taken.push([x - half, x + half]);
    day = dayOf(tick.time);
    context.fillStyle = newDay ? ink.text2 : ink.text3;
    context.fillText(text, x, RULER / 2);
  }
}

/** Where every mark begins and ends on the axis: computed once for a picture and an axis, not once a frame. */
interface Places {
  axis: Axis;
  from: Float64Array;
  until: Float64Array;
  /** The spans, the worst last, so that it is seen. */
  spans: number[];
}
const placesOf = new WeakMap<Picture, Places>();
const worstLast: Record<Severity, number> = { info: 0, minor: 1, major: 2, critical: 3 };

function placed(picture: Picture, axis: Axis): Places {
  const known = placesOf.get(picture);
  if (known?.axis === axis) return known;
  const from = Float64Array.from(picture.marks, (m) => toAxis(axis, m.at));
  const until = Float64Array.from(picture.marks, (m) => toAxis(axis, m.until ?? m.at));
  const spans = [...picture.spans].sort((a, b) => worstLast[picture.marks[a]?.severity ?? "info"] - worstLast[picture.marks[b]?.severity ?? "info"]);
  const made = { axis, from, until, spans };
  placesOf.set(picture, made);
  return made;
}

/** Where a metric or a log's pattern is drawn under a point. */
export function courseAt(picture: Picture, view: View, x: number, y: number): string | null {
  const lane = Math.floor((y - RULER + view.scroll) / LANE);
  const time = toTime(view.axis, placeAt(view, x));
  if (x < GUTTER || y < RULER) return null;
  const rate = picture.rates.find((r) => r.lane === lane && x >= xOf(view, r.from) - 2 && x <= xOf(view, r.until) + 2 && (y - RULER + view.scroll) % LANE > LANE - 6);
  if (rate) return rateSaying(rate);
  const line = picture.lines.find((l) => l.lane === lane && time >= (l.points[0]?.at ?? 0) && time <= (l.points.at(-1)?.at ?? 0));
  return line ? lineSaying(line, time) : null;
}

/** Metrics as small lines over the height of their lane, patterns of logs as bars at its foot; of each pixel one point is drawn. */
function courses(context: CanvasRenderingContext2D, picture: Picture, view: View, ink: Ink, laneTop: (lane: number) => number) {
  const seen = (top: number) => top + LANE >= RULER && top <= view.height;
  const hidden = view.time ?? Infinity;
  for (const { lane, points } of picture.lines) {
    const top = laneTop(lane);
    if (!seen(top)) continue;
    const most = points.reduce((high, p) => Math.max(high, p.value), 0);
    const least = points.reduce((low, p) => Math.min(low, p.value), 0);
    context.strokeStyle = ink.text3;
    context.lineWidth = 1;
    context.beginPath();
    let last = -99;
    let begun = false;
    for (const { at, value } of points) {
      if (at > hidden) break;
      const x = xOf(view, at);
      if (x < GUTTER || x > view.width || x - last < 1) continue;
      last = x;
      const y = top + LANE - 3 - ((value - least) / Math.max(most - least, 1e-9)) * (LANE - 6);
      if (begun) context.lineTo(x, y);
      else context.moveTo(x, y);
      begun = true;
    }
    context.stroke();
  }
  for (const { lane, from, until, count, severity } of picture.rates) {
    const top = laneTop(lane);
    if (!seen(top) || from > hidden) continue;
    const a = Math.max(xOf(view, from), GUTTER);
    const b = Math.min(xOf(view, Math.min(until, hidden)), view.width);
    if (b < GUTTER || a > view.width) continue;
    // The thicker the more of them a minute, from one pixel to four.
    const rate = count / Math.max((until - from) / 60e6, 1 / 60);
    const thick = 1 + Math.min(3, Math.max(0, Math.log10(rate + 1)));
    context.fillStyle = hue(ink, severity);
    context.fillRect(a, top + LANE - 1 - thick, Math.max(b - a, 2), thick);
  }
}

/** Moments of one lane and kind that fall on one another. */
interface Pile {
  /** The worst of them, which is drawn. */
  index: number;
  last: number;
  x: number;
  top: number;
  count: number;
  /** On the axis, where the longest of them ends. */
  until: number;
}

/** All moments of one lane that fall on one another. */
interface Column {
  x: number;
  top: number;
  lane: number;
  count: number;
  severity: Severity;
}

/** Moments nearer than this, in pixels, are one mark with a count. */
const NEAR = 2.5;
/** The tallest column, in pixels: a thousand moments and more. */
const TALLEST = 8;

/** How many moments fall on one another: columns that hang from the top of the lane, by powers of two, and the number where there is room. */
function density(context: CanvasRenderingContext2D, columns: readonly Column[], view: View, ink: Ink) {
  const next = new Map<number, number>();
  context.font = `500 9px ${ink.fontMono}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (let i = columns.length - 1; i >= 0; i--) {
    const { x, top, lane, count, severity } = columns[i] as Column;
    const room = (next.get(lane) ?? view.width) - x;
    next.set(lane, x);
    if (count < 2) continue;
    context.fillStyle = hue(ink, severity);
    context.fillRect(x - NEAR / 2, top + 1, NEAR, Math.min(TALLEST, 1 + Math.log2(count) * 0.7));
    const text = `×${count}`;
    if (room < text.length * 6 + 14) continue;
    context.fillStyle = ink.text2;
    context.fillText(text, x + 6, top + 6);
  }
}

type Deferred = { index: number; mark: TimeMark; x: number; y: number };

function marks(context: CanvasRenderingContext2D, picture: Picture, view: View, ink: Ink, laneTop: (lane: number) => number, spots: Spot[], which: (mark: TimeMark) => boolean, behind: Time | null) {
  const deferred: Deferred[] = [];
  const isLit = (mark: TimeMark, index: number) => view.hovered === index || (mark.observation !== null && (mark.observation === view.chosen || mark.observation === view.pointed));
  const seen = (top: number) => top + LANE >= RULER && top <= view.height;

  const places = placed(picture, view.axis);
  const { a: left, b: right } = view.range;
  const scale = (view.width - GUTTER) / (right - left);
  const hidden = behind === null ? Infinity : toAxis(view.axis, behind);
  for (const index of places.spans) {
    const begin = places.from[index] as number;
    const over = Math.min(places.until[index] as number, Math.max(hidden, begin));
    if (over < left || begin > right) continue;
    const mark = picture.marks[index];
    if (!mark || !which(mark)) continue;
    const top = laneTop(mark.lane);
    if (!seen(top)) continue;
    const x = GUTTER + (begin - left) * scale;
    const end = GUTTER + (over - left) * scale;
    const from = Math.max(x, GUTTER);
    const width = Math.max(end - from, 3);
    // What lies under it is covered first: troubles at one time do not add up to a brighter colour, the worst is seen.
    context.fillStyle = ink.panel;
    context.fillRect(from, top + 6, width, LANE - 11);
    context.globalAlpha = isLit(mark, index) ? 0.6 : 0.34;
    context.fillStyle = hue(ink, mark.severity);
    context.fillRect(from, top + 6, width, LANE - 11);
    context.globalAlpha = 1;
    context.fillRect(from, top + 6, 2, LANE - 11);
    spots.push({ x: from, y: top, w: width, h: LANE, mark: index });
    if (mark.observation !== null && view.cited.has(mark.observation)) deferred.push({ index, mark, x: from + 12, y: top + LANE / 2 });
  }

  // Moments lie over the spans. They are in the order of time, so only those in view are looked at. Of those that would
  // fall on one another the worst is drawn, and how many there are.
  const piles: Pile[] = [];
  const columns: Column[] = [];
  const pileIn = new Int32Array(picture.lanes.length * KINDS.length).fill(-1);
  const columnIn = new Int32Array(picture.lanes.length).fill(-1);
  const lit: Deferred[] = [];
  const first = toTime(view.axis, view.range.a);
  for (let i = firstFrom(picture, first); i < picture.moments.length; i++) {
    const index = picture.moments[i] as number;
    const begin = places.from[index] as number;
    if (begin > right) break;
    const mark = picture.marks[index];
    if (!mark || begin < left || !which(mark)) continue;
    const top = laneTop(mark.lane);
    if (!seen(top)) continue;
    const x = GUTTER + (begin - left) * scale;
    const slot = mark.lane * KINDS.length + (SLOTS[mark.kind] ?? 0);
    const pile = piles[pileIn[slot] as number];
    if (pile && x - pile.x < NEAR) {
      pile.count++;
      pile.last = index;
      pile.until = Math.max(pile.until, places.until[index] as number);
      if (worstLast[mark.severity] > worstLast[(picture.marks[pile.index] as TimeMark).severity]) pile.index = index;
    } else pileIn[slot] = piles.push({ index, last: index, x, top, count: 1, until: places.until[index] as number }) - 1;
    const column = columns[columnIn[mark.lane] as number];
    if (column && x - column.x < NEAR) {
      column.count++;
      if (worstLast[mark.severity] > worstLast[column.severity]) column.severity = mark.severity;
    } else columnIn[mark.lane] = columns.push({ x, top, lane: mark.lane, count: 1, severity: mark.severity }) - 1;
    if (isLit(mark, index)) lit.push({ index, mark, x, y: top + LANE / 2 });
    if (mark.observation !== null && view.cited.has(mark.observation)) deferred.push({ index, mark, x: x + 12, y: top + LANE / 2 });
  }
  for (const pile of piles) {
    const mark = picture.marks[pile.index] as TimeMark;
    const y = pile.top + LANE / 2;
    if (mark.until !== null) {
      const end = Math.min(GUTTER + (Math.min(pile.until, Math.max(hidden, places.from[pile.index] as number)) - left) * scale, view.width);
      context.fillStyle = hue(ink, mark.severity);
      context.fillRect(pile.x, y + 6, Math.max(end - pile.x, 1), 1.5);
    }
    moment(context, mark, pile.x, y, ink, false);
    spots.push({ x: pile.x - 6, y: pile.top, w: 12, h: LANE, mark: pile.index, ...(pile.count > 1 ? { pile: { count: pile.count, until: picture.marks[pile.last]?.at ?? mark.at } } : {}) });
  }
  density(context, columns, view, ink);
  for (const { mark, x, y } of lit) moment(context, mark, x, y, ink, true);
  // Chips of one lane stand beside each other, in the order of their moments.
  const chips = new Set<ObservationId>();
  const taken = new Map<number, number>();
  for (const { index, mark, x: wanted, y } of deferred.sort((a, b) => a.x - b.x)) {
    if (mark.observation === null || chips.has(mark.observation)) continue;
    chips.add(mark.observation);
    const x = Math.min(Math.max(wanted, (taken.get(mark.lane) ?? -99) + 19), view.width - 10);
    taken.set(mark.lane, x);
    chip(context, view, ink, mark.observation, x, y);
    spots.push({ x: x - 9, y: y - 8, w: 18, h: 16, mark: index });
  }
}

const KINDS: readonly TimeMark["kind"][] = ["signal", "event", "change", "restart", "alert", "log", "metric", "note", "asked", "approved", "denied", "result", "released", "moved", "concluded", "said", "begun"];

const SLOTS: Record<string, number> = Object.fromEntries(KINDS.map((kind, i) => [kind, i]));

/** The first moment that is not before `time`. */
function firstFrom(picture: Picture, time: Time): number {
  let low = 0;
  let high = picture.moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((picture.marks[picture.moments[middle] as number]?.at ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
