#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use model::{ObjectRef, ObservationId, Ordered, Snapshot, Text, Time, View};

use crate::calls::{self, Recorded};
use crate::line::{Key, Line, Lines, Origin, Reason, Said, leading};
use crate::place::{Id, Places};
use crate::selection::Selections;
use crate::{EdgeClass, Layout, Relation, Tie, layout, update};

/// So many observations are cited for one edge.
const MOST_CITED: usize = 8;

/// The graph as of a view's time. A clone shares everything; one that goes on ([`Graph::go_on`]) copies what becomes
/// different.
#[derive(Clone)]
pub struct Graph {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) places: Places,
    pub(crate) lines: Lines,
    pub(crate) selections: Selections,
    /// How many pod templates there are of each workload.
    pub(crate) templates: Ordered<Id, u32>,
    /// (namespace, who names a Service of that other namespace).
    pub(crate) abroad: Ordered<(Text, Id), ()>,
    pub(crate) recorded: Arc<[Recorded]>,
    pub(crate) declared: Arc<[Dependency]>,
    /// How many places there were when it was built.
    pub(crate) built: usize,
}

/// A dependency from a blueprint: who, on what, why.
pub type Dependency = (ObjectRef, ObjectRef, String);

impl Graph {
    /// `declared`: dependencies from blueprints as (from, to, why).
    pub fn build(view: &View, declared: &[Dependency]) -> Self {
        let mut graph = Graph {
            snapshot: Arc::clone(&view.snapshot),
            places: Places::default(),
            lines: Lines::default(),
            selections: Selections::default(),
            templates: Ordered::new(),
            abroad: Ordered::new(),
            recorded: calls::recorded(view).into(),
            declared: declared.into(),
            built: 0,
        };
        update::read_all(&mut graph);
        for (place, recorded) in Arc::clone(&graph.recorded).iter().enumerate() {
            let (from, to) = (graph.places.id(&recorded.from), graph.places.id(&recorded.to));
            let (relation, class, reason) = (Relation::Calls, EdgeClass::Observed, Reason::Words(Text::default()));
            let line = Line { from, to, relation, class, reason };
            graph.lines.add(line, Origin::Recording(place as u32), &graph.places);
        }
        update::declare(&mut graph);
        graph.built = graph.places.len();
        graph
    }

    /// The graph of a later snapshot of the same cluster, as [`Graph::build`] makes it: what did not change is not read
    /// again. Only for graphs without released recordings.
    pub fn go_on(&mut self, snapshot: Arc<Snapshot>) {
        update::go_on(self, snapshot);
    }

    pub(crate) fn id_of(&self, object: &ObjectRef) -> Option<Id> {
        self.places.find(object)
    }

    pub(crate) fn tie<'g>(&'g self, key: Key, said: &'g [Said]) -> Tie<'g> {
        let (from, relation, to) = key;
        let class = leading(said).map_or(EdgeClass::Inferred, |said| said.class);
        Tie { from: self.places.object(from), to: self.places.object(to), relation, class, said, graph: self }
    }

    /// Every object in the graph, also those that others name and that do not exist.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectRef> {
        let known = self.snapshot.objects.keys().filter(|o| o.kind != "Event");
        let named: BTreeSet<&ObjectRef> = self
            .lines
            .iter()
            .flat_map(|(key, _)| [self.places.object(key.0), self.places.object(key.2)])
            .filter(|object| object.kind == "Event" || self.snapshot.get(object).is_none())
            .collect();
        known.chain(named)
    }

    /// Whether an object is in the graph.
    pub fn knows(&self, object: &ObjectRef) -> bool {
        let named = |id: Id| self.lines.from(id).next().is_some() || self.lines.to(id).next().is_some();
        object.kind != "Event" && self.snapshot.get(object).is_some() || self.id_of(object).is_some_and(named)
    }

    pub fn edges(&self) -> impl Iterator<Item = Tie<'_>> {
        let mut all: Vec<Tie> = self.lines.iter().map(|(key, said)| self.tie(key, said)).collect();
        all.sort_by(|a, b| (a.from, a.to, a.relation).cmp(&(b.from, b.to, b.relation)));
        all.into_iter()
    }

    /// The edges of one relation.
    pub fn edges_of(&self, relation: Relation) -> Vec<Tie<'_>> {
        let of = self.lines.iter().filter(|(key, _)| key.1 == relation);
        let mut all: Vec<Tie> = of.map(|(key, said)| self.tie(key, said)).collect();
        all.sort_by(|a, b| (a.from, a.to).cmp(&(b.from, b.to)));
        all
    }

    /// The workload that controls an object (`Deployment` for its pods and replica sets), or the object itself.
    pub fn workload_of(&self, object: &ObjectRef) -> ObjectRef {
        match self.id_of(object) {
            Some(id) => self.places.object(self.places.workload(id)).clone(),
            None => object.clone(),
        }
    }

    /// The pods of a workload.
    pub fn pods_of(&self, workload: &ObjectRef) -> Vec<ObjectRef> {
        let Some(id) = self.id_of(workload) else { return Vec::new() };
        let mut pods: Vec<ObjectRef> = self.places.pods(id).map(|pod| self.places.object(pod).clone()).collect();
        pods.sort();
        pods
    }

    /// What `object` depends on, directly.
    pub fn dependencies(&self, object: &ObjectRef) -> Vec<Tie<'_>> {
        self.id_of(object).map_or_else(Vec::new, |id| self.ties_from(id))
    }

    /// What depends on `object`, directly.
    pub fn dependents(&self, object: &ObjectRef) -> Vec<Tie<'_>> {
        let Some(id) = self.id_of(object) else { return Vec::new() };
        let mut all: Vec<Tie> = self.lines.to(id).map(|(key, said)| self.tie(key, said)).collect();
        all.sort_by(|a, b| (a.relation, a.from).cmp(&(b.relation, b.from)));
        all
    }

    fn ties_from(&self, id: Id) -> Vec<Tie<'_>> {
        let mut all: Vec<Tie> = self.lines.from(id).map(|(key, said)| self.tie(key, said)).collect();
        all.sort_by(|a, b| (a.relation, a.to).cmp(&(b.relation, b.to)));
        all
    }

    fn sort(&self, ids: &mut [Id]) {
        ids.sort_unstable_by(|a, b| self.places.object(*a).cmp(self.places.object(*b)));
    }

    fn named(&self, ids: &[Id]) -> Vec<ObjectRef> {
        ids.iter().map(|id| self.places.object(*id).clone()).collect()
    }

    /// Everything that depends on any of `objects`, over any number of hops, nearest first, workload-level.
    pub fn blast_radius(&self, objects: &[ObjectRef]) -> Vec<ObjectRef> {
        let seeds: BTreeSet<ObjectRef> = objects.iter().map(|o| self.workload_of(o)).collect();
        let mut queue: VecDeque<Id> = seeds.iter().filter_map(|seed| self.id_of(seed)).collect();
        let mut seen: HashSet<Id> = queue.iter().copied().collect();
        let mut found: Vec<Id> = Vec::new();
        while let Some(id) = queue.pop_front() {
            let mut next: Vec<Id> = self
                .lines
                .to(id)
                .filter(|((_, relation, _), _)| carries_failure(*relation))
                .map(|((from, _, _), _)| self.places.workload(from))
                .filter(|dependent| seen.insert(*dependent))
                .collect();
            self.sort(&mut next);
            found.extend(&next);
            queue.extend(next);
        }
        self.named(&found)
    }

    /// The shortest dependency path from one object to another.
    pub fn path(&self, from: &ObjectRef, to: &ObjectRef) -> Option<Vec<Tie<'_>>> {
        let (start, end) = (self.id_of(from)?, self.id_of(to)?);
        let mut came_by: HashMap<Id, (Id, Tie)> = HashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            if at == end {
                let mut path = Vec::new();
                let mut back = end;
                while back != start {
                    let (before, tie) = came_by.get(&back)?;
                    path.push(*tie);
                    back = *before;
                }
                path.reverse();
                return Some(path);
            }
            for step in self.ties_from(at) {
                let Some(next) = self.id_of(step.to) else { continue };
                if next != start && !came_by.contains_key(&next) {
                    came_by.insert(next, (at, step));
                    queue.push_back(next);
                }
            }
        }
        None
    }

    /// Objects within `hops` of the seeds in either direction, pods folded into their workloads, nearest first. At most
    /// `most`; the second value says how many more there were.
    pub fn neighbourhood(&self, seeds: &[ObjectRef], hops: u32, most: usize) -> (Vec<ObjectRef>, u32) {
        let mut found: Vec<ObjectRef> = Vec::new();
        let mut ring: Vec<Id> = Vec::new();
        for seed in seeds {
            let seed = self.workload_of(seed);
            if !found.contains(&seed) {
                ring.extend(self.id_of(&seed));
                found.push(seed);
            }
        }
        let mut seen: HashSet<Id> = ring.iter().copied().collect();
        for _ in 0..hops {
            let mut next: Vec<Id> = Vec::new();
            for id in ring {
                // Walking on through a node or a namespace would reach everything.
                let object = self.places.object(id);
                if matches!(object.kind.as_str(), "Node" | "Namespace" | "StorageClass") && !seeds.contains(object) {
                    continue;
                }
                let there = self.lines.from(id).map(|(key, _)| key.2);
                let others = there.chain(self.lines.to(id).map(|(key, _)| key.0));
                next.extend(others.map(|other| self.places.workload(other)).filter(|other| seen.insert(*other)));
            }
            self.sort(&mut next);
            found.extend(self.named(&next));
            ring = next;
        }
        let hidden = found.len().saturating_sub(most) as u32;
        found.truncate(most);
        (found, hidden)
    }

    /// The neighbourhood of `seeds` within `hops`, pods folded into their workloads, at most `most` nodes, laid out.
    /// The same nodes get the same places whatever the time.
    pub fn layout(&self, seeds: &[ObjectRef], hops: u32, most: usize) -> Layout {
        let (objects, hidden) = self.neighbourhood(seeds, hops, most);
        layout::lay_out(self, objects, hidden)
    }

    pub(crate) fn reason_of(&self, said: &[Said]) -> String {
        let Some(said) = leading(said) else { return String::new() };
        match (said.origin(), said.reason()) {
            (Origin::Recording(place), _) => self.recorded[place as usize].words.clone(),
            (Origin::Blueprint(place), _) => format!("declared by a blueprint: {}", self.declared[place as usize].2),
            (Origin::Object(_), Reason::OwnerReference) => "owner reference".to_owned(),
            (Origin::Object(_), Reason::NameAndLabels) => "its name and labels fit".to_owned(),
            (Origin::Object(pod), Reason::Placed) => format!("{} is placed there", self.places.object(pod).name),
            (Origin::Object(_), Reason::Words(words)) => words.to_string(),
        }
    }

    /// What an edge rests on: times and observations, in the order in which they are read.
    fn rests_on(&self, said: &[Said]) -> Vec<(Time, &ObservationId)> {
        if let Some(Origin::Blueprint(place)) = leading(said).map(Said::origin) {
            let (from, to, _) = &self.declared[place as usize];
            let held = self.snapshot.get(&self.workload_of(from)).or_else(|| self.snapshot.get(to));
            return held.map(|held| (self.snapshot.at, &held.observation)).into_iter().collect();
        }
        let told = said.iter().filter_map(|said| match said.origin() {
            Origin::Object(id) => self.snapshot.get(self.places.object(id)).map(|held| (held.at, &held.observation)),
            Origin::Recording(place) => {
                let recorded = &self.recorded[place as usize];
                Some((recorded.at, &recorded.id))
            }
            Origin::Blueprint(_) => None,
        });
        told.collect()
    }

    pub(crate) fn since_of(&self, said: &[Said]) -> Time {
        self.rests_on(said).iter().map(|(at, _)| *at).min().unwrap_or(self.snapshot.at)
    }

    pub(crate) fn evidence_of(&self, said: &[Said]) -> Vec<ObservationId> {
        let mut evidence: Vec<ObservationId> = Vec::new();
        for (_, id) in self.rests_on(said) {
            if evidence.len() < MOST_CITED && !evidence.contains(id) {
                evidence.push(id.clone());
            }
        }
        evidence
    }
}

/// Whether trouble of the head becomes trouble of the tail.
pub(crate) fn carries_failure(relation: Relation) -> bool {
    match relation {
        Relation::OwnedBy
        | Relation::Selects
        | Relation::RoutesTo
        | Relation::Mounts
        | Relation::ReadsConfig
        | Relation::RunsOn
        | Relation::Binds
        | Relation::UsesAccount
        | Relation::Calls => true,
        // An autoscaler, a quota or a class in trouble does not break what already runs.
        Relation::ScaledBy | Relation::LimitedBy | Relation::Declares => false,
    }
}
