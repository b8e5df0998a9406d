use async_trait::async_trait;
use gate::Permit;
use model::{ObjectRef, ObservationId, Preview};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use topology::Tie;

use crate::answer::{Answer, count, from_history, recall, unstored};
use crate::scene::Scene;
use crate::typed::{Named, Typed};
use crate::{Surroundings, ToolError};

/// So many objects are named.
const SHOWN: usize = 120;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ends {
    /// `Kind/namespace/name`, or `Kind/name` for what has no namespace.
    #[schemars(title = "From", length(min = 1))]
    pub from: String,
    /// Written in the same way.
    #[schemars(title = "To", length(min = 1))]
    pub to: String,
}

pub(crate) fn object(text: &str, argument: &str) -> Result<ObjectRef, String> {
    text.trim().parse().map_err(|_| format!("`{argument}` is `{}`; it takes Kind/namespace/name", text.trim()))
}

/// The object where the graph knows it.
pub(crate) fn known(scene: &Scene, object: ObjectRef) -> Result<ObjectRef, ToolError> {
    if scene.graph.knows(&object) {
        return Ok(object);
    }
    Err(ToolError {
        what: format!("{object} is not in the dependency graph"),
        why: "the inventory does not know it, and nothing names it".into(),
        hint: "Check kind, namespace and name; `list` names those of a kind.".into(),
    })
}

pub(crate) struct DependencyPath;

#[async_trait]
impl Typed for DependencyPath {
    type Args = Ends;
    const NAME: &'static str = "dependency_path";
    const TITLE: &'static str = "How two objects hang together";
    const DESCRIPTION: &'static str = "Finds the shortest way of dependencies between two objects, with the reason for \
        each step and how it is known.";

    fn consistent(args: &Ends) -> Result<(), String> {
        object(&args.from, "from")?;
        object(&args.to, "to").map(drop)
    }

    fn would(&self, args: &Ends, surroundings: &Surroundings) -> Preview {
        from_history(format!("Looks for a way from `{}` to `{}` as of {}.", args.from, args.to, surroundings.as_of))
    }

    async fn answer(&self, args: Ends, _permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let unfit = |why: String| ToolError { what: "the objects do not fit".into(), why, hint: String::new() };
        let scene = Scene::of(surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        let from = known(&scene, object(&args.from, "from").map_err(unfit)?)?;
        let to = known(&scene, object(&args.to, "to").map_err(unfit)?)?;
        let (from, to) = (scene.graph.workload_of(&from), scene.graph.workload_of(&to));
        let forth = scene.graph.path(&from, &to);
        let (way, begins, ends) = match forth {
            Some(way) => (Some(way), &from, &to),
            None => (scene.graph.path(&to, &from), &to, &from),
        };
        let Some(way) = way else {
            return Ok(Answer::new(format!(
                "No way of dependencies leads from {from} to {to}, nor back. What nobody declared, and no object, event or \
                 call tells, is not known."
            )));
        };
        let lines: Vec<String> = way
            .iter()
            .map(|e| {
                format!(
                    "{}{} {} {}{}: {}",
                    e.from,
                    scene.missing(e.from),
                    e.relation.words(),
                    e.to,
                    scene.missing(e.to),
                    e.reason()
                )
            })
            .collect();
        let evidence: Vec<ObservationId> = way.iter().flat_map(Tie::evidence).collect();
        let evidence = recall(Self::NAME, &evidence, surroundings)?;
        let steps = count(way.len(), "step", "steps");
        let summary = format!("{begins} depends on {ends} by {steps}.");
        Ok(Answer::new(summary).part(lines.join("\n")).resting_on(evidence))
    }
}

pub(crate) struct BlastRadius;

#[async_trait]
impl Typed for BlastRadius {
    type Args = Named;
    const NAME: &'static str = "blast_radius";
    const TITLE: &'static str = "What is hit if it fails";
    const DESCRIPTION: &'static str = "Names everything that depends on an object, directly and further on, nearest first, \
        with the kinds and namespaces that are hit.";

    fn consistent(args: &Named) -> Result<(), String> {
        args.consistent()
    }

    fn would(&self, args: &Named, surroundings: &Surroundings) -> Preview {
        from_history(format!("Follows what depends on `{}` as of {}.", args.object(), surroundings.as_of))
    }

    async fn answer(&self, args: Named, _permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let scene = Scene::of(surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        let object = scene.graph.workload_of(&known(&scene, args.object())?);
        let hit = scene.graph.blast_radius(std::slice::from_ref(&object));
        if hit.is_empty() {
            return Ok(Answer::new(format!("Nothing that is known depends on {object}.")));
        }
        let mut kinds: Vec<(&str, usize)> = Vec::new();
        let mut namespaces: Vec<&str> = Vec::new();
        for one in &hit {
            match kinds.iter_mut().find(|(kind, _)| *kind == one.kind) {
                Some((_, count)) => *count += 1,
                None => kinds.push((&one.kind, 1)),
            }
            if !one.namespace.is_empty() && !namespaces.contains(&one.namespace.as_str()) {
                namespaces.push(&one.namespace);
            }
        }
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let summary = format!(
            "If {object} fails, {} hit ({}) in {}.",
            count(hit.len(), "object is", "objects are"),
            kinds.join(", "),
            if namespaces.is_empty() { "no namespace".into() } else { namespaces.join(", ") }
        );
        // The edges next to it say why; those further on are followed by the next question.
        let near = scene.graph.dependents(&object);
        let why: Vec<String> =
            near.iter().map(|e| format!("{} {} it: {}", e.from, e.relation.words(), e.reason())).collect();
        let evidence: Vec<ObservationId> = near.iter().flat_map(Tie::evidence).collect();
        let evidence = recall(Self::NAME, &evidence, surroundings)?;
        let names: Vec<String> = hit.iter().take(SHOWN).map(ToString::to_string).collect();
        let hidden = hit.len().saturating_sub(SHOWN);
        Ok(Answer::new(summary)
            .part(format!("Nearest first:\n{}", names.join("\n")))
            .part(if why.is_empty() { String::new() } else { format!("Directly:\n{}", why.join("\n")) })
            .cut_if(hidden > 0, format!("{hidden} objects further away"))
            .resting_on(evidence))
    }
}
