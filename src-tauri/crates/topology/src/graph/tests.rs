use model::Body;
use serde_json::json;

use super::*;
use crate::sketch::{Sketch, deployed, object};

fn shop() -> Sketch {
    let sketch = deployed(Sketch::new(), "web", "n1", json!([{"name": "CART", "value": "cart:80"}]));
    let sketch = deployed(sketch, "cart", "n2", json!([{"name": "DB_HOST", "value": "db.shop.svc.cluster.local"}]));
    deployed(sketch, "db", "n2", json!([])).with("Node/n1", json!({})).with("Node/n2", json!({}))
}

#[test]
fn a_pod_belongs_to_its_deployment_through_its_replica_set() {
    let graph = Graph::build(&shop().view(), &[]);
    assert_eq!(graph.workload_of(&object("Pod/shop/web-abc-1")), object("Deployment/shop/web"));
    assert_eq!(graph.workload_of(&object("ReplicaSet/shop/web-abc")), object("Deployment/shop/web"));
    assert_eq!(graph.pods_of(&object("Deployment/shop/web")), [object("Pod/shop/web-abc-1")]);
}

#[test]
fn a_deployment_that_is_not_in_the_bundle_is_known_by_the_hash_of_its_pods() {
    let sketch = Sketch::new().with(
        "Pod/shop/web-7f9-x",
        json!({
        "metadata": {"labels": {"pod-template-hash": "7f9"}, "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7f9", "controller": true}]}}),
    );
    let graph = Graph::build(&sketch.view(), &[]);
    assert_eq!(graph.workload_of(&object("Pod/shop/web-7f9-x")), object("Deployment/shop/web"));
}

#[test]
fn a_pod_that_nobody_controls_is_its_own_workload() {
    let graph = Graph::build(&Sketch::new().with("Pod/shop/lone", json!({})).view(), &[]);
    assert_eq!(graph.workload_of(&object("Pod/shop/lone")), object("Pod/shop/lone"));
}

#[test]
fn a_job_of_a_cron_job_is_the_cron_jobs_work() {
    let owner =
        |kind: &str, name: &str| json!([{"apiVersion": "batch/v1", "kind": kind, "name": name, "controller": true}]);
    let sketch = Sketch::new()
        .with("CronJob/shop/nightly", json!({}))
        .with("Job/shop/nightly-1", json!({"metadata": {"ownerReferences": owner("CronJob", "nightly")}}))
        .with("Pod/shop/nightly-1-x", json!({"metadata": {"ownerReferences": owner("Job", "nightly-1")}}));
    let graph = Graph::build(&sketch.view(), &[]);
    assert_eq!(graph.workload_of(&object("Pod/shop/nightly-1-x")), object("CronJob/shop/nightly"));
}

#[test]
fn a_pod_without_owner_reference_belongs_to_the_job_that_its_label_names() {
    for label in ["batch.kubernetes.io/job-name", "job-name"] {
        let sketch = Sketch::new()
            .with("Job/shop/import", json!({}))
            .with("Pod/shop/import-mdr44", json!({"metadata": {"labels": {label: "import"}}}));
        let graph = Graph::build(&sketch.view(), &[]);
        assert_eq!(graph.workload_of(&object("Pod/shop/import-mdr44")), object("Job/shop/import"), "{label}");
        assert_eq!(graph.pods_of(&object("Job/shop/import")), [object("Pod/shop/import-mdr44")], "{label}");
    }
}

#[test]
fn the_blast_radius_of_a_database_reaches_its_callers_callers_and_stops_there() {
    let graph = Graph::build(&shop().view(), &[]);
    let radius = graph.blast_radius(&[object("Deployment/shop/db")]);
    let names: Vec<String> = radius.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        ["Service/shop/db", "Deployment/shop/cart", "Service/shop/cart", "Deployment/shop/web", "Service/shop/web"]
    );
    assert_eq!(graph.blast_radius(&[object("Deployment/shop/web")]), [object("Service/shop/web")]);
}

#[test]
fn a_path_names_every_hop() {
    let graph = Graph::build(&shop().view(), &[]);
    let path = graph.path(&object("Deployment/shop/web"), &object("Node/n2")).expect("web calls cart, cart runs on n2");
    let hops: Vec<Relation> = path.iter().map(|e| e.relation).collect();
    assert_eq!(hops, [Relation::Calls, Relation::Selects, Relation::RunsOn]);
    assert!(graph.path(&object("Node/n2"), &object("Deployment/shop/web")).is_none());
}

#[test]
fn recorded_dependencies_become_edges_only_once_they_are_released() {
    let calls = Body::Dependencies { calls: vec![("db".into(), "web".into()), ("db".into(), "unheard-of".into())] };
    let without = Graph::build(&shop().view(), &[]);
    let with = Graph::build(&shop().released(calls).view(), &[]);
    let count = |graph: &Graph| {
        let edges = graph.dependencies(&object("Deployment/shop/db"));
        edges.iter().filter(|e| e.relation == Relation::Calls).count()
    };
    assert_eq!((count(&without), count(&with)), (0, 1));
}

#[test]
fn a_blueprints_dependency_is_a_declared_edge() {
    let declared = [(object("Deployment/shop/db"), object("Deployment/shop/web"), "audit trail".to_owned())];
    let graph = Graph::build(&shop().view(), &declared);
    assert_eq!(graph.path(&object("Deployment/shop/db"), &object("Deployment/shop/web")).map(|p| p.len()), Some(1));
}

#[test]
fn a_layout_is_the_same_whatever_the_order_of_its_seeds_and_folds_pods() {
    let graph = Graph::build(&shop().view(), &[]);
    let one = graph.layout(&[object("Pod/shop/web-abc-1"), object("Deployment/shop/db")], 2, 300);
    let two = graph.layout(&[object("Deployment/shop/db"), object("Deployment/shop/web")], 2, 300);
    assert_eq!(one, two);
    assert!(one.nodes.iter().all(|n| n.object.kind != "Pod" && n.object.kind != "ReplicaSet"));
    let layer = |name: &str| one.nodes.iter().find(|n| n.object == object(name)).map(|n| n.layer);
    assert!(layer("Deployment/shop/web") < layer("Deployment/shop/cart"), "layers grow along dependencies");
    let places: BTreeSet<(i64, i64)> = one.nodes.iter().map(|n| (n.x as i64, n.y as i64)).collect();
    assert_eq!(places.len(), one.nodes.len(), "no two boxes on one place");
}

#[test]
fn a_neighbourhood_says_how_much_it_leaves_out() {
    let graph = Graph::build(&shop().view(), &[]);
    let layout = graph.layout(&[object("Deployment/shop/cart")], 3, 2);
    assert_eq!(layout.nodes.len(), 2);
    assert!(layout.hidden > 0);
}

#[test]
fn a_circle_of_calls_and_an_empty_cluster_are_laid_out_too() {
    let sketch = deployed(Sketch::new(), "a", "n", json!([{"name": "B_HOST", "value": "b"}]));
    let sketch =
        deployed(sketch, "b", "n", json!([{"name": "A_HOST", "value": "a"}, {"name": "B_HOST", "value": "b"}]));
    let graph = Graph::build(&sketch.view(), &[]);
    assert!(graph.layout(&[object("Deployment/shop/a")], 4, 300).nodes.len() >= 4);
    let empty = Graph::build(&Sketch::new().view(), &[]);
    assert_eq!(empty.layout(&[object("Deployment/shop/gone")], 2, 10).nodes.len(), 1);
}
