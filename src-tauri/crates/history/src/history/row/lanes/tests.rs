use super::*;

#[test]
fn of_too_many_lanes_those_that_were_used_last_stay() {
    let mut lanes = Lanes::default();
    let key = |subject: i64| Key { subject, event: 0 };
    let most = MOST_LANES as i64;
    for subject in 0..most {
        lanes.begin(key(subject), subject, 10, Arc::from(*b"body"));
    }
    assert!(lanes.get(key(7)).is_some());
    lanes.begin(key(most), most, 10, Arc::from(*b"body"));
    assert!(lanes.by_key.len() <= MOST_LANES / 2 + 2);
    for kept in [7, most - 1, most] {
        assert!(lanes.get(key(kept)).is_some(), "{kept}");
    }
    assert!(lanes.get(key(8)).is_none());
    assert_eq!(lanes.bytes, 4 * lanes.by_key.values().filter(|lane| lane.plain.is_some()).count());
}
