use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use gate::Permit;
use model::{Body, Observation, ObservationId, Preview};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use topology::{Relation, Tie};

use crate::answer::{Answer, count, keep, recall, unread, unstored};
use crate::scene::Scene;
use crate::typed::{Typed, blank_is_none};
use crate::{Surroundings, ToolError};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Only calls from and to this namespace; empty: all.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Namespace")]
    pub namespace: Option<String>,
}

pub(crate) struct Dependencies;

#[async_trait]
impl Typed for Dependencies {
    type Args = Args;
    const NAME: &'static str = "dependencies";
    const TITLE: &'static str = "Who calls whom";
    const DESCRIPTION: &'static str = "Reads which service calls which, as traces or somebody recorded it, together with \
        the calls that environment values and configuration tell.";

    fn would(&self, args: &Args, _surroundings: &Surroundings) -> Preview {
        let of = args.namespace.as_ref().map(|n| format!(" of `{n}`")).unwrap_or_default();
        Preview {
            does: format!("Reads the record of which service calls which{of}, and the calls that the objects tell."),
            diff: None,
            cost: "a line for each caller".into(),
            undo: None,
        }
    }

    async fn answer(&self, args: Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let namespace = args.namespace.as_deref().map(str::trim);
        let scene = Scene::of(surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        let told: Vec<Tie> = scene
            .graph
            .edges_of(Relation::Calls)
            .into_iter()
            .filter(|e| namespace.is_none_or(|n| e.from.namespace == n || e.to.namespace == n))
            .collect();
        let recorded = match surroundings.reach.dependencies(&permit, namespace, surroundings.as_of).await {
            Ok(read) => Ok(keep(Self::NAME, read, surroundings)?),
            Err(error) if told.is_empty() => return Err(unread(Self::NAME, &error)),
            Err(error) => Err(error),
        };
        let evidence: Vec<ObservationId> = told.iter().flat_map(Tie::evidence).collect();
        let evidence = recall(Self::NAME, &evidence, surroundings)?;
        let by_objects: Vec<String> = told.iter().map(|e| format!("{} -> {} ({})", e.from, e.to, e.reason())).collect();
        let (answer, recorded) = match recorded {
            Ok(recorded) => {
                let (calls, text) = as_recorded(&recorded);
                let summary = format!(
                    "{} recorded, {} told by the objects.",
                    count(calls, "call is", "calls are"),
                    by_objects.len()
                );
                (Answer::new(summary).part(text), recorded)
            }
            Err(error) => (
                Answer::new(format!(
                    "{} told by the objects; {error}.",
                    count(by_objects.len(), "call is", "calls are")
                )),
                Vec::new(),
            ),
        };
        let told = if by_objects.is_empty() {
            String::new()
        } else {
            format!("Told by the objects:\n{}", by_objects.join("\n"))
        };
        Ok(answer.part(told).resting_on(recorded).resting_on(evidence))
    }
}

fn as_recorded(records: &[Arc<Observation>]) -> (usize, String) {
    let mut by_caller: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for o in records {
        let Body::Dependencies { calls } = &o.body else { continue };
        for (caller, callee) in calls {
            let callees = by_caller.entry(caller).or_default();
            if !callees.contains(&callee.as_str()) {
                callees.push(callee);
            }
        }
    }
    let calls = by_caller.values().map(Vec::len).sum();
    let lines: Vec<String> =
        by_caller.iter().map(|(caller, callees)| format!("{caller} -> {}", callees.join(", "))).collect();
    (calls, if lines.is_empty() { String::new() } else { format!("Recorded:\n{}", lines.join("\n")) })
}
