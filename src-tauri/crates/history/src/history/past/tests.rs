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
    let nobody = model::ObjectRef::new("Pod", "nowhere", "nobody");
    assert!(history.neighbourhood(time, since, &[nobody]).unwrap().objects.is_empty());
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
