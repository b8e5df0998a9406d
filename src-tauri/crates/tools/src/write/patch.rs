use cluster::Change;
use model::{ObjectRef, Risk, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Verb;
use super::plan::{After, Plan, Undo, cannot, verify};
use crate::ToolError;

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
    /// `strategic` is Kubernetes' own, for built-in kinds: lists are merged by their keys. `merge` (RFC 7386) is for any
    /// kind: lists are replaced whole. `json` (RFC 6902) is a list of operations.
    #[serde(default)]
    #[schemars(title = "Form")]
    pub form: Form,
    /// The patch, as JSON or as YAML text: an object, or for the form `json` a list of operations.
    #[schemars(title = "Patch", with = "String")]
    pub patch: Value,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    #[default]
    Strategic,
    Merge,
    Json,
}

pub(crate) struct Patch;

const NO_SECRETS: &str = "a Secret is not patched from here: its values would stand in the case's log";

/// Whether a patch takes all pods of a workload, as `scale` to nothing does.
fn stops(patch: &Value) -> bool {
    match patch {
        Value::Object(map) => {
            let of_replicas = map.get("path").and_then(Value::as_str).is_some_and(|path| path.ends_with("/replicas"));
            map.get("replicas").is_some_and(|replicas| *replicas == 0)
                || of_replicas && map.get("value").is_some_and(|value| *value == 0)
                || map.values().any(stops)
        }
        Value::Array(all) => all.iter().any(stops),
        _ => false,
    }
}

impl Args {
    /// The patch itself, also where it came as text.
    fn parsed(&self) -> Result<Value, String> {
        match &self.patch {
            Value::String(text) => {
                serde_saphyr::from_str(text).map_err(|error| format!("`patch` is neither JSON nor YAML: {error}"))
            }
            other => Ok(other.clone()),
        }
    }
}

impl Verb for Patch {
    type Args = Args;
    const NAME: &'static str = "patch";
    const TITLE: &'static str = "Patch an object";
    const DESCRIPTION: &'static str = "Changes fields of an object of any kind but a Secret. What it does is shown as the \
        cluster's dry run tells it.";
    const RISK: Risk = Risk::Destructive;

    fn consistent(args: &Args) -> Result<(), String> {
        if args.kind.trim().is_empty() || args.name.trim().is_empty() {
            return Err("`kind` or `name` is empty".into());
        }
        if args.kind.trim().trim_end_matches('.').eq_ignore_ascii_case("secret") {
            return Err(NO_SECRETS.into());
        }
        match (args.form, args.parsed()?) {
            (Form::Strategic | Form::Merge, Value::Object(map)) if map.is_empty() => Err("`patch` is empty".into()),
            (Form::Strategic | Form::Merge, Value::Object(_)) => Ok(()),
            (Form::Json, Value::Array(list)) if list.is_empty() => Err("`patch` is empty".into()),
            (Form::Json, Value::Array(list)) if list.iter().all(Value::is_object) => Ok(()),
            (Form::Json, _) => Err("`patch` is no list of operations, which the form `json` takes".into()),
            (Form::Strategic | Form::Merge, _) => Err("`patch` is no object".into()),
        }
    }

    /// What decides over the life of other objects, what stops all of a workload, what gives rights, and what reaches the
    /// whole cluster, can destroy.
    fn risk_of(args: &Args) -> Risk {
        let patch = args.parsed().unwrap_or_default();
        let text = patch.to_string();
        let decides = ["finalizers", "ownerReferences"].iter().any(|field| text.contains(field)) || stops(&patch);
        let rights = matches!(args.kind.trim().split('.').next(), Some("Role" | "RoleBinding"));
        if decides || rights || (args.namespace.trim().is_empty() && args.kind.trim() != "Node") {
            Risk::Destructive
        } else {
            Risk::Write
        }
    }

    fn target(args: &Args) -> ObjectRef {
        ObjectRef::new(args.kind.trim(), args.namespace.trim(), args.name.trim())
    }

    fn plan(args: &Args, before: &Value, _beside: &[Value], _at: Time) -> Result<Plan, ToolError> {
        let object = Self::target(args);
        // By whatever name it was called.
        if before["kind"] == "Secret" && before["apiVersion"] == "v1" {
            return Err(cannot(Self::NAME, NO_SECRETS, "Change it with kubectl, or where it is made."));
        }
        let patch = args.parsed().map_err(|why| cannot(Self::NAME, why, "Write it again."))?;
        let change = match (args.form, patch) {
            (Form::Strategic, patch) => Change::Strategic(patch),
            (Form::Json, Value::Array(operations)) => Change::Json(operations),
            (Form::Merge | Form::Json, patch) => Change::Merge(patch),
        };
        Ok(Plan {
            change,
            after: After::ServerKnows,
            does: format!("Patches {object}."),
            undo: Undo::Patch,
            verify: verify("get_object", &object, format!("`get_object` {object}: the changed fields are as asked.")),
        })
    }
}
