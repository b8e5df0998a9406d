import type { Edge, Layout, NodeState, ObjectRef, Timeline } from "../../wire/wire";
import type { Recording } from "../recording";
import { ago, CLUSTER } from "./demo/names";

const kinds = ["event", "change", "restart", "signal", "log", "metric"] as const;
const severities = ["info", "minor", "major", "critical"] as const;

/** A recording with as much on its timeline and in its graph as a large cluster has in a day, for measuring. */
export function withLoad(recording: Recording, marks: number, nodes: number): Recording {
  return {
    ...recording,
    answers: [
      ...recording.answers.filter(({ name }) => name !== "timeline_get" && name !== "graph_get"),
      { name: "timeline_get", request: { cluster: CLUSTER }, response: timelineOf(marks) },
      { name: "graph_get", request: { cluster: CLUSTER }, response: graphOf(nodes) },
    ],
  };
}

const pod = (n: number): ObjectRef => ({ kind: n % 5 === 0 ? "Service" : n % 3 === 0 ? "Deployment" : "Pod", namespace: `team-${n % 17}`, name: `app-${n}` });

function timelineOf(count: number): Timeline {
  const lanes = 200;
  const day = 24 * 60;
  return {
    from: ago(day),
    to: ago(0),
    lanes: Array.from({ length: lanes }, (_, i) => ({ object: pod(i), title: pod(i).name })),
    marks: Array.from({ length: count }, (_, i) => {
      const at = ago(day * (1 - i / count));
      const kind = kinds[(i * 7) % kinds.length] ?? "event";
      return { lane: (i * 31) % lanes, at, known_at: at, until: kind === "signal" ? at + 240e6 : null, kind, severity: severities[(i * 13) % 4] ?? "info", title: `what happened ${i}`, observation: null };
    }),
    gaps: [[ago(day / 2), ago(day / 2 - 30), "the connection was lost"]],
  };
}

function graphOf(count: number): { at: number; layout: Layout; states: NodeState[] } {
  const layers = 14;
  const across = Math.ceil(count / layers);
  const objects = Array.from({ length: count }, (_, i) => pod(i));
  const edge = (i: number, to: number): Edge => ({ from: objects[i] ?? pod(i), to: objects[to] ?? pod(to), relation: "calls", class: "inferred", reason: "measured", since: ago(600), evidence: [] });
  return {
    at: ago(0),
    layout: {
      nodes: objects.map((object, i) => ({ object, x: (i % across) * 130, y: Math.floor(i / across) * 100, layer: Math.floor(i / across), stands_for: 1 })),
      edges: objects.flatMap((_, i) => (i + across < count ? [edge(i, i + across), ...(i % 3 === 0 ? [edge(i, Math.min(count - 1, i + across + 3))] : [])] : [])),
      hidden: 0,
    },
    states: objects.map((object, i) => ({ object, severity: i % 40 === 0 ? "major" : null, status: "1/1 ready", exists: true })),
  };
}
