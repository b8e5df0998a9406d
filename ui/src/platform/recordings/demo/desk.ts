import type { BlueprintVersion, Library, ToolSpec } from "../../../wire/wire";
import { ago } from "./names";
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
    name: "scale",
    title: "Scale a workload",
    description: "Sets how many pods a workload shall have.",
    schema: {
      type: "object",
      required: ["kind", "namespace", "name", "replicas"],
      properties: {
        kind: { type: "string", enum: ["Deployment", "StatefulSet", "ReplicaSet"] },
        namespace: { type: "string" },
        name: { type: "string" },
        replicas: { type: "integer", minimum: 0, maximum: 1000, description: "How many pods there shall be; 0 stops the workload." },
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
