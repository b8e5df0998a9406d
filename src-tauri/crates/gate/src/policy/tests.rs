use model::{ClusterId, ObservationId, Risk, Ruling, Time, ToolCall};
use proptest::prelude::*;
use serde_json::json;

use super::{Approve, Does, Policy, Rule, RuleFile, Writes};

const ALL: [Risk; 4] = [Risk::Read, Risk::ReadSensitive, Risk::Write, Risk::Destructive];

fn logs() -> ToolCall {
    ToolCall::new("logs", ClusterId("cluster:demo".into()), json!({"namespace": "shop", "pod": "cart-0"}))
}

fn tainted() -> ToolCall {
    ToolCall { tainted: vec![("pod".into(), ObservationId::from("obs:1"))], ..logs() }
}

fn rule() -> Rule {
    Rule {
        name: "logs-tonight".into(),
        tools: vec!["logs".into()],
        cluster: Some(ClusterId("cluster:demo".into())),
        namespaces: vec!["shop".into()],
        until: Some(Time::from_seconds(100)),
        because: "on call".into(),
        ..Rule::default()
    }
}

fn with(approve: Approve, rules: Vec<Rule>) -> Policy {
    Policy { approve, rules, writes: Writes::On, ..Policy::default() }
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
    let everything = Rule { name: "everything".into(), ..Rule::default() };
    let by_name = Rule { tools: vec!["logs".into()], ..everything.clone() };
    let policy = with(Approve::Ask, vec![everything, by_name]);
    for risk in [Risk::ReadSensitive, Risk::Write, Risk::Destructive] {
        assert_eq!(policy.rule(&logs(), risk, NOW), Ruling::Ask);
    }
    assert_eq!(policy.rule(&tainted(), Risk::Read, NOW), Ruling::Ask);
    assert_eq!(policy.rule(&logs(), Risk::Read, NOW), allowed("everything"));
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
fn another_programs_tool_that_may_write_keeps_the_same_distance() {
    let policy = with(Approve::Ask, Vec::new());
    let forbidden = |tool: &str, args| {
        let call = ToolCall { tool: tool.into(), args, ..logs() };
        matches!(policy.rule(&call, Risk::Write, NOW), Ruling::Forbidden { .. })
    };
    assert!(forbidden("mcp.k8s.pods_delete", json!({"namespace": "kube-system", "name": "coredns-1"})));
    assert!(forbidden("mcp.k8s.apply", json!({"object": {"namespace": "kube-system"}})));
    assert!(forbidden("mcp.k8s.resources_delete", json!({"kind": "Node", "name": "node-1"})));
    assert!(!forbidden("mcp.k8s.pods_delete", json!({"namespace": "shop", "name": "cart-1"})));
    assert!(!forbidden("mcp.tickets.create", json!({"title": "a ticket"})), "it is about no cluster");
}

#[test]
fn what_secrets_hold_is_asked_for_every_time() {
    let everything = Rule { name: "everything".into(), ..Rule::default() };
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
        let policy = Policy { broken: Some("line 3: no such field".into()), ..with(approve, vec![rule()]) };
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

fn reading(tool: &str, args: serde_json::Value) -> ToolCall {
    ToolCall { tool: tool.into(), args, ..logs() }
}

#[test]
fn a_rule_matches_cluster_namespace_kind_verb_and_arguments_each_by_itself() {
    let rule = Rule {
        name: "narrow".into(),
        tools: vec!["get_*".into()],
        contexts: vec!["staging-*".into()],
        namespaces: vec!["shop".into(), "shop-*".into()],
        kinds: vec!["Deployment".into(), "*Set".into()],
        args: [("name".to_owned(), "cart*".to_owned())].into(),
        ..Rule::default()
    };
    let policy = |context: &str| Policy { context: context.into(), ..with(Approve::Ask, vec![rule.clone()]) };
    let args = |kind: &str, namespace: &str, name: &str| json!({"kind": kind, "namespace": namespace, "name": name});
    let ruled = |context: &str, tool: &str, args| policy(context).rule(&reading(tool, args), Risk::Read, NOW);
    for fine in [
        args("Deployment", "shop", "cart"),
        args("statefulset", "shop-eu", "cart-db"),
        args("deployments", "shop", "carts"),
    ] {
        assert_eq!(ruled("staging-1", "get_object", fine.clone()), allowed("narrow"), "{fine}");
    }
    for (context, tool, args) in [
        ("prod", "get_object", args("Deployment", "shop", "cart")),
        ("", "get_object", args("Deployment", "shop", "cart")),
        ("staging-1", "describe", args("Deployment", "shop", "cart")),
        ("staging-1", "get_object", args("Deployment", "bank", "cart")),
        ("staging-1", "get_object", args("Pod", "shop", "cart")),
        ("staging-1", "get_object", args("Deployment", "shop", "pay")),
        ("staging-1", "get_object", json!({"kind": "Deployment", "name": "cart"})),
        ("staging-1", "get_object", json!({"kind": "Deployment", "namespace": "shop"})),
    ] {
        assert_eq!(ruled(context, tool, args.clone()), Ruling::Ask, "{context} {tool} {args}");
    }
    let sensitive = reading("get_object", args("Deployment", "shop", "cart"));
    assert_eq!(policy("staging-1").rule(&sensitive, Risk::ReadSensitive, NOW), Ruling::Ask, "another verb");
    // Everything that a call names has to be within.
    let two =
        json!({"objects": [args("Deployment", "shop", "cart"), args("Deployment", "bank", "cart")], "name": "cart"});
    assert_eq!(ruled("staging-1", "get_object", two), Ruling::Ask);
}

#[test]
fn the_strictest_rule_wins_in_whatever_order_they_stand() {
    let everything = |name: &str, does| Rule { name: name.into(), does, because: name.into(), ..Rule::default() };
    let (allow, ask, forbid) =
        (everything("allow", Does::Allow), everything("ask", Does::Ask), everything("forbid", Does::Forbid));
    for rules in [[&allow, &ask, &forbid], [&forbid, &ask, &allow], [&ask, &forbid, &allow]] {
        let policy = with(Approve::Reads, rules.into_iter().cloned().collect());
        let forbidden = Ruling::Forbidden { rule: "forbid".into(), because: "forbid".into() };
        for risk in ALL {
            assert_eq!(policy.rule(&logs(), risk, NOW), forbidden);
        }
    }
    for approve in [Approve::Ask, Approve::Reads] {
        let policy = with(approve, vec![allow.clone(), ask.clone()]);
        assert_eq!(policy.rule(&logs(), Risk::Read, NOW), Ruling::Ask);
    }
}

#[test]
fn where_a_call_does_not_say_whether_a_strict_rule_covers_it_it_asks() {
    let bank = Rule { name: "bank".into(), does: Does::Forbid, namespaces: vec!["bank".into()], ..Rule::default() };
    let policy = with(Approve::Reads, vec![bank]);
    let ruled = |args| policy.rule(&reading("events", args), Risk::Read, NOW);
    assert!(matches!(ruled(json!({"namespace": "bank"})), Ruling::Forbidden { .. }));
    assert!(matches!(
        ruled(json!({"objects": [{"namespace": "shop"}, {"namespace": "bank"}]})),
        Ruling::Forbidden { .. }
    ));
    assert_eq!(ruled(json!({"namespace": "shop"})), allowed("approve-reads"));
    assert_eq!(ruled(json!({})), Ruling::Ask);
}

#[test]
fn no_rule_and_no_word_of_a_run_covers_secrets_or_what_runs_inside_of_containers() {
    let everything = Rule { name: "everything".into(), ..Rule::default() };
    for call in [
        reading("get_object", json!({"kind": "Secret", "namespace": "shop", "name": "key"})),
        reading("mcp.k8s.resources_get", json!({"kind": "secrets"})),
        reading("mcp.k8s.pods_exec", json!({"namespace": "shop", "name": "cart-0"})),
        reading("mcp.other.kubectl-exec", json!({})),
        reading("mcp.other.secret_list", json!({})),
    ] {
        for approve in [Approve::Ask, Approve::Reads] {
            let policy = with(approve, vec![everything.clone()]);
            assert_eq!(policy.rule(&call, Risk::Read, NOW), Ruling::Ask, "{call:?}");
        }
    }
}

#[test]
fn a_decision_is_taken_back_when_the_policy_it_was_made_under_has_changed() {
    let stands = with(Approve::Ask, vec![rule()]);
    assert_eq!(stands.takes_back(&logs(), Risk::Read, true, NOW), None);
    let gone = with(Approve::Ask, vec![]);
    assert!(gone.takes_back(&logs(), Risk::Read, true, NOW).is_some());
    assert_eq!(gone.takes_back(&logs(), Risk::Read, false, NOW), None, "what the engineer approved needs no rule");
    let forbid = Rule { name: "no".into(), does: Does::Forbid, because: "an audit".into(), ..Rule::default() };
    let because = with(Approve::Ask, vec![forbid]).takes_back(&logs(), Risk::Write, false, NOW).unwrap();
    assert!(because.contains("`no`") && because.contains("an audit"), "{because}");
}

/// As a desk classifies: two tools are known.
fn classify(tool: &str, _: Option<&serde_json::Value>) -> Result<Option<Risk>, String> {
    match tool {
        "logs" => Ok(Some(Risk::Read)),
        "delete_pod" => Ok(Some(Risk::Destructive)),
        other if other.starts_with("mcp.") => Ok(None),
        other => Err(format!("there is no tool `{other}`")),
    }
}

const FILE: &str = "# of the team
rules:
  - name: logs of the shop
    does: allow
    tools: [logs]
    clusters: [staging-*]
    namespaces: [shop]
    until: 2020-01-31T18:00:00Z
    uses: 2
    because: the sale
    tests:
      - {tool: logs, cluster: staging-1, args: {namespace: shop}, gives: allow}
      - {tool: logs, cluster: staging-1, args: {namespace: shop}, at: 2021-01-01T00:00:00Z, gives: ask}
      - {tool: logs, cluster: prod, args: {namespace: shop}, gives: ask}
  - name: nothing is deleted
    does: forbid
    verbs: [destructive]
    because: rollouts do it
    tests:
      - {tool: delete_pod, args: {namespace: shop, name: cart-0}, gives: forbid}
      - {tool: mcp.k8s.pods_delete, verb: destructive, args: {namespace: shop}, gives: forbid}
";

#[test]
fn a_file_of_rules_is_read_with_its_lines_and_its_tests_hold() {
    let file = RuleFile::parse(FILE, &classify).unwrap();
    let lines: Vec<_> =
        file.rules.iter().map(|written| (written.rule.name.as_str(), written.line, written.tests)).collect();
    assert_eq!(lines, [("logs of the shop", 3, 3), ("nothing is deleted", 15, 2)]);
    let first = &file.rules[0].rule;
    assert_eq!((first.uses, first.until.map(|t| t.to_string())), (Some(2), Some("2020-01-31T18:00:00Z".into())));
    for empty in ["", "# nothing yet\n\n"] {
        assert_eq!(RuleFile::parse(empty, &classify).unwrap(), RuleFile::default());
    }
}

#[test]
fn a_broken_file_says_in_which_line_and_what_is_wrong() {
    let broken = |from: &str, to: &str| {
        assert!(FILE.contains(from), "{from}");
        let error = RuleFile::parse(&FILE.replacen(from, to, 1), &classify).unwrap_err();
        (error.line, error.what)
    };
    for (from, to, line, words) in [
        ("    uses: 2\n", "    usage: 2\n", 9, "usage"),
        ("does: allow", "does: permit", 4, "permit"),
        ("rules:\n", "rules: [\n", 3, ""),
        ("because: the sale", "because: ''", 3, "say why"),
        ("tools: [logs]", "tools: [lgos]", 3, "no tool `lgos`"),
        ("2020-01-31T18:00:00Z", "tomorrow", 3, "takes a time"),
        ("name: nothing is deleted", "name: logs of the shop", 15, "line 3 has the same name"),
        ("name: nothing is deleted", "name: read-only", 15, "name of its own"),
        ("verbs: [destructive]", "uses: 3", 15, "allows nothing"),
        ("verbs: [destructive]", "releases: true", 15, "allows nothing"),
        (
            "cluster: prod, args: {namespace: shop}, gives: ask",
            "cluster: prod, args: {namespace: shop}, gives: allow",
            14,
            "should be allowed, and it is asked",
        ),
        ("verb: destructive, args", "args", 21, "say its `verb`"),
        ("    clusters: [staging-*]\n", "    verbs: [write]\n", 3, "without asking"),
    ] {
        let (at, what) = broken(from, to);
        assert!(what.contains(words), "{to}: {what}");
        // A list that is not closed is noticed where something else stands.
        assert!(at == line || words.is_empty(), "{to}: line {at}, {what}");
    }
    let untried = "rules:\n  - {name: a, does: ask, because: b}\n";
    assert!(RuleFile::parse(untried, &classify).unwrap_err().what.contains("no `tests`"));
    assert!(RuleFile::parse("rules: 5\n", &classify).is_err());
    assert!(RuleFile::parse("- a\n- b\n", &classify).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever rules there are: with one more strict rule nothing becomes laxer, and no rule allows more than reads.
    #[test]
    fn no_rule_makes_another_one_laxer(
        names in proptest::collection::vec((0u8..3, 0usize..4, 0usize..3), 0..6), strict in 1u8..3, namespace in 0usize..4, risk in 0usize..4,
    ) {
        const NAMESPACES: [&str; 4] = ["shop", "bank", "sh*", "*"];
        const TOOLS: [&str; 3] = ["logs", "metrics", "*"];
        let does = |n: u8| [Does::Allow, Does::Ask, Does::Forbid][usize::from(n)];
        let rules: Vec<Rule> = names.iter().enumerate().map(|(n, (what, place, tool))| Rule {
            name: format!("rule {n}"), does: does(*what), tools: vec![TOOLS[*tool].into()], namespaces: vec![NAMESPACES[*place].into()], ..Rule::default()
        }).collect();
        let strictness = |ruling: &Ruling| match ruling {
            Ruling::Allowed { .. } => 0,
            Ruling::Ask => 1,
            Ruling::Forbidden { .. } => 2,
        };
        let before = with(Approve::Ask, rules.clone()).rule(&logs(), ALL[risk], NOW);
        let more = Rule { name: "strict".into(), does: does(strict), namespaces: vec![NAMESPACES[namespace].into()], ..Rule::default() };
        let after = with(Approve::Ask, [rules, vec![more]].concat()).rule(&logs(), ALL[risk], NOW);
        prop_assert!(strictness(&after) >= strictness(&before), "{before:?} became {after:?}");
        prop_assert!(ALL[risk] == Risk::Read || strictness(&after) > 0);
    }
}
