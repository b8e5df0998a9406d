import { isStopped } from "../fleet/phase";
import { closedState, watchRow } from "./rows";
import type { ClusterId, ClusterRow, ClusterState, HistoriesView, Keeping, SourceRow, Update, WritesView } from "../wire/wire";
import { type Acts, failure } from "./recorded";
import type { Recording } from "./recording";

const closed: ClusterState = closedState();
const usual: Keeping = { days: 7, megabytes: 2048 };

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
  const live = (): ClusterState => {
    const now = Date.now() * 1000;
    const watches = ["Deployment", "Event", "Node", "Pod", "Service"].map((kind) => watchRow({ kind, listed: true, since: now, last_event_at: now, objects: 7 }));
    return closedState({ phase: "live", since: now, message: "Connected.", server_version: "v1.34.2", watches, last_seen_at: now, span: [now, now] });
  };
  const writes = new Map<ClusterId, WritesView>();
  function writesOf(cluster: ClusterId): WritesView {
    const { name, kind, production } = rowOf(cluster);
    const never = kind === "recorded" ? "A recording cannot be changed." : "";
    return writes.get(cluster) ?? { cluster, name, enabled: false, try_first: false, set: null, production, never };
  }
  const recorded = recording.answers.find((answer) => answer.name === "sources_list");
  let sources: SourceRow[] = recorded?.name === "sources_list" ? recorded.response : [];

  const told = recording.answers.find((answer) => answer.name === "histories_get");
  let histories: HistoriesView = told?.name === "histories_get" ? told.response : { keeping: usual, usual, days: [1, 365], megabytes: [100, 100_000], folder: "", bytes: 0, clusters: [] };

  return {
    clusters_list: () => [...rows.values()],
    clusters_rescan: () => [...rows.values()],
    cluster_state: ({ cluster }) => rowOf(cluster).state,
    cluster_open: ({ cluster }) => {
      const row = rowOf(cluster);
      if (row.state.phase !== "closed" && !isStopped(row.state.phase)) return row;
      const connecting = set(cluster, { ...closed, phase: "connecting", message: `Connecting to ${row.server}.` });
      setTimeout(() => goThrough(cluster, recording.opened[cluster] ?? [live()]), pace * 3);
      return connecting;
    },
    cluster_renew: ({ cluster }) => {
      const row = set(cluster, closedState({ ...rowOf(cluster).state, phase: "logging_in", message: "Logging in." }));
      setTimeout(() => goThrough(cluster, [live()]), pace * 3);
      return row;
    },
    cluster_kinds: ({ cluster }) => ({
      kinds: [
        ...rowOf(cluster).state.watches.map(({ kind }) => ({ name: kind, group: kind === "Pod" || kind === "Service" ? "" : "apps", version: "v1", namespaced: true })),
        { name: "Certificate", group: "cert-manager.io", version: "v1", namespaced: true },
        { name: "ClusterIssuer", group: "cert-manager.io", version: "v1", namespaced: false },
        { name: "KafkaTopic", group: "kafka.strimzi.io", version: "v1beta2", namespaced: true },
      ],
      unknown: [{ what: "Could not ask for the kinds of `external.metrics.k8s.io`", why: "The API server behind this group does not answer.", hint: "Look at its APIService and the service behind it." }],
    }),
    cluster_watch_kind: ({ cluster, kind }) => {
      const { state } = rowOf(cluster);
      const watch = watchRow({ kind, phase: "live", since: Date.now() * 1000, last_event_at: Date.now() * 1000, listed: true, objects: 4 });
      return set(cluster, { ...state, watches: [...state.watches, watch] });
    },
    histories_get: () => histories,
    histories_keep: (keeping) => (histories = { ...histories, keeping }),
    history_forget: ({ cluster }) => (histories = { ...histories, clusters: histories.clusters.map((row) => (row.cluster === cluster ? { ...row, bytes: 40_960, gaps: [] } : row)) }),
    cluster_settings_put: ({ cluster, settings }) => {
      rows.set(cluster, { ...rowOf(cluster), settings: { ...rowOf(cluster).settings, ...settings } });
      publish({ type: "cluster_changed", cluster });
      return rowOf(cluster);
    },
    trust_list: () => [...rows.values()].flatMap((row) => (row.exec ? [row.exec] : [])),
    trust_decide: ({ digest, trust }) => {
      for (const row of rows.values()) {
        if (row.exec?.digest !== digest) continue;
        rows.set(row.id, { ...row, exec: { ...row.exec, trust, decided_at: Date.now() * 1000 } });
        if (row.state.phase === "awaiting_trust" && trust === "trusted") {
          set(row.id, closedState({ phase: "logging_in", message: `Waiting for \`${row.exec.line}\` to log in.`, hint: "It may wait for you in a browser." }));
          setTimeout(() => goThrough(row.id, [live()]), pace * 8);
        }
      }
      return [...rows.values()].flatMap((row) => (row.exec ? [row.exec] : []));
    },
    writes_get: ({ cluster }) => writesOf(cluster),
    writes_set: ({ cluster, enabled, try_first, typed }) => {
      const now = writesOf(cluster);
      if (enabled && !now.enabled && now.production && typed !== now.name) throw failure("confirm", `\`${now.name}\` looks like production.`, "Type its name.");
      rows.set(cluster, { ...rowOf(cluster), writes: enabled });
      writes.set(cluster, { ...now, enabled, try_first, set: { at: Date.now() * 1000, by: "you" } });
      publish({ type: "clusters_changed" });
      return writesOf(cluster);
    },
    source_add: ({ kind, name, text }) => {
      if (kind === "pasted" && !text?.includes("kind: Config")) throw failure("bad_request", "What was pasted is no kubeconfig: line 1 has no `kind: Config`.", "Paste the whole file.");
      sources = [...sources, { kind, name, contexts: 0, exists: kind !== "file", removable: true, problems: [] }];
      publish({ type: "clusters_changed" });
      return sources;
    },
    source_remove: ({ kind, name }) => {
      sources = sources.filter((source) => source.kind !== kind || source.name !== name);
      publish({ type: "clusters_changed" });
      return sources;
    },
    sources_list: () => sources,
    cluster_close: ({ cluster }) => set(cluster, structuredClone(closed)),
  };
}
