#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use std::sync::Arc;
use std::time::Duration;

use model::{
    Body, ChangeKind, ClusterId, CoverageState, EventBody, LogBody, MetricBody, MetricPoint, ObjectRef, Observation,
    Source, Time,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{History, Query};

fn cluster() -> ClusterId {
    ClusterId("cluster:demo".into())
}

pub(crate) fn history() -> History {
    History::in_memory(cluster()).unwrap()
}

pub(crate) fn cart() -> ObjectRef {
    ObjectRef::new("Deployment", "shop", "cart")
}

fn observed(at: i64, seen_at: i64, subject: Option<ObjectRef>, body: Body) -> Observation {
    let (at, seen_at) = (Time::from_seconds(at), Time::from_seconds(seen_at));
    Observation::new(cluster(), at, seen_at, Source::Watch, subject, body)
}

fn version(at: i64, uid: &str, change: ChangeKind, object: Value) -> Observation {
    let body = Body::Object {
        api_version: "apps/v1".into(),
        uid: uid.into(),
        resource_version: at.to_string().into(),
        change,
        object: object.into(),
    };
    observed(at, at, Some(cart()), body)
}

fn present(at: i64, uid: &str, object: Value) -> Observation {
    version(at, uid, ChangeKind::Present, object)
}

fn event(at: i64, uid: &str, message: &str, count: u32) -> Observation {
    let body = EventBody {
        uid: uid.into(),
        event_type: "Warning".into(),
        reason: "BackOff".into(),
        message: message.into(),
        count,
        first_at: Time::from_seconds(1),
        last_at: Time::from_seconds(at),
        reporter: "kubelet".into(),
        subject_uid: None,
    };
    observed(at, at, Some(cart()), Body::Event(body))
}

fn log(at: i64, text: &str) -> Observation {
    let body = LogBody { container: "app".into(), previous: false, text: text.into(), ..LogBody::default() };
    observed(at, at, Some(ObjectRef::new("Pod", "shop", "cart-0")), Body::Log(body))
}

pub(crate) fn at(seconds: i64) -> Time {
    Time::from_seconds(seconds)
}

#[test]
fn an_observation_appended_twice_is_there_once() {
    let history = history();
    let first = present(10, "a", json!({"spec": {"replicas": 1}}));
    assert_eq!(history.append(&[first.clone(), first.clone()]).unwrap(), 1);
    assert_eq!(history.append(std::slice::from_ref(&first)).unwrap(), 0);
    assert_eq!(history.len().unwrap(), 1);
    assert_eq!(history.get(&first.id).unwrap(), Some(first));
}

#[test]
fn what_was_appended_comes_back_the_same_whether_long_or_short() {
    let history = history();
    let long = log(20, &"connection refused to 10.0.0.7:5432\n".repeat(5000));
    let short = log(21, "ok");
    let odd = log(22, "");
    history.append(&[long.clone(), short.clone(), odd.clone()]).unwrap();
    assert_eq!(history.window(at(0), at(100)).unwrap(), [long, short, odd]);
}

#[test]
fn an_observation_of_another_cluster_is_refused_with_its_batch() {
    let history = history();
    let mut foreign = log(1, "foreign");
    foreign.cluster = ClusterId("cluster:other".into());
    let error = history.append(&[log(2, "ours"), foreign]).unwrap_err();
    assert!(error.to_string().contains("cluster:other"), "{error}");
    assert_eq!(history.len().unwrap(), 0);
}

#[test]
fn a_metric_that_could_not_be_read_back_is_not_written() {
    let history = history();
    let points = vec![MetricPoint { at: at(1), value: f64::NAN }];
    let body = MetricBody { name: "up".into(), unit: String::new(), labels: Default::default(), points };
    let error = history.append(&[observed(1, 1, None, Body::Metric(body))]).unwrap_err();
    assert!(error.to_string().contains("not a number"), "{error}");
}

#[test]
fn a_snapshot_shows_the_version_of_its_time_and_keeps_the_earlier_ones() {
    let history = history();
    let versions = [1, 2, 3].map(|n| present(n * 10, "a", json!({"spec": {"replicas": n}})));
    history.append(&versions).unwrap();

    assert!(history.snapshot(at(9)).unwrap().objects.is_empty());
    let then = history.snapshot(at(25)).unwrap();
    assert_eq!(then.objects[&cart()].object["spec"]["replicas"], 2);
    assert_eq!(then.objects[&cart()].at, at(20));
    let earlier: Vec<_> = then.earlier[&cart()].iter().map(|held| held.object["spec"]["replicas"].clone()).collect();
    assert_eq!(earlier, [json!(1)]);
}

#[test]
fn an_unchanged_version_listed_again_keeps_its_first_time() {
    let history = history();
    let object = json!({"spec": {"replicas": 1}});
    history.append(&[present(10, "a", object.clone()), present(20, "a", object)]).unwrap();
    let snapshot = history.snapshot(at(30)).unwrap();
    assert_eq!(snapshot.objects[&cart()].at, at(10));
    assert!(snapshot.earlier.is_empty());
}

#[test]
fn a_deleted_object_is_shown_as_deleted_with_its_last_version() {
    let history = history();
    history.append(&[present(10, "a", json!({"spec": 1})), version(20, "a", ChangeKind::Deleted, json!({}))]).unwrap();
    assert!(history.snapshot(at(15)).unwrap().deleted.is_empty());
    let after = history.snapshot(at(20)).unwrap();
    assert!(after.objects.is_empty());
    assert_eq!(after.deleted[&cart()].at, at(20));
    assert_eq!(after.deleted[&cart()].object["spec"], 1);
}

#[test]
fn two_objects_of_one_name_are_told_apart_by_uid() {
    let history = history();
    history
        .append(&[
            present(10, "old", json!({"spec": 1})),
            present(20, "new", json!({"spec": 2})),
            // The news of the old one's end comes late and must not take the new one away.
            version(21, "old", ChangeKind::Deleted, json!({"spec": 1})),
        ])
        .unwrap();
    let snapshot = history.snapshot(at(30)).unwrap();
    assert_eq!(&*snapshot.objects[&cart()].uid, "new");
    assert!(snapshot.deleted.is_empty());
    let uids: Vec<_> = snapshot.earlier[&cart()].iter().map(|held| held.uid.to_string()).collect();
    assert_eq!(uids, ["old"]);
}

#[test]
fn an_object_made_again_after_its_deletion_is_no_longer_deleted() {
    let history = history();
    history
        .append(&[
            present(10, "old", json!({"spec": 1})),
            version(15, "old", ChangeKind::Deleted, json!({})),
            present(20, "new", json!({"spec": 2})),
        ])
        .unwrap();
    let snapshot = history.snapshot(at(30)).unwrap();
    assert!(snapshot.deleted.is_empty());
    assert_eq!(&*snapshot.objects[&cart()].uid, "new");
    assert_eq!(snapshot.earlier[&cart()].len(), 2);
}

#[test]
fn what_we_knew_then_leaves_out_what_we_learnt_later() {
    let history = history();
    let body = |replicas: i32| Body::Object {
        api_version: "apps/v1".into(),
        uid: "a".into(),
        resource_version: replicas.to_string().into(),
        change: ChangeKind::Present,
        object: json!({"replicas": replicas}).into(),
    };
    history.append(&[observed(10, 10, Some(cart()), body(1)), observed(20, 50, Some(cart()), body(2))]).unwrap();
    assert_eq!(history.snapshot(at(30)).unwrap().objects[&cart()].object["replicas"], 2);
    assert_eq!(history.snapshot_as_known(at(30)).unwrap().objects[&cart()].object["replicas"], 1);
    assert_eq!(history.snapshot_as_known(at(50)).unwrap().objects[&cart()].object["replicas"], 2);
}

#[test]
fn the_newest_version_of_an_event_wins_and_namesakes_stay_apart() {
    let history = history();
    history
        .append(&[
            event(10, "e1", "back-off", 1),
            event(30, "e1", "back-off", 5),
            event(20, "e2", "back-off", 1),
            event(40, "", "no uid", 1),
            event(41, "", "no uid", 2),
        ])
        .unwrap();
    let snapshot = history.snapshot(at(100)).unwrap();
    let told: Vec<_> = snapshot.events_of(&cart()).iter().map(|s| (s.event.uid.as_str(), s.event.count)).collect();
    assert_eq!(told, [("e2", 1), ("e1", 5), ("", 2)]);
    assert_eq!(history.snapshot(at(15)).unwrap().events_of(&cart())[0].event.count, 1);
}

#[test]
fn coverage_is_the_last_word_and_gaps_stay() {
    let history = history();
    let coverage = |when: i64, state: CoverageState| {
        let (kind, namespace) = ("Pod".into(), "shop".into());
        observed(when, when, None, Body::Coverage { kind, namespace, state })
    };
    let gap = Body::Gap { until: at(16), dropped: 7, reason: "the disk was full".into() };
    history
        .append(&[
            coverage(10, CoverageState::Refused),
            coverage(20, CoverageState::Listed),
            observed(15, 15, None, gap),
        ])
        .unwrap();
    let then = history.snapshot(at(12)).unwrap();
    assert!(!then.absence_is_known("Pod", "shop"));
    assert!(then.gaps.is_empty());
    let later = history.snapshot(at(30)).unwrap();
    assert!(later.absence_is_known("Pod", "shop"));
    assert_eq!(later.coverage.len(), 1);
    assert_eq!((later.gaps[0].from, later.gaps[0].until, later.gaps[0].dropped), (at(15), at(16), 7));
}

#[test]
fn find_restricts_by_type_subject_namespace_and_time_and_keeps_the_newest() {
    let history = history();
    let all = [log(10, "one"), log(20, "two"), log(30, "three"), event(25, "e", "m", 1)];
    history.append(&all).unwrap();
    let found = |query: &Query| history.find(query).unwrap().into_iter().map(|o| o.at).collect::<Vec<_>>();

    assert_eq!(found(&Query { types: vec!["log"], ..Query::default() }), [at(10), at(20), at(30)]);
    assert_eq!(found(&Query { types: vec!["log"], limit: Some(2), ..Query::default() }), [at(20), at(30)]);
    assert_eq!(found(&Query { subject: Some(cart()), ..Query::default() }), [at(25)]);
    assert_eq!(found(&Query { namespace: Some("nowhere".into()), ..Query::default() }), []);
    let between = Query { from: Some(at(20)), to: Some(at(25)), types: vec!["log", "event"], ..Query::default() };
    assert_eq!(found(&between), [at(20), at(25)]);
    assert_eq!(history.span().unwrap(), Some((at(10), at(30))));
}

#[test]
fn a_subscriber_wakes_for_what_is_new_and_not_for_what_was_there() {
    let history = Arc::new(history());
    history.append(&[log(1, "before")]).unwrap();
    let mut subscription = history.subscribe();
    assert!(!subscription.wait(Duration::ZERO));

    let writer = Arc::clone(&history);
    let writing = std::thread::spawn(move || writer.append(&[log(2, "after")]).unwrap());
    assert!(subscription.wait(Duration::from_secs(60)));
    writing.join().unwrap();
    history.append(&[log(2, "after")]).unwrap();
    assert!(!subscription.wait(Duration::ZERO));
}

#[test]
fn of_many_versions_those_that_mark_a_change_are_held() {
    let history = history();
    let replicas = |seconds: i64| if seconds < 200 { 3 } else { 5 };
    let versions: Vec<Observation> = (0..1_000)
        .map(|n| present(n, "uid", json!({"spec": {"replicas": replicas(n)}, "status": {"ready": n}})))
        .collect();
    history.append(&versions).unwrap();
    let snapshot = history.present(Time::MAX).unwrap();
    let held = snapshot.earlier_of(&cart());
    assert!(held.len() <= 6, "{} versions are held", held.len());
    let change = held.windows(2).find(|pair| pair[0].object["spec"] != pair[1].object["spec"]).unwrap();
    assert_eq!(
        [change[0].at, change[1].at],
        [at(199), at(200)],
        "both sides of a change stay, however long ago it was"
    );
    assert_eq!(held.last().unwrap().at, at(998));
}

#[test]
fn the_present_is_what_was_appended_and_reads_no_file() {
    let history = history();
    history.append(&[present(10, "a", json!({"spec": 1}))]).unwrap();
    let before = history.present(at(5)).unwrap();
    assert_eq!(before.objects[&cart()].object["spec"], 1, "a clock that is behind hides nothing");
    history.append(&[present(20, "a", json!({"spec": 2}))]).unwrap();
    history.append(&[present(15, "a", json!({"spec": 3}))]).unwrap();
    let now = history.present(at(30)).unwrap();
    assert_eq!((now.at, &now.objects[&cart()].object["spec"]), (at(30), &model::Doc::from(json!(2))));
    let earlier: Vec<i64> = now.earlier_of(&cart()).iter().filter_map(|v| v.object["spec"].as_i64()).collect();
    assert_eq!(earlier, [1, 3], "what came late stands where it happened");
    assert_eq!(before.objects[&cart()].object["spec"], 1, "a snapshot stays as it is");
}

#[test]
fn late_news_of_many_objects_at_once_leaves_the_present_right() {
    let history = history();
    let of = |number: i64, when: i64| {
        let told = present(when, "a", json!({"spec": {"replicas": when, "of": number}}));
        let subject = ObjectRef::new("Deployment", "shop", format!("cart-{number}"));
        Observation::new(cluster(), told.at, told.seen_at, Source::Watch, Some(subject), told.body)
    };
    let all = |when: i64| (0..500).map(|number| of(number, when)).collect::<Vec<_>>();
    history.append(&all(20)).unwrap();
    assert_eq!(history.present(at(30)).unwrap().objects.len(), 500);
    history.append(&all(10)).unwrap();
    let now = history.present(at(30)).unwrap();
    assert!(now.objects.values().all(|held| held.at == at(20)));
    assert!(now.objects.keys().all(|object| now.earlier_of(object).len() == 1));
}

/// Objects, deletions and events at few different times, appended in any order.
pub(crate) fn any_observation() -> impl Strategy<Value = Observation> {
    (0i64..20, 0i64..20, 0u8..6, 0u8..3).prop_map(|(happened, late, what, which)| match what {
        0..3 => {
            let body = Body::Object {
                api_version: "apps/v1".into(),
                uid: format!("uid-{which}").into(),
                resource_version: "".into(),
                change: if what == 2 { ChangeKind::Deleted } else { ChangeKind::Present },
                object: json!({"spec": happened % 4}).into(),
            };
            observed(happened, happened + late, Some(cart()), body)
        }
        3 => event(happened, &format!("event-{which}"), "back-off", u32::from(which) + 1),
        4 => {
            let (kind, namespace) = ("Pod".into(), String::new());
            let state = if which == 0 { CoverageState::Refused } else { CoverageState::Listed };
            observed(happened, happened, None, Body::Coverage { kind, namespace, state })
        }
        _ => log(happened, "not in a snapshot"),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is kept between two snapshots never shows.
    #[test]
    fn a_snapshot_is_the_same_whatever_was_asked_before(
        steps in proptest::collection::vec((proptest::collection::vec(any_observation(), 0..4), 0i64..25), 1..12)
    ) {
        let asked = history();
        let mut all = Vec::new();
        for (observations, time) in steps {
            asked.append(&observations).unwrap();
            all.extend(observations);
            let fresh = history();
            fresh.append(&all).unwrap();
            for time in [at(time), Time::MAX] {
                let (one, other) = (asked.snapshot(time).unwrap(), fresh.snapshot(time).unwrap());
                prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
            }
            // What heard everything as it came is what reads everything in order.
            let (one, other) = (asked.present(Time::MAX).unwrap(), fresh.snapshot(Time::MAX).unwrap());
            prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
        }
    }
}

mod file;
pub(crate) use file::write_first_format;

#[test]
fn of_objects_that_are_gone_the_writer_remembers_next_to_nothing() {
    let history = history();
    let told = |place: i64, step: i64, change: ChangeKind| {
        let pod = Some(ObjectRef::new("Pod", "shop", format!("cart-{place}")));
        let object = version(place * 10 + step, &format!("u-{place}"), change, json!({"status": {"step": step}}));
        let event = event(place * 10 + step, &format!("e-{place}-{step}"), "Started", 1);
        [Observation { subject: pod.clone(), ..object }, Observation { subject: pod, ..event }]
    };
    let all: Vec<Observation> = (0..2_000)
        .flat_map(|place| {
            let came = told(place, 1, ChangeKind::Present);
            let went = told(place, 2, ChangeKind::Deleted);
            came.into_iter().chain(went)
        })
        .collect();
    for batch in all.chunks(500) {
        assert_eq!(history.append(batch).unwrap(), batch.len());
    }
    let (subjects, lanes) = history.packer.lock().unwrap().remembers();
    assert!(subjects < 300 && lanes < 600, "{subjects} names, {lanes} lanes");
}
