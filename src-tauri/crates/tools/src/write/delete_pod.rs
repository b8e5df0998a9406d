use cluster::Change;
use model::{Doc, ObjectRef, Purpose, Risk, Suggestion, Time, controller_of};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::plan::{After, Plan, Undo};
use super::{Verb, named};
use crate::ToolError;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    #[schemars(title = "Namespace", length(min = 1))]
    pub namespace: String,
    #[schemars(title = "Pod", length(min = 1))]
    pub name: String,
}

pub(crate) struct DeletePod;

impl Verb for DeletePod {
    type Args = Args;
    const NAME: &'static str = "delete_pod";
    const TITLE: &'static str = "Delete a pod";
    const DESCRIPTION: &'static str = "Deletes one pod in its own time to end; its controller, if it has one, makes \
        another.";
    const RISK: Risk = Risk::Destructive;
    const ACCESS: &'static str = "delete";

    fn consistent(args: &Args) -> Result<(), String> {
        named(&args.namespace, &args.name)
    }

    fn target(args: &Args) -> ObjectRef {
        ObjectRef::new("Pod", args.namespace.trim(), args.name.trim())
    }

    fn plan(args: &Args, before: &Value, _beside: &[Value], _at: Time) -> Result<Plan, ToolError> {
        let object = Self::target(args);
        let owner = controller_of(&object.namespace, &Doc::from(before.clone()));
        let (does, undo, look) = match owner {
            Some(owner) => (
                format!("Deletes {object}; {owner} makes another in its place."),
                format!("The pod is gone for good; {owner} makes another in its place."),
                owner,
            ),
            None => (
                format!("Deletes {object}. Nothing makes another: it has no controller."),
                "Nothing makes it again: it has no controller. Keep its manifest before you delete it.".to_owned(),
                object.clone(),
            ),
        };
        let args = json!({"kind": look.kind, "namespace": look.namespace, "name": look.name});
        let says = format!("`describe` {look}: as many ready pods as before.");
        Ok(Plan {
            change: Change::Delete,
            after: After::Gone,
            does,
            undo: Undo::Never(undo),
            verify: Suggestion { purpose: Purpose::Verify, tool: "describe".into(), args, says },
        })
    }
}
