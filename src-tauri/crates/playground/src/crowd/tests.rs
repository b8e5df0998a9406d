use std::collections::BTreeMap;

use serde_json::Value;

use super::*;

const NOW: Time = Time::from_seconds(1_700_000_000);

fn pod(crowd: &Crowd, place: u32, slot: &Slot) -> Value {
    let mut text = String::from("{");
    crowd.write(place, slot, &mut text);
    serde_json::from_str(&text).expect("a pod is JSON")
}

#[test]
fn every_pod_is_whole_and_says_who_it_is() {
    let store = Store::default();
    let crowd = Crowd::settle(95, &store, NOW);
    let mut names = Vec::new();
    for (place, slot) in crowd.at(0..95) {
        let pod = pod(&crowd, place, &slot);
        assert!(!pod.to_string().contains("{{"), "a blank was left: {pod}");
        assert_eq!(pod["metadata"]["name"], subject(place, &slot).name);
        assert_eq!(pod["status"]["containerStatuses"][0]["restartCount"], 0);
        let node = pod["spec"]["nodeName"].as_str().expect("a node").to_owned();
        assert!(store.read(|kept| kept.get("Node", "", &node).is_some()), "{node} is not there");
        let owner = pod["metadata"]["ownerReferences"][0]["name"].as_str().expect("an owner").to_owned();
        let of = pod["metadata"]["namespace"].as_str().expect("a namespace");
        let set = store.read(|kept| kept.get("ReplicaSet", of, &owner).cloned()).expect("the owner is there");
        assert_eq!(set["metadata"]["uid"], pod["metadata"]["ownerReferences"][0]["uid"]);
        names.push((of.to_owned(), subject(place, &slot).name));
    }
    let mut sorted = names.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(names, sorted, "the order of places is the order of names, and no name is there twice");
}

#[test]
fn who_hears_every_change_knows_what_a_list_gives() {
    let store = Store::default();
    let crowd = Crowd::settle(60, &store, NOW);
    let mut known: BTreeMap<model::Text, u64> =
        crowd.at(0..60).iter().map(|(place, slot)| (subject(*place, slot).name, slot.revision)).collect();
    let listed_at = store.read(|kept| kept.revision());
    for round in 0..40 {
        crowd.roll(&store, 7, NOW.plus_seconds(round));
    }
    crowd.crash(&store, 3, NOW.plus_seconds(60)).expect("a pod");
    let mut last = listed_at;
    for change in crowd.since(listed_at).expect("nothing is forgotten") {
        assert!(change.slot.revision > last, "revisions grow");
        last = change.slot.revision;
        let name = subject(change.place, &change.slot).name;
        match change.what {
            What::Deleted => assert!(known.remove(&name).is_some(), "{name} was there"),
            What::Added => assert!(known.insert(name, last).is_none(), "it is new"),
            What::Modified => assert!(known.insert(name, last).is_some(), "it was there"),
        }
    }
    let now: BTreeMap<model::Text, u64> =
        crowd.at(0..60).iter().map(|(place, slot)| (subject(*place, slot).name, slot.revision)).collect();
    assert_eq!(known, now);
}

#[test]
fn a_crashing_pod_says_so_until_it_is_healed() {
    let store = Store::default();
    let crowd = Crowd::settle(30, &store, NOW);
    let waiting = |crowd: &Crowd| {
        let (place, slot) = crowd.at(5..6)[0];
        pod(crowd, place, &slot)["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].clone()
    };
    let broken = crowd.crash(&store, 5, NOW).expect("a pod");
    assert_eq!(waiting(&crowd), "CrashLoopBackOff");
    assert_eq!(crowd.find(&broken.namespace, &broken.name).map(|(place, _)| place), Some(5));
    crowd.heal(&store, 5, NOW);
    assert_eq!(waiting(&crowd), Value::Null);
}
