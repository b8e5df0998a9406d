import type { Recording } from "../recording";
import { clusters, histories, sources } from "./demo/clusters";
import { library, tools, blueprints } from "./demo/desk";
import { incidents, noise, notChecked } from "./demo/incidents";
import { observationAnswers } from "./demo/evidence";
import { objectAnswers } from "./demo/objects";
import { graphAnswers } from "./demo/graph";
import { arguedCase, finishedCase, openCase, script, CASE } from "./demo/case";
import { argued } from "./demo/argued";
import { timeline } from "./demo/timeline";
import { ago, CLUSTER } from "./demo/names";

/** One bad night in a small shop: a limit that came with a rollout, an image that does not exist, a claim without a class. */
export const demo: Recording = {
  answers: [
    {
      name: "about",
      request: {},
      response: {
        version: "0.1.0",
        log_dir: "~/.local/state/caseboard/logs",
        state_dir: "~/.local/state/caseboard",
        now: ago(0),
        warnings: [{ what: "Open the keyring", why: "There is no session bus.", hint: "Keys for models cannot be kept; everything else works." }],
      },
    },
    { name: "clusters_list", request: {}, response: clusters },
    { name: "sources_list", request: {}, response: sources },
    {
      name: "triage_get",
      request: { cluster: CLUSTER },
      response: {
        cluster: CLUSTER,
        triage: { at: ago(0), incidents, noise, not_checked: notChecked },
        looked_at: [["Pod", 41], ["Deployment", 12], ["Service", 13], ["Node", 3], ["Event", 118], ["PersistentVolumeClaim", 4], ["ConfigMap", 17]],
        partial: false,
        aside: [],
        arranged: [],
      },
    },
    {
      name: "triage_get",
      request: { cluster: "cluster:staging" },
      response: {
        cluster: "cluster:staging",
        triage: { at: ago(0), incidents: [], noise: [], not_checked: [] },
        looked_at: [["Pod", 212], ["Deployment", 48], ["Service", 51], ["Node", 6], ["Event", 74]],
        partial: false,
        aside: [],
        arranged: [],
      },
    },
    ...["cluster:prod-us", "cluster:prod-eu", "cluster:scoped", "cluster:bundle"].map((cluster) => ({
      name: "triage_get" as const,
      request: { cluster },
      response: { cluster, triage: { at: ago(3), incidents: cluster === "cluster:prod-us" ? incidents.slice(1, 2) : [], noise: [], not_checked: [] }, looked_at: [["Pod", 41], ["Deployment", 12]] as [string, number][], partial: false, aside: [], arranged: [] },
    })),
    { name: "timeline_get", request: { cluster: CLUSTER }, response: timeline },
    ...["cluster:prod-us", "cluster:prod-eu", "cluster:scoped", "cluster:bundle"].map((cluster) => ({ name: "timeline_get" as const, request: { cluster }, response: { ...timeline, lanes: [], marks: [], gaps: [] } })),
    ...graphAnswers,
    ...objectAnswers,
    ...observationAnswers,
    { name: "tools_list", request: {}, response: tools },
    { name: "histories_get", request: {}, response: histories },
    { name: "blueprints_list", request: {}, response: blueprints },
    { name: "blueprint_versions", request: { name: "cart" }, response: blueprints.filter((b) => b.blueprint.name === "cart") },
    {
      name: "blueprints_drift",
      request: {},
      response: [{ blueprint: "cart", kind: "undeclared", says: "Deployment/shop/cart needs Service/shop/rates, which blueprint `cart` does not declare (its environment names it)", objects: [{ kind: "Deployment", namespace: "shop", name: "cart" }], unknown: false }],
    },
    { name: "blueprint_retire", request: {}, response: {} },
    { name: "knowledge_list", request: {}, response: library },
  ],
  opened: {},
  cases: [openCase, finishedCase, arguedCase],
  scripts: { [CASE]: script },
  argued: (model) => argued(script, model),
};
