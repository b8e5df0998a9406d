#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use model::{
    Author, Blueprint, CallFact, CallId, CallStep, CaseFact, CaseId, ClusterId, Conclusion, Hypothesis, Preview,
    ResultView, Risk, Ruling, Time, ToolCall, Written,
};
use uuid::Uuid;

use super::DeskFile;
use crate::Error;

fn case(n: u128) -> CaseId {
    CaseId(Uuid::from_u128(n))
}

fn call(n: u128) -> CallId {
    CallId(Uuid::from_u128(n))
}

fn written(at: i64, fact: CaseFact) -> Written {
    Written { at: Time::from_seconds(at), author: Author::Program, fact }
}

fn opened(at: i64) -> Written {
    written(
        at,
        CaseFact::Opened {
            title: "cart is down".into(),
            cluster: ClusterId("cluster:demo".into()),
            cluster_name: "demo".into(),
            as_of: Time::from_seconds(at),
            question: None,
            incidents: vec![],
        },
    )
}

fn noted(at: i64, text: &str) -> Written {
    written(at, CaseFact::Noted { text: text.into() })
}

fn step(at: i64, call: CallId, step: CallStep) -> Written {
    written(at, CaseFact::Call(CallFact { call, revision: 1, step }))
}

fn proposed(at: i64, id: CallId) -> Written {
    let call = ToolCall::new("logs", ClusterId("cluster:demo".into()), serde_json::json!({"namespace": "shop"}));
    step(at, id, CallStep::Proposed { digest: call.digest(), call, risk: Risk::Read })
}

fn asked(at: i64, id: CallId) -> Written {
    let preview = Preview { does: "reads".into(), diff: None, cost: String::new(), undo: None };
    step(at, id, CallStep::Asked { preview })
}

fn approved() -> CallStep {
    CallStep::Approved { digest: "d".into() }
}

fn denied() -> CallStep {
    CallStep::Denied { reason: "no".into() }
}

#[test]
fn events_come_back_in_order_and_each_receipt_continues_the_chain() {
    let desk = DeskFile::in_memory().unwrap();
    let first = desk.append(case(1), &[opened(1), noted(2, "first")]).unwrap();
    assert_eq!((first.first_seq(), first.last_seq()), (1, 2));
    let second = desk.append(case(1), &[noted(3, "second")]).unwrap();
    assert_eq!((second.first_seq(), second.last_seq()), (3, 3));
    assert_ne!(first.head(), second.head());

    let events = desk.events(case(1), 0).unwrap();
    assert_eq!(events.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(events[2].fact, CaseFact::Noted { text: "second".into() });
    assert_eq!(desk.events(case(1), 2).unwrap(), events[2..]);
}

#[test]
fn a_case_begins_with_its_opening_and_is_opened_once() {
    let desk = DeskFile::in_memory().unwrap();
    assert!(matches!(desk.append(case(1), &[noted(1, "too early")]), Err(Error::Missing { what: "case", .. })));
    desk.append(case(1), &[opened(1)]).unwrap();
    assert!(matches!(desk.append(case(1), &[opened(2)]), Err(Error::Duplicate { .. })));
    assert!(desk.events(case(2), 0).unwrap().is_empty());
}

#[test]
fn a_revision_has_one_decision_even_from_two_programs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    let (one, two) = (DeskFile::open(&path).unwrap(), DeskFile::open(&path).unwrap());
    one.append(case(1), &[opened(1), proposed(2, call(1)), asked(3, call(1))]).unwrap();
    one.append(case(1), &[step(4, call(1), approved())]).unwrap();
    let error = two.append(case(1), &[noted(5, "lost with it"), step(5, call(1), denied())]).unwrap_err();
    assert!(matches!(&error, Error::Duplicate { what } if what.contains("decision")), "{error}");
    assert_eq!(two.events(case(1), 0).unwrap().len(), 4);

    let started = || step(6, call(1), CallStep::Started { digest: "d".into() });
    two.append(case(1), &[started()]).unwrap();
    assert!(matches!(one.append(case(1), &[started()]), Err(Error::Duplicate { what }) if what.contains("start")));
}

#[test]
fn facts_built_on_what_is_no_longer_the_last_word_are_not_written() {
    let desk = DeskFile::in_memory().unwrap();
    desk.append(case(1), &[opened(1), proposed(2, call(1)), noted(3, "in between")]).unwrap();
    let seen = desk.events_of_call(case(1), call(1)).unwrap().last().unwrap().seq;
    assert_eq!(seen, 2);
    assert!(desk.append_after(case(1), call(1), seen, &[asked(4, call(1))], &[]).unwrap().is_some());
    assert!(desk.append_after(case(1), call(1), seen, &[step(5, call(1), approved())], &[]).unwrap().is_none());
    assert_eq!(desk.events(case(1), 0).unwrap().len(), 4);
}

#[test]
fn the_last_use_of_a_rule_is_had_by_one_of_two_programs_and_written_with_the_facts_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    let (one, two) = (DeskFile::open(&path).unwrap(), DeskFile::open(&path).unwrap());
    one.append(case(1), &[opened(1)]).unwrap();
    let uses = [("twice".to_owned(), Some(2))];
    let rests_on = |desk: &DeskFile, n: u128| desk.append_after(case(1), call(n), 0, &[proposed(2, call(n))], &uses);
    assert!(rests_on(&one, 1).unwrap().is_some());
    // What is refused for another reason uses nothing.
    assert!(rests_on(&two, 1).unwrap().is_none());
    assert_eq!(two.uses_of("twice").unwrap(), 1);
    assert!(rests_on(&two, 2).unwrap().is_some());
    assert!(rests_on(&one, 3).unwrap().is_none());
    assert_eq!((one.uses_of("twice").unwrap(), one.uses_of("other").unwrap()), (2, 0));
    assert_eq!(one.events(case(1), 0).unwrap().len(), 3);
    let raw = rusqlite::Connection::open(&path).unwrap();
    assert!(raw.execute("DELETE FROM rule_uses", []).is_err());
}

#[test]
fn events_can_be_neither_changed_nor_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    DeskFile::open(&path).unwrap().append(case(1), &[opened(1)]).unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    assert!(raw.execute("UPDATE case_events SET at = 0", []).is_err());
    assert!(raw.execute("DELETE FROM case_events", []).is_err());
}

#[test]
fn a_case_waits_while_a_call_is_undecided_or_its_result_unreleased() {
    let desk = DeskFile::in_memory().unwrap();
    let waiting = |expected: u32| assert_eq!(desk.cases().unwrap()[0].waiting, expected);
    let write = |fact: Written| drop(desk.append(case(1), &[fact]).unwrap());
    write(opened(1));
    write(proposed(2, call(1)));
    waiting(0);
    write(asked(3, call(1)));
    waiting(1);
    write(proposed(3, call(2)));
    write(asked(3, call(2)));
    waiting(2);
    write(step(4, call(2), denied()));
    write(step(4, call(1), approved()));
    waiting(0);
    write(step(5, call(1), CallStep::Started { digest: "d".into() }));
    let result = ResultView { text: "t".into(), redactions: vec![], cut: None, observations: vec![], next: vec![] };
    write(step(6, call(1), CallStep::Succeeded { result }));
    waiting(1);
    write(step(7, call(1), CallStep::Withheld { reason: "private".into() }));
    waiting(0);
}

#[test]
fn cases_are_listed_by_last_touch_and_know_whether_they_concluded() {
    let desk = DeskFile::in_memory().unwrap();
    let investigation = |at| {
        let (investigator, knowledge_digest) = ("built-in".into(), "k".into());
        written(
            at,
            CaseFact::InvestigationStarted {
                investigator,
                knowledge_digest,
                as_of: Time::from_seconds(at),
                budget: None,
            },
        )
    };
    let conclusion =
        Conclusion { abstained: true, summary: "thin".into(), hypotheses: vec![], not_checked: vec![], argument: None };
    desk.append(case(1), &[opened(1), investigation(2), written(9, CaseFact::Concluded { conclusion })]).unwrap();
    desk.append(case(2), &[opened(5), noted(6, "n")]).unwrap();
    let listed: Vec<_> = desk.cases().unwrap().into_iter().map(|c| (c.id, c.concluded)).collect();
    assert_eq!(listed, [(case(1), true), (case(2), false)]);

    desk.append(case(1), &[investigation(10)]).unwrap();
    assert!(!desk.case(case(1)).unwrap().concluded);
    assert!(matches!(desk.case(case(3)), Err(Error::Missing { .. })));
}

#[test]
fn a_fact_that_could_not_be_read_back_is_not_written() {
    let desk = DeskFile::in_memory().unwrap();
    desk.append(case(1), &[opened(1)]).unwrap();
    let hypothesis = Hypothesis {
        id: "h".into(),
        rank: 1,
        incident: model::IncidentId("incident:1".into()),
        object: model::ObjectRef::global("Node", "n1"),
        failure_mode: "f".into(),
        mechanism: String::new(),
        probability: f64::NAN,
        evidence: vec![],
        against: vec![],
        fix: None,
        open_checks: vec![],
    };
    let fact = CaseFact::HypothesesMoved { hypotheses: vec![hypothesis], because: String::new() };
    assert!(desk.append(case(1), &[written(2, fact)]).unwrap_err().to_string().contains("not a number"));
    assert_eq!(desk.events(case(1), 0).unwrap().len(), 1);
}

#[test]
fn a_ruling_is_kept_as_the_rules_own() {
    let desk = DeskFile::in_memory().unwrap();
    let author = Author::Rule { rule: "logs-in-shop".into() };
    let ruling = Ruling::Allowed { rule: "logs-in-shop".into() };
    let fact = CaseFact::Call(CallFact { call: call(1), revision: 1, step: CallStep::Ruled { ruling } });
    let at = Time::from_seconds(2);
    desk.append(case(1), &[opened(1), Written { at, author: author.clone(), fact }]).unwrap();
    assert_eq!(desk.events(case(1), 1).unwrap()[0].author, author);
}

#[test]
fn a_blueprint_gets_a_version_per_change_and_returns_after_retirement() {
    let desk = DeskFile::in_memory().unwrap();
    let put = |at: i64, summary: &str| {
        let blueprint = Blueprint { name: "cart".into(), summary: summary.into(), ..Blueprint::default() };
        desk.put_blueprint("oncall", Time::from_seconds(at), &blueprint).unwrap().version
    };
    assert_eq!([put(1, "a"), put(2, "a"), put(3, "b")], [1, 1, 2]);
    assert_eq!(desk.blueprints().unwrap()[0].blueprint.summary, "b");
    assert_eq!(desk.blueprints().unwrap()[0].author, "oncall");

    desk.retire_blueprint("oncall", Time::from_seconds(4), "cart").unwrap();
    desk.retire_blueprint("oncall", Time::from_seconds(4), "cart").unwrap();
    assert!(desk.blueprints().unwrap().is_empty());
    assert_eq!(desk.blueprint_versions("cart").unwrap().len(), 2);
    assert_eq!(put(5, "b"), 3);
    assert_eq!(desk.blueprints().unwrap()[0].version, 3);
    assert!(matches!(desk.retire_blueprint("oncall", Time(0), "none"), Err(Error::Missing { .. })));
}

#[test]
fn settings_are_kept_and_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    let desk = DeskFile::open(&path).unwrap();
    assert_eq!(desk.setting("theme").unwrap(), None);
    desk.set_setting("theme", "dark").unwrap();
    desk.set_setting("theme", "light").unwrap();
    drop(desk);
    let again = DeskFile::open(&path).unwrap();
    assert_eq!(again.setting("theme").unwrap().as_deref(), Some("light"));
    assert_eq!(again.path(), Some(path.as_path()));
}

#[test]
fn a_probability_comes_back_to_the_last_bit() {
    let text = |value: f64| serde_json::to_string(&value).unwrap();
    let lost: Vec<f64> = (1..2000)
        .map(|n| f64::from(n) / 2003.0)
        .filter(|value| serde_json::from_str::<f64>(&text(*value)).unwrap().to_bits() != value.to_bits())
        .collect();
    assert_eq!(lost, Vec::<f64>::new());
}

/// Set in the child process: the file it appends to.
const APPENDS_TO: &str = "CASEBOARD_TEST_APPENDS_TO";

#[test]
fn a_program_killed_while_it_appends_loses_no_fact() {
    if let Some(path) = std::env::var_os(APPENDS_TO) {
        append_until_killed(std::path::Path::new(&path));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    let mut committed = 0;
    for round in 1..=5 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "desk_file::tests::a_program_killed_while_it_appends_loses_no_fact"])
            .env(APPENDS_TO, &path)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let said = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
        // The child says each number only after its append returned; it dies somewhere in the next one.
        let mut numbers =
            said.map_while(Result::ok).filter_map(|line| line.strip_prefix("committed ")?.parse::<u64>().ok());
        for number in numbers.by_ref().take(20 + round * 7) {
            committed = number;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        drop(numbers);

        let events = DeskFile::open(&path).unwrap().events(case(1), 0).unwrap();
        assert!(events.len() as u64 >= committed, "{} of {committed} events are left", events.len());
        let audit = crate::case_file::verify(&path, None).unwrap();
        assert!(audit.intact, "{audit:?}");
    }
    assert!(committed >= 5 * 20);
}

fn append_until_killed(path: &std::path::Path) -> ! {
    use std::io::Write;

    let desk = DeskFile::open(path).unwrap();
    if desk.events(case(1), 0).unwrap().is_empty() {
        desk.append(case(1), &[opened(1)]).unwrap();
    }
    loop {
        let receipt = desk.append(case(1), &[noted(2, "one"), noted(2, "two")]).unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "\ncommitted {}", receipt.last_seq()).unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn a_full_disk_refuses_a_fact_with_a_clear_error_and_takes_the_next_one_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    let desk = DeskFile::open(&path).unwrap();
    desk.append(case(1), &[opened(1)]).unwrap();
    let pages = |most: i64| {
        desk.store().outside_transaction("limit", &format!("PRAGMA max_page_count = {most}")).unwrap();
    };
    pages(1);
    let long = noted(2, &"the disk is as full as it can be ".repeat(2_000));
    let error = desk.append(case(1), &[noted(2, "short"), long.clone()]).unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!(desk.events(case(1), 0).unwrap().len(), 1, "nothing of it stays");

    pages(1 << 20);
    let receipt = desk.append(case(1), &[long]).unwrap();
    assert_eq!(receipt.last_seq(), 2);
    assert!(crate::case_file::verify(&path, Some(receipt.head())).unwrap().intact);
}

#[test]
fn what_cases_cite_and_their_time_are_pinned_for_their_cluster_alone() {
    let desk = DeskFile::in_memory().unwrap();
    desk.append(case(1), &[opened(1)]).unwrap();
    let id = "obs:0123456789abcdef01234567";
    desk.append(case(1), &[noted(2, &format!("see {id}, and obs:nothing"))]).unwrap();
    let CaseFact::Opened { cluster, as_of, .. } = opened(1).fact else { panic!() };
    let pins = desk.pins(&cluster).unwrap();
    assert_eq!(pins.observations.iter().map(ToString::to_string).collect::<Vec<_>>(), [id]);
    assert_eq!(pins.windows.len(), 1);
    assert_eq!(pins.windows[0].0, as_of.plus_seconds(-3600));
    assert!(pins.windows[0].1 >= as_of);
    assert_eq!(desk.pins(&model::ClusterId("cluster:other".into())).unwrap(), crate::Pins::default());
}

#[test]
fn an_article_gets_a_version_per_change_and_an_empty_text_is_one() {
    let desk = DeskFile::in_memory().unwrap();
    let put = |at: i64, text: &str| desk.put_article("oncall", Time::from_seconds(at), "dns", text).unwrap().version;
    assert_eq!([put(1, "a"), put(2, "a"), put(3, "b"), put(4, ""), put(5, "b")], [1, 1, 2, 3, 4]);
    let texts: Vec<String> = desk.article_versions("dns").unwrap().into_iter().map(|version| version.text).collect();
    assert_eq!(texts, ["b", "", "b", "a"]);
    assert_eq!(desk.articles().unwrap().len(), 1);
    assert!(desk.article_versions("none").unwrap().is_empty());
}
