import type { Body, Observation, ObservationId, ObjectRef } from "../../../wire/wire";
import type { Answer } from "../../recording";
import { ago, cart, checkout, CLUSTER, recommendation, ref } from "./names";

const seen: Observation[] = [];
const texts = new Map<ObservationId, string>();

function observe(id: string, minutes: number, subject: ObjectRef, body: Body, text: string): ObservationId {
  const observation: Observation = { id: `obs:${id}`, cluster: CLUSTER, at: ago(minutes), seen_at: ago(minutes), source: body.type === "log" || body.type === "metric" ? "read" : "watch", subject, body };
  seen.push(observation);
  texts.set(observation.id, text);
  return observation.id;
}

function warned(id: string, minutes: number, subject: ObjectRef, reason: string, message: string, count: number): ObservationId {
  const body: Body = { type: "event", uid: id, event_type: "Warning", reason, message, count, first_at: ago(minutes + 5), last_at: ago(minutes), reporter: "kubelet", subject_uid: null };
  return observe(id, minutes, subject, body, `Warning ${reason} (×${count})\n${message}`);
}

export const obs = {
  rollout: observe(
    "3f1c",
    26,
    cart,
    { type: "object", api_version: "apps/v1", uid: "u1", resource_version: "8812", change: "present", object: {} },
    "Deployment shop/cart, generation 42\n  resources.limits.memory: 512Mi → 256Mi\n  image: shop/cart:2.8.0 → shop/cart:2.8.1",
  ),
  oom: warned("91aa", 3, cart, "OOMKilling", "Memory cgroup out of memory: killed process 4117 (cart), anon-rss 261,880 kB", 14),
  backoff: warned("77b0", 1, cart, "BackOff", "Back-off restarting failed container cart in pod cart-6f9d-x2k8p", 31),
  errors: warned("c204", 2, checkout, "Unhealthy", "Readiness probe failed: HTTP 503 from /ready: cart unreachable", 22),
  pull: warned("5d11", 4, recommendation, "Failed", "Failed to pull image \"shop/recommendation:1.14.O\": not found", 9),
  claim: warned("ee42", 6, ref("PersistentVolumeClaim/shop/reports-data"), "ProvisioningFailed", "storageclass.storage.k8s.io \"fast-ssd\" not found", 40),
  service: observe("aa70", 25, ref("Service/shop/cart"), { type: "note", author: "topology", text: "" }, "Service shop/cart selects 3 pods, 0 ready"),
  memory: observe(
    "b6e3",
    5,
    cart,
    { type: "metric", name: "memory_working_set", unit: "MiB", labels: {}, points: Array.from({ length: 40 }, (_, i) => ({ at: ago(60 - i * 1.4), value: i < 24 ? 388 + (i % 5) * 4 : 120 + ((i * 47) % 136) })) },
    "memory_working_set of cart, last hour\n  before 26 min ago: 388–404 MiB, flat (slope +0.3 MiB/h)\n  since: climbs to 256 MiB within 70 s, then drops to 0, 14 times",
  ),
  words: observe(
    "d0c9",
    4,
    cart,
    { type: "log", container: "cart", previous: true, text: "", cut: "the first 1,204 lines", lines: 1_208, patterns: [
      { template: "level=warn msg=\"heap above <num> % of limit\" limit=<*>", count: 214, first_at: ago(25), last_at: ago(4), example: "level=warn msg=\"heap above 95 % of limit\" limit=256MiB", level: "warning" },
      { template: "level=info msg=\"warming basket cache\" entries=<num>", count: 14, first_at: ago(25.5), last_at: ago(4.5), example: "level=info msg=\"warming basket cache\" entries=181204", level: "info" },
    ] },
    "level=info msg=\"warming basket cache\" entries=181204\nlevel=info msg=\"warm\" rss=244MiB\nlevel=warn msg=\"heap above 95 % of limit\" limit=256MiB\nKilled",
  ),
  release: observe(
    "4a8e",
    26.5,
    cart,
    { type: "change", reference: "9c41e07", author: "deploy-bot", message: "Use the staging values for cart", diff: "-  memory: 512Mi\n+  memory: 256Mi" },
    "9c41e07 deploy-bot: Use the staging values for cart\n-  memory: 512Mi\n+  memory: 256Mi",
  ),
};

export const observationAnswers: Answer[] = seen.map((observation) => ({
  name: "observation_get",
  request: { id: observation.id },
  response: { observation, text: texts.get(observation.id) ?? "" },
}));
