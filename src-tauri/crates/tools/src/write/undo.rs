use cluster::Change;
use model::{ObjectRef, Risk, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::plan::{After, Plan, Undo, cannot, verify};
use super::restart::{Kind, rolls_out};
use super::{Verb, named};
use crate::ToolError;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    #[serde(default)]
    #[schemars(title = "Kind")]
    pub kind: Kind,
    #[schemars(title = "Namespace", length(min = 1))]
    pub namespace: String,
    #[schemars(title = "Name", length(min = 1))]
    pub name: String,
    /// Left out: the revision before the current one.
    #[serde(default)]
    #[schemars(title = "To revision", range(min = 1))]
    pub to_revision: Option<i64>,
}

pub(crate) struct RolloutUndo;

impl Verb for RolloutUndo {
    type Args = Args;
    const NAME: &'static str = "rollout_undo";
    const TITLE: &'static str = "Roll a workload back";
    const DESCRIPTION: &'static str = "Gives a workload the pod template of an earlier revision again.";
    const RISK: Risk = Risk::Write;

    fn consistent(args: &Args) -> Result<(), String> {
        named(&args.namespace, &args.name)?;
        if args.to_revision.is_some_and(|r| r < 1) { Err("`to_revision` is below 1".into()) } else { Ok(()) }
    }

    fn target(args: &Args) -> ObjectRef {
        ObjectRef::new(args.kind.word(), args.namespace.trim(), args.name.trim())
    }

    /// Where the revisions of a workload are kept.
    fn beside(args: &Args) -> Option<&'static str> {
        Some(match args.kind {
            Kind::Deployment => "ReplicaSet",
            Kind::StatefulSet | Kind::DaemonSet => "ControllerRevision",
        })
    }

    fn plan(args: &Args, before: &Value, beside: &[Value], _at: Time) -> Result<Plan, ToolError> {
        let object = Self::target(args);
        let beside_that = rolls_out(Self::NAME, &object, before)?;
        let mut revisions: Vec<(i64, &Value)> = beside
            .iter()
            .filter(|kept| belongs(kept, before))
            .filter_map(|kept| Some((revision(args.kind, kept)?, kept)))
            .collect();
        revisions.sort_by_key(|(revision, _)| *revision);
        let newest = revisions.last().map_or(0, |(revision, _)| *revision);
        let current = match args.kind {
            Kind::Deployment => revision(args.kind, before).unwrap_or(newest),
            Kind::StatefulSet | Kind::DaemonSet => newest,
        };
        let target = match args.to_revision {
            Some(wanted) => revisions.iter().find(|(revision, _)| *revision == wanted),
            None => revisions.iter().rev().find(|(revision, _)| *revision < current),
        };
        let Some((to, kept)) = target else {
            let numbers: Vec<String> = revisions.iter().map(|(revision, _)| revision.to_string()).collect();
            let there = if numbers.is_empty() { "none".into() } else { numbers.join(", ") };
            let which = args.to_revision.map_or_else(|| format!("before {current}"), |wanted| wanted.to_string());
            let why = format!("{object} has no revision {which}");
            return Err(cannot(Self::NAME, why, format!("Revisions that still exist: {there}.")));
        };
        let mut template = match args.kind {
            Kind::Deployment => kept.pointer("/spec/template").cloned(),
            Kind::StatefulSet | Kind::DaemonSet => kept.pointer("/data/spec/template").cloned(),
        }
        .filter(Value::is_object)
        .ok_or_else(|| {
            cannot(Self::NAME, format!("revision {to} holds no pod template"), "Choose another revision.")
        })?;
        if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
            labels.remove("pod-template-hash");
        }
        // A controller keeps its revisions as patches that replace the template.
        if let Some(map) = template.as_object_mut() {
            map.remove("$patch");
        }
        let mut after = before.clone();
        after["spec"]["template"] = template.clone();
        let back = json!({
            "kind": args.kind, "namespace": object.namespace, "name": object.name, "to_revision": current,
        });
        let says = format!("`rollout_undo` {object} to revision {current}, as long as that is kept.");
        Ok(Plan {
            change: Change::Json(vec![json!({"op": "replace", "path": "/spec/template", "value": template})]),
            after: After::Known(after),
            does: [format!("Rolls {object} back from revision {current} to the template of revision {to}.")]
                .into_iter()
                .chain(beside_that)
                .collect::<Vec<_>>()
                .join(" "),
            undo: Undo::call(Self::NAME, back, says),
            verify: verify(
                "describe",
                &object,
                format!("`describe` {object}: the rollout completes and its pods become ready."),
            ),
        })
    }
}

/// Whether a kept revision is of this very workload.
fn belongs(kept: &Value, workload: &Value) -> bool {
    let owners = kept["metadata"]["ownerReferences"].as_array().map_or(&[][..], Vec::as_slice);
    let metadata = &workload["metadata"];
    owners.iter().any(|owner| {
        owner["kind"] == workload["kind"]
            && owner["name"] == metadata["name"]
            && (owner["uid"].is_null() || metadata["uid"].is_null() || owner["uid"] == metadata["uid"])
    })
}

fn revision(kind: Kind, object: &Value) -> Option<i64> {
    match kind {
        Kind::Deployment => {
            object.pointer("/metadata/annotations/deployment.kubernetes.io~1revision")?.as_str()?.parse().ok()
        }
        Kind::StatefulSet | Kind::DaemonSet => object["revision"].as_i64(),
    }
}
