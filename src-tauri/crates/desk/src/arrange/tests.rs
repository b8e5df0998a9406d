#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use model::{Category, Incident, IncidentId, IncidentState, Severity, Signal, Time};

use super::fold::arrange;
use super::{Decision, Known};
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

fn decided(act: Arrange, about: &[&Incident], groups: Vec<Vec<Known>>) -> Decision {
    Decision {
        id: format!("{act:?} {}", about[0].id),
        at: Time(50),
        by: "kim".into(),
        act,
        title: about[0].title.clone(),
        severity: about.iter().map(|i| i.severity).max().unwrap(),
        groups,
    }
}

fn about(act: Arrange, incidents: &[&Incident]) -> Decision {
    decided(act, incidents, incidents.iter().map(|i| Known::all(i)).collect())
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
    let decisions = [about(Arrange::Acknowledge, &[&node()]), about(Arrange::Pin, &[&small])];
    let order: Vec<String> =
        arrange(&[node(), cart(), small], &decisions).incidents.iter().map(|i| i.id.0.clone()).collect();
    assert_eq!(order, ["small", "cart", "node"]);
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
fn what_is_taken_apart_is_two_incidents_each_with_its_own_beginning_and_severity() {
    let out = vec![vec![Known::of(&cart().signals[1])]];
    let decision = decided(Arrange::Split, &[&cart()], out);
    let now = arrange(&[cart()], std::slice::from_ref(&decision));
    let [rest, taken] = now.incidents.as_slice() else { panic!("{:?}", now.incidents) };
    assert_eq!((rest.id.0.as_str(), rest.started_at, rest.severity), ("cart", Time(10), Severity::Major));
    assert_eq!((taken.title.as_str(), taken.started_at), ("image_pull_failed of Deployment/shop/banner", Time(5)));
    assert_eq!(
        (taken.severity, taken.origin.clone().unwrap().name.to_string()),
        (Severity::Minor, "banner".to_owned())
    );
    assert!(rest.subjects.iter().all(|s| s.name != *"banner"));
    assert_eq!(now.arranged[0].incident.as_ref(), Some(&taken.id));
    // Its id stays while the rest of the incident grows.
    let mut grown = cart();
    grown.signals.push(signal("crash_loop", "Deployment/shop/cart", Severity::Major, 30));
    assert!(arrange(&[grown], &[decision]).incidents.iter().any(|i| i.id == taken.id));
}

#[test]
fn what_is_put_together_keeps_the_worst_ones_name_and_says_who_did_it() {
    let decision = about(Arrange::Merge, &[&cart(), &node()]);
    let now = arrange(&[cart(), node()], std::slice::from_ref(&decision));
    let [whole] = now.incidents.as_slice() else { panic!("{:?}", now.incidents) };
    assert_eq!((whole.id.0.as_str(), whole.signals.len(), whole.started_at), ("node", 3, Time(5)));
    assert!(whole.links.iter().any(|link| link.reason == "kim put them together"));
    // One of them is over: nothing is put together with nothing.
    assert_eq!(arrange(&[cart()], &[decision]).incidents, [cart()]);
}

#[test]
fn without_a_decision_nothing_but_the_order_could_differ() {
    assert_eq!(arrange(&[node(), cart()], &[]).incidents, [node(), cart()]);
}
