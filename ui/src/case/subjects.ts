import { objectKey } from "../kit/format";
import type { CaseView, ObjectRef } from "../wire/wire";

const NONE: ObjectRef[] = [];

/** What the pictures are about: everything that the case's incidents name. */
export function subjectsOf(view: CaseView): ObjectRef[] {
  const opened = view.events.find((e) => e.fact.type === "opened")?.fact;
  if (opened?.type !== "opened") return NONE;
  const all = opened.incidents.flatMap((i) => [...(i.origin ? [i.origin] : []), ...i.subjects, ...i.signals.map((s) => s.subject), ...i.links.flatMap((l) => [l.from, l.to])]);
  return [...new Map(all.map((object) => [objectKey(object), object])).values()];
}
