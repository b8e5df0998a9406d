use model::CaseFact;
use serde_json::json;

use super::stage::{Script, Stage, call};
use crate::{Move, Pause, Seen};

fn narrate(text: &str) -> Move {
    Move::Narrate { text: text.into() }
}

fn say(stage: &Stage, text: &str) {
    stage.write(CaseFact::Said { text: text.into() });
}

fn heard(seen: &[Seen]) -> Vec<&str> {
    let words = seen.iter().filter_map(|s| match s {
        Seen::Said { text } => Some(text.as_str()),
        _ => None,
    });
    words.collect()
}

#[tokio::test]
async fn words_after_the_conclusion_wake_the_investigator() {
    let stage = Stage::new();
    let script = Script::new(vec![narrate("one")]);
    let seen = script.seen.clone();
    let mut runner = stage.runner(script);
    assert_eq!(runner.advance().await.unwrap(), Pause::Concluded);
    say(&stage, "and the database?");
    assert_eq!(runner.advance().await.unwrap(), Pause::Concluded);
    assert_eq!(heard(&seen.lock().unwrap()), ["and the database?"]);
    assert!(stage.narrated().contains(&"You said: and the database?".to_owned()));
    assert_eq!(stage.conclusions().len(), 2);
}

#[tokio::test]
async fn words_while_a_call_waits_are_heard_after_its_answer_and_each_once() {
    let stage = Stage::new();
    let moves = || Script::new(vec![Move::Call(call("notebook", json!({"n": 1}))), narrate("looked"), narrate("done")]);
    let script = moves();
    let seen = script.seen.clone();
    let mut runner = stage.runner(script);
    let Pause::AwaitingDecision(id) = runner.advance().await.unwrap() else { panic!() };
    say(&stage, "first");
    say(&stage, "second");
    assert_eq!(runner.advance().await.unwrap(), Pause::AwaitingDecision(id), "words decide nothing");
    stage.approve(id);
    runner.advance().await.unwrap();
    stage.release(id);
    assert_eq!(runner.advance().await.unwrap(), Pause::Concluded);
    assert_eq!(heard(&seen.lock().unwrap()), ["first", "second"]);

    // Read again from the start, the same words come in the same places.
    let before = stage.events();
    let again = moves();
    let seen_again = again.seen.clone();
    assert_eq!(stage.runner(again).advance().await.unwrap(), Pause::Concluded);
    assert_eq!(*seen_again.lock().unwrap(), *seen.lock().unwrap());
    assert_eq!(stage.events(), before, "nothing was written twice");
}

#[tokio::test]
async fn words_that_came_while_nobody_ran_are_heard_by_the_next_runner() {
    let stage = Stage::new();
    let moves = || Script::new(vec![Move::Call(call("notebook", json!({"n": 1})))]);
    let Pause::AwaitingDecision(id) = stage.runner(moves()).advance().await.unwrap() else { panic!() };
    say(&stage, "while you were away");
    stage.approve(id);
    let script = moves();
    let seen = script.seen.clone();
    let mut runner = stage.runner(script);
    stage.say_yes(&mut runner).await;
    assert_eq!(heard(&seen.lock().unwrap()), ["while you were away"]);
    assert_eq!(stage.calls().len(), 1);
}
