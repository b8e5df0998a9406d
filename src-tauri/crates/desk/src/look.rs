//! What is to be seen of a cluster at a time: snapshot, graph, facts and triage, computed once for each time asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{ClusterId, Fact, ObjectRef, ObservationId, Snapshot, Time, Triage, View};
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
}

/// Looks that were computed lately: (time asked, appends by then, look).
#[derive(Default)]
pub(crate) struct Looks {
    kept: Vec<(Option<Time>, u64, Arc<Look>)>,
    /// When somebody last asked for the present.
    asked: Option<Instant>,
}

const MOST_LOOKS: usize = 6;
/// The present is understood as it happens for so long after somebody looked.
const LOOKED_AT: Duration = Duration::from_secs(60);
const MOST_SHOWN: usize = 1_000;

impl Looks {
    fn get(&self, at: Option<Time>, generation: u64) -> Option<Arc<Look>> {
        self.kept.iter().find(|(a, g, _)| *a == at && *g == generation).map(|(_, _, look)| Arc::clone(look))
    }

    /// The newest look at the present.
    pub fn newest(&self) -> Option<Arc<Look>> {
        self.kept.iter().rev().find(|(at, _, _)| at.is_none()).map(|(_, _, look)| Arc::clone(look))
    }

    fn put(&mut self, at: Option<Time>, generation: u64, look: Arc<Look>) {
        self.kept.retain(|(a, _, _)| *a != at);
        if self.kept.len() >= MOST_LOOKS {
            self.kept.remove(0);
        }
        self.kept.push((at, generation, look));
    }
}

impl Desk {
    /// The cluster as of `at`; `None` is now, or a recording's end. The present of a watched cluster is understood as it
    /// happens ([`Desk::look_ahead`]); asking for it takes a pointer.
    pub fn look(&self, cluster: &ClusterId, at: Option<Time>) -> Result<Arc<Look>, DeskError> {
        let opened = self.opened(cluster)?;
        {
            let mut looks = crate::desk::lock(&opened.looks);
            if at.is_none() {
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

    fn look_anew(&self, cluster: &ClusterId, opened: &Opened, at: Option<Time>) -> Result<Arc<Look>, DeskError> {
        // One at a time: who waited finds what the other one understood.
        let _one = crate::desk::lock(&opened.understanding);
        let generation = opened.generation();
        if let Some(look) = crate::desk::lock(&opened.looks).get(at, generation) {
            return Ok(look);
        }
        let time = match at {
            Some(at) => at,
            None => self.now_of(cluster)?,
        };
        let snapshot = match at {
            Some(_) => opened.history.snapshot(time)?,
            None => opened.history.present(time)?,
        };
        let look = Arc::new(self.understand(cluster, snapshot)?);
        if at.is_none() {
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
                looks.kept.retain(|(at, _, _)| at.is_some());
                return;
            }
        }
        if let Err(error) = self.look_anew(cluster, opened, None) {
            tracing::warn!(%cluster, error = error.what, "the present could not be understood");
        }
    }

    fn understand(&self, cluster: &ClusterId, snapshot: Snapshot) -> Result<Look, DeskError> {
        let snapshot = Arc::new(snapshot);
        let view = View::inventory(Arc::clone(&snapshot));
        let declared = self.declared(cluster)?;
        let graph = Graph::build(&view, &declared);
        let facts = detect::facts(&view, &graph);
        let triage = detect::triage(&view, &graph, &facts);
        Ok(Look { snapshot, graph, facts, triage })
    }

    pub(crate) fn declared(&self, cluster: &ClusterId) -> Result<Vec<(ObjectRef, ObjectRef, String)>, DeskError> {
        let blueprints = self.blueprints()?;
        let pairs = blueprints.declared(cluster).filter_map(|declared| {
            Some((declared.from.parse().ok()?, declared.to.parse().ok()?, declared.why.clone()))
        });
        Ok(pairs.collect())
    }

    pub fn triage(&self, cluster: &ClusterId, at: Option<Time>) -> Result<TriageView, DeskError> {
        let look = self.look(cluster, at)?;
        let mut looked_at = std::collections::BTreeMap::<String, u32>::new();
        for object in look.snapshot.objects.keys() {
            *looked_at.entry(object.kind.to_string()).or_default() += 1;
        }
        Ok(TriageView {
            cluster: cluster.clone(),
            triage: look.triage.clone(),
            looked_at: looked_at.into_iter().collect(),
            partial: !self.opened(cluster)?.is_synced(),
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
        at: Option<Time>,
        hops: u32,
        most: usize,
    ) -> Result<GraphView, DeskError> {
        let look = self.look(cluster, at)?;
        Ok(pictures::graph(&look.snapshot, &look.graph, &look.triage, objects, hops, most))
    }

    pub fn object(&self, cluster: &ClusterId, object: &ObjectRef, at: Option<Time>) -> Result<ObjectView, DeskError> {
        let look = self.look(cluster, at)?;
        Ok(pictures::object(&look.snapshot, &look.graph, &look.facts, object))
    }

    pub fn observation(&self, cluster: &ClusterId, id: &ObservationId) -> Result<ObservationView, DeskError> {
        let found = self.opened(cluster)?.history.get(id)?;
        found.map(pictures::observation).ok_or_else(|| DeskError::not_found(format!("There is no observation `{id}`.")))
    }
}
