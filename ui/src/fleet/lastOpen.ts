import { useEffect } from "react";
import { keep, readKept } from "../platform/kept";
import type { ClusterId, ClusterRow } from "../wire/wire";
import { isConnected } from "./phase";

const KEY = "open-last";

/** The clusters that were open last in this window's program; nothing is contacted because of it. */
export function openLast(): ClusterId[] {
  const kept = readKept(KEY);
  return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
}

/** Remembers which clusters are open, for as long as one is: with none open, those that were open last stay. */
export function useRememberOpen(rows: readonly ClusterRow[]): void {
  const open = rows.filter((row) => isConnected(row.state.phase)).map((row) => row.id);
  const text = JSON.stringify(open);
  useEffect(() => {
    if (text !== "[]") keep(KEY, JSON.parse(text));
  }, [text]);
}
