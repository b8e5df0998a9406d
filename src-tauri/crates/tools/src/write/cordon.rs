use cluster::Change;
use model::{ObjectRef, Risk, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Verb;
use super::plan::{After, Plan, Undo, verify};
use crate::ToolError;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    #[schemars(title = "Node", length(min = 1))]
    pub node: String,
}

pub(crate) struct Cordon;
pub(crate) struct Uncordon;

impl Verb for Cordon {
    type Args = Args;
    const NAME: &'static str = "cordon";
    const TITLE: &'static str = "Cordon a node";
    const DESCRIPTION: &'static str = "Lets no new pods be scheduled to a node; those that run there go on.";
    const RISK: Risk = Risk::Write;

    fn consistent(args: &Args) -> Result<(), String> {
        there(args)
    }

    fn target(args: &Args) -> ObjectRef {
        ObjectRef::global("Node", args.node.trim())
    }

    fn plan(args: &Args, before: &Value, _beside: &[Value], _at: Time) -> Result<Plan, ToolError> {
        Ok(planned(args, before, true))
    }
}

impl Verb for Uncordon {
    type Args = Args;
    const NAME: &'static str = "uncordon";
    const TITLE: &'static str = "Uncordon a node";
    const DESCRIPTION: &'static str = "Lets pods be scheduled to a node again.";
    const RISK: Risk = Risk::Write;

    fn consistent(args: &Args) -> Result<(), String> {
        there(args)
    }

    fn target(args: &Args) -> ObjectRef {
        ObjectRef::global("Node", args.node.trim())
    }

    fn plan(args: &Args, before: &Value, _beside: &[Value], _at: Time) -> Result<Plan, ToolError> {
        Ok(planned(args, before, false))
    }
}

fn there(args: &Args) -> Result<(), String> {
    if args.node.trim().is_empty() { Err("`node` is empty".into()) } else { Ok(()) }
}

fn planned(args: &Args, before: &Value, cordoned: bool) -> Plan {
    let object = Cordon::target(args);
    let mut after = before.clone();
    if cordoned {
        after["spec"]["unschedulable"] = true.into();
    } else if let Some(spec) = after.get_mut("spec").and_then(Value::as_object_mut) {
        spec.remove("unschedulable");
    }
    let (does, back, expects) = if cordoned {
        (format!("Lets no new pods be scheduled to {object}."), Uncordon::NAME, "it is cordoned")
    } else {
        (format!("Lets pods be scheduled to {object} again."), Cordon::NAME, "it takes pods again")
    };
    let value = if cordoned { json!(true) } else { Value::Null };
    Plan {
        change: Change::Merge(json!({"spec": {"unschedulable": value}})),
        after: After::Known(after),
        does,
        undo: Undo::call(back, json!({"node": object.name}), format!("`{back}` {object}.")),
        verify: verify("describe", &object, format!("`describe` {object}: {expects}.")),
    }
}
