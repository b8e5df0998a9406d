use std::sync::Arc;

use history::History;
use model::{Body, ChangeKind, ClusterId, Observation, Source, Time};
use serde_json::json;

use super::*;

fn desk_with(objects: &[(&str, &str, &str)]) -> (Arc<Desk>, tempfile::TempDir) {
    let (desk, folder) = crate::testing::desk_in_memory();
    let id = ClusterId("cluster:night".into());
    let history = Arc::new(History::in_memory(id.clone()).unwrap());
    let at = Time::from_seconds(1_000_000);
    let observed: Vec<Observation> = objects
        .iter()
        .map(|(kind, namespace, name)| {
            let body = Body::Object {
                api_version: "v1".into(),
                uid: format!("{kind}/{name}").into(),
                resource_version: "1".into(),
                change: ChangeKind::Present,
                object: json!({"metadata": {"name": name, "namespace": namespace}}).into(),
            };
            Observation::new(id.clone(), at, at, Source::Watch, Some(ObjectRef::new(*kind, *namespace, *name)), body)
        })
        .collect();
    history.append(&observed).unwrap();
    desk.add_recorded(id, "night".into(), "night".into(), history);
    (desk, folder)
}

fn found(desk: &Desk, text: &str) -> Vec<String> {
    desk.search_objects(text, 20).unwrap().iter().map(|hit| hit.object.to_string()).collect()
}

#[tokio::test]
async fn an_object_is_found_by_letters_of_its_name_namespace_and_kind_the_best_first() {
    let (desk, _folder) = desk_with(&[
        ("Deployment", "shop", "cart"),
        ("Deployment", "shop", "cart-worker"),
        ("Pod", "shop", "old-cart-1"),
        ("Pod", "bank", "ledger-0"),
        ("Service", "shop", "cart"),
        ("Node", "", "cart-node"),
    ]);
    let all = found(&desk, "CART");
    assert_eq!(all.len(), 5, "{all:?}");
    assert!(all[0].ends_with("/cart") && all[1].ends_with("/cart"), "what is called so comes first: {all:?}");
    assert!(all[4].contains("old-cart-1"), "what only has it in the middle comes last: {all:?}");
    assert_eq!(found(&desk, "svc cart"), ["Service/shop/cart"]);
    assert_eq!(found(&desk, "pods bank"), ["Pod/bank/ledger-0"]);
    assert_eq!(found(&desk, "deployment/shop/cart"), ["Deployment/shop/cart", "Deployment/shop/cart-worker"]);
    assert_eq!(found(&desk, "night ledger"), ["Pod/bank/ledger-0"], "the cluster's name narrows");
    assert!(found(&desk, "night").is_empty(), "but the cluster's name alone finds no object");
    assert!(found(&desk, "nowhere").is_empty() && found(&desk, " / ").is_empty());
}

#[tokio::test]
async fn however_many_fit_only_so_many_are_told() {
    let names: Vec<String> = (0..300).map(|n| format!("worker-{n:03}")).collect();
    let objects: Vec<(&str, &str, &str)> = names.iter().map(|name| ("Pod", "shop", name.as_str())).collect();
    let (desk, _folder) = desk_with(&objects);
    assert_eq!(desk.search_objects("worker", 7).unwrap().len(), 7);
    assert_eq!(desk.search_objects("worker", 5_000).unwrap().len(), MOST);
    assert_eq!(desk.search_objects("worker", 7).unwrap()[0].object.name.as_str(), "worker-000");
}
