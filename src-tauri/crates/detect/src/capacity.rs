//! What pods ask for and what nodes have left.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use model::{Doc, Fields};

use crate::json::{entries, list, text};
use crate::quantity;
use crate::scene::{Node, Scene};

/// What a pod reserves: the pod-level request where it has one, else the sum over its containers, at least the largest
/// init container; sidecars count with the containers.
pub(crate) fn requests(pod_spec: &Doc) -> BTreeMap<String, f64> {
    reserved(pod_spec, "requests")
}

pub(crate) fn limits(pod_spec: &Doc) -> BTreeMap<String, f64> {
    reserved(pod_spec, "limits")
}

fn reserved(pod_spec: &Doc, what: &str) -> BTreeMap<String, f64> {
    let mut sum: BTreeMap<String, f64> = BTreeMap::new();
    let of = |container: &Doc| -> BTreeMap<String, f64> {
        let direct = entries(container, &format!("/resources/{what}"));
        let mut all: BTreeMap<String, f64> =
            direct.filter_map(|(k, v)| Some((k.to_owned(), quantity::of(Some(v))?))).collect();
        if what == "requests" {
            // A limit without a request is the request.
            for (key, value) in entries(container, "/resources/limits") {
                if let Some(value) = quantity::of(Some(value)) {
                    all.entry(key.to_owned()).or_insert(value);
                }
            }
        }
        all
    };
    for container in list(pod_spec, "/containers") {
        for (key, value) in of(container) {
            *sum.entry(key).or_default() += value;
        }
    }
    for container in list(pod_spec, "/initContainers") {
        let sidecar = text(container, "/restartPolicy") == "Always";
        for (key, value) in of(container) {
            let total = sum.entry(key).or_default();
            *total = if sidecar { *total + value } else { total.max(value) };
        }
    }
    for (key, value) in entries(pod_spec, &format!("/resources/{what}")) {
        if let Some(value) = quantity::of(Some(value)) {
            sum.insert(key.to_owned(), value);
        }
    }
    sum
}

pub(crate) fn allocatable(node: &Node, resource: &str) -> Option<f64> {
    let pointer = |field: &str| node.json.get("status")?.get(field)?.get(resource);
    quantity::of(pointer("allocatable")).or_else(|| quantity::of(pointer("capacity")))
}

/// What the largest of the nodes has on which somebody may be placed, now or once they are back.
pub(crate) struct Largest {
    /// Indices into [`Scene::nodes`].
    pub nodes: Vec<usize>,
    /// By resource: how many nodes say what they have, and the most.
    known: RefCell<HashMap<String, (usize, f64)>>,
}

impl Largest {
    pub(crate) fn of(scene: &Scene) -> Self {
        let may = |n: &Node| !n.is_cordoned() || n.is_ready() == Some(false);
        let nodes = scene.nodes.iter().enumerate().filter(|(_, n)| may(n)).map(|(place, _)| place).collect();
        Largest { nodes, known: RefCell::default() }
    }

    /// How many nodes say what they have of a resource, and the most; `None` where none does.
    pub(crate) fn of_resource(&self, scene: &Scene, resource: &str) -> Option<(usize, f64)> {
        let mut known = self.known.borrow_mut();
        if !known.contains_key(resource) {
            let all = self.nodes.iter().filter_map(|n| allocatable(&scene.nodes[*n], resource));
            let counted = all.fold((0, 0.0), |(count, most), has| (count + 1, f64::max(most, has)));
            known.insert(resource.to_owned(), counted);
        }
        known.get(resource).copied().filter(|(count, _)| *count > 0)
    }
}

/// What pods reserve, by node; pods themselves are counted as the resource `pods`.
pub(crate) struct Reserved {
    by_node: HashMap<String, BTreeMap<String, f64>>,
    /// Whether the pods of every namespace are known.
    whole: bool,
}

impl Reserved {
    fn of(scene: &Scene) -> Self {
        let mut by_node: HashMap<String, BTreeMap<String, f64>> = HashMap::new();
        // Pods of one template stand one after the other and share what they say of it.
        let mut last: Option<([&Doc; 3], BTreeMap<String, f64>)> = None;
        for (_, held) in scene.snapshot.of_kind("Pod") {
            let Some(spec) = held.object.get("spec") else { continue };
            let node = text(spec, "/nodeName");
            if node.is_empty() || matches!(text(&held.object, "/status/phase"), "Succeeded" | "Failed") {
                continue;
            }
            let says = ["containers", "initContainers", "resources"].map(|field| &spec[field]);
            let same = |(a, b): (&&Doc, &&Doc)| a.is_same(b) || a.is_null() && b.is_null();
            let known = last.take().filter(|(before, _)| before.iter().zip(&says).all(same));
            let asks = known.map_or_else(|| requests(spec), |(_, asks)| asks);
            if !by_node.contains_key(node) {
                by_node.insert(node.to_owned(), BTreeMap::new());
            }
            if let Some(sums) = by_node.get_mut(node) {
                for (resource, amount) in asks.iter().map(|(r, a)| (r.as_str(), *a)).chain([("pods", 1.0)]) {
                    match sums.get_mut(resource) {
                        Some(sum) => *sum += amount,
                        None => {
                            sums.insert(resource.to_owned(), amount);
                        }
                    }
                }
            }
            last = Some((says, asks));
        }
        // Who sees some namespaces only does not see what the pods of the others reserve, nor that there are others.
        let all_namespaces = scene.snapshot.absence_is_known("Namespace", "")
            && scene.namespaces().iter().all(|n| scene.snapshot.absence_is_known("Pod", n))
            && scene.snapshot.of_kind("Namespace").all(|(n, _)| scene.snapshot.absence_is_known("Pod", &n.name));
        let whole = scene.snapshot.absence_is_known("Pod", "") || all_namespaces;
        Reserved { by_node, whole }
    }
}

/// What the pods on a node reserve of a resource. `None` where not all pods were listed.
pub(crate) fn reserved_on(scene: &Scene, node: &str, resource: &str) -> Option<f64> {
    let reserved = scene.reserved.get_or_init(|| Reserved::of(scene));
    reserved.whole.then(|| reserved_at_least(scene, node, resource))
}

/// What those pods on a node reserve of a resource that are seen; others may reserve more of it.
pub(crate) fn reserved_at_least(scene: &Scene, node: &str, resource: &str) -> f64 {
    let reserved = scene.reserved.get_or_init(|| Reserved::of(scene));
    reserved.by_node.get(node).and_then(|sums| sums.get(resource)).copied().unwrap_or(0.0)
}

/// Whether a pod's node selector and required node affinity allow a node.
pub(crate) fn allows_node(pod_spec: &Doc, node: &Node) -> bool {
    let labels = node.labels();
    let selector = entries(pod_spec, "/nodeSelector").all(|(key, value)| labels.get(key) == Some(value));
    let terms =
        list(pod_spec, "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    selector && (terms.is_empty() || terms.iter().any(|term| term_allows(term, labels, node.name())))
}

fn term_allows(term: &Doc, labels: Fields<'_>, name: &str) -> bool {
    let (expressions, fields) = (list(term, "/matchExpressions"), list(term, "/matchFields"));
    // An empty term matches nothing.
    if expressions.is_empty() && fields.is_empty() {
        return false;
    }
    let by_label = expressions.iter().all(|e| node_expression(e, labels.get(text(e, "/key")).and_then(Doc::as_str)));
    by_label && fields.iter().all(|e| node_expression(e, (text(e, "/key") == "metadata.name").then_some(name)))
}

fn node_expression(expression: &Doc, label: Option<&str>) -> bool {
    let values: Vec<&str> = list(expression, "/values").iter().filter_map(Doc::as_str).collect();
    let number = |text: &str| text.parse::<i64>().ok();
    let compare = |than: fn(i64, i64) -> bool| {
        label.and_then(number).zip(values.first().copied().and_then(number)).is_some_and(|(a, b)| than(a, b))
    };
    match text(expression, "/operator") {
        "In" => label.is_some_and(|l| values.contains(&l)),
        "NotIn" => label.is_none_or(|l| !values.contains(&l)),
        "Exists" => label.is_some(),
        "DoesNotExist" => label.is_none(),
        "Gt" => compare(|a, b| a > b),
        "Lt" => compare(|a, b| a < b),
        _ => false,
    }
}

/// Whether a pod tolerates a taint.
pub(crate) fn tolerates(pod_spec: &Doc, taint: &Doc) -> bool {
    list(pod_spec, "/tolerations").iter().any(|toleration| {
        let (key, effect) = (text(toleration, "/key"), text(toleration, "/effect"));
        let exists = text(toleration, "/operator") == "Exists";
        (key.is_empty() && exists || key == text(taint, "/key"))
            && (exists || text(toleration, "/value") == text(taint, "/value"))
            && (effect.is_empty() || effect == text(taint, "/effect"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::sketch::Sketch;

    #[test]
    fn a_pod_reserves_the_sum_of_its_containers_or_its_largest_init_container() {
        let spec = json!({
            "containers": [{"resources": {"requests": {"cpu": "100m"}}}, {"resources": {"limits": {"cpu": "200m"}}}],
            "initContainers": [{"resources": {"requests": {"cpu": "1"}}}]});
        assert_eq!(requests(&spec.clone().into())["cpu"], 1.0);
        assert!((requests(&json!({"containers": spec["containers"]}).into())["cpu"] - 0.3).abs() < 1e-9);
    }

    #[test]
    fn what_a_node_has_left_is_not_known_to_who_sees_one_namespace() {
        let free = |namespace: &str| {
            let sketch = Sketch::unwatched().node("node-a", false).deployment("cart").covered_in("Pod", namespace);
            let view = sketch.view();
            let graph = topology::Graph::build(&view, &[]);
            let scene = Scene::new(&view, &graph);
            (reserved_on(&scene, "node-a", "cpu"), reserved_at_least(&scene, "node-a", "cpu"))
        };
        assert_eq!(free(""), (Some(0.1), 0.1));
        assert_eq!(free("shop"), (None, 0.1));
    }

    #[test]
    fn a_toleration_without_a_key_tolerates_everything() {
        let taint = Doc::from(json!({"key": "k", "value": "v", "effect": "NoSchedule"}));
        let says = |t: Value| tolerates(&json!({"tolerations": [t]}).into(), &taint);
        assert!(says(json!({"operator": "Exists"})));
        assert!(says(json!({"key": "k", "value": "v"})));
        assert!(!says(json!({"key": "k", "value": "other"})));
        assert!(!says(json!({"key": "k", "operator": "Exists", "effect": "NoExecute"})));
    }
}
