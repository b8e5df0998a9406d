#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use model::{
    Certainty, Citation, ClusterId, Conclusion, Decision, Fact, Fix, Hypothesis, IncidentId, ObservationId, Time,
};

use crate::{Answer, Comparison, Golden, Report, Truth, Verdict, judge};

fn golden(name: &str, twin: Option<&str>, truth: Truth) -> Golden {
    Golden {
        name: name.into(),
        twin: twin.map(str::to_owned),
        category: if truth.healthy { "healthy".into() } else { "config-secrets".into() },
        question: None,
        truth,
        cluster: ClusterId("cluster:test".into()),
        as_of: Time::from_seconds(100),
        observations: Vec::new(),
        blueprints: Vec::new(),
    }
}

fn truth(mode: &str) -> Truth {
    Truth { object: Some("Deployment/shop/cart".parse().unwrap()), failure_mode: mode.into(), ..Truth::default() }
}

fn hypothesis(rank: u32, object: &str, mode: &str, probability: f64) -> Hypothesis {
    Hypothesis {
        id: format!("{mode} @ {object}"),
        rank,
        incident: IncidentId("incident:1".into()),
        object: object.parse().unwrap(),
        failure_mode: mode.into(),
        mechanism: String::new(),
        probability,
        evidence: vec![Citation { id: ObservationId::from("obs:1"), quote: String::new() }],
        against: Vec::new(),
        fix: Some(Fix { id: "raise-limit".into(), text: String::new(), conditions: Vec::new(), never: Vec::new() }),
        open_checks: Vec::new(),
    }
}

fn answer(abstained: bool, hypotheses: Vec<Hypothesis>) -> Result<Answer, String> {
    let fact = |name: &str, id: &str| Fact {
        name: name.into(),
        subject: "Deployment/shop/cart".parse().unwrap(),
        args: BTreeMap::new(),
        certainty: Certainty::Known,
        says: String::new(),
        since: Time::from_seconds(1),
        evidence: vec![ObservationId::from(id)],
    };
    Ok(Answer {
        incidents: usize::from(!hypotheses.is_empty()),
        conclusion: Conclusion {
            abstained,
            summary: String::new(),
            hypotheses,
            not_checked: Vec::new(),
            argument: None,
        },
        calls: vec![("logs".into(), Decision::Approved), ("metrics".into(), Decision::Approved)],
        facts: vec![fact("oom_killed", "obs:1"), fact("memory_slope", "obs:2")],
        spent: None,
    })
}

#[test]
fn object_and_mechanism_must_be_right_in_the_same_hypothesis() {
    let golden = golden("a", None, truth("memory-leak"));
    let split = answer(
        false,
        vec![
            hypothesis(1, "Deployment/shop/web", "memory-leak", 0.6),
            hypothesis(2, "Deployment/shop/cart", "memory-limit-too-low", 0.3),
        ],
    );
    let verdict = judge(&golden, split);
    assert!(verdict.mechanism_1 && !verdict.component_1 && verdict.component_3);
    assert!(!verdict.both_1 && !verdict.both_3);
    let right = answer(false, vec![hypothesis(1, "Deployment/shop/cart", "memory-leak", 0.9)]);
    assert!(judge(&golden, right).is_right());
}

#[test]
fn an_abstention_is_never_right_where_the_evidence_decides() {
    let golden = golden("a", None, truth("memory-leak"));
    let verdict = judge(&golden, answer(true, vec![hypothesis(1, "Deployment/shop/cart", "memory-leak", 0.4)]));
    assert!(verdict.abstained && !verdict.is_right() && !verdict.silent);
}

#[test]
fn doubt_is_right_where_the_evidence_does_not_decide() {
    let both = ["memory-leak".to_owned(), "memory-limit-too-low".to_owned()];
    let golden = golden("a", None, Truth { ambiguous: both.to_vec(), ..truth("memory-leak") });
    let cart = "Deployment/shop/cart";
    let sure = vec![hypothesis(1, cart, "memory-leak", 0.95), hypothesis(2, cart, "memory-limit-too-low", 0.04)];
    assert!(!judge(&golden, answer(false, sure)).is_right());
    let torn = vec![hypothesis(1, cart, "memory-leak", 0.5), hypothesis(2, cart, "memory-limit-too-low", 0.45)];
    assert!(judge(&golden, answer(false, torn.clone())).is_right());
    assert!(judge(&golden, answer(true, torn)).is_right());
    let elsewhere = vec![hypothesis(1, cart, "node-down", 0.5)];
    assert!(!judge(&golden, answer(true, elsewhere)).is_right());
}

#[test]
fn a_healthy_cluster_is_right_only_in_silence() {
    let golden = golden("calm", None, Truth { healthy: true, ..Truth::default() });
    assert!(judge(&golden, answer(false, Vec::new())).is_right());
    let alarm = judge(&golden, answer(false, vec![hypothesis(1, "Deployment/shop/cart", "memory-leak", 0.9)]));
    assert!(alarm.false_alarm && !alarm.is_right());
}

#[test]
fn fixes_and_cited_evidence_are_counted() {
    let golden = golden(
        "a",
        None,
        Truth {
            fixes_ok: vec!["fix-leak".into()],
            fixes_forbidden: vec!["raise-limit".into()],
            evidence: vec!["oom_killed".into(), "memory_slope".into()],
            ..truth("memory-leak")
        },
    );
    let verdict = judge(&golden, answer(false, vec![hypothesis(1, "Deployment/shop/cart", "memory-leak", 0.9)]));
    assert_eq!(verdict.fix_right, Some(false));
    assert!(verdict.fix_forbidden);
    assert_eq!(verdict.evidence_cited, Some(0.5));
    assert_eq!(verdict.calls, 2);
}

fn verdict(name: &str, twin: Option<&str>, right: bool) -> Verdict {
    let said = if right { "memory-leak" } else { "node-down" };
    judge(
        &golden(name, twin, truth("memory-leak")),
        answer(false, vec![hypothesis(1, "Deployment/shop/cart", said, 0.9)]),
    )
}

#[test]
fn a_pair_counts_only_when_both_twins_are_right() {
    let report = Report::of(vec![
        verdict("a", Some("b"), true),
        verdict("b", Some("a"), false),
        verdict("c", Some("d"), true),
        verdict("d", None, true),
        verdict("e", Some("not run"), true),
    ]);
    assert_eq!((report.pairs.len(), report.pairs_right()), (2, 1));
    assert_eq!(report.total.both_1, 0.8);
}

#[test]
fn a_scenario_without_an_answer_is_counted_and_named() {
    let failed = judge(&golden("a", None, truth("memory-leak")), Err("the recording is empty".into()));
    let report = Report::of(vec![failed, verdict("b", None, true)]);
    assert_eq!((report.total.failed, report.total.both_1), (1, 0.5));
    assert!(report.to_string().contains("a: said no answer: the recording is empty"), "{report}");
}

#[test]
fn a_comparison_names_what_was_helped_and_what_was_harmed() {
    let before = Report::of(vec![verdict("a", None, true), verdict("b", None, false), verdict("gone", None, true)]);
    let now = Report::of(vec![verdict("a", None, false), verdict("b", None, true), verdict("new", None, true)]);
    let comparison = Comparison::between(&before, &now);
    let names = |list: &[crate::Difference]| list.iter().map(|d| d.name.clone()).collect::<Vec<_>>();
    assert_eq!((names(&comparison.helped), names(&comparison.harmed)), (vec!["b".to_owned()], vec!["a".to_owned()]));
    assert_eq!(
        (comparison.added.clone(), comparison.removed.clone()),
        (vec!["new".to_owned()], vec!["gone".to_owned()])
    );
    assert!(comparison.is_worse());
    assert!(!Comparison::between(&now, &now).is_worse());
}

#[test]
fn a_report_survives_being_saved() {
    let report = Report::of(vec![verdict("a", Some("b"), true), verdict("b", None, false)]);
    let saved = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&saved).unwrap(), report);
}

#[test]
fn a_mutation_takes_away_what_the_evidence_rests_on_and_noise_only_adds() {
    use model::{Body, LogBody, Observation, Source};
    let log = |text: &str| {
        Observation::new(
            ClusterId("cluster:test".into()),
            Time::from_seconds(50),
            Time::from_seconds(50),
            Source::Script,
            Some("Pod/shop/cart-1".parse().unwrap()),
            Body::Log(LogBody { container: "app".into(), previous: false, text: text.into(), ..LogBody::default() }),
        )
    };
    let mut golden = golden("a", None, Truth { evidence: vec!["log_pattern".into()], ..truth("memory-leak") });
    golden.observations = vec![log("deciding"), log("other")];
    let fact = Fact {
        name: "log_pattern".into(),
        subject: "Deployment/shop/cart".parse().unwrap(),
        args: BTreeMap::new(),
        certainty: Certainty::Known,
        says: String::new(),
        since: Time::from_seconds(1),
        evidence: vec![golden.observations[0].id.clone()],
    };
    let there = |golden: &Golden| golden.observations.iter().any(|o| fact.evidence.contains(&o.id));
    let facts_of = |golden: &Golden| if there(golden) { vec![fact.clone()] } else { Vec::new() };
    let crate::Mutated::Without(without) = golden.without_evidence(facts_of) else { panic!("it can be taken away") };
    assert_eq!(without.observations, vec![golden.observations[1].clone()]);
    assert!(matches!(golden.without_evidence(|_| Vec::new()), crate::Mutated::Inseparable));
    for noise in crate::Noise::ALL {
        let noisy = golden.with(noise);
        assert!(noisy.observations.len() > 2 && noisy.observations.starts_with(&golden.observations), "{noise:?}");
    }
}

#[test]
fn a_verdict_that_outlives_its_evidence_is_reported() {
    let right = verdict("a", None, true);
    let report = Report::of(vec![right.clone(), verdict("b", None, false)]);
    let moved = verdict("a", None, false);
    let name = |n: &str| n.to_owned();
    let unmet = |demand, verdict: &Verdict| crate::unmet(&report, &[(name("a"), demand, verdict.clone())]).len();
    assert_eq!(unmet(crate::Demand::Moves, &right), 1);
    assert_eq!(unmet(crate::Demand::Moves, &moved), 0);
    assert_eq!(unmet(crate::Demand::Stays, &right), 0);
    assert_eq!(unmet(crate::Demand::Stays, &moved), 1);
}

#[test]
fn of_evidence_that_lies_in_objects_the_fewest_fields_are_taken() {
    use model::Body;
    let library = knowledge::Library::builtin();
    let script = "name: a\ntitle: a\nabout: a\nsetting: true\nnamespace: shop\nlength: 1m\ntruth: {object: Service/shop/cart, \
                  failure_mode: service-selector-mismatch, decides: [service_selects_no_pods]}\nobjects:\n\
                  - {workload: cart, port: 80}\n- {service: cart, port: 80, selector: {app: kart}}\n";
    let golden = Golden::of(&playground::Scenario::load("a.yaml", script).unwrap(), &library);
    let workbench = crate::Workbench::new(library, std::sync::Arc::new(redact::Redactor::new([7; 32])));
    let facts_of = |golden: &Golden| crate::Engine::facts(&workbench, golden);
    let crate::Mutated::Without(without) = golden.without_evidence(facts_of) else { panic!("it can be taken away") };
    assert!(!facts_of(&without).iter().any(|f| f.name == "service_selects_no_pods" && f.certainty == Certainty::Known));
    let service = |o: &&model::Observation| {
        matches!(o.body, Body::Object { .. })
            && o.subject.as_ref().is_some_and(|s| s.kind == "Service" && s.name == "cart")
    };
    let (before, after) = (golden.observations.iter().find(service), without.observations.iter().find(service));
    assert!(after.is_some() && before != after, "the Service is still there, and something of it is not");
    let refused =
        |o: &model::Observation| matches!(&o.body, Body::Coverage { state: model::CoverageState::Refused, .. });
    assert!(!without.observations.iter().any(refused));
}

#[test]
fn several_causes_count_only_when_each_is_named_in_an_incident_of_its_own() {
    let other = ("Node/worker-1".parse().unwrap(), "node-not-ready".to_owned());
    let golden = golden("two", None, Truth { others: vec![other], ..truth("memory-leak") });
    let cart = hypothesis(1, "Deployment/shop/cart", "memory-leak", 0.9);
    let node = hypothesis(2, "Node/worker-1", "node-not-ready", 0.9);
    let apart = Hypothesis { incident: IncidentId("incident:2".into()), ..node.clone() };
    assert!(judge(&golden, answer(false, vec![cart.clone(), apart])).is_right());
    assert!(!judge(&golden, answer(false, vec![cart.clone(), node])).is_right());
    assert!(!judge(&golden, answer(false, vec![cart])).is_right());
}

#[test]
fn a_pair_whose_fix_is_wrong_in_one_twin_is_not_right() {
    let asks = |name: &str, twin: &str, fix: &str| {
        let truth = Truth { fixes_ok: vec![fix.into()], ..truth("memory-leak") };
        let said = vec![hypothesis(1, "Deployment/shop/cart", "memory-leak", 0.9)];
        judge(&golden(name, Some(twin), truth), answer(false, said))
    };
    let right = Report::of(vec![asks("a", "b", "raise-limit"), asks("b", "a", "raise-limit")]);
    let wrong = Report::of(vec![asks("a", "b", "raise-limit"), asks("b", "a", "restart")]);
    assert_eq!((right.pairs_right(), wrong.pairs_right()), (1, 0));
}

#[test]
fn a_fact_that_nobody_can_say_is_found_with_its_line() {
    let text = knowledge::Library::builtin().text("failure-modes/replicas-zero.md").unwrap().to_owned();
    let wrong = text.replacen("replicas_zero", "replicas_nil", 1);
    let line = wrong.lines().position(|l| l.contains("replicas_nil")).unwrap() + 1;
    let files = vec![("failure-modes/replicas-zero.md".to_owned(), wrong)];
    let findings = crate::lint(&knowledge::Library::from_files(files, None), &[]);
    assert_eq!((findings.len(), findings[0].line), (1, line), "{findings:?}");
    assert!(findings[0].what.contains("`replicas_nil`"));
}

#[test]
fn the_library_and_its_scenarios_use_no_word_that_nobody_knows() {
    let findings = crate::lint(&knowledge::Library::builtin(), &playground::all_built_in());
    assert!(findings.is_empty(), "{}", findings.iter().map(|f| format!("{f}\n")).collect::<String>());
}

#[test]
fn every_failure_mode_is_tried_by_a_scenario() {
    let tried = crate::tried(&knowledge::Library::builtin(), &playground::all_built_in());
    let never: Vec<&str> = tried.iter().filter(|t| t.scenarios.is_empty()).map(|t| t.mode.as_str()).collect();
    assert_eq!(never, UNTRIED, "take out of the list what is tried now");
}

/// Failure modes without a scenario.
const UNTRIED: &[&str] = &[];

#[test]
fn every_built_in_scenario_is_golden_and_its_truth_names_an_object_of_it() {
    let (golden, broken) = Golden::built_in(&knowledge::Library::builtin());
    assert!(broken.is_empty(), "{broken:?}");
    assert!(golden.len() >= 3);
    for one in &golden {
        let Some(object) = &one.truth.object else {
            assert!(one.truth.healthy || !one.truth.ambiguous.is_empty(), "{} has no object", one.name);
            continue;
        };
        assert!(one.observations.iter().any(|o| o.subject.as_ref() == Some(object)), "{}: no {object}", one.name);
        assert!(one.observations.iter().all(|o| o.at <= one.as_of), "{} goes on after its end", one.name);
    }
}

#[test]
fn a_broken_scenario_of_a_folder_is_listed_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (_, text) = playground::BUILT_IN[0];
    std::fs::write(folder.path().join("good.yaml"), text).unwrap();
    std::fs::write(folder.path().join("setting.yaml"), "- {}").unwrap();
    std::fs::write(folder.path().join("broken.yaml"), "name: [").unwrap();
    std::fs::write(folder.path().join("README.md"), "not a scenario").unwrap();
    let (golden, broken) = Golden::folder(folder.path(), &knowledge::Library::builtin()).unwrap();
    assert_eq!((golden.len(), broken.len()), (1, 1));
    assert!(broken[0].to_string().contains("broken.yaml"), "{}", broken[0]);
}

#[tokio::test]
async fn the_workbench_answers_every_built_in_scenario() {
    use std::sync::Arc;
    let library = knowledge::Library::builtin();
    let (golden, _) = Golden::built_in(&library);
    let workbench = crate::Workbench::new(library, Arc::new(redact::Redactor::new([7; 32])));
    let mut report = crate::run(&workbench, &golden, |_, _| {}).await;
    println!("{report}");
    assert_eq!(report.total.failed, 0, "{report}");
    assert_eq!(report.total.false_alarms, 0, "{report}");
    assert_eq!(report.total.fixes_forbidden, 0, "{report}");
    let wrong: Vec<&str> = report.verdicts.iter().filter(|v| !v.is_right_with_fix()).map(|v| v.name.as_str()).collect();
    let new: Vec<&&str> = wrong.iter().filter(|name| !NOT_RIGHT.contains(name)).collect();
    assert!(new.is_empty(), "no longer right: {new:?}\n{report}");
    let mended: Vec<&&str> = NOT_RIGHT.iter().filter(|name| !wrong.contains(name)).collect();
    assert!(mended.is_empty(), "right now; take them out of the list: {mended:?}");
    // All variants are for `caseboard eval`; every ninth shows that they still do what is demanded.
    let some: Vec<Golden> = golden.into_iter().step_by(9).collect();
    crate::run_variants(&workbench, &some, &mut report, |_, _| {}).await;
    let unmet: Vec<&String> =
        report.variants.unmet.iter().filter(|one| !UNMET.iter().any(|known| one.starts_with(known))).collect();
    assert!(unmet.is_empty(), "{unmet:#?}");
}

/// What the window shows while a scenario happens rests on a graph that goes on from change to change.
#[test]
fn in_every_scenario_the_graph_that_goes_on_is_the_one_that_is_built_anew() {
    let (golden, _) = Golden::built_in(&knowledge::Library::builtin());
    let mut changes = 0;
    for golden in golden {
        let history = history::History::in_memory(golden.cluster.clone()).unwrap();
        let view = |at| model::View::inventory(std::sync::Arc::new(history.present(at).unwrap()));
        let mut observations = golden.observations;
        observations.sort_by_key(|observation| observation.seen_at);
        let mut graph = topology::Graph::build(&view(golden.as_of), &[]);
        // The first of them are the cluster as it was found.
        let found =
            observations.partition_point(|o| Some(o.seen_at) == observations.first().map(|first| first.seen_at));
        let (found, later) = observations.split_at(found);
        let step = later.len().div_ceil(12).max(1);
        for batch in std::iter::once(found).chain(later.chunks(step)) {
            history.append(batch).unwrap();
            let view = view(batch.last().map_or(golden.as_of, |last| last.seen_at));
            graph.go_on(std::sync::Arc::clone(&view.snapshot));
            let anew = topology::Graph::build(&view, &[]);
            let edges = |graph: &topology::Graph| graph.edges().map(|tie| tie.edge()).collect::<Vec<_>>();
            assert_eq!(edges(&graph), edges(&anew), "{}", golden.name);
            assert_eq!(detect::facts(&view, &graph), detect::facts(&view, &anew), "{}", golden.name);
            changes += 1;
        }
    }
    assert!(changes > 20, "scenarios change something");
}

/// Scenarios whose cause or fix the built-in investigator does not find yet.
const NOT_RIGHT: &[&str] = &[];

/// Scenarios of which a variant does not do yet what is demanded.
const UNMET: &[&str] = &[];
