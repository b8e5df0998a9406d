//! From a view of a cluster to facts, from facts to signals, from signals to incidents.
//!
//! Pure: no clock, no I/O. Deliberately not here: causes. A fact says what is so, a signal that it means trouble, an
//! incident what belongs together; why is the investigator's question. `FACTS.md` beside this crate lists every fact.
//! Start with [`facts`].

mod addresses;
mod agents;
mod alerts;
mod api_server;
mod capacity;
mod changes;
mod conditions;
mod config;
mod containers;
mod control_plane;
mod damage;
mod dependencies;
mod dns;
mod found;
mod gateways;
mod gpu;
mod images;
mod jobs;
mod json;
mod leaving;
mod logs;
mod metrics;
mod nodes;
mod policy;
mod probes;
mod quantity;
mod quota;
mod reach;
mod resting;
mod scaling;
mod scene;
mod scheduling;
mod services;
mod serving;
mod shapes;
mod storage;
mod traffic;
mod triage;
mod workloads;

#[cfg(test)]
mod sketch;
#[cfg(test)]
mod tests;

use model::{Fact, Grouping, ObjectRef, Triage, View};
use topology::Graph;

use crate::found::Found;
use crate::scene::Scene;

pub use crate::changes::change_in_words;
pub use crate::policy::{MayReach, PolicyVerdict, may_reach};
pub use crate::triage::catalogue::{Role, is_fact, role_of};

/// Everything a senior engineer would check and code can decide, about this view. Sorted by name, then subject.
/// A fact that could not be decided is there with [`model::Certainty::Unknown`] rather than absent, where its absence
/// would be read as "fine".
pub fn facts(view: &View, graph: &Graph) -> Vec<Fact> {
    facts_of(&Scene::new(view, graph))
}

fn facts_of(scene: &Scene) -> Vec<Fact> {
    let mut found = Found::default();
    // Later ones look at what earlier ones found: quotas before claims, everything before dependencies.
    workloads::facts(scene, &mut found);
    containers::facts(scene, &mut found);
    images::facts(scene, &mut found);
    scheduling::facts(scene, &mut found);
    nodes::facts(scene, &mut found);
    quota::facts(scene, &mut found);
    leaving::facts(scene, &mut found);
    services::facts(scene, &mut found);
    traffic::facts(scene, &mut found);
    probes::facts(scene, &mut found);
    storage::facts(scene, &mut found);
    config::facts(scene, &mut found);
    addresses::facts(scene, &mut found);
    changes::facts(scene, &mut found);
    gateways::facts(scene, &mut found);
    conditions::facts(scene, &mut found);
    dns::facts(scene, &mut found);
    policy::facts(scene, &mut found);
    scaling::facts(scene, &mut found);
    control_plane::facts(scene, &mut found);
    api_server::facts(scene, &mut found);
    damage::facts(scene, &mut found);
    reach::facts(scene, &mut found);
    logs::facts(scene, &mut found);
    reach::confirm(&mut found);
    policy::confirm(scene, &mut found);
    serving::facts(scene, &mut found);
    metrics::facts(scene, &mut found);
    alerts::facts(scene, &mut found);
    alerts::quiet(scene, &mut found);
    agents::facts(scene, &mut found);
    shapes::facts(scene, &mut found);
    dependencies::facts(scene, &mut found);
    found.into_facts(scene.at)
}

/// A Kubernetes quantity (`500m`, `2Gi`, `1e3`) as a number in its base unit; `None` where it is none.
pub fn quantity(text: &str) -> Option<f64> {
    quantity::parse(text)
}

/// Facts that mean trouble, noise set aside, grouped into incidents, worst first.
pub fn triage(view: &View, graph: &Graph, facts: &[Fact]) -> Triage {
    triage::triage(view, graph, facts, &[])
}

/// As [`triage`], grouped as the engineer decided where the engineer did.
pub fn triage_by(view: &View, graph: &Graph, facts: &[Fact], rules: &[Grouping]) -> Triage {
    triage::triage(view, graph, facts, rules)
}

/// The objects whose facts bear on `object`: itself, its pods and Services, what it mounts, reads and calls, the nodes
/// it runs on and what routes to it; nearest first.
pub fn neighbourhood(graph: &Graph, object: &ObjectRef) -> Vec<ObjectRef> {
    triage::neighbourhood::neighbourhood(graph, object)
}
