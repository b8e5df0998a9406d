use model::{ClusterId, ObservationId, Risk, Ruling, Time, ToolCall};
use serde_json::json;

use super::{Approve, Policy, Rule};

const ALL: [Risk; 4] = [Risk::Read, Risk::ReadSensitive, Risk::Write, Risk::Destructive];

fn logs() -> ToolCall {
    ToolCall {
        tool: "logs".into(),
        cluster: ClusterId("cluster:demo".into()),
        args: json!({"namespace": "shop", "pod": "cart-0"}),
        reason: String::new(),
        expects: String::new(),
        tainted: vec![],
    }
}

fn tainted() -> ToolCall {
    ToolCall { tainted: vec![("pod".into(), ObservationId("obs:1".into()))], ..logs() }
}

fn rule() -> Rule {
    Rule {
        name: "logs-tonight".into(),
        tools: vec!["logs".into()],
        cluster: Some(ClusterId("cluster:demo".into())),
        namespace: Some("shop".into()),
        until: Time::from_seconds(100),
        because: "on call".into(),
    }
}

fn with(approve: Approve, rules: Vec<Rule>) -> Policy {
    Policy { approve, rules, broken: None }
}

fn allowed(rule: &str) -> Ruling {
    Ruling::Allowed { rule: rule.into() }
}

const NOW: Time = Time::from_seconds(50);

#[test]
fn every_call_asks_by_default() {
    for risk in ALL {
        assert_eq!(Policy::default().rule(&logs(), risk, NOW), Ruling::Ask);
    }
}

#[test]
fn the_word_reads_covers_reads_and_nothing_higher() {
    let policy = with(Approve::Reads, vec![]);
    assert_eq!(policy.rule(&logs(), Risk::Read, NOW), allowed("approve-reads"));
    assert_eq!(policy.rule(&tainted(), Risk::Read, NOW), allowed("approve-reads"));
    for risk in [Risk::ReadSensitive, Risk::Write, Risk::Destructive] {
        assert_eq!(policy.rule(&logs(), risk, NOW), Ruling::Ask);
    }
}

#[test]
fn the_word_none_asks_even_where_a_rule_would_allow() {
    assert_eq!(with(Approve::None, vec![rule()]).rule(&logs(), Risk::Read, NOW), Ruling::Ask);
}

#[test]
fn a_rule_allows_within_its_bounds_under_its_own_name() {
    let policy = with(Approve::Ask, vec![rule()]);
    assert_eq!(policy.rule(&logs(), Risk::Read, NOW), allowed("logs-tonight"));

    let outside = [
        ToolCall { tool: "metrics".into(), ..logs() },
        ToolCall { cluster: ClusterId("cluster:prod".into()), ..logs() },
        ToolCall { args: json!({"namespace": "payments"}), ..logs() },
        ToolCall { args: json!({}), ..logs() },
        ToolCall { args: json!("not an object"), ..logs() },
    ];
    for call in outside {
        assert_eq!(policy.rule(&call, Risk::Read, NOW), Ruling::Ask, "{call:?}");
    }
    assert_eq!(policy.rule(&logs(), Risk::Read, Time::from_seconds(100)), Ruling::Ask);
}

#[test]
fn no_rule_lowers_the_floor() {
    let everything = Rule { tools: vec![], cluster: None, namespace: None, until: Time::MAX, ..rule() };
    let by_name = Rule { tools: vec!["logs".into()], ..everything.clone() };
    let policy = with(Approve::Ask, vec![everything, by_name]);
    for risk in [Risk::ReadSensitive, Risk::Write, Risk::Destructive] {
        assert_eq!(policy.rule(&logs(), risk, NOW), Ruling::Ask);
    }
    assert_eq!(policy.rule(&tainted(), Risk::Read, NOW), Ruling::Ask);
    assert_eq!(policy.rule(&logs(), Risk::Read, NOW), allowed("logs-tonight"));
}

#[test]
fn rules_that_cannot_be_read_forbid_everything() {
    for approve in [Approve::Ask, Approve::None, Approve::Reads] {
        let policy = Policy { approve, rules: vec![rule()], broken: Some("line 3: no such field".into()) };
        for risk in ALL {
            let Ruling::Forbidden { because, .. } = policy.rule(&logs(), risk, NOW) else {
                panic!("{risk:?} was not forbidden");
            };
            assert!(because.contains("line 3"), "{because}");
        }
    }
}
