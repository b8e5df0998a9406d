//! Variants of a scenario, derived by code: a verdict must move when its evidence is gone, and must not when somebody
//! else has trouble too.

use std::collections::BTreeSet;

use model::{Body, ChangeKind, EventBody, Fact, ObjectRef, Observation, ObservationId, Source};
use serde_json::{Value, json};

use crate::{Golden, Report, Verdict};

/// The namespace of the trouble that [`Golden::with_noise`] adds.
const NOISE: &str = "somebody-elses";

/// What a variant of a scenario must do to the verdict on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// The deciding evidence is gone: what was said must change, or be said as undecided.
    Moves,
    /// Unrelated trouble was added: what was said must stay.
    Stays,
}

impl Golden {
    /// The same recording without what the true cause's evidence rests on. `facts` are those of the whole recording with
    /// everything released. `None` where the evidence lies in the objects themselves: without those it would be another
    /// cluster.
    pub fn without_evidence(&self, facts: &[Fact]) -> Option<Golden> {
        let deciding: BTreeSet<&ObservationId> = facts
            .iter()
            .filter(|fact| self.truth.evidence.contains(&fact.name))
            .flat_map(|fact| &fact.evidence)
            .collect();
        let goes = |o: &Observation| deciding.contains(&o.id) && !matches!(o.body, Body::Object { .. });
        if !self.observations.iter().any(goes) {
            return None;
        }
        let mut without = self.clone();
        without.name = format!("{} without its evidence", self.name);
        without.observations.retain(|o| !goes(o));
        Some(without)
    }

    /// The same recording with trouble that has nothing to do with it: a job of another team that cannot pull its image.
    pub fn with_noise(&self) -> Golden {
        let mut noisy = self.clone();
        noisy.name = format!("{} with noise", self.name);
        let began = self.as_of.plus_seconds(-3 * 3600);
        let pod = ObjectRef::new("Pod", NOISE, "nightly-report");
        let metadata =
            json!({"name": pod.name, "namespace": NOISE, "uid": "noise-1", "creationTimestamp": began.to_string()});
        let waiting = json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}});
        let objects = [
            (
                ObjectRef::global("Namespace", NOISE),
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NOISE, "uid": "noise-0"},
                       "status": {"phase": "Active"}}),
            ),
            (
                pod.clone(),
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
                       "spec": {"containers": [{"name": "report", "image": "registry.invalid/report:1"}]},
                       "status": {"phase": "Pending", "containerStatuses": [
                           {"name": "report", "ready": false, "restartCount": 0, "state": waiting}]}}),
            ),
        ];
        for (subject, object) in objects {
            noisy.observations.push(self.observed(subject, version(object)));
        }
        let event = EventBody {
            uid: "noise-2".into(),
            event_type: "Warning".into(),
            reason: "Failed".into(),
            message: "Failed to pull image \"registry.invalid/report:1\": not found".into(),
            count: 30,
            first_at: began,
            last_at: self.as_of.plus_seconds(-30),
            reporter: "kubelet".into(),
            subject_uid: Some("noise-1".into()),
        };
        noisy.observations.push(self.observed(pod, Body::Event(event)));
        noisy
    }

    fn observed(&self, subject: ObjectRef, body: Body) -> Observation {
        let at = match &body {
            Body::Event(event) => event.last_at,
            _ => self.as_of.plus_seconds(-3 * 3600),
        };
        Observation::new(self.cluster.clone(), at, at, Source::Script, Some(subject), body)
    }
}

fn version(object: Value) -> Body {
    Body::Object {
        api_version: "v1".into(),
        uid: object["metadata"]["uid"].as_str().unwrap_or_default().into(),
        resource_version: "1".into(),
        change: ChangeKind::Present,
        object: object.into(),
    }
}

/// Which of the variants' verdicts do not do what was demanded, each in a sentence. Scenarios that were not right to begin
/// with prove nothing and are left out.
pub fn unmet(original: &Report, variants: &[(String, Demand, Verdict)]) -> Vec<String> {
    let mut unmet = Vec::new();
    for (name, demand, variant) in variants {
        let Some(was) = original.verdicts.iter().find(|v| v.name == *name).filter(|v| v.is_right()) else { continue };
        match demand {
            Demand::Moves if !variant.abstained && variant.said == was.said => {
                unmet.push(format!("{}: without its evidence it still says {}", name, variant.said));
            }
            Demand::Stays if !was.healthy && !(variant.both_1 || variant.both_3) => {
                unmet.push(format!("{}: somebody else's trouble turned it into {}", name, variant.said));
            }
            Demand::Moves | Demand::Stays => {}
        }
    }
    unmet
}
