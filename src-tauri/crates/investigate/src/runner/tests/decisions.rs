use gate::{Approve, CallState};
use model::{CallStep, Decision, Risk};
use serde_json::json;

use super::stage::{CASE, Script, Stage, call, engineer};
use crate::{Move, Pause, Release, RunnerError, Seen};

fn asks(args: serde_json::Value) -> Script {
    Script::new(vec![Move::Call(call("notebook", args))])
}

#[tokio::test]
async fn a_call_waits_runs_once_approved_and_its_result_waits_for_release() {
    let stage = Stage::new();
    let script = asks(json!({"n": 1}));
    let seen = script.seen.clone();
    let mut runner = stage.runner(script);

    let Pause::AwaitingDecision(id) = runner.advance().await.unwrap() else { panic!("nobody was asked") };
    assert_eq!(runner.advance().await.unwrap(), Pause::AwaitingDecision(id), "waiting changes nothing");
    assert!(stage.ran.lock().unwrap().is_empty());

    stage.approve(id);
    assert_eq!(runner.advance().await.unwrap(), Pause::AwaitingRelease(id));
    assert_eq!(*stage.ran.lock().unwrap(), [json!({"n": 1})]);
    assert!(!seen.lock().unwrap().iter().any(|s| matches!(s, Seen::Released { .. })), "not before the release");

    stage.release(id);
    assert_eq!(runner.advance().await.unwrap(), Pause::Concluded);
    let released = seen.lock().unwrap().last().cloned();
    let Some(Seen::Released { text, edited, .. }) = released else { panic!("{released:?}") };
    assert_eq!((text.as_str(), edited), ("noted 1", None));
    assert_eq!(stage.conclusions().len(), 1);
}

#[tokio::test]
async fn an_edited_call_runs_with_the_engineers_arguments_and_never_with_the_original_ones() {
    let stage = Stage::new();
    let again = Move::Call(call("notebook", json!({"n": 1})));
    let script = Script::new(vec![again.clone(), again]);
    let seen = script.seen.clone();
    let mut runner = stage.runner(script);
    let Pause::AwaitingDecision(id) = runner.advance().await.unwrap() else { panic!() };
    stage.edit(id, json!({"n": 2}), "two is the one");
    let Pause::AwaitingRelease(_) = runner.advance().await.unwrap() else { panic!() };
    stage.release(id);
    // The script asks for the original a second time; nobody is bothered with it.
    assert_eq!(runner.advance().await.unwrap(), Pause::Concluded);

    assert_eq!(*stage.ran.lock().unwrap(), [json!({"n": 2})]);
    let seen = seen.lock().unwrap();
    let Seen::Released { call, edited, .. } = &seen[1] else { panic!("{:?}", seen[1]) };
    assert_eq!((&call.args, edited.as_deref()), (&json!({"n": 2}), Some("two is the one")));
    let Seen::Denied { reason, .. } = &seen[2] else { panic!("{:?}", seen[2]) };
    assert!(reason.contains("two is the one"), "{reason}");
    assert_eq!(stage.calls().len(), 1);
    assert_eq!(stage.calls()[0].decision, Decision::Edited);
}

#[tokio::test]
async fn a_denied_call_never_runs_and_the_words_reach_the_investigator() {
    let stage = Stage::new();
    let script = asks(json!({"n": 1}));
    let seen = script.seen.clone();
    let mut runner = stage.runner(script);
    let Pause::AwaitingDecision(id) = runner.advance().await.unwrap() else { panic!() };
    stage.door.deny(CASE, id, "look at the database first", engineer()).unwrap();
    assert_eq!(runner.advance().await.unwrap(), Pause::Concluded);
    assert!(stage.ran.lock().unwrap().is_empty());
    let last = seen.lock().unwrap().last().cloned();
    assert!(matches!(last, Some(Seen::Denied { reason, .. }) if reason == "look at the database first"));
}

#[tokio::test]
async fn a_failed_call_is_told_with_what_to_do_next() {
    let stage = Stage::new();
    let script = asks(json!({"n": 1, "fail": true}));
    let seen = script.seen.clone();
    let mut runner = stage.runner(script);
    stage.say_yes(&mut runner).await;
    let last = seen.lock().unwrap().last().cloned();
    let Some(Seen::Failed { error, hint, .. }) = last else { panic!("{last:?}") };
    assert_eq!((error.as_str(), hint.as_str()), ("no: it failed", "Try n."));
}

#[tokio::test]
async fn a_change_that_nobody_answered_may_have_been_made_and_is_not_put_down_as_failed() {
    let mut stage = Stage::new();
    stage.risk = Risk::Write;
    let script = asks(json!({"n": 1, "silent": true}));
    let seen = script.seen.clone();
    let mut runner = stage.runner(script);
    stage.say_yes(&mut runner).await;
    let because = "it may be noted: no answer".to_owned();
    assert_eq!(stage.calls()[0].state, CallState::OutcomeUnknown { because });
    let told = seen.lock().unwrap().iter().any(|seen| {
        matches!(seen, Seen::Failed { error, hint, .. } if error.contains("may have run") && hint.contains("Read"))
    });
    assert!(told, "{:?}", seen.lock().unwrap());
}

#[tokio::test]
async fn an_unknown_tool_is_put_to_nobody() {
    let stage = Stage::new();
    let script = Script::new(vec![Move::Call(call("kubectl", json!({})))]);
    let seen = script.seen.clone();
    assert_eq!(stage.runner(script).advance().await.unwrap(), Pause::Concluded);
    assert!(matches!(&seen.lock().unwrap()[1], Seen::Failed { error, .. } if error.contains("kubectl")));
    assert!(stage.calls().is_empty());
    assert_eq!(stage.narrated().len(), 1, "the case says so");
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_put_to_nobody() {
    let stage = Stage::new();
    let script = asks(json!({"n": "one"}));
    let seen = script.seen.clone();
    assert_eq!(stage.runner(script).advance().await.unwrap(), Pause::Concluded);
    let seen = seen.lock().unwrap();
    assert!(matches!(&seen[1], Seen::Failed { error, hint, .. } if error.contains("`n`") && hint == "Give a number."));
    assert!(stage.calls().is_empty() && stage.ran.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_result_released_with_the_engineers_text_arrives_so() {
    let stage = Stage::new();
    let script = asks(json!({"n": 1}));
    let seen = script.seen.clone();
    let mut runner = stage.runner(script);
    let Pause::AwaitingDecision(id) = runner.advance().await.unwrap() else { panic!() };
    stage.approve(id);
    runner.advance().await.unwrap();
    stage
        .door
        .release(CASE, id, Some(("noted something", "the number is nobody's business")), &[], engineer())
        .unwrap();
    assert_eq!(runner.advance().await.unwrap(), Pause::Concluded);
    assert!(matches!(seen.lock().unwrap().last(), Some(Seen::Released { text, .. }) if text == "noted something"));
}

#[tokio::test]
async fn a_withheld_result_stays_here_and_the_investigator_is_told_that_it_is_deliberate() {
    let stage = Stage::new();
    let script = asks(json!({"n": 1}));
    let seen = script.seen.clone();
    let mut runner = stage.runner(script);
    let Pause::AwaitingDecision(id) = runner.advance().await.unwrap() else { panic!() };
    stage.approve(id);
    runner.advance().await.unwrap();
    stage.door.withhold(CASE, id, "it names customers", engineer()).unwrap();
    assert_eq!(runner.advance().await.unwrap(), Pause::Concluded);
    assert!(
        matches!(seen.lock().unwrap().last(), Some(Seen::Withheld { reason, .. }) if reason == "it names customers")
    );
}

#[tokio::test]
async fn a_withdrawn_call_counts_as_denied() {
    let stage = Stage::new();
    let script = asks(json!({"n": 1}));
    let seen = script.seen.clone();
    let mut runner = stage.runner(script);
    let Pause::AwaitingDecision(id) = runner.advance().await.unwrap() else { panic!() };
    stage.door.withdraw(CASE, id, "no longer needed", engineer()).unwrap();
    assert_eq!(runner.advance().await.unwrap(), Pause::Concluded);
    assert!(
        matches!(seen.lock().unwrap().last(), Some(Seen::Denied { reason, .. }) if reason.contains("no longer needed"))
    );
}

#[tokio::test]
async fn with_approve_none_the_first_call_stays_pending_and_nothing_runs() {
    let stage = Stage::new().approving(Approve::None);
    let mut runner = stage.runner(asks(json!({"n": 1})));
    let Pause::AwaitingDecision(id) = runner.advance().await.unwrap() else { panic!() };
    assert_eq!(runner.advance().await.unwrap(), Pause::AwaitingDecision(id));
    assert!(stage.ran.lock().unwrap().is_empty());
    assert_eq!(stage.calls()[0].decision, Decision::Pending);
    // Even an approval does not make this run of the program act.
    stage.approve(id);
    assert_eq!(runner.advance().await.unwrap(), Pause::AwaitingDecision(id));
    assert!(stage.ran.lock().unwrap().is_empty());
}

#[tokio::test]
async fn with_approve_reads_reads_run_and_are_logged_as_the_rules() {
    let stage = Stage::new().approving(Approve::Reads);
    assert_eq!(stage.runner(asks(json!({"n": 1}))).advance().await.unwrap(), Pause::Concluded);
    assert_eq!(stage.ran.lock().unwrap().len(), 1);
    assert_eq!(stage.calls()[0].decision, Decision::AllowedByRule);
    assert!(!stage.steps().iter().any(|s| matches!(s, CallStep::Approved { .. })), "nobody approved it");
    let released = stage
        .events()
        .into_iter()
        .find(|e| matches!(&e.fact, model::CaseFact::Call(f) if matches!(f.step, CallStep::Released { .. })));
    assert_eq!(released.unwrap().author, model::Author::Rule { rule: "approve-reads".into() });
}

#[tokio::test]
async fn with_approve_reads_everything_above_a_read_still_asks() {
    for risk in [Risk::ReadSensitive, Risk::Write, Risk::Destructive] {
        let mut stage = Stage::new().approving(Approve::Reads);
        stage.risk = risk;
        let pause = stage.runner(asks(json!({"n": 1, "namespace": "shop"}))).advance().await.unwrap();
        assert!(matches!(pause, Pause::AwaitingDecision(_)), "{risk:?}");
        assert!(stage.ran.lock().unwrap().is_empty(), "{risk:?}");
    }
}

#[tokio::test]
async fn letting_a_call_run_lets_nothing_leave_unless_the_rule_says_so() {
    for releases in [false, true] {
        let mut stage = Stage::new();
        stage.speaking = Some(crate::Speaking {
            model: std::sync::Arc::new(super::talk::Away),
            price: None,
            leaves: None,
            hears: None,
            may_leave: None,
        });
        let rule = gate::Rule { name: "tonight".into(), because: "on call".into(), releases, ..gate::Rule::default() };
        stage.policy.write().unwrap().rules.push(rule);
        let pause = stage.runner(asks(json!({"n": 1}))).advance().await.unwrap();
        assert_eq!(stage.ran.lock().unwrap().len(), 1, "it ran without asking");
        assert_eq!(matches!(pause, Pause::Concluded), releases, "{pause:?}");
        assert_eq!(matches!(pause, Pause::AwaitingRelease(_)), !releases, "{pause:?}");
    }
}

#[tokio::test]
async fn a_release_rule_hands_results_over_in_its_own_name() {
    let mut stage = Stage::new();
    stage.release = Release::ByRule("built-in results".into());
    let mut runner = stage.runner(asks(json!({"n": 1})));
    let Pause::AwaitingDecision(id) = runner.advance().await.unwrap() else { panic!() };
    stage.approve(id);
    assert_eq!(runner.advance().await.unwrap(), Pause::Concluded);
    assert!(matches!(stage.calls()[0].state, CallState::Released { edited: false, .. }));
}

#[tokio::test]
async fn broken_rules_forbid_and_the_investigator_is_told_why() {
    let stage = Stage::new();
    stage.policy.write().unwrap().broken = Some("line 3 is not a rule".into());
    let script = asks(json!({"n": 1}));
    let seen = script.seen.clone();
    assert_eq!(stage.runner(script).advance().await.unwrap(), Pause::Concluded);
    assert!(matches!(seen.lock().unwrap().last(), Some(Seen::Denied { reason, .. }) if reason.contains("line 3")));
    assert!(stage.ran.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_window_is_told_of_every_write_in_order() {
    let stage = Stage::new();
    let mut runner = stage.runner(asks(json!({"n": 1})));
    stage.say_yes(&mut runner).await;
    let told = stage.told.lock().unwrap().clone();
    assert!(told.windows(2).all(|pair| pair[0] < pair[1]), "{told:?}");
    assert_eq!(told.last().copied(), stage.events().last().map(|e| e.seq));
    // Begun, proposed (with what policy said), started, succeeded, concluded: each of the runner's own writes.
    assert!(told.len() >= 5, "{told:?}");
}

#[tokio::test]
async fn after_a_step_that_failed_a_runner_says_so_and_a_new_one_goes_on() {
    let stage = Stage::new();
    let mut runner = stage.runner(asks(json!({"n": 1})));
    // The case's opening cannot be written twice, so the investigator's next append is made to fail by an unknown call.
    runner.case = model::CaseId(uuid::Uuid::from_u128(0xdead));
    assert!(matches!(runner.advance().await, Err(RunnerError::Store(_) | RunnerError::Refused(_))));
    assert!(matches!(runner.advance().await, Err(RunnerError::Stopped)), "it does not pretend to have concluded");
    let mut fresh = stage.runner(asks(json!({"n": 1})));
    stage.say_yes(&mut fresh).await;
    assert_eq!(stage.conclusions().len(), 1);
}

#[tokio::test]
async fn a_tool_that_is_another_one_by_the_time_it_would_run_is_asked_about_again() {
    let stage = Stage::new();
    let mut runner = stage.runner(asks(json!({"n": 1})));
    let Pause::AwaitingDecision(id) = runner.advance().await.unwrap() else { panic!() };
    let shown = stage.calls()[0].digest.clone();
    stage.approve(id);
    *stage.words.lock().unwrap() = "writes it down, and sends it somewhere".into();
    assert_eq!(runner.advance().await.unwrap(), Pause::AwaitingDecision(id));
    assert!(stage.ran.lock().unwrap().is_empty(), "what was approved was another tool");
    let call = stage.calls().remove(0);
    assert_eq!(call.revision, 2);
    assert_ne!(call.digest, shown);
    assert!(stage.steps().iter().any(|step| matches!(step, CallStep::Voided { .. })));

    stage.approve(id);
    assert_eq!(runner.advance().await.unwrap(), Pause::AwaitingRelease(id));
    assert_eq!(*stage.ran.lock().unwrap(), [json!({"n": 1})]);
}

#[tokio::test]
async fn what_waits_is_taken_back_when_it_is_stopped_and_the_next_runner_goes_on_without_it() {
    let stage = Stage::new();
    let mut runner = stage.runner(asks(json!({"n": 1})));
    let Pause::AwaitingDecision(id) = runner.advance().await.unwrap() else { panic!("nobody was asked") };
    runner.ends().store(true, std::sync::atomic::Ordering::Release);
    assert!(matches!(runner.advance().await, Err(RunnerError::Stopped)));
    drop(runner);
    stage.stop("enough");
    assert!(matches!(&stage.calls()[0].state, CallState::Withdrawn { because } if because == "enough"));
    assert!(stage.ran.lock().unwrap().is_empty());
    let last = stage.events().pop().unwrap();
    assert_eq!(last.author, engineer());
    assert_eq!(last.fact, model::CaseFact::Stopped { because: "enough".into() });

    let script = asks(json!({"n": 1}));
    let seen = script.seen.clone();
    assert_eq!(stage.runner(script).advance().await.unwrap(), Pause::Concluded);
    let seen = seen.lock().unwrap();
    assert!(seen.iter().any(|s| matches!(s, Seen::Denied { reason, .. } if reason.contains("enough"))), "{seen:?}");
    assert_eq!(stage.calls()[0].id, id, "nothing was asked again");
    assert_eq!(stage.calls().len(), 1);
}

#[tokio::test]
async fn a_result_that_waits_when_it_is_stopped_is_withheld_and_what_runs_is_let_end() {
    let stage = Stage::new();
    let mut runner = stage.runner(asks(json!({"n": 1})));
    let Pause::AwaitingDecision(id) = runner.advance().await.unwrap() else { panic!("nobody was asked") };
    stage.approve(id);
    let Pause::AwaitingRelease(_) = runner.advance().await.unwrap() else { panic!("it waits for release") };
    drop(runner);
    stage.stop("enough");
    assert!(matches!(&stage.calls()[0].state, CallState::Withheld { reason } if reason == "enough"));
    assert_eq!(stage.ran.lock().unwrap().len(), 1, "it ran once, and its outcome is kept");
}
