use cluster::Change;
use model::{ObjectRef, Risk, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::plan::{After, Plan, Undo, verify};
use super::{Verb, named};
use crate::ToolError;
use crate::answer::count;

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
    /// How many pods there shall be; 0 stops the workload.
    #[schemars(title = "Replicas", range(min = 0, max = 1000))]
    pub replicas: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Kind {
    #[default]
    Deployment,
    StatefulSet,
    ReplicaSet,
}

pub(crate) struct Scale;

impl Verb for Scale {
    type Args = Args;
    const NAME: &'static str = "scale";
    const TITLE: &'static str = "Scale a workload";
    const DESCRIPTION: &'static str = "Sets how many pods a workload has.";
    const RISK: Risk = Risk::Destructive;

    fn consistent(args: &Args) -> Result<(), String> {
        named(&args.namespace, &args.name)?;
        if args.replicas > 1000 {
            return Err(format!("`replicas` is {}; it takes 0 to 1000", args.replicas));
        }
        Ok(())
    }

    /// To none: whatever the workload does, it does no longer.
    fn risk_of(args: &Args) -> Risk {
        if args.replicas == 0 { Risk::Destructive } else { Risk::Write }
    }

    fn target(args: &Args) -> ObjectRef {
        let kind = match args.kind {
            Kind::Deployment => "Deployment",
            Kind::StatefulSet => "StatefulSet",
            Kind::ReplicaSet => "ReplicaSet",
        };
        ObjectRef::new(kind, args.namespace.trim(), args.name.trim())
    }

    fn plan(args: &Args, before: &Value, _beside: &[Value], _at: Time) -> Result<Plan, ToolError> {
        let object = Self::target(args);
        // The API server's default.
        let now = before["spec"]["replicas"].as_u64().unwrap_or(1);
        let mut after = before.clone();
        after["spec"]["replicas"] = args.replicas.into();
        let back = json!({"kind": args.kind, "namespace": object.namespace, "name": object.name, "replicas": now});
        Ok(Plan {
            change: Change::Merge(json!({"spec": {"replicas": args.replicas}})),
            after: After::Known(after),
            does: format!("Scales {object} from {now} to {}.", count(args.replicas as usize, "pod", "pods")),
            undo: Undo::call(Self::NAME, back, format!("`scale` {object} to {now}.")),
            verify: verify("describe", &object, format!("`describe` {object}: as many ready pods as asked for.")),
        })
    }
}
