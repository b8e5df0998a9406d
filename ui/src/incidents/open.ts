import type { UseQueryResult } from "@tanstack/react-query";
import { useMemo } from "react";
import { isConnected, isStopped } from "../fleet/phase";
import { canLook, saying } from "../fleet/words";
import { useAnswer, useAnswers } from "../ipc";
import { useNow } from "../kit/now";
import type { CommandFailed } from "../platform";
import type { ClusterRow, Incident, Severity, TriageView } from "../wire/wire";
import { decisionOn } from "./arrange";

export interface One {
  row: ClusterRow;
  incident: Incident;
  pinned: boolean;
  view: TriageView;
}

const rank: Record<Severity, number> = { critical: 0, major: 1, minor: 2, info: 3 };

/** Pinned ones first, and what nobody has acknowledged before the rest; then the worst, and of the equally bad the newest; the place of an incident does not depend on who answered first. */
export function byUrgency(a: One, b: One): number {
  const acknowledged = ({ incident }: One) => Number(incident.state === "acknowledged");
  return Number(b.pinned) - Number(a.pinned) || acknowledged(a) - acknowledged(b) || rank[a.incident.severity] - rank[b.incident.severity] || b.incident.started_at - a.incident.started_at || a.incident.id.localeCompare(b.incident.id);
}

export const keyOf = ({ row, incident }: One): string => `${row.id} ${incident.id}`;

export interface OpenIncidents {
  clusters: UseQueryResult<ClusterRow[], CommandFailed>;
  opened: ClusterRow[];
  /** The worst first. */
  all: One[];
  /** Of how many open clusters it is known what is broken. */
  known: number;
  waiting: ClusterRow[];
  /** Clusters of which it is known, by id. */
  views: readonly string[];
  /** Clusters that are open and tell nothing, each in a sentence. */
  dark: string[];
  /** All of which not everything is known. */
  unknown: string[];
}

/** What is broken in all opened clusters; and of which of them nothing is known. */
export function useOpenIncidents(): OpenIncidents {
  const clusters = useAnswer("clusters_list", {});
  const now = useNow(1000);
  const opened = useMemo(() => (clusters.data ?? []).filter((row) => isConnected(row.state.phase)), [clusters.data]);
  const seen = opened.filter((row) => canLook(row.state));
  const triages = useAnswers("triage_get", seen.map((row) => ({ cluster: row.id, at: null })));

  const all: One[] = seen.flatMap((row, i) => {
    const view = triages[i]?.data;
    return view ? view.triage.incidents.map((incident) => ({ row, incident, view, pinned: decisionOn(view, incident, "pin") !== null })) : [];
  });
  all.sort(byUrgency);
  const waiting = seen.filter((_, i) => triages[i]?.data === undefined && !triages[i]?.error);
  const partial = seen.filter((_, i) => triages[i]?.data?.partial);
  const dark = opened.filter((row) => !canLook(row.state)).map((row) => `\`${row.name}\`: ${saying(row, now).text}. ${row.state.message}`);
  const failed = seen.flatMap((row, i) => (triages[i]?.error ? [`\`${row.name}\`: ${triages[i].error.title}`] : []));
  const old = seen.filter((row) => isStopped(row.state.phase) || row.state.phase === "degraded").map((row) => `\`${row.name}\`: ${saying(row, now).text}. ${row.state.message}`);
  const unknown = [...dark, ...old, ...failed, ...waiting.map((row) => `\`${row.name}\`: it is being looked at.`), ...partial.map((row) => `\`${row.name}\`: still listing.`)];
  const views = seen.filter((_, i) => triages[i]?.data !== undefined).map((row) => row.id);
  return { clusters, opened, all, views, known: seen.length - waiting.length - failed.length, waiting, dark, unknown };
}
