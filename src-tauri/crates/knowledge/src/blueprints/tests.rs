#![expect(clippy::unwrap_used, reason = "a failing test may panic")]

use model::{
    Blueprint, BlueprintVersion, Certainty, ClusterId, CoverageState, Declared, Fact, Fix, Held, Invariant, ObjectRef,
    ObservationId, OddsShift, Scope, Snapshot, Time,
};
use serde_json::{Value, json};

use crate::{Blueprints, check_blueprint, read_blueprint, read_catalogue, write_blueprint, write_catalogue};

fn full() -> Blueprint {
    let fix = |id: &str| Fix {
        id: id.into(),
        text: "As ever.".into(),
        conditions: vec!["it is night".into()],
        never: vec![],
    };
    Blueprint {
        name: "ledger".into(),
        scope: Some(Scope::Workload { namespace: "shop".into(), kind: "StatefulSet".into(), name: "ledger".into() }),
        owner: "team-books".into(),
        summary: "Who owes whom: \"double entry\"".into(),
        dependencies: vec![Declared {
            from: "StatefulSet/shop/ledger".into(),
            to: "Deployment/shop/rates".into(),
            why: "exchange rates".into(),
        }],
        invariants: vec![Invariant {
            name: "zones".into(),
            holds: "replicas >= 3 && size(zones) >= 2".into(),
            says: "three replicas in two zones".into(),
        }],
        odds: vec![OddsShift {
            failure_mode: "memory-leak".into(),
            when: String::new(),
            ratio: 2.5,
            because: "it does".into(),
        }],
        preferred_fixes: vec![fix("roll-back")],
        forbidden_fixes: vec![("restart".into(), "a restart takes an hour".into())],
        notes: "# At night\n\nAsk first.".into(),
    }
}

fn held(body: Value) -> Held {
    Held {
        observation: ObservationId::from("obs:1"),
        at: Time::from_seconds(50),
        seen_at: Time::from_seconds(50),
        uid: "u".into(),
        api_version: "v1".into(),
        object: body.into(),
    }
}

/// `zones` of the nodes that the pods run on; pods are listed where `listed`.
fn snapshot(zones: &[Option<&str>], listed: bool) -> Snapshot {
    let mut snapshot = Snapshot::empty(ClusterId("c".into()), Time::from_seconds(100));
    let mut put = |object: ObjectRef, body: Value| drop(snapshot.objects.insert(object, held(body)));
    let container = json!({"name": "app", "resources": {"limits": {"memory": "256Mi"}}});
    put(
        ObjectRef::new("Deployment", "shop", "ledger"),
        json!({"spec": {"replicas": zones.len(), "template": {"spec": {"containers": [container]}}}}),
    );
    for (nth, zone) in zones.iter().enumerate() {
        let labels = zone.map_or_else(|| json!({}), |zone| json!({"topology.kubernetes.io/zone": zone}));
        put(ObjectRef::global("Node", format!("node-{nth}").as_str()), json!({"metadata": {"labels": labels}}));
        put(
            ObjectRef::new("Pod", "shop", format!("ledger-{nth}").as_str()),
            json!({"spec": {"nodeName": format!("node-{nth}")},
                   "status": {"conditions": [{"type": "Ready", "status": "True"}]}}),
        );
    }
    if listed {
        let (kind, namespace) = ("Pod".into(), "".into());
        let observation = ObservationId::from("obs:2");
        snapshot.coverage.push(model::Coverage { kind, namespace, state: CoverageState::Listed, observation });
    }
    snapshot
}

fn broken(scope: Scope, holds: &str, snapshot: &Snapshot) -> Vec<Fact> {
    let invariants = vec![Invariant { name: "it".into(), holds: holds.into(), says: "as it should be".into() }];
    let blueprint = Blueprint { name: "b".into(), scope: Some(scope), invariants, ..Blueprint::default() };
    let version = BlueprintVersion { version: 4, at: Time(0), author: "a".into(), blueprint };
    let blueprints = Blueprints::new([version]);
    assert_eq!(blueprints.issues, []);
    let pods = |_: &ObjectRef| snapshot.objects.keys().filter(|o| o.kind == "Pod").cloned().collect();
    blueprints.broken(&snapshot.cluster, snapshot, pods, &[])
}

fn shop() -> Scope {
    Scope::Namespace { namespace: "shop".into() }
}

#[test]
fn an_invariant_that_does_not_hold_is_a_fact_that_says_what_is_there_instead() {
    let zones = "replicas >= 3 && size(zones) >= 2";
    assert_eq!(broken(shop(), zones, &snapshot(&[Some("a"), Some("a"), Some("b")], true)), []);
    let facts = broken(shop(), zones, &snapshot(&[Some("a"), Some("a"), Some("a")], true));
    assert_eq!(facts.len(), 1, "one workload, not its pods: {facts:#?}");
    assert_eq!((facts[0].name.as_str(), &facts[0].certainty), ("invariant_broken", &Certainty::Known));
    assert_eq!(facts[0].subject.to_string(), "Deployment/shop/ledger");
    assert_eq!((&facts[0].args["blueprint"], &facts[0].args["version"]), (&json!("b"), &json!(4)));
    assert!(facts[0].says.contains("as it should be") && facts[0].says.contains("zones: a"), "{}", facts[0].says);
    assert!(!facts[0].evidence.is_empty());
    let elsewhere = Scope::Namespace { namespace: "bank".into() };
    assert_eq!(broken(elsewhere, "false", &snapshot(&[Some("a")], true)), []);
}

#[test]
fn what_an_invariant_cannot_see_leaves_it_unknown_and_never_broken() {
    let unknown = |holds: &str, snapshot: &Snapshot| {
        let facts = broken(shop(), holds, snapshot);
        assert_eq!(facts.len(), 1, "{holds}");
        assert!(matches!(facts[0].certainty, Certainty::Unknown { .. }), "{holds}: {facts:#?}");
    };
    unknown("size(zones) >= 2", &snapshot(&[Some("a"), None], true));
    unknown("ready >= 1", &snapshot(&[Some("a")], false));
    unknown("annotations['team'] == 'books'", &snapshot(&[Some("a")], true));
    unknown("replicas", &snapshot(&[Some("a")], true));
}

#[test]
fn amounts_are_numbers_and_one_workload_may_be_meant() {
    let now = snapshot(&[Some("a")], true);
    assert_eq!(broken(shop(), "containers.all(c, c.memory_limit == 268435456 && c.cpu_limit == -1)", &now), []);
    let scope = Scope::Workload { namespace: "shop".into(), kind: "Pod".into(), name: "ledger-0".into() };
    assert_eq!(broken(scope, "object.kind == 'Deployment'", &now).len(), 1);
}

#[test]
fn an_invariant_that_does_not_compile_is_refused_with_its_line() {
    let text = "name: b\ninvariants:\n  - {name: a, holds: \"replicas >= 1\", says: one}\n  - {name: z, holds: \"replica >= 1\", says: one}\n";
    let issue = read_blueprint(text).unwrap_err();
    assert_eq!(issue.line, 4, "{issue}");
    assert!(issue.what.contains("`replica`") && issue.hint.contains("`replicas`"), "{issue}");
    let mut blueprint = full();
    blueprint.invariants[0].holds.clear();
    assert!(check_blueprint(&blueprint).is_err());
}

#[test]
fn a_blueprint_that_is_written_is_read_as_the_same() {
    for markdown in [false, true] {
        let text = write_blueprint(&full(), markdown);
        assert_eq!(read_blueprint(&text).unwrap(), full(), "{text}");
    }
    let small = Blueprint { name: "small".into(), ..Blueprint::default() };
    assert_eq!(write_blueprint(&small, false), "name: small\n");
}

#[test]
fn a_catalogue_that_is_exported_gives_the_same_blueprints_and_what_was_edited_there_wins() {
    let rates = Blueprint {
        name: "rates".into(),
        scope: Some(Scope::Workload { namespace: "shop".into(), kind: "Deployment".into(), name: "rates".into() }),
        ..full()
    };
    let shop = Blueprint { name: "shop".into(), scope: Some(shop()), dependencies: Vec::new(), ..full() };
    let all = vec![full(), rates, shop];
    let text = write_catalogue(&all);
    let read = read_catalogue("catalog-info.yaml", &text);
    assert_eq!((read.blueprints, read.issues), (all, vec![]), "{text}");
    assert!(text.contains("component:rates"), "what the file declares too is named as Backstage names it: {text}");
    let edited = text.replacen("owner: team-books", "owner: group:default/team-ledger", 1);
    assert_eq!(read_catalogue("c", &edited).blueprints[0].owner, "team-ledger");
}

#[test]
fn a_catalogue_of_a_team_gives_workloads_and_what_they_need() {
    let text = "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: cart
  description: What people want to buy
  annotations: {backstage.io/kubernetes-id: cart-api, backstage.io/kubernetes-namespace: shop}
  links: [{url: https://wiki.internal/cart, title: Runbook}]
spec: {type: service, lifecycle: production, owner: group:default/team-cart, system: shop, dependsOn: [resource:orders-db, resource:photos], consumesApis: [prices, weather]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: pricing, namespace: shop}
spec: {type: service, lifecycle: production, owner: team-price, providesApis: [default/prices]}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: orders-db, annotations: {backstage.io/kubernetes-namespace: data}}
spec: {type: database, owner: team-cart}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: photos}
spec: {type: s3-bucket, owner: team-cart}
---
kind: [broken
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: shop, annotations: {backstage.io/kubernetes-namespace: shop}}
spec: {owner: team-cart}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: prices}
spec: {type: openapi, lifecycle: production, owner: team-price, definition: none}
";
    let catalogue = read_catalogue("catalog-info.yaml", text);
    let names: Vec<&str> = catalogue.blueprints.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(names, ["cart", "pricing", "orders-db", "shop"]);
    let cart = &catalogue.blueprints[0];
    assert_eq!((cart.owner.as_str(), cart.summary.as_str()), ("team-cart", "What people want to buy"));
    assert!(cart.notes.contains("Runbook: https://wiki.internal/cart"), "{}", cart.notes);
    let needs: Vec<&str> = cart.dependencies.iter().map(|d| d.to.as_str()).collect();
    assert_eq!(needs, ["StatefulSet/data/orders-db", "Deployment/shop/pricing"]);
    assert!(cart.dependencies.iter().all(|d| d.from == "Deployment/shop/cart-api" && !d.why.is_empty()));
    assert_eq!(catalogue.blueprints[3].scope, Some(shop()));
    let issues: Vec<(u32, bool)> =
        catalogue.issues.iter().map(|i| (i.line, i.what.contains("cannot be read"))).collect();
    assert_eq!(
        issues,
        [(25, true), (1, false), (1, false)],
        "the bucket and the weather are outside: {:#?}",
        catalogue.issues
    );
    assert!(catalogue.issues.iter().all(|issue| !issue.hint.is_empty() && issue.path == "catalog-info.yaml"));
}
