#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use model::{Observation, Time};
use proptest::prelude::*;

use super::super::tests::{any_observation, at, cart, history};
use crate::History;
use crate::measure::Storm;

#[test]
fn a_neighbourhood_has_its_objects_as_they_were_and_no_others() {
    let history = History::in_memory(Storm::cluster()).unwrap();
    let storm = Storm { objects: 30 };
    let all: Vec<Observation> = (0..900).map(|number| storm.observation(number)).collect();
    history.append(&all).unwrap();
    let (time, since) = (storm.time(700), storm.time(400));
    let near: Vec<_> = (0..5).map(|number| storm.subject(number)).collect();
    let snapshot = history.neighbourhood(time, since, &near).unwrap();
    let whole = history.snapshot(time).unwrap();
    assert_eq!(snapshot.objects.len(), 5);
    for object in &near {
        let (one, other) = (&snapshot.objects[object], &whole.objects[object]);
        assert_eq!((&one.observation, one.at, &one.object), (&other.observation, other.at, &other.object));
        let versions = snapshot.earlier_of(object);
        assert!(versions.iter().filter(|held| held.at < since).count() <= 1);
        assert!(snapshot.events_of(object).iter().all(|seen| seen.event.last_at >= since));
    }
    let all_since_ever = history.snapshot_since(time, Time::MIN).unwrap();
    assert_eq!(format!("{all_since_ever:?}"), format!("{whole:?}"), "on two threads as on one");
    let nobody = model::ObjectRef::new("Pod", "nowhere", "nobody");
    assert!(history.neighbourhood(time, since, &[nobody]).unwrap().objects.is_empty());
}

#[test]
fn all_versions_of_an_object_can_be_read_though_a_snapshot_holds_few() {
    let history = History::in_memory(Storm::cluster()).unwrap();
    let storm = Storm { objects: 1 };
    let all: Vec<Observation> = (0..60).map(|number| storm.observation(number)).collect();
    let told = all.iter().filter(|observation| matches!(observation.body, model::Body::Object { .. })).count();
    history.append(&all).unwrap();
    let pod = storm.subject(0);
    assert!(history.snapshot(Time::MAX).unwrap().earlier_of(&pod).len() <= 10);
    let versions = history.versions_of(&pod, Time::MAX, usize::MAX >> 1).unwrap();
    assert_eq!(versions.len(), told);
    assert!(versions.is_sorted_by_key(|version| version.at));
    assert_eq!(history.versions_of(&pod, storm.time(20), 5).unwrap().len(), 5);
    // Listed again as it is, it is in the same version.
    let again = Observation { id: "obs:again".into(), at: storm.time(70), ..all[all.len() - 2].clone() };
    history.append(&[again]).unwrap();
    assert_eq!(history.versions_of(&pod, Time::MAX, 1000).unwrap().len(), told);
}

#[test]
fn the_present_of_a_long_history_is_that_of_reading_it_whole() {
    let history = History::in_memory(Storm::cluster()).unwrap();
    let storm = Storm { objects: 25 };
    let all: Vec<Observation> = (0..2_500).map(|number| storm.observation(number)).collect();
    history.append(&all).unwrap();
    let whole = history.snapshot(Time::MAX).unwrap();
    let (fold, last) = history.recent_fold(Time::MAX).unwrap();
    let recent = fold.finish(Time::MAX);
    assert_eq!(recent.objects.len(), 25);
    for (object, held) in &whole.objects {
        let other = &recent.objects[object];
        assert_eq!((&other.observation, &other.object), (&held.observation, &held.object));
        let versions = recent.earlier_of(object);
        assert!(!versions.is_empty() && versions.len() <= 10 && versions.is_sorted_by_key(|held| held.at));
        let newest = |snapshot: &model::Snapshot| snapshot.events_of(object).last().map(|seen| seen.event.last_at);
        assert_eq!(newest(&recent), newest(&whole));
    }
    assert_eq!(last.map(|place| place.0), Some(all[2_499].at.0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// By index or by reading everything: the same snapshot.
    #[test]
    fn a_snapshot_by_index_is_the_snapshot(
        observations in proptest::collection::vec(any_observation(), 0..30),
        time in 0i64..25,
        since in 0i64..25,
    ) {
        let history = history();
        history.append(&observations).unwrap();
        let (whole, all) = (history.snapshot(at(time)).unwrap(), history.snapshot_since(at(time), Time::MIN).unwrap());
        prop_assert_eq!(format!("{whole:?}"), format!("{all:?}"));

        let part = history.neighbourhood(at(time), at(since), &[cart()]).unwrap();
        prop_assert_eq!(
            part.objects.get(&cart()).map(|held| held.object.clone()),
            whole.objects.get(&cart()).map(|held| held.object.clone())
        );
        prop_assert_eq!(part.coverage, whole.coverage);
    }
}
