use cluster::Change;
use model::{ObjectRef, Risk, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::plan::{After, Plan, Undo, verify};
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
            does: format!("Restarts the pods of {object}, step by step."),
            undo: Undo::Never("A restart cannot be taken back; the pods that ran before are gone.".into()),
            verify: verify("describe", &object, says),
        })
    }
}
