use std::collections::BTreeMap;

use super::*;

/// Numbers in an order that looks like none, the same every time.
fn numbers(count: u64) -> impl Iterator<Item = u64> {
    (0..count).scan(7_u64, |state, _| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Some(*state >> 33)
    })
}

fn holds(map: &Ordered<u64, u64>, known: &BTreeMap<u64, u64>) {
    assert!(map.iter().eq(known.iter()), "in order, each once");
    assert_eq!(map.len(), known.len());
    let within = |piece: &Piece<u64, u64>| (1..=Ordered::<u64, u64>::MOST).contains(&piece.len());
    assert!(map.pieces.iter().all(within), "no piece is empty or too long");
}

#[test]
fn it_holds_what_a_tree_holds_after_each_change() {
    let (mut map, mut known) = (Ordered::new(), BTreeMap::new());
    for (step, number) in numbers(20_000).enumerate() {
        let key = number % 3_000;
        if step % 3 == 2 {
            assert_eq!(map.remove(&key), known.remove(&key));
        } else {
            assert_eq!(map.insert(key, number), known.insert(key, number));
        }
        assert_eq!(map.get(&(key + 1)), known.get(&(key + 1)));
        if step % 500 == 0 {
            holds(&map, &known);
            assert!(map.range(key..).eq(known.range(key..)));
            assert!(map.range(key..=key + 99).eq(known.range(key..=key + 99)));
            let between = (Bound::Excluded(key), Bound::Excluded(key + 99));
            assert!(map.range(between).eq(known.range(between)));
            assert!(map.range(..key).eq(known.range(..key)));
        }
    }
    for key in 0..3_000 {
        *map.or_default(key) += 1;
        *known.entry(key).or_default() += 1;
    }
    holds(&map, &known);
    map.retain(|key, _| key % 7 == 0);
    known.retain(|key, _| key % 7 == 0);
    holds(&map, &known);
    for key in 0..3_000 {
        assert_eq!(map.remove(&key), known.remove(&key));
    }
    assert!(map.is_empty() && map.iter().next().is_none() && map.range(5..).next().is_none());
}

#[test]
fn what_comes_in_order_leaves_full_pieces_behind() {
    // Two kinds of keys that come in turns, each in order.
    let mut map = Ordered::new();
    for number in 0..5_000_u64 {
        map.insert(number, ());
        map.insert(1_000_000 + number, ());
    }
    let fewest = 10_000_usize.div_ceil(Ordered::<u64, ()>::MOST);
    assert!(map.pieces.len() <= fewest + 6, "{} pieces where {fewest} would do", map.pieces.len());
    let mut backwards: Vec<(u64, ())> = map.keys().map(|key| (*key, ())).collect();
    backwards.reverse();
    let gathered: Ordered<u64, ()> = backwards.into_iter().collect();
    assert!(gathered.iter().eq(map.iter()));
    assert_eq!(gathered.pieces.len(), fewest);
}

#[test]
fn a_clone_stays_as_it_was_and_shares_what_did_not_change() {
    let mut map: Ordered<u64, u64> = (0..10_000).map(|number| (number, number)).collect();
    let before = map.clone();
    map.insert(5_000, 0);
    map.remove(&7_000);
    map.insert(20_000, 1);
    assert!(before.iter().all(|(key, value)| key == value) && before.len() == 10_000);
    let shared = map.pieces.iter().filter(|piece| before.pieces.iter().any(|old| Arc::ptr_eq(old, piece))).count();
    assert!(shared + 3 >= map.pieces.len(), "{shared} of {} pieces", map.pieces.len());
}

#[test]
fn what_differs_between_two_is_what_a_look_at_everything_finds() {
    let mut known: BTreeMap<u64, u64> = numbers(4_000).map(|number| (number % 9_000, number)).collect();
    let mut map: Ordered<u64, u64> = known.clone().into_iter().collect();
    for round in 0..40 {
        let (old_map, old) = (map.clone(), known.clone());
        for number in numbers(round * 5 + 1).map(|number| number.rotate_left(round as u32)) {
            let key = number % 9_000;
            if number % 2 == 0 {
                map.insert(key, number);
                known.insert(key, number);
            } else {
                map.remove(&key);
                known.remove(&key);
            }
        }
        let keys: std::collections::BTreeSet<&u64> = old.keys().chain(known.keys()).collect();
        let expected = keys.into_iter().map(|key| (key, old.get(key), known.get(key))).filter(|(_, a, b)| a != b);
        assert!(old_map.differing(&map).eq(expected));
    }
}

#[test]
fn of_a_key_that_comes_twice_the_last_value_counts() {
    let map: Ordered<u64, &str> = [(2, "a"), (1, "b"), (2, "c"), (1, "d"), (2, "e")].into_iter().collect();
    assert!(map.iter().eq([(&1, &"d"), (&2, &"e")]));
}
