import type { Incident, Mark, ObjectRef, Timeline } from "../wire/wire";

const HOUR = 3600e6;

export interface Changed {
  mark: Mark;
  object: ObjectRef | null;
}

/** The changes of its objects in the hour before it began (and two minutes after), the nearest first. */
export function changesBefore(timeline: Timeline | undefined, incident: Incident): Changed[] {
  return (timeline?.marks ?? [])
    .filter((m) => m.kind === "change" && m.at <= incident.started_at + HOUR / 30 && m.at > incident.started_at - HOUR)
    .sort((a, b) => b.at - a.at)
    .slice(0, 6)
    .map((mark) => ({ mark, object: timeline?.lanes[mark.lane]?.object ?? null }));
}
