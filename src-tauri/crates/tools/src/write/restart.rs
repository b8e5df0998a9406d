use cluster::Change;
use model::{ObjectRef, Risk, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::plan::{After, Plan, Undo, cannot, verify};
use super::{Verb, named};
use crate::ToolError;

/// What `kubectl rollout restart` writes, so that both tools' restarts look alike.
const ANNOTATION: &str = "kubectl.kubernetes.io/restartedAt";

/// A workload that rolls out.
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

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Deployment => "Deployment",
            Kind::StatefulSet => "StatefulSet",
            Kind::DaemonSet => "DaemonSet",
        }
    }
}

pub(crate) struct RolloutRestart;

impl Verb for RolloutRestart {
    type Args = Args;
    const NAME: &'static str = "rollout_restart";
    const TITLE: &'static str = "Restart a workload";
    const DESCRIPTION: &'static str = "Replaces the pods of a workload by new ones, step by step, as its update strategy \
        says.";
    const RISK: Risk = Risk::Write;

    fn consistent(args: &Args) -> Result<(), String> {
        named(&args.namespace, &args.name)
    }

    fn target(args: &Args) -> ObjectRef {
        ObjectRef::new(args.kind.word(), args.namespace.trim(), args.name.trim())
    }

    fn plan(args: &Args, before: &Value, _beside: &[Value], at: Time) -> Result<Plan, ToolError> {
        let object = Self::target(args);
        let beside_that = rolls_out(Self::NAME, &object, before)?;
        let at = Time::from_seconds(at.seconds()).to_string();
        let mut after = before.clone();
        if !after["spec"]["template"]["metadata"]["annotations"].is_object() {
            after["spec"]["template"]["metadata"]["annotations"] = json!({});
        }
        after["spec"]["template"]["metadata"]["annotations"][ANNOTATION] = at.as_str().into();
        let says = format!("`describe` {object}: all pods new and ready; `logs` of its newest pod.");
        Ok(Plan {
            change: Change::Merge(json!({"spec": {"template": {"metadata": {"annotations": {ANNOTATION: at}}}}})),
            after: After::Known(after),
            does: match beside_that {
                Some(held_back) => format!("Marks {object} for a restart. {held_back}"),
                None => format!("Restarts the pods of {object}, step by step."),
            },
            undo: Undo::Never("A restart cannot be taken back; the pods that ran before are gone.".into()),
            verify: verify("describe", &object, says),
        })
    }
}

/// Whether a new template of this workload reaches its pods by itself: refused where it is paused, as kubectl does; where
/// its strategy waits for something, in a sentence for what.
pub(super) fn rolls_out(tool: &str, object: &ObjectRef, workload: &Value) -> Result<Option<String>, ToolError> {
    let spec = &workload["spec"];
    if spec["paused"] == true {
        let hint = format!(
            "Resume it first: `patch` {object} with `{{\"spec\": {{\"paused\": false}}}}`, which rolls out what changed \
             while it was paused."
        );
        return Err(cannot(tool, format!("the rollout of {object} is paused"), hint));
    }
    let strategy = &spec["updateStrategy"];
    if strategy["type"] == "OnDelete" {
        return Ok(Some(
            "Its update strategy is `OnDelete`: no pod is replaced by this. Delete its pods one after the other, and each \
             comes back new."
                .into(),
        ));
    }
    let partition = strategy["rollingUpdate"]["partition"].as_u64().filter(|partition| *partition > 0);
    Ok(partition.map(|from| {
        format!("Its `partition` is {from}: pods numbered below that keep what they are, the others are replaced.")
    }))
}

#[cfg(test)]
mod tests;
