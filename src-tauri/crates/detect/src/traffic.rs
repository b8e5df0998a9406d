//! Services that keep their traffic on the caller's node.

use std::collections::BTreeSet;

use model::{Doc, ObjectRef};
use topology::{Relation, labels_of, matches_labels};

use crate::found::Found;
use crate::json::text;
use crate::scene::{Pod, Scene};

/// Callers on nodes where a Service with `internalTrafficPolicy: Local` has no ready pod: kube-proxy drops what they send,
/// while every pod and every endpoint looks well.
pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for (service, held) in scene.snapshot.of_kind("Service") {
        if text(&held.object, "/spec/internalTrafficPolicy") != "Local" {
            continue;
        }
        let Some(selector) = held.object.pointer("/spec/selector").and_then(Doc::as_object).filter(|s| !s.is_empty())
        else {
            continue;
        };
        let behind: Vec<&Pod> = scene
            .pods_like(&service.namespace, selector)
            .into_iter()
            .filter(|p| !p.is_finished() && p.is_ready() && matches_labels(selector, labels_of(p.json)))
            .collect();
        let served: BTreeSet<&str> = behind.iter().map(|p| p.node_name()).collect();
        // Without any, other facts say so.
        if served.is_empty() {
            continue;
        }
        let callers: BTreeSet<ObjectRef> = scene
            .graph
            .dependents(service)
            .into_iter()
            .filter(|edge| edge.relation == Relation::Calls)
            .map(|edge| scene.graph.workload_of(edge.from))
            .collect();
        let stranded: Vec<&Pod> = callers
            .iter()
            .filter_map(|caller| scene.workloads.get(caller))
            .flat_map(|caller| scene.pods_of(caller))
            .filter(|p| !p.is_finished() && !p.node_name().is_empty() && !served.contains(p.node_name()))
            .collect();
        if stranded.is_empty() {
            continue;
        }
        let nodes: BTreeSet<&str> = stranded.iter().map(|p| p.node_name()).collect();
        let nodes: Vec<&str> = nodes.into_iter().collect();
        let who: BTreeSet<&ObjectRef> = stranded.iter().map(|p| &p.workload).collect();
        let names: Vec<&str> = who.iter().map(|w| w.name.as_str()).collect();
        found
            .fact("traffic_policy_leaves_nobody", service)
            .objects("callers", who.iter().copied())
            .arg("nodes", nodes.clone())
            .arg("served_nodes", served.iter().copied().collect::<Vec<_>>())
            .since(held.at)
            .because(&held.observation)
            .because_all(stranded.iter().map(|p| &p.held.observation))
            .because_all(behind.iter().map(|p| &p.held.observation))
            .says(format!(
                "{} answers only on its own nodes (internalTrafficPolicy: Local); {} calls it from {}, where it has no pod",
                service.name,
                names.join(", "),
                nodes.join(", ")
            ));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sketch::{Sketch, has};

    #[test]
    fn a_service_that_keeps_traffic_on_the_node_fails_callers_elsewhere() {
        let shop = |policy: &str, node: &str| {
            let (policy, node) = (policy.to_owned(), node.to_owned());
            Sketch::new()
                .deployment("web")
                .deployment("cart")
                .node("node-a", false)
                .node("node-b", false)
                .with(
                    "Service/shop/cart",
                    json!({"spec": {"selector": {"app": "cart"}, "ports": [{"port": 80, "targetPort": 80}],
                    "internalTrafficPolicy": policy}}),
                )
                .but("Deployment/shop/web", |d| {
                    d["spec"]["template"]["spec"]["containers"][0]["env"] =
                        json!([{"name": "CART_URL", "value": "http://cart:80"}]);
                })
                .but("Pod/shop/web-abc-1", |pod| {
                    pod["spec"]["containers"][0]["env"] = json!([{"name": "CART_URL", "value": "http://cart:80"}]);
                    pod["spec"]["nodeName"] = json!("node-a");
                })
                .but("Pod/shop/cart-abc-1", move |pod| pod["spec"]["nodeName"] = json!(node))
        };
        assert!(has(&shop("Local", "node-b").facts(), "traffic_policy_leaves_nobody"));
        assert!(!has(&shop("Local", "node-a").facts(), "traffic_policy_leaves_nobody"));
        assert!(!has(&shop("Cluster", "node-b").facts(), "traffic_policy_leaves_nobody"));
    }
}
