use std::collections::BTreeMap;

use cluster::Change;
use model::{ObjectRef, Risk, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Verb;
use super::plan::{After, Plan, Undo, verify};
use crate::ToolError;
use crate::answer::count;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Kubernetes' own word for the kind, such as `Deployment`.
    #[schemars(title = "Kind", length(min = 1))]
    pub kind: String,
    /// Empty for objects that have none, such as a Node.
    #[serde(default)]
    #[schemars(title = "Namespace")]
    pub namespace: String,
    #[schemars(title = "Name", length(min = 1))]
    pub name: String,
    /// Values by annotation; `null` takes an annotation away.
    #[schemars(title = "Annotations")]
    pub annotations: BTreeMap<String, Option<String>>,
}

pub(crate) struct Annotate;

impl Verb for Annotate {
    type Args = Args;
    const NAME: &'static str = "annotate";
    const TITLE: &'static str = "Annotate an object";
    const DESCRIPTION: &'static str = "Sets or takes away annotations of an object of any kind.";
    const RISK: Risk = Risk::Write;

    fn consistent(args: &Args) -> Result<(), String> {
        if args.kind.trim().is_empty() || args.name.trim().is_empty() {
            return Err("`kind` or `name` is empty".into());
        }
        match args.annotations.keys().find(|key| key.trim().is_empty()) {
            Some(_) => Err("an annotation has no name".into()),
            None if args.annotations.is_empty() => Err("`annotations` is empty".into()),
            None => Ok(()),
        }
    }

    fn target(args: &Args) -> ObjectRef {
        ObjectRef::new(args.kind.trim(), args.namespace.trim(), args.name.trim())
    }

    fn plan(args: &Args, before: &Value, _beside: &[Value], _at: Time) -> Result<Plan, ToolError> {
        let object = Self::target(args);
        let known = before["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
        let mut annotations = known.clone();
        let mut had = serde_json::Map::new();
        for (key, value) in &args.annotations {
            had.insert(key.clone(), known.get(key).cloned().unwrap_or_default());
            match value {
                Some(value) => {
                    annotations.insert(key.clone(), value.as_str().into());
                }
                None => {
                    annotations.remove(key);
                }
            }
        }
        let mut after = before.clone();
        if let Some(metadata) = after.get_mut("metadata").and_then(Value::as_object_mut) {
            if annotations.is_empty() {
                metadata.remove("annotations");
            } else {
                metadata.insert("annotations".into(), annotations.into());
            }
        }
        let back = json!({
            "kind": object.kind, "namespace": object.namespace, "name": object.name, "annotations": had,
        });
        Ok(Plan {
            change: Change::Merge(json!({"metadata": {"annotations": args.annotations}})),
            after: After::Known(after),
            does: format!("Sets {} of {object}.", count(args.annotations.len(), "annotation", "annotations")),
            undo: Undo::call(Self::NAME, back, format!("`annotate` {object} with the values of before.")),
            verify: verify("get_object", &object, format!("`get_object` {object}: its annotations are as asked.")),
        })
    }
}
