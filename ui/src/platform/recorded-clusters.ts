import type { ClusterId, ClusterRow, ClusterState, Update } from "../wire/wire";
import { type Acts, failure } from "./recorded";
import type { Recording } from "./recording";

const closed: ClusterState = { phase: "closed", message: "Not open; nothing was contacted.", hint: "", watches: [], since: null, trouble: null, server_version: "", unseen: [], last_seen_at: null, span: null };

/** Clusters of a recording that are opened and closed: each goes through its recorded states, a step at a time. */
export function clusterActs(recording: Recording, pace: number, publish: (update: Update) => void): Acts {
  const listed = recording.answers.find((answer) => answer.name === "clusters_list");
  const rows = new Map<ClusterId, ClusterRow>((listed?.name === "clusters_list" ? listed.response : []).map((row) => [row.id, structuredClone(row)]));

  function rowOf(id: ClusterId): ClusterRow {
    const row = rows.get(id);
    if (!row) throw failure("not_found", "There is no such cluster.", "Choose another one.");
    return row;
  }
  function set(id: ClusterId, state: ClusterState): ClusterRow {
    const row = { ...rowOf(id), state };
    rows.set(id, row);
    publish({ type: "cluster_changed", cluster: id });
    return row;
  }
  function goThrough(id: ClusterId, [next, ...rest]: ClusterState[]): void {
    if (!next || rowOf(id).state.phase === "closed") return;
    set(id, next);
    if (rest.length > 0) setTimeout(() => goThrough(id, rest), pace * 4);
  }

  return {
    clusters_list: () => [...rows.values()],
    clusters_rescan: () => [...rows.values()],
    cluster_state: ({ cluster }) => rowOf(cluster).state,
    cluster_open: ({ cluster }) => {
      const row = rowOf(cluster);
      if (row.state.phase !== "closed" && row.state.phase !== "failed") return row;
      const connecting = set(cluster, { ...closed, phase: "connecting", message: `Connecting to ${row.server}.` });
      const now = () => Date.now() * 1000;
      const live: ClusterState = { ...closed, phase: "live", message: "Connected.", last_seen_at: now(), span: [now(), now()] };
      setTimeout(() => goThrough(cluster, recording.opened[cluster] ?? [live]), pace * 3);
      return connecting;
    },
    cluster_close: ({ cluster }) => set(cluster, structuredClone(closed)),
  };
}
