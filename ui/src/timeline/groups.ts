import { objectKey } from "../kit/format";
import type { ObjectRef } from "../wire/wire";
import type { Picture, TimeLane, TimeMark } from "./marks";

/** What lanes are gathered by. */
export type GroupBy = "object" | "owner" | "namespace" | "incident";

export const groupings: readonly [GroupBy, string][] = [
  ["object", "per object"],
  ["owner", "per owner"],
  ["namespace", "per namespace"],
  ["incident", "per incident"],
];

/** The head of a group: a lane that is shut holds the marks of all that are in it. */
export interface GroupHead {
  key: string;
  size: number;
  open: boolean;
}

/** Of what belongs to no group. */
const REST: Record<GroupBy, string> = { object: "", owner: "nobody named", namespace: "cluster-wide", incident: "in no incident" };

/**
 * The same picture with its lanes in groups, in the order of their first lanes: `nameOf` says to which group an object
 * belongs (null: to none, they come last). Groups in `shut` are one lane, on which everything of theirs is drawn.
 */
export function grouped(picture: Picture, by: GroupBy, nameOf: (object: ObjectRef) => string | null, shut: ReadonlySet<string>): Picture {
  if (by === "object") return picture;
  const groups = new Map<string, number[]>();
  const rest: number[] = [];
  picture.lanes.forEach(({ object }, i) => {
    if (i === picture.investigation) return;
    const name = object ? nameOf(object) : null;
    if (name === null) rest.push(i);
    else groups.set(name, [...(groups.get(name) ?? []), i]);
  });
  const all = [...groups].map(([name, members]) => ({ key: `${by}:${name}`, title: name, members }));
  if (rest.length > 0) all.push({ key: `${by}:`, title: REST[by], members: rest });

  const lanes: TimeLane[] = [];
  const place = new Int32Array(picture.lanes.length);
  for (const { key, title, members } of all) {
    const open = !shut.has(key);
    const head = lanes.push({ object: null, title, kind: "", group: { key, size: members.length, open } }) - 1;
    for (const member of members) {
      const lane = picture.lanes[member];
      place[member] = open && lane ? lanes.push({ ...lane, inGroup: true }) - 1 : head;
    }
  }
  const investigation = picture.lanes[picture.investigation];
  if (investigation) place[picture.investigation] = lanes.push(investigation) - 1;
  const at = (lane: number) => place[lane] ?? 0;
  const shutLane = (lane: number) => lanes[at(lane)]?.group !== undefined;
  const marks: TimeMark[] = picture.marks.map((mark) => ({ ...mark, lane: at(mark.lane), of: picture.lanes[mark.lane]?.object ?? null }));
  // A line and a bar are read against their lane alone: where several would share one they are left out.
  return {
    ...picture,
    lanes,
    marks,
    investigation: at(picture.investigation),
    lines: picture.lines.filter((line) => !shutLane(line.lane)).map((line) => ({ ...line, lane: at(line.lane) })),
    rates: picture.rates.filter((rate) => !shutLane(rate.lane)).map((rate) => ({ ...rate, lane: at(rate.lane) })),
  };
}

/** Where an object is drawn: its own lane, or the shut group that it is in. */
export function laneOf(picture: Picture, object: ObjectRef | null, by: GroupBy, nameOf: (object: ObjectRef) => string | null): number {
  if (!object) return -1;
  const key = objectKey(object);
  const own = picture.lanes.findIndex((lane) => lane.object && objectKey(lane.object) === key);
  if (own >= 0 || by === "object") return own;
  const group = `${by}:${nameOf(object) ?? ""}`;
  return picture.lanes.findIndex((lane) => lane.group?.key === group);
}

/** The keys of all groups of a picture. */
export const groupKeys = (picture: Picture): string[] => picture.lanes.flatMap((lane) => (lane.group ? [lane.group.key] : []));
