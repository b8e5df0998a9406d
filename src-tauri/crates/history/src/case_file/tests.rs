#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use std::path::{Path, PathBuf};

use model::{
    Author, Body, CallFact, CallId, CallStep, CaseFact, CaseId, ClusterId, LogBody, MetricBody, MetricPoint,
    Observation, Ruling, Source, Time, Written,
};
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use super::{export, import, open, verify};
use crate::{DeskFile, Error, History, cluster_path};

const CASE: CaseId = CaseId(Uuid::from_u128(1));

fn cluster() -> ClusterId {
    ClusterId("cluster:demo".into())
}

fn written(at: i64, fact: CaseFact) -> Written {
    Written { at: Time::from_seconds(at), author: Author::Engineer { name: "oncall".into() }, fact }
}

fn opened() -> Written {
    written(
        1,
        CaseFact::Opened {
            title: "cart is down".into(),
            cluster: cluster(),
            cluster_name: "demo".into(),
            as_of: Time::from_seconds(1),
            question: Some("why?".into()),
            incidents: vec![],
        },
    )
}

fn noted(at: i64, text: &str) -> Written {
    written(at, CaseFact::Noted { text: text.into() })
}

fn observed(at: i64, body: Body) -> Observation {
    let at = Time::from_seconds(at);
    Observation::new(cluster(), at, at, Source::Script, None, body)
}

fn log(at: i64) -> Observation {
    let text = format!("line {at}\n").repeat(200);
    observed(at, Body::Log(LogBody { container: "app".into(), text, ..LogBody::default() }))
}

struct Desk {
    folder: TempDir,
    desk: DeskFile,
    history: History,
}

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let desk = DeskFile::open(&folder.path().join("desk.db")).unwrap();
        let history = History::open(&cluster_path(&folder.path().join("clusters"), &cluster()), cluster()).unwrap();
        Desk { folder, desk, history }
    }

    /// A desk with a case of five events over thirty observations.
    fn with_case() -> Desk {
        let desk = Desk::new();
        desk.desk.append(CASE, &[opened()]).unwrap();
        for at in 2..6 {
            desk.desk.append(CASE, &[noted(at, "looked again")]).unwrap();
        }
        let points = vec![MetricPoint { at: Time(1), value: 1.0 / 3.0 }];
        let (name, unit, labels) = ("up".into(), String::new(), Default::default());
        let metric = observed(99, Body::Metric(MetricBody { name, unit, labels, points }));
        let mut observations: Vec<_> = (0..30).map(log).collect();
        observations.push(metric);
        desk.history.append(&observations).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn exported(&self) -> PathBuf {
        let path = self.path("cart.case");
        export(&self.desk, &self.history, CASE, &path).unwrap();
        path
    }

    fn import(&self, path: &Path) -> crate::Result<super::CaseFile> {
        import(path, &self.desk, &self.folder.path().join("clusters"))
    }
}

fn tamper(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn why(path: &Path) -> String {
    match open(path) {
        Err(error @ Error::Damaged { .. }) => error.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("a damaged file was opened"),
    }
}

#[test]
fn a_case_travels_with_its_events_and_its_observations() {
    let here = Desk::with_case();
    let path = here.exported();
    let file = open(&path).unwrap();
    assert_eq!((file.case, file.cluster, file.cluster_name.as_str()), (CASE, cluster(), "demo"));
    assert_eq!(file.events, here.desk.events(CASE, 0).unwrap());
    let all = |history: &History| history.window(Time::MIN, Time::MAX).unwrap();
    assert_eq!(all(&file.history), all(&here.history));

    let there = Desk::new();
    let imported = there.import(&path).unwrap();
    assert_eq!(there.desk.events(CASE, 0).unwrap(), file.events);
    assert_eq!(all(&imported.history), all(&here.history));
    assert_eq!(there.desk.cases().unwrap(), here.desk.cases().unwrap());

    let again = there.path("again.case");
    export(&there.desk, &imported.history, CASE, &again).unwrap();
    assert_eq!(verify(&again, None).unwrap(), verify(&path, None).unwrap());
}

#[test]
fn a_case_file_of_the_first_format_is_checked_opened_and_imported() {
    let here = Desk::with_case();
    let path = here.path("old.case");
    let all = here.history.window(Time::MIN, Time::MAX).unwrap();
    let rows = here.desk.rows_of(CASE).unwrap();
    let old = Connection::open(&path).unwrap();
    old.execute_batch(super::FORMAT.migrations[0]).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    old.pragma_update(None, "application_id", super::FORMAT.application_id).unwrap();
    for row in &rows {
        old.execute(
            "INSERT INTO case_events VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            rusqlite::params![row.case, row.seq as i64, row.at, row.author, row.payload, row.hash],
        )
        .unwrap();
    }
    crate::history::tests::write_first_format(&old, &all);
    let (count, digest) = super::copy::digest(&old).unwrap();
    for (key, value) in [
        ("case", CASE.to_string()),
        ("cluster", cluster().to_string()),
        ("events", rows.len().to_string()),
        ("head", rows.last().unwrap().hash.clone()),
        ("observations", count.to_string()),
        ("observations_digest", digest),
    ] {
        old.execute("INSERT INTO meta VALUES (?1, ?2)", [key, &value]).unwrap();
    }
    drop(old);
    let before = std::fs::read(&path).unwrap();

    assert!(verify(&path, None).unwrap().intact);
    assert_eq!(open(&path).unwrap().history.window(Time::MIN, Time::MAX).unwrap(), all);
    let there = Desk::new();
    assert_eq!(there.import(&path).unwrap().history.window(Time::MIN, Time::MAX).unwrap(), all);
    assert_eq!(std::fs::read(&path).unwrap(), before, "the file stays as it is");

    tamper(&path, "UPDATE observations SET at = at + 1 WHERE seq = 7");
    assert!(why(&path).contains("observation"));
}

#[test]
fn importing_again_changes_nothing_and_a_longer_copy_adds_what_is_new() {
    let here = Desk::with_case();
    let there = Desk::new();
    let first = here.exported();
    there.import(&first).unwrap();
    there.import(&first).unwrap();
    assert_eq!(there.desk.events(CASE, 0).unwrap().len(), 5);
    assert_eq!(there.history.len().unwrap(), 31);

    here.desk.append(CASE, &[noted(9, "found it")]).unwrap();
    there.import(&here.exported()).unwrap();
    assert_eq!(there.desk.events(CASE, 0).unwrap(), here.desk.events(CASE, 0).unwrap());
}

#[test]
fn a_case_that_went_on_in_two_places_is_refused() {
    let here = Desk::with_case();
    let there = Desk::new();
    there.import(&here.exported()).unwrap();
    here.desk.append(CASE, &[noted(9, "here")]).unwrap();
    there.desk.append(CASE, &[noted(9, "there")]).unwrap();
    let error = there.import(&here.exported()).err().unwrap();
    assert!(error.to_string().contains("another event 6"), "{error}");
    assert_eq!(there.desk.events(CASE, 0).unwrap().len(), 6);
}

#[test]
fn what_was_decided_at_another_desk_starts_nothing_here() {
    let here = Desk::with_case();
    let step = |call: u128, step: CallStep| {
        written(7, CaseFact::Call(CallFact { call: CallId(Uuid::from_u128(call)), revision: 1, step }))
    };
    let allowed = CallStep::Ruled { ruling: Ruling::Allowed { rule: "mine".into() } };
    let approved = CallStep::Approved { digest: "d".into() };
    let denied = CallStep::Denied { reason: "no".into() };
    here.desk.append(CASE, &[step(1, approved), step(2, allowed), step(3, denied)]).unwrap();

    let there = Desk::new();
    let path = here.exported();
    there.import(&path).unwrap();
    let voided = || {
        let mut voided = Vec::new();
        for event in there.desk.events(CASE, 8).unwrap() {
            let CaseFact::Call(CallFact { call, step: CallStep::Voided { .. }, .. }) = event.fact else { panic!() };
            voided.push(call.0.as_u128());
        }
        voided
    };
    assert_eq!(voided(), [1, 2]);
    there.import(&path).unwrap();
    assert_eq!(voided(), [1, 2]);
}

#[test]
fn an_export_is_whole_or_not_there_at_all() {
    let here = Desk::with_case();
    let nowhere = here.path("no/such/folder/cart.case");
    assert!(matches!(export(&here.desk, &here.history, CASE, &nowhere), Err(Error::Store { .. })));
    let unknown = CaseId(Uuid::from_u128(9));
    let path = here.path("unknown.case");
    assert!(matches!(export(&here.desk, &here.history, unknown, &path), Err(Error::Missing { .. })));
    assert!(!path.exists());

    std::fs::write(here.path("cart.case"), "an older file").unwrap();
    open(&here.exported()).unwrap();
    let left: Vec<_> = std::fs::read_dir(here.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("unfinished"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_file_cut_anywhere_is_refused_and_never_panics() {
    let here = Desk::with_case();
    let path = here.exported();
    let bytes = std::fs::read(&path).unwrap();
    for kept in [0, 1, 50, 99, 100, 4096, bytes.len() / 2, bytes.len() - 4096, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..kept]).unwrap();
        let why = why(&path);
        assert!(why.contains("bytes") && why.contains("Copy it again"), "{kept}: {why}");
        assert!(import(&path, &here.desk, here.folder.path()).is_err());
        assert!(verify(&path, None).is_err());
    }
}

#[test]
fn bytes_changed_anywhere_are_found_and_never_panic() {
    let here = Desk::with_case();
    let path = here.exported();
    let bytes = std::fs::read(&path).unwrap();
    let mut unnoticed = Vec::new();
    for at in (100..bytes.len()).step_by(97) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x55;
        std::fs::write(&path, &changed).unwrap();
        if let Ok(file) = open(&path) {
            // Free space of a page and the numbers of rows mean nothing: then all that is said is the same.
            if file.events != here.desk.events(CASE, 0).unwrap()
                || file.history.window(Time::MIN, Time::MAX).ok() != here.history.window(Time::MIN, Time::MAX).ok()
            {
                unnoticed.push(at);
            }
        }
        let _ = verify(&path, None);
    }
    assert_eq!(unnoticed, Vec::<usize>::new());
}

#[test]
fn foreign_and_newer_files_are_refused_with_a_reason() {
    let here = Desk::with_case();
    let text = here.path("notes.case");
    std::fs::write(&text, "meeting notes ".repeat(20)).unwrap();
    assert!(why(&text).contains("not a Caseboard file"));

    assert!(why(here.desk.path().unwrap()).contains("not a case file"));

    let newer = here.exported();
    tamper(&newer, "PRAGMA user_version = 42");
    assert!(why(&newer).contains("newer Caseboard"));

    assert!(matches!(open(&here.path("missing.case")), Err(Error::Store { act: "open", .. })));
    assert!(matches!(open(here.folder.path()), Err(Error::Store { .. })));
}

#[test]
fn altered_removed_and_reordered_events_are_found() {
    let here = Desk::with_case();
    let findings = |sql: &str| {
        let path = here.exported();
        tamper(&path, sql);
        let audit = verify(&path, None).unwrap();
        assert!(!audit.intact);
        assert!(open(&path).is_err());
        audit.findings.join("; ")
    };
    let altered = findings("UPDATE case_events SET payload = replace(payload, 'again', 'away') WHERE seq = 3");
    assert!(altered.contains("event 3") && altered.contains("altered"), "{altered}");
    assert!(findings("UPDATE case_events SET at = at + 1 WHERE seq = 2").contains("event 2"));
    assert!(findings("UPDATE case_events SET author = '{\"who\":\"program\"}' WHERE seq = 4").contains("event 4"));
    let removed = findings("DELETE FROM case_events WHERE seq = 3");
    assert!(removed.contains("event 3") && removed.contains("missing"), "{removed}");
    let swapped = findings(
        "UPDATE case_events SET seq = 100 WHERE seq = 2; UPDATE case_events SET seq = 2 WHERE seq = 3;
         UPDATE case_events SET seq = 3 WHERE seq = 100",
    );
    assert!(swapped.contains("event 2") && swapped.contains("event 3"), "{swapped}");
    assert!(findings("DELETE FROM case_events WHERE seq = 5").contains("4 events, 5 were written"));
}

#[test]
fn altered_and_removed_observations_are_found() {
    let here = Desk::with_case();
    for sql in [
        "DELETE FROM observations WHERE seq = 7",
        "UPDATE observations SET at = at + 1 WHERE seq = 7",
        "UPDATE observations SET body = CAST('{\"type\":\"note\",\"author\":\"x\",\"text\":\"y\"}' AS BLOB), encoding = 0 WHERE seq = 7",
    ] {
        let path = here.exported();
        tamper(&path, sql);
        assert!(why(&path).contains("observation"), "{sql}");
        assert!(!verify(&path, None).unwrap().intact, "{sql}");
    }
    // Whoever writes the digest anew still cannot make an id fit another body.
    let path = here.exported();
    tamper(
        &path,
        "UPDATE observations SET at = at + 1 WHERE seq = 7; DELETE FROM meta WHERE key = 'observations_digest'",
    );
    let audit = verify(&path, None).unwrap();
    assert!(audit.findings.iter().any(|f| f.contains("does not say what its id was made from")), "{audit:?}");
}

#[test]
fn events_cut_off_at_the_end_are_found_with_the_noted_head() {
    let here = Desk::with_case();
    let desk = here.desk.path().unwrap().to_owned();
    let before = verify(&desk, None).unwrap();
    assert!(before.intact && before.events == 5, "{before:?}");
    assert!(verify(&desk, Some(&before.head)).unwrap().intact);

    here.desk.append(CASE, &[noted(9, "the last word")]).unwrap();
    let after = verify(&desk, Some(&before.head)).unwrap();
    assert!(after.intact, "a case that grew since is intact: {after:?}");

    let path = here.exported();
    tamper(
        &path,
        "DELETE FROM case_events WHERE seq = 6;
         UPDATE meta SET value = '5' WHERE key = 'events';
         UPDATE meta SET value = (SELECT hash FROM case_events WHERE seq = 5) WHERE key = 'head'",
    );
    assert!(verify(&path, None).unwrap().intact, "without the head nothing shows");
    let cut = verify(&path, Some(&after.head)).unwrap();
    assert!(!cut.intact);
    assert!(cut.findings[0].contains("cut off"), "{cut:?}");
}

#[test]
fn a_desk_with_several_cases_is_checked_case_by_case() {
    let here = Desk::with_case();
    let other = CaseId(Uuid::from_u128(2));
    here.desk.append(other, &[opened(), noted(2, "n")]).unwrap();
    let path = here.desk.path().unwrap().to_owned();
    let audit = verify(&path, None).unwrap();
    assert_eq!((audit.intact, audit.events, audit.head.split(',').count()), (true, 7, 2));

    tamper(
        &path,
        "DROP TRIGGER case_events_stay_as_they_are;
         UPDATE case_events SET payload = replace(payload, 'again', 'away') WHERE seq = 2",
    );
    let audit = verify(&path, Some(&audit.head)).unwrap();
    assert_eq!(audit.findings.len(), 1);
    assert!(audit.findings[0].contains(&CASE.to_string()), "{audit:?}");
    let refused = export(&here.desk, &here.history, CASE, &here.path("x.case")).unwrap_err();
    assert!(refused.to_string().contains("audit verify"), "{refused}");
    assert!(export(&here.desk, &here.history, other, &here.path("y.case")).is_ok());
}

#[test]
fn observations_of_another_cluster_do_not_pass_as_the_cases() {
    let here = Desk::with_case();
    let other = History::in_memory(ClusterId("cluster:../../elsewhere".into())).unwrap();
    let refused = export(&here.desk, &other, CASE, &here.path("x.case")).unwrap_err();
    assert!(refused.to_string().contains("elsewhere"), "{refused}");

    let path = here.exported();
    tamper(&path, "UPDATE meta SET value = 'cluster:../../elsewhere' WHERE key = 'cluster'");
    assert!(why(&path).contains("another cluster"));
    let inside = cluster_path(here.folder.path(), other.cluster());
    assert_eq!(inside.parent(), Some(here.folder.path()));
}
