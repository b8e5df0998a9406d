//! Tools that work an answer out from what is recorded.

use std::sync::Arc;

use cluster::Reach;
use history::History;
use model::{
    Body, CaseFact, CaseId, ChangeKind, ClusterId, Conclusion, CoverageState, Fix, Hypothesis, IncidentId, ObjectRef,
    Observation, Risk, Source, Time, Written,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::stage::Stage;

fn at(seconds: i64) -> Time {
    Time::from_seconds(1_000_000 + seconds)
}

fn object(seconds: i64, kind: &str, namespace: &str, name: &str, mut body: Value) -> Observation {
    body["metadata"]["name"] = name.into();
    if !namespace.is_empty() {
        body["metadata"]["namespace"] = namespace.into();
    }
    let subject =
        if namespace.is_empty() { ObjectRef::global(kind, name) } else { ObjectRef::new(kind, namespace, name) };
    let body = Body::Object {
        api_version: "v1".into(),
        uid: subject.to_string().into(),
        resource_version: seconds.to_string().into(),
        change: ChangeKind::Present,
        object: body.into(),
    };
    Observation::new(cluster(), at(seconds), at(seconds), Source::Watch, Some(subject), body)
}

fn cluster() -> ClusterId {
    ClusterId("cluster:reasoned".into())
}

fn pod(namespace: &str, name: &str, app: &str, more: Value) -> Observation {
    let mut spec = json!({
        "nodeName": "worker-1",
        "containers": [{"name": "main", "image": "app:1", "ports": [{"containerPort": 8080, "name": "http"}]}],
    });
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    let status = json!({
        "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "main", "restartCount": 2, "ready": true, "state": {"running": {}}}],
    });
    object(0, "Pod", namespace, name, json!({"metadata": {"labels": {"app": app}}, "spec": spec, "status": status}))
}

fn stage(mut observations: Vec<Observation>) -> Stage {
    let history = Arc::new(History::in_memory(cluster()).unwrap());
    for kind in [
        "Pod",
        "Service",
        "EndpointSlice",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "PersistentVolume",
        "StorageClass",
        "VolumeAttachment",
        "CSINode",
    ] {
        let body = Body::Coverage { kind: kind.into(), namespace: String::new(), state: CoverageState::Listed };
        observations.push(Observation::new(cluster(), at(0), at(0), Source::Watch, None, body));
    }
    history.append(&observations).unwrap();
    Stage::on(Reach::Recorded(Arc::clone(&history)), history, at(100), false)
}

fn shop() -> Vec<Observation> {
    let service = |name: &str, spec: Value| object(0, "Service", "shop", name, json!({"spec": spec}));
    let slice = |service: &str, endpoints: Value| {
        let labels = json!({"kubernetes.io/service-name": service});
        object(
            0,
            "EndpointSlice",
            "shop",
            &format!("{service}-x"),
            json!({"metadata": {"labels": labels}, "endpoints": endpoints}),
        )
    };
    let port = json!([{"port": 80, "targetPort": 8080}]);
    vec![
        pod("shop", "web", "web", json!({})),
        pod("shop", "cart", "cart", json!({})),
        pod("bank", "ledger", "ledger", json!({})),
        service(
            "cart",
            json!({"type": "ClusterIP", "clusterIP": "10.0.0.7", "selector": {"app": "cart"}, "ports": port}),
        ),
        service("db", json!({"clusterIP": "None", "selector": {"app": "db"}})),
        service("mail", json!({"type": "ExternalName", "externalName": "smtp.example.com"})),
        slice("cart", json!([{"addresses": ["10.1.0.1"], "conditions": {"ready": false}}])),
        slice(
            "db",
            json!([
                {"addresses": ["10.1.0.2"], "hostname": "db-0", "conditions": {"ready": true}},
                {"addresses": ["10.1.0.3"], "hostname": "db-1", "conditions": {"ready": false}},
            ]),
        ),
        object(
            0,
            "NetworkPolicy",
            "shop",
            "cart-in",
            json!({"spec": {
                "podSelector": {"matchLabels": {"app": "cart"}}, "policyTypes": ["Ingress"],
                "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 8080}]}],
            }}),
        ),
    ]
}

#[tokio::test]
async fn whether_one_may_reach_another_is_judged_port_by_port_and_the_rule_is_named() {
    let stage = stage(shop());
    let asked = |from: &str, port: u16| json!({"from": from, "to": "Service/shop/cart", "port": port});
    let outcome = stage.run("may_reach", asked("Pod/shop/web", 80)).await.unwrap();
    let text = &outcome.result.text;
    assert!(text.starts_with("Yes") && text.contains("port 8080/TCP") && text.contains("rule 1 of"), "{text}");
    assert_eq!(outcome.observations.len(), 2, "it rests on the policy, and on the pod that none selects");

    let text = stage.text("may_reach", asked("Pod/bank/ledger", 80)).await;
    assert!(text.starts_with("No") && text.contains("NetworkPolicy/shop/cart-in"), "{text}");
    assert!(text.contains("rule 1 allows the port, but not the peer"), "{text}");
    let text = stage.text("may_reach", json!({"from": "Pod/shop/web", "to": "Pod/shop/cart", "port": 9090})).await;
    assert!(text.starts_with("No") && text.contains("not the port"), "{text}");
    let text = stage.text("may_reach", json!({"from": "Pod/shop/cart", "to": "Pod/bank/ledger"})).await;
    assert!(text.starts_with("Yes") && text.contains("no policy for ingress selects"), "{text}");
    let error = stage.run("may_reach", json!({"from": "Pod/shop/web", "to": "Service/shop/db"})).await.unwrap_err();
    assert!(error.why.contains("no pods are known"), "{error}");
}

#[tokio::test]
async fn a_name_resolves_as_cluster_dns_would_answer_from_where_it_is_asked() {
    let stage = stage(shop());
    let ask = |name: &'static str, from: &'static str| json!({"name": name, "from_namespace": from});
    let text = stage.text("dns_answer", ask("cart", "shop")).await;
    assert!(text.contains("10.0.0.7") && text.contains("no address is ready (1 are not)"), "{text}");
    for full in ["cart.shop", "cart.shop.svc", "CART.shop.svc.cluster.local."] {
        assert!(stage.text("dns_answer", ask(full, "bank")).await.contains("10.0.0.7"), "{full}");
    }
    let text = stage.text("dns_answer", ask("cart", "bank")).await;
    assert!(text.contains("no name of this cluster") && text.contains("there is no Service"), "{text}");
    let text = stage.text("dns_answer", ask("db", "shop")).await;
    assert!(text.contains("10.1.0.2") && !text.contains("10.1.0.3") && text.contains("headless"), "{text}");
    assert!(stage.text("dns_answer", ask("db-0.db", "shop")).await.contains("10.1.0.2"));
    let text = stage.text("dns_answer", ask("db-1.db", "shop")).await;
    assert!(text.contains("no ready address of that name") && text.contains("not ready"), "{text}");
    assert!(stage.text("dns_answer", ask("mail", "shop")).await.contains("`smtp.example.com` (CNAME)"));
    assert!(stage.text("dns_answer", ask("api.example.com", "shop")).await.contains("outside of the cluster"));
}

#[tokio::test]
async fn objects_are_listed_by_kind_labels_and_name_and_secrets_ask() {
    let stage = stage(shop());
    let text = stage.text("list", json!({"kind": "pod"})).await;
    assert!(text.starts_with("3 Pod objects") && text.contains("bank/ledger") && text.contains("2 restarts"), "{text}");
    let text = stage.text("list", json!({"kind": "Pod", "namespace": "shop", "selector": "app!=web"})).await;
    assert!(text.starts_with("1 Pod.") && text.contains("shop/cart"), "{text}");
    assert!(stage.text("list", json!({"kind": "Pod", "selector": "app=cart,!tier"})).await.contains("shop/cart"));
    let text = stage.text("list", json!({"kind": "Pod", "namespace": "nowhere"})).await;
    assert!(text.contains("the whole list of the kind is known"), "{text}");
    let error = stage.run("list", json!({"kind": "Certificate"})).await.unwrap_err();
    assert!(error.why.contains("not watched") && error.hint.contains("get_object"), "{error}");
    assert!(stage.toolbox.get("list").unwrap().check(&json!({"kind": "Pod", "selector": "a in (b)"})).is_err());
    assert_eq!(stage.risk("list", json!({"kind": "secret"})), Risk::ReadSensitive);
    assert_eq!(stage.risk("list", json!({"kind": "Pod"})), Risk::Read);
}

#[tokio::test]
async fn a_long_result_is_cut_in_the_middle_and_any_page_of_it_can_be_asked_for() {
    let pods = (0..400).map(|n| pod("shop", &format!("cart-{n:04}"), "cart", json!({}))).collect();
    let stage = stage(pods);
    let outcome = stage.run("list", json!({"kind": "Pod"})).await.unwrap();
    let text = &outcome.result.text;
    assert!(text.contains("cart-0000") && text.contains("cart-0399") && !text.contains("cart-0200"), "{text}");
    assert!(outcome.result.cut.as_ref().unwrap().contains("lines in the middle"), "{:?}", outcome.result.cut);
    let id = text.rsplit('`').nth(1).unwrap().to_owned();
    assert!(
        outcome.observations.iter().all(|kept| kept.id.to_string() != id),
        "the whole is not released with the part"
    );
    let page = stage.text("result_page", json!({"id": id, "from": 200, "lines": 10})).await;
    assert!(page.starts_with("Lines 200 to 209 of") && page.contains("cart-0200"), "{page}");
    let page = stage.text("result_page", json!({"id": id, "containing": "cart-0217"})).await;
    assert!(page.starts_with("Lines 1 to 1 of 1.") && page.contains("cart-0217"), "{page}");
    assert_eq!(stage.risk("result_page", json!({"id": id})), Risk::ReadSensitive, "nobody looked at it yet");
    let error = stage.run("result_page", json!({"id": "obs:nothing"})).await.unwrap_err();
    assert!(error.why.contains("no result"), "{error}");
}

fn replica_set(seconds: i64, number: i64, image: &str, replicas: i64) -> Observation {
    let owner = json!([{"kind": "Deployment", "name": "cart", "apiVersion": "apps/v1", "controller": true}]);
    let metadata = json!({
        "ownerReferences": owner, "annotations": {"deployment.kubernetes.io/revision": number.to_string()},
        "creationTimestamp": at(seconds).to_string(),
    });
    let labels = json!({"app": "cart", "pod-template-hash": format!("h{number}")});
    let template = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": image}]}});
    let spec = json!({"replicas": replicas, "template": template});
    let body = json!({"metadata": metadata, "spec": spec, "status": {"readyReplicas": 0}});
    object(seconds, "ReplicaSet", "shop", &format!("cart-{number}"), body)
}

#[tokio::test]
async fn revisions_are_listed_and_what_differs_between_two_is_told_field_by_field() {
    let deployment = object(0, "Deployment", "shop", "cart", json!({"spec": {"replicas": 2}}));
    let of = |seconds, image: &str| {
        let template = json!({"spec": {"containers": [{"name": "main", "image": image}]}});
        object(seconds, "StatefulSet", "shop", "db", json!({"spec": {"template": template}}))
    };
    let stage = stage(vec![
        deployment,
        replica_set(10, 1, "cart:1", 0),
        replica_set(20, 2, "cart:2", 0),
        replica_set(30, 4, "cart:3", 2),
        of(5, "db:1"),
        of(50, "db:2"),
    ]);
    let args = |more: Value| {
        let mut args = json!({"kind": "Deployment", "namespace": "shop", "name": "cart"});
        more.as_object().unwrap().iter().for_each(|(key, value)| args[key] = value.clone());
        args
    };
    let text = stage.text("rollout_history", args(json!({}))).await;
    assert!(text.starts_with("Deployment/shop/cart has 3 known revisions"), "{text}");
    assert!(
        text.contains("revision 4") && text.contains("(0 of 2 ready)") && text.contains("From revision 2 to 4"),
        "{text}"
    );
    assert!(text.contains("`cart:2` → `cart:3`") && !text.contains("pod-template-hash"), "{text}");
    let text = stage.text("rollout_history", args(json!({"from": 1, "to": 2}))).await;
    assert!(text.contains("`cart:1` → `cart:2`"), "{text}");
    let error = stage.run("rollout_history", args(json!({"to": 3}))).await.unwrap_err();
    assert!(error.hint.contains("1, 2, 4"), "{} {}", error, error.hint);
    let text = stage.text("rollout_history", args(json!({"kind": "StatefulSet", "name": "db"}))).await;
    assert!(text.contains("counted from what was seen") && text.contains("`db:1` → `db:2`"), "{text}");
}

#[tokio::test]
async fn a_claim_is_followed_to_the_nodes_driver_and_the_first_broken_link_is_named() {
    let mounts = |claim: &str| json!({"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]});
    let claim = |name: &str, volume: &str, phase: &str| {
        let spec = json!({"storageClassName": "fast", "volumeName": volume, "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "10Gi"}}});
        object(0, "PersistentVolumeClaim", "shop", name, json!({"spec": spec, "status": {"phase": phase}}))
    };
    let volume = |name: &str, claim: &str| {
        let spec = json!({"capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"], "csi": {"driver": "disk.csi"},
            "claimRef": {"namespace": "shop", "name": claim}});
        object(0, "PersistentVolume", "", name, json!({"spec": spec, "status": {"phase": "Bound"}}))
    };
    let attachment = |name: &str, volume: &str, node: &str, status: Value| {
        let spec = json!({"nodeName": node, "source": {"persistentVolumeName": volume}});
        object(0, "VolumeAttachment", "", name, json!({"spec": spec, "status": status}))
    };
    let driver = json!([{"name": "disk.csi", "nodeID": "1", "allocatable": {"count": 24}}]);
    let stage = stage(vec![
        pod("shop", "good", "good", mounts("good")),
        pod("shop", "far", "far", mounts("far")),
        pod("shop", "waits", "waits", mounts("waits")),
        pod("shop", "none", "none", json!({})),
        claim("good", "pv-good", "Bound"),
        claim("far", "pv-far", "Bound"),
        claim("waits", "", "Pending"),
        volume("pv-good", "good"),
        volume("pv-far", "far"),
        object(
            0,
            "StorageClass",
            "",
            "fast",
            json!({"provisioner": "disk.csi", "volumeBindingMode": "WaitForFirstConsumer"}),
        ),
        attachment("a", "pv-good", "worker-1", json!({"attached": true})),
        attachment("b", "pv-far", "worker-9", json!({"attached": true})),
        object(0, "CSINode", "", "worker-1", json!({"spec": {"drivers": driver}})),
    ]);
    let ask = |kind: &str, name: &str| json!({"kind": kind, "namespace": "shop", "name": name});
    let text = stage.text("volume_chain", ask("PersistentVolumeClaim", "good")).await;
    assert!(text.contains("holds, as far as it is known"), "{text}");
    for link in [
        "claim: Bound wants 10Gi",
        "class: fast by `disk.csi`, binds when",
        "attached to worker-1",
        "24 volumes at most",
        "pod: good Running",
    ] {
        assert!(text.contains(link), "{link}: {text}");
    }
    let text = stage.text("volume_chain", ask("Pod", "far")).await;
    assert!(text.contains("attached to worker-9, and its pods are on worker-1"), "{text}");
    let text = stage.text("volume_chain", ask("Pod", "waits")).await;
    assert!(text.contains("bound to no volume"), "{text}");
    assert!(stage.text("volume_chain", ask("Pod", "none")).await.contains("mounts no claim"));
    assert!(stage.run("volume_chain", ask("Pod", "nobody")).await.is_err());
}

#[tokio::test]
async fn the_way_between_two_objects_and_what_is_hit_are_told_with_reasons() {
    let stage = Stage::recorded();
    let ends = json!({"from": "Deployment/shop/web", "to": "StatefulSet/shop/db"});
    let text = stage.text("dependency_path", ends).await;
    assert!(text.contains("depends on") || text.contains("No way"), "{text}");
    let text =
        stage.text("dependency_path", json!({"from": "Deployment/shop/web", "to": "Deployment/shop/checkout"})).await;
    assert!(text.contains("Deployment/shop/web depends on Deployment/shop/checkout by"), "{text}");
    let error =
        stage.run("dependency_path", json!({"from": "Deployment/shop/no", "to": "Pod/shop/x"})).await.unwrap_err();
    assert!(error.what.contains("not in the dependency graph"), "{error}");
    let text = stage.text("blast_radius", json!({"kind": "Deployment", "namespace": "shop", "name": "checkout"})).await;
    assert!(text.starts_with("If Deployment/shop/checkout fails") && text.contains("Deployment/shop/web"), "{text}");
    let text = stage.text("blast_radius", json!({"kind": "Deployment", "namespace": "shop", "name": "web"})).await;
    assert!(text.contains("web"), "{text}");
}

#[tokio::test]
async fn trouble_is_followed_down_to_where_it_begins() {
    let stage = Stage::recorded();
    let ask = |name: &str| json!({"kind": "Deployment", "namespace": "shop", "name": name});
    let text = stage.text("first_broken_hop", ask("web")).await;
    assert!(
        text.starts_with("The first broken hop is Deployment/shop/checkout, 2 steps from Deployment/shop/web"),
        "{text}"
    );
    assert!(text.contains("Deployment/shop/web: well") && text.contains("names db-eu, and no Service"), "{text}");
    let text = stage.text("first_broken_hop", ask("checkout")).await;
    assert!(text.starts_with("Deployment/shop/checkout itself"), "{text}");
    assert!(stage.run("first_broken_hop", ask("nobody")).await.is_err());
}

const MECHANISM: &str = "its memory grew until the limit; token ghp_0123456789abcdefghijABCDEFGHIJ012345";

#[tokio::test]
async fn earlier_cases_that_are_alike_are_told_with_their_cause_fix_and_notes() {
    let stage = stage(shop());
    let case = |n: u128, title: &str, mode: &str, name: &str, mechanism: &str| {
        let id = CaseId(Uuid::from_u128(n));
        let by = || model::Author::Engineer { name: "you".into() };
        let written = |fact| Written { at: at(0), author: by(), fact };
        let hypothesis = Hypothesis {
            id: format!("{mode} @ {name}"),
            rank: 1,
            incident: IncidentId("i".into()),
            object: ObjectRef::new("Deployment", "shop", name),
            failure_mode: mode.into(),
            mechanism: mechanism.into(),
            probability: 0.9,
            evidence: Vec::new(),
            against: Vec::new(),
            fix: Some(Fix {
                id: "f".into(),
                text: "raise the limit".into(),
                conditions: Vec::new(),
                never: Vec::new(),
            }),
            open_checks: Vec::new(),
        };
        let conclusion = Conclusion {
            abstained: false,
            summary: String::new(),
            hypotheses: vec![hypothesis],
            not_checked: Vec::new(),
            argument: None,
        };
        let opened = CaseFact::Opened {
            title: title.into(),
            cluster: cluster(),
            cluster_name: "demo".into(),
            as_of: at(0),
            question: None,
            incidents: Vec::new(),
        };
        let noted = CaseFact::Noted { text: "it was the new cache".into() };
        let facts = [opened, noted, CaseFact::Concluded { conclusion }].map(written);
        stage.surroundings.desk.append(id, &facts).unwrap();
    };
    case(7, "cart is out of memory", "oom-limit", "cart", MECHANISM);
    case(8, "certificate of web expired", "certificate-expired", "web", "it ended last night");
    let text = stage.text("similar_cases", json!({"about": "cart oom-limit memory"})).await;
    assert!(text.starts_with("1 of 2 concluded cases is like this one"), "{text}");
    for part in ["cart is out of memory", "[oom-limit]", "raise the limit", "it was the new cache"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("ghp_0123456789") && !text.contains("certificate"), "{text}");
    let none = stage.text("similar_cases", json!({"about": "node pressure eviction"})).await;
    assert!(none.starts_with("None of 2"), "{none}");
}
