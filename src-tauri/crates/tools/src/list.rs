use async_trait::async_trait;
use gate::Permit;
use model::{Doc, Held, ObjectRef, Preview, Risk};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, count, recall, short, unstored};
use crate::scene::Scene;
use crate::typed::{Typed, blank_is_none};
use crate::{Surroundings, ToolError};

/// So many rows rest on their observation.
const CITED: usize = 60;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Kubernetes' own word for the kind, such as `Pod`.
    #[schemars(title = "Kind", length(min = 1))]
    pub kind: String,
    /// Left out: all namespaces.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Namespace")]
    pub namespace: Option<String>,
    /// As kubectl takes it: `app=cart,tier!=db,canary`.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Label selector")]
    pub selector: Option<String>,
    /// A part of the name.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Name contains")]
    pub name: Option<String>,
}

/// One requirement on labels.
enum Requirement {
    Is(String, String),
    IsNot(String, String),
    Has(String),
    HasNot(String),
}

fn requirements(selector: &str) -> Result<Vec<Requirement>, String> {
    let read = |part: &str| -> Result<Requirement, String> {
        let fine = |key: &str| !key.is_empty() && !key.contains([' ', '(', '!', '=']);
        let made = if let Some((key, value)) = part.split_once("!=") {
            (key.trim().to_owned(), Requirement::IsNot(key.trim().to_owned(), value.trim().to_owned()))
        } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
            (key.trim().to_owned(), Requirement::Is(key.trim().to_owned(), value.trim().to_owned()))
        } else if let Some(key) = part.strip_prefix('!') {
            (key.trim().to_owned(), Requirement::HasNot(key.trim().to_owned()))
        } else {
            (part.to_owned(), Requirement::Has(part.to_owned()))
        };
        if fine(&made.0) {
            Ok(made.1)
        } else {
            Err(format!("`selector`: `{part}` is no requirement such as `app=cart`"))
        }
    };
    selector.split(',').map(str::trim).filter(|part| !part.is_empty()).map(read).collect()
}

impl Requirement {
    fn holds(&self, object: &Doc) -> bool {
        let labels = topology::labels_of(object);
        let value = |key: &str| labels.get(key).and_then(Doc::as_str);
        match self {
            Requirement::Is(key, wanted) => value(key) == Some(wanted),
            Requirement::IsNot(key, unwanted) => value(key) != Some(unwanted),
            Requirement::Has(key) => value(key).is_some(),
            Requirement::HasNot(key) => value(key).is_none(),
        }
    }
}

pub(crate) struct List;

#[async_trait]
impl Typed for List {
    type Args = Args;
    const NAME: &'static str = "list";
    const TITLE: &'static str = "Objects of a kind";
    const DESCRIPTION: &'static str = "Lists the objects of a watched kind by namespace, labels or name, with how each \
        is doing and how old it is; `get_object` reads one whole.";
    const RISK: Risk = Risk::ReadSensitive;

    fn consistent(args: &Args) -> Result<(), String> {
        if args.kind.trim().is_empty() {
            return Err("`kind` is empty".into());
        }
        requirements(args.selector.as_deref().unwrap_or_default()).map(drop)
    }

    /// Of Secrets even the names tell something.
    fn risk_of(&self, args: &Args) -> Risk {
        if args.kind.trim().eq_ignore_ascii_case("secret") { Risk::ReadSensitive } else { Risk::Read }
    }

    fn would(&self, args: &Args, surroundings: &Surroundings) -> Preview {
        let of = args.namespace.as_ref().map(|n| format!(" in `{n}`")).unwrap_or_default();
        let with = args.selector.as_ref().map(|s| format!(" with the labels `{s}`")).unwrap_or_default();
        Preview {
            does: format!("Lists every {}{of}{with} as of {}.", args.kind.trim(), surroundings.as_of),
            diff: None,
            cost: "a line for each; nothing is asked of the cluster".into(),
            undo: None,
        }
    }

    async fn answer(&self, args: Args, _permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let scene = Scene::of(surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        let snapshot = &scene.view.snapshot;
        let asked = args.kind.trim();
        let known =
            snapshot.objects.keys().map(|object| object.kind.as_str()).find(|kind| kind.eq_ignore_ascii_case(asked));
        let kind = known.unwrap_or(asked);
        let namespace = args.namespace.as_deref().map(str::trim);
        let wanted = requirements(args.selector.as_deref().unwrap_or_default()).unwrap_or_default();
        let named = args.name.as_deref().map(str::trim).unwrap_or_default();
        let fits = |object: &ObjectRef, held: &Held| {
            namespace.is_none_or(|n| object.namespace == n)
                && object.name.contains(named)
                && wanted.iter().all(|one| one.holds(&held.object))
        };
        let found: Vec<(&ObjectRef, &Held)> = snapshot.of_kind(kind).filter(|(o, h)| fits(o, h)).collect();
        if found.is_empty() {
            let whole = snapshot.absence_is_known(kind, namespace.unwrap_or_default());
            if known.is_none() && !whole {
                return Err(ToolError {
                    what: format!("`{}` has no answer", Self::NAME),
                    why: format!("{asked} is not watched here"),
                    hint: "`get_object` without a name lists any kind that the cluster serves.".into(),
                });
            }
            let sure = if whole { "the whole list of the kind is known" } else { "not all of its kind may be known" };
            return Ok(Answer::new(format!("No {kind} fits ({sure}).")));
        }
        let rows: Vec<String> = found.iter().map(|(object, held)| row(&scene, object, held)).collect();
        let evidence = recall(Self::NAME, found.iter().take(CITED).map(|(_, held)| &held.observation), surroundings)?;
        let summary = format!("{}.", count(found.len(), kind, &format!("{kind} objects")));
        Ok(Answer::new(summary).part(rows.join("\n")).resting_on(evidence))
    }
}

fn row(scene: &Scene, object: &ObjectRef, held: &Held) -> String {
    let doc = &held.object;
    let place = if object.namespace.is_empty() {
        object.name.to_string()
    } else {
        format!("{}/{}", object.namespace, object.name)
    };
    let created = doc["metadata"]["creationTimestamp"].as_str().unwrap_or("?");
    let leaving = if doc["metadata"]["deletionTimestamp"].is_null() { "" } else { ", being deleted" };
    format!("{place}: {}{leaving}, since {created}", short(&state(scene, object, doc), 160))
}

/// How an object is doing, in the words of its status.
fn state(scene: &Scene, object: &ObjectRef, doc: &Doc) -> String {
    let status = &doc["status"];
    let number = |field: &str| status[field].as_i64().unwrap_or(0);
    match object.kind.as_str() {
        "Pod" => {
            let waiting = status["containerStatuses"].as_array().into_iter().flatten();
            let reason = waiting.filter_map(|c| c["state"]["waiting"]["reason"].as_str()).next();
            let restarts: i64 = status["containerStatuses"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|c| c["restartCount"].as_i64())
                .sum();
            let phase = status["phase"].as_str().unwrap_or("?");
            let node = doc["spec"]["nodeName"].as_str().unwrap_or("no node");
            let ready = scene.pod(object.clone()).map(|pod| format!("{:?}", pod.health)).unwrap_or_default();
            format!("{} ({ready}), {restarts} restarts, on {node}", reason.unwrap_or(phase))
        }
        "Deployment" | "StatefulSet" | "ReplicaSet" => {
            format!("{} of {} ready", number("readyReplicas"), doc["spec"]["replicas"].as_i64().unwrap_or(1))
        }
        "DaemonSet" => format!("{} of {} ready", number("numberReady"), number("desiredNumberScheduled")),
        "Service" => {
            let ports = doc["spec"]["ports"].as_array().into_iter().flatten();
            let ports: Vec<String> = ports.filter_map(|p| p["port"].as_i64()).map(|p| p.to_string()).collect();
            format!(
                "{} {}, ports {}",
                doc["spec"]["type"].as_str().unwrap_or("ClusterIP"),
                doc["spec"]["clusterIP"].as_str().unwrap_or("?"),
                ports.join(", ")
            )
        }
        _ => {
            let bad: Vec<String> = status["conditions"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|c| format!("{}={}", c["type"].as_str().unwrap_or("?"), c["status"].as_str().unwrap_or("?")))
                .collect();
            let phase = status["phase"].as_str().map(str::to_owned);
            phase.unwrap_or_else(|| if bad.is_empty() { "exists".into() } else { bad.join(" ") })
        }
    }
}
