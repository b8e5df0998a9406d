import type { ClusterId, ClusterRow } from "../wire/wire";
import { isStopped } from "./phase";

/** Which of the clusters are shown. */
export type Filter = "all" | "open" | "trouble";

/** One line of the fleet: the head of a source file, or a cluster that stands in it. */
export type Line =
  | { is: "source"; key: string; source: string; kind: ClusterRow["kind"]; shown: number; all: number; folded: boolean }
  | { is: "cluster"; key: string; row: ClusterRow; twin: boolean };

export const wordsOf = (text: string): string[] => text.toLowerCase().split(/\s+/).filter(Boolean);

/** Every word is somewhere in the name, the server, the namespace or the file. */
export function fits(row: ClusterRow, words: readonly string[]): boolean {
  const hay = `${row.name} ${row.server} ${row.namespace} ${row.source}`.toLowerCase();
  return words.every((word) => hay.includes(word));
}

export const isTroubled = (row: ClusterRow): boolean =>
  isStopped(row.state.phase) || row.state.phase === "degraded" || row.problems.length > 0 || (row.open_incidents ?? 0) > 0;

const passes: Record<Filter, (row: ClusterRow) => boolean> = {
  all: () => true,
  open: (row) => row.state.phase !== "closed",
  trouble: isTroubled,
};
export const countBy = (rows: readonly ClusterRow[], filter: Filter): number => rows.filter(passes[filter]).length;

const order: Record<ClusterRow["kind"], number> = { playground: 0, kubeconfig: 1, recorded: 2 };

/**
 * The lines in an order that does not depend on how a cluster stands, so that none moves under the pointer: sources by
 * kind and path, contexts by name. While something is searched for no source is folded.
 */
export function linesOf(rows: readonly ClusterRow[], text: string, filter: Filter, folded: ReadonlySet<string>): Line[] {
  const words = wordsOf(text);
  const names = new Map<string, number>();
  const groups = new Map<string, ClusterRow[]>();
  for (const row of rows) {
    names.set(row.name, (names.get(row.name) ?? 0) + 1);
    const key = `${order[row.kind]} ${row.source}`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  const lines: Line[] = [];
  for (const [key, members] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const shown = members.filter((row) => passes[filter](row) && fits(row, words));
    const first = members[0];
    if (!first || shown.length === 0) continue;
    const isFolded = words.length === 0 && folded.has(first.source);
    lines.push({ is: "source", key, source: first.source, kind: first.kind, shown: shown.length, all: members.length, folded: isFolded });
    if (isFolded) continue;
    shown.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
    for (const row of shown) lines.push({ is: "cluster", key: row.id, row, twin: (names.get(row.name) ?? 0) > 1 });
  }
  return lines;
}

export const clustersOf = (lines: readonly Line[]): ClusterRow[] => lines.flatMap((line) => (line.is === "cluster" ? [line.row] : []));

/** The next cluster up or down from the one the cursor is on; the first where it is on none. */
export function step(lines: readonly Line[], from: ClusterId | null, by: number): ClusterId | null {
  const ids = clustersOf(lines).map((row) => row.id);
  if (ids.length === 0) return null;
  const at = from === null ? -1 : ids.indexOf(from);
  if (at < 0) return ids[by > 0 ? 0 : ids.length - 1] ?? null;
  return ids[Math.min(Math.max(at + by, 0), ids.length - 1)] ?? null;
}

/** A path as its folder and its last part. */
export function pathParts(path: string): { folder: string; name: string } {
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  return cut > 0 && cut < path.length ? { folder: path.slice(0, cut), name: path.slice(cut) } : { folder: "", name: path };
}

/** The most that the rail lists of clusters nobody has opened; more are found in the fleet. */
export const FEW = 12;

/** What the rail lists: all where they are few, else what is open, broken, recorded, or the playground. */
export function atHand(rows: readonly ClusterRow[]): ClusterRow[] {
  const weight = (row: ClusterRow) => (row.state.phase !== "closed" ? 0 : row.kind === "playground" ? 1 : 2);
  const kept = rows.length <= FEW ? [...rows] : rows.filter((row) => weight(row) < 2);
  return kept.sort((a, b) => weight(a) - weight(b));
}
