import { useRef } from "react";
import { useKeys } from "../app/keys";
import { momentOf } from "../kit";
import { useNow } from "../kit/now";
import { testids } from "../testids";
import type { Collapse } from "./collapse";
import type { Against, Marked, Marking } from "./marking";

const folds: [Collapse, string][] = [
  ["nothing", "every object"],
  ["owner", "by owner"],
  ["namespace", "by namespace"],
  ["node", "by node"],
];
const marks: [Marked, string][] = [
  ["nothing", "mark nothing"],
  ["broken", "first broken hop"],
  ["radius", "blast radius"],
  ["path", "way to another object"],
  ["changes", "what differs from…"],
];

interface Props {
  marking: Marking;
  collapse: Collapse;
  setCollapse: (collapse: Collapse) => void;
  against: Against | null;
}

/** What of the graph is folded, marked and searched; each by a key, too. */
export function GraphTools({ marking, collapse, setCollapse, against }: Props) {
  const search = useRef<HTMLInputElement>(null);
  const now = useNow(60_000);
  const { marked, mark } = marking;
  const toggle = (which: Marked) => mark(marked === which ? "nothing" : which);
  useKeys([
    { keys: "v f", title: "Find in the graph", group: "Graph", run: () => search.current?.focus() },
    { keys: "v c", title: "Collapse the graph: by owner, namespace, node", group: "Graph", run: () => setCollapse(folds[(folds.findIndex(([name]) => name === collapse) + 1) % folds.length]?.[0] ?? "nothing") },
    { keys: "v h", title: "Mark the first broken hop", group: "Graph", run: () => toggle("broken") },
    { keys: "v b", title: "Mark the blast radius", group: "Graph", run: () => toggle("radius") },
    { keys: "v p", title: "Mark the way to another object", group: "Graph", run: () => toggle("path") },
    { keys: "v d", title: "Mark what differs from another time", group: "Graph", run: () => toggle("changes"), cannot: against ? null : "there is no other time here" },
  ]);
  return (
    <>
      <div className="graph-bar">
        <input
          ref={search}
          type="search"
          className="field"
          aria-label="Find in the graph"
          placeholder="Find"
          data-testid={testids.graphFind}
          value={marking.text}
          onChange={(e) => marking.find(e.target.value)}
          onKeyDown={(e) => {
            if (e.key !== "Escape") return;
            e.stopPropagation();
            marking.find("");
            e.currentTarget.blur();
          }}
        />
        <select className="field" aria-label="Collapse" title="Collapse (V C)" data-testid={testids.graphCollapse} value={collapse} onChange={(e) => setCollapse(e.target.value as Collapse)}>
          {folds.map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </select>
        <select className="field" aria-label="Mark" title="Mark (V H, V B, V P, V D)" data-testid={testids.graphMark} value={marked} onChange={(e) => mark(e.target.value as Marked)}>
          {marks
            .filter(([name]) => name !== "changes" || against)
            .map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
        </select>
        {marked === "changes" && against ? (
          <select className="field" aria-label="The other time" data-testid={testids.graphAgainst} value={against.time ?? ""} onChange={(e) => against.set(Number(e.target.value) || null)}>
            {against.choices.map(([name, time]) => (
              <option key={name} value={time}>
                {name}, {momentOf(time, now)}
              </option>
            ))}
          </select>
        ) : null}
      </div>
      <p className="graph-says small" role="status" data-testid={testids.graphSays}>
        {marking.says}
      </p>
    </>
  );
}
