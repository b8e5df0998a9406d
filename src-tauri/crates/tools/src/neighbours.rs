use async_trait::async_trait;
use gate::Permit;
use model::{ObjectRef, ObservationId, Preview};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use topology::{EdgeClass, Relation, Tie};

use crate::answer::{Answer, count, from_history, recall, unstored};
use crate::scene::Scene;
use crate::typed::Typed;
use crate::{Surroundings, ToolError};

const MOST: usize = 60;

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
    /// How far to go.
    #[serde(default = "one")]
    #[schemars(title = "Hops", range(min = 1, max = 3))]
    pub hops: u32,
}

fn one() -> u32 {
    1
}

impl Args {
    fn object(&self) -> ObjectRef {
        ObjectRef::new(self.kind.trim(), self.namespace.trim(), self.name.trim())
    }
}

pub(crate) struct Neighbours;

#[async_trait]
impl Typed for Neighbours {
    type Args = Args;
    const NAME: &'static str = "neighbours";
    const TITLE: &'static str = "What hangs together";
    const DESCRIPTION: &'static str = "Tells what an object depends on and what depends on it, why, how that is known, \
        and what would be affected if it failed.";

    fn consistent(args: &Args) -> Result<(), String> {
        match args.hops {
            _ if args.kind.trim().is_empty() => Err("`kind` is empty".into()),
            _ if args.name.trim().is_empty() => Err("`name` is empty".into()),
            1..=3 => Ok(()),
            hops => Err(format!("`hops` is {hops}; it takes 1 to 3")),
        }
    }

    fn would(&self, args: &Args, surroundings: &Surroundings) -> Preview {
        from_history(format!(
            "Walks the dependency graph {} from `{}` as of {}.",
            count(args.hops as usize, "hop", "hops"),
            args.object(),
            surroundings.as_of
        ))
    }

    async fn answer(&self, args: Args, _permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let scene = Scene::of(surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        let asked = args.object();
        if !scene.graph.knows(&asked) {
            return Err(ToolError {
                what: format!("{asked} has no neighbours"),
                why: "the inventory does not know it, and nothing names it".into(),
                hint: "Check kind, namespace and name.".into(),
            });
        }
        let object = scene.graph.workload_of(&asked);
        let (around, hidden) = scene.graph.neighbourhood(std::slice::from_ref(&object), args.hops, MOST);
        let inside = |o: &ObjectRef| around.contains(&scene.graph.workload_of(o));
        let mut edges: Vec<Tie> =
            scene.graph.edges().filter(|e| e.relation != Relation::OwnedBy && inside(e.from) && inside(e.to)).collect();
        // Twenty pods on a node are one line.
        edges.sort_by_key(|e| (scene.graph.workload_of(e.from), e.relation, scene.graph.workload_of(e.to)));
        edges.dedup_by_key(|e| (scene.graph.workload_of(e.from), e.relation, scene.graph.workload_of(e.to)));
        let told = |e: &Tie| {
            let (from, to) = (scene.graph.workload_of(e.from), scene.graph.workload_of(e.to));
            let (from_missing, to_missing) = (scene.missing(&from), scene.missing(&to));
            format!("{from}{from_missing} {} {to}{to_missing}: {} ({})", e.relation.words(), e.reason(), class(e.class))
        };
        let lines: Vec<String> = edges.iter().map(told).collect();
        let affected = scene.graph.blast_radius(std::slice::from_ref(&object));
        let affected_text = match &affected[..] {
            [] => "Nothing that is known depends on it.".to_owned(),
            found => {
                let names: Vec<String> = found.iter().take(20).map(ToString::to_string).collect();
                let more = found.len().saturating_sub(20);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("If it fails, these are affected, nearest first: {}{more}.", names.join(", "))
            }
        };
        let evidence: Vec<ObservationId> = edges.iter().flat_map(Tie::evidence).collect();
        let evidence = recall(Self::NAME, &evidence, surroundings)?;
        let related = around.len().saturating_sub(1);
        Ok(Answer::new(format!("{object} and {} around it. {affected_text}", count(related, "object", "objects")))
            .part(lines.join("\n"))
            .cut_if(hidden > 0, format!("{hidden} objects further away"))
            .resting_on(evidence))
    }
}

fn class(class: EdgeClass) -> &'static str {
    match class {
        EdgeClass::Declared => "declared",
        EdgeClass::Observed => "seen",
        EdgeClass::Inferred => "concluded",
    }
}
