use async_trait::async_trait;
use cluster::Change;
use gate::Permit;
use model::{ObjectRef, Preview, Risk};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Planned, held, snapshot, unplanned};
use crate::answer::{Answer, count};
use crate::typed::Typed;
use crate::{Surroundings, ToolError};

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

#[async_trait]
impl Typed for Scale {
    type Args = Args;
    const NAME: &'static str = "scale";
    const TITLE: &'static str = "Scale a workload";
    const DESCRIPTION: &'static str = "Sets how many pods a workload has.";
    const RISK: Risk = Risk::Destructive;

    fn consistent(args: &Args) -> Result<(), String> {
        match (args.namespace.trim(), args.name.trim()) {
            ("", _) => Err("`namespace` is empty".into()),
            (_, "") => Err("`name` is empty".into()),
            _ if args.replicas > 1000 => Err(format!("`replicas` is {}; it takes 0 to 1000", args.replicas)),
            _ => Ok(()),
        }
    }

    /// To none: whatever the workload does, it does no longer.
    fn risk_of(&self, args: &Args) -> Risk {
        if args.replicas == 0 { Risk::Destructive } else { Risk::Write }
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
        Kind::ReplicaSet => "ReplicaSet",
    };
    let object = ObjectRef::new(kind, args.namespace.trim(), args.name.trim());
    let snapshot = snapshot(Scale::NAME, surroundings)?;
    let held = held(Scale::NAME, &snapshot, &object)?;
    let before = held.object.to_value();
    // The API server's default.
    let now = before["spec"]["replicas"].as_u64().unwrap_or(1);
    let mut after = before.clone();
    after["spec"]["replicas"] = args.replicas.into();
    Ok(Planned {
        tool: Scale::NAME,
        does: format!("Scales {object} from {now} to {}.", count(args.replicas as usize, "pod", "pods")),
        undo: format!("`scale` {object} to {now}."),
        verify: format!("`describe` {object}: as many ready pods as asked for."),
        change: Change::Merge(json!({"spec": {"replicas": args.replicas}})),
        uid: held.uid.clone(),
        object,
        before,
        after,
    })
}
