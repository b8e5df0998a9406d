//! A program that is killed while it appends, again and again.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use model::{Author, CaseFact, CaseId, Time, Written};
use uuid::Uuid;

use super::{Still, cluster, line};
use crate::{DeskFile, History, Writer};

const FOLDER: &str = "CASEBOARD_TEST_KILLED_FOLDER";
const ROUNDS: u64 = 15;

fn note(text: String) -> Written {
    Written { at: Time(1), author: Author::Program, fact: CaseFact::Noted { text } }
}

/// What is killed: not a test of its own, and nothing without its variable. Appends facts and observations for ever and
/// says what the files have acknowledged.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let round: u128 = std::fs::read_to_string(folder.join("round")).unwrap().parse().unwrap();
    let desk = DeskFile::open(&folder.join("desk.db")).unwrap();
    let history = Arc::new(History::open(&folder.join("demo.db"), cluster()).unwrap());
    let writer = Writer::start(Arc::clone(&history), Arc::new(Still), |_| {}).unwrap();
    let case = CaseId(Uuid::from_u128(round + 1));
    let opened = CaseFact::Opened {
        title: "killed".into(),
        cluster: cluster(),
        cluster_name: "demo".into(),
        as_of: Time(1),
        question: None,
        incidents: vec![],
    };
    desk.append(case, &[Written { at: Time(1), author: Author::Program, fact: opened }]).unwrap();
    let first = history.len().unwrap() as i64;
    for number in first.. {
        writer.keep(line(number, "a line that was seen"));
        if number % 50 == 49 {
            let receipt = desk.append(case, &[note(format!("fact {number}"))]).unwrap();
            say(&format!("fact {}", receipt.last_seq()));
        }
        if number % 400 == 399 {
            let (done, wait) = channel();
            writer.flush(move |written| done.send(written).unwrap());
            assert!(wait.recv().unwrap());
            say(&format!("seen {}", number + 1));
        }
    }
}

fn say(what: &str) {
    use std::io::Write;
    writeln!(std::io::stderr(), "{what}").unwrap();
}

#[test]
fn a_program_killed_at_any_instant_loses_no_fact_and_corrupts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut observations, mut events) = (0, 0);
    for round in 0..ROUNDS {
        std::fs::write(folder.path().join("round"), round.to_string()).unwrap();
        let (facts, seen) = run_and_kill(folder.path(), Duration::from_millis(40 + round * 23 % 170));
        let case = CaseId(Uuid::from_u128(u128::from(round) + 1));

        for name in ["desk.db", "demo.db"] {
            let path = folder.path().join(name);
            if !path.exists() {
                continue;
            }
            let file = rusqlite::Connection::open(path).unwrap();
            let sound: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(sound, "ok", "{name} in round {round}");
        }
        let desk = DeskFile::open(&folder.path().join("desk.db")).unwrap();
        let kept = desk.events(case, 0).unwrap();
        assert!(kept.len() as u64 >= facts, "{} facts of {facts} acknowledged ones", kept.len());
        assert!(crate::case_file::verify(&folder.path().join("desk.db"), None).unwrap().intact);

        let history = History::open(&folder.path().join("demo.db"), cluster()).unwrap();
        let kept = history.window(Time::MIN, Time::MAX).unwrap();
        assert!(kept.len() as u64 >= seen, "{} observations of {seen} flushed ones", kept.len());
        // Nothing is missing in between: what is lost is the end.
        assert!(kept.iter().zip(0..).all(|(observation, number)| observation.at == Time::from_seconds(number)));
        (observations, events) = (observations.max(seen), events + facts);
    }
    assert!(observations > 0 && events > 0, "no round lived long enough to tell anything");
}

/// Gives the numbers of facts and of observations that the child said were on the disk.
fn run_and_kill(folder: &Path, after: Duration) -> (u64, u64) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "history::writer::tests::killed::child", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap());
    let (heard, first) = channel();
    let reading = std::thread::spawn(move || {
        let (mut facts, mut seen) = (0, 0);
        for line in lines.lines().map_while(Result::ok) {
            let _ = heard.send(());
            match line.split_once(' ').map(|(what, number)| (what, number.parse::<u64>())) {
                Some(("fact", Ok(number))) => facts = number,
                Some(("seen", Ok(number))) => seen = number,
                _ => panic!("the child said: {line}"),
            }
        }
        (facts, seen)
    });
    // The instant counts from the first sign of life, so that a slow start is not all that is ever killed.
    let _ = first.recv_timeout(Duration::from_secs(60));
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    reading.join().unwrap()
}
