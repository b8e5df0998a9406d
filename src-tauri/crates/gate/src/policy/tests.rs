use model::{ClusterId, ObservationId, Risk, Ruling, Time, ToolCall};
use serde_json::json;

use super::{Approve, Policy, Rule, Writes};

const ALL: [Risk; 4] = [Risk::Read, Risk::ReadSensitive, Risk::Write, Risk::Destructive];

fn logs() -> ToolCall {
    ToolCall {
        tool: "logs".into(),
        cluster: ClusterId("cluster:demo".into()),
        args: json!({"namespace": "shop", "pod": "cart-0"}),
        reason: String::new(),
        expects: String::new(),
        tainted: vec![],
        shown: None,
        definition: None,
    }
}

fn tainted() -> ToolCall {
    ToolCall { tainted: vec![("pod".into(), ObservationId::from("obs:1"))], ..logs() }
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
    Policy { approve, rules, writes: Writes::On, broken: None }
}

fn allowed(rule: &str) -> Ruling {
    Ruling::Allowed { rule: rule.into() }
}

const NOW: Time = Time::from_seconds(50);

#[test]
fn every_call_asks_by_default() {
    for risk in ALL {
        assert_eq!(with(Approve::default(), vec![]).rule(&logs(), risk, NOW), Ruling::Ask);
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
fn a_cluster_is_read_only_until_its_changes_are_turned_on() {
    for risk in [Risk::Write, Risk::Destructive] {
        let Ruling::Forbidden { rule, because } = Policy::default().rule(&logs(), risk, NOW) else {
            panic!("{risk:?} was not forbidden");
        };
        assert_eq!(rule, "read-only");
        assert!(because.contains("turn them on") && because.contains("--allow-writes"), "{because}");
        assert_eq!(with(Approve::Ask, vec![]).rule(&logs(), risk, NOW), Ruling::Ask, "and then it asks");
    }
    assert_eq!(Policy::default().rule(&logs(), Risk::Read, NOW), Ruling::Ask);
}

#[test]
fn what_the_cluster_runs_on_and_the_cluster_as_a_whole_are_never_destroyed() {
    let policy = with(Approve::Ask, vec![rule()]);
    for args in
        [json!({"namespace": "kube-system", "name": "coredns-1"}), json!({"name": "node-1"}), json!({"namespace": " "})]
    {
        let call = ToolCall { args, ..logs() };
        assert!(matches!(policy.rule(&call, Risk::Destructive, NOW), Ruling::Forbidden { .. }), "{call:?}");
        assert_eq!(policy.rule(&call, Risk::Write, NOW), Ruling::Ask);
    }
}

#[test]
fn what_secrets_hold_is_asked_for_every_time() {
    let everything = Rule { tools: vec![], cluster: None, namespace: None, until: Time::MAX, ..rule() };
    for tool in ["secret_shape", "helm_release"] {
        let by_name = Rule { tools: vec![tool.into()], ..everything.clone() };
        let call = ToolCall { tool: tool.into(), ..logs() };
        // Even if somebody took them for ordinary reads.
        for (approve, risk) in
            [(Approve::Reads, Risk::Read), (Approve::Ask, Risk::Read), (Approve::Reads, Risk::ReadSensitive)]
        {
            assert_eq!(with(approve, vec![everything.clone(), by_name.clone()]).rule(&call, risk, NOW), Ruling::Ask);
        }
    }
}

#[test]
fn rules_that_cannot_be_read_forbid_everything() {
    for approve in [Approve::Ask, Approve::None, Approve::Reads] {
        let policy =
            Policy { approve, rules: vec![rule()], writes: Writes::On, broken: Some("line 3: no such field".into()) };
        for risk in ALL {
            let Ruling::Forbidden { because, .. } = policy.rule(&logs(), risk, NOW) else {
                panic!("{risk:?} was not forbidden");
            };
            assert!(because.contains("line 3"), "{because}");
        }
    }
}

#[test]
fn everything_that_the_policy_promises_is_so() {
    let promises = super::self_test();
    assert!(promises.len() > 10);
    let broken: Vec<_> = promises.iter().filter(|promise| !promise.holds).collect();
    assert!(broken.is_empty(), "{broken:?}");
}
