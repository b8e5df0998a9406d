#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use super::*;

const START: i64 = 1_750_000_000_000_000;

fn at(seconds: i64) -> Time {
    Time(START + seconds * 1_000_000)
}

fn event(uid: &str, message: &str, count: u32, last: i64) -> EventBody {
    EventBody {
        uid: uid.into(),
        event_type: "Warning".into(),
        reason: "Unhealthy".into(),
        message: message.into(),
        count,
        first_at: at(0),
        last_at: at(last),
        reporter: "kubelet".into(),
        subject_uid: Some("u".into()),
    }
}

fn pod() -> ObjectRef {
    ObjectRef::new("Pod", "shop", "cart")
}

#[test]
fn the_first_is_told_at_once_and_a_storm_once_a_second() {
    let mut events = Events::default();
    let mut told = Vec::new();
    for index in 0..10_000u32 {
        let message = format!("Readiness probe failed: dial tcp 10.0.{}.{}:8080: refused", index / 256, index % 256);
        let now = at(i64::from(index / 1000));
        told.extend(events.take(&pod(), event(&format!("e{index}"), &message, 1, i64::from(index / 1000)), now));
    }
    told.extend(events.due(at(11)).into_iter().map(|(_, body)| body));
    assert!(told.len() <= 11, "{}", told.len());
    assert_eq!(told[0].count, 1);
    let last = told.last().unwrap();
    assert_eq!(last.count, 10_000);
    assert!(last.message.contains("10.0.39."), "the newest message is kept: {}", last.message);
    assert!(told.iter().all(|body| body.uid == told[0].uid), "it is one event to the history");
    assert_eq!(events.len(), 1);
}

#[test]
fn counts_add_up_when_the_servers_own_count_grows_and_when_it_lists_again() {
    let mut events = Events::default();
    events.take(&pod(), event("a", "Liveness probe failed: 500", 3, 1), at(1));
    assert_eq!(events.take(&pod(), event("b", "Liveness probe failed: 503", 2, 5), at(5)).unwrap().count, 5);
    assert_eq!(events.take(&pod(), event("a", "Liveness probe failed: 500", 7, 9), at(9)).unwrap().count, 9);
    assert_eq!(events.take(&pod(), event("a", "Liveness probe failed: 500", 7, 9), at(20)), None);
    assert_eq!(events.take(&pod(), event("b", "Liveness probe failed: 503", 2, 5), at(20)), None);
}

#[test]
fn messages_that_say_different_things_are_kept_apart() {
    let mut events = Events::default();
    let liveness = events.take(&pod(), event("a", "Liveness probe failed: 500", 1, 1), at(1)).unwrap();
    let readiness = events.take(&pod(), event("b", "Readiness probe failed: 500", 1, 1), at(1)).unwrap();
    assert_ne!(liveness.uid, readiness.uid);
    // But not without end.
    for index in 0..100u8 {
        let letter = char::from(b'a' + index % 26);
        let message = format!("{} is unhappy", letter.to_string().repeat(usize::from(index) + 1));
        events.take(&pod(), event(&format!("x{index}"), &message, 1, 2), at(2));
    }
    assert_eq!(events.len(), MOST_VARIANTS);
}

#[test]
fn another_namesake_is_another_subject() {
    let mut events = Events::default();
    let one = events.take(&pod(), event("a", "no", 1, 1), at(1)).unwrap();
    let other = EventBody { subject_uid: Some("v".into()), ..event("b", "no", 1, 1) };
    assert_ne!(one.uid, events.take(&pod(), other, at(1)).unwrap().uid);
}

#[test]
fn what_is_older_than_the_server_remembers_is_forgotten() {
    let mut events = Events::default();
    events.take(&pod(), event("a", "no", 1, 1), at(1));
    events.forget(at(3600));
    assert_eq!(events.len(), 1);
    events.forget(at(3 * 3600));
    assert_eq!(events.len(), 0);
}

#[test]
fn what_the_server_has_forgotten_is_forgotten_once_nothing_of_it_is_left() {
    let mut events = Events::default();
    let told = |events: &mut Events, uid: &str, second: i64| {
        events.take(&pod(), event(uid, "Liveness probe failed: 500", 1, second), at(second))
    };
    told(&mut events, "a", 1);
    told(&mut events, "b", 3);
    events.expired(&pod(), &event("a", "Liveness probe failed: 500", 1, 1));
    assert_eq!(events.len(), 1, "the server still has the other one");
    assert_eq!(told(&mut events, "c", 5).unwrap().count, 3, "and it has happened as often as before");
    for uid in ["b", "c", "never-seen"] {
        events.expired(&pod(), &event(uid, "Liveness probe failed: 500", 1, 5));
    }
    assert_eq!(events.len(), 0);
    assert_eq!(told(&mut events, "d", 9).unwrap().count, 1);
}

#[test]
fn what_was_not_told_yet_is_told_though_the_server_has_forgotten_it() {
    let mut events = Events::default();
    for (uid, second) in [("a", 1), ("b", 1)] {
        events.take(&pod(), event(uid, "Liveness probe failed: 500", 1, second), at(1));
    }
    for uid in ["a", "b"] {
        events.expired(&pod(), &event(uid, "Liveness probe failed: 500", 1, 1));
    }
    let due = events.due(at(3));
    assert_eq!(due[0].1.count, 2);
}
