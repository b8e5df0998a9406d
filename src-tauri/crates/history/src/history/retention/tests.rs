#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use std::time::Duration;

use model::{Body, ChangeKind, ClusterId, EventBody, ObjectRef, Observation, Source, Time};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Pins, Retention};
use crate::History;

const DAY: i64 = 86_400;

fn cluster() -> ClusterId {
    ClusterId("cluster:demo".into())
}

fn at(seconds: i64) -> Time {
    Time::from_seconds(seconds)
}

fn observed(when: i64, name: &str, body: Body) -> Observation {
    let subject = ObjectRef::new("Pod", "shop", name);
    Observation::new(cluster(), at(when), at(when), Source::Watch, Some(subject), body)
}

fn version(when: i64, name: &str, uid: &str, change: ChangeKind) -> Observation {
    let object =
        json!({"spec": {"since": when, "filler": "it is long enough to be packed as a difference ".repeat(8)}});
    let (api_version, resource_version) = ("v1".into(), when.to_string());
    let (uid, object) = (uid.to_owned(), object);
    observed(
        when,
        name,
        Body::Object {
            api_version,
            uid: uid.into(),
            resource_version: resource_version.into(),
            change,
            object: object.into(),
        },
    )
}

fn present(when: i64, name: &str) -> Observation {
    version(when, name, name, ChangeKind::Present)
}

fn event(when: i64, name: &str) -> Observation {
    let body = EventBody {
        uid: "e".into(),
        event_type: "Warning".into(),
        reason: "BackOff".into(),
        message: "back-off".into(),
        count: when as u32,
        first_at: at(1),
        last_at: at(when),
        reporter: "kubelet".into(),
        subject_uid: None,
    };
    observed(when, name, Body::Event(body))
}

fn tidy(history: &History, now: i64, retention: Retention) {
    history.retain(move || Some(retention.clone()));
    while history.tidy(at(now), Duration::from_secs(60)) {}
}

fn days(count: i64, pins: Pins) -> Retention {
    Retention { age: Duration::from_secs((count * DAY).unsigned_abs()), bytes: u64::MAX, pins }
}

fn filed() -> (tempfile::TempDir, History) {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(&folder.path().join("demo.db"), cluster()).unwrap();
    (folder, history)
}

fn objects(history: &History, when: i64) -> Vec<(ObjectRef, Value)> {
    let snapshot = history.snapshot_as_known(at(when)).unwrap();
    snapshot.objects.iter().map(|(object, held)| (object.clone(), held.object.to_value())).collect()
}

#[test]
fn what_is_too_old_goes_and_a_gap_says_so() {
    let (_folder, history) = filed();
    for day in 0..10 {
        history.append(&[present(day * DAY, "web"), event(day * DAY + 1, "web")]).unwrap();
    }
    history.append(&[present(5, "gone"), version(9, "gone", "gone", ChangeKind::Deleted)]).unwrap();
    let now = 10 * DAY;
    let before = objects(&history, now);
    tidy(&history, now, days(7, Pins::default()));

    let snapshot = history.snapshot(at(now)).unwrap();
    assert_eq!(objects(&history, now), before);
    // The version of day 2 is that of day 3's first second; the deleted pod is forgotten.
    let kept: Vec<i64> = history
        .window(Time::MIN, Time::MAX)
        .unwrap()
        .iter()
        .filter(|o| matches!(o.body, Body::Object { .. }))
        .map(|o| o.at.seconds() / DAY)
        .collect();
    assert_eq!(kept, [0, 2, 3, 4, 5, 6, 7, 8, 9], "day 0 is what the others are differences to");
    assert!(snapshot.deleted.is_empty());
    assert_eq!(snapshot.gaps.len(), 1);
    let gap = &snapshot.gaps[0];
    // The version and the Event of day 1, the Event of day 2, the pod that is gone.
    assert_eq!((gap.from, gap.until, gap.dropped), (at(5), at(3 * DAY), 1 + 1 + 1 + 2));
    assert_eq!(gap.reason, "older than 7 days");
    let forgotten = history.forgotten().unwrap().unwrap();
    assert_eq!((forgotten.until, forgotten.count, &forgotten.reason), (gap.until, gap.dropped, &gap.reason));

    tidy(&history, now + DAY, days(7, Pins::default()));
    let gaps = history.find(&crate::Query { types: vec!["gap"], ..crate::Query::default() }).unwrap();
    assert_eq!(gaps.len(), 1, "one gap tells of all passes: {gaps:?}");
}

#[test]
fn what_a_case_cites_and_its_time_stay() {
    let (_folder, history) = filed();
    let cited = event(DAY / 2, "web");
    history.append(std::slice::from_ref(&cited)).unwrap();
    for hour in 0..240 {
        history.append(&[present(hour * 3600, "web"), event(hour * 3600 + 7, "web")]).unwrap();
    }
    let window = (at(2 * DAY), at(2 * DAY + 7200));
    let then = |history: &History| {
        (objects(history, 2 * DAY), objects(history, 2 * DAY + 5000), history.window(window.0, window.1).unwrap())
    };
    let before = then(&history);
    let pins = Pins { windows: vec![window], observations: [cited.id.clone()].into() };
    tidy(&history, 10 * DAY, days(1, pins));
    assert_eq!(then(&history), before);
    assert_eq!(history.get(&cited.id).unwrap(), Some(cited));
    assert!(history.len().unwrap() < 80, "{}", history.len().unwrap());
}

#[test]
fn a_file_over_its_size_loses_its_oldest_and_gives_the_room_back() {
    let (folder, history) = filed();
    let storm = crate::measure::Storm { objects: 50 };
    let all: Vec<Observation> =
        (0..20_000).map(|n| Observation { cluster: cluster(), ..storm.observation(n * 50) }).collect();
    for batch in all.chunks(1000) {
        history.append(batch).unwrap();
    }
    let now = all.last().unwrap().at;
    let (full, most) = (history.bytes().unwrap(), 1 << 20);
    assert!(full > 2 << 20, "{full}");
    let retention = Retention { age: Duration::from_secs(365 * 86_400), bytes: most, pins: Pins::default() };
    for _pass in 0..6 {
        tidy(&history, now.seconds(), retention.clone());
    }
    assert!(history.bytes().unwrap() <= most, "{}", history.bytes().unwrap());
    let gap = history.snapshot(now).unwrap().gaps.pop().unwrap();
    assert!(gap.dropped > 1000 && gap.reason.contains("limited to 1 MB"), "{gap:?}");
    assert_eq!(history.window(all[19_000].at, now).unwrap(), all[19_000..]);
    drop(history);
    let on_disk = std::fs::metadata(folder.path().join("demo.db")).unwrap().len();
    assert!(on_disk < full, "{on_disk} of {full}");
}

#[test]
fn what_is_forgotten_at_once_leaves_what_exists_and_what_cases_need() {
    let (folder, history) = filed();
    let cited = event(5, "web");
    history.append(std::slice::from_ref(&cited)).unwrap();
    for second in 10..3000 {
        history.append(&[present(second, "web"), event(second, "web")]).unwrap();
    }
    let now = 4000;
    let before = (objects(&history, now), std::fs::metadata(folder.path().join("demo.db")).unwrap().len());
    let pins = Pins { windows: Vec::new(), observations: [cited.id.clone()].into() };
    let gone = history.forget(Retention { pins, ..Retention::default() }, at(now)).unwrap();
    assert!(gone > 5000, "{gone}");
    assert_eq!(objects(&history, now), before.0);
    assert_eq!(history.get(&cited.id).unwrap().as_ref(), Some(&cited));
    assert_eq!(history.snapshot(at(now)).unwrap().gaps[0].dropped, gone);
    assert!(history.bytes().unwrap() * 5 < before.1, "{} of {}", history.bytes().unwrap(), before.1);
    assert!(history.forget(Retention::default(), at(now + 1)).unwrap() > 0);
    assert_eq!(history.get(&cited.id).unwrap(), None, "no case needs it any more");
}

#[test]
fn nothing_but_retention_removes_an_observation() {
    let (folder, history) = filed();
    history.append(&[present(1, "web")]).unwrap();
    let file = rusqlite::Connection::open(folder.path().join("demo.db")).unwrap();
    let refused = file.execute("DELETE FROM observations", []).unwrap_err();
    assert!(refused.to_string().contains("retention alone"), "{refused}");
    tidy(&history, 100 * DAY, days(7, Pins::default()));
    assert_eq!(history.len().unwrap(), 1, "what exists is never forgotten");
}

#[test]
fn an_unanswered_policy_removes_nothing() {
    let (_folder, history) = filed();
    history.append(&[event(1, "web")]).unwrap();
    history.retain(|| None);
    assert!(!history.tidy(at(100 * DAY), Duration::from_secs(60)));
    assert_eq!(history.len().unwrap(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever was removed, what is asked of a kept time has the same answer; and going on writes nothing torn.
    #[test]
    fn kept_times_look_as_before(
        steps in proptest::collection::vec((0i64..40, 0usize..3, 0usize..2, 0u8..5), 1..60),
        cutoff in 1i64..40,
        window in (0i64..40, 0i64..6),
    ) {
        let history = History::in_memory(cluster()).unwrap();
        for (when, name, uid, what) in &steps {
            let (name, uid) = (["a", "b", "c"][*name], ["one", "two"][*uid]);
            history.append(&[match what {
                0 => version(*when, name, uid, ChangeKind::Deleted),
                1 => event(*when, name),
                _ => version(*when, name, uid, ChangeKind::Present),
            }]).unwrap();
        }
        let window = (at(window.0), at(window.0 + window.1));
        let kept_times: Vec<i64> =
            (cutoff..45).chain(window.0.seconds()..=window.1.seconds()).collect();
        let before: Vec<_> = kept_times.iter().map(|when| objects(&history, *when)).collect();
        let pinned = history.window(window.0, window.1).unwrap();

        let pins = Pins { windows: vec![window], observations: Default::default() };
        tidy(&history, cutoff + 3600, Retention { age: Duration::from_secs(3600), bytes: u64::MAX, pins });
        let after: Vec<_> = kept_times.iter().map(|when| objects(&history, *when)).collect();
        prop_assert_eq!(before, after);
        let still: Vec<_> = history.window(window.0, window.1).unwrap();
        prop_assert!(pinned.iter().all(|o| still.contains(o)));

        let next: Vec<Observation> = ["a", "b", "c"].map(|name| version(50, name, "one", ChangeKind::Present)).into();
        history.append(&next).unwrap();
        let snapshot = history.snapshot(at(60)).unwrap();
        prop_assert_eq!(snapshot.objects.len(), 3);
        prop_assert!(snapshot.gaps.iter().all(|gap| !gap.reason.contains("cannot be read")));
    }
}
