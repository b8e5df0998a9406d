//! What the engineer decided about incidents: acknowledged, pinned, set aside, put together, taken apart.
//!
//! An incident is found anew on every look, and its id moves as it grows. That it is known or no incident is about signals,
//! (name, subject), holds until it gets worse, and is kept with the desk's settings. How signals are grouped and what
//! stands first is about workloads and holds for good: such a decision is a rule of [`crate::Desk::grouping_rules`], like
//! one of the command line. Taking a decision back removes it, whichever it is.

mod fold;
#[cfg(test)]
mod tests;

use model::{
    ClusterId, Grouping, GroupingRule, Incident, IncidentId, ObjectRef, Severity, Signal, Time, Triage, Trouble,
    digest_hex,
};
use serde::{Deserialize, Serialize};

use crate::desk::lock;
use crate::rows::{Arrange, Arranged, Update};
use crate::{Desk, DeskError};

/// So many decisions are kept for a cluster; the oldest go first.
const MOST: usize = 200;

/// A signal as a decision knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Known {
    name: String,
    subject: ObjectRef,
}

impl Known {
    fn of(signal: &Signal) -> Self {
        Known { name: signal.name.clone(), subject: signal.subject.clone() }
    }

    fn all(incident: &Incident) -> Vec<Known> {
        incident.signals.iter().map(Known::of).collect()
    }

    fn is(&self, signal: &Signal) -> bool {
        self.name == signal.name && self.subject == signal.subject
    }
}

/// One decision, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Decision {
    id: String,
    at: Time,
    by: String,
    act: Arrange,
    /// The incident's title then, for the list of decisions.
    title: String,
    /// How bad it was then: a decision about a lesser trouble is none about a worse one.
    severity: Severity,
    /// One group for each incident.
    groups: Vec<Vec<Known>>,
}

/// The incidents of a cluster as the engineer arranged them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrangement {
    pub incidents: Vec<Incident>,
    /// Set aside, and not worse since.
    pub aside: Vec<Incident>,
    pub arranged: Vec<Arranged>,
}

impl Desk {
    /// The triage of the present as the engineer arranged it.
    pub(crate) fn arrangement(&self, cluster: &ClusterId, triage: &Triage) -> Arrangement {
        let rules = self.rules_of(cluster).unwrap_or_else(|error| {
            tracing::warn!(%cluster, error = error.what, "the grouping rules cannot be read");
            Vec::new()
        });
        fold::arrange(&triage.incidents, &self.decisions(cluster), &rules)
    }

    /// Decides about incidents of the present. `signals` are those that `split` takes out of the one.
    pub fn arrange(
        &self,
        cluster: &ClusterId,
        incidents: &[IncidentId],
        act: Arrange,
        signals: &[(String, ObjectRef)],
    ) -> Result<Arranged, DeskError> {
        let now = self.arrangement(cluster, &self.look(cluster, None)?.triage);
        let chosen: Vec<&Incident> = incidents
            .iter()
            .map(|id| now.incidents.iter().chain(&now.aside).find(|incident| incident.id == *id))
            .collect::<Option<_>>()
            .ok_or_else(|| DeskError {
                code: "changed",
                what: "The incident is no longer what was shown.".into(),
                hint: "Look at the list again.".into(),
            })?;
        let first = *chosen.first().ok_or_else(|| DeskError::bad_request("No incident was chosen.", "Choose one."))?;
        let rules = match act {
            Arrange::Pin => vec![Grouping::Pin { object: first_of(first) }],
            Arrange::Merge => merged(&chosen)?,
            Arrange::Split => vec![taken_apart(&chosen, signals)?],
            Arrange::Acknowledge | Arrange::SetAside => return self.decide(cluster, act, &chosen),
        };
        if act == Arrange::Merge {
            // What was taken apart by signals would be so again.
            let about = |trouble: &Trouble| chosen.iter().any(|incident| incident.subjects.contains(&trouble.object));
            self.end_grouping(|rule| match &rule.grouping {
                Grouping::Apart { these } => these.iter().any(|t| !t.signals.is_empty() && about(t)),
                Grouping::Merge { .. } | Grouping::Split { .. } | Grouping::Pin { .. } => false,
            })?;
        }
        let mut numbers = Vec::new();
        for rule in rules {
            numbers.push(self.decide_grouping(Some(cluster.clone()), rule, &first.title, "")?);
        }
        self.tell(Update::ClusterChanged { cluster: cluster.clone() });
        Ok(Arranged {
            id: rule_id(&numbers),
            at: self.clock.now(),
            by: self.engineer_name(),
            act,
            title: first.title.clone(),
            incident: Some(first.id.clone()),
        })
    }

    /// That somebody works on it, or that it is none.
    fn decide(&self, cluster: &ClusterId, act: Arrange, chosen: &[&Incident]) -> Result<Arranged, DeskError> {
        let groups = chosen.iter().map(|incident| Known::all(incident)).collect();
        let at = self.clock.now();
        let first = chosen[0];
        let decision = Decision {
            id: digest_hex(&[&at.0.to_le_bytes(), first.id.0.as_bytes(), format!("{act:?}").as_bytes()]),
            at,
            by: self.engineer_name(),
            act,
            title: first.title.clone(),
            severity: chosen.iter().map(|incident| incident.severity).max().unwrap_or(first.severity),
            groups,
        };
        let mut all = self.decisions(cluster);
        // The newest word about the same thing counts: an acknowledgement after a worsening replaces the old one.
        all.retain(|was| !(was.act == act && fold::shares(&was.groups, first)));
        all.push(decision.clone());
        if all.len() > MOST {
            all.drain(..all.len() - MOST);
        }
        self.keep_decisions(cluster, all)?;
        Ok(decision.row(Some(first.id.clone())))
    }

    /// Takes a decision back; one that is gone already is no mistake.
    pub fn take_back(&self, cluster: &ClusterId, id: &str) -> Result<(), DeskError> {
        if let Some(numbers) = rules_in(id) {
            self.end_grouping(|rule| numbers.contains(&rule.number))?;
            self.tell(Update::ClusterChanged { cluster: cluster.clone() });
            return Ok(());
        }
        let mut all = self.decisions(cluster);
        all.retain(|decision| decision.id != id);
        self.keep_decisions(cluster, all)
    }

    fn decisions(&self, cluster: &ClusterId) -> Vec<Decision> {
        lock(&self.arranged).entry(cluster.clone()).or_insert_with(|| self.kept_decisions(cluster)).clone()
    }

    fn kept_decisions(&self, cluster: &ClusterId) -> Vec<Decision> {
        let read = self.file.setting(&key_of(cluster));
        let text =
            read.inspect_err(|error| tracing::warn!(%error, %cluster, "decisions about incidents cannot be read"));
        text.ok().flatten().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    fn keep_decisions(&self, cluster: &ClusterId, all: Vec<Decision>) -> Result<(), DeskError> {
        self.file.set_setting(&key_of(cluster), &serde_json::to_string(&all).unwrap_or_default())?;
        lock(&self.arranged).insert(cluster.clone(), all);
        self.tell(Update::ClusterChanged { cluster: cluster.clone() });
        Ok(())
    }
}

impl Decision {
    fn row(&self, incident: Option<IncidentId>) -> Arranged {
        Arranged {
            id: self.id.clone(),
            at: self.at,
            by: self.by.clone(),
            act: self.act,
            title: self.title.clone(),
            incident,
        }
    }
}

/// The id under which rules are taken back.
fn rule_id(numbers: &[u32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    format!("rule:{}", numbers.join("+"))
}

fn rules_in(id: &str) -> Option<Vec<u32>> {
    id.strip_prefix("rule:")?.split('+').map(|number| number.parse().ok()).collect()
}

/// The object by which a rule knows an incident: where its trouble starts.
fn first_of(incident: &Incident) -> ObjectRef {
    let has_signal = |object: &&ObjectRef| incident.signals.iter().any(|signal| signal.subject == **object);
    let first = incident.origin.iter().chain(&incident.subjects).find(has_signal);
    first.cloned().unwrap_or_else(|| ObjectRef::global("Cluster", ""))
}

fn merged(chosen: &[&Incident]) -> Result<Vec<Grouping>, DeskError> {
    let [first, others @ ..] = chosen else { return Ok(Vec::new()) };
    if others.is_empty() {
        return Err(DeskError::bad_request("One incident alone cannot be put together.", "Choose another one too."));
    }
    let one = first_of(first);
    let with = others.iter().map(|other| first_of(other)).filter(|other| *other != one);
    Ok(with.map(|other| Grouping::Merge { one: one.clone(), other }).collect())
}

/// Objects all of whose trouble was chosen are meant whole, also for what befalls them later.
fn taken_apart(chosen: &[&Incident], signals: &[(String, ObjectRef)]) -> Result<Grouping, DeskError> {
    let [one] = chosen else {
        return Err(DeskError::bad_request("Only one incident at a time is taken apart.", "Choose one."));
    };
    let is_out = |signal: &&Signal| signals.iter().any(|(name, of)| *name == signal.name && *of == signal.subject);
    let (out, stay): (Vec<&Signal>, Vec<&Signal>) = one.signals.iter().partition(is_out);
    if out.is_empty() || stay.is_empty() {
        return Err(DeskError::bad_request(
            "Nothing would be taken apart.",
            "Choose some of the incident's signals, and not all of them.",
        ));
    }
    let mut these: Vec<Trouble> = Vec::new();
    for signal in out {
        let whole = stay.iter().all(|other| other.subject != signal.subject);
        match these.iter_mut().find(|t| t.object == signal.subject) {
            Some(trouble) if !whole => trouble.signals.push(signal.name.clone()),
            Some(_) => {}
            None => {
                let signals = if whole { Vec::new() } else { vec![signal.name.clone()] };
                these.push(Trouble { object: signal.subject.clone(), signals });
            }
        }
    }
    Ok(Grouping::Apart { these })
}

/// A rule in the list of decisions.
fn row_of(rule: &GroupingRule, incidents: &[Incident]) -> Arranged {
    let has = |incident: &Incident, object: &ObjectRef| incident.subjects.contains(object);
    let (act, objects): (Arrange, Vec<&ObjectRef>) = match &rule.grouping {
        Grouping::Pin { object } => (Arrange::Pin, vec![object]),
        Grouping::Merge { one, other } => (Arrange::Merge, vec![one, other]),
        Grouping::Split { one, other } => (Arrange::Split, vec![one, other]),
        Grouping::Apart { these } => (Arrange::Split, these.iter().map(|t| &t.object).collect()),
    };
    let concerns = |incident: &&Incident| match &rule.grouping {
        Grouping::Merge { .. } => objects.iter().all(|object| has(incident, object)),
        Grouping::Pin { object } => has(incident, object),
        Grouping::Split { one, .. } => has(incident, one),
        Grouping::Apart { these } => incident.signals.iter().all(|signal| {
            let mut about = these.iter().filter(|t| t.object == signal.subject);
            about.any(|t| t.signals.is_empty() || t.signals.contains(&signal.name))
        }),
    };
    let title = if rule.title.is_empty() {
        let names: Vec<String> = objects.iter().map(ToString::to_string).collect();
        names.join(", ")
    } else {
        rule.title.clone()
    };
    let incident = incidents.iter().find(concerns).map(|incident| incident.id.clone());
    Arranged { id: rule_id(&[rule.number]), at: rule.at, by: rule.by.clone(), act, title, incident }
}

fn key_of(cluster: &ClusterId) -> String {
    format!("incidents.{cluster}")
}
