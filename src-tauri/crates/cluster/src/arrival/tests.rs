#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use super::*;

fn arrivals() -> Arrivals {
    Arrivals {
        cluster: ClusterId("cluster:test".into()),
        source: Source::Watch,
        redactor: Arc::new(Redactor::new([7; 32])),
    }
}

fn kind(name: &str) -> Kind {
    crate::kind::watched().into_iter().find(|kind| kind.kind == name).unwrap()
}

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

const NOW: &str = "2026-05-01T12:00:00Z";

fn pod() -> Value {
    json!({
        "metadata": {"name": "cart-1", "namespace": "shop", "uid": "u1", "resourceVersion": "5",
            "creationTimestamp": "2026-05-01T10:00:00Z", "managedFields": [{"manager": "kubelet"}]},
        "status": {
            "conditions": [{"type": "Ready", "lastTransitionTime": "2026-05-01T10:00:20Z"}],
            "containerStatuses": [{"lastState": {"terminated": {"finishedAt": "2026-05-01T11:30:00Z"}}}],
        },
    })
}

#[test]
fn a_listed_object_is_dated_by_the_last_thing_it_says_of_itself() {
    let (known, seen) =
        arrivals().object(&kind("Pod"), pod(), None, How::Listed, ChangeKind::Present, at(NOW)).unwrap();
    assert_eq!(seen.at, at("2026-05-01T11:30:00Z"));
    assert_eq!(seen.seen_at, at(NOW));
    assert_eq!(seen.subject, Some(ObjectRef::new("Pod", "shop", "cart-1")));
    assert_eq!(known.resource_version, "5");
    let Body::Object { object, api_version, .. } = &seen.body else { panic!("an object") };
    assert_eq!(api_version, "v1");
    assert_eq!(object["kind"], "Pod");
    assert!(object["metadata"].get("managedFields").is_none());
}

#[test]
fn the_same_version_again_is_no_news_and_a_list_gives_the_same_observation_twice() {
    let arrivals = arrivals();
    let list = |now: &str, known: Option<&Known>| {
        arrivals.object(&kind("Pod"), pod(), known, How::Listed, ChangeKind::Present, at(now))
    };
    let (known, first) = list(NOW, None).unwrap();
    assert!(list(NOW, Some(&known)).is_none());
    let (_, later) = list("2026-05-01T13:00:00Z", None).unwrap();
    assert_eq!(first.id, later.id);
}

#[test]
fn versions_of_one_object_follow_each_other_whatever_the_clocks_say() {
    let arrivals = arrivals();
    let ahead = Known { uid: "u1".into(), resource_version: "4".into(), at: at("2026-05-01T12:05:00Z") };
    let (known, seen) =
        arrivals.object(&kind("Pod"), pod(), Some(&ahead), How::Changed, ChangeKind::Present, at(NOW)).unwrap();
    assert!(seen.at > ahead.at && seen.seen_at >= seen.at);
    let (_, gone) =
        arrivals.object(&kind("Pod"), pod(), Some(&known), How::Changed, ChangeKind::Deleted, at(NOW)).unwrap();
    assert!(gone.at > seen.at);
}

#[test]
fn a_change_that_was_missed_is_dated_by_the_clusters_record_of_it() {
    let mut pod = pod();
    pod["metadata"]["managedFields"] = json!([{"time": "2026-05-01T11:50:00Z"}]);
    let missed =
        arrivals().object(&kind("Pod"), pod.clone(), None, How::Changed, ChangeKind::Present, at(NOW)).unwrap().1;
    assert_eq!(missed.at, at("2026-05-01T11:50:00Z"));
    pod["metadata"]["managedFields"] = json!([{"time": "2026-05-01T11:59:59Z"}]);
    let fresh = arrivals().object(&kind("Pod"), pod, None, How::Changed, ChangeKind::Present, at(NOW)).unwrap().1;
    assert_eq!(fresh.at, at(NOW));
}

#[test]
fn endpoints_are_dated_by_their_last_change_or_by_when_they_were_seen() {
    let mut endpoints = json!({"metadata": {"name": "cart", "namespace": "shop", "uid": "e", "resourceVersion": "8",
        "creationTimestamp": "2025-01-01T00:00:00Z"}});
    let dated = |endpoints: &Value| {
        let arrivals = arrivals();
        let kind = kind("Endpoints");
        arrivals.object(&kind, endpoints.clone(), None, How::Listed, ChangeKind::Present, at(NOW)).unwrap().1.at
    };
    assert_eq!(dated(&endpoints), at(NOW));
    endpoints["metadata"]["annotations"] =
        json!({"endpoints.kubernetes.io/last-change-trigger-time": "2026-05-01T11:20:00Z"});
    assert_eq!(dated(&endpoints), at("2026-05-01T11:20:00Z"));
}

#[test]
fn of_a_secret_only_its_metadata_stays_and_its_keys_are_unknown() {
    let secret = json!({
        "metadata": {"name": "db", "namespace": "shop", "uid": "u2", "resourceVersion": "6"},
        "type": "Opaque", "data": {"password": "aHVudGVyMg=="}, "stringData": {"other": "hunter2"},
    });
    let (_, seen) =
        arrivals().object(&kind("Secret"), secret, None, How::Listed, ChangeKind::Present, at(NOW)).unwrap();
    let text = serde_json::to_string(&seen).unwrap();
    assert!(!text.contains("aHVudGVyMg") && !text.contains("hunter2"), "{text}");
    let Body::Object { object, .. } = &seen.body else { panic!("an object") };
    assert!(object.get("keys").is_none(), "{object}");
    assert_eq!(object["type"], "Opaque");
}

#[test]
fn a_config_map_keeps_its_keys_and_no_value() {
    let map = json!({
        "metadata": {"name": "settings", "namespace": "shop", "uid": "u3", "resourceVersion": "7"},
        "data": {"url": "http://cart:7070"},
    });
    let (_, seen) =
        arrivals().object(&kind("ConfigMap"), map, None, How::Listed, ChangeKind::Present, at(NOW)).unwrap();
    let Body::Object { object, .. } = &seen.body else { panic!("an object") };
    assert!(object["keys"].get("url").is_some(), "{object}");
    assert!(!object.to_string().contains("cart:7070"), "{object}");
}

#[test]
fn an_event_is_dated_by_its_last_occurrence_in_either_form() {
    let old = json!({
        "metadata": {"uid": "e1", "creationTimestamp": "2026-05-01T10:00:00Z"},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "cart-1", "uid": "u1"},
        "type": "Warning", "reason": "BackOff", "message": "Back-off restarting", "count": 7,
        "firstTimestamp": "2026-05-01T11:00:00Z", "lastTimestamp": "2026-05-01T11:40:00Z",
        "source": {"component": "kubelet"},
    });
    let seen = arrivals().event(&old, at(NOW)).unwrap();
    let Body::Event(event) = &seen.body else { panic!("an event") };
    assert_eq!((seen.at, event.first_at), (at("2026-05-01T11:40:00Z"), at("2026-05-01T11:00:00Z")));
    assert_eq!((event.count, event.reporter.as_str()), (7, "kubelet"));
    assert_eq!(event.subject_uid.as_deref(), Some("u1"));
    assert_eq!(seen.subject, Some(ObjectRef::new("Pod", "shop", "cart-1")));

    let new = json!({
        "metadata": {"uid": "e2"},
        "involvedObject": {"kind": "Node", "namespace": "default", "name": "n1"},
        "eventTime": "2026-05-01T11:00:00.250000Z", "reason": "NodeNotReady", "firstTimestamp": null,
        "series": {"count": 3, "lastObservedTime": "2026-05-01T11:10:00.5Z"}, "reportingComponent": "controller",
    });
    let seen = arrivals().event(&new, at(NOW)).unwrap();
    let Body::Event(event) = &seen.body else { panic!("an event") };
    assert_eq!(seen.subject, Some(ObjectRef::global("Node", "n1")));
    assert_eq!((event.count, event.event_type.as_str()), (3, "Normal"));
    assert_eq!(seen.at, at("2026-05-01T11:10:00.5Z"));
}

#[test]
fn odd_objects_do_no_harm() {
    for odd in [json!(null), json!(7), json!({}), json!({"metadata": {"name": 7}}), json!({"metadata": []})] {
        let seen = arrivals().object(&kind("Pod"), odd.clone(), None, How::Listed, ChangeKind::Present, at(NOW));
        assert!(seen.is_none(), "{odd}");
        assert!(arrivals().event(&odd, at(NOW)).is_none(), "{odd}");
    }
}
