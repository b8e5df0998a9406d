use cluster::{Change, Part};
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
    /// Who may scale and nothing else has the right to this alone.
    const PART: Part = Part::Scale;

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

    /// What else sets the number.
    fn heeds(_args: &Args) -> Option<&'static str> {
        Some("HorizontalPodAutoscaler")
    }

    fn plan(args: &Args, before: &Value, beside: &[Value], _at: Time) -> Result<Plan, ToolError> {
        let object = Self::target(args);
        // The API server's default.
        let now = before["spec"]["replicas"].as_u64().unwrap_or(1);
        let mut after = before.clone();
        after["spec"]["replicas"] = args.replicas.into();
        let back = json!({"kind": args.kind, "namespace": object.namespace, "name": object.name, "replicas": now});
        Ok(Plan {
            change: Change::Merge(json!({"spec": {"replicas": args.replicas}})),
            after: After::Known(after),
            does: [format!("Scales {object} from {now} to {}.", count(args.replicas as usize, "pod", "pods"))]
                .into_iter()
                .chain(beside.iter().find_map(|scaler| overruled(scaler, &object, args.replicas)))
                .collect::<Vec<_>>()
                .join(" "),
            undo: Undo::call(Self::NAME, back, format!("`scale` {object} to {now}.")),
            verify: verify("describe", &object, format!("`describe` {object}: as many ready pods as asked for.")),
        })
    }
}

/// What an autoscaler of the object makes of a number, in a sentence; `None` where it is another's.
fn overruled(scaler: &Value, object: &ObjectRef, replicas: u32) -> Option<String> {
    let target = &scaler["spec"]["scaleTargetRef"];
    if target["kind"] != *object.kind || target["name"] != *object.name {
        return None;
    }
    let name = scaler["metadata"]["name"].as_str().unwrap_or_default();
    // The API server's default.
    let least = scaler["spec"]["minReplicas"].as_u64().unwrap_or(1);
    let most = scaler["spec"]["maxReplicas"].as_u64().unwrap_or(u64::MAX);
    let then = match u64::from(replicas) {
        0 if least > 0 => return Some(format!("HorizontalPodAutoscaler `{name}` rests as long as there are no pods.")),
        wanted if wanted < least => format!("will raise it to {least} at once"),
        wanted if wanted > most => format!("will lower it to {most} at once"),
        _ => "sets that number by load and will set it again within moments".to_owned(),
    };
    Some(format!(
        "HorizontalPodAutoscaler `{name}` {then}: to have that many pods at least, `patch` its `minReplicas` ({least}) instead."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_autoscaler_that_would_set_the_number_again_is_named_with_what_to_change_instead() {
        let scaler = |name: &str, of: &str| {
            let target = json!({"kind": "Deployment", "name": of});
            json!({"metadata": {"name": name}, "spec": {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 8}})
        };
        let does = |replicas: u32, scalers: &[Value]| {
            let args = Args { kind: Kind::Deployment, namespace: "shop".into(), name: "web".into(), replicas };
            Scale::plan(&args, &json!({"spec": {"replicas": 4}}), scalers, Time(0)).map(|plan| plan.does)
        };
        let scalers = [scaler("others", "cart"), scaler("ours", "web")];
        for (replicas, words) in [(1, "raise it to 2"), (9, "lower it to 8"), (5, "by load"), (0, "rests")] {
            let does = does(replicas, &scalers).unwrap_or_default();
            assert!(does.contains("`ours`") && does.contains(words), "{replicas}: {does}");
            assert_eq!(does.contains("minReplicas"), replicas > 0, "{does}");
        }
        let alone = does(5, &scalers[..1]).unwrap_or_default();
        assert!(alone.ends_with("5 pods."), "{alone}");
    }
}
