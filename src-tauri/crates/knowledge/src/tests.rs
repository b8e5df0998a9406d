#![expect(clippy::unwrap_used, reason = "a failing test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use model::{
    Blueprint, BlueprintVersion, Certainty, ClusterId, Fact, Fix, ObjectRef, ObservationId, OddsShift, Scope, Time,
};
use serde_json::{Value, json};

use crate::{Blueprints, BoundFact, Condition, FailureMode, HitKind, Library, Names, Scene, Shelf, render};

const GOOD: &str = include_str!("../../../../knowledge/failure-modes/replicas-zero.md");

fn fact(name: &str, args: Value) -> Fact {
    Fact {
        name: name.into(),
        subject: ObjectRef::new("Deployment", "shop", "cart"),
        args: args.as_object().unwrap().iter().map(|(k, v)| (k.clone(), v.clone())).collect::<BTreeMap<_, _>>(),
        certainty: Certainty::Known,
        says: "it is so".into(),
        since: Time(0),
        evidence: vec![ObservationId::from("obs:1")],
    }
}

fn holds(condition: &str, fact: Fact) -> bool {
    let bound = BoundFact::new(fact);
    let names = Names::new(["crash_loop"]);
    let none = Names::default();
    let object = bound.fact.subject.clone();
    Condition::compile(condition).unwrap().holds(&Scene::new(Some(&bound), &object, &names, &none))
}

#[test]
fn a_condition_sees_arguments_subject_and_names() {
    let loops = || fact("crash_loop", json!({"restarts": 7, "reason": "Error", "pods": ["a", "b"], "ratio": 0.5}));
    assert!(holds("fact.args.restarts > 3 && fact.args.reason == 'Error'", loops()));
    assert!(holds("fact.subject.kind == 'Deployment' && fact.name == 'crash_loop'", loops()));
    assert!(holds("'crash_loop' in facts && !('crash_loop' in near)", loops()));
    assert!(holds("size(fact.args.pods) == 2 && fact.args.pods.exists(p, p == 'b')", loops()));
    assert!(holds("fact.args.ratio < 1.0 && object.name == 'cart'", loops()));
    assert!(!holds("fact.args.restarts > 30", loops()));
}

#[test]
fn what_is_missing_makes_a_condition_false_and_not_an_error() {
    assert!(!holds("fact.args.nothing == 'x'", fact("f", json!({}))));
    assert!(!holds("fact.args.nothing > 3", fact("f", json!({"nothing": "text"}))));
    assert!(holds("fact.args.nothing == 'x' || fact.args.there == 1", fact("f", json!({"there": 1}))));
    let none = Names::default();
    let object = ObjectRef::new("Pod", "a", "b");
    let no_fact = Condition::compile("fact.args.x == 1").unwrap().holds(&Scene::new(None, &object, &none, &none));
    assert!(!no_fact);
}

#[test]
fn a_condition_that_does_not_compile_says_where() {
    assert!(Condition::compile("fact.args.x ==").is_err());
    let (line, why) = Condition::compile("facd.args.x == 1").unwrap_err();
    assert_eq!(line, 1);
    assert!(why.contains("`facd` is not known"), "{why}");
}

#[test]
fn every_built_in_file_is_usable() {
    let library = Library::builtin();
    assert_eq!(library.issues(), []);
    assert!(library.failure_modes().count() >= 140);
    assert!(library.specialists().count() >= 8);
    let modes: Vec<&str> = library.failure_modes().map(|m| m.id.as_str()).collect();
    for article in library.articles() {
        assert!(
            article.failure_modes.iter().all(|m| modes.contains(&m.as_str())),
            "{} names no failure mode",
            article.id
        );
    }
    for mode in library.failure_modes() {
        assert!(mode.body.len() < 1_800, "{} is too long to read at 03:00", mode.id);
        let unconditional = mode.fixes.last().is_some_and(|f| f.when.is_empty());
        assert!(unconditional || mode.fixes.len() == 1, "{}: the last fix is for when no condition holds", mode.id);
    }
}

#[test]
fn every_fact_and_argument_that_a_file_names_is_in_the_list_of_facts() {
    let list = include_str!("../../detect/FACTS.md");
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for row in list.lines().filter(|l| l.starts_with("| `")) {
        if let Some(name) = row.trim_start_matches("| `").split('`').next() {
            known.insert(name, row);
        }
    }
    let logs = list.lines().find(|l| l.starts_with("`log_pattern`")).unwrap();
    known.insert("log_pattern", logs);
    let argument = regex::Regex::new(r"fact\.args\.(\w+)").unwrap();
    let mut wrong = Vec::new();
    for mode in Library::builtin().failure_modes() {
        for sign in mode.signals.iter().chain(&mode.evidence) {
            let rows: Vec<&str> = sign.facts.iter().filter_map(|f| known.get(f.as_str()).copied()).collect();
            if rows.len() < sign.facts.len() {
                wrong.push(format!("{}: no fact of {:?}", mode.id, sign.facts));
            }
            // A row that says "the same" has the arguments of the row above it.
            let same = rows.iter().any(|r| r.contains("same"));
            for name in argument.captures_iter(sign.when.text()).filter_map(|c| c.get(1)).map(|m| m.as_str()) {
                if !same && !rows.iter().any(|r| r.contains(&format!("`{name}`"))) {
                    wrong.push(format!("{}: {:?} has no argument `{name}`", mode.id, sign.facts));
                }
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn errors_have_path_line_what_and_hint() {
    let path = "failure-modes/replicas-zero.md";
    let wrong_field = GOOD.replacen("prior:", "priority:", 1);
    let issue = FailureMode::read(path, &wrong_field).unwrap_err();
    assert_eq!((issue.path.as_str(), issue.line), (path, 5));
    assert!(issue.what.contains("unknown field `priority`"), "{issue}");
    assert!(!issue.hint.is_empty());

    let wrong_condition = GOOD.replacen("fact.args.recently == true", "fact.args.recently ==", 1);
    let issue = FailureMode::read(path, &wrong_condition).unwrap_err();
    let line = GOOD.lines().position(|l| l.contains("recently == true")).unwrap() + 1;
    assert_eq!(issue.line as usize, line);
    assert!(issue.what.contains("does not compile"), "{issue}");

    assert_eq!(FailureMode::read(path, "just text").unwrap_err().line, 1);
    let other = FailureMode::read("failure-modes/other.md", GOOD).unwrap_err();
    assert!(other.what.contains("not the file's name"), "{other}");
}

#[test]
fn a_broken_file_keeps_its_last_good_version_and_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("failure-modes")).unwrap();
    let file = folder.path().join("failure-modes/replicas-zero.md");
    fs::write(&file, GOOD.replacen("prior: 0.04", "prior: 0.5", 1)).unwrap();
    let folders = [folder.path().to_owned()];
    let first = Library::load(&folders);
    assert!((first.failure_mode("replicas-zero").unwrap().prior - 0.5).abs() < 1e-9);

    fs::write(&file, "---\nid: [").unwrap();
    let second = Library::reload(&folders, &BTreeMap::new(), Some(&first));
    assert!((second.failure_mode("replicas-zero").unwrap().prior - 0.5).abs() < 1e-9);
    assert_eq!(second.issues().len(), 1);
    assert!(second.issues()[0].kept_last_good);
    assert_eq!(second.issues()[0].path, "failure-modes/replicas-zero.md");

    // A writer empties a file before it fills it: who looks in between forgets nothing.
    fs::write(&file, "").unwrap();
    let emptied = Library::reload(&folders, &BTreeMap::new(), Some(&second));
    assert!(emptied.failure_mode("replicas-zero").is_none(), "an empty file takes the built-in one away");
    fs::write(&file, "---\nid: [").unwrap();
    let broken = Library::reload(&folders, &BTreeMap::new(), Some(&emptied));
    assert!((broken.failure_mode("replicas-zero").unwrap().prior - 0.5).abs() < 1e-9);
    assert!(broken.issues()[0].kept_last_good);

    let fresh = Library::load(&folders);
    assert!(fresh.failure_mode("replicas-zero").is_some(), "the built-in version stands in");
    assert_eq!(fresh.digest(), Library::builtin().digest());
}

#[test]
fn a_changed_file_is_read_again_while_the_program_runs() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("failure-modes")).unwrap();
    let shelf = Shelf::open(vec![folder.path().to_owned()]);
    let before = shelf.library();
    fs::write(folder.path().join("failure-modes/replicas-zero.md"), GOOD.replacen("prior: 0.04", "prior: 0.3", 1))
        .unwrap();
    assert!(shelf.wait(0, Duration::from_secs(30)) > 0, "the change was not noticed");
    assert!((shelf.library().failure_mode("replicas-zero").unwrap().prior - 0.3).abs() < 1e-9);
    assert_ne!(before.digest(), shelf.library().digest());
}

fn blueprint(name: &str, scope: Scope, ratio: f64, when: &str) -> BlueprintVersion {
    let shift = OddsShift {
        failure_mode: "replicas-zero".into(),
        when: when.into(),
        ratio,
        because: format!("{name} says so"),
    };
    let blueprint = Blueprint { name: name.into(), scope: Some(scope), odds: vec![shift], ..Blueprint::default() };
    BlueprintVersion { version: 1, at: Time(0), author: "curator".into(), blueprint }
}

#[test]
fn the_narrower_blueprint_wins() {
    let cluster = ClusterId("cluster:1".into());
    let cart = ObjectRef::new("Deployment", "shop", "cart");
    let workload = Scope::Workload { namespace: "shop".into(), kind: "Deployment".into(), name: "cart".into() };
    let blueprints = Blueprints::new([
        blueprint("workload", workload, 8.0, ""),
        blueprint("fleet", Scope::Fleet, 2.0, ""),
        blueprint("namespace", Scope::Namespace { namespace: "shop".into() }, 4.0, ""),
        blueprint("elsewhere", Scope::Cluster { cluster: "cluster:2".into() }, 99.0, ""),
    ]);
    let names: Vec<&str> = blueprints.applying(&cluster, &cart).map(|b| b.name.as_str()).collect();
    assert_eq!(names, ["workload", "namespace", "fleet"]);
    let shift = |object: &ObjectRef, holds: bool| {
        blueprints.shift(&cluster, object, "replicas-zero", |_| holds).map(|s| s.blueprint)
    };
    assert_eq!(shift(&cart, true).as_deref(), Some("workload"));
    assert_eq!(shift(&ObjectRef::new("Deployment", "shop", "web"), true).as_deref(), Some("namespace"));
    assert_eq!(shift(&ObjectRef::new("Deployment", "bank", "web"), true).as_deref(), Some("fleet"));
    assert_eq!(shift(&cart, false), None);
    assert!(blueprints.shift(&cluster, &cart, "oom-limit-too-low", |_| true).is_none());
}

#[test]
fn a_blueprint_condition_that_does_not_compile_is_listed_and_never_holds() {
    let blueprints = Blueprints::new([blueprint("broken", Scope::Fleet, 5.0, "fact.args.x ==")]);
    assert_eq!(blueprints.issues.len(), 1);
    let cart = ObjectRef::new("Deployment", "shop", "cart");
    assert!(blueprints.shift(&ClusterId("c".into()), &cart, "replicas-zero", |_| true).is_none());
}

#[test]
fn forbidden_fixes_are_not_chosen_and_are_said() {
    let mode = Library::builtin();
    let mode = mode.failure_mode("image-reference-not-found").unwrap();
    let cart = ObjectRef::new("Deployment", "shop", "cart");
    let cluster = ClusterId("c".into());
    let all = |_: &Condition| true;
    assert_eq!(Blueprints::default().fix(&cluster, &cart, mode, all).unwrap().id, "roll-back-image");

    let mut version = blueprint("house", Scope::Fleet, 1.0, "");
    version.blueprint.forbidden_fixes = vec![("roll-back-image".into(), "migrations run at start".into())];
    let fix = Blueprints::new([version.clone()]).fix(&cluster, &cart, mode, all).unwrap();
    assert_eq!(fix.id, "correct-image");
    assert!(fix.never.iter().any(|n| n.contains("migrations run at start")));

    version.blueprint.forbidden_fixes.clear();
    version.blueprint.preferred_fixes = vec![Fix {
        id: "correct-image".into(),
        text: "Ask the release bot.".into(),
        conditions: vec![],
        never: vec![],
    }];
    let fix = Blueprints::new([version]).fix(&cluster, &cart, mode, all).unwrap();
    assert_eq!((fix.id.as_str(), fix.text.as_str()), ("correct-image", "Ask the release bot."));
}

#[test]
fn a_blueprint_file_with_a_wrong_field_costs_only_itself() {
    let files = [
        ("blueprints/a.yaml".to_owned(), "name: a\nscope: {level: fleet}\nodd: []\n".to_owned()),
        ("blueprints/b.yaml".to_owned(), "name: b\nscope: {level: namespace, namespace: shop}\n".to_owned()),
    ];
    let library = Library::from_files(files, None);
    assert_eq!(library.blueprints().len(), 1);
    assert_eq!((library.issues()[0].path.as_str(), library.issues()[0].line), ("blueprints/a.yaml", 3));
    assert!(library.issues()[0].what.contains("`odd`"));
}

#[test]
fn search_finds_by_words_and_ranks_titles_first() {
    let hits = Library::builtin().search("container runtime down", 5);
    assert_eq!((hits[0].kind, hits[0].id.as_str()), (HitKind::FailureMode, "node-runtime-down"));
    assert!(Library::builtin().search("zzzzz", 5).is_empty());
}

#[test]
fn templates_are_filled_from_the_fact_and_the_object() {
    let f = fact("quota", json!({"hard": "4", "list": ["a", "b"], "n": 3, "name": "arg"}));
    let text = render("{object} of {namespace}: {hard} {list} {n} {name} {args.name} {nothing}.", Some(&f), &f.subject);
    assert_eq!(text, "Deployment `shop/cart` of shop: 4 a, b 3 cart arg .");
    assert_eq!(render("{namespace}", None, &ObjectRef::global("Namespace", "shop")), "shop");
}

#[test]
fn the_schema_for_editors_and_the_reader_allow_the_same_fields() {
    let schema: Value = serde_json::from_str(include_str!("../../../../knowledge/failure-mode.schema.json")).unwrap();
    let parts = [
        ("", schema["properties"].clone()),
        ("signals", schema["$defs"]["sign"]["properties"].clone()),
        ("checks", schema["$defs"]["check"]["properties"].clone()),
        ("fixes", schema["$defs"]["fix"]["properties"].clone()),
    ];
    let whole = include_str!("../../../../knowledge/failure-modes/memory-leak.md");
    for (part, properties) in parts {
        // The reader lists the fields that it knows when it meets one that it does not.
        let wrong = match part {
            "" => whole.replacen("prior:", "nonsense: 1\nprior:", 1),
            part => whole.replacen(&format!("{part}:\n  - "), &format!("{part}:\n  - nonsense: 1\n    "), 1),
        };
        let issue = FailureMode::read("failure-modes/memory-leak.md", &wrong).unwrap_err();
        let listed = issue.what.split("expected one of").nth(1).unwrap_or_else(|| panic!("{part}: {issue}"));
        let mut known: Vec<&str> = listed.split(',').map(|name| name.trim_matches([' ', '`'])).collect();
        let mut described: Vec<&str> = properties.as_object().unwrap().keys().map(String::as_str).collect();
        described.sort_unstable();
        known.sort_unstable();
        assert_eq!(described, known, "{part}");
    }
}

#[test]
fn what_is_wrong_with_an_article_is_told_by_its_lines() {
    let library = Library::builtin();
    let lint = |text: &str| -> Vec<(u32, String)> {
        library.lint_article("dns", text).into_iter().map(|issue| (issue.line, issue.what)).collect()
    };
    let front = |rest: &str| format!("---\nid: dns\ntitle: DNS\n{rest}---\n\nLook at the resolver first.\n");
    assert_eq!(lint(&front("failure_modes: [replicas-zero]\n")), []);
    assert_eq!(lint("Look."), [(1, "the file has no front matter".into())]);
    assert_eq!(lint(&front("tag: [x]\n"))[0].0, 4);
    let unknown = lint(&front("failure_modes:\n  - replicas-zero\n  - no-such-mode\n"));
    assert_eq!(unknown, [(6, "there is no failure mode `no-such-mode`".into())]);
    assert_eq!(lint("---\nid: dns\ntitle: \"\"\n---\n").iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(lint("---\nid: other\ntitle: x\n---\nText\n")[0].0, 2);
    assert_eq!(library.lint_article("../dns", "").len(), 1);
}

#[test]
fn the_teams_own_texts_lie_over_the_librarys() {
    let shelf = Shelf::open(Vec::new());
    let text = "---\nid: reading-exit-codes\ntitle: Ours\n---\n\nText.\n";
    let own = BTreeMap::from([(crate::article_path("reading-exit-codes"), text.to_owned())]);
    assert!(shelf.lay_over(own.clone()));
    assert!(!shelf.lay_over(own), "the same again");
    let library = shelf.library();
    assert_eq!(library.articles().find(|a| a.id == "reading-exit-codes").unwrap().title, "Ours");
    assert_eq!(library.text("articles/reading-exit-codes.md"), Some(text));
    assert!(shelf.lay_over(BTreeMap::new()));
    assert_eq!(shelf.library().digest(), Library::builtin().digest());
}
