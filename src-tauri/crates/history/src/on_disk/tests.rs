#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use model::{Observation, Source};

use super::*;
use crate::History;
use crate::measure::Storm;

#[test]
fn a_folder_of_histories_is_told_and_what_is_open_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let history = History::open(&path, Storm::cluster()).unwrap();
    let storm = Storm { objects: 5 };
    let (first, last) = (storm.observation(0), storm.observation(900));
    let body = Body::Gap { until: last.at, dropped: 3, reason: "the disk was full".into() };
    let gap = Observation::new(Storm::cluster(), first.at, last.at, Source::Watch, None, body);
    history.append(&[first.clone(), last.clone(), gap]).unwrap();
    std::fs::write(folder.path().join("other.db"), "no database at all, but a text of some length").unwrap();
    std::fs::write(folder.path().join("note.txt"), "nothing").unwrap();

    let mut found = on_disk(folder.path()).unwrap();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    let [one, other] = found.as_slice() else { panic!("{found:?}") };
    let told = one.told.as_ref().unwrap();
    assert_eq!((&told.cluster, told.span), (&Storm::cluster(), Some((first.at, last.at))));
    assert_eq!((told.gaps.len(), told.gaps[0].dropped), (1, 3));
    assert!(one.bytes > 0);
    assert!(other.told.is_err());

    let refused = remove(&path).unwrap_err();
    assert!(refused.to_string().contains("another program"), "{refused}");
    assert_eq!(history.len().unwrap(), 3);
    drop(history);
    remove(&path).unwrap();
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}
