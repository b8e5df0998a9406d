#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use model::{Body, ChangeKind, ClusterId, EventBody, Observation, Snapshot, Source, Time};
use serde_json::json;

use super::*;

fn cluster() -> ClusterId {
    ClusterId("cluster:test".into())
}

fn version(kind: &str, name: &str, second: i64, change: ChangeKind) -> Observation {
    let body = Body::Object {
        api_version: "v1".into(),
        uid: format!("u-{name}").into(),
        resource_version: second.to_string().into(),
        change,
        object: json!({"metadata": {"name": name}, "spec": second}).into(),
    };
    let at = Time::from_seconds(second);
    Observation::new(cluster(), at, at, Source::Watch, Some(ObjectRef::new(kind, "shop", name)), body)
}

fn event(name: &str, second: i64) -> Observation {
    let at = Time::from_seconds(second);
    let body = Body::Event(EventBody {
        uid: format!("e-{name}-{second}").into(),
        event_type: "Normal".into(),
        reason: "Started".into(),
        message: "Container started".into(),
        count: 1,
        first_at: at,
        last_at: at,
        reporter: "kubelet".into(),
        subject_uid: None,
    });
    Observation::new(cluster(), at, at, Source::Watch, Some(ObjectRef::new("Pod", "shop", name)), body)
}

#[test]
fn a_rollout_that_never_ends_leaves_no_more_than_its_newest_part() {
    let mut fold = Fold::new(Snapshot::empty(cluster(), Time::MAX));
    let mut tell = |observation| fold.hear(observation).unwrap();
    tell(version("ConfigMap", "settings", 1, ChangeKind::Present));
    tell(version("ConfigMap", "settings", 2, ChangeKind::Deleted));
    tell(version("Deployment", "cart", 1, ChangeKind::Present));
    tell(version("Deployment", "cart", 3, ChangeKind::Present));
    let rounds = 3_000;
    for round in 0..rounds {
        let (name, second) = (format!("cart-{round:05}"), 10 * round);
        tell(version("Pod", &name, second, ChangeKind::Present));
        tell(event(&name, second + 1));
        tell(version("Pod", &name, second + 2, ChangeKind::Present));
        tell(event("unknown", second + 3));
        tell(event(&format!("unseen-{round}"), second + 3));
        if round > 0 {
            tell(version("Pod", &format!("cart-{:05}", round - 1), second + 4, ChangeKind::Deleted));
        }
    }
    let snapshot = fold.finish(Time::MAX);
    let pod = |round: i64| ObjectRef::new("Pod", "shop", format!("cart-{round:05}"));
    assert!(snapshot.objects.contains_key(&pod(rounds - 1)) && snapshot.objects.len() == 2);
    let most = MOST_DELETED + 2 * SLACK + MOST_DELETED / 4;
    assert!((MOST_DELETED..most).contains(&snapshot.deleted.len()), "{}", snapshot.deleted.len());
    assert!(snapshot.earlier.len() < most && snapshot.events.len() < 3 * most, "{}", snapshot.events.len());
    for newest in rounds - 200..rounds - 1 {
        assert!(snapshot.deleted.contains_key(&pod(newest)));
        assert_eq!(snapshot.earlier_of(&pod(newest)).len(), 2);
        assert_eq!(snapshot.events_of(&pod(newest)).len(), 1);
    }
    // What is rare is not pushed out by what is frequent.
    assert!(snapshot.deleted.contains_key(&ObjectRef::new("ConfigMap", "shop", "settings")));
    assert_eq!(snapshot.earlier_of(&ObjectRef::new("Deployment", "shop", "cart")).len(), 1);
}
