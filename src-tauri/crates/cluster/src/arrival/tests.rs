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

fn of(kind: &Kind, object: &Value) -> Option<Incoming> {
    let redactor = Redactor::new([7; 32]);
    Decoder { kind, redactor: &redactor }.item(object.to_string().as_bytes()).ok()
}

/// What becomes of an object that arrives.
fn arrived(
    arrivals: &Arrivals,
    kind_name: &str,
    object: &Value,
    known: Option<&Known>,
    how: How,
    change: ChangeKind,
    now: &str,
) -> Option<(Known, Observation)> {
    let kind = kind(kind_name);
    arrivals.object(&kind, of(&kind, object)?, known, how, change, at(now))
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
    let (known, seen) = arrived(&arrivals(), "Pod", &pod(), None, How::Listed, ChangeKind::Present, NOW).unwrap();
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
        arrived(&arrivals, "Pod", &pod(), known, How::Listed, ChangeKind::Present, now)
    };
    let (known, first) = list(NOW, None).unwrap();
    assert!(list(NOW, Some(&known)).is_none());
    let (_, later) = list("2026-05-01T13:00:00Z", None).unwrap();
    assert_eq!(first.id, later.id);
}

#[test]
fn versions_of_one_object_follow_each_other_whatever_the_clocks_say() {
    let arrivals = arrivals();
    let ahead = Known { uid: "u1".into(), resource_version: "4".into(), at: at("2026-05-01T12:05:00Z"), listing: 0 };
    let (known, seen) =
        arrived(&arrivals, "Pod", &pod(), Some(&ahead), How::Changed, ChangeKind::Present, NOW).unwrap();
    assert!(seen.at > ahead.at && seen.seen_at >= seen.at);
    let (_, gone) = arrived(&arrivals, "Pod", &pod(), Some(&known), How::Changed, ChangeKind::Deleted, NOW).unwrap();
    assert!(gone.at > seen.at);
}

#[test]
fn a_change_that_was_missed_is_dated_by_the_clusters_record_of_it() {
    let mut pod = pod();
    pod["metadata"]["managedFields"] = json!([{"time": "2026-05-01T11:50:00Z"}]);
    let missed = arrived(&arrivals(), "Pod", &pod, None, How::Changed, ChangeKind::Present, NOW).unwrap().1;
    assert_eq!(missed.at, at("2026-05-01T11:50:00Z"));
    pod["metadata"]["managedFields"] = json!([{"time": "2026-05-01T11:59:59Z"}]);
    let fresh = arrived(&arrivals(), "Pod", &pod, None, How::Changed, ChangeKind::Present, NOW).unwrap().1;
    assert_eq!(fresh.at, at(NOW));
}

#[test]
fn endpoints_are_dated_by_their_last_change_or_by_when_they_were_seen() {
    let mut endpoints = json!({"metadata": {"name": "cart", "namespace": "shop", "uid": "e", "resourceVersion": "8",
        "creationTimestamp": "2025-01-01T00:00:00Z"}});
    let dated = |endpoints: &Value| {
        arrived(&arrivals(), "Endpoints", endpoints, None, How::Listed, ChangeKind::Present, NOW).unwrap().1.at
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
    let (_, seen) = arrived(&arrivals(), "Secret", &secret, None, How::Listed, ChangeKind::Present, NOW).unwrap();
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
    let (_, seen) = arrived(&arrivals(), "ConfigMap", &map, None, How::Listed, ChangeKind::Present, NOW).unwrap();
    let Body::Object { object, .. } = &seen.body else { panic!("an object") };
    assert!(object["keys"].get("url").is_some(), "{object}");
    assert!(!object.to_string().contains("cart:7070"), "{object}");
}

#[test]
fn two_versions_of_a_config_map_tell_which_value_changed_and_not_to_what() {
    let shape = |url: &str| {
        let map = json!({"metadata": {"name": "settings", "namespace": "shop"},
            "data": {"url": url, "same": "x"}, "binaryData": {"blob": "AAEC"}});
        of(&kind("ConfigMap"), &map).unwrap().object
    };
    let (before, after) = (shape("http://cart:7070"), shape("http://cart:7071"));
    assert_ne!(before["keys"]["url"], after["keys"]["url"]);
    assert_eq!(before["keys"]["url"]["bytes"], 16);
    assert_eq!(before["keys"]["same"], after["keys"]["same"]);
    assert_eq!(before["keys"]["blob"], after["keys"]["blob"]);
    assert!(before.get("data").is_none() && before.get("binaryData").is_none());
    let other = Redactor::new([8; 32]);
    let kind = kind("ConfigMap");
    let elsewhere = Decoder { kind: &kind, redactor: &other }
        .item(br#"{"metadata":{"name":"settings"},"data":{"same":"x"}}"#)
        .unwrap();
    assert_ne!(before["keys"]["same"], elsewhere.object["keys"]["same"], "the digest is keyed");
}

#[test]
fn what_is_not_kept_is_passed_over_while_it_is_read() {
    let pod = json!({"kind": "Odd", "metadata": {"name": "a", "selfLink": "/x", "managedFields": [
            {"time": "2026-05-01T11:00:00Z", "fieldsV1": {"f:a": {}}}, {"time": 7}, {"time": "2026-05-01T10:00:00Z"}],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}});
    let found = of(&kind("Pod"), &pod).unwrap();
    assert_eq!(found.object, json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}));
    assert_eq!(found.written_at, Some(at("2026-05-01T11:00:00Z")));
}

#[test]
fn an_annotation_of_five_megabytes_is_left_out_and_the_object_stays() {
    let pod = json!({"metadata": {"name": "a", "annotations": {"dump": "x".repeat(5 << 20), "team": "shop"}}});
    let found = of(&kind("Pod"), &pod).unwrap().object;
    assert_eq!(found["metadata"]["annotations"]["team"], "shop");
    assert_eq!(found["metadata"]["annotations"]["dump"], "[left out: 5242880 bytes]");
}

#[test]
fn a_line_of_a_watch_is_read_in_any_order_and_what_is_none_is_an_error() {
    let redactor = Redactor::new([7; 32]);
    let kind = kind("Pod");
    let line = |text: &str| Decoder { kind: &kind, redactor: &redactor }.line(text.as_bytes());
    let object = r#"{"metadata":{"name":"a","resourceVersion":"7"}}"#;
    let first = line(&format!(r#"{{"type":"ADDED","object":{object}}}"#)).unwrap();
    let last = line(&format!(r#"{{"object":{object},"type":"ADDED"}}"#)).unwrap();
    assert_eq!(first, last);
    assert!(matches!(first, Line::Added(incoming) if incoming.resource_version == "7"));
    let bookmark = r#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}}"#;
    assert_eq!(line(bookmark).unwrap(), Line::Bookmark { version: "9".into(), whole: true });
    for odd in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"type":"ADDED"}"#,
        r#"{"type":"ADDED","object":7}"#,
        r#"{"type":"NEW","object":{}}"#,
        r#"{"type":"BOOKMARK","object":{}}"#,
        r#"{"type":"MODIFIED","object":{"metadata":{}}}"#,
        "<html>",
    ] {
        assert!(line(odd).is_err(), "{odd}");
    }
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
    let (subject, event) = arrivals().event(&old, at(NOW)).unwrap();
    assert_eq!((event.last_at, event.first_at), (at("2026-05-01T11:40:00Z"), at("2026-05-01T11:00:00Z")));
    assert_eq!((event.count, event.reporter.as_str()), (7, "kubelet"));
    assert_eq!(event.subject_uid.as_deref(), Some("u1"));
    assert_eq!(subject, ObjectRef::new("Pod", "shop", "cart-1"));

    let new = json!({
        "metadata": {"uid": "e2"},
        "involvedObject": {"kind": "Node", "namespace": "default", "name": "n1"},
        "eventTime": "2026-05-01T11:00:00.250000Z", "reason": "NodeNotReady", "firstTimestamp": null,
        "series": {"count": 3, "lastObservedTime": "2026-05-01T11:10:00.5Z"}, "reportingComponent": "controller",
    });
    let (subject, event) = arrivals().event(&new, at(NOW)).unwrap();
    assert_eq!(subject, ObjectRef::global("Node", "n1"));
    assert_eq!((event.count, event.event_type.as_str()), (3, "Normal"));
    assert_eq!(event.last_at, at("2026-05-01T11:10:00.5Z"));
}

#[test]
fn odd_objects_do_no_harm() {
    for odd in [json!(null), json!(7), json!({}), json!({"metadata": {"name": 7}}), json!({"metadata": []})] {
        assert!(of(&kind("Pod"), &odd).is_none(), "{odd}");
        assert!(arrivals().event(&odd, at(NOW)).is_none(), "{odd}");
    }
}
