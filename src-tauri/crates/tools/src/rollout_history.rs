use async_trait::async_trait;
use gate::Permit;
use model::{ObjectRef, ObservationId, Preview, Time, controller_of};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::{Answer, count, from_history, recall, unstored};
use crate::difference::fields;
use crate::scene::Scene;
use crate::typed::Typed;
use crate::{Surroundings, ToolError};

/// Fields of a difference that are told.
const FIELDS: usize = 30;
/// Versions of a workload that are looked through where nobody numbered its revisions.
const VERSIONS: usize = 2_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// `Deployment`, `StatefulSet` or `DaemonSet`.
    #[schemars(title = "Kind", length(min = 1))]
    pub kind: String,
    #[schemars(title = "Namespace", length(min = 1))]
    pub namespace: String,
    #[schemars(title = "Name", length(min = 1))]
    pub name: String,
    /// Left out: the revision before `to`.
    #[serde(default)]
    #[schemars(title = "Compare revision", range(min = 1))]
    pub from: Option<i64>,
    /// Left out: the newest.
    #[serde(default)]
    #[schemars(title = "With revision", range(min = 1))]
    pub to: Option<i64>,
}

impl Args {
    /// Kubernetes' own word for the kind, however it was written.
    fn known_kind(&self) -> Option<&'static str> {
        let known = ["Deployment", "StatefulSet", "DaemonSet"];
        known.into_iter().find(|known| known.eq_ignore_ascii_case(self.kind.trim()))
    }
}

/// One pod template that a workload has had.
struct Revision {
    number: i64,
    since: Time,
    template: Value,
    /// What is known of how it went, in a few words.
    state: String,
    evidence: ObservationId,
}

pub(crate) struct RolloutHistory;

#[async_trait]
impl Typed for RolloutHistory {
    type Args = Args;
    const NAME: &'static str = "rollout_history";
    const TITLE: &'static str = "Revisions of a workload";
    const DESCRIPTION: &'static str = "Lists the revisions of a workload with their times, images and how they stand, and \
        tells field by field what differs between two of them.";

    fn consistent(args: &Args) -> Result<(), String> {
        if args.known_kind().is_none() {
            return Err(format!("`kind` is `{}`; it takes Deployment, StatefulSet or DaemonSet", args.kind.trim()));
        }
        match (args.from, args.to) {
            (Some(from), Some(to)) if from == to => Err("`from` and `to` are the same revision".into()),
            _ => Ok(()),
        }
    }

    fn would(&self, args: &Args, surroundings: &Surroundings) -> Preview {
        from_history(format!(
            "Lists the revisions of {} {}/{} as of {} and compares two of them.",
            args.kind.trim(),
            args.namespace.trim(),
            args.name.trim(),
            surroundings.as_of
        ))
    }

    async fn answer(&self, args: Args, _permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let scene = Scene::of(surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        let kind = args.known_kind().unwrap_or("Deployment");
        let object = ObjectRef::new(kind, args.namespace.trim(), args.name.trim());
        let revisions = match kind {
            "Deployment" => of_replica_sets(&scene, &object),
            _ => Vec::new(),
        };
        // A controller's own record is numbered; without, versions of the workload itself are counted.
        let (revisions, counted) = if revisions.is_empty() {
            let seen = of_versions(surroundings, &object).map_err(|e| unstored(Self::NAME, &e))?;
            (seen, true)
        } else {
            (revisions, false)
        };
        let Some(newest) = revisions.last() else {
            return Err(ToolError {
                what: format!("{object} has no revisions"),
                why: "the history does not know it".into(),
                hint: "Check kind, namespace and name; `list` names those of a kind.".into(),
            });
        };
        let find = |number: i64| revisions.iter().find(|revision| revision.number == number);
        let to = args.to.map_or(Some(newest), find);
        let from = match (args.from, to) {
            (Some(from), _) => find(from),
            (None, Some(to)) => revisions.iter().rev().find(|revision| revision.number < to.number),
            (None, None) => None,
        };
        if let Some(missing) = args.from.filter(|n| find(*n).is_none()).or(args.to.filter(|n| find(*n).is_none())) {
            let there: Vec<String> = revisions.iter().map(|revision| revision.number.to_string()).collect();
            return Err(ToolError {
                what: format!("{object} has no revision {missing} that is known"),
                why: "its record is gone, or it never had one".into(),
                hint: format!("There are: {}.", there.join(", ")),
            });
        }
        let lines: Vec<String> = revisions
            .iter()
            .rev()
            .map(|one| format!("revision {} since {}: {}{}", one.number, one.since, images(&one.template), one.state))
            .collect();
        let mut summary = format!("{object} has {}.", count(revisions.len(), "known revision", "known revisions"));
        if counted {
            summary.push_str(" They are counted from what was seen of it; the controller's own numbers may be higher.");
        }
        let mut answer = Answer::new(summary).part(lines.join("\n"));
        if let (Some(from), Some(to)) = (from, to) {
            let differs = fields(&from.template, &to.template);
            let told: Vec<String> = differs.iter().take(FIELDS).map(|field| format!("  {}", field.told())).collect();
            let hidden = differs.len().saturating_sub(FIELDS);
            let text = if told.is_empty() { "  nothing".to_owned() } else { told.join("\n") };
            answer = answer
                .part(format!("From revision {} to {}:\n{text}", from.number, to.number))
                .cut_if(hidden > 0, format!("{hidden} more fields"));
        }
        let evidence: Vec<&ObservationId> = revisions.iter().rev().take(10).map(|one| &one.evidence).collect();
        Ok(answer.resting_on(recall(Self::NAME, evidence, surroundings)?))
    }
}

fn images(template: &Value) -> String {
    let of = |field: &str| template["spec"][field].as_array().cloned().unwrap_or_default();
    let containers = [of("initContainers"), of("containers")].concat();
    let images: Vec<String> =
        containers.iter().filter_map(|c| Some(format!("{}={}", c["name"].as_str()?, c["image"].as_str()?))).collect();
    if images.is_empty() { "no images are known".into() } else { images.join(", ") }
}

/// A template without what the controller adds to tell revisions apart.
fn plain(template: &Value) -> Value {
    let mut template = template.clone();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove("pod-template-hash");
    }
    template
}

fn of_replica_sets(scene: &Scene, deployment: &ObjectRef) -> Vec<Revision> {
    const NUMBER: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";
    let snapshot = &scene.view.snapshot;
    let there = snapshot.in_namespace("ReplicaSet", &deployment.namespace).map(|(o, h)| (o, h, false));
    let gone = snapshot.deleted.iter().filter(|(o, _)| o.kind == "ReplicaSet" && o.namespace == deployment.namespace);
    let mut found: Vec<Revision> = there
        .chain(gone.map(|(o, h)| (o, h, true)))
        .filter(|(o, held, _)| controller_of(&o.namespace, &held.object).as_ref() == Some(deployment))
        .filter_map(|(_, held, gone)| {
            let number = held.object.pointer(NUMBER)?.as_str()?.parse().ok()?;
            let template = held.object.pointer("/spec/template")?.to_value();
            let created = held.object["metadata"]["creationTimestamp"].as_str().and_then(|text| text.parse().ok());
            let count = |pointer: &str| held.object.pointer(pointer).and_then(model::Doc::as_i64).unwrap_or(0);
            let (ready, wanted) = (count("/status/readyReplicas"), count("/spec/replicas"));
            let state = match (gone, wanted) {
                (true, _) => " (its record was deleted)".to_owned(),
                (false, 0) => String::new(),
                (false, wanted) => format!(" ({ready} of {wanted} ready)"),
            };
            let since = created.unwrap_or(held.at);
            Some(Revision { number, since, template: plain(&template), state, evidence: held.observation.clone() })
        })
        .collect();
    found.sort_by_key(|revision| revision.number);
    found.dedup_by_key(|revision| revision.number);
    found
}

/// The templates that the workload itself has had, as far as the history goes.
fn of_versions(surroundings: &Surroundings, object: &ObjectRef) -> Result<Vec<Revision>, history::Error> {
    let mut found: Vec<Revision> = Vec::new();
    for version in surroundings.history.versions_of(object, surroundings.as_of, VERSIONS)? {
        let Some(template) = version.object.pointer("/spec/template") else { continue };
        let template = plain(&template.to_value());
        if found.last().is_none_or(|last| last.template != template) {
            let number = i64::try_from(found.len() + 1).unwrap_or(i64::MAX);
            let state = String::new();
            found.push(Revision { number, since: version.at, template, state, evidence: version.observation.clone() });
        }
    }
    Ok(found)
}
