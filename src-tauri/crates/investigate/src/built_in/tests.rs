use std::collections::BTreeMap;
use std::sync::Arc;

use knowledge::Library;
use model::{
    Blueprint, BlueprintVersion, Body, Category, Certainty, ClusterId, Fact, Incident, IncidentId, IncidentState,
    LogBody, ObjectRef, Observation, ObservationId, OddsShift, Scope, Severity, Signal, Snapshot, Source, Time,
    ToolCall, Triage, View,
};
use serde_json::{Value, json};
use topology::Graph;

use super::{Brief, BuiltIn, Sight};
use crate::{Investigator, Move, Seen};

const LOG: &str = "ERROR 1040: Too many connections";

fn cluster() -> ClusterId {
    ClusterId("cluster:test".into())
}

fn object(text: &str) -> ObjectRef {
    text.parse().unwrap_or_else(|_| ObjectRef::global("Broken", text))
}

fn fact(name: &str, subject: &str, args: Value, evidence: &ObservationId) -> Fact {
    let args = args.as_object().cloned().unwrap_or_default().into_iter().collect::<BTreeMap<_, _>>();
    Fact {
        name: name.into(),
        subject: object(subject),
        args,
        certainty: Certainty::Known,
        says: format!("{name} of {subject}"),
        since: Time(0),
        evidence: vec![evidence.clone()],
    }
}

fn incident(id: &str, subjects: &[&str]) -> Incident {
    let signal = |subject: &&str| Signal {
        name: "crash_loop".into(),
        failure_modes: Vec::new(),
        subject: object(subject),
        category: Category::AppInfra,
        severity: Severity::Major,
        title: "crash loop".into(),
        first_at: Time(0),
        last_at: Time(0),
        count: 1,
        evidence: Vec::new(),
    };
    Incident {
        id: IncidentId(id.into()),
        title: "things crash".into(),
        category: Category::AppInfra,
        failure_modes: Vec::new(),
        severity: Severity::Major,
        state: IncidentState::Open,
        started_at: Time(0),
        ended_at: None,
        signals: subjects.iter().map(signal).collect(),
        subjects: subjects.iter().map(|s| object(s)).collect(),
        origin: None,
        links: Vec::new(),
        blast_radius: Vec::new(),
    }
}

fn mode(id: &str, rest: &str) -> (String, String) {
    let text = format!(
        "---\nid: {id}\ncategory: app-infra\ntitle: {id}\n{rest}\nfixes:\n  - id: mend\n    text: Mend it.\n\
         mechanism: \"{id} on {{object}}\"\n---\nText.\n"
    );
    (format!("failure-modes/{id}.md"), text)
}

fn library() -> Arc<Library> {
    let logs = "checks:\n  - {tool: logs, args: {namespace: \"{namespace}\", workload: \"{name}\"}, why: it may say, \
                expects: words, gain: 0.8}";
    let library = Library::from_files(
        [
            mode(
                "crash",
                &format!("prior: 0.05\nsymptomatic: true\nsignals:\n  - {{fact: crash_loop, ratio: 6}}\n{logs}"),
            ),
            mode(
                "database-full",
                &format!(
                    "prior: 0.03\nsignals:\n  - {{fact: refuses_clients, ratio: 60}}\n  - {{fact: crash_loop, ratio: 1.5}}\n{logs}"
                ),
            ),
            mode("config-broken", "prior: 0.03\nsignals:\n  - {fact: crash_loop, ratio: 1.6}"),
            mode("secret-rotated", "prior: 0.03\nsignals:\n  - {fact: crash_loop, ratio: 1.5}"),
        ],
        None,
    );
    assert_eq!(library.issues(), []);
    Arc::new(library)
}

fn source() -> ObservationId {
    observed("inventory").id
}

fn observed(text: &str) -> Observation {
    let body = Body::Log(LogBody { container: "c".into(), text: text.into(), ..LogBody::default() });
    Observation::new(cluster(), Time(0), Time(0), Source::Script, Some(object("Deployment/shop/web")), body)
}

/// A web that crashes because its database refuses it; only the log says so.
fn shop(view: &View, declared: &[(ObjectRef, ObjectRef, String)]) -> Sight {
    let mut calls = declared.to_vec();
    calls.push((object("Deployment/shop/web"), object("Deployment/shop/db"), "calls it".into()));
    let mut facts = vec![fact("crash_loop", "Deployment/shop/web", json!({"exit_code": 1}), &source())];
    for observation in &view.released {
        if matches!(&observation.body, Body::Log(log) if log.text == LOG) {
            facts.push(fact("refuses_clients", "Deployment/shop/db", json!({}), &observation.id));
        }
    }
    let graph = Graph::build(view, &calls);
    let incidents = vec![incident("incident:1", &["Deployment/shop/web"])];
    Sight { graph, facts, triage: Triage { at: Time(0), incidents, noise: Vec::new(), not_checked: Vec::new() } }
}

fn quiet(view: &View, declared: &[(ObjectRef, ObjectRef, String)]) -> Sight {
    let graph = Graph::build(view, declared);
    let triage = Triage { at: Time(0), incidents: Vec::new(), noise: Vec::new(), not_checked: Vec::new() };
    Sight { graph, facts: Vec::new(), triage }
}

fn brief() -> Brief {
    Brief::new(Arc::new(Snapshot::empty(cluster(), Time(0))), library())
}

/// Runs an investigation to its end; `answer` says what becomes of each call.
fn run(mut investigator: BuiltIn, answer: impl Fn(&ToolCall) -> Seen) -> Vec<Move> {
    let mut moves = Vec::new();
    let mut seen = Seen::Begin;
    for _ in 0..60 {
        let next = investigator.next(seen);
        seen = match &next {
            Move::Call(call) => answer(call),
            Move::Narrate { .. } | Move::Hypotheses { .. } | Move::Conclude(_) => Seen::Written,
            Move::Calls(_) | Move::Ask(_) | Move::HandOver(_) | Move::HandBack(_) => {
                panic!("it asks nobody else: {next:?}")
            }
        };
        let over = matches!(next, Move::Conclude(_));
        moves.push(next);
        if over {
            return moves;
        }
    }
    panic!("the investigation does not end: {moves:#?}");
}

fn released(call: &ToolCall) -> Seen {
    let observations = if call.tool == "logs" { vec![Arc::new(observed(LOG))] } else { Vec::new() };
    Seen::Released { call: call.clone(), edited: None, text: String::new(), changed: None, observations }
}

fn denied(call: &ToolCall) -> Seen {
    Seen::Denied { call: call.clone(), reason: "not now".into() }
}

fn conclusion(moves: &[Move]) -> &model::Conclusion {
    match moves.last() {
        Some(Move::Conclude(conclusion)) => conclusion,
        other => panic!("no conclusion but {other:?}"),
    }
}

#[test]
fn a_released_log_names_the_cause_upstream_and_explains_the_crash_away() {
    let moves = run(BuiltIn::looking(brief(), Box::new(shop)), released);
    let conclusion = conclusion(&moves);
    assert!(!conclusion.abstained);
    let first = &conclusion.hypotheses[0];
    assert_eq!(
        (first.failure_mode.as_str(), first.object.to_string().as_str()),
        ("database-full", "Deployment/shop/db")
    );
    assert!(first.probability > 0.8, "{}", first.probability);
    assert_eq!(first.evidence[0].id, observed(LOG).id);
    let crash = conclusion.hypotheses.iter().find(|h| h.failure_mode == "crash");
    assert!(crash.is_none_or(|c| c.mechanism.contains("explained by database-full")));
    let told: Vec<&str> = moves
        .iter()
        .filter_map(|m| match m {
            Move::Hypotheses { because, .. } => Some(because.as_str()),
            _ => None,
        })
        .collect();
    assert!(told.iter().any(|b| b.contains("refuses_clients of Deployment/shop/db")), "{told:?}");
}

#[test]
fn denying_a_call_removes_its_evidence_and_is_said() {
    let moves = run(BuiltIn::looking(brief(), Box::new(shop)), denied);
    let conclusion = conclusion(&moves);
    assert!(conclusion.hypotheses.iter().all(|h| h.object != object("Deployment/shop/db")));
    let cited = conclusion.hypotheses.iter().flat_map(|h| &h.evidence);
    assert!(cited.into_iter().all(|c| c.id != observed(LOG).id));
    assert!(conclusion.not_checked.iter().any(|n| n.what.contains("logs") && n.because.contains("denied: not now")));
}

#[test]
fn what_was_withheld_or_failed_is_told_apart() {
    let withheld = |call: &ToolCall| Seen::Withheld { call: call.clone(), reason: "private".into() };
    let moves = run(BuiltIn::looking(brief(), Box::new(shop)), withheld);
    assert!(conclusion(&moves).not_checked.iter().any(|n| n.because == "withheld: private"));
    let failed = |call: &ToolCall| Seen::Failed { call: call.clone(), error: "403".into(), hint: "Ask.".into() };
    let moves = run(BuiltIn::looking(brief(), Box::new(shop)), failed);
    assert!(conclusion(&moves).not_checked.iter().any(|n| n.because == "failed: 403; Ask."));
}

#[test]
fn the_same_things_seen_give_the_same_moves() {
    let once = run(BuiltIn::looking(brief(), Box::new(shop)), released);
    let again = run(BuiltIn::looking(brief(), Box::new(shop)), released);
    assert_eq!(once, again);
    for step in &once {
        if let Move::Hypotheses { hypotheses, .. } = step {
            let text = serde_json::to_string(hypotheses).unwrap_or_default();
            let back: Vec<model::Hypothesis> = serde_json::from_str(&text).unwrap_or_default();
            assert_eq!(&back, hypotheses, "a replayed step equals the recorded one");
        }
    }
}

#[test]
fn a_blueprint_changes_the_order_of_two_causes_that_look_the_same() {
    let first = |brief: Brief| {
        let moves = run(BuiltIn::looking(brief, Box::new(shop)), denied);
        let causes = conclusion(&moves).hypotheses.iter().filter(|h| h.failure_mode != "crash");
        causes.map(|h| h.failure_mode.clone()).next().unwrap_or_default()
    };
    assert_eq!(first(brief()), "config-broken");
    let shift = OddsShift {
        failure_mode: "secret-rotated".into(),
        when: "fact.name == 'crash_loop' && fact.args.exit_code == 1".into(),
        ratio: 12.0,
        because: "the secret rotates every Monday and needs a restart".into(),
    };
    let scope = Scope::Workload { namespace: "shop".into(), kind: "Deployment".into(), name: "web".into() };
    let blueprint = Blueprint { name: "web".into(), scope: Some(scope), odds: vec![shift], ..Blueprint::default() };
    let mut with = brief();
    with.blueprints = vec![BlueprintVersion { version: 3, at: Time(0), author: "curator".into(), blueprint }];
    assert_eq!(first(with), "secret-rotated");
}

#[test]
fn nothing_wrong_is_said_after_each_outside_source_was_looked_at_once() {
    let moves = run(BuiltIn::looking(brief(), Box::new(quiet)), released);
    let conclusion = conclusion(&moves);
    assert!(!conclusion.abstained && conclusion.hypotheses.is_empty());
    assert!(conclusion.summary.starts_with("Nothing is wrong"));
    let tools: Vec<&str> =
        moves.iter().filter_map(|m| if let Move::Call(c) = m { Some(c.tool.as_str()) } else { None }).collect();
    assert_eq!(tools, ["alerts", "metrics", "node_agents"]);
}

#[test]
fn what_a_recording_cannot_answer_is_not_asked_for_and_is_said_at_the_end() {
    let lacking = vec![("alerts", "the list of alerts"), ("node_agents", "what agents say")];
    let moves = run(BuiltIn::looking(Brief { unanswerable: lacking, ..brief() }, Box::new(quiet)), released);
    let tools: Vec<&str> =
        moves.iter().filter_map(|m| if let Move::Call(c) = m { Some(c.tool.as_str()) } else { None }).collect();
    assert_eq!(tools, ["metrics"]);
    let not_checked: Vec<&str> = conclusion(&moves).not_checked.iter().map(|n| n.what.as_str()).collect();
    assert_eq!(not_checked, ["The list of alerts", "What agents say"]);
}

#[test]
fn what_nobody_feels_does_not_keep_alerts_and_metrics_from_being_asked_once() {
    let asked = |blast_radius: Vec<ObjectRef>| {
        let one = move |view: &View, declared: &[(ObjectRef, ObjectRef, String)]| {
            let mut sight = shop(view, declared);
            sight.triage.incidents[0].blast_radius.clone_from(&blast_radius);
            sight.facts.push(fact("refuses_clients", "Deployment/shop/web", json!({}), &source()));
            sight
        };
        let moves = run(BuiltIn::looking(brief(), Box::new(one)), released);
        let tools = moves.iter().filter_map(|m| if let Move::Call(c) = m { Some(c.tool.clone()) } else { None });
        tools.collect::<Vec<_>>()
    };
    let alone = asked(Vec::new());
    assert!(alone.contains(&"alerts".to_owned()) && alone.contains(&"metrics".to_owned()), "{alone:?}");
    let felt = asked(vec![object("Deployment/shop/front")]);
    assert!(!felt.contains(&"metrics".to_owned()), "{felt:?}");
}

#[test]
fn what_the_log_of_a_workload_says_that_was_asked_about_is_its_trouble() {
    let elsewhere = || incident("incident:9", &["Pod/shop/other"]);
    let told = |count: i64, ongoing: bool, question: Option<&str>, only: &[&str]| {
        let others = !only.is_empty();
        let look = move |view: &View, declared: &[(ObjectRef, ObjectRef, String)]| {
            let mut sight = quiet(view, declared);
            for observation in &view.released {
                let args = json!({"pattern": "sql_syntax", "count": count, "ongoing": ongoing, "line": "syntax error"});
                sight.facts.push(fact("log_pattern", "Deployment/shop/web", args, &observation.id));
            }
            sight.triage.incidents.extend(others.then(elsewhere));
            sight
        };
        let mut snapshot = Snapshot::empty(cluster(), Time(0));
        let held = |body: Value| model::Held {
            observation: source(),
            at: Time(0),
            seen_at: Time(0),
            uid: "u".into(),
            api_version: "v1".into(),
            object: body.into(),
        };
        snapshot.objects.insert(object("Deployment/shop/web"), held(json!({})));
        let owner =
            json!({"metadata": {"ownerReferences": [{"kind": "Deployment", "name": "web", "controller": true}]}});
        snapshot.objects.insert(object("Pod/shop/web-1"), held(owner));
        let mut brief = Brief::new(Arc::new(snapshot), Library::builtin());
        brief.question = question.map(str::to_owned);
        brief.incidents = only.iter().map(|id| IncidentId((*id).to_owned())).collect();
        conclusion(&run(BuiltIn::looking(brief, Box::new(look)), released)).clone()
    };
    let question = Some("Why do orders of deployment/shop/web fail?");
    let asked = told(40, true, question, &[]);
    assert_eq!(asked.hypotheses[0].object, object("Deployment/shop/web"));
    assert!(asked.hypotheses[0].mechanism.contains("syntax error"), "{}", asked.hypotheses[0].mechanism);
    assert!(told(1, false, question, &[]).hypotheses.is_empty(), "one line, long ago");
    assert!(told(40, true, None, &[]).hypotheses.is_empty(), "nobody asked about it");
    let beside = told(40, true, question, &["incident:9"]);
    assert_eq!(
        beside.hypotheses[0].object,
        object("Deployment/shop/web"),
        "asked by name in a case about another trouble"
    );
    let unnamed = told(40, true, Some("What is broken?"), &["incident:9"]);
    assert!(unnamed.hypotheses.is_empty(), "the case is about another trouble");
}

#[test]
fn the_budget_ends_with_a_summary_that_says_what_was_not_looked_at() {
    let mut brief = brief();
    brief.budget = 0;
    let moves = run(BuiltIn::looking(brief, Box::new(shop)), released);
    let conclusion = conclusion(&moves);
    assert!(conclusion.not_checked.iter().any(|n| n.because.contains("budget")));
    assert!(moves.iter().all(|m| !matches!(m, Move::Call(_))));
}

#[test]
fn the_engineers_words_narrow_the_case() {
    let two = |view: &View, declared: &[(ObjectRef, ObjectRef, String)]| {
        let mut sight = shop(view, declared);
        sight.facts.push(fact("crash_loop", "Deployment/bank/till", json!({}), &source()));
        sight.triage.incidents.push(incident("incident:2", &["Deployment/bank/till"]));
        sight
    };
    let mut snapshot = Snapshot::empty(cluster(), Time(0));
    let held = model::Held {
        observation: source(),
        at: Time(0),
        seen_at: Time(0),
        uid: "u".into(),
        api_version: "apps/v1".into(),
        object: json!({}).into(),
    };
    snapshot.objects.insert(object("Deployment/bank/till"), held);
    let mut brief = Brief::new(Arc::new(snapshot), library());
    brief.question = Some("What is wrong with deployment/bank/till?".into());
    let moves = run(BuiltIn::looking(brief, Box::new(two)), denied);
    assert_eq!(conclusion(&moves).hypotheses[0].object, object("Deployment/bank/till"));
}

#[test]
fn a_check_that_was_made_and_found_nothing_speaks_against_what_it_looked_for() {
    let probability = |moves: &[Move], which: usize| {
        let mut boards = moves.iter().filter_map(|m| match m {
            Move::Hypotheses { hypotheses, .. } => Some(hypotheses),
            _ => None,
        });
        let board = boards.nth(which);
        board.and_then(|b| b.iter().find(|h| h.failure_mode == "database-full")).map_or(0.0, |h| h.probability)
    };
    let empty = |call: &ToolCall| {
        let observations = vec![Arc::new(observed("INFO all is well"))];
        Seen::Released { call: call.clone(), edited: None, text: String::new(), changed: None, observations }
    };
    let moves = run(BuiltIn::looking(brief(), Box::new(shop)), empty);
    assert!(probability(&moves, 1) < probability(&moves, 0));
    assert!(conclusion(&moves).not_checked.is_empty());
}
