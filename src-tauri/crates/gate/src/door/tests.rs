#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use history::DeskFile;
use model::{
    Author, CallId, CallStep, CaseFact, CaseId, Clock, ClusterId, Decision, ObservationId, Preview, ResultView, Risk,
    Shown, ShownField, Terms, Time, ToolCall, Written,
};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::{Door, Refused};
use crate::{Approve, CallState, Leave, Policy, Rule, Writes, fold_case};

/// A clock that moves one second with every look.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Time {
        Time::from_seconds(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

const CASE: CaseId = CaseId(Uuid::from_u128(1));
const CALL: CallId = CallId(Uuid::from_u128(2));

fn door(desk: DeskFile) -> Door {
    let desk = Arc::new(desk);
    let opened = CaseFact::Opened {
        title: "cart is down".into(),
        cluster: ClusterId("cluster:demo".into()),
        cluster_name: "demo".into(),
        as_of: Time(0),
        question: None,
        incidents: vec![],
    };
    if desk.events(CASE, 0).unwrap().is_empty() {
        desk.append(CASE, &[Written { at: Time(0), author: engineer(), fact: opened }]).unwrap();
    }
    Door::new(desk, Arc::new(Ticking(AtomicI64::new(1))))
}

fn in_memory() -> Door {
    door(DeskFile::in_memory().unwrap())
}

fn on(path: &Path) -> Door {
    door(DeskFile::open(path).unwrap())
}

fn engineer() -> Author {
    Author::Engineer { name: "oncall".into() }
}

fn investigator() -> Author {
    Author::Investigator { name: "built-in".into() }
}

fn logs(tail: u64) -> ToolCall {
    ToolCall {
        tool: "logs".into(),
        cluster: ClusterId("cluster:demo".into()),
        args: json!({"namespace": "shop", "pod": "cart-0", "tail": tail}),
        reason: "why".into(),
        expects: String::new(),
        tainted: vec![("pod".into(), ObservationId::from("obs:9")), ("tail".into(), ObservationId::from("obs:9"))],
        shown: None,
        definition: None,
        user: None,
    }
}

fn preview() -> Preview {
    Preview { does: "reads the log".into(), diff: None, cost: "small".into(), undo: None }
}

fn result() -> ResultView {
    let observations = vec![ObservationId::from("obs:1"), ObservationId::from("obs:2")];
    ResultView { text: "panic: no route".into(), redactions: vec![], cut: None, observations, next: vec![] }
}

fn reads() -> Policy {
    Policy { approve: Approve::Reads, writes: Writes::On, ..Policy::default() }
}

fn propose(door: &Door, id: CallId, risk: Risk, policy: &Policy) -> Result<crate::Call, Refused> {
    door.propose(CASE, id, logs(10), risk, preview(), policy, investigator())
}

fn edit(door: &Door, tail: u64, policy: &Policy, approve: bool) -> Result<crate::Call, Refused> {
    let args = logs(tail).args;
    door.edit(CASE, CALL, args, "less", Risk::Read, preview(), None, Terms::default(), policy, approve, engineer())
}

fn authors(door: &Door) -> Vec<Author> {
    door.desk.events(CASE, 1).unwrap().into_iter().map(|event| event.author).collect()
}

#[test]
fn a_call_waits_is_approved_runs_once_and_is_released() {
    let door = in_memory();
    let asked = propose(&door, CALL, Risk::Read, &Policy::default()).unwrap();
    assert_eq!(asked.state, CallState::AwaitingDecision { preview: preview() });
    assert!(matches!(door.start(CASE, CALL), Err(Refused::NotNow(_))));

    door.approve(CASE, CALL, &asked.digest, engineer()).unwrap();
    let permit = door.start(CASE, CALL).unwrap();
    assert_eq!((permit.case(), permit.call(), permit.revision(), permit.what()), (CASE, CALL, 1, &logs(10)));
    assert!(matches!(door.start(CASE, CALL), Err(Refused::NotNow(_))));

    door.succeeded(CASE, CALL, result()).unwrap();
    let released = door.release(CASE, CALL, None, &[], Author::Rule { rule: "built-in".into() }).unwrap();
    assert_eq!(released.state, CallState::Released { text: "panic: no route".into(), edited: false });
    let last = door.desk.events(CASE, 0).unwrap().pop().unwrap();
    let CaseFact::Call(fact) = last.fact else { panic!("{last:?}") };
    assert_eq!(fact.step, CallStep::Released { observations: result().observations, text: result().text });
}

#[test]
fn what_a_rule_allows_is_logged_as_the_rules() {
    let door = in_memory();
    let call = propose(&door, CALL, Risk::Read, &reads()).unwrap();
    assert_eq!(call.decision, Decision::AllowedByRule);
    assert_eq!(authors(&door), [investigator(), Author::Rule { rule: "approve-reads".into() }]);
    assert!(door.start(CASE, CALL).is_ok());
}

#[test]
fn a_rule_lets_pass_as_often_as_it_says_and_each_use_is_the_rules() {
    let door = in_memory();
    let twice = Rule { name: "twice".into(), uses: Some(2), because: "a try".into(), ..Rule::default() };
    let policy = Policy { rules: vec![twice], ..Policy::default() };
    let calm = ToolCall { tainted: vec![], ..logs(10) };
    for n in 0..4 {
        let id = CallId(Uuid::from_u128(50 + n));
        let call = door.propose(CASE, id, calm.clone(), Risk::Read, preview(), &policy, investigator()).unwrap();
        let expected = if n < 2 { Decision::AllowedByRule } else { Decision::Pending };
        assert_eq!(call.decision, expected, "call {n}");
        assert!(!authors(&door).contains(&engineer()));
    }
    let by_rule = authors(&door).into_iter().filter(|author| *author == Author::Rule { rule: "twice".into() });
    assert_eq!((by_rule.count(), door.desk.uses_of("twice").unwrap()), (2, 2));
}

#[test]
fn of_two_programs_that_want_the_last_use_of_a_rule_one_asks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    let doors = [on(&path), on(&path)];
    for n in 0..8 {
        let once = Rule { name: format!("once {n}"), uses: Some(1), because: "a try".into(), ..Rule::default() };
        let policy = Policy { rules: vec![once], ..Policy::default() };
        let allowed: usize = std::thread::scope(|threads| {
            let racing = [0, 1].map(|which| {
                let (door, policy) = (&doors[which as usize], &policy);
                let id = CallId(Uuid::from_u128(1_000 + n * 2 + which));
                let calm = ToolCall { tainted: vec![], ..logs(10) };
                threads.spawn(move || {
                    let put = door.propose(CASE, id, calm, Risk::Read, preview(), policy, investigator()).unwrap();
                    put.decision == Decision::AllowedByRule
                })
            });
            racing.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
        });
        assert_eq!(allowed, 1);
    }
}

#[test]
fn what_policy_forbids_never_starts() {
    let door = in_memory();
    let broken = Policy { broken: Some("line 1".into()), ..reads() };
    let call = propose(&door, CALL, Risk::Read, &broken).unwrap();
    assert!(matches!(call.state, CallState::Forbidden { .. }));
    assert!(matches!(door.start(CASE, CALL), Err(Refused::NotNow(_))));
    assert!(matches!(door.approve(CASE, CALL, &call.digest, engineer()), Err(Refused::NotNow(_))));
}

#[test]
fn an_edited_call_returns_to_policy_before_it_can_run() {
    let door = in_memory();
    let shown = propose(&door, CALL, Risk::Read, &Policy::default()).unwrap();
    let edited = edit(&door, 5, &Policy::default(), false).unwrap();
    assert_eq!((edited.revision, &edited.call.args["tail"]), (2, &json!(5)));
    assert_eq!(edited.call.tainted.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["pod"]);
    assert_eq!(edited.edits, [(logs(10), "less".to_owned())]);
    assert!(door.start(CASE, CALL).is_err());

    assert!(matches!(door.approve(CASE, CALL, &shown.digest, engineer()), Err(Refused::Changed)));
    assert_eq!(door.approve(CASE, CALL, &edited.digest, engineer()).unwrap().decision, Decision::Edited);
    assert_eq!(door.start(CASE, CALL).unwrap().what().args, logs(5).args);
}

#[test]
fn an_edit_that_approves_still_cannot_pass_what_policy_forbids() {
    let door = in_memory();
    propose(&door, CALL, Risk::Read, &Policy::default()).unwrap();
    let broken = Policy { broken: Some("line 1".into()), ..Policy::default() };
    assert!(matches!(edit(&door, 5, &broken, true).unwrap().state, CallState::Forbidden { .. }));

    let door = in_memory();
    propose(&door, CALL, Risk::Read, &Policy::default()).unwrap();
    assert!(matches!(edit(&door, 5, &Policy::default(), true).unwrap().state, CallState::Approved { .. }));
    assert_eq!(door.start(CASE, CALL).unwrap().revision(), 2);
}

#[test]
fn a_denied_call_keeps_the_engineers_words_and_never_runs() {
    let door = in_memory();
    propose(&door, CALL, Risk::Read, &Policy::default()).unwrap();
    let denied = door.deny(CASE, CALL, "look at the node first", engineer()).unwrap();
    assert_eq!(denied.state, CallState::Denied { reason: "look at the node first".into() });
    assert!(door.start(CASE, CALL).is_err());
    assert!(propose(&door, CALL, Risk::Read, &reads()).is_err());
}

#[test]
fn nobody_but_the_engineer_decides() {
    let door = in_memory();
    let call = propose(&door, CALL, Risk::Read, &Policy::default()).unwrap();
    for author in [investigator(), Author::Program, Author::Rule { rule: "r".into() }] {
        assert!(matches!(door.approve(CASE, CALL, &call.digest, author.clone()), Err(Refused::NotYours { .. })));
        assert!(matches!(door.deny(CASE, CALL, "no", author), Err(Refused::NotYours { .. })));
    }
    door.approve(CASE, CALL, &call.digest, engineer()).unwrap();
    door.start(CASE, CALL).unwrap();
    door.succeeded(CASE, CALL, result()).unwrap();
    let error = door.release(CASE, CALL, None, &[], investigator()).unwrap_err();
    assert!(error.to_string().contains("the investigator `built-in` may not"), "{error}");
}

#[test]
fn gate_facts_cannot_be_written_past_the_gate() {
    let door = in_memory();
    let call = propose(&door, CALL, Risk::Read, &Policy::default()).unwrap();
    let step = CallStep::Approved { digest: call.digest };
    let fact = CaseFact::Call(model::CallFact { call: CALL, revision: 1, step });
    let written = Written { at: Time(1), author: engineer(), fact };
    assert!(matches!(door.write(CASE, &[written]), Err(Refused::PastTheGate)));
    let said = Written { at: Time(1), author: engineer(), fact: CaseFact::Said { text: "hm".into() } };
    assert!(door.write(CASE, &[said]).is_ok());
}

#[test]
fn a_result_is_released_as_the_engineer_wants_it() {
    let running = || {
        let door = in_memory();
        propose(&door, CALL, Risk::Read, &reads()).unwrap();
        door.start(CASE, CALL).unwrap();
        door.succeeded(CASE, CALL, result()).unwrap();
        door
    };
    let last_step = |door: &Door| match door.desk.events(CASE, 0).unwrap().pop().unwrap().fact {
        CaseFact::Call(fact) => fact.step,
        other => panic!("{other:?}"),
    };

    let door = running();
    let gone = [ObservationId::from("obs:1")];
    door.release(CASE, CALL, Some(("panic", "names a customer")), &gone, engineer()).unwrap();
    let CallStep::ReleasedEdited { observations, text, why } = last_step(&door) else { panic!("not edited") };
    assert_eq!(
        (observations, text, why),
        (vec![ObservationId::from("obs:2")], "panic".into(), "names a customer".into())
    );

    let door = running();
    door.release(CASE, CALL, None, &gone, engineer()).unwrap();
    assert!(matches!(last_step(&door), CallStep::ReleasedEdited { observations, .. } if observations.len() == 1));

    let door = running();
    door.withhold(CASE, CALL, "private", engineer()).unwrap();
    assert!(door.release(CASE, CALL, None, &[], engineer()).is_err());
    assert!(matches!(
        running().release(CASE, CALL, Some(("x", "y")), &[], Author::Program),
        Err(Refused::NotYours { .. })
    ));
}

#[test]
fn after_a_restart_reads_are_interrupted_writes_unknown_and_questions_still_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    let (read, write, pending) = (CallId(Uuid::from_u128(3)), CallId(Uuid::from_u128(4)), CallId(Uuid::from_u128(5)));
    {
        let door = on(&path);
        propose(&door, read, Risk::Read, &reads()).unwrap();
        door.start(CASE, read).unwrap();
        let asked = propose(&door, write, Risk::Write, &reads()).unwrap();
        door.approve(CASE, write, &asked.digest, engineer()).unwrap();
        door.start(CASE, write).unwrap();
        propose(&door, pending, Risk::Read, &Policy::default()).unwrap();
    }
    let door = on(&path);
    let recovered = door.recover(CASE).unwrap();
    assert_eq!(recovered.iter().map(|call| call.id).collect::<Vec<_>>(), [read, write]);
    assert!(matches!(recovered[0].state, CallState::Interrupted { .. }));
    assert!(matches!(recovered[1].state, CallState::OutcomeUnknown { .. }));
    assert!(door.recover(CASE).unwrap().is_empty());
    assert!(matches!(door.call(CASE, pending).unwrap().state, CallState::AwaitingDecision { .. }));
    assert_eq!(door.desk.cases().unwrap()[0].waiting, 1);

    // A read is tried again as a new revision; a write is read back first.
    assert_eq!(propose(&door, read, Risk::Read, &reads()).unwrap().revision, 2);
    assert!(propose(&door, write, Risk::Write, &reads()).is_err());
    assert!(matches!(door.reconcile(CASE, write, result()).unwrap().state, CallState::AwaitingRelease { .. }));
}

#[test]
fn what_does_not_exist_is_refused_by_name() {
    let door = in_memory();
    assert!(matches!(door.start(CASE, CALL), Err(Refused::NoSuchCall(CALL))));
    assert!(matches!(door.approve(CASE, CALL, "d", engineer()), Err(Refused::NoSuchCall(CALL))));
    let nowhere = CaseId(Uuid::from_u128(99));
    let proposed = door.propose(nowhere, CALL, logs(1), Risk::Read, preview(), &reads(), investigator());
    assert!(matches!(proposed, Err(Refused::Store(history::Error::Missing { .. }))));
}

#[test]
fn a_voided_approval_does_not_start() {
    let door = in_memory();
    let call = propose(&door, CALL, Risk::Write, &reads()).unwrap();
    door.approve(CASE, CALL, &call.digest, engineer()).unwrap();
    assert_eq!(door.void(CASE, CALL, "the diff changed", Author::Program).unwrap().decision, Decision::Pending);
    assert!(door.start(CASE, CALL).is_err());
    assert_eq!(propose(&door, CALL, Risk::Write, &reads()).unwrap().revision, 2);
}

fn shown(uid: &str) -> Shown {
    let field = ShownField { path: "/spec/replicas".into(), from: Some(2.into()), to: Some(5.into()) };
    Shown {
        at: Time::from_seconds(1),
        uid: uid.into(),
        at_cluster: true,
        does: String::new(),
        undo: String::new(),
        fields: vec![field],
    }
}

#[test]
fn an_approval_for_one_user_does_not_cover_another() {
    let door = in_memory();
    propose(&door, CALL, Risk::Write, &reads()).unwrap();
    let of = |user: &str| Terms { definition: None, user: Some(user.to_owned()) };
    let again = |terms| {
        let (risk, policy) = (Risk::Write, reads());
        door.ask_again(CASE, CALL, "another login", risk, preview(), None, terms, &policy, engineer())
    };
    let first = again(of("anna (1)")).unwrap();
    door.approve(CASE, CALL, &first.digest, engineer()).unwrap();
    assert_eq!(first.call.outlived(&of("anna (1)")), None);
    assert!(first.call.outlived(&of("admin (2)")).is_some_and(|why| why.contains("another user")));
    assert_eq!(first.call.outlived(&Terms::default()), None, "a recording has no user");
    let second = again(of("admin (2)")).unwrap();
    assert_ne!(second.digest, first.digest);
    assert!(matches!(second.state, CallState::AwaitingDecision { .. }), "{second:?}");
    assert!(matches!(door.approve(CASE, CALL, &first.digest, engineer()), Err(Refused::Changed)));
}

#[test]
fn an_approval_of_what_was_shown_before_does_not_cover_what_is_shown_now() {
    let door = in_memory();
    let before = propose(&door, CALL, Risk::Write, &reads()).unwrap();
    let trying = door.try_out(CASE, CALL, engineer()).unwrap();
    assert_eq!(trying.what(), &logs(10));
    let again = |shown| {
        let (risk, policy) = (Risk::Write, reads());
        door.ask_again(
            CASE,
            CALL,
            "the cluster was asked",
            risk,
            preview(),
            Some(shown),
            Terms::default(),
            &policy,
            engineer(),
        )
    };
    let now = again(shown("a")).unwrap();
    assert_eq!((now.revision, now.call.shown.as_ref()), (2, Some(&shown("a"))));
    assert_ne!(now.digest, before.digest);
    assert!(matches!(door.approve(CASE, CALL, &before.digest, engineer()), Err(Refused::Changed)));
    // The same target and difference, looked at later, is the same thing.
    let later = Shown { at: Time::from_seconds(9), ..shown("a") };
    assert_eq!(again(later).unwrap().digest, now.digest);
    assert_ne!(again(shown("b")).unwrap().digest, now.digest);
}

#[test]
fn only_a_call_that_waits_is_tried_out_and_never_by_the_investigator() {
    let door = in_memory();
    propose(&door, CALL, Risk::Write, &Policy::default()).unwrap();
    assert!(matches!(door.try_out(CASE, CALL, engineer()), Err(Refused::NotNow(_))), "policy forbade it");
    let other = CallId(Uuid::from_u128(77));
    propose(&door, other, Risk::Write, &reads()).unwrap();
    assert!(matches!(door.try_out(CASE, other, investigator()), Err(Refused::NotYours { .. })));
}

#[test]
fn what_this_program_still_runs_is_not_found_interrupted() {
    let door = in_memory();
    let asked = propose(&door, CALL, Risk::Write, &reads()).unwrap();
    door.approve(CASE, CALL, &asked.digest, engineer()).unwrap();
    let permit = door.start(CASE, CALL).unwrap();
    let running = permit.running();
    drop(permit);
    assert!(door.recover(CASE).unwrap().is_empty());
    drop(running);
    assert!(matches!(door.recover(CASE).unwrap()[0].state, CallState::OutcomeUnknown { .. }));
}

#[test]
fn what_another_program_runs_is_not_found_interrupted_until_that_program_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    let (here, elsewhere) = (on(&path), on(&path));
    propose(&here, CALL, Risk::Read, &reads()).unwrap();
    let permit = here.start(CASE, CALL).unwrap();
    assert!(elsewhere.recover(CASE).unwrap().is_empty());
    assert_eq!(elsewhere.call(CASE, CALL).unwrap().state, CallState::Running);
    drop(permit);
    assert!(matches!(elsewhere.recover(CASE).unwrap()[0].state, CallState::Interrupted { .. }));
    assert_eq!(std::fs::read_dir(path.with_extension("running")).unwrap().count(), 0, "nothing is left behind");
}

/// Counts decisions and starts of each revision, and folds the whole case.
fn assert_sound(door: &Door) {
    let events = door.desk.events(CASE, 0).unwrap();
    fold_case(&events).unwrap();
    let mut seen = std::collections::HashSet::new();
    for event in events {
        let CaseFact::Call(fact) = event.fact else { continue };
        let what = match fact.step {
            CallStep::Approved { .. }
            | CallStep::Edited { .. }
            | CallStep::Denied { .. }
            | CallStep::Withdrawn { .. }
            | CallStep::Expired { .. } => "decision",
            CallStep::Started { .. } => "start",
            _ => continue,
        };
        assert!(seen.insert((fact.call, fact.revision, what)), "two of {what} in revision {}", fact.revision);
    }
}

#[test]
fn of_two_programs_that_start_one_call_at_once_one_gets_the_permit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    let doors = [on(&path), on(&path)];
    for n in 0..20 {
        let call = CallId(Uuid::from_u128(100 + n));
        propose(&doors[0], call, Risk::Read, &reads()).unwrap();
        let permits: usize = std::thread::scope(|threads| {
            let racing = doors.each_ref().map(|door| threads.spawn(move || door.start(CASE, call).is_ok()));
            racing.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
        });
        assert_eq!(permits, 1);
    }
    assert_sound(&doors[0]);
}

#[test]
fn of_an_approval_and_a_denial_at_once_one_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    let (one, two) = (on(&path), on(&path));
    for n in 0..20 {
        let call = CallId(Uuid::from_u128(100 + n));
        let digest = propose(&one, call, Risk::Read, &Policy::default()).unwrap().digest;
        let (approved, denied) = std::thread::scope(|threads| {
            let approving = threads.spawn(|| one.approve(CASE, call, &digest, engineer()).is_ok());
            let denying = threads.spawn(|| two.deny(CASE, call, "no", engineer()).is_ok());
            (approving.join().unwrap(), denying.join().unwrap())
        });
        assert!(approved != denied);
        assert_eq!(two.start(CASE, call).is_ok(), approved);
    }
    assert_sound(&one);
}

/// One of the things that anybody can try.
fn attempt(door: &Door, act: u8) {
    let shown = door.call(CASE, CALL).map(|call| call.digest).unwrap_or_default();
    let _ = match act {
        0 | 1 => propose(door, CALL, Risk::Read, &Policy::default()).map(drop),
        2 => propose(door, CALL, Risk::Write, &reads()).map(drop),
        3 | 4 => door.approve(CASE, CALL, &shown, engineer()).map(drop),
        5 => door.deny(CASE, CALL, "no", engineer()).map(drop),
        6 => edit(door, 5, &Policy::default(), false).map(drop),
        7 => edit(door, 6, &reads(), true).map(drop),
        8 | 9 => door.start(CASE, CALL).map(drop),
        10 => door.failed(CASE, CALL, "time-out", "again").map(drop),
        11 => door.recover(CASE).map(drop),
        12 => door.void(CASE, CALL, "drift", Author::Program).map(drop),
        _ => door.succeeded(CASE, CALL, result()).map(drop),
    };
}

/// Whatever was written when the program ended is found again: a decision is not asked for twice, a start is not made twice.
fn assert_survives(events: &[model::CaseEvent]) {
    for cut in 1..=events.len() {
        let desk = DeskFile::in_memory().unwrap();
        for event in &events[..cut] {
            let model::CaseEvent { at, author, fact, .. } = event.clone();
            desk.append(CASE, &[Written { at, author, fact }]).unwrap();
        }
        let again = door(desk);
        again.recover(CASE).unwrap();
        let Ok(call) = again.call(CASE, CALL) else { continue };
        let steps = events[..cut].iter().filter_map(|event| match &event.fact {
            CaseFact::Call(fact) if fact.revision == call.revision => Some(&fact.step),
            _ => None,
        });
        let (mut decided, mut started) = (false, false);
        for step in steps {
            decided |= matches!(step, CallStep::Approved { .. } | CallStep::Denied { .. } | CallStep::Edited { .. });
            started |= matches!(step, CallStep::Started { .. });
        }
        let waits =
            matches!(call.state, CallState::Proposed | CallState::Previewing | CallState::AwaitingDecision { .. });
        assert!(!(decided && waits), "cut after event {cut}: {:?}", call.state);
        if started {
            assert!(again.start(CASE, CALL).is_err(), "cut after event {cut}: it began twice");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_two_programs_try_the_case_stays_sound(acts in proptest::collection::vec((0usize..2, 0u8..14), 1..60)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let doors = [on(&path), on(&path)];
        for (program, act) in acts {
            let door = &doors[program];
            attempt(door, act);
        }
        assert_sound(&doors[0]);
    }

    #[test]
    fn a_program_that_ends_after_any_append_loses_no_decision(acts in proptest::collection::vec(0u8..14, 1..24)) {
        let door = in_memory();
        for act in acts {
            attempt(&door, act);
        }
        assert_survives(&door.desk.events(CASE, 0).unwrap());
    }
}
