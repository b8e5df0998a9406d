import type { ObjectView } from "../../../wire/wire";
import type { Answer } from "../../recording";
import { obs } from "./evidence";
import { ago, cart, checkout, CLUSTER, ref } from "./names";

const yaml = (limit: string, image: string) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart
  namespace: shop
  generation: ${limit === "256Mi" ? 42 : 41}
  labels:
    app: cart
spec:
  replicas: 3
  selector:
    matchLabels:
      app: cart
  template:
    metadata:
      labels:
        app: cart
    spec:
      containers:
      - name: cart
        image: shop/cart:${image}
        env:
        - name: REDIS_ADDR
          value: redis:6379
        resources:
          requests:
            cpu: 100m
            memory: 128Mi
          limits:
            memory: ${limit}   # killed above this
        readinessProbe:
          httpGet:
            path: /ready
            port: 7070
status:
  replicas: 3
  readyReplicas: ${limit === "256Mi" ? 0 : 3}
  unavailableReplicas: ${limit === "256Mi" ? 3 : 0}
`;

const related: ObjectView["related"] = [
  [ref("Service/shop/cart"), "selects its pods"],
  [ref("ConfigMap/shop/cart-config"), "is read by it"],
  [ref("Service/shop/redis"), "is called by it"],
  [checkout, "calls it"],
];

const before: ObjectView = { object: cart, at: ago(10_000), exists: true, status: "3/3 ready", yaml: yaml("512Mi", "2.8.0"), changed_at: [ago(3000)], last_change: null, events: [], facts: [], related };
const after: ObjectView = {
  ...before,
  at: ago(26),
  status: "0/3 ready, OOMKilled",
  yaml: yaml("256Mi", "2.8.1"),
  changed_at: [ago(3000), ago(26)],
  last_change: `@@ spec.template.spec.containers[0] @@
-        image: shop/cart:2.8.0
+        image: shop/cart:2.8.1
         resources:
           limits:
-            memory: 512Mi
+            memory: 256Mi
`,
  events: [
    { observation: obs.oom, at: ago(3), warning: true, reason: "OOMKilling", message: "Memory cgroup out of memory: killed process 4117 (cart), anon-rss 261,880 kB", count: 14 },
    { observation: obs.backoff, at: ago(1), warning: true, reason: "BackOff", message: "Back-off restarting failed container cart in pod cart-6f9d-x2k8p", count: 31 },
    { observation: obs.rollout, at: ago(26), warning: false, reason: "ScalingReplicaSet", message: "Scaled up replica set cart-6f9d to 1", count: 3 },
  ],
  facts: [
    { name: "container_oom_killed", subject: cart, args: { container: "cart", times: 14 }, certainty: { is: "known" }, says: "Container `cart` was killed at its limit of 256Mi, 14 times in 22 minutes.", since: ago(25), evidence: [obs.oom] },
    { name: "limit_lowered", subject: cart, args: { from: "512Mi", to: "256Mi" }, certainty: { is: "known" }, says: "The memory limit went from 512Mi to 256Mi one minute before the first kill.", since: ago(26), evidence: [obs.rollout] },
    { name: "policy_denies", subject: cart, args: {}, certainty: { is: "unknown", because: "network policies were not listed" }, says: "Whether a policy denies traffic to `cart` is not known.", since: ago(26), evidence: [obs.service] },
  ],
};

export const objectAnswers: Answer[] = [
  { name: "object_get", request: { cluster: CLUSTER, object: cart, at: ago(10_000) }, response: before },
  { name: "object_get", request: { cluster: CLUSTER, object: cart, at: ago(26) }, response: after },
  {
    name: "object_get",
    request: { cluster: CLUSTER, object: checkout },
    response: { ...before, object: checkout, status: "0/3 ready", yaml: yaml("512Mi", "1.9.3").replaceAll("cart", "checkout"), related: [[cart, "is called by it"]] },
  },
];
