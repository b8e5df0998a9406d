//! Workloads that may rest at zero replicas: an autoscaler lets them, and wakes them when there is work.

use model::{Doc, Held, ObjectRef};
use topology::{Relation, labels_of};

use crate::json::{condition, entries, int, text};
use crate::scene::{Scene, Workload};

/// Who lets this workload rest at zero: an autoscaler, or the workload itself where an annotation or a label of it says that
/// something wakes it. `None` where nobody is known to, or where who should wake it says that it cannot, or that there is work.
pub(crate) fn rests<'s>(scene: &'s Scene, workload: &'s Workload) -> Option<&'s ObjectRef> {
    let scalers = scene.graph.dependencies(&workload.object).into_iter();
    let scalers = scalers.filter(|e| e.relation == Relation::ScaledBy).map(|e| e.to);
    let scalers: Vec<(&ObjectRef, &Held)> =
        scalers.filter_map(|scaler| Some((scaler, scene.snapshot.get(scaler)?))).collect();
    // KEDA makes an autoscaler of Kubernetes' own beside its object; that one knows nothing of zero.
    let own = scalers.iter().find(|(scaler, _)| scaler.kind != "HorizontalPodAutoscaler");
    if let Some((scaler, held)) = own {
        return lets_rest(&scaler.kind, &held.object).then_some(*scaler);
    }
    let plain = scalers.iter().find(|(_, held)| {
        let made_by_keda = labels_of(&held.object).contains_key("scaledobject.keda.sh/name")
            || owned_by(&held.object, &["ScaledObject", "HTTPScaledObject"]);
        made_by_keda || int(&held.object, "/spec/minReplicas") == Some(0)
    });
    plain.map(|(scaler, _)| *scaler).or_else(|| woken(workload.held?).then_some(&workload.object))
}

/// Whether KEDA's object means its target to stand at zero now. What it does not say of its conditions is no "no".
fn lets_rest(kind: &str, object: &Doc) -> bool {
    let paused = entries(object, "/metadata/annotations")
        .find(|(key, _)| *key == "autoscaling.keda.sh/paused-replicas")
        .map(|(_, replicas)| replicas.as_str() == Some("0"));
    if let Some(at_zero) = paused {
        return at_zero;
    }
    let says = |name: &str, status: &str| condition(object, name).is_some_and(|c| text(c, "/status") == status);
    let least = match kind {
        "HTTPScaledObject" => int(object, "/spec/replicas/min"),
        _ => int(object, "/spec/idleReplicaCount").or_else(|| int(object, "/spec/minReplicaCount")),
    };
    least.unwrap_or(0) == 0 && !says("Ready", "False") && !says("Active", "True")
}

fn owned_by(object: &Doc, kinds: &[&str]) -> bool {
    crate::json::list(object, "/metadata/ownerReferences").iter().any(|owner| kinds.contains(&text(owner, "/kind")))
}

/// What others than autoscalers write on a workload that they put to sleep: Knative on each revision, kube-downscaler with
/// the replicas from before, OpenFaaS on functions that may be scaled to zero.
fn woken(held: &Held) -> bool {
    let labels = labels_of(&held.object);
    let mut annotations = entries(&held.object, "/metadata/annotations");
    labels.contains_key("serving.knative.dev/revision")
        || labels.get("com.openfaas.scale.zero").and_then(Doc::as_str) == Some("true")
        || annotations.any(|(key, _)| key == "downscaler/original-replicas")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::sketch::{Sketch, fact};

    fn at_zero() -> Sketch {
        Sketch::new()
            .deployment("cart")
            .without("Pod/shop/cart-abc-1")
            .but("Deployment/shop/cart", |d| {
                d["spec"]["replicas"] = json!(0);
                d["status"] = json!({"replicas": 0});
            })
            .earlier("Deployment/shop/cart", 1200, json!({"spec": {"replicas": 2}}))
    }

    fn keda(status: Value) -> Value {
        json!({"spec": {"scaleTargetRef": {"name": "cart"}, "maxReplicaCount": 5}, "status": status})
    }

    fn by(sketch: Sketch) -> String {
        fact(&sketch.facts(), "replicas_zero", "Deployment/shop/cart").args["rests_by"]
            .as_str()
            .unwrap_or("?")
            .to_owned()
    }

    #[test]
    fn who_lets_a_workload_rest_is_named_whether_or_not_its_conditions_are_known() {
        let scaled = |object: Value| at_zero().with("ScaledObject/shop/cart", object);
        let conditions = |ready: &str, active: &str| json!({"conditions": [{"type": "Ready", "status": ready}, {"type": "Active", "status": active}]});
        assert_eq!(by(at_zero()), "");
        for status in [json!({}), conditions("True", "False"), conditions("Unknown", "Unknown")] {
            assert_eq!(by(scaled(keda(status.clone()))), "ScaledObject/shop/cart", "{status}");
        }
        assert_eq!(by(scaled(keda(conditions("False", "Unknown")))), "", "it cannot wake it");
        assert_eq!(by(scaled(keda(conditions("True", "True")))), "", "there is work");
        let floor = |floor: Value| {
            let mut object = keda(json!({}));
            for (key, value) in floor.as_object().into_iter().flatten() {
                object["spec"][key] = value.clone();
            }
            by(scaled(object))
        };
        assert_eq!(floor(json!({"minReplicaCount": 1})), "");
        assert_eq!(floor(json!({"minReplicaCount": 2, "idleReplicaCount": 0})), "ScaledObject/shop/cart");
    }

    #[test]
    fn an_autoscaler_of_kubernetes_lets_rest_only_where_its_floor_is_zero_or_keda_made_it() {
        let plain = |metadata: Value, least: Value| {
            let spec = json!({"minReplicas": least, "maxReplicas": 5, "scaleTargetRef": {"kind": "Deployment", "name": "cart"}});
            by(at_zero().with("HorizontalPodAutoscaler/shop/cart", json!({"metadata": metadata, "spec": spec})))
        };
        assert_eq!(plain(json!({}), json!(2)), "");
        assert_eq!(plain(json!({}), json!(null)), "", "one is what is meant where nothing is said");
        assert_eq!(plain(json!({}), json!(0)), "HorizontalPodAutoscaler/shop/cart");
        let keda = json!({"labels": {"scaledobject.keda.sh/name": "cart"}});
        assert_eq!(plain(keda, json!(1)), "HorizontalPodAutoscaler/shop/cart");
    }

    #[test]
    fn what_was_put_to_sleep_by_a_clock_says_so_itself() {
        let annotated = at_zero().but("Deployment/shop/cart", |d| {
            d["metadata"] = json!({"annotations": {"downscaler/original-replicas": "3"}});
        });
        assert_eq!(by(annotated), "Deployment/shop/cart");
    }

    #[test]
    fn what_rests_is_no_incident_although_a_service_routes_to_it_and_what_cannot_wake_is_one() {
        let rests = at_zero().with("ScaledObject/shop/cart", keda(json!({}))).triage();
        assert!(rests.incidents.is_empty(), "{:#?}", rests.incidents);
        assert!(rests.noise.iter().any(|n| n.rule == "rests-on-purpose"));
        let unready = json!({"conditions": [{"type": "Ready", "status": "False", "reason": "TriggerError"}]});
        for sketch in [at_zero(), at_zero().with("ScaledObject/shop/cart", keda(unready))] {
            assert_eq!(sketch.triage().incidents.len(), 1);
        }
    }
}
