#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use model::{
    Author, CallFact, CallId, CallStep, CaseEvent, CaseFact, CaseId, ClusterId, Decision, ObservationId, Preview,
    ResultView, Risk, Ruling, Time, ToolCall,
};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::{Call, CallState, fold, fold_case};

fn tool_call(tail: u64) -> ToolCall {
    ToolCall::new("logs", ClusterId("cluster:demo".into()), json!({"namespace": "shop", "tail": tail}))
}

fn result() -> ResultView {
    let observations = vec![ObservationId::from("obs:1")];
    ResultView { text: "panic".into(), redactions: vec![], cut: None, observations, next: vec![] }
}

fn fact(revision: u32, step: CallStep) -> CallFact {
    CallFact { call: CallId(Uuid::from_u128(7)), revision, step }
}

fn proposed(tail: u64) -> CallStep {
    let call = tool_call(tail);
    CallStep::Proposed { digest: call.digest(), call, risk: Risk::Read }
}

fn ruled(ruling: Ruling) -> CallStep {
    CallStep::Ruled { ruling }
}

fn asked() -> CallStep {
    CallStep::Asked { preview: Preview { does: "reads".into(), diff: None, cost: String::new(), undo: None } }
}

fn approved(tail: u64) -> CallStep {
    CallStep::Approved { digest: tool_call(tail).digest() }
}

fn started(tail: u64) -> CallStep {
    CallStep::Started { digest: tool_call(tail).digest() }
}

fn edited(tail: u64) -> CallStep {
    CallStep::Edited { args: tool_call(tail).args, why: "shorter".into() }
}

fn of_revision_one(steps: Vec<CallStep>) -> Result<Option<Call>, super::FoldError> {
    fold(&steps.into_iter().map(|step| fact(1, step)).collect::<Vec<_>>())
}

#[test]
fn no_facts_make_no_call() {
    assert_eq!(fold([]), Ok(None));
}

#[test]
fn a_call_goes_from_proposal_to_release() {
    let steps = vec![
        proposed(10),
        ruled(Ruling::Ask),
        asked(),
        approved(10),
        started(10),
        CallStep::Succeeded { result: result() },
        CallStep::Released { observations: vec![], text: "panic".into() },
    ];
    let call = of_revision_one(steps).unwrap().unwrap();
    assert_eq!(call.state, CallState::Released { text: "panic".into(), edited: false });
    assert_eq!(call.decision, Decision::Approved);
}

#[test]
fn a_rules_decision_is_the_rules() {
    let rule = ruled(Ruling::Allowed { rule: "logs".into() });
    let call = of_revision_one(vec![proposed(10), rule, started(10)]).unwrap().unwrap();
    assert_eq!((call.state, call.decision), (CallState::Running, Decision::AllowedByRule));
}

#[test]
fn an_edit_makes_a_new_revision_that_goes_through_policy_again() {
    let mut facts = vec![
        fact(1, proposed(10)),
        fact(1, ruled(Ruling::Ask)),
        fact(1, asked()),
        fact(1, edited(5)),
        fact(2, proposed(5)),
    ];
    let call = fold(&facts).unwrap().unwrap();
    assert_eq!((call.revision, call.state), (2, CallState::Proposed));
    assert_eq!(call.edits, [(tool_call(10), "shorter".to_owned())]);

    facts.push(fact(2, approved(5)));
    assert_eq!(fold(&facts).unwrap_err().fact, "approved");
    facts.pop();
    facts.extend([fact(2, ruled(Ruling::Ask)), fact(2, asked()), fact(2, approved(5))]);
    assert_eq!(fold(&facts).unwrap().unwrap().decision, Decision::Edited);
}

#[test]
fn an_edit_is_followed_by_exactly_what_was_edited() {
    let facts = [
        fact(1, proposed(10)),
        fact(1, ruled(Ruling::Ask)),
        fact(1, asked()),
        fact(1, edited(5)),
        fact(2, proposed(10)),
    ];
    assert!(fold(&facts).unwrap_err().fact.contains("other arguments"));
}

#[test]
fn an_approval_or_a_start_of_something_else_is_refused() {
    let until_asked = || vec![proposed(10), ruled(Ruling::Ask), asked()];
    let mut wrong = until_asked();
    wrong.push(approved(99));
    assert!(of_revision_one(wrong).unwrap_err().fact.contains("digest"));

    let mut wrong = until_asked();
    wrong.extend([approved(10), started(99)]);
    assert!(of_revision_one(wrong).unwrap_err().fact.contains("digest"));

    let forged = CallStep::Proposed { call: tool_call(10), risk: Risk::Read, digest: tool_call(9).digest() };
    assert!(of_revision_one(vec![forged]).unwrap_err().fact.contains("digest"));
}

#[test]
fn a_second_decision_and_a_second_start_are_refused() {
    let until_asked = [proposed(10), ruled(Ruling::Ask), asked()];
    let decisions = [approved(10), edited(5), CallStep::Denied { reason: "no".into() }];
    for first in &decisions {
        for second in &decisions {
            let mut steps = until_asked.to_vec();
            steps.extend([first.clone(), second.clone()]);
            assert!(of_revision_one(steps).is_err(), "{second:?} after {first:?}");
        }
    }
    let mut steps = until_asked.to_vec();
    steps.extend([approved(10), started(10), started(10)]);
    assert_eq!(of_revision_one(steps).unwrap_err().state, "running");
}

#[test]
fn what_was_denied_is_never_proposed_again() {
    let facts = [
        fact(1, proposed(10)),
        fact(1, ruled(Ruling::Ask)),
        fact(1, asked()),
        fact(1, CallStep::Denied { reason: "no".into() }),
        fact(2, proposed(10)),
    ];
    let error = fold(&facts).unwrap_err();
    assert_eq!(error.to_string(), "`proposed` cannot follow `denied` (revision 2)");
}

#[test]
fn an_unknown_outcome_is_read_back_before_anything_else() {
    let rule = ruled(Ruling::Allowed { rule: "r".into() });
    let unknown = CallStep::OutcomeUnknown { because: "killed".into() };
    let steps = vec![proposed(10), rule, started(10), unknown];
    let mut retried: Vec<_> = steps.iter().cloned().map(|step| fact(1, step)).collect();
    retried.push(fact(2, proposed(10)));
    assert!(fold(&retried).is_err());

    let mut read_back = steps;
    read_back.push(CallStep::Reconciled { result: result() });
    assert_eq!(of_revision_one(read_back).unwrap().unwrap().state, CallState::AwaitingRelease { result: result() });
}

#[test]
fn a_failed_call_is_tried_again_as_its_next_revision() {
    let rule = || ruled(Ruling::Allowed { rule: "r".into() });
    let failed = CallStep::Failed { error: "time-out".into(), hint: "try again".into() };
    let mut facts =
        vec![fact(1, proposed(10)), fact(1, rule()), fact(1, started(10)), fact(1, failed), fact(2, proposed(10))];
    assert_eq!(fold(&facts).unwrap().unwrap().revision, 2);
    facts.push(fact(1, started(10)));
    assert_eq!(fold(&facts).unwrap_err().revision, 1);
}

#[test]
fn the_calls_of_a_case_come_in_the_order_of_their_proposal() {
    let event = |seq: u64, call: u128, step: CallStep| CaseEvent {
        case: CaseId(Uuid::nil()),
        seq,
        at: Time(0),
        author: Author::Program,
        fact: CaseFact::Call(CallFact { call: CallId(Uuid::from_u128(call)), revision: 1, step }),
    };
    let events = [event(1, 9, proposed(1)), event(2, 3, proposed(2)), event(3, 9, ruled(Ruling::Ask))];
    let calls = fold_case(&events).unwrap();
    assert_eq!(calls.iter().map(|c| c.id.0.as_u128()).collect::<Vec<_>>(), [9, 3]);
    assert_eq!(calls[0].state, CallState::Previewing);
}

fn any_step() -> impl Strategy<Value = CallStep> {
    let tail = 0u64..3;
    let because = || "because".to_owned();
    prop_oneof![
        3 => tail.clone().prop_map(proposed),
        2 => Just(ruled(Ruling::Ask)),
        1 => Just(ruled(Ruling::Allowed { rule: "r".into() })),
        1 => Just(ruled(Ruling::Forbidden { rule: "r".into(), because: because() })),
        2 => Just(asked()),
        2 => tail.clone().prop_map(approved),
        2 => tail.clone().prop_map(edited),
        1 => Just(CallStep::Denied { reason: because() }),
        1 => Just(CallStep::Withdrawn { because: because() }),
        1 => Just(CallStep::Expired { because: because() }),
        1 => Just(CallStep::Voided { because: because() }),
        2 => tail.prop_map(started),
        1 => Just(CallStep::Succeeded { result: result() }),
        1 => Just(CallStep::Failed { error: because(), hint: because() }),
        1 => Just(CallStep::Interrupted { because: because() }),
        1 => Just(CallStep::OutcomeUnknown { because: because() }),
        1 => Just(CallStep::Reconciled { result: result() }),
        1 => Just(CallStep::Released { observations: vec![], text: because() }),
        1 => Just(CallStep::ReleasedEdited { observations: vec![], text: because(), why: because() }),
        1 => Just(CallStep::Withheld { reason: because() }),
    ]
}

fn any_fact() -> impl Strategy<Value = CallFact> {
    (1u32..6, any_step()).prop_map(|(revision, step)| fact(revision, step))
}

fn is_decision(step: &CallStep) -> bool {
    matches!(
        step,
        CallStep::Approved { .. }
            | CallStep::Edited { .. }
            | CallStep::Denied { .. }
            | CallStep::Withdrawn { .. }
            | CallStep::Expired { .. }
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_facts_fold_or_are_refused(facts in proptest::collection::vec(any_fact(), 0..12)) {
        let _ = fold(&facts);
    }

    /// Keeps of many facts those that can follow, so that the walks go deep, and looks at what must always hold.
    #[test]
    fn nothing_starts_undecided_or_twice(facts in proptest::collection::vec(any_fact(), 100..250)) {
        let mut taken: Vec<CallFact> = Vec::new();
        let mut call: Option<Call> = None;
        for fact in facts {
            let next = match &call {
                None => fold([&fact]).ok().flatten(),
                Some(call) => call.clone().then(&fact).ok(),
            };
            if next.is_some() {
                call = next;
                taken.push(fact);
            }
        }
        prop_assert_eq!(fold(&taken).unwrap(), call);
        for (index, fact) in taken.iter().enumerate() {
            let before = taken[..index].iter().filter(|f| f.revision == fact.revision).collect::<Vec<_>>();
            if is_decision(&fact.step) {
                prop_assert!(!before.iter().any(|f| is_decision(&f.step)));
            }
            if let CallStep::Started { digest } = &fact.step {
                let started = before.iter().any(|f| matches!(f.step, CallStep::Started { .. }));
                let allowed = before.iter().any(|f| match &f.step {
                    CallStep::Approved { digest: approved } => approved == digest,
                    CallStep::Ruled { ruling: Ruling::Allowed { .. } } => true,
                    _ => false,
                });
                prop_assert!(allowed && !started);
            }
        }
    }
}
