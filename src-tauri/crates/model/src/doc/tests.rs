#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use serde_json::{Value, json};

use super::*;

fn pod(name: &str, node: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "shop", "uid": format!("0f9b6c9e-0000-4000-8000-{name:>12}"),
            "labels": {"app.kubernetes.io/name": "checkout", "pod-template-hash": "6f7c9d5b8"}},
        "spec": {
            "containers": [{
                "name": "app", "image": "registry.example.test/shop/checkout:1.2.3",
                "env": [{"name": "CART", "value": "cart.shop.svc.cluster.local:7070"}, {"name": "LEVEL", "value": "info"}],
                "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}}}],
            "restartPolicy": "Always", "schedulerName": "default-scheduler", "nodeName": node, "priority": 0,
            "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst"},
        "status": {"phase": "Running", "podIP": "10.1.2.3", "ratio": 0.25, "largest": u64::MAX, "none": null}
    })
}

#[test]
fn a_document_reads_and_writes_as_the_value_it_was_made_of() {
    let value = pod("checkout-6f7c9d5b8-x7k2p", "n1");
    let doc = Doc::from(&value);
    assert_eq!(doc.to_value(), value);
    assert_eq!(doc, value);
    assert_eq!(serde_json::to_string(&doc).unwrap(), value.to_string());
    assert_eq!(serde_json::from_str::<Doc>(&value.to_string()).unwrap(), doc);
    assert_eq!(Pool::default().read(value.to_string().as_bytes()).unwrap(), doc, "whatever pool it went through");
    let mut canonical = Vec::new();
    doc.write_canonical(&mut canonical);
    assert_eq!(String::from_utf8(canonical).unwrap(), crate::canonical_json(&value));
}

#[test]
fn what_is_not_there_reads_as_null() {
    let doc = Doc::from(pod("a", "n1"));
    assert!(doc["status"]["conditions"][3]["type"].is_null());
    assert_eq!(doc["spec"]["containers"][0]["name"], "app");
    assert_eq!(doc.pointer("/spec/containers/0/env/1/value").and_then(Doc::as_str), Some("info"));
    assert_eq!(doc.pointer("/metadata/labels/app.kubernetes.io~1name").and_then(Doc::as_str), Some("checkout"));
    assert!(doc.pointer("/spec/containers/00").is_none() && doc.pointer("spec").is_none());
    assert_eq!(doc["status"]["largest"].as_u64(), Some(u64::MAX));
    assert_eq!(doc["status"]["ratio"].as_f64(), Some(0.25));
    assert_eq!(doc["spec"]["terminationGracePeriodSeconds"], 30);
}

#[test]
fn maps_are_equal_whatever_the_order_of_their_keys() {
    let pool = Pool::default();
    let one = pool.read(br#"{"a": 1, "b": [true, "more than fourteen bytes"]}"#).unwrap();
    let two = pool.read(br#"{"b": [true, "more than fourteen bytes"], "a": 1}"#).unwrap();
    assert_eq!(one, two);
    assert_ne!(one, pool.read(br#"{"a": 1, "b": [true]}"#).unwrap());
    assert_ne!(pool.read(b"1").unwrap(), pool.read(b"1.0").unwrap(), "as with serde_json");
}

#[test]
fn of_a_key_that_is_written_twice_the_last_value_counts() {
    let text = r#"{"a": 1, "b": 2, "a": 3, "c": 4, "a": 5}"#;
    assert_eq!(serde_json::from_str::<Doc>(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
}

#[test]
fn pods_of_a_template_share_all_but_what_is_their_own() {
    let pool = Pool::default();
    let [one, two] = ["n1", "n2"].map(|node| pool.doc(&pod(&format!("checkout-{node}"), node)));
    assert!(one["spec"]["containers"].is_same(&two["spec"]["containers"]));
    assert!(one["metadata"]["labels"].is_same(&two["metadata"]["labels"]));
    assert_eq!(two["spec"]["nodeName"], "n2");
    assert!(matches!(two["spec"].0, Node::Variant(_)), "a node's name is no reason to write the spec again");
    let again = pool.doc(&pod("checkout-n2", "n2"));
    assert!(again.is_same(&two), "the same object again is the same memory");
}

#[test]
fn a_node_is_sixteen_bytes() {
    assert_eq!(std::mem::size_of::<Doc>(), 16);
    assert_eq!(std::mem::size_of::<Text>(), 8);
}

#[test]
fn a_pool_forgets_what_nobody_holds_and_what_is_unique() {
    let pool = Pool::default();
    let kept: Vec<Doc> =
        (0..20_000).map(|n| pool.doc(&pod(&format!("checkout-{n}"), &format!("node-{}", n % 7)))).collect();
    let size = pool.size();
    assert!(size.nodes < 20_000, "unique maps pass through: {size:?}");
    assert!(size.texts < 2 * 20_000, "unique texts pass through: {size:?}");
    drop(kept);
    pool.clean();
    assert_eq!(pool.size(), PoolSize { texts: 0, shapes: 0, nodes: 0 });
}

#[test]
fn pods_that_come_and_go_leave_a_pool_as_large_as_it_was() {
    let pool = Pool::default();
    let state = |place: usize, life: usize, phase: &str| {
        let mut pod = pod(&format!("checkout-{place}-{life}"), &format!("node-{}", place % 7));
        pod["metadata"]["uid"] = format!("a long unique name of its own: {place} in its life {life}").into();
        pod["status"] =
            serde_json::json!({"phase": phase, "conditions": [{"type": "Ready", "of": pod["metadata"]["uid"]}]});
        pool.doc(&pod)
    };
    // Each state of a pod asks for its own texts once more.
    let born = |place: usize, life: usize| {
        state(place, life, "Pending");
        state(place, life, "Running")
    };
    let mut pods: Vec<Doc> = (0..4_000).map(|place| born(place, 0)).collect();
    let mut sizes = Vec::new();
    for life in 1..12 {
        for (place, held) in pods.iter_mut().enumerate() {
            *held = born(place, life);
        }
        let PoolSize { texts, shapes, nodes } = pool.size();
        sizes.push(texts + shapes + nodes);
    }
    // Each has a few texts and maps of its own; what those before had would be several times that.
    assert!(sizes.iter().all(|size| *size < 3 * pods.len()), "{sizes:?}");
}

#[test]
fn threads_read_into_one_pool() {
    let pool = Pool::default();
    let docs: Vec<Vec<Doc>> = std::thread::scope(|scope| {
        let read = |_| scope.spawn(|| (0..500).map(|n| pool.doc(&pod(&format!("p{n}"), "n1"))).collect::<Vec<_>>());
        (0..4).map(read).collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(docs.iter().all(|all| *all == docs[0]));
}

#[test]
fn deep_nesting_is_refused_and_not_a_crash() {
    let deep = "[".repeat(100_000);
    assert!(serde_json::from_str::<Doc>(&deep).is_err());
}
