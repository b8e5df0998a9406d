import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useDeferredValue, useMemo, useRef, useState } from "react";
import { useAnswer } from "../ipc";
import { Kbd, objectKey, SeverityMark } from "../kit";
import { Dialog } from "../kit/dialog";
import { Words } from "../kit/words";
import { testids } from "../testids";
import { parts } from "../settings/parts";
import type { ClusterRow, ObjectHit, Severity, TriageView } from "../wire/wire";
import { capsOf, useBindings } from "./keys";
import { followed, go } from "./route";

interface Item {
  title: string;
  group: string;
  caps: string[];
  cannot: string | null;
  severity?: Severity | null;
  /** Found by the core already: its words need not stand in the title. */
  note?: string;
  run: () => void;
}

/** The incidents that were shown already: nothing is worked out for a search. */
function incidentsIn(client: QueryClient, clusters: readonly ClusterRow[]): Item[] {
  return client.getQueriesData<TriageView>({ queryKey: ["triage_get"] }).flatMap(([[, request], view]) =>
    ((request as { at: number | null }).at === null ? (view?.triage.incidents ?? []) : []).map((incident) => ({
      title: `${incident.title} (${clusters.find((c) => c.id === view?.cluster)?.name ?? ""})`,
      group: "Incidents",
      caps: [],
      cannot: null,
      run: () => go({ at: "cluster", cluster: view?.cluster ?? "", incident: incident.id }),
    })),
  );
}

/** So many objects are listed; more letters find fewer. */
const MOST_OBJECTS = 30;

const itemOf = (hit: ObjectHit, several: boolean): Item => ({
  title: objectKey(hit.object).replace("//", "/"),
  group: "Objects",
  caps: [],
  cannot: null,
  severity: hit.severity,
  note: several ? `${hit.status} · ${hit.cluster_name}` : hit.status,
  run: () => go({ at: "object", cluster: hit.cluster, object: hit.object, time: null }),
});

/** Everything that can be done or gone to, by its name; objects of all opened clusters from the second letter on. */
export function Palette({ clusters, close }: { clusters: readonly ClusterRow[]; close: () => void }) {
  const bindings = useBindings();
  const cases = useAnswer("cases_list", {});
  const blueprints = useAnswer("blueprints_list", {});
  const library = useAnswer("knowledge_list", {});
  const client = useQueryClient();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const looked = useDeferredValue(text.trim());
  const objects = useAnswer("objects_search", { text: looked, most: MOST_OBJECTS }, { enabled: looked.length > 1 && !followed(looked), keepLast: true });
  const list = useRef<HTMLUListElement>(null);

  const items = useMemo<Item[]>(
    () => [
      ...bindings.map((b) => ({ title: b.title, group: b.group, caps: capsOf(b.keys), cannot: b.cannot ?? null, run: b.run })),
      ...parts.map(([part, title]) => ({ title: `Settings: ${title}`, group: "Settings", caps: [], cannot: null, run: () => go({ at: "settings", part }) })),
      ...clusters.map((c) => ({ title: `Cluster ${c.name}`, group: "Clusters", caps: [], cannot: null, run: () => go({ at: "cluster", cluster: c.id, incident: null }) })),
      ...clusters.filter((c) => c.state.phase !== "closed" && c.kind !== "recorded").map((c) => ({ title: `Connection of ${c.name}`, group: "Clusters", caps: [], cannot: null, run: () => go({ at: "connection", cluster: c.id }) })),
      ...(cases.data ?? []).map((c) => ({ title: c.title, group: "Cases", caps: [], cannot: null, run: () => go({ at: "case", case: c.id }) })),
      ...incidentsIn(client, clusters),
      ...(blueprints.data ?? []).map(({ blueprint: { name } }) => ({ title: name, group: "Blueprints", caps: [], cannot: null, run: () => go({ at: "blueprints", name }) })),
      ...(library.data?.entries ?? []).map(({ kind, id, title }) => ({ title, group: "Library", caps: [], cannot: null, run: () => go({ at: "library", entry: `${kind}:${id}` }) })),
    ],
    [bindings, clusters, cases.data, blueprints.data, library.data, client],
  );
  const several = new Set((objects.data ?? []).map((hit) => hit.cluster)).size > 1;
  const hits = looked.length > 1 && text.trim().length > 1 ? (objects.data ?? []).map((hit) => itemOf(hit, several)) : [];
  const link = followed(text);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = link
    ? [{ title: "Go where the link leads", group: "Link", caps: [], cannot: null, run: () => go(link) }]
    : [...items.filter((item) => words.every((word) => `${item.group} ${item.title}`.toLowerCase().includes(word))).slice(0, 60), ...hits];
  const chosen = Math.min(at, Math.max(found.length - 1, 0));

  function move(by: number) {
    const next = (chosen + by + found.length) % Math.max(found.length, 1);
    setAt(next);
    list.current?.children[next]?.scrollIntoView({ block: "nearest" });
  }
  function take(item: Item | undefined) {
    if (!item || item.cannot) return;
    close();
    // The dialog gives its focus back first, then the command moves it where it wants.
    queueMicrotask(item.run);
  }

  return (
    <Dialog title="Find" close={close} testid={testids.palette} bare>
      <input
        className="palette-input"
        data-testid={testids.paletteInput}
        autoFocus
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[chosen] ? `palette-${chosen}` : undefined}
        placeholder="A command, an object, a cluster, an incident, a case, a page of the library"
        value={text}
        onChange={(e) => {
          setText(e.target.value);
          setAt(0);
        }}
        onKeyDown={(e) => {
          if (e.key === "ArrowDown") move(1);
          else if (e.key === "ArrowUp") move(-1);
          else if (e.key === "Enter") take(found[chosen]);
          else return;
          e.preventDefault();
        }}
      />
      <ul className="palette-list" id="palette-list" role="listbox" ref={list} aria-label="What was found">
        {found.map((item, i) => (
          <li
            key={`${item.group} ${item.title} ${i}`}
            id={`palette-${i}`}
            role="option"
            aria-selected={i === chosen}
            aria-disabled={Boolean(item.cannot)}
            onPointerMove={() => setAt(i)}
            onClick={() => take(item)}
          >
            <span className="palette-group">{item.group}</span>
            <span className="palette-title">
              {item.severity ? <SeverityMark severity={item.severity} /> : null} <Words text={item.title} />
              {item.note ? <span className="small faint"> {item.note}</span> : null}
            </span>
            {item.cannot ? <span className="small faint">{item.cannot}</span> : item.caps.map((cap, n) => <Kbd key={n}>{cap}</Kbd>)}
          </li>
        ))}
        {objects.error && looked.length > 1 ? <li className="faint">Objects could not be searched: {objects.error.title}</li> : null}
        {found.length === 0 ? <li className="faint">{objects.isFetching ? "Looking for objects…" : "Nothing is called that."}</li> : null}
      </ul>
    </Dialog>
  );
}
