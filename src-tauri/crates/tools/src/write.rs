//! Changes to a cluster: the few that there are, all on one path.
//!
//! The preview's diff comes from the history. When the change runs it asks whether the engineer may, tries it at the
//! server first, and goes on only if the server's object is the one that was previewed, in the fields that change.

mod restart;
mod scale;
mod undo;

use std::sync::atomic::Ordering;

use cluster::{Change, Changed, Reach};
use gate::Permit;
use model::{ObjectRef, Preview, Snapshot, Text};
pub(crate) use restart::RolloutRestart;
pub(crate) use scale::Scale;
use serde_json::Value;
pub(crate) use undo::RolloutUndo;

use crate::answer::{Answer, count, unread, unstored};
use crate::difference::{Field, fields, unified};
use crate::scene::Scene;
use crate::{Surroundings, ToolError};

/// A change that was worked out from the history.
struct Planned {
    tool: &'static str,
    object: ObjectRef,
    change: Change,
    /// What would be done, in a sentence.
    does: String,
    /// How to take it back.
    undo: String,
    /// What to look at afterwards.
    verify: String,
    /// The object in the history, and what the change makes of it.
    before: Value,
    after: Value,
    uid: Text,
}

impl Planned {
    fn preview(&self, surroundings: &Surroundings) -> Preview {
        let mut does = self.does.clone();
        if let Err(refusal) = allowed(self.tool, surroundings) {
            does.push_str(&format!(" It would be refused: {}.", refusal.why));
        }
        let cost = match Scene::of(surroundings) {
            Ok(scene) => {
                let pods = scene.pods(&self.object).len();
                let dependents = scene.graph.blast_radius(std::slice::from_ref(&self.object));
                let names: Vec<String> = dependents.iter().take(5).map(ToString::to_string).collect();
                let named = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
                let dependents = count(dependents.len(), "object depends on it", "objects depend on it");
                format!("touches {}; {dependents}{named}", count(pods, "pod", "pods"))
            }
            Err(error) => format!("what depends on it could not be told: {error}"),
        };
        let diff = unified(&self.object.to_string(), &self.before, &self.after);
        Preview { does, diff: Some(diff), cost, undo: Some(self.undo.clone()) }
    }

    async fn run(self, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        allowed(self.tool, surroundings)?;
        let Reach::Live(connection) = &surroundings.reach else { return Err(recorded(self.tool)) };
        let failed = |error| unread(self.tool, &error);
        let access = connection.can(&permit, "patch", &self.object).await.map_err(failed)?;
        if !access.allowed {
            let reason = if access.reason.is_empty() { String::new() } else { format!(" ({})", access.reason) };
            return Err(ToolError {
                what: format!("{} was not changed", self.object),
                why: format!("the cluster does not let you `patch` it{reason}"),
                hint: "Ask somebody who may, or for the right to do it.".into(),
            });
        }
        let tried = connection.patch_dry_run(&permit, &self.object, &self.change).await.map_err(failed)?;
        self.compare(&tried)?;
        let version = &tried.resource_version;
        let done = connection.patch(&permit, &self.object, &self.change, version).await.map_err(failed)?;
        let diff = unified(&self.object.to_string(), &spec(&done.before), &spec(&done.after));
        Ok(Answer::new(format!("{} Done.", self.does))
            .part(diff)
            .part(format!("To take it back: {}", self.undo))
            .part(format!("To see whether it helped: {}", self.verify)))
    }

    /// What was approved is what the preview showed; if the cluster's object has moved on, it must be shown again.
    fn compare(&self, tried: &Changed) -> Result<(), ToolError> {
        let refused = |why: String| ToolError {
            what: format!("{} was not changed", self.object),
            why,
            hint: "Propose the change again; its preview will show the object as it is now.".into(),
        };
        if !self.uid.is_empty() && *self.uid != *tried.uid {
            return Err(refused("it is another object of the same name than the one that was shown".into()));
        }
        let shown = fields(&spec(&self.before), &spec(&self.after));
        let real = fields(&spec(&tried.before), &spec(&tried.after));
        let mut differing = real.iter().filter(|field| !shown.contains(field));
        match differing.next() {
            None => Ok(()),
            Some(Field { path, from, .. }) => {
                let from = from.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
                let place = path.trim_start_matches('/').replace('/', ".");
                Err(refused(format!("it was changed since the preview was made: its `{place}` is {from} now")))
            }
        }
    }
}

/// What a change may be about; status moves by itself.
fn spec(object: &Value) -> Value {
    object.get("spec").cloned().unwrap_or_default()
}

fn allowed(tool: &'static str, surroundings: &Surroundings) -> Result<(), ToolError> {
    match &surroundings.reach {
        Reach::Recorded(_) => Err(recorded(tool)),
        Reach::Live(_) if !surroundings.writes.load(Ordering::Acquire) => Err(ToolError {
            what: format!("`{tool}` did not run"),
            why: "changes are not enabled for this cluster".into(),
            hint: "Enable changes for this cluster in its settings, then propose the call again.".into(),
        }),
        Reach::Live(_) => Ok(()),
    }
}

fn recorded(tool: &'static str) -> ToolError {
    ToolError {
        what: format!("`{tool}` did not run"),
        why: "a recording cannot be changed".into(),
        hint: "Open the live cluster to change it.".into(),
    }
}

/// Nothing can be planned; the preview says why, and so does a run.
fn unplanned(error: &ToolError) -> Preview {
    let does = format!("Nothing: {}. {}", error.why, error.hint);
    Preview { does, diff: None, cost: String::new(), undo: None }
}

fn held<'a>(tool: &'static str, snapshot: &'a Snapshot, object: &ObjectRef) -> Result<&'a model::Held, ToolError> {
    snapshot.get(object).ok_or_else(|| ToolError {
        what: format!("`{tool}` did not run"),
        why: format!("{object} is not known here"),
        hint: "Check kind, namespace and name.".into(),
    })
}

fn snapshot(tool: &'static str, surroundings: &Surroundings) -> Result<Snapshot, ToolError> {
    surroundings.history.snapshot(surroundings.as_of).map_err(|e| unstored(tool, &e))
}
