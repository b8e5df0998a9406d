import type { ClusterRow, ClusterState, WatchRow } from "../wire/wire";

/** A context that nobody opened, for tests and recordings to begin with. */
export function closedRow(name: string, rest: Partial<ClusterRow> = {}, state: Partial<ClusterState> = {}): ClusterRow {
  return {
    id: `cluster:${rest.source ?? ""}${name}`,
    name,
    kind: "kubeconfig",
    source: "/home/o/.kube/config",
    server: `https://${name}.k8s.example.internal:6443`,
    namespace: "",
    user: `${name}-admin`,
    current: false,
    login: "client_certificate",
    exec: null,
    acts_as: null,
    insecure: false,
    proxy: null,
    settings: { namespaces: [], machine_certificates: false },
    production: /(^|[^a-z])prod([^a-z]|$)/.test(name),
    writes: false,
    open_incidents: null,
    worst: null,
    problems: [],
    ...rest,
    state: closedState(state),
  };
}

export function closedState(rest: Partial<ClusterState> = {}): ClusterState {
  return {
    phase: "closed",
    since: null,
    message: "Not open; nothing was contacted.",
    hint: "",
    trouble: null,
    server_version: "",
    watches: [],
    unseen: [],
    unkept: null,
    last_seen_at: null,
    span: null,
    ...rest,
  };
}

export function watchRow(rest: Partial<WatchRow> = {}): WatchRow {
  return { kind: "Pod", namespace: "", phase: "live", since: 0, last_event_at: null, listed: false, streamed: true, objects: 0, restarts: 0, issues: 0, last_issue: null, error: null, ...rest };
}
