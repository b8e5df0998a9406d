use async_trait::async_trait;
use gate::Permit;
use model::{ObjectRef, Preview, SeenEvent};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, count, recall, unstored};
use crate::describe::event;
use crate::scene::Scene;
use crate::typed::{Typed, blank_is_none};
use crate::{Surroundings, ToolError};

const SHOWN: usize = 40;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Only events of this namespace; empty: all, those of nodes included.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Namespace")]
    pub namespace: Option<String>,
    /// Only events about objects of this kind.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Kind")]
    pub kind: Option<String>,
    /// Only events about the object of this name; of a workload those of its pods as well.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Name")]
    pub name: Option<String>,
    /// Leaves out what went well.
    #[serde(default)]
    #[schemars(title = "Warnings only")]
    pub warnings_only: bool,
}

pub(crate) struct Events;

impl Args {
    fn wants(&self, scene: &Scene, object: &ObjectRef) -> bool {
        let same = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|w| w.trim() == is);
        if !same(&self.namespace, &object.namespace) {
            return false;
        }
        if same(&self.kind, &object.kind) && same(&self.name, &object.name) {
            return true;
        }
        let workload = scene.graph.workload_of(object);
        self.name.is_some() && same(&self.kind, &workload.kind) && same(&self.name, &workload.name)
    }
}

#[async_trait]
impl Typed for Events {
    type Args = Args;
    const NAME: &'static str = "events";
    const TITLE: &'static str = "Events";
    const DESCRIPTION: &'static str = "Lists the cluster's events of a namespace, a kind or one object with its pods, \
        newest first, repeated ones folded.";

    fn would(&self, args: &Args, surroundings: &Surroundings) -> Preview {
        let about = match (&args.kind, &args.name, &args.namespace) {
            (kind, Some(name), namespace) => {
                let kind = kind.as_deref().unwrap_or("objects named");
                format!("{kind} `{}/{name}`", namespace.as_deref().unwrap_or("*"))
            }
            (Some(kind), None, namespace) => format!("every {kind} in `{}`", namespace.as_deref().unwrap_or("*")),
            (None, None, Some(namespace)) => format!("everything in `{namespace}`"),
            (None, None, None) => "the whole cluster".into(),
        };
        let what = if args.warnings_only { "warnings" } else { "events" };
        Preview {
            does: format!("Lists the {what} about {about} until {}.", surroundings.as_of),
            diff: None,
            cost: format!("nothing: from the history alone; at most {SHOWN} lines"),
            undo: None,
        }
    }

    async fn answer(&self, args: Args, _permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let scene = Scene::of(surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        let mut found: Vec<(&ObjectRef, &SeenEvent)> = Vec::new();
        for (object, events) in &scene.view.snapshot.events {
            if args.wants(&scene, object) {
                let wanted = events.iter().filter(|seen| !args.warnings_only || seen.event.event_type == "Warning");
                found.extend(wanted.map(|seen| (object, seen)));
            }
        }
        found.sort_by(|(a, x), (b, y)| (y.event.last_at, a, &x.observation).cmp(&(x.event.last_at, b, &y.observation)));
        let warnings = found.iter().filter(|(_, seen)| seen.event.event_type == "Warning").count();
        let summary = if found.is_empty() {
            "No event fits.".to_owned()
        } else {
            format!("{}, {} of them warnings, newest first.", count(found.len(), "event", "events"), warnings)
        };
        let shown = &found[..found.len().min(SHOWN)];
        let lines: Vec<String> = shown.iter().map(|(object, seen)| format!("{object} {}", event(seen))).collect();
        let hidden = found.len() - shown.len();
        let evidence = recall(Self::NAME, shown.iter().map(|(_, seen)| &seen.observation), surroundings)?;
        Ok(Answer::new(summary)
            .part(lines.join("\n"))
            .cut_if(hidden > 0, format!("{hidden} older events"))
            .resting_on(evidence))
    }
}
