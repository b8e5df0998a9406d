use async_trait::async_trait;
use cluster::Change;
use gate::Permit;
use model::{ObjectRef, Preview, Risk, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Planned, held, snapshot, unplanned};
use crate::answer::Answer;
use crate::typed::Typed;
use crate::{Surroundings, ToolError};

/// What `kubectl rollout restart` writes, so that both tools' restarts look alike.
const ANNOTATION: &str = "kubectl.kubernetes.io/restartedAt";

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
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Kind {
    #[default]
    Deployment,
    StatefulSet,
    DaemonSet,
}

pub(crate) struct RolloutRestart;

#[async_trait]
impl Typed for RolloutRestart {
    type Args = Args;
    const NAME: &'static str = "rollout_restart";
    const TITLE: &'static str = "Restart a workload";
    const DESCRIPTION: &'static str = "Replaces the pods of a workload by new ones, step by step, as its update strategy \
        says.";
    const RISK: Risk = Risk::Write;

    fn consistent(args: &Args) -> Result<(), String> {
        match (args.namespace.trim(), args.name.trim()) {
            ("", _) => Err("`namespace` is empty".into()),
            (_, "") => Err("`name` is empty".into()),
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

fn plan(args: &Args, surroundings: &Surroundings) -> Result<Planned, ToolError> {
    let kind = match args.kind {
        Kind::Deployment => "Deployment",
        Kind::StatefulSet => "StatefulSet",
        Kind::DaemonSet => "DaemonSet",
    };
    let object = ObjectRef::new(kind, args.namespace.trim(), args.name.trim());
    let snapshot = snapshot(RolloutRestart::NAME, surroundings)?;
    let held = held(RolloutRestart::NAME, &snapshot, &object)?;
    let before = held.object.to_value();
    let at = Time::from_seconds(surroundings.clock.now().seconds()).to_string();
    let patch = json!({"spec": {"template": {"metadata": {"annotations": {ANNOTATION: at}}}}});
    let mut after = before.clone();
    if !after["spec"]["template"]["metadata"]["annotations"].is_object() {
        after["spec"]["template"]["metadata"]["annotations"] = json!({});
    }
    after["spec"]["template"]["metadata"]["annotations"][ANNOTATION] = at.into();
    Ok(Planned {
        tool: RolloutRestart::NAME,
        does: format!("Restarts the pods of {object}, step by step."),
        undo: "A restart cannot be taken back; the pods that ran before are gone.".into(),
        verify: format!("`describe` {object}: all pods new and ready; `logs` of its newest pod."),
        change: Change::Strategic(patch),
        uid: held.uid.clone(),
        object,
        before,
        after,
    })
}
