#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use std::sync::Arc;

use history::History;
use model::{ChangeKind, ClusterId, Source, Time};
use serde_json::json;

use super::*;

#[tokio::test]
async fn an_object_is_shown_with_all_its_versions_though_a_snapshot_holds_few() {
    let (desk, _folder) = crate::testing::desk_in_memory();
    let id = ClusterId("cluster:demo".into());
    let history = Arc::new(History::in_memory(id.clone()).unwrap());
    let web = ObjectRef::new("Deployment", "shop", "web");
    let version = |number: i64, replicas: i64| {
        let at = Time::from_seconds(1_000_000 + number * 60);
        let object = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": replicas}});
        let body = Body::Object {
            api_version: "apps/v1".into(),
            uid: "web".into(),
            resource_version: number.to_string().into(),
            change: ChangeKind::Present,
            object: object.into(),
        };
        Observation::new(id.clone(), at, at, Source::Watch, Some(web.clone()), body)
    };
    let all: Vec<Observation> = (0..50).map(|number| version(number, number)).collect();
    history.append(&all).unwrap();
    desk.add_recorded(id.clone(), "demo".into(), "demo".into(), Arc::clone(&history));

    let shown = desk.object(&id, &web, None).unwrap();
    assert_eq!(shown.changed_at, all.iter().map(|version| version.at).collect::<Vec<_>>());
    let diff = shown.last_change.unwrap();
    assert!(diff.contains("-  replicas: 48") && diff.contains("+  replicas: 49"), "{diff}");
    // As it was long ago, with the change that had been made then.
    let then = desk.object(&id, &web, Some(all[20].at)).unwrap();
    assert_eq!(then.changed_at.len(), 21);
    assert!(then.last_change.unwrap().contains("+  replicas: 20"));
    // On the timeline it is said what changed, not only that something did.
    let marks = desk.timeline(&id, std::slice::from_ref(&web)).unwrap().marks;
    assert_eq!(marks.last().unwrap().title, "Deployment web: replicas from 48 to 49");
}
