use std::collections::BTreeMap;

use gate::CallState;
use model::{CallId, CallStep, CaseEvent, CaseFact, Decision, Risk, Ruling};
use serde_json::json;

use super::stage::{CASE, Script, Stage, call, engineer};
use crate::runner::transcript::OTHER_WAY;
use crate::{Move, Pause, Seen};

fn narrate(text: &str) -> Move {
    Move::Narrate { text: text.into() }
}

fn moves() -> Vec<Move> {
    vec![
        narrate("I begin."),
        Move::Call(call("notebook", json!({"n": 1}))),
        narrate("That was that."),
        Move::Call(call("notebook", json!({"n": "wrong"}))),
        Move::Call(call("notebook", json!({"n": 2, "fail": true}))),
        Move::Call(call("notebook", json!({"n": 3}))),
    ]
}

/// What happened, without when and under which call's id.
fn told(events: &[CaseEvent]) -> Vec<String> {
    let mut names: BTreeMap<CallId, usize> = BTreeMap::new();
    let mut line = |event: &CaseEvent| match &event.fact {
        CaseFact::Call(fact) => {
            let next = names.len();
            let name = *names.entry(fact.call).or_insert(next);
            format!("call {name}.{} {:?}", fact.revision, fact.step)
        }
        fact => format!("{fact:?}"),
    };
    events.iter().map(&mut line).collect()
}

/// Every call was proposed once and started at most once for each revision; every started one ended.
fn in_order(stage: &Stage) {
    let mut proposed: Vec<String> = Vec::new();
    let mut started: Vec<(CallId, u32)> = Vec::new();
    for event in stage.events() {
        let CaseFact::Call(fact) = event.fact else { continue };
        match fact.step {
            CallStep::Proposed { digest, .. } => {
                assert!(!proposed.contains(&digest), "{digest} was proposed twice");
                proposed.push(digest);
            }
            CallStep::Started { .. } => {
                assert!(!started.contains(&(fact.call, fact.revision)), "started twice");
                started.push((fact.call, fact.revision));
            }
            _ => {}
        }
    }
    assert!(stage.calls().iter().all(|call| call.state != CallState::Running));
    assert_eq!(stage.conclusions().len(), 1);
}

#[tokio::test]
async fn a_program_that_is_made_anew_at_every_pause_does_what_one_that_lives_on_does() {
    let steady = Stage::new();
    steady.say_yes(&mut steady.runner(Script::new(moves()))).await;

    let shaky = Stage::new();
    loop {
        match shaky.runner(Script::new(moves())).advance().await.unwrap() {
            Pause::AwaitingDecision(id) => shaky.approve(id),
            Pause::AwaitingRelease(id) => shaky.release(id),
            Pause::AwaitingSend | Pause::Concluded => break,
        }
    }
    assert_eq!(told(&shaky.events()), told(&steady.events()));
    assert_eq!(*shaky.ran.lock().unwrap(), *steady.ran.lock().unwrap());
    in_order(&shaky);
}

#[tokio::test]
async fn a_program_killed_after_any_append_goes_on_where_the_case_stands() {
    let steady = Stage::new();
    steady.say_yes(&mut steady.runner(Script::new(moves()))).await;
    let whole = steady.events();
    assert!(whole.len() > 20, "{}", whole.len());

    // A proposal, what policy says of it and the question are one append.
    let within_an_append = |event: &CaseEvent| {
        matches!(
            &event.fact,
            CaseFact::Call(fact) if matches!(fact.step, CallStep::Proposed { .. } | CallStep::Ruled { ruling: Ruling::Ask })
        )
    };
    for kept in (1..=whole.len()).filter(|kept| !within_an_append(&whole[kept - 1])) {
        let stage = Stage::with(&whole[..kept]);
        let was_running = stage.calls().iter().any(|call| call.state == CallState::Running);
        stage.say_yes(&mut stage.runner(Script::new(moves()))).await;
        in_order(&stage);
        let events = stage.events();
        assert_eq!(events[..kept], whole[..kept], "what was written stays");
        if was_running {
            assert!(stage.calls().iter().any(|call| matches!(call.state, CallState::Interrupted { .. })));
        } else {
            assert_eq!(told(&events), told(&whole), "killed after event {kept}");
        }
    }
}

#[tokio::test]
async fn a_read_that_was_running_when_the_program_died_is_interrupted_and_told_so() {
    let stage = Stage::new();
    let asks = || Script::new(vec![Move::Call(call("notebook", json!({"n": 1, "hang": true})))]);
    let mut runner = stage.runner(asks());
    let Pause::AwaitingDecision(id) = runner.advance().await.unwrap() else { panic!() };
    stage.approve(id);
    // The tool never answers; the program goes away under it.
    tokio::select! {
        biased;
        pause = runner.advance() => panic!("{pause:?}"),
        () = async { while stage.ran.lock().unwrap().is_empty() { tokio::task::yield_now().await } } => {}
    }
    assert_eq!(stage.calls()[0].state, CallState::Running);
    drop(runner);

    let script = asks();
    let seen = script.seen.clone();
    assert_eq!(stage.runner(script).advance().await.unwrap(), Pause::Concluded);
    assert!(matches!(stage.calls()[0].state, CallState::Interrupted { .. }));
    assert!(
        matches!(seen.lock().unwrap().last(), Some(Seen::Failed { error, .. }) if error.starts_with("interrupted"))
    );
    assert_eq!(stage.ran.lock().unwrap().len(), 1, "it is not run again by itself");
}

#[tokio::test]
async fn a_write_that_was_running_when_the_program_died_may_have_happened() {
    let mut stage = Stage::new();
    stage.risk = Risk::Write;
    let asks = || Script::new(vec![Move::Call(call("notebook", json!({"n": 1})))]);
    let Pause::AwaitingDecision(id) = stage.runner(asks()).advance().await.unwrap() else { panic!() };
    stage.approve(id);
    drop(stage.door.start(CASE, id).unwrap());

    let script = asks();
    let seen = script.seen.clone();
    assert_eq!(stage.runner(script).advance().await.unwrap(), Pause::Concluded);
    assert!(matches!(stage.calls()[0].state, CallState::OutcomeUnknown { .. }));
    assert!(matches!(seen.lock().unwrap().last(), Some(Seen::Failed { error, .. }) if error.contains("may have run")));
    assert!(stage.ran.lock().unwrap().is_empty(), "it is not run again by itself");
}

#[tokio::test]
async fn an_investigator_that_changed_its_mind_takes_its_open_call_back_and_goes_on() {
    let stage = Stage::new();
    let old = || Script::new(vec![narrate("I begin."), Move::Call(call("notebook", json!({"n": 1})))]);
    let new = || Script::new(vec![narrate("I begin."), Move::Call(call("notebook", json!({"n": 2})))]);
    let Pause::AwaitingDecision(first) = stage.runner(old()).advance().await.unwrap() else { panic!() };

    let Pause::AwaitingDecision(second) = stage.runner(new()).advance().await.unwrap() else { panic!() };
    assert_ne!(first, second);
    assert!(matches!(stage.calls()[0].state, CallState::Withdrawn { .. }), "nobody waits for it any more");
    assert_eq!(stage.narrated().iter().filter(|text| *text == OTHER_WAY).count(), 1);

    // And a restart on the new way neither asks nor turns again.
    let mut runner = stage.runner(new());
    assert_eq!(runner.advance().await.unwrap(), Pause::AwaitingDecision(second));
    stage.say_yes(&mut runner).await;
    assert_eq!(stage.calls().len(), 2);
    assert_eq!(stage.narrated().iter().filter(|text| *text == OTHER_WAY).count(), 1);
    assert_eq!(*stage.ran.lock().unwrap(), [json!({"n": 2})]);
}

#[tokio::test]
async fn an_edit_and_a_denial_survive_a_restart() {
    let stage = Stage::new();
    let asks = || {
        let second = Move::Call(call("notebook", json!({"n": 2})));
        Script::new(vec![Move::Call(call("notebook", json!({"n": 1}))), second])
    };
    let Pause::AwaitingDecision(id) = stage.runner(asks()).advance().await.unwrap() else { panic!() };
    stage.edit(id, json!({"n": 10}), "more");
    let Pause::AwaitingRelease(_) = stage.runner(asks()).advance().await.unwrap() else { panic!() };
    stage.release(id);
    let Pause::AwaitingDecision(id) = stage.runner(asks()).advance().await.unwrap() else { panic!() };
    stage.door.deny(CASE, id, "enough", engineer()).unwrap();
    assert_eq!(stage.runner(asks()).advance().await.unwrap(), Pause::Concluded);
    assert_eq!(*stage.ran.lock().unwrap(), [json!({"n": 10})]);
    let decisions: Vec<Decision> = stage.calls().iter().map(|call| call.decision).collect();
    assert_eq!(decisions, [Decision::Edited, Decision::Denied]);
    let before = stage.events();
    assert_eq!(stage.runner(asks()).advance().await.unwrap(), Pause::Concluded);
    assert_eq!(stage.events(), before);
}
