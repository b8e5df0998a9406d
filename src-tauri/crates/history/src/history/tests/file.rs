//! The file: its mode, its format, what it refuses and what it survives.

use super::*;
use crate::Error;

#[test]
fn a_file_is_private_and_keeps_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clusters").join("demo.db");
    History::open(&path, cluster()).unwrap().append(&[log(1, "kept")]).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let recorded = History::open_recorded(&path).unwrap();
    assert_eq!(recorded.cluster(), &cluster());
    assert_eq!(recorded.len().unwrap(), 1);
    assert!(matches!(History::open(&path, ClusterId("cluster:other".into())), Err(Error::Damaged { .. })));
}

#[test]
fn readers_see_one_state_while_a_writer_works() {
    let folder = tempfile::tempdir().unwrap();
    let history = Arc::new(History::open(&folder.path().join("demo.db"), cluster()).unwrap());
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for batch in 0..40 {
                let pair = [log(batch * 2, "a"), log(batch * 2 + 1, "b")];
                history.append(&pair).unwrap();
            }
        });
        for _ in 0..3 {
            threads.spawn(|| {
                for _ in 0..40 {
                    assert_eq!(history.window(Time::MIN, Time::MAX).unwrap().len() % 2, 0);
                }
            });
        }
    });
    assert_eq!(history.len().unwrap(), 80);
}

#[test]
fn a_foreign_a_newer_and_a_missing_file_are_each_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.db");
    std::fs::write(&text, "dear diary, this is no database at all, and it is longer than a header").unwrap();
    let error = History::open(&text, cluster()).err().unwrap();
    assert!(error.to_string().contains("not a Caseboard file"), "{error}");

    let foreign = folder.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    let error = History::open(&foreign, cluster()).err().unwrap();
    assert!(error.to_string().contains("not a history of observations"), "{error}");

    let newer = folder.path().join("newer.db");
    drop(History::open(&newer, cluster()).unwrap());
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = History::open_recorded(&newer).err().unwrap();
    assert!(error.to_string().contains("Update Caseboard"), "{error}");

    let error = History::open_recorded(&folder.path().join("nothing.db")).err().unwrap();
    assert!(error.to_string().contains("no such file"), "{error}");
}

#[test]
fn a_torn_observation_becomes_a_gap_and_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.db");
    let history = History::open(&path, cluster()).unwrap();
    history.append(&[present(10, "a", json!({"spec": 1}))]).unwrap();
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute(
            "INSERT INTO observations (id, at, lag, source, type, subject, encoding, body)
             VALUES ('obs:torn', 20000000, 0, 0, 0, 1, 1, x'00ff')",
            [],
        )
        .unwrap();
    let snapshot = history.snapshot(at(30)).unwrap();
    assert_eq!(snapshot.objects.len(), 1);
    assert_eq!(snapshot.gaps.len(), 1);
    assert_eq!(history.window(at(0), at(30)).unwrap().len(), 1);
    assert!(history.get(&snapshot.gaps[0].observation).is_err());
}

#[test]
fn a_recording_can_be_added_to_and_a_case_file_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.db");
    History::open(&path, cluster()).unwrap().append(&[log(1, "kept")]).unwrap();
    History::open_recorded(&path).unwrap().append(&[log(2, "learnt later")]).unwrap();
    assert_eq!(History::open_recorded(&path).unwrap().len().unwrap(), 2);
    assert_eq!(History::open_recorded(&path).unwrap().path(), Some(path.as_path()));
}

/// A file as the first version of the program wrote it.
pub(crate) fn write_first_format(connection: &rusqlite::Connection, observations: &[Observation]) {
    for o in observations {
        let tagged = serde_json::to_value(&o.body).unwrap();
        let plain = serde_json::to_vec(&o.body).unwrap();
        let (encoding, body) =
            if plain.len() < 512 { (0, plain) } else { (1, zstd::bulk::compress(&plain, 3).unwrap()) };
        let subject = o.subject.as_ref();
        connection
            .execute(
                "INSERT INTO observations (id, at, seen_at, source, type, kind, namespace, name, encoding, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                rusqlite::params![
                    o.id.to_string(),
                    o.at.0,
                    o.seen_at.0,
                    o.source.to_string(),
                    tagged["type"].as_str(),
                    subject.map(|s| &*s.kind),
                    subject.map(|s| &*s.namespace),
                    subject.map(|s| &*s.name),
                    encoding,
                    body
                ],
            )
            .unwrap();
    }
}

#[test]
fn a_history_of_the_first_format_opens_with_all_that_it_held() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.db");
    let gap = Body::Gap { until: at(9), dropped: 1, reason: "sleep".into() };
    let mut all = vec![
        observed(5, 7, None, gap),
        present(10, "a", json!({"spec": "x".repeat(2000)})),
        event(11, "e", "back-off", 1),
        log(12, "a line"),
    ];
    let odd = model::ObservationId::from("obs:not of the usual form");
    all[3].id = odd.clone();
    {
        let old = rusqlite::Connection::open(&path).unwrap();
        old.execute_batch(super::super::FORMAT.migrations[0]).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        old.pragma_update(None, "application_id", super::super::FORMAT.application_id).unwrap();
        old.execute("INSERT INTO meta VALUES ('cluster', ?1)", [cluster().as_str()]).unwrap();
        write_first_format(&old, &all);
    }
    let history = History::open(&path, cluster()).unwrap();
    assert_eq!(history.window(Time::MIN, Time::MAX).unwrap(), all);
    assert_eq!(history.get(&odd).unwrap(), Some(all[3].clone()));
    assert_eq!(history.append(&all).unwrap(), 0);
    history.append(&[present(20, "a", json!({"spec": "y"}))]).unwrap();
    assert_eq!(history.snapshot(at(30)).unwrap().earlier[&cart()].len(), 1);
}

#[test]
fn versions_of_an_object_are_kept_as_small_differences_and_come_back_equal() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(&folder.path().join("demo.db"), cluster()).unwrap();
    let storm = crate::measure::Storm { objects: 20 };
    let all: Vec<Observation> = (0..2000).map(|number| storm.observation(number)).collect();
    let all: Vec<Observation> = all.into_iter().map(|o| Observation { cluster: cluster(), ..o }).collect();
    for batch in all.chunks(70) {
        history.append(batch).unwrap();
    }
    assert_eq!(history.window(Time::MIN, Time::MAX).unwrap(), all);
    assert_eq!(history.get(&all[1234].id).unwrap().as_ref(), Some(&all[1234]));
    let plain: usize = all.iter().map(|o| serde_json::to_vec(&o.body).unwrap().len()).sum();
    let kept = history.bytes().unwrap();
    assert!(kept * 8 < plain as u64, "{kept} of {plain} bytes");
}

/// Before format 3, every difference was a frame.
#[test]
fn a_history_of_the_second_format_opens_with_its_differences() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.db");
    let storm = crate::measure::Storm { objects: 3 };
    let all: Vec<Observation> =
        (0..100).map(|number| Observation { cluster: cluster(), ..storm.observation(number) }).collect();
    History::open(&path, cluster()).unwrap().append(&all).unwrap();
    {
        let old = rusqlite::Connection::open(&path).unwrap();
        old.execute_batch("DROP TRIGGER observations_stay_as_they_are; DROP INDEX observations_events").unwrap();
        old.pragma_update(None, "user_version", 2).unwrap();
        let mut patches = old.prepare("SELECT seq, base FROM observations WHERE encoding = 4").unwrap();
        let patches: Vec<(i64, i64)> =
            patches.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
        assert!(patches.len() > 50, "{}", patches.len());
        let plain = |seq: i64| serde_json::to_vec(&all[usize::try_from(seq - 1).unwrap()].body).unwrap();
        for (seq, base) in patches {
            let frame =
                zstd::bulk::Compressor::with_dictionary(3, &plain(base)).unwrap().compress(&plain(seq)).unwrap();
            old.execute("UPDATE observations SET encoding = 2, body = ?2 WHERE seq = ?1", (seq, &frame[4..])).unwrap();
        }
    }
    assert!(crate::on_disk(folder.path()).unwrap()[0].told.is_ok());
    let history = History::open(&path, cluster()).unwrap();
    assert_eq!(history.window(Time::MIN, Time::MAX).unwrap(), all);
    history.append(&[Observation { cluster: cluster(), ..storm.observation(100) }]).unwrap();
    assert_eq!(history.len().unwrap(), 101);
}

#[test]
fn a_torn_full_version_costs_what_builds_on_it_and_no_later_full_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.db");
    let storm = crate::measure::Storm { objects: 1 };
    let all: Vec<Observation> =
        (0..400).map(|number| Observation { cluster: cluster(), ..storm.observation(number) }).collect();
    History::open(&path, cluster()).unwrap().append(&all).unwrap();
    let full: Vec<i64> = {
        let file = rusqlite::Connection::open(&path).unwrap();
        let mut full = file.prepare("SELECT seq FROM observations WHERE type = 0 AND encoding NOT IN (2, 4)").unwrap();
        full.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert!(full.len() > 3, "{full:?}");
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch("DROP TRIGGER observations_stay_as_they_are").unwrap();
    file.execute("UPDATE observations SET body = x'0102' WHERE seq = ?1", [full[1]]).unwrap();

    let history = History::open(&path, cluster()).unwrap();
    let snapshot = history.snapshot(Time::MAX).unwrap();
    let builds_on_it = (full[1]..full[2]).filter(|seq| (seq - 1) % 10 != 9).count();
    assert_eq!(snapshot.gaps.len(), builds_on_it);
    assert!(snapshot.gaps[1].reason.contains("builds on"), "{:?}", snapshot.gaps[1]);
    assert_eq!(history.window(Time::MIN, Time::MAX).unwrap().len(), all.len() - builds_on_it);
}

#[test]
fn a_history_that_rested_goes_on_as_if_it_had_not() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(&folder.path().join("history.db"), cluster()).unwrap();
    let told = |n: i64| {
        // Long enough, and often enough, that there are a dictionary and differences.
        let words: Vec<String> = (0..40).map(|word| format!("word {word} of {}", n % 3)).collect();
        present(n, "a", json!({ "spec": { "replicas": n, "words": words } }))
    };
    let all: Vec<Observation> = (1..=60).map(told).collect();
    let resting = [0, 7, 20, 40, 41];
    for (place, one) in all.iter().enumerate() {
        history.append(std::slice::from_ref(one)).unwrap();
        if resting.contains(&place) {
            history.rest();
        }
    }
    assert_eq!(history.window(at(0), at(100)).unwrap(), all);
}
