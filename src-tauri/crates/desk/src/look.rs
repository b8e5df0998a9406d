//! What is to be seen of a cluster at a time: snapshot, graph, facts and triage, computed once for each time asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use knowledge::Blueprints;
use model::{ClusterId, Fact, Grouping, ObjectRef, ObservationId, Snapshot, Time, Triage, View};
use topology::Graph;

use crate::clusters::Opened;
use crate::rows::{GraphView, ObjectView, ObservationView, Timeline, TriageView};
use crate::{Desk, DeskError, pictures};

/// A cluster as of one time, understood.
pub struct Look {
    pub snapshot: Arc<Snapshot>,
    pub graph: Graph,
    pub facts: Vec<Fact>,
    pub triage: Triage,
    /// How signals were to be grouped then.
    grouping: Vec<Grouping>,
    /// Objects by kind.
    counts: Vec<(String, u32)>,
}

/// Which time of a cluster is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Now, or a recording's end.
    Now,
    /// How it was then, by all that is known today.
    Happened(Time),
    /// What had been learnt by then, and nothing that was learnt later.
    Known(Time),
}

impl Moment {
    /// `at` of `None` is now, whichever way it is asked.
    pub fn new(at: Option<Time>, known: bool) -> Self {
        match at {
            None => Moment::Now,
            Some(at) if known => Moment::Known(at),
            Some(at) => Moment::Happened(at),
        }
    }
}

impl From<Option<Time>> for Moment {
    fn from(at: Option<Time>) -> Self {
        Moment::new(at, false)
    }
}

/// What of the present goes on from one understanding to the next.
#[derive(Default)]
pub(crate) struct Understood {
    blueprints: Option<Arc<Blueprints>>,
    graph: Option<Graph>,
}

/// Looks that were computed lately: (moment asked, appends by then, look).
#[derive(Default)]
pub(crate) struct Looks {
    kept: Vec<(Moment, u64, Arc<Look>)>,
    /// When somebody last asked for the present.
    asked: Option<Instant>,
}

const MOST_LOOKS: usize = 6;
/// The present is understood as it happens for so long after somebody looked.
const LOOKED_AT: Duration = Duration::from_secs(60);
const MOST_SHOWN: usize = 1_000;
/// Of one object, the newest.
const MOST_VERSIONS: usize = 200;

impl Looks {
    fn get(&self, at: Moment, generation: u64) -> Option<Arc<Look>> {
        self.kept.iter().find(|(a, g, _)| *a == at && *g == generation).map(|(_, _, look)| Arc::clone(look))
    }

    /// The newest look at the present.
    pub fn newest(&self) -> Option<Arc<Look>> {
        self.kept.iter().rev().find(|(at, _, _)| *at == Moment::Now).map(|(_, _, look)| Arc::clone(look))
    }

    fn put(&mut self, at: Moment, generation: u64, look: Arc<Look>) {
        self.kept.retain(|(a, _, _)| *a != at);
        if self.kept.len() >= MOST_LOOKS {
            self.kept.remove(0);
        }
        self.kept.push((at, generation, look));
    }
}

impl Desk {
    /// The cluster at a moment; a time of `None` is now, or a recording's end. The present of a watched cluster is
    /// understood as it happens ([`Desk::look_ahead`]); asking for it takes a pointer.
    pub fn look(&self, cluster: &ClusterId, at: impl Into<Moment>) -> Result<Arc<Look>, DeskError> {
        let at = at.into();
        let opened = self.opened(cluster)?;
        {
            let mut looks = crate::desk::lock(&opened.looks);
            if at == Moment::Now {
                looks.asked = Some(Instant::now());
                // What came since is being understood, and told when it is.
                if opened.connection.is_some()
                    && let Some(newest) = looks.newest()
                {
                    return Ok(newest);
                }
            }
            if let Some(look) = looks.get(at, opened.generation()) {
                return Ok(look);
            }
        }
        self.look_anew(cluster, &opened, at)
    }

    fn look_anew(&self, cluster: &ClusterId, opened: &Opened, at: Moment) -> Result<Arc<Look>, DeskError> {
        // One at a time: who waited finds what the other one understood. The past keeps nobody from the present.
        let mut before = Understood::default();
        let mut present;
        let understood = match at {
            Moment::Now => {
                present = crate::desk::lock(&opened.understanding);
                &mut *present
            }
            Moment::Happened(_) | Moment::Known(_) => &mut before,
        };
        let _past = (at != Moment::Now).then(|| crate::desk::lock(&opened.looking_back));
        let generation = opened.generation();
        if let Some(look) = crate::desk::lock(&opened.looks).get(at, generation) {
            return Ok(look);
        }
        let snapshot = match at {
            Moment::Now => opened.history.present(self.now_of(cluster)?)?,
            Moment::Happened(time) => opened.history.snapshot(time)?,
            Moment::Known(time) => opened.history.snapshot_as_known(time)?,
        };
        let look = Arc::new(self.understand(cluster, snapshot, understood)?);
        if at == Moment::Now {
            let mut shown = crate::desk::lock(&opened.shown);
            shown.extend(look.triage.incidents.iter().map(|incident| (incident.id.clone(), incident.clone())));
            while shown.len() > MOST_SHOWN {
                shown.pop_first();
            }
        }
        crate::desk::lock(&opened.looks).put(at, generation, Arc::clone(&look));
        Ok(look)
    }

    /// Understands the present, because something was appended, while somebody looks.
    pub(crate) fn look_ahead(&self, cluster: &ClusterId, opened: &Opened) {
        {
            let mut looks = crate::desk::lock(&opened.looks);
            if looks.asked.is_none_or(|asked| asked.elapsed() > LOOKED_AT) {
                looks.kept.retain(|(at, _, _)| *at != Moment::Now);
                drop(looks);
                *crate::desk::lock(&opened.understanding) = Understood::default();
                return;
            }
        }
        if let Err(error) = self.look_anew(cluster, opened, Moment::Now) {
            tracing::warn!(%cluster, error = error.what, "the present could not be understood");
        }
    }

    fn understand(
        &self,
        cluster: &ClusterId,
        snapshot: Snapshot,
        understood: &mut Understood,
    ) -> Result<Look, DeskError> {
        let snapshot = Arc::new(snapshot);
        let view = View::inventory(Arc::clone(&snapshot));
        let blueprints = match &understood.blueprints {
            Some(blueprints) => Arc::clone(blueprints),
            None => Arc::new(self.blueprints_for(cluster)?),
        };
        let graph = match understood.graph.take() {
            Some(mut graph) => {
                graph.go_on(Arc::clone(&snapshot));
                graph
            }
            None => Graph::build(&view, &blueprints.dependencies(cluster)),
        };
        let mut facts = detect::facts(&view, &graph);
        facts.extend(blueprints.broken(cluster, &snapshot, |object| graph.pods_of(object), &facts));
        *understood = Understood { blueprints: Some(blueprints), graph: Some(graph.clone()) };
        let grouping = self.grouping_of(cluster)?;
        let triage = detect::triage_by(&view, &graph, &facts, &grouping);
        let counts = count(&snapshot);
        Ok(Look { snapshot, graph, facts, triage, grouping, counts })
    }

    pub fn triage(&self, cluster: &ClusterId, at: impl Into<Moment>) -> Result<TriageView, DeskError> {
        let at = at.into();
        let mut look = self.look(cluster, at)?;
        // The command line may have added a rule meanwhile.
        if at == Moment::Now && look.grouping != self.grouping_of(cluster)? {
            self.forget_looks();
            look = self.look(cluster, at)?;
        }
        let mut triage = look.triage.clone();
        let mut arrangement = crate::arrange::Arrangement::default();
        if at == Moment::Now {
            arrangement = self.arrangement(cluster, &look.triage);
            triage.incidents = arrangement.incidents;
        }
        Ok(TriageView {
            cluster: cluster.clone(),
            triage,
            aside: arrangement.aside,
            arranged: arrangement.arranged,
            looked_at: look.counts.clone(),
            partial: !self.opened(cluster)?.is_whole(&look.snapshot),
        })
    }

    pub fn timeline(&self, cluster: &ClusterId, objects: &[ObjectRef]) -> Result<Timeline, DeskError> {
        let look = self.look(cluster, None)?;
        let span = self.opened(cluster)?.history.span()?;
        Ok(pictures::timeline(&look.snapshot, &look.graph, &look.triage, objects, span))
    }

    pub fn graph(
        &self,
        cluster: &ClusterId,
        objects: &[ObjectRef],
        at: impl Into<Moment>,
        hops: u32,
        most: usize,
    ) -> Result<GraphView, DeskError> {
        let look = self.look(cluster, at)?;
        Ok(pictures::graph(&look.snapshot, &look.graph, &look.triage, objects, hops, most))
    }

    pub fn object(
        &self,
        cluster: &ClusterId,
        object: &ObjectRef,
        at: impl Into<Moment>,
    ) -> Result<ObjectView, DeskError> {
        let at = at.into();
        let look = self.look(cluster, at)?;
        // A snapshot holds few of the versions; the file has all.
        let mut past = self.opened(cluster)?.history.versions_of(object, look.snapshot.at, MOST_VERSIONS)?;
        if let Moment::Known(time) = at {
            past.retain(|version| version.seen_at <= time);
        }
        Ok(pictures::object(&look.snapshot, &look.graph, &look.facts, object, &past))
    }

    pub fn observation(&self, cluster: &ClusterId, id: &ObservationId) -> Result<ObservationView, DeskError> {
        let found = self.opened(cluster)?.history.get(id)?;
        found.map(pictures::observation).ok_or_else(|| DeskError::not_found(format!("There is no observation `{id}`.")))
    }
}

/// How many objects of each kind there are.
fn count(snapshot: &Snapshot) -> Vec<(String, u32)> {
    let mut counts: Vec<(String, u32)> = Vec::new();
    // Objects of a kind stand together.
    for object in snapshot.objects.keys() {
        match counts.last_mut() {
            Some((kind, count)) if object.kind == *kind => *count += 1,
            _ => counts.push((object.kind.to_string(), 1)),
        }
    }
    counts
}

#[cfg(test)]
mod tests;
