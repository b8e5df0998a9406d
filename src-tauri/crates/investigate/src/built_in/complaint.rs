//! What the log of a workload that was asked about complains of, where the inventory shows nothing wrong with it.

use model::{
    Category, Certainty, Fact, Incident, IncidentId, IncidentState, ObjectRef, Severity, Signal, Time, digest_hex,
};
use serde_json::Value;

/// Lines that every log holds on a good day.
const EVERYDAY: [&str; 3] = ["http_4xx", "shutdown_requested", "database_starting"];
/// A complaint that is over counts from so many lines on.
const OFTEN: u64 = 3;

/// An incident of what an object's released log says. In the inventory's eyes lines alone are no incident, since every log
/// has some; asked for by its engineer, they are what is wrong.
pub(crate) fn complaint(cluster: &str, object: &ObjectRef, facts: &[Fact], at: Time) -> Option<Incident> {
    let mut told: Vec<&Fact> = facts.iter().filter(|fact| fact.subject == *object && complains(fact)).collect();
    told.sort_by_key(|fact| (std::cmp::Reverse(count(fact)), fact.since, fact.says.as_str()));
    let first = told.first()?;
    let signal = |fact: &&Fact| Signal {
        name: fact.name.clone(),
        failure_modes: Vec::new(),
        subject: object.clone(),
        category: Category::AppInfra,
        severity: Severity::Minor,
        title: fact.says.clone(),
        first_at: fact.since,
        last_at: at,
        count: u32::try_from(count(fact)).unwrap_or(u32::MAX).max(1),
        evidence: fact.evidence.clone(),
    };
    let id = digest_hex(&[cluster.as_bytes(), object.to_string().as_bytes(), b"log"]);
    Some(Incident {
        id: IncidentId(format!("incident:{id}")),
        title: first.says.clone(),
        category: Category::AppInfra,
        failure_modes: Vec::new(),
        severity: Severity::Minor,
        state: IncidentState::Open,
        started_at: told.iter().map(|fact| fact.since).min().unwrap_or(at),
        ended_at: None,
        signals: told.iter().map(signal).collect(),
        subjects: vec![object.clone()],
        origin: Some(object.clone()),
        links: Vec::new(),
        blast_radius: Vec::new(),
    })
}

fn complains(fact: &Fact) -> bool {
    let truth = |name: &str| fact.args.get(name) == Some(&Value::Bool(true));
    let lasts = truth("ongoing") || truth("fatal") || count(fact) >= OFTEN;
    let pattern = fact.args.get("pattern").and_then(Value::as_str).unwrap_or_default();
    fact.certainty == Certainty::Known
        && lasts
        && match fact.name.as_str() {
            "log_pattern" => !truth("sidecar") && !EVERYDAY.contains(&pattern),
            "logs_errors" => true,
            _ => false,
        }
}

fn count(fact: &Fact) -> u64 {
    fact.args.get("count").and_then(Value::as_u64).unwrap_or(0)
}
