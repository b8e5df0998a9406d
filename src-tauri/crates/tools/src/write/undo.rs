use async_trait::async_trait;
use cluster::Change;
use gate::Permit;
use model::{Doc, Held, ObjectRef, Preview, Risk, Snapshot, controller_of};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Planned, held, snapshot, unplanned};
use crate::answer::Answer;
use crate::patch::strategic;
use crate::typed::Typed;
use crate::{Surroundings, ToolError};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    #[schemars(title = "Namespace", length(min = 1))]
    pub namespace: String,
    /// The Deployment's name.
    #[schemars(title = "Deployment", length(min = 1))]
    pub name: String,
    /// Left out: the revision before the current one.
    #[serde(default)]
    #[schemars(title = "To revision", range(min = 1))]
    pub to_revision: Option<i64>,
}

pub(crate) struct RolloutUndo;

#[async_trait]
impl Typed for RolloutUndo {
    type Args = Args;
    const NAME: &'static str = "rollout_undo";
    const TITLE: &'static str = "Roll a Deployment back";
    const DESCRIPTION: &'static str = "Gives a Deployment the pod template of an earlier revision again.";
    const RISK: Risk = Risk::Write;

    fn consistent(args: &Args) -> Result<(), String> {
        match (args.namespace.trim(), args.name.trim()) {
            ("", _) => Err("`namespace` is empty".into()),
            (_, "") => Err("`name` is empty".into()),
            _ if args.to_revision.is_some_and(|r| r < 1) => Err("`to_revision` is below 1".into()),
            _ => Ok(()),
        }
    }

    fn would(&self, args: &Args, surroundings: &Surroundings) -> Preview {
        plan(args, surroundings).map_or_else(|error| unplanned(&error), |plan| plan.preview(surroundings))
    }

    async fn answer(&self, args: Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        super::allowed(Self::NAME, surroundings)?;
        plan(&args, surroundings)?.run(permit, surroundings).await
    }
}

/// Revisions that still have their replica set, oldest first.
fn revisions<'a>(snapshot: &'a Snapshot, deployment: &'a ObjectRef) -> Vec<(i64, &'a Held)> {
    let sets = snapshot.in_namespace("ReplicaSet", &deployment.namespace);
    let mut found: Vec<(i64, &Held)> = sets
        .filter(|(set, held)| controller_of(&set.namespace, &held.object).as_ref() == Some(deployment))
        .filter_map(|(_, held)| Some((revision(&held.object)?, held)))
        .collect();
    found.sort_by_key(|(revision, _)| *revision);
    found
}

fn revision(object: &Doc) -> Option<i64> {
    object.pointer("/metadata/annotations/deployment.kubernetes.io~1revision")?.as_str()?.parse().ok()
}

fn plan(args: &Args, surroundings: &Surroundings) -> Result<Planned, ToolError> {
    let object = ObjectRef::new("Deployment", args.namespace.trim(), args.name.trim());
    let snapshot = snapshot(RolloutUndo::NAME, surroundings)?;
    let held = held(RolloutUndo::NAME, &snapshot, &object)?;
    let refused = |why: String, hint: &str| ToolError {
        what: format!("`{}` did not run", RolloutUndo::NAME),
        why,
        hint: hint.to_owned(),
    };
    let revisions = revisions(&snapshot, &object);
    let numbers: Vec<String> = revisions.iter().map(|(revision, _)| revision.to_string()).collect();
    let current = revision(&held.object).or_else(|| revisions.last().map(|(revision, _)| *revision)).unwrap_or(0);
    let target = match args.to_revision {
        Some(wanted) => revisions.iter().find(|(revision, _)| *revision == wanted),
        None => revisions.iter().rev().find(|(revision, _)| *revision < current),
    };
    let Some((to, set)) = target else {
        let hint = format!(
            "Revisions that still exist: {}.",
            if numbers.is_empty() { "none".into() } else { numbers.join(", ") }
        );
        let which = args.to_revision.map_or_else(|| format!("before {current}"), |wanted| wanted.to_string());
        return Err(refused(format!("{object} has no revision {which}"), &hint));
    };
    let before = held.object.to_value();
    let mut template = set.object.pointer("/spec/template").map(Doc::to_value).unwrap_or_default();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove("pod-template-hash");
    }
    let patch = strategic(&before["spec"]["template"], &template).map_err(|withheld| {
        refused(
            format!("revision {to} needs a value that is not known here (`{}` is redacted)", withheld.path),
            "Roll it back with `kubectl rollout undo`, which the cluster does by itself.",
        )
    })?;
    let mut after = before.clone();
    after["spec"]["template"] = template;
    Ok(Planned {
        tool: RolloutUndo::NAME,
        does: format!("Rolls {object} back from revision {current} to the template of revision {to}."),
        undo: format!("`rollout_undo` {object} to revision {current}, as long as its replica set is kept."),
        verify: format!("`describe` {object}: the rollout completes and its pods become ready."),
        change: Change::Strategic(json!({"spec": {"template": patch}})),
        uid: held.uid.clone(),
        object,
        before,
        after,
    })
}
