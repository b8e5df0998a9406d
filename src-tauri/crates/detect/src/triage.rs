//! From facts to signals, noise and incidents.

pub(crate) mod catalogue;
mod links;
pub(crate) mod neighbourhood;
pub(crate) mod noise;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Certainty, CoverageState, Fact, Grouping, Incident, IncidentId, IncidentState, Link, NoiseEntry, ObjectRef,
    Severity, Signal, Triage, View, digest_hex,
};
use serde_json::Value;
use topology::Graph;

use self::catalogue::{Role, entry, role_of};
use self::links::Troubled;
use self::noise::{Surroundings, rule};

pub(crate) fn triage(view: &View, graph: &Graph, facts: &[Fact], rules: &[Grouping]) -> Triage {
    let pinned =
        |object: &ObjectRef| rules.iter().any(|rule| matches!(rule, Grouping::Pin { object: own } if own == object));
    let snapshot = &view.snapshot;
    let around = Surroundings::of(facts);
    let mut noise = Vec::new();
    let mut troubled: Troubled = BTreeMap::new();
    for fact in facts.iter().filter(|f| f.certainty == Certainty::Known && role_of(&f.name) != Role::Context) {
        match rule(fact, &around).filter(|_| !pinned(&fact.subject)) {
            Some(ruled) => {
                if let Some(signal) = signal(fact, snapshot.at) {
                    noise.push(NoiseEntry { signal, rule: ruled.rule.to_owned(), because: ruled.because });
                }
            }
            None => troubled.entry(fact.subject.clone()).or_default().push(fact),
        }
    }
    set_aside_bare_restarts(&mut troubled, &mut noise, snapshot.at, pinned);
    let links = links::links(graph, &troubled, rules);
    let mut links_from: BTreeMap<&ObjectRef, Vec<&Link>> = BTreeMap::new();
    for link in &links {
        links_from.entry(&link.from).or_default().push(link);
    }
    let own = |group: &BTreeSet<ObjectRef>| -> Vec<Link> {
        let from = group.iter().filter_map(|subject| links_from.get(subject)).flatten();
        from.filter(|link| group.contains(&link.to)).map(|link| (*link).clone()).collect()
    };
    let mut whole: Vec<Troubled> = Vec::new();
    let mut apart: BTreeMap<usize, Troubled> = BTreeMap::new();
    for group in groups(&troubled, &links, rules) {
        for (rule, part) in parts(group, &troubled, rules) {
            match rule {
                Some(rule) => apart.entry(rule).or_default().extend(part),
                None => whole.push(part),
            }
        }
    }
    let incidents = whole.into_iter().chain(apart.into_values()).map(|part| {
        let subjects: BTreeSet<ObjectRef> = part.keys().cloned().collect();
        incident(&subjects, &part, own(&subjects), view, graph)
    });
    let mut incidents: Vec<Incident> = incidents.collect();
    incidents.sort_by_cached_key(|incident| {
        let first = incident.subjects.iter().any(pinned);
        (!first, std::cmp::Reverse(incident.severity), incident.started_at, incident.id.clone())
    });
    noise.sort_by(|a, b| {
        (&a.signal.subject, &a.signal.name, &a.rule).cmp(&(&b.signal.subject, &b.signal.name, &b.rule))
    });
    Triage { at: snapshot.at, incidents, noise, not_checked: not_checked(view, facts) }
}

/// A subject of which the only trouble is one restart that it came back from is no incident by itself.
fn set_aside_bare_restarts(
    troubled: &mut Troubled,
    noise: &mut Vec<NoiseEntry>,
    at: model::Time,
    pinned: impl Fn(&ObjectRef) -> bool,
) {
    let bare: Vec<ObjectRef> = troubled
        .iter()
        .filter(|(subject, facts)| {
            !pinned(subject)
                && facts.iter().all(|f| {
                    f.name == "container_restarted"
                        && f.args.get("ready") == Some(&Value::Bool(true))
                        && f.args.get("killed_by_probe") != Some(&Value::Bool(true))
                        && f.args.get("restarts").and_then(Value::as_i64).unwrap_or(0) < 3
                })
        })
        .map(|(subject, _)| subject.clone())
        .collect();
    for subject in bare {
        for fact in troubled.remove(&subject).unwrap_or_default() {
            if let Some(signal) = signal(fact, at) {
                noise.push(NoiseEntry {
                    signal,
                    rule: "recovered".to_owned(),
                    because: "the container is ready again and nothing else is wrong with it".to_owned(),
                });
            }
        }
    }
}

fn signal(fact: &Fact, at: model::Time) -> Option<Signal> {
    let entry = entry(&fact.name)?;
    let count = fact.args.get("count").and_then(Value::as_u64).unwrap_or(1).clamp(1, u64::from(u32::MAX));
    Some(Signal {
        name: fact.name.clone(),
        failure_modes: Vec::new(),
        subject: fact.subject.clone(),
        category: entry.category,
        severity: severity(fact, entry.severity),
        title: fact.says.clone(),
        first_at: fact.since,
        last_at: at,
        count: count as u32,
        evidence: fact.evidence.clone(),
    })
}

/// A workload without any replica left is worse than one that lacks some.
fn severity(fact: &Fact, usual: Severity) -> Severity {
    let nothing_left = fact.args.get("none") == Some(&Value::Bool(true));
    match fact.name.as_str() {
        "replicas_unavailable" if nothing_left => Severity::Critical,
        "service_no_ready_endpoints" | "service_selects_no_pods" => Severity::Critical,
        "replicas_zero" if fact.args.get("depended_on_by").and_then(Value::as_array).is_some_and(|l| !l.is_empty()) => {
            Severity::Critical
        }
        "alert_firing" => match fact.args.get("severity").and_then(Value::as_str).unwrap_or("") {
            "critical" | "page" | "error" => Severity::Major,
            "info" | "none" => Severity::Info,
            _ => Severity::Minor,
        },
        _ => usual,
    }
}

/// Connected groups of subjects. Two that the engineer split are never in one, by whatever way they are linked: what stands
/// between them goes with the one that it is linked to first.
fn groups(troubled: &Troubled, links: &[Link], rules: &[Grouping]) -> Vec<BTreeSet<ObjectRef>> {
    let number: BTreeMap<&ObjectRef, usize> = troubled.keys().enumerate().map(|(i, s)| (s, i)).collect();
    // Whom each one follows; the first of a group follows itself.
    let mut leader: Vec<usize> = (0..number.len()).collect();
    fn first(leader: &mut [usize], mut at: usize) -> usize {
        while leader[at] != at {
            leader[at] = leader[leader[at]];
            at = leader[at];
        }
        at
    }
    let split: Vec<(usize, usize)> = rules
        .iter()
        .filter_map(|rule| match rule {
            Grouping::Split { one, other } => Some((*number.get(one)?, *number.get(other)?)),
            Grouping::Merge { .. } | Grouping::Apart { .. } | Grouping::Pin { .. } => None,
        })
        .collect();
    let parted = |link: &&Link| {
        rules.iter().any(|rule| match rule {
            Grouping::Apart { these } => {
                let whole = |object: &ObjectRef| these.iter().any(|t| t.object == *object && t.signals.is_empty());
                whole(&link.from) != whole(&link.to)
            }
            Grouping::Merge { .. } | Grouping::Split { .. } | Grouping::Pin { .. } => false,
        })
    };
    // What the engineer put together is together before anything else is.
    let by_engineer = |link: &&Link| link.reason == links::MERGED;
    for link in links.iter().filter(by_engineer).chain(links.iter().filter(|link| !by_engineer(link) && !parted(link)))
    {
        let (Some(a), Some(b)) = (number.get(&link.from), number.get(&link.to)) else { continue };
        let (a, b) = (first(&mut leader, *a), first(&mut leader, *b));
        let apart = split.iter().any(|(one, other)| {
            let ends = (first(&mut leader, *one), first(&mut leader, *other));
            ends == (a, b) || ends == (b, a)
        });
        if !apart {
            leader[a.max(b)] = a.min(b);
        }
    }
    let mut groups: BTreeMap<usize, BTreeSet<ObjectRef>> = BTreeMap::new();
    for (subject, number) in number {
        groups.entry(first(&mut leader, number)).or_default().insert(subject.clone());
    }
    groups.into_values().collect()
}

/// A group without the signals that the engineer took out of it by name, for what one object shows can be two troubles;
/// and these. What a rule sets apart is one incident, and is given with the rule's place.
fn parts<'f>(
    group: BTreeSet<ObjectRef>,
    troubled: &Troubled<'f>,
    rules: &[Grouping],
) -> Vec<(Option<usize>, Troubled<'f>)> {
    let mut rest: Troubled = group.into_iter().map(|subject| (subject.clone(), troubled[&subject].clone())).collect();
    let mut parts = Vec::new();
    for (number, rule) in rules.iter().enumerate() {
        let Grouping::Apart { these } = rule else { continue };
        if rest.keys().all(|subject| these.iter().any(|t| t.object == *subject && t.signals.is_empty())) {
            parts.push((Some(number), rest));
            return parts;
        }
        let (mut taken, mut stays) = (Troubled::new(), Troubled::new());
        for (subject, facts) in &rest {
            for fact in facts {
                let out = these.iter().any(|t| t.object == *subject && t.signals.contains(&fact.name));
                let part = if out { &mut taken } else { &mut stays };
                part.entry(subject.clone()).or_default().push(*fact);
            }
        }
        if !taken.is_empty() && !stays.is_empty() {
            parts.push((Some(number), taken));
            rest = stays;
        }
    }
    parts.push((None, rest));
    parts
}

fn incident(
    group: &BTreeSet<ObjectRef>,
    troubled: &Troubled,
    links: Vec<Link>,
    view: &View,
    graph: &Graph,
) -> Incident {
    let at = view.snapshot.at;
    let mut signals: Vec<Signal> =
        group.iter().flat_map(|s| &troubled[s]).filter_map(|fact| signal(fact, at)).collect();
    let origin = origin(group, troubled, &links);
    let cause_first =
        |s: &Signal| (s.subject != origin, role_of(&s.name) != Role::Cause, std::cmp::Reverse(s.severity));
    signals.sort_by(|a, b| {
        (cause_first(a), a.first_at, &a.subject, &a.name).cmp(&(cause_first(b), b.first_at, &b.subject, &b.name))
    });
    let severity = signals.iter().map(|s| s.severity).max().unwrap_or(Severity::Info);
    let started_at = signals.iter().map(|s| s.first_at).min().unwrap_or(at);
    let worst = |subject: &ObjectRef| {
        let severity = signals.iter().filter(|s| s.subject == *subject).map(|s| s.severity).max();
        (*subject != origin, std::cmp::Reverse(severity))
    };
    let mut subjects: Vec<ObjectRef> = group.iter().cloned().collect();
    subjects.sort_by(|a, b| (worst(a), a).cmp(&(worst(b), b)));
    let first = signals.first();
    let id = digest_hex(&[
        view.snapshot.cluster.as_str().as_bytes(),
        origin.to_string().as_bytes(),
        first.map_or(&b""[..], |s| s.name.as_bytes()),
        &started_at.0.to_le_bytes(),
    ]);
    let blast_radius = graph.blast_radius(&subjects).into_iter().filter(|o| !group.contains(o)).collect();
    Incident {
        id: IncidentId(format!("incident:{id}")),
        title: first.map(|s| s.title.clone()).unwrap_or_default(),
        category: first.map_or(model::Category::AppInfra, |s| s.category),
        failure_modes: Vec::new(),
        severity,
        state: IncidentState::Open,
        started_at,
        ended_at: None,
        signals,
        subjects,
        origin: Some(origin),
        links,
        blast_radius,
    }
}

/// Where the trouble seems to start: who suffers from nobody else in the group, explains most, and was first.
fn origin(group: &BTreeSet<ObjectRef>, troubled: &Troubled, links: &[Link]) -> ObjectRef {
    let suffers =
        |subject: &ObjectRef| links.iter().filter(|l| l.from == *subject && !l.reason.starts_with("same ")).count();
    let explains =
        |subject: &ObjectRef| links.iter().filter(|l| l.to == *subject && !l.reason.starts_with("same ")).count();
    let rank = |subject: &ObjectRef| {
        let facts = &troubled[subject];
        let role = facts.iter().map(|f| role_of(&f.name)).max();
        let severity = facts
            .iter()
            .filter(|f| role_of(&f.name) == role.unwrap_or(Role::Context))
            .filter_map(|f| entry(&f.name))
            .map(|e| e.severity)
            .max();
        let since = facts.iter().map(|f| f.since).min();
        (
            suffers(subject) > 0,
            std::cmp::Reverse(role),
            std::cmp::Reverse(explains(subject)),
            std::cmp::Reverse(severity),
            since,
            subject.clone(),
        )
    };
    // A group is never empty: every subject is in one.
    group.iter().min_by_key(|s| rank(s)).cloned().unwrap_or_else(|| ObjectRef::global("Cluster", ""))
}

fn not_checked(view: &View, facts: &[Fact]) -> Vec<String> {
    let mut told: BTreeSet<String> = BTreeSet::new();
    for coverage in &view.snapshot.coverage {
        let place =
            if coverage.namespace.is_empty() { "the cluster".to_owned() } else { format!("`{}`", coverage.namespace) };
        match coverage.state {
            CoverageState::Listed => {}
            CoverageState::Partial => {
                told.insert(format!(
                    "{} of {place} are known in part or not at all: what was collected is not whole",
                    coverage.kind
                ));
            }
            CoverageState::Refused => {
                told.insert(format!("{} of {place} could not be listed: the cluster refused", coverage.kind));
            }
            CoverageState::NotAsked => {
                told.insert(format!("{} of {place} were not asked for", coverage.kind));
            }
        }
    }
    for gap in &view.snapshot.gaps {
        told.insert(format!("nothing is known from {} to {}: {}", gap.from, gap.until, gap.reason));
    }
    for fact in facts {
        if let Certainty::Unknown { because } = &fact.certainty {
            told.insert(format!("{}: {because}", fact.says));
        }
    }
    told.into_iter().collect()
}
