use cluster::Change;
use model::{ObjectRef, Purpose, Shown, ShownField, Snapshot, Suggestion};
use serde_json::{Value, json};

use super::Verb;
use crate::answer::unstored;
use crate::difference::{Field, fields};
use crate::{Surroundings, ToolError};

/// What becomes of an object.
pub(crate) struct Plan {
    pub change: Change,
    pub after: After,
    /// What is done, in a sentence.
    pub does: String,
    pub undo: Undo,
    pub verify: Suggestion,
}

/// The object after the change.
pub(crate) enum After {
    Known(Value),
    /// Only the server can tell: it merges, defaults and validates.
    ServerKnows,
    Gone,
}

pub(crate) enum Undo {
    /// A call takes it back.
    Call(Suggestion),
    /// A patch that gives the changed fields their values again.
    Patch,
    /// Nothing does, and why.
    Never(String),
}

impl Undo {
    pub fn call(tool: &str, args: Value, says: String) -> Undo {
        Undo::Call(Suggestion { purpose: Purpose::Undo, tool: tool.into(), args, says })
    }

    pub fn says(&self) -> String {
        match self {
            Undo::Call(call) => call.says.clone(),
            Undo::Patch => "Another patch gives the changed fields their values again.".into(),
            Undo::Never(why) => why.clone(),
        }
    }
}

/// A look at an object after the change, and what it should show.
pub(super) fn verify(tool: &str, object: &ObjectRef, says: impl Into<String>) -> Suggestion {
    let args = json!({"kind": object.kind, "namespace": object.namespace, "name": object.name});
    Suggestion { purpose: Purpose::Verify, tool: tool.into(), args, says: says.into() }
}

pub(super) fn cannot(tool: &str, why: impl Into<String>, hint: impl Into<String>) -> ToolError {
    ToolError { what: format!("`{tool}` did not run"), why: why.into(), hint: hint.into() }
}

const ASK_THE_CLUSTER: &str = "Ask the cluster what it would do, then decide.";

pub(super) fn snapshot(tool: &'static str, surroundings: &Surroundings) -> Result<Snapshot, ToolError> {
    surroundings.history.snapshot(surroundings.as_of).map_err(|e| unstored(tool, &e))
}

/// What the change would do to the object as the history holds it.
pub(super) fn from_history<V: Verb>(args: &V::Args, surroundings: &Surroundings) -> Result<Shown, ToolError> {
    let object = V::target(args);
    let snapshot = snapshot(V::NAME, surroundings)?;
    let Some(held) = snapshot.get(&object) else {
        let hint = format!("Check kind, namespace and name. If its kind is not watched: {ASK_THE_CLUSTER}");
        return Err(cannot(V::NAME, format!("{object} is not known here"), hint));
    };
    let mut beside = Vec::new();
    if let Some(kind) = V::beside(args) {
        if !snapshot.absence_is_known(kind, &object.namespace)
            && snapshot.in_namespace(kind, &object.namespace).next().is_none()
        {
            return Err(cannot(V::NAME, format!("objects of the kind {kind} are not watched"), ASK_THE_CLUSTER));
        }
        beside.extend(snapshot.in_namespace(kind, &object.namespace).map(|(_, held)| held.object.to_value()));
    }
    beside.extend(heeded::<V>(args, &snapshot));
    let before = held.object.to_value();
    let at = surroundings.clock.now();
    let plan = V::plan(args, &before, &beside, at)?;
    let after = match &plan.after {
        After::Known(after) => after.clone(),
        After::Gone => Value::Null,
        After::ServerKnows => {
            return Err(cannot(V::NAME, "only the server can tell what a patch makes of an object", ASK_THE_CLUSTER));
        }
    };
    Ok(Shown {
        at,
        uid: held.uid.to_string(),
        at_cluster: false,
        does: plan.does.clone(),
        undo: plan.undo.says(),
        fields: changed(&before, &after),
    })
}

/// What the watches saw of the objects that are worth a word.
pub(super) fn heeded<V: Verb>(args: &V::Args, snapshot: &Snapshot) -> Vec<Value> {
    let Some(kind) = V::heeds(args) else { return Vec::new() };
    snapshot.in_namespace(kind, &V::target(args).namespace).map(|(_, held)| held.object.to_value()).collect()
}

/// The fields that a change changes; a deletion is told in a few words and not by every field.
pub(super) fn changed(before: &Value, after: &Value) -> Vec<ShownField> {
    if after.is_null() {
        let metadata = &before["metadata"];
        let mut told = json!({"kind": before["kind"], "namespace": metadata["namespace"], "name": metadata["name"]});
        for (name, at) in [("node", "/spec/nodeName"), ("controlled_by", "/metadata/ownerReferences/0/name")] {
            if let Some(value) = before.pointer(at) {
                told[name] = value.clone();
            }
        }
        return vec![ShownField { path: "/".into(), from: Some(told), to: None }];
    }
    let fields = fields(before, after).into_iter();
    fields.map(|Field { path, from, to }| ShownField { path, from, to }).collect()
}
