import type { EdgeClass, GraphView, NodeState, Relation, Severity } from "../../../wire/wire";
import type { Answer } from "../../recording";
import { ago, CLUSTER, ref } from "./names";

const places: [string, number, number, number?][] = [
  ["Ingress/shop/storefront", 260, 0],
  ["Service/shop/frontend", 260, 1],
  ["Deployment/shop/frontend", 260, 2, 2],
  ["Service/shop/checkout", 130, 3],
  ["Service/shop/recommendation", 390, 3],
  ["Deployment/shop/checkout", 130, 4, 3],
  ["Deployment/shop/recommendation", 390, 4, 1],
  ["Service/shop/cart", 60, 5],
  ["Service/shop/payment", 240, 5],
  ["Deployment/shop/cart", 60, 6, 3],
  ["HorizontalPodAutoscaler/shop/cart", -80, 6],
  ["Deployment/shop/payment", 240, 6, 2],
  ["ConfigMap/shop/cart-config", -40, 7],
  ["Service/shop/redis", 80, 7],
  ["Secret/shop/payment-api", 240, 7],
  ["StatefulSet/shop/redis", 80, 8, 1],
  ["Node//worker-2", 220, 8],
];

const edges: [string, string, Relation, EdgeClass, string][] = [
  ["Ingress/shop/storefront", "Service/shop/frontend", "routes_to", "declared", "path / goes to frontend:8080"],
  ["Service/shop/frontend", "Deployment/shop/frontend", "selects", "declared", "app=frontend selects 2 pods"],
  ["Deployment/shop/frontend", "Service/shop/checkout", "calls", "inferred", "env CHECKOUT_ADDR names checkout:5050"],
  ["Deployment/shop/frontend", "Service/shop/recommendation", "calls", "inferred", "env RECOMMENDATION_ADDR"],
  ["Service/shop/checkout", "Deployment/shop/checkout", "selects", "declared", "app=checkout selects 3 pods"],
  ["Service/shop/recommendation", "Deployment/shop/recommendation", "selects", "declared", "app=recommendation selects 1 pod"],
  ["Deployment/shop/checkout", "Service/shop/cart", "calls", "observed", "its readiness probe says so"],
  ["Deployment/shop/checkout", "Service/shop/payment", "calls", "inferred", "env PAYMENT_ADDR"],
  ["Service/shop/cart", "Deployment/shop/cart", "selects", "declared", "app=cart selects 3 pods, 0 ready"],
  ["Service/shop/payment", "Deployment/shop/payment", "selects", "declared", "app=payment"],
  ["Deployment/shop/cart", "ConfigMap/shop/cart-config", "reads_config", "declared", "envFrom cart-config"],
  ["Deployment/shop/cart", "Service/shop/redis", "calls", "declared", "the blueprint `cart` declares it"],
  ["Deployment/shop/payment", "Secret/shop/payment-api", "reads_config", "declared", "env API_KEY"],
  ["Service/shop/redis", "StatefulSet/shop/redis", "selects", "declared", "app=redis"],
  ["StatefulSet/shop/redis", "Node//worker-2", "runs_on", "observed", "redis-0 runs on worker-2"],
  ["Deployment/shop/payment", "Node//worker-2", "runs_on", "observed", "1 of 2 pods"],
  ["Deployment/shop/cart", "HorizontalPodAutoscaler/shop/cart", "scaled_by", "declared", "3 to 9 replicas at 70 % CPU"],
];

const troubled: Record<string, [Severity, string]> = {
  "Deployment/shop/cart": ["critical", "0/3 ready · OOMKilled"],
  "Service/shop/cart": ["critical", "0 endpoints"],
  "Deployment/shop/checkout": ["major", "0/3 ready"],
  "Service/shop/checkout": ["major", "0 endpoints"],
  "Deployment/shop/recommendation": ["major", "0/1 · ImagePullBackOff"],
};
const calm: Record<string, string> = {
  "Deployment/shop/frontend": "2/2 ready",
  "Deployment/shop/payment": "2/2 ready",
  "StatefulSet/shop/redis": "1/1 ready",
  "Node//worker-2": "Ready",
  "Deployment/shop/cart": "3/3 ready",
  "Deployment/shop/checkout": "3/3 ready",
  "Service/shop/cart": "3 endpoints",
  "Service/shop/checkout": "3 endpoints",
};

function graphAt(minutes: number, trouble: (object: string) => boolean): GraphView {
  const states: NodeState[] = places.map(([object]) => {
    const bad = trouble(object) ? troubled[object] : undefined;
    return { object: ref(object), severity: bad?.[0] ?? null, status: bad?.[1] ?? calm[object] ?? "", exists: true };
  });
  return {
    at: ago(minutes),
    layout: {
      nodes: places.map(([object, x, layer, pods]) => ({ object: ref(object), x, y: layer * 100, layer, stands_for: pods ?? 1 })),
      edges: edges.map(([from, to, relation, edge, reason]) => ({ from: ref(from), to: ref(to), relation, class: edge, reason, since: ago(4000), evidence: [] })),
      hidden: 14,
    },
    states,
  };
}

const steps: [number, (object: string) => boolean][] = [
  [10_000, () => false],
  [52, (o) => o.includes("recommendation")],
  [25, (o) => o.includes("recommendation") || o.includes("cart")],
  [23, () => true],
];

export const graphAnswers: Answer[] = steps.map(([minutes, trouble]) => ({
  name: "graph_get",
  request: { cluster: CLUSTER, at: ago(minutes) },
  response: graphAt(minutes, trouble),
}));
