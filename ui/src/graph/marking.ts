import { useMemo, useState } from "react";
import { countOf, objectKey } from "../kit/format";
import type { CommandFailed } from "../platform";
import type { GraphView, ObjectRef, Time } from "../wire/wire";
import { differences, type Differences, word } from "./change";
import { blastRadius, foundIn, pathBetween, toFirstBroken, troubledOf, waysOf } from "./walk";

export type Marked = "nothing" | "radius" | "broken" | "path" | "changes";

/** The other time that a graph is compared with. */
export interface Against {
  time: Time | null;
  set: (time: Time | null) => void;
  /** Times worth comparing with, each by its name. */
  choices: readonly [string, Time][];
  view: GraphView | undefined;
  /** Why the other time could not be read. */
  failed: CommandFailed | null;
}

export interface Marking {
  marked: Marked;
  mark: (marked: Marked) => void;
  text: string;
  find: (text: string) => void;
  /** Objects that stand out; null: all alike. In the order of the way, where it is one. */
  keep: readonly string[] | null;
  changes: Differences | null;
  /** What is marked, in words. */
  says: string;
}

const nameOf = (key: string): string => key.split("/").filter(Boolean).join(" ").replace(/^(\S+) \S+ (\S+)$/, "$1 $2");

/** What stands out in a graph: what was searched, a way, a blast radius, or what differs from another time. */
export function useMarking(view: GraphView, focus: readonly ObjectRef[], object: ObjectRef | null, against: Against | null): Marking {
  const [marked, setMarked] = useState<Marked>("nothing");
  const [from, setFrom] = useState<string | null>(null);
  const [text, setText] = useState("");
  const ways = useMemo(() => waysOf(view.layout.edges), [view]);
  const objects = useMemo(() => view.layout.nodes.map((n) => n.object), [view]);
  const chosen = object ? objectKey(object) : null;
  const first = focus.map(objectKey).find((key) => objects.some((o) => objectKey(o) === key)) ?? null;
  const changes = useMemo(() => (marked === "changes" && against?.view ? differences(against.view, view) : null), [marked, against?.view, view]);

  const mark = (next: Marked) => {
    if (next === "path") setFrom(chosen ?? first);
    if (next !== "changes") against?.set(null);
    else if (against && against.time === null) against.set(against.choices[0]?.[1] ?? null);
    setMarked(next);
  };

  const { keep, says } = useMemo((): { keep: readonly string[] | null; says: string } => {
    if (text.trim()) {
      const found = foundIn(objects, text);
      return { keep: found, says: found.length === 0 ? "Nothing that is drawn is called that" : `${countOf(found.length, "object")} found` };
    }
    const at = chosen ?? first;
    if (marked === "nothing" || at === null) return { keep: null, says: "" };
    if (marked === "radius") {
      const reach = blastRadius(ways, at);
      return { keep: reach, says: reach.length === 1 ? `Nothing that is drawn needs ${nameOf(at)}` : `${countOf(reach.length - 1, "object")} ${reach.length === 2 ? "needs" : "need"} ${nameOf(at)}` };
    }
    if (marked === "broken") {
      const way = toFirstBroken(ways, troubledOf(view), at);
      const last = way.at(-1);
      return { keep: way, says: last === undefined ? `${nameOf(at)} and what it needs are well, as far as is known` : `First broken hop: ${nameOf(last)}${way.length > 1 ? `, ${countOf(way.length - 1, "step")} from ${nameOf(way[0] ?? at)}` : "; nothing that it needs is in trouble"}` };
    }
    if (marked === "path") {
      if (from === null || chosen === null || chosen === from) return { keep: from === null ? null : [from], says: `Choose another object: the way from ${nameOf(from ?? at)} to it is shown` };
      const way = pathBetween(ways, from, chosen);
      const broken = way.find((key) => troubledOf(view).has(key));
      return { keep: way.length > 0 ? way : [from, chosen], says: way.length === 0 ? `Nothing that is drawn connects ${nameOf(from)} with ${nameOf(chosen)}` : `${countOf(way.length - 1, "step")} from ${nameOf(from)} to ${nameOf(chosen)}; ${broken ? `the first in trouble is ${nameOf(broken)}` : "none of them is in trouble"}` };
    }
    if (!changes) return { keep: null, says: against?.time == null ? "Choose a time to compare with" : against.failed ? `The other time could not be read: ${against.failed.title} Choose it again to try once more` : "Reading the other time…" };
    const drawn = new Set(objects.map(objectKey));
    const gone = [...changes.objects].filter(([key]) => !drawn.has(key));
    const others = changes.edges.now.length + changes.edges.before.length;
    const said = [
      changes.objects.size === 0 ? "No object differs" : `${countOf(changes.objects.size, "object")} ${changes.objects.size === 1 ? "differs" : "differ"}`,
      ...(gone.length > 0 ? [`no longer drawn: ${gone.slice(0, 3).map(([key, { how }]) => `${nameOf(key)} (${word[how]})`).join(", ")}${gone.length > 3 ? ` and ${gone.length - 3} more` : ""}`] : []),
      ...(others > 0 ? [`${countOf(others, "edge")} ${others === 1 ? "differs" : "differ"}`] : []),
    ];
    return { keep: [...changes.objects.keys()].filter((key) => drawn.has(key)), says: said.join("; ") };
  }, [text, objects, chosen, first, marked, ways, view, from, changes, against?.time, against?.failed]);

  return { marked, mark, text, find: setText, keep, changes, says };
}
