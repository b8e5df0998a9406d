//! Changes to a cluster: the few that there are, all on one path.
//!
//! A change is worked out from the object: for the first preview from what the history holds, and, when the engineer asks
//! the cluster or the change runs, from the object as the cluster has it, tried there by a dry run. What was shown is
//! part of what is approved: a run that would change anything else is refused.

mod annotate;
mod cordon;
mod cronjob;
mod delete_pod;
mod patch;
mod plan;
mod restart;
mod run;
mod scale;
mod undo;

use std::sync::atomic::Ordering;

pub(crate) use annotate::Annotate;
use async_trait::async_trait;
use cluster::{Part, Reach};
pub(crate) use cordon::{Cordon, Uncordon};
pub(crate) use cronjob::{CronJobResume, CronJobSuspend};
pub(crate) use delete_pod::DeletePod;
use gate::{Permit, TryOut};
use model::{ObjectRef, Preview, Risk, Shown, Time};
pub(crate) use patch::Patch;
use plan::Plan;
pub(crate) use restart::RolloutRestart;
pub(crate) use scale::Scale;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
pub(crate) use undo::RolloutUndo;

use crate::answer::{Answer, count};
use crate::difference::rendered;
use crate::scene::Scene;
use crate::typed::Typed;
use crate::{Failure, Surroundings, ToolError};

/// One verb: which object, and what becomes of it. Everything around that is written once, below.
pub(crate) trait Verb: Send + Sync + 'static {
    type Args: DeserializeOwned + JsonSchema + Send + Sync;

    const NAME: &'static str;
    const TITLE: &'static str;
    const DESCRIPTION: &'static str;
    /// As risky as any arguments can make it.
    const RISK: Risk;
    /// The API's verb that the engineer must be allowed.
    const ACCESS: &'static str = "patch";
    /// What of the object is read, changed and asked the right for.
    const PART: Part = Part::Whole;

    fn consistent(args: &Self::Args) -> Result<(), String>;

    fn risk_of(_args: &Self::Args) -> Risk {
        Self::RISK
    }

    fn target(args: &Self::Args) -> ObjectRef;

    /// A kind whose objects in the target's namespace are needed besides the target.
    fn beside(_args: &Self::Args) -> Option<&'static str> {
        None
    }

    /// A kind whose objects there are worth a word, as far as the watches saw them. Nobody needs a right for it.
    fn heeds(_args: &Self::Args) -> Option<&'static str> {
        None
    }

    /// Works the change out. `at` dates what the change dates.
    fn plan(args: &Self::Args, object: &Value, beside: &[Value], at: Time) -> Result<Plan, ToolError>;
}

/// A verb as a tool.
pub(crate) struct Write<V>(std::marker::PhantomData<fn() -> V>);

impl<V> Write<V> {
    pub fn new() -> Self {
        Write(std::marker::PhantomData)
    }
}

#[async_trait]
impl<V: Verb> Typed for Write<V> {
    type Args = V::Args;
    const NAME: &'static str = V::NAME;
    const TITLE: &'static str = V::TITLE;
    const DESCRIPTION: &'static str = V::DESCRIPTION;
    const RISK: Risk = V::RISK;

    fn consistent(args: &V::Args) -> Result<(), String> {
        V::consistent(args)
    }

    fn risk_of(&self, args: &V::Args) -> Risk {
        V::risk_of(args)
    }

    /// Only where the history does not tell what would change: otherwise the call carries it.
    fn would(&self, args: &V::Args, surroundings: &Surroundings) -> Preview {
        let does = match plan::from_history::<V>(args, surroundings) {
            Ok(shown) => return self.would_as(args, &shown, surroundings),
            Err(error) => format!("Nothing as it stands: {}. {}", error.why, error.hint),
        };
        Preview { does, diff: None, cost: String::new(), undo: None }
    }

    fn would_as(&self, args: &V::Args, shown: &Shown, surroundings: &Surroundings) -> Preview {
        let object = V::target(args);
        let mut does = shown.does.clone();
        if shown.fields.is_empty() {
            does.push_str(" It is so already.");
        }
        if let Err(refusal) = allowed(V::NAME, surroundings) {
            does.push_str(&format!(" It would be refused: {}.", refusal.why));
        }
        let source = if shown.at_cluster {
            "tried at the cluster by a dry run, which you may do there"
        } else {
            "worked out from what the watches saw; the cluster was not asked"
        };
        Preview {
            does,
            diff: Some(rendered(&object.to_string(), &shown.fields)),
            cost: format!("{}; {source}", reach(&object, surroundings)),
            undo: Some(shown.undo.clone()),
        }
    }

    fn shown(&self, args: &V::Args, surroundings: &Surroundings) -> Option<Shown> {
        plan::from_history::<V>(args, surroundings).ok()
    }

    async fn try_out(&self, args: V::Args, leave: TryOut, surroundings: &Surroundings) -> Result<Shown, ToolError> {
        run::try_out::<V>(&args, &leave, surroundings).await
    }

    async fn answer(&self, args: V::Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        Ok(self.act(args, permit, surroundings).await?)
    }

    async fn act(&self, args: V::Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, Failure> {
        run::run::<V>(&args, &permit, surroundings).await
    }
}

/// How far the change reaches, by the graph.
fn reach(object: &ObjectRef, surroundings: &Surroundings) -> String {
    match Scene::of(surroundings) {
        Ok(scene) => {
            let pods = scene.pods(object).len();
            let dependents = scene.graph.blast_radius(std::slice::from_ref(object));
            let names: Vec<String> = dependents.iter().take(5).map(ToString::to_string).collect();
            let named = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
            let dependents = count(dependents.len(), "object depends on it", "objects depend on it");
            format!("touches {}; {dependents}{named}", count(pods, "pod", "pods"))
        }
        Err(error) => format!("what depends on it could not be told: {error}"),
    }
}

fn allowed(tool: &'static str, surroundings: &Surroundings) -> Result<(), ToolError> {
    match &surroundings.reach {
        Reach::Recorded(_) => Err(ToolError {
            what: format!("`{tool}` did not run"),
            why: "a recording cannot be changed".into(),
            hint: "Open the live cluster to change it.".into(),
        }),
        Reach::Live(_) if !surroundings.writes.load(Ordering::Acquire) => Err(ToolError {
            what: format!("`{tool}` did not run"),
            why: "changes are not enabled for this cluster".into(),
            hint: "Enable changes for this cluster in its settings, then propose the call again.".into(),
        }),
        Reach::Live(_) => Ok(()),
    }
}

/// `namespace` and `name` are there.
fn named(namespace: &str, name: &str) -> Result<(), String> {
    match (namespace.trim(), name.trim()) {
        ("", _) => Err("`namespace` is empty".into()),
        (_, "") => Err("`name` is empty".into()),
        _ => Ok(()),
    }
}
