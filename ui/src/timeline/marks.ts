import type { CaseState } from "../case/fold";
import { clockOf, countOf, homeOf, minuteOf, objectKey } from "../kit/format";
import type { GroupHead } from "./groups";
import type { CaseEvent, LogPattern, MarkKind, MetricPoint, ObjectRef, ObservationId, Severity, Time, Timeline } from "../wire/wire";

/** What the investigation's own lane shows. */
export type StepKind = "asked" | "approved" | "denied" | "result" | "released" | "moved" | "concluded" | "said" | "begun";

export interface TimeMark {
  lane: number;
  at: Time;
  until: Time | null;
  kind: MarkKind | StepKind;
  severity: Severity;
  title: string;
  observation: ObservationId | null;
  /** What it is of, where its lane is that of a whole group. */
  of?: ObjectRef | null;
}

export interface TimeLane {
  object: ObjectRef | null;
  title: string;
  kind: string;
  /** The lane is the head of a group. */
  group?: GroupHead;
  inGroup?: boolean;
}

/** Everything the timeline draws, as lists: lanes from top to bottom, marks by time. */
export interface Picture {
  lanes: TimeLane[];
  /** All of them by time: spans and moments. */
  marks: TimeMark[];
  /** Places in `marks` of those that last, and of those that are moments; both by time. */
  spans: number[];
  moments: number[];
  gaps: { from: Time; until: Time; why: string }[];
  /** The lane of the investigation itself, the last one. */
  investigation: number;
  /** Metrics, each as a small line in its lane. */
  lines: Line[];
  /** Patterns of logs from their first to their last entry. */
  rates: Rate[];
}

export interface Line {
  lane: number;
  points: readonly MetricPoint[];
  unit: string;
  title: string;
  observation: ObservationId;
}

export interface Rate {
  lane: number;
  from: Time;
  until: Time;
  count: number;
  severity: Severity;
  title: string;
  observation: ObservationId;
}

/** What the axis tells: when it happened, or when this desk learnt of it. */
export type By = "at" | "known_at";

/** Of a log so many patterns are drawn, the ones that look like trouble first. */
const MOST_RATES = 3;

/** A released observation that the cluster's own timeline does not show: a log, a metric, a probe. */
export interface Learnt {
  id: ObservationId;
  at: Time;
  seen_at: Time;
  /** An alert's end. */
  until: Time | null;
  subject: ObjectRef | null;
  kind: "log" | "metric" | "alert" | "note";
  title: string;
  points: readonly MetricPoint[];
  unit: string;
  patterns: readonly LogPattern[];
}

/** What is drawn when it was known lasts from then on; what was over by then is a moment. */
function known<T extends { at: Time; known_at: Time; until: Time | null }>(mark: T): T {
  return { ...mark, at: mark.known_at, until: mark.until !== null && mark.until > mark.known_at ? mark.until : null };
}

export function pictureOf(timeline: Timeline | undefined, events: readonly CaseEvent[], learnt: readonly Learnt[] = [], by: By = "at"): Picture {
  const lanes: TimeLane[] = (timeline?.lanes ?? []).map((lane) => ({ object: lane.object, title: lane.object?.name ?? lane.title, kind: lane.object?.kind ?? "" }));
  const investigation = lanes.length;
  lanes.push({ object: null, title: "Investigation", kind: "" });
  const marks: TimeMark[] = (timeline?.marks ?? []).map((mark) => (by === "at" ? { ...mark } : known(mark)));
  const drawn = new Set(marks.map((m) => m.observation));
  const laneOf = new Map(lanes.map((lane, i) => [lane.object ? objectKey(lane.object) : "", i]));
  const keys = new Set(laneOf.keys());
  const lines: Line[] = [];
  const rates: Rate[] = [];
  for (const { id, at, seen_at, until, subject, kind, title, points, unit, patterns } of learnt) {
    const home = subject ? homeOf(subject, keys) : null;
    const lane = home === null ? undefined : laneOf.get(home);
    const place = lane ?? investigation;
    const severity = kind === "alert" ? ("major" as const) : ("info" as const);
    if (!drawn.has(id)) marks.push({ lane: place, at: by === "at" ? at : Math.max(at, seen_at), until: by === "at" ? until : null, kind, severity, title, observation: id });
    // Lines and stretches show a course of things: when it was learnt they are one moment.
    if (by !== "at" || lane === undefined) continue;
    if (points.length > 1) lines.push({ lane, points, unit, title, observation: id });
    for (const { template, count, first_at, last_at, level } of patterns.slice(0, MOST_RATES)) {
      if (first_at === null || last_at === null) continue;
      rates.push({ lane, from: first_at, until: last_at, count, severity: level === "fatal" || level === "error" ? "major" : level === "warning" ? "minor" : "info", title: template, observation: id });
    }
  }
  for (const event of events) {
    const step = stepOf(event);
    if (step) marks.push({ lane: investigation, at: event.at, until: null, severity: "info", observation: null, ...step });
  }
  marks.sort((a, b) => a.at - b.at || a.lane - b.lane);
  const spans: number[] = [];
  const moments: number[] = [];
  marks.forEach((mark, i) => (lasts(mark) ? spans : moments).push(i));
  return { lanes, marks, spans, moments, gaps: (timeline?.gaps ?? []).map(([from, until, why]) => ({ from, until, why })), investigation, lines, rates };
}

function stepOf(event: CaseEvent): { kind: StepKind; title: string } | null {
  const { fact } = event;
  switch (fact.type) {
    case "opened":
      return { kind: "begun", title: "The case was opened" };
    case "investigation_started":
      return { kind: "begun", title: `${fact.investigator} began` };
    case "said":
      return { kind: "said", title: `You said: ${fact.text}` };
    case "noted":
      return { kind: "said", title: `Note: ${fact.text}` };
    case "hypotheses_moved":
      return { kind: "moved", title: fact.because };
    case "concluded":
      return { kind: "concluded", title: fact.conclusion.summary };
    case "call":
      switch (fact.step.step) {
        case "asked":
          return { kind: "asked", title: fact.step.preview.does };
        case "approved":
          return { kind: "approved", title: "Approved" };
        case "denied":
          return { kind: "denied", title: `Denied: ${fact.step.reason}` };
        case "withheld":
          return { kind: "denied", title: `Withheld: ${fact.step.reason}` };
        case "succeeded":
          return { kind: "result", title: "A result came back" };
        case "released":
        case "released_edited":
          return { kind: "released", title: "The result was released" };
        default:
          return null;
      }
    default:
      return null;
  }
}

/** Every time that must have a place on the axis. */
export function timesOf(timeline: Timeline | undefined, picture: Picture, state: CaseState): Time[] {
  const times: Time[] = [];
  for (const mark of picture.marks) {
    times.push(mark.at);
    if (mark.until !== null) times.push(mark.until);
  }
  for (const gap of picture.gaps) times.push(gap.from, gap.until);
  for (const { points } of picture.lines) times.push(...points.map((p) => p.at));
  for (const rate of picture.rates) times.push(rate.from, rate.until);
  if (timeline) times.push(timeline.to);
  if (state.opened) times.push(state.opened.asOf);
  if (state.lastAt) times.push(state.lastAt);
  return times;
}

/** Trouble is drawn for as long as it lasts; an Event that came again and again is a moment with a tail. */
const lasts = (mark: TimeMark): boolean => mark.until !== null && (mark.kind === "signal" || mark.kind === "alert");

/** The next or previous moment at which something happened. */
export function neighbour(picture: Picture, time: Time, direction: 1 | -1): Time | null {
  if (direction === 1) return picture.marks.find((m) => m.at > time)?.at ?? null;
  return picture.marks.findLast((m) => m.at < time)?.at ?? null;
}

/** A mark in words, for those who do not see the picture. */
export function saying(picture: Picture, mark: TimeMark): string {
  const lane = picture.lanes[mark.lane];
  const object = mark.of ?? lane?.object;
  return `${minuteOf(mark.at)} ${object ? objectKey(object) : (lane?.title ?? "")}: ${mark.title.replaceAll("`", "")}`;
}

/** Several marks that fall on one another, in words: the worst, and how many more. */
export function pileSaying(picture: Picture, mark: TimeMark, { count, until }: { count: number; until: Time }): string {
  const more = `and ${countOf(count - 1, "more", "more")}${until > mark.at ? `, the last at ${clockOf(until)}` : ""}; come closer to tell them apart`;
  return `${saying(picture, mark)} (${more})`;
}

/** A pattern of a log in words. */
export const rateSaying = ({ title, count, from, until }: Rate): string => `${count} times from ${clockOf(from)} to ${clockOf(until)}${until > from ? `, ${perMinute(count, until - from)} a minute` : ""}: ${title.replaceAll("`", "")}`;
const perMinute = (count: number, micros: Time): string => {
  const rate = count / Math.max(micros / 60e6, 1 / 60);
  return rate >= 10 ? String(Math.round(rate)) : rate.toFixed(1);
};

/** A metric in words: its name, and what it was at a time. */
export function lineSaying({ title, points, unit }: Line, time: Time): string {
  const at = points.findLast((p) => p.at <= time) ?? points[0];
  return `${title}: ${at ? `${Number.isInteger(at.value) ? at.value : at.value.toPrecision(3)} ${unit} at ${clockOf(at.at)}` : "nothing"}`;
}

export type Gap = Picture["gaps"][number];

/** A stretch of which nothing is known, in words. */
export const gapSaying = (gap: Gap): string => `${clockOf(gap.from)} to ${clockOf(gap.until)} is missing: ${gap.why.replaceAll("`", "")}`;
