import { useEffect, useRef } from "react";
import { useOpenIncidents } from "../incidents/open";
import { useHost } from "../ipc";
import { countOf } from "../kit";
import { useNow } from "../kit/now";
import { keep, readKept } from "../platform/kept";
import type { Choice } from "./choice";
import { due } from "./due";
import { minuteOfDay } from "./quiet";

const KEY = "told";
/** So many signals are remembered as told; older ones are over. */
const MOST = 3000;

function read(): string[] {
  const kept = readKept(KEY);
  return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
}

// Where nothing can be kept, the program itself says nothing twice as long as it runs.
const remember = (told: readonly string[]) => keep(KEY, [...read(), ...told].slice(-MOST));

/** Tells the desktop of new severe incidents and how many are open. Mounted only where the engineer turned one of them on. */
export function Watch({ choice }: { choice: Choice }) {
  const { all, views } = useOpenIncidents();
  const { desktop } = useHost();
  const now = useNow(60_000);
  const looked = useRef(new Set<string>());
  const said = useRef(new Set<string>());

  useEffect(() => {
    const open = all.map(({ row, incident }) => ({ incident, cluster: row.id, clusterName: row.name }));
    const known = new Set([...read(), ...said.current]);
    const { notices, told, old } = due(open, known, looked.current, choice, minuteOfDay(new Date(now / 1000)));
    for (const cluster of views) looked.current.add(cluster);
    for (const one of [...told, ...old]) said.current.add(one);
    if (told.length > 0) remember(told);
    for (const { about, title, body, place } of notices) void desktop?.notify(about, title, body, place);
  }, [all.map(({ row, incident }) => `${row.id} ${incident.id} ${incident.severity} ${incident.state} ${incident.signals.length}`).join("|"), [...views].join("|"), choice, now, desktop]);

  const count = all.filter(({ incident }) => incident.state !== "acknowledged").length;
  const words = choice.tray ? (count === 0 ? "No open incident" : countOf(count, "open incident")) : null;
  useEffect(() => {
    void desktop?.tray(words, count);
  }, [words, count, desktop]);
  useEffect(() => () => void desktop?.tray(null, 0), [desktop]);
  return null;
}
