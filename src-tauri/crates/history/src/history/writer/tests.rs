#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use model::{Body, Clock, ClusterId, LogBody, ObjectRef, Observation, Source, Time};

use super::Writer;
use crate::{History, Query};

const LONG: Duration = Duration::from_secs(120);

struct Still;

impl Clock for Still {
    fn now(&self) -> Time {
        Time::from_seconds(1_000)
    }
}

fn cluster() -> ClusterId {
    ClusterId("cluster:demo".into())
}

fn line(number: i64, text: &str) -> Observation {
    let body = LogBody { container: "app".into(), previous: false, text: text.into(), ..LogBody::default() };
    let (at, subject) = (Time::from_seconds(number), ObjectRef::new("Pod", "shop", "cart"));
    Observation::new(cluster(), at, at, Source::Watch, Some(subject), Body::Log(body))
}

/// A text that does not shrink.
fn noise(number: i64) -> String {
    (0..40).map(|part| blake3::hash(&(number * 1000 + part).to_le_bytes()).to_hex().to_string()).collect()
}

struct Stage {
    folder: tempfile::TempDir,
    history: Arc<History>,
    writer: Writer,
    told: Receiver<Option<String>>,
}

impl Stage {
    fn new() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let history = Arc::new(History::open(&folder.path().join("demo.db"), cluster()).unwrap());
        let (tell, told) = channel();
        let writer =
            Writer::start(Arc::clone(&history), Arc::new(Still), move |said| tell.send(said).unwrap()).unwrap();
        Stage { folder, history, writer, told }
    }

    fn flush(&self) -> bool {
        let (done, wait) = channel();
        self.writer.flush(move |written| done.send(written).unwrap());
        wait.recv_timeout(LONG).unwrap()
    }

    fn pages(&self, most: i64) {
        self.history.store().outside_transaction("limit", &format!("PRAGMA max_page_count = {most}")).unwrap();
    }

    fn in_file(&self) -> Vec<Observation> {
        History::open_recorded(&self.folder.path().join("demo.db")).unwrap().window(Time::MIN, Time::MAX).unwrap()
    }
}

#[test]
fn what_was_handed_over_is_in_the_file_after_a_flush_and_in_order() {
    let stage = Stage::new();
    let all: Vec<Observation> = (0..3000).map(|number| line(number, "text")).collect();
    for observation in &all {
        stage.writer.keep(observation.clone());
    }
    assert!(stage.flush());
    assert_eq!(stage.in_file(), all);
    assert!(stage.told.try_recv().is_err());
}

#[test]
fn dropping_the_writer_writes_what_waits() {
    let Stage { folder, history, writer, told } = Stage::new();
    for number in 0..50 {
        writer.keep(line(number, "text"));
    }
    drop(writer);
    // The thread ends after its last write, and with it the other end.
    assert!(told.recv_timeout(LONG).is_err());
    assert_eq!(history.len().unwrap(), 50);
    drop(folder);
}

#[test]
fn a_full_disk_degrades_the_watch_to_memory_and_nothing_is_lost_when_there_is_room_again() {
    let stage = Stage::new();
    stage.writer.keep(line(0, "before"));
    assert!(stage.flush());
    stage.pages(1);
    let all: Vec<Observation> = (1..200).map(|number| line(number, &noise(number))).collect();
    for observation in &all {
        stage.writer.keep(observation.clone());
    }
    let said = stage.told.recv_timeout(LONG).unwrap().unwrap();
    assert!(said.contains("in memory only") && said.contains("disk is full"), "{said}");
    assert!(!stage.flush());

    // The present goes on, and what is held can be cited.
    let seen = stage.history.window(Time::MIN, Time::MAX).unwrap();
    assert_eq!(seen[1..], all);
    assert_eq!(stage.history.get(&all[77].id).unwrap().as_ref(), Some(&all[77]));
    let newest = Query { types: vec!["log"], limit: Some(3), ..Query::default() };
    assert_eq!(stage.history.find(&newest).unwrap(), all[196..]);
    assert_eq!(stage.in_file().len(), 1);
    let object = Body::Object {
        api_version: "v1".into(),
        uid: "a".into(),
        resource_version: "1".into(),
        change: model::ChangeKind::Present,
        object: serde_json::json!({"spec": 1}).into(),
    };
    let pod = ObjectRef::new("Pod", "shop", "cart");
    let at = Time::from_seconds(500);
    stage.history.hold(vec![Observation::new(cluster(), at, at, Source::Watch, Some(pod.clone()), object)]);
    for snapshot in [stage.history.present(Time::MAX).unwrap(), stage.history.snapshot(Time::MAX).unwrap()] {
        assert!(snapshot.objects.contains_key(&pod));
    }
    let near = stage.history.neighbourhood(Time::MAX, Time::MIN, std::slice::from_ref(&pod)).unwrap();
    assert!(near.objects.contains_key(&pod));
    assert_eq!(stage.history.versions_of(&pod, Time::MAX, 10).unwrap().len(), 1);

    stage.pages(1 << 20);
    assert!(stage.flush());
    assert_eq!(stage.told.recv_timeout(LONG).unwrap(), None);
    assert_eq!(stage.in_file()[1..200], all);
    assert_eq!(stage.history.window(Time::MIN, Time::MAX).unwrap().len(), 201);
}

#[test]
fn a_locked_file_degrades_the_watch_to_memory_until_the_lock_is_gone() {
    let stage = Stage::new();
    let other = rusqlite::Connection::open(stage.folder.path().join("demo.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    stage.writer.keep(line(1, "while it is locked"));
    let said = stage.told.recv_timeout(LONG).unwrap().unwrap();
    assert!(said.contains("another program holds its lock"), "{said}");
    assert_eq!(stage.history.window(Time::MIN, Time::MAX).unwrap().len(), 1);
    other.execute_batch("COMMIT").unwrap();
    // It is tried again by itself.
    assert_eq!(stage.told.recv_timeout(LONG).unwrap(), None);
    assert_eq!(stage.in_file().len(), 1);
}

#[test]
fn what_memory_cannot_hold_is_counted_and_drawn_as_a_gap() {
    let stage = Stage::new();
    stage.pages(1);
    let most = super::super::unkept::MOST_UNKEPT as i64;
    stage.history.hold((0..most + 250).map(|number| line(number, "x")).collect());
    assert_eq!(stage.history.unkept(), (most as usize, 250));
    stage.pages(1 << 20);
    stage.history.write_unkept().unwrap();
    let gap = stage.history.snapshot(Time::MAX).unwrap().gaps.pop().unwrap();
    assert_eq!((gap.dropped, gap.from, gap.until), (250, Time::from_seconds(0), Time::from_seconds(249)));
    assert_eq!(stage.history.len().unwrap(), most as u64 + 1);
    assert_eq!(stage.history.unkept(), (0, 0));
}

#[test]
fn an_observation_that_can_never_be_written_costs_only_itself() {
    let stage = Stage::new();
    let mut foreign = line(1, "foreign");
    foreign.cluster = ClusterId("cluster:other".into());
    for observation in [line(0, "a"), foreign, line(2, "b")] {
        stage.writer.keep(observation);
    }
    assert!(stage.flush());
    assert_eq!(stage.history.len().unwrap(), 2);
}

mod killed;
