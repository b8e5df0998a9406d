use cluster::{Changed, Connection, Reach, ReadError, Target, WriteError};
use gate::{Leave, Permit};
use model::{ObjectRef, Purpose, Shown, ShownField, Suggestion, Time};
use serde_json::{Value, json};

use super::plan::{Plan, Undo, cannot, changed, heeded};
use super::{Verb, allowed};
use crate::answer::{Answer, keep, unread};
use crate::difference::rendered;
use crate::patch::merge;
use crate::{Failure, Surroundings, ToolError};

/// A status that moves while the change is made costs a second look, not the change. More often than this somebody is
/// really working on the object.
const LOOKS: usize = 4;

fn live<'a>(tool: &'static str, surroundings: &'a Surroundings) -> Result<&'a Connection, ToolError> {
    allowed(tool, surroundings)?;
    match &surroundings.reach {
        Reach::Live(connection) => Ok(connection),
        Reach::Recorded(_) => Err(cannot(tool, "a recording cannot be changed", "Open the live cluster to change it.")),
    }
}

/// Whether the engineer may, then the change as the cluster would make it, without making it.
pub(super) async fn try_out<V: Verb>(
    args: &V::Args,
    leave: &impl Leave,
    surroundings: &Surroundings,
) -> Result<Shown, ToolError> {
    let connection = live(V::NAME, surroundings)?;
    let object = V::target(args);
    may::<V>(connection, leave, &object).await?;
    let at = surroundings.clock.now();
    if V::ACCESS == "delete"
        && let Err(ReadError::Missing { .. }) = connection.target(leave, &object, V::PART).await
    {
        return Ok(gone(&object, at));
    }
    tried::<V>(args, connection, leave, &object, at, surroundings).await
}

/// What the cluster would make of the object as it is now.
async fn tried<V: Verb>(
    args: &V::Args,
    connection: &Connection,
    leave: &impl Leave,
    object: &ObjectRef,
    at: Time,
    surroundings: &Surroundings,
) -> Result<Shown, ToolError> {
    for _ in 0..LOOKS {
        let (plan, target) = plan::<V>(args, connection, leave, object, at, surroundings).await?;
        match connection.try_change(leave, object, &plan.change, &target).await {
            Ok(tried) => {
                return Ok(Shown {
                    at,
                    uid: target.uid,
                    at_cluster: true,
                    does: plan.does,
                    undo: plan.undo.says(),
                    fields: if tried.same { Vec::new() } else { changed(&tried.before, &tried.after) },
                });
            }
            Err(WriteError::Conflict { .. }) => {}
            Err(WriteError::Open { what, why }) => return Err(open(&what, why).into()),
            Err(WriteError::Other(error)) => return Err(unread(V::NAME, &error)),
        }
    }
    Err(busy(object))
}

/// Of an object that is to be deleted and is not there, nothing would change.
fn gone(object: &ObjectRef, at: Time) -> Shown {
    Shown {
        at,
        uid: String::new(),
        at_cluster: true,
        does: format!("Deletes {object}, which does not exist."),
        undo: "There is nothing to take back.".into(),
        fields: Vec::new(),
    }
}

async fn may<V: Verb>(connection: &Connection, leave: &impl Leave, object: &ObjectRef) -> Result<(), ToolError> {
    let access = connection.can(leave, V::ACCESS, object, V::PART).await.map_err(|error| unread(V::NAME, &error))?;
    if access.allowed {
        return Ok(());
    }
    let reason = if access.reason.is_empty() { String::new() } else { format!(" ({})", access.reason) };
    Err(ToolError {
        what: format!("{object} was not changed"),
        why: format!("the cluster does not let you `{}` {}{reason}", V::ACCESS, V::PART.words()),
        hint: "Ask somebody who may, or for the right to do it.".into(),
    })
}

/// The object as it is now, and what the change makes of it.
async fn plan<V: Verb>(
    args: &V::Args,
    connection: &Connection,
    leave: &impl Leave,
    object: &ObjectRef,
    at: Time,
    surroundings: &Surroundings,
) -> Result<(Plan, Target), ToolError> {
    let failed = |error| unread(V::NAME, &error);
    let target = connection.target(leave, object, V::PART).await.map_err(failed)?;
    let mut beside = match V::beside(args) {
        Some(kind) => connection.beside(leave, kind, &object.namespace).await.map_err(failed)?,
        None => Vec::new(),
    };
    if let Ok(snapshot) = surroundings.history.snapshot(surroundings.clock.now()) {
        beside.extend(heeded::<V>(args, &snapshot));
    }
    Ok((V::plan(args, &target.object, &beside, at)?, target))
}

/// Does what was shown, or nothing.
pub(super) async fn run<V: Verb>(
    args: &V::Args,
    permit: &Permit,
    surroundings: &Surroundings,
) -> Result<Answer, Failure> {
    let connection = live(V::NAME, surroundings)?;
    let object = V::target(args);
    let Some(shown) = &permit.what().shown else {
        let why = "nobody was shown what it would change";
        let hint = "Propose it again and ask the cluster what it would do, then decide.";
        return Err(cannot(V::NAME, why, hint).into());
    };
    may::<V>(connection, permit, &object).await?;
    for _ in 0..LOOKS {
        let (plan, target) = plan::<V>(args, connection, permit, &object, shown.at, surroundings).await?;
        if !shown.uid.is_empty() && shown.uid != target.uid {
            let error = refused(&object, "it is another object of the same name than the one that was shown");
            return Err(drifted::<V>(error, args, connection, permit, &object, surroundings).await);
        }
        let done = match connection.try_change(permit, &object, &plan.change, &target).await {
            Ok(tried) if tried.same && shown.fields.is_empty() => {
                return Ok(Answer::new(format!("{} It was so already; nothing was changed.", plan.does)));
            }
            Ok(tried) => {
                if let Err(error) = compare(&object, shown, &tried) {
                    return Err(drifted::<V>(error, args, connection, permit, &object, surroundings).await);
                }
                connection.change(permit, &object, &plan.change, &target).await
            }
            Err(error) => Err(error),
        };
        match done {
            Ok(done) => return Ok(told::<V>(&object, &plan, &done, permit, surroundings).await),
            // Looked at again: where only the status moved it goes on, where anything else did it is refused.
            Err(WriteError::Conflict { .. }) => {}
            Err(WriteError::Open { what, why }) => return Err(open(&what, why)),
            Err(WriteError::Other(error)) => return Err(unread(V::NAME, &error).into()),
        }
    }
    Err(busy(&object).into())
}

/// The refusal with what would be done now, so that it can be asked about; where that cannot be told, the refusal alone.
async fn drifted<V: Verb>(
    error: ToolError,
    args: &V::Args,
    connection: &Connection,
    permit: &Permit,
    object: &ObjectRef,
    surroundings: &Surroundings,
) -> Failure {
    match tried::<V>(args, connection, permit, object, surroundings.clock.now(), surroundings).await {
        Ok(now) => Failure::Drifted { error, now: Box::new(now) },
        Err(_) => error.into(),
    }
}

fn open(what: &str, why: String) -> Failure {
    Failure::Unknown(ToolError {
        what: format!("{what} may have been changed, and may not"),
        why,
        hint: "Read it back before anything is tried again.".into(),
    })
}

/// What was approved is what was shown; if the cluster would do anything else, it must be shown again.
fn compare(object: &ObjectRef, shown: &Shown, tried: &Changed) -> Result<(), ToolError> {
    let real = changed(&tried.before, &tried.after);
    let unlike = |field: &&ShownField| !shown.fields.contains(field);
    if let Some(ShownField { path, from, .. }) = real.iter().find(unlike) {
        let from = from.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
        let place = path.trim_start_matches('/').replace('/', ".");
        return Err(refused(
            object,
            &format!("it was changed since the preview was made: its `{place}` is {from} now"),
        ));
    }
    // What the history told may name defaults that the server sets by itself; what the server told is exact.
    if let Some(missing) = shown.fields.iter().find(|field| shown.at_cluster && !real.contains(field)) {
        let place = missing.path.trim_start_matches('/').replace('/', ".");
        return Err(refused(
            object,
            &format!("it was changed since the preview was made: `{place}` would not change now"),
        ));
    }
    Ok(())
}

fn refused(object: &ObjectRef, why: &str) -> ToolError {
    ToolError {
        what: format!("{object} was not changed"),
        why: why.to_owned(),
        hint: "Propose the change again; its preview will show the object as it is now.".into(),
    }
}

fn busy(object: &ObjectRef) -> ToolError {
    refused(object, &format!("somebody else changed it each of the {LOOKS} times it was looked at"))
}

/// What was done, how it is taken back, what to look at, and the object read back.
async fn told<V: Verb>(
    object: &ObjectRef,
    plan: &Plan,
    done: &Changed,
    permit: &Permit,
    surroundings: &Surroundings,
) -> Answer {
    let diff = rendered(&object.to_string(), &changed(&done.before, &done.after));
    let undo = match &plan.undo {
        Undo::Call(call) => Some(call.clone()),
        Undo::Patch => back(object, done),
        Undo::Never(_) => None,
    };
    let way_back = undo.as_ref().map_or_else(
        || match &plan.undo {
            Undo::Never(why) => why.clone(),
            _ => "it needs values that are not kept here; write them back yourself.".into(),
        },
        |call| call.says.clone(),
    );
    let answer = Answer::new(format!("{} Done.", plan.does))
        .part(diff)
        .part(format!("To take it back: {way_back}"))
        .part(format!("To see whether it helped: {}", plan.verify.says))
        .then(undo)
        .then([plan.verify.clone()]);
    match surroundings.reach.object(permit, object, surroundings.as_of).await {
        Ok(read) => match keep(V::NAME, read, surroundings) {
            Ok(kept) => {
                let version = kept.iter().find_map(|o| match &o.body {
                    model::Body::Object { resource_version, object, .. } => {
                        let going = object.pointer("/metadata/deletionTimestamp").is_some();
                        Some(format!(
                            "Read back: version {resource_version}{}.",
                            if going { ", and it is being deleted" } else { "" }
                        ))
                    }
                    _ => None,
                });
                answer.part(version.unwrap_or_default()).resting_on(kept)
            }
            Err(error) => answer.part(format!("Read back, and not kept: {error}.")),
        },
        Err(cluster::ReadError::Missing { .. }) if done.after.is_null() => answer.part("Read back: it is gone."),
        Err(error) => answer.part(format!("It could not be read back: {error}.")),
    }
}

/// The patch that gives the changed fields their values again, where all of them are known here.
fn back(object: &ObjectRef, done: &Changed) -> Option<Suggestion> {
    let bare = |value: &Value| {
        let mut value = value.clone();
        value.as_object_mut()?.remove("status");
        let metadata = value.get_mut("metadata")?.as_object_mut()?;
        metadata.retain(|field, _| matches!(field.as_str(), "labels" | "annotations" | "finalizers"));
        Some(value)
    };
    let patch = merge(&bare(&done.after)?, &bare(&done.before)?).ok()?;
    if object.kind == "ConfigMap" || patch.as_object().is_none_or(serde_json::Map::is_empty) {
        return None;
    }
    Some(Suggestion {
        purpose: Purpose::Undo,
        tool: "patch".into(),
        args: json!({
            "kind": object.kind, "namespace": object.namespace, "name": object.name,
            "form": "merge", "patch": patch,
        }),
        says: format!("`patch` {object} with the values that its changed fields had."),
    })
}
