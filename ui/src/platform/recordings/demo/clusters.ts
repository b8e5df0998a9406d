import type { ClusterRow, ClusterState, HistoriesView, HistoryRow, SourceRow, WatchRow } from "../../../wire/wire";
import { closedRow, closedState, watchRow } from "../../rows";
import { ago, CLUSTER } from "./names";

const kinds: [string, number][] = [
  ["ConfigMap", 17],
  ["CronJob", 3],
  ["DaemonSet", 4],
  ["Deployment", 12],
  ["EndpointSlice", 19],
  ["Event", 118],
  ["HorizontalPodAutoscaler", 2],
  ["Ingress", 3],
  ["Job", 6],
  ["Namespace", 9],
  ["Node", 3],
  ["PersistentVolume", 4],
  ["PersistentVolumeClaim", 4],
  ["Pod", 41],
  ["ReplicaSet", 38],
  ["Secret", 22],
  ["Service", 13],
  ["StatefulSet", 2],
];

/** Watches that live, each heard a little apart. */
function watches(seen: number, namespace = ""): WatchRow[] {
  return kinds.map(([kind, objects], i) => watchRow({ kind, namespace, objects, phase: "live", listed: true, since: ago(41), last_event_at: ago(seen + (i % 5) * 0.13) }));
}
const put = (rows: WatchRow[], kind: string, rest: Partial<WatchRow>): WatchRow[] => rows.map((row) => (row.kind === kind ? { ...row, ...rest } : row));

function live(seen: number, rest: Partial<ClusterState> = {}): ClusterState {
  return closedState({ phase: "live", since: ago(41), message: "Connected.", server_version: "v1.34.2", watches: watches(seen), last_seen_at: ago(seen), span: [ago(180), ago(seen)], ...rest });
}

const partly = put(put([...watches(0.1), watchRow({ kind: "NetworkPolicy", phase: "refused", since: ago(41), error: "`networkpolicies` is forbidden for `oncall` (403)." })], "EndpointSlice", {
  phase: "failed",
  since: ago(2.4),
  last_event_at: ago(2.6),
  restarts: 3,
  error: "The stream broke off: connection reset. It is tried again in 8 s.",
}), "Event", { streamed: false, issues: 1, last_issue: "`shop/cart.17f2` has no `metadata.name`" });

const few = ["Deployment", "Event", "Pod", "Service"];
const scoped = live(0.2, {
  message: "Connected. This login sees 2 namespaces.",
  watches: ["payments", "payments-jobs"].flatMap((namespace) => watches(0.2, namespace).filter((watch) => few.includes(watch.kind))),
  unseen: [
    { kind: "Node", except_in: [], why: "`nodes` is forbidden for `oncall` in the whole cluster" },
    { kind: "PersistentVolume", except_in: [], why: "`persistentvolumes` is forbidden for `oncall` in the whole cluster" },
    { kind: "Pod", except_in: ["payments", "payments-jobs"], why: "may not be listed in the whole cluster" },
    { kind: "Service", except_in: ["payments", "payments-jobs"], why: "may not be listed in the whole cluster" },
  ],
});

export const clusters: ClusterRow[] = [
  closedRow("playground", { id: CLUSTER, kind: "playground", source: "a demo cluster in trouble", server: "http://127.0.0.1:41733", namespace: "shop", login: "none", open_incidents: 3, worst: "critical" }, live(0.05)),
  closedRow("staging-eu", { id: "cluster:staging", open_incidents: 0, current: true }, live(0.2)),
  closedRow(
    "prod-eu-west-1",
    { id: "cluster:prod-eu", open_incidents: 1, worst: "minor", login: "token_file", acts_as: "oncall" },
    live(0.1, {
      phase: "degraded",
      since: ago(2.4),
      message: "Not followed just now: EndpointSlice (the stream broke off). What is shown of them is old.",
      hint: "It is tried again by itself.",
      trouble: "network",
      watches: partly,
      unseen: [{ kind: "NetworkPolicy", except_in: [], why: "`networkpolicies` is forbidden for `oncall` (403)" }],
    }),
  ),
  closedRow(
    "prod-us-east-1",
    {
      id: "cluster:prod-us",
      login: "exec",
      exec: { digest: "7a", command: "aws", args: ["eks", "get-token", "--cluster-name", "prod-us"], line: "aws eks get-token --cluster-name prod-us", env: ["AWS_PROFILE"], source: "/home/o/.kube/config", trust: "trusted", decided_at: ago(9000) },
    },
    closedState({
      phase: "logged_out",
      since: ago(3),
      trouble: "credential",
      message: "Could not log in to prod-us-east-1: the session of `aws` has expired.",
      hint: "Run `aws sso login --profile prod-us`, then renew the login.",
      last_seen_at: ago(3),
      span: [ago(180), ago(3)],
      server_version: "v1.33.5-eks",
      watches: put(watches(3), "Pod", {}).map((watch) => ({ ...watch, phase: "failed", since: ago(3), error: "The credential was refused (401)." })),
    }),
  ),
  closedRow(
    "payments-team",
    {
      id: "cluster:new",
      source: "/home/o/Downloads/payments.yaml",
      login: "exec",
      exec: {
        digest: "9c41e0",
        command: "/home/o/Downloads/login.sh",
        args: ["--tenant", "payments", "--cache", "/tmp/p.json"],
        line: "/home/o/Downloads/login.sh --tenant payments --cache /tmp/p.json",
        env: ["LOGIN_URL", "HTTPS_PROXY"],
        source: "/home/o/Downloads/payments.yaml",
        trust: "undecided",
        decided_at: null,
      },
    },
    closedState({
      phase: "awaiting_trust",
      since: ago(0.6),
      trouble: "untrusted",
      message: "The kubeconfig wants to run a program to log in. Nothing was run or contacted.",
      hint: "Look at the command; allow it if you know it.",
    }),
  ),
  closedRow("payments-oncall", { id: "cluster:scoped", login: "token", settings: { namespaces: ["payments-jobs"], machine_certificates: false }, namespace: "payments", open_incidents: 0 }, scoped),
  closedRow("edge-store-0417", {
    id: "cluster:edge",
    problems: [{ what: "Find the credential plugin `kubectl-oidc_login`", why: "It is not in the login shell's PATH.", hint: "Install it with `kubectl krew install oidc-login`." }],
  }),
  closedRow("edge-store-0001", { id: "cluster:edge-0001", insecure: true, proxy: "http://proxy.example.internal:3128" }),
  ...["edge-store-0002", "dev-sandbox", "kind-local"].map((name) => closedRow(name, { id: `cluster:${name}` })),
  closedRow(
    "support-bundle-2026-11-02",
    { id: "cluster:bundle", kind: "recorded", source: "/home/o/Downloads/support-bundle.tar.gz", server: "", login: "none", open_incidents: 2, worst: "major" },
    closedState({ phase: "recorded", message: "A recording.", last_seen_at: ago(29000), span: [ago(29180), ago(29000)] }),
  ),
];

export const sources: SourceRow[] = [
  { kind: "merged", name: "/home/o/.kube/config", contexts: 9, exists: true, removable: false, problems: [] },
  { kind: "file", name: "/home/o/Downloads/payments.yaml", contexts: 1, exists: true, removable: true, problems: [] },
  {
    kind: "folder",
    name: "/home/o/.kube/teams",
    contexts: 0,
    exists: true,
    removable: true,
    problems: [{ what: "Could not read a kubeconfig (`/home/o/.kube/teams/old.yaml`, line 14)", why: "`certificate-authority-data` is not base64.", hint: "Ask whoever sent it for a new one." }],
  },
];

const kept = (name: string, cluster: string, bytes: number, rest: Partial<HistoryRow> = {}): HistoryRow => ({
  cluster,
  name,
  path: `/home/o/.local/state/caseboard/clusters/${name}.db`,
  open: false,
  bytes,
  span: [ago(3 * 24 * 60), ago(0)],
  gaps: [],
  cases: 0,
  unkept: null,
  problem: null,
  ...rest,
});

export const histories: HistoriesView = {
  keeping: { days: 7, megabytes: 2048 },
  usual: { days: 7, megabytes: 2048 },
  days: [1, 365],
  megabytes: [100, 100_000],
  folder: "/home/o/.local/state/caseboard/clusters",
  bytes: 1_936_000_000,
  clusters: [
    kept("prod-eu-west-1", "cluster:prod-eu", 1_288_000_000, { open: true, cases: 2, gaps: [{ from: ago(24 * 60), until: ago(24 * 60 - 9), dropped: 14_201, reason: "The disk was full." }, { from: ago(9 * 24 * 60), until: ago(7 * 24 * 60), dropped: 0, reason: "It is older than 7 days and was forgotten." }] }),
    kept("playground", CLUSTER, 641_000_000, { open: true, unkept: "The disk is full: `No space left on device`. What is seen is held in memory; free some space." }),
    kept("staging-eu", "cluster:staging", 7_200_000, { span: [ago(400), ago(300)] }),
    { ...kept("old", "cluster:old", 51_200), cluster: null, name: "/home/o/.local/state/caseboard/clusters/4f.db", span: null, problem: { what: "Could not open the history.", why: "It was written by a newer version.", hint: "Open it with that version." } },
  ],
};
