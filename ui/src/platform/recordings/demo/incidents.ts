import type { Incident, NoiseEntry } from "../../../wire/wire";
import { obs } from "./evidence";
import { ago, cart, checkout, frontend, recommendation, ref, reports } from "./names";

export const incidents: Incident[] = [
  {
    id: "incident:cart",
    title: "`cart` is killed for memory again and again, `checkout` cannot reach it",
    category: "resource-exhaustion",
    failure_modes: ["memory-limit-too-low", "memory-leak"],
    severity: "critical",
    state: "open",
    started_at: ago(25),
    ended_at: null,
    signals: [
      { name: "container_oom_killed", failure_modes: ["memory-limit-too-low", "memory-leak"], subject: cart, category: "resource-exhaustion", severity: "critical", title: "`cart` was killed for memory 14 times", first_at: ago(25), last_at: ago(3), count: 14, evidence: [obs.oom] },
      { name: "crash_loop", failure_modes: ["memory-limit-too-low"], subject: cart, category: "app-infra", severity: "major", title: "`cart` is in CrashLoopBackOff", first_at: ago(22), last_at: ago(1), count: 31, evidence: [obs.backoff] },
      { name: "service_has_no_ready_pods", failure_modes: ["dependency-chain"], subject: ref("Service/shop/cart"), category: "cascading", severity: "critical", title: "`cart` has no ready pod behind it", first_at: ago(24), last_at: ago(1), count: 1, evidence: [obs.service] },
      { name: "readiness_failing", failure_modes: ["dependency-chain"], subject: checkout, category: "cascading", severity: "major", title: "`checkout` is not ready: it cannot reach `cart`", first_at: ago(23), last_at: ago(2), count: 22, evidence: [obs.errors] },
    ],
    subjects: [cart, checkout, frontend],
    origin: cart,
    links: [
      { from: checkout, to: cart, reason: "calls it, and says so in its probe", evidence: [obs.errors] },
      { from: ref("Service/shop/cart"), to: cart, reason: "selects its pods", evidence: [obs.service] },
      { from: frontend, to: checkout, reason: "calls it", evidence: [obs.errors] },
    ],
    blast_radius: [checkout, frontend, ref("Ingress/shop/storefront")],
  },
  {
    id: "incident:image",
    title: "`recommendation` cannot pull its image",
    category: "image-deployment",
    failure_modes: ["image-reference-not-found"],
    severity: "major",
    state: "open",
    started_at: ago(52),
    ended_at: null,
    signals: [
      { name: "image_pull_failed", failure_modes: ["image-reference-not-found"], subject: recommendation, category: "image-deployment", severity: "major", title: "The image `shop/recommendation:1.14.O` cannot be pulled", first_at: ago(52), last_at: ago(4), count: 9, evidence: [obs.pull] },
    ],
    subjects: [recommendation],
    origin: recommendation,
    links: [],
    blast_radius: [frontend],
  },
  {
    id: "incident:claim",
    title: "`reports-data` waits for a storage class that does not exist",
    category: "storage",
    failure_modes: ["storageclass-provisioning"],
    severity: "minor",
    state: "open",
    started_at: ago(174),
    ended_at: null,
    signals: [
      { name: "claim_pending", failure_modes: ["storageclass-provisioning"], subject: ref("PersistentVolumeClaim/shop/reports-data"), category: "storage", severity: "minor", title: "`reports-data` is Pending", first_at: ago(174), last_at: ago(6), count: 40, evidence: [obs.claim] },
    ],
    subjects: [ref("PersistentVolumeClaim/shop/reports-data"), reports],
    origin: ref("PersistentVolumeClaim/shop/reports-data"),
    links: [{ from: reports, to: ref("PersistentVolumeClaim/shop/reports-data"), reason: "mounts it", evidence: [obs.claim] }],
    blast_radius: [reports],
  },
];

export const noise: NoiseEntry[] = [
  {
    signal: { name: "event", failure_modes: [], subject: ref("Pod/shop/frontend-7c5-q1"), category: "app-infra", severity: "info", title: "One readiness failure while starting", first_at: ago(40), last_at: ago(40), count: 1, evidence: [] },
    rule: "probe-failure-during-start",
    because: "The pod was younger than its start-up delay and has been ready since.",
  },
  {
    signal: { name: "event", failure_modes: [], subject: ref("Node//worker-2"), category: "resource-exhaustion", severity: "info", title: "Image garbage collection ran", first_at: ago(90), last_at: ago(90), count: 1, evidence: [] },
    rule: "routine-housekeeping",
    because: "The node had no disk pressure before or after.",
  },
];

export const notChecked = ["Network policies were not listed: the cluster refused (403).", "No metrics back end answers in this cluster; memory and CPU can be asked for one by one."];
