//! What the engineer decided about incidents: acknowledged, pinned, set aside, put together, taken apart.
//!
//! An incident is found anew on every look, and its id moves as it grows. A decision is therefore about signals, (name,
//! subject), and holds for whatever incident has them; it is kept in the desk's settings, and taking it back removes it.

mod fold;
#[cfg(test)]
mod tests;

use model::{ClusterId, Incident, IncidentId, ObjectRef, Severity, Signal, Time, Triage, digest_hex};
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
    /// One group for each incident; for `split`, the signals that were taken out.
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
        fold::arrange(&triage.incidents, &self.decisions(cluster))
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
        let groups = match (act, chosen.as_slice()) {
            (_, []) => return Err(DeskError::bad_request("No incident was chosen.", "Choose one.")),
            (Arrange::Merge, [_]) => {
                return Err(DeskError::bad_request(
                    "One incident alone cannot be put together.",
                    "Choose another one too.",
                ));
            }
            (Arrange::Split, [one]) => {
                let out: Vec<Known> = one
                    .signals
                    .iter()
                    .filter(|s| signals.iter().any(|(name, subject)| *name == s.name && *subject == s.subject))
                    .map(Known::of)
                    .collect();
                if out.is_empty() || out.len() == one.signals.len() {
                    return Err(DeskError::bad_request(
                        "Nothing would be taken apart.",
                        "Choose some of the incident's signals, and not all of them.",
                    ));
                }
                vec![out]
            }
            (Arrange::Split, _) => {
                return Err(DeskError::bad_request("Only one incident at a time is taken apart.", "Choose one."));
            }
            (_, many) => many.iter().map(|incident| Known::all(incident)).collect(),
        };
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
        let once = matches!(act, Arrange::Acknowledge | Arrange::Pin | Arrange::SetAside);
        all.retain(|was| !(once && was.act == act && fold::shares(&was.groups, first)));
        all.push(decision.clone());
        if all.len() > MOST {
            all.drain(..all.len() - MOST);
        }
        self.keep_decisions(cluster, all)?;
        Ok(decision.row(Some(first.id.clone())))
    }

    /// Takes a decision back; one that is gone already is no mistake.
    pub fn take_back(&self, cluster: &ClusterId, id: &str) -> Result<(), DeskError> {
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

fn key_of(cluster: &ClusterId) -> String {
    format!("incidents.{cluster}")
}
