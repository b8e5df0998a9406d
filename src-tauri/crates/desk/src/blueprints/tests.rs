use model::{Declared, Snapshot};
use playground::Scenario;

use super::*;

fn declared(from: &str, to: &str) -> Declared {
    Declared { from: from.into(), to: to.into(), why: "so it is said".into() }
}

/// A web that calls a cart, and a till that calls nobody.
fn seen() -> Graph {
    let script = "name: a\ntitle: a\nabout: a\nsetting: true\nnamespace: shop\nlength: 1m\ntruth: {healthy: true}\nobjects:\n\
                  - {workload: cart, port: 8080, service: 80}\n- {workload: rates, port: 8080, service: 80}\n\
                  - {workload: till, port: 8080}\n- {workload: web, port: 8080, env: {CART_URL: \"http://cart:80\"}}\n";
    let scenario = Scenario::load("a.yaml", script).unwrap();
    let cluster = ClusterId("c".into());
    let history = history::History::in_memory(cluster.clone()).unwrap();
    history.append(&scenario.observations(&cluster, scenario.start)).unwrap();
    let snapshot: Snapshot = history.snapshot(scenario.end(scenario.start)).unwrap();
    Graph::build(&View::inventory(std::sync::Arc::new(snapshot)), &[])
}

#[test]
fn drift_is_what_is_declared_and_not_seen_or_seen_and_not_declared() {
    let cluster = ClusterId("c".into());
    let of = |dependencies: Vec<Declared>| {
        let blueprint = Blueprint { name: "web".into(), dependencies, ..Blueprint::default() };
        drift(&seen(), &cluster, std::iter::once(&blueprint))
    };
    let (web, till, rates) = ("Deployment/shop/web", "Deployment/shop/till", "Deployment/shop/rates");
    assert_eq!(of(vec![declared(web, "Deployment/shop/cart")]), [], "through its Service it is the same");
    assert_eq!(of(vec![declared(web, "Service/shop/cart")]), []);
    let drift = of(vec![declared(web, rates), declared(till, rates), declared(till, "StatefulSet/shop/gone")]);
    let words: Vec<String> = drift.iter().map(Drift::in_words).collect();
    let all = words.join("\n");
    assert_eq!(drift.len(), 4, "{all}");
    assert!(all.contains(&format!("{till} is declared to need {rates} and nothing shows it")), "{all}");
    assert!(all.contains(&format!("{web} is declared to need {rates}")), "{all}");
    assert!(
        drift.iter().any(|d| matches!(d, Drift::Undeclared { from, to, .. } if from == web && to.contains("cart"))),
        "{all}"
    );
    assert!(all.contains("StatefulSet/shop/gone is not there"), "{all}");
    let elsewhere = Blueprint {
        scope: Some(Scope::Cluster { cluster: "other".into() }),
        dependencies: vec![declared(till, rates)],
        ..Blueprint::default()
    };
    assert_eq!(super::drift(&seen(), &cluster, std::iter::once(&elsewhere)), []);
}

#[tokio::test]
async fn versions_of_a_blueprint_are_told_apart_line_by_line() {
    let (desk, _folder) = crate::testing::desk_in_memory();
    let mut blueprint = Blueprint { name: "web".into(), owner: "team-a".into(), ..Blueprint::default() };
    desk.put_blueprint(&blueprint).unwrap();
    assert!(desk.blueprint_diff("web", None, None).unwrap().contains("+owner: team-a"), "the first came from nothing");
    blueprint.owner = "team-b".into();
    desk.put_blueprint(&blueprint).unwrap();
    let diff = desk.blueprint_diff("web", None, None).unwrap();
    assert!(diff.contains("-owner: team-a\n+owner: team-b"), "{diff}");
    assert_eq!(desk.blueprint_diff("web", Some(2), Some(1)).unwrap().matches("+owner: team-a").count(), 1);
    assert_eq!(desk.blueprint("web", Some(1)).unwrap().blueprint.owner, "team-a");
    assert_eq!(desk.blueprint_diff("web", Some(9), None).unwrap_err().code, "not_found");
}
