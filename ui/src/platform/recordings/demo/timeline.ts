import type { Mark, MarkKind, Severity, Timeline } from "../../../wire/wire";
import { obs } from "./evidence";
import { ago, cart, checkout, frontend, recommendation, ref } from "./names";

const lanes = [cart, ref("Service/shop/cart"), checkout, frontend, recommendation, ref("ConfigMap/shop/cart-config"), ref("Node//worker-2")];

/** Nobody watched before the trouble began: what was before is known since then. A rollout's commit was read by a call. */
const knownLate = (kind: MarkKind, minutes: number): number => (minutes > 60 ? 52 : kind === "change" && minutes === 26.5 ? 4 : minutes);

function mark(lane: number, kind: MarkKind, severity: Severity, minutes: number, title: string, observation: string | null = null, until: number | null = null): Mark {
  return { lane, kind, severity, at: ago(minutes), known_at: ago(knownLate(kind, minutes)), until: until === null ? null : ago(until), title, observation };
}

export const timeline: Timeline = {
  from: ago(180),
  to: ago(0),
  lanes: lanes.map((object) => ({ object, title: object.name })),
  marks: [
    mark(5, "change", "info", 171, "cart-config: key cache.entries changed"),
    mark(6, "event", "info", 90, "ImageGCCompleted"),
    mark(4, "change", "info", 53, "image shop/recommendation:1.13.2 → 1.14.O"),
    mark(4, "signal", "major", 52, "The image cannot be pulled", obs.pull, 0),
    ...Array.from({ length: 8 }, (_, i) => mark(4, "event", "major", 51 - i * 6, "Failed to pull image", obs.pull)),
    mark(0, "change", "info", 26.5, "9c41e07 Use the staging values for cart", obs.release),
    mark(0, "change", "info", 26, "limits.memory 512Mi → 256Mi, image 2.8.0 → 2.8.1", obs.rollout),
    mark(0, "signal", "critical", 25, "Killed for memory", obs.oom, 0),
    ...Array.from({ length: 14 }, (_, i) => mark(0, "restart", "major", 25 - i * 1.6, "Restart: OOMKilled (137)", obs.oom)),
    mark(0, "event", "major", 22, "BackOff", obs.backoff),
    mark(1, "signal", "critical", 24, "No ready pod", obs.service, 0),
    mark(2, "signal", "major", 23, "Not ready", obs.errors, 0),
    ...Array.from({ length: 11 }, (_, i) => mark(2, "event", "major", 23 - i * 1.9, "Unhealthy: cart unreachable", obs.errors)),
    mark(3, "alert", "major", 21, "StorefrontErrorRate firing"),
    mark(3, "event", "info", 40, "Unhealthy while starting"),
  ],
  gaps: [[ago(74), ago(69), "The watch was restarted; 12 events may be missing."]],
};
