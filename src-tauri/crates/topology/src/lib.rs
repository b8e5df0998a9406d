//! The dependency graph of a cluster as of a time: who owns, selects, routes to, mounts, reads, runs on, binds and calls
//! whom, each edge with its class, its reason and its evidence.
//!
//! What a pod template says (mounts, configuration, account, addresses it calls) hangs on the workload that owns the pod,
//! so that twenty replicas are one node with one set of edges; pods keep their owner and the node they run on.
//!
//! Pure. Deliberately not here: what is broken (who asks for the first broken hop says it). Start with [`Graph`].

mod address;
mod calls;
mod difference;
mod edge;
mod graph;
mod layout;
mod line;
mod owners;
mod place;
mod routes;
mod selection;
mod selector;
#[cfg(test)]
mod sketch;
mod telling;
mod template;
mod trouble;
mod update;

pub use address::{Address, addresses_in, in_cluster};
pub use difference::Difference;
pub use edge::{Edge, EdgeClass, Relation, Tie};
pub use graph::{Dependency, Graph};
pub use layout::{Layout, Placed};
pub use selector::{labels_of, matches_labels, matches_selector};
pub use template::{ConfigUse, config_uses, containers, pod_spec_of, template_of};
