#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use model::{Category, Grouping, GroupingRule, Incident, IncidentId, IncidentState, Severity, Signal, Time, Trouble};

use super::{Decision, Known, merged, rules_in, taken_apart};
use crate::rows::Arrange;

fn signal(name: &str, subject: &str, severity: Severity, first_at: i64) -> Signal {
    Signal {
        name: name.into(),
        failure_modes: Vec::new(),
        subject: subject.parse().unwrap(),
        category: Category::AppInfra,
        severity,
        title: format!("{name} of {subject}"),
        first_at: Time(first_at),
        last_at: Time(100),
        count: 1,
        evidence: Vec::new(),
    }
}

fn incident(id: &str, signals: Vec<Signal>) -> Incident {
    let subjects: Vec<_> = signals.iter().map(|s| s.subject.clone()).collect();
    Incident {
        id: IncidentId(id.into()),
        title: signals[0].title.clone(),
        category: Category::AppInfra,
        failure_modes: Vec::new(),
        severity: signals.iter().map(|s| s.severity).max().unwrap(),
        state: IncidentState::Open,
        started_at: signals.iter().map(|s| s.first_at).min().unwrap(),
        ended_at: None,
        origin: subjects.first().cloned(),
        subjects,
        signals,
        links: Vec::new(),
        blast_radius: Vec::new(),
    }
}

fn arrange(found: &[Incident], decisions: &[Decision]) -> super::Arrangement {
    super::fold::arrange(found, decisions, &[])
}

fn rule(number: u32, grouping: Grouping) -> GroupingRule {
    let (title, because, by) = (String::new(), String::new(), "kim".into());
    GroupingRule { number, cluster: None, grouping, title, because, by, at: Time(60) }
}

fn about(act: Arrange, about: &[&Incident]) -> Decision {
    Decision {
        id: format!("{act:?} {}", about[0].id),
        at: Time(50),
        by: "kim".into(),
        act,
        title: about[0].title.clone(),
        severity: about.iter().map(|i| i.severity).max().unwrap(),
        groups: about.iter().map(|i| Known::all(i)).collect(),
    }
}

fn cart() -> Incident {
    incident(
        "cart",
        vec![
            signal("container_oom_killed", "Deployment/shop/cart", Severity::Major, 10),
            signal("image_pull_failed", "Deployment/shop/banner", Severity::Minor, 5),
        ],
    )
}

fn node() -> Incident {
    incident("node", vec![signal("node_not_ready", "Node//worker-1", Severity::Critical, 20)])
}

#[test]
fn an_acknowledgement_holds_while_the_incident_grows_and_ends_when_it_gets_worse() {
    let known = about(Arrange::Acknowledge, &[&cart()]);
    let mut grown = cart();
    grown.id = IncidentId("another".into());
    grown.signals.push(signal("crash_loop", "Deployment/shop/cart", Severity::Minor, 30));
    assert_eq!(arrange(&[grown.clone()], std::slice::from_ref(&known)).incidents[0].state, IncidentState::Acknowledged);
    grown.severity = Severity::Critical;
    assert_eq!(arrange(&[grown], &[known]).incidents[0].state, IncidentState::Open);
}

#[test]
fn pinned_comes_first_and_acknowledged_after_what_nobody_has_seen() {
    let small = incident("small", vec![signal("claim_pending", "PersistentVolumeClaim/shop/a", Severity::Minor, 1)]);
    let known = [about(Arrange::Acknowledge, &[&node()])];
    let pin = [rule(3, Grouping::Pin { object: small.subjects[0].clone() })];
    let now = super::fold::arrange(&[node(), cart(), small], &known, &pin);
    let order: Vec<&str> = now.incidents.iter().map(|i| i.id.0.as_str()).collect();
    assert_eq!(order, ["small", "cart", "node"]);
    // The newest decision is the first of the list; a rule of the command line is one of them.
    let listed: Vec<_> = now.arranged.iter().map(|row| (row.id.as_str(), row.act, row.incident.is_some())).collect();
    assert_eq!((listed[0], listed.len()), (("rule:3", Arrange::Pin, true), 2));
    assert_eq!(now.arranged[0].title, "PersistentVolumeClaim/shop/a");
}

#[test]
fn what_was_set_aside_comes_back_when_something_new_joins_it() {
    let decision = about(Arrange::SetAside, &[&cart()]);
    let now = arrange(&[cart(), node()], std::slice::from_ref(&decision));
    assert_eq!((now.incidents.len(), now.aside.len()), (1, 1));
    assert_eq!(now.arranged[0].incident, Some(IncidentId("cart".into())));
    let mut grown = cart();
    grown.signals.push(signal("crash_loop", "Deployment/shop/other", Severity::Minor, 30));
    let now = arrange(&[grown], &[decision]);
    assert_eq!((now.incidents.len(), now.aside.len()), (1, 0));
    assert_eq!(now.arranged[0].incident, None);
}

#[test]
fn an_object_all_of_whose_trouble_is_taken_out_is_meant_whole_and_a_signal_by_its_name() {
    let banner = (String::from("image_pull_failed"), "Deployment/shop/banner".parse().unwrap());
    let whole = taken_apart(&[&cart()], std::slice::from_ref(&banner)).unwrap();
    assert_eq!(whole, Grouping::Apart { these: vec![Trouble { object: banner.1.clone(), signals: Vec::new() }] });
    let mut both = cart();
    both.signals.push(signal("crash_loop", "Deployment/shop/banner", Severity::Minor, 30));
    let named = taken_apart(&[&both], std::slice::from_ref(&banner)).unwrap();
    assert_eq!(
        named,
        Grouping::Apart {
            these: vec![Trouble { object: banner.1.clone(), signals: vec!["image_pull_failed".into()] }]
        }
    );
    assert_eq!(taken_apart(&[&cart()], &[]).unwrap_err().code, "bad_request");
    assert_eq!(taken_apart(&[&cart(), &node()], &[banner]).unwrap_err().code, "bad_request");
}

#[test]
fn what_is_put_together_is_a_rule_about_where_each_trouble_starts() {
    let rules = merged(&[&cart(), &node()]).unwrap();
    let [Grouping::Merge { one, other }] = rules.as_slice() else { panic!("{rules:?}") };
    assert_eq!((one.to_string().as_str(), other.name.as_str()), ("Deployment/shop/cart", "worker-1"));
    assert_eq!(merged(&[&cart()]).unwrap_err().code, "bad_request");
    assert_eq!(rules_in("rule:3+4"), Some(vec![3, 4]));
    assert_eq!((rules_in("rule:x"), rules_in("0a1b")), (None, None));
}

#[test]
fn without_a_decision_nothing_but_the_order_could_differ() {
    assert_eq!(arrange(&[node(), cart()], &[]).incidents, [node(), cart()]);
}
