import type { BlueprintVersion, ClusterRow, ClusterState, Library, Problem, ToolSpec } from "../../../wire/wire";
import { ago, CLUSTER } from "./names";

function state(phase: ClusterState["phase"], message = "", hint = "", seen: number | null = null): ClusterState {
  const watches: ClusterState["watches"] =
    phase === "live" || phase === "degraded"
      ? ["Pod", "Deployment", "Service", "Node", "Event"].map((kind) => ({ kind, namespace: "", phase: "live", since: ago(41), last_event_at: ago(0.1), listed: true, streamed: true, objects: 12, restarts: 0, issues: 0, last_issue: null, error: null }))
      : [];
  if (phase === "degraded") watches.push({ kind: "NetworkPolicy", namespace: "", phase: "refused", since: ago(41), last_event_at: null, listed: false, streamed: true, objects: 0, restarts: 0, issues: 0, last_issue: null, error: "403 Forbidden" });
  return { phase, since: null, message, hint, trouble: null, server_version: "", unseen: [], watches, last_seen_at: seen === null ? null : ago(seen), span: seen === null ? null : [ago(180), ago(seen)] };
}

function row(id: string, name: string, rest: Partial<ClusterRow> & { state: ClusterState }): ClusterRow {
  return {
    id,
    name,
    kind: "kubeconfig",
    source: "~/.kube/config",
    server: `https://${name}.k8s.example.internal:6443`,
    namespace: "default",
    open_incidents: null,
    worst: null,
    user: "admin",
    current: false,
    login: "client_certificate",
    exec: null,
    acts_as: null,
    insecure: false,
    proxy: null,
    settings: { namespaces: [], machine_certificates: false },
    problems: [] as Problem[],
    ...rest,
  };
}

export const clusters: ClusterRow[] = [
  row(CLUSTER, "playground", {
    kind: "playground",
    source: "a demo cluster in trouble",
    server: "http://127.0.0.1:41733",
    namespace: "shop",
    state: state("live", "", "", 0.05),
    open_incidents: 3,
    worst: "critical",
  }),
  row("cluster:staging", "staging-eu", { state: state("live", "", "", 0.2), open_incidents: 0 }),
  row("cluster:prod-eu", "prod-eu-west-1", {
    state: state("degraded", "`NetworkPolicy` is refused (403).", "Ask for `list` and `watch` on `networkpolicies`, or go on without them.", 2.4),
    open_incidents: 1,
    worst: "minor",
  }),
  row("cluster:prod-us", "prod-us-east-1", {
    state: state("failed", "The login of `prod-us-east-1` has expired.", "Run `aws sso login --profile prod-us`, then open it again."),
  }),
  row("cluster:edge", "edge-store-0417", {
    state: state("closed"),
    problems: [
      {
        what: "Find the credential plugin `kubectl-oidc_login`",
        why: "It is not in the login shell's PATH.",
        hint: "Install it with `kubectl krew install oidc-login`.",
      },
    ],
  }),
  ...["edge-store-0001", "edge-store-0002", "dev-anna", "kind-local"].map((name) => row(`cluster:${name}`, name, { state: state("closed") })),
  row("cluster:bundle", "support-bundle-2026-11-02", { kind: "recorded", source: "~/Downloads/support-bundle.tar.gz", server: "", state: state("recorded", "", "", 29000), open_incidents: 2, worst: "major" }),
];

export const tools: ToolSpec[] = [
  {
    name: "logs",
    title: "Read logs",
    description: "The last lines that a container wrote, or the last lines of its run before.",
    schema: {
      type: "object",
      required: ["namespace"],
      properties: {
        namespace: { type: "string", description: "Where the workload lives." },
        workload: { type: ["string", "null"], description: "Kind/name, or the name of a Deployment." },
        pod: { type: ["string", "null"], description: "One pod instead of the workload's newest." },
        container: { type: ["string", "null"], description: "The container; the first one where nothing is said." },
        previous: { type: "boolean", default: false, description: "The run before the last restart." },
        tail: { type: "integer", minimum: 1, maximum: 5000, default: 200, description: "How many lines from the end." },
      },
    },
  },
  {
    name: "metrics",
    title: "Read a metric",
    description: "One metric of one object over the last hour.",
    schema: {
      type: "object",
      required: ["namespace", "object", "name"],
      properties: {
        namespace: { type: "string" },
        object: { type: "string", description: "Kind/name." },
        name: { type: "string", enum: ["memory_working_set", "cpu_usage", "cpu_throttled", "requests", "errors"] },
      },
    },
  },
  {
    name: "what_changed",
    title: "What changed",
    description: "Changes of objects, releases and commits in a window of time.",
    schema: {
      type: "object",
      properties: { namespace: { type: ["string", "null"] }, from: { type: ["string", "null"] }, to: { type: ["string", "null"] } },
    },
  },
];

export const blueprints: BlueprintVersion[] = [
  {
    version: 3,
    at: ago(3 * 24 * 60),
    author: "platform",
    blueprint: {
      name: "cart",
      scope: { level: "workload", namespace: "shop", kind: "Deployment", name: "cart" },
      owner: "team-basket",
      summary: "Keeps baskets in memory and writes them through to Redis. Heap is 70 % of the limit.",
      dependencies: [{ from: "Deployment/shop/cart", to: "StatefulSet/shop/redis", why: "every basket is written through" }],
      invariants: [{ name: "three-replicas", holds: "object.spec.replicas >= 3", says: "cart runs at least three replicas" }],
      odds: [{ failure_mode: "memory-limit-too-low", when: "", ratio: 3, because: "Limits have been copied from staging twice before." }],
      preferred_fixes: [{ id: "raise-limit", text: "Put the limit back to 512Mi", conditions: ["the working set fits"], never: [] }],
      forbidden_fixes: [["restart", "A restart loses baskets that are not yet written."]],
      notes: "On call: #basket-oncall. The load test's peak is 410 MiB a replica.",
    },
  },
  {
    version: 1,
    at: ago(9 * 24 * 60),
    author: "platform",
    blueprint: {
      name: "shop",
      scope: { level: "namespace", namespace: "shop" },
      owner: "team-shop",
      summary: "The demo shop. Roll back before anything else.",
      dependencies: [],
      invariants: [],
      odds: [],
      preferred_fixes: [],
      forbidden_fixes: [],
      notes: "",
    },
  },
];

export const library: Library = {
  digest: "7d1f6a90c2b4",
  loaded_at: ago(0.4),
  folder: "knowledge/",
  issues: [
    {
      what: "Load `failure-modes/dns-resolution.md`",
      why: "line 14: `ratoi` is not a field of a signal.",
      hint: "Write `ratio`. The last good version stays in use.",
    },
  ],
  entries: [
    {
      kind: "failure-mode",
      id: "memory-limit-too-low",
      title: "The memory limit is below the honest peak",
      category: "resource-exhaustion",
      body: "The container is killed at its limit, at once after a start or under ordinary load, and the working set is flat until then.\n\n## Tell it from a leak\n\nA leak climbs for hours. A low limit kills within minutes and the climb ends in a plateau.\n",
      file: "failure-modes/memory-limit-too-low.md",
    },
    {
      kind: "failure-mode",
      id: "memory-leak",
      title: "The program leaks memory",
      category: "resource-exhaustion",
      body: "The working set climbs without a plateau over many hours, whatever the load.\n",
      file: "failure-modes/memory-leak.md",
    },
    {
      kind: "failure-mode",
      id: "image-reference-not-found",
      title: "The image reference does not exist",
      category: "image-deployment",
      body: "The registry answers that the tag or the repository is not there.\n",
      file: "failure-modes/image-reference-not-found.md",
    },
    {
      kind: "specialist",
      id: "workload",
      title: "Workloads: what the pods themselves say",
      category: null,
      body: "Looks at restarts, exit codes, limits and logs.\n",
      file: "specialists/workload.md",
    },
    {
      kind: "article",
      id: "reading-oomkilled",
      title: "Reading OOMKilled",
      category: "resource-exhaustion",
      body: "Exit code 137 alone is not proof: look for reason OOMKilled in the last state.\n",
      file: "articles/reading-oomkilled.md",
    },
  ],
};
