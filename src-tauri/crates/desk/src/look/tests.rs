#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use history::History;
use model::{Body, ChangeKind, Observation, Source};
use serde_json::json;

use super::*;

#[tokio::test]
async fn what_was_known_at_a_time_leaves_out_what_had_happened_and_was_learnt_later() {
    let (desk, _folder) = crate::testing::desk_in_memory();
    let id = ClusterId("cluster:demo".into());
    let history = Arc::new(History::in_memory(id.clone()).unwrap());
    let web = ObjectRef::new("Deployment", "shop", "web");
    let version = |at: i64, seen_at: i64, replicas: i64| {
        let object = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": replicas}});
        let body = Body::Object {
            api_version: "apps/v1".into(),
            uid: "web".into(),
            resource_version: replicas.to_string().into(),
            change: ChangeKind::Present,
            object: object.into(),
        };
        let (at, seen_at) = (Time::from_seconds(at), Time::from_seconds(seen_at));
        Observation::new(id.clone(), at, seen_at, Source::Watch, Some(web.clone()), body)
    };
    // Scaled to nothing at 2,000, and heard of at 3,000: nobody watched in between.
    history.append(&[version(1_000, 1_000, 3), version(2_000, 3_000, 0)]).unwrap();
    desk.add_recorded(id.clone(), "demo".into(), "demo".into(), Arc::clone(&history));

    let replicas = |moment: Moment| {
        let shown = desk.object(&id, &web, moment).unwrap();
        (shown.yaml.contains("replicas: 0"), shown.changed_at.len(), shown.at)
    };
    let then = Time::from_seconds(2_500);
    assert_eq!(replicas(Moment::Happened(then)), (true, 2, then));
    assert_eq!(replicas(Moment::Known(then)), (false, 1, then));
    let later = Time::from_seconds(3_000);
    assert_eq!(replicas(Moment::Known(later)), (true, 2, later));
    // Both looks at one time are kept apart.
    assert!(replicas(Moment::Happened(then)).0);
    assert_eq!(Moment::new(None, true), Moment::Now);
}
