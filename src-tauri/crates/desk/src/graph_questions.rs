//! Questions to the dependency graph of a cluster at a moment.

use std::collections::{BTreeMap, BTreeSet};

use model::{ClusterId, ObjectRef, Severity, Time};
use serde::Serialize;
use topology::{Difference, Edge, Tie};

use crate::look::Look;
use crate::pictures::{status, worst_by_object};
use crate::rows::NodeState;
use crate::{Desk, DeskError, Moment};

/// What is asked. Objects are written `Kind/namespace/name`; a name alone, or `Kind/name`, is enough where one object is
/// called so.
#[derive(Clone, Debug)]
pub enum GraphQuestion {
    /// What stands around an object, over so many hops.
    Neighbours { of: String, hops: u32 },
    /// What depends on it, over any number of hops.
    Radius { of: String },
    /// The shortest way of dependencies between two, whichever depends on the other.
    Path { from: String, to: String },
    /// The way from it to where trouble begins below it.
    FirstBroken { of: String },
    /// What differs from an earlier time.
    Difference { since: Time },
}

/// The answer of a graph.
#[derive(Clone, Debug, Serialize)]
pub struct GraphAnswer {
    pub at: Time,
    /// The answer in a sentence.
    pub says: String,
    /// Nearest first, or in the order of the way.
    pub objects: Vec<NodeState>,
    pub edges: Vec<Edge>,
    /// So many more objects are further away.
    pub hidden: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
}

const MOST: usize = 500;

impl Desk {
    /// Errs with `not_found` for an object that nothing names, and with `bad_request` for a name that several have.
    pub fn ask_graph(
        &self,
        cluster: &ClusterId,
        question: &GraphQuestion,
        at: impl Into<Moment>,
    ) -> Result<GraphAnswer, DeskError> {
        let look = self.look(cluster, at)?;
        Ok(match question {
            GraphQuestion::Neighbours { of, hops } => neighbours(&look, &look.named(of)?, *hops),
            GraphQuestion::Radius { of } => radius(&look, &look.named(of)?),
            GraphQuestion::Path { from, to } => path(&look, &look.named(from)?, &look.named(to)?),
            GraphQuestion::FirstBroken { of } => first_broken(&look, &look.named(of)?),
            GraphQuestion::Difference { since } => {
                let before = self.look(cluster, Some(*since))?;
                if before.snapshot.objects.is_empty() && before.snapshot.coverage.is_empty() {
                    let span = self.opened(cluster)?.history.span()?;
                    return Err(DeskError {
                        code: "bad_request",
                        what: format!("Nothing is known of this cluster at {since}."),
                        hint: span
                            .map_or_else(String::new, |(from, to)| format!("Its history reaches from {from} to {to}.")),
                    });
                }
                difference(&before, &look)
            }
        })
    }
}

impl Look {
    /// The workload, or whatever else, that is called so.
    fn named(&self, words: &str) -> Result<ObjectRef, DeskError> {
        if let Ok(object) = words.parse::<ObjectRef>()
            && self.graph.knows(&object)
        {
            return Ok(self.graph.workload_of(&object));
        }
        let (kind, name) = match words.split('/').collect::<Vec<_>>()[..] {
            [name] => (None, name),
            [kind, name] => (Some(kind), name),
            _ => (None, ""),
        };
        let called = |o: &&ObjectRef| o.name == name && kind.is_none_or(|kind| o.kind.eq_ignore_ascii_case(kind));
        let mut found: Vec<&ObjectRef> = self.graph.objects().filter(called).collect();
        // A Service or an account that is called as its workload is not what somebody means by a bare name.
        if kind.is_none() && found.len() > 1 && found.iter().any(|o| !self.graph.pods_of(o).is_empty()) {
            found.retain(|o| !self.graph.pods_of(o).is_empty());
        }
        match found[..] {
            [one] => Ok(self.graph.workload_of(one)),
            [] => Err(self.unknown(words)),
            _ => {
                let names: Vec<String> = found.iter().take(6).map(ToString::to_string).collect();
                Err(DeskError {
                    code: "bad_request",
                    what: format!("Several are called `{words}`."),
                    hint: format!("Write one of {}.", names.join(", ")),
                })
            }
        }
    }

    fn unknown(&self, words: &str) -> DeskError {
        let name = words.rsplit('/').next().unwrap_or_default();
        let alike = self.graph.objects().filter(|o| !name.is_empty() && o.name.contains(name));
        let workloads: BTreeSet<ObjectRef> = alike.map(|o| self.graph.workload_of(o)).collect();
        let alike: Vec<String> = workloads.iter().take(6).map(ToString::to_string).collect();
        DeskError {
            code: "not_found",
            what: format!("The dependency graph knows no `{words}` at {}.", self.snapshot.at),
            hint: match alike[..] {
                [] => "Objects are written Kind/namespace/name; `caseboard triage` names those in trouble.".into(),
                _ => format!("Names like it: {}.", alike.join(", ")),
            },
        }
    }

    fn states<'o>(&self, objects: impl IntoIterator<Item = &'o ObjectRef>) -> Vec<NodeState> {
        let worst = worst_by_object(&self.triage);
        let state = |object: &ObjectRef| NodeState {
            object: object.clone(),
            severity: worst.get(object).copied(),
            status: status(&self.snapshot, object),
            exists: self.snapshot.get(object).is_some(),
        };
        objects.into_iter().map(state).collect()
    }

    fn answer(&self, says: String, objects: &[ObjectRef], edges: Vec<Edge>) -> GraphAnswer {
        let hidden = objects.len().saturating_sub(MOST) as u32;
        let objects = self.states(objects.iter().take(MOST));
        GraphAnswer { at: self.snapshot.at, says, objects, edges, hidden, difference: None }
    }

    /// An edge between the workloads of its ends.
    fn folded(&self, tie: &Tie) -> Edge {
        let edge = tie.edge();
        Edge { from: self.graph.workload_of(&edge.from), to: self.graph.workload_of(&edge.to), ..edge }
    }
}

fn neighbours(look: &Look, of: &ObjectRef, hops: u32) -> GraphAnswer {
    let layout = look.graph.layout(std::slice::from_ref(of), hops, MOST);
    let (objects, _) = look.graph.neighbourhood(std::slice::from_ref(of), hops, MOST);
    let others = objects.len().saturating_sub(1) + layout.hidden as usize;
    let says = format!("{} within {} of {of}.", count(others, "object"), count(hops as usize, "hop"));
    GraphAnswer { hidden: layout.hidden, ..look.answer(says, &objects, layout.edges) }
}

fn radius(look: &Look, of: &ObjectRef) -> GraphAnswer {
    let hit = look.graph.blast_radius(std::slice::from_ref(of));
    let says = match hit.len() {
        0 => format!("Nothing that is known depends on {of}."),
        hit => format!(
            "If {of} fails, {} hit.",
            if hit == 1 { "1 object is".into() } else { format!("{hit} objects are") }
        ),
    };
    let edges = look.graph.dependents(of).iter().map(|tie| look.folded(tie)).collect();
    look.answer(says, &hit, edges)
}

fn path(look: &Look, from: &ObjectRef, to: &ObjectRef) -> GraphAnswer {
    let forth = look.graph.path(from, to).map(|way| (way, from, to));
    let way = forth.or_else(|| look.graph.path(to, from).map(|way| (way, to, from)));
    let Some((way, begins, ends)) = way else {
        let says = format!("No way of dependencies leads from {from} to {to}, nor back, as far as is known.");
        return look.answer(says, &[from.clone(), to.clone()], vec![]);
    };
    let says = format!("{begins} depends on {ends} by {}.", count(way.len(), "step"));
    along(look, says, begins, &way)
}

fn first_broken(look: &Look, of: &ObjectRef) -> GraphAnswer {
    let mut troubled: BTreeMap<ObjectRef, Severity> = BTreeMap::new();
    for (object, severity) in worst_by_object(&look.triage) {
        let worst = troubled.entry(look.graph.workload_of(&object)).or_insert(severity);
        *worst = (*worst).max(severity);
    }
    let broken = |object: &ObjectRef| troubled.get(object).is_some_and(|severity| *severity > Severity::Info);
    let Some(way) = look.graph.first_broken(of, broken) else {
        let says = format!("{of} and what it needs are well, as far as is known.");
        return look.answer(says, std::slice::from_ref(of), vec![]);
    };
    let says = match way.last() {
        Some(last) => {
            format!(
                "The first broken hop is {}, {} from {of}.",
                look.graph.workload_of(last.to),
                count(way.len(), "step")
            )
        }
        None => format!("{of} itself: nothing that it is known to need is in trouble."),
    };
    along(look, says, of, &way)
}

fn along(look: &Look, says: String, begins: &ObjectRef, way: &[Tie]) -> GraphAnswer {
    let edges: Vec<Edge> = way.iter().map(|tie| look.folded(tie)).collect();
    let objects: Vec<ObjectRef> = std::iter::once(begins).chain(edges.iter().map(|edge| &edge.to)).cloned().collect();
    look.answer(says, &objects, edges)
}

fn difference(before: &Look, now: &Look) -> GraphAnswer {
    let difference = before.graph.difference(&now.graph);
    let says = if difference.is_empty() {
        format!("Nothing differs between {} and {}.", before.snapshot.at, now.snapshot.at)
    } else {
        format!(
            "Between {} and {}: {} appeared, {} gone; {} appeared, {} gone.",
            before.snapshot.at,
            now.snapshot.at,
            count(difference.appeared.len(), "object"),
            difference.gone.len(),
            count(difference.edges_appeared.len(), "edge"),
            difference.edges_gone.len(),
        )
    };
    GraphAnswer { difference: Some(difference), ..now.answer(says, &[], vec![]) }
}

fn count(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
