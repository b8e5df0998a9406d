//! Who calls whom: addresses in environment variables, recorded dependencies, blueprints.

use std::collections::{BTreeMap, BTreeSet};

use model::{Body, Doc, Held, ObjectRef, Snapshot, View};

use crate::build::Draft;
use crate::template::literal_env;
use crate::{EdgeClass, Relation, addresses_in, in_cluster};

/// Calls edges from what a workload's pod spec holds in plain text. A name counts only where a Service has it.
pub(crate) fn from_environment(
    workload: &ObjectRef,
    pod_spec: &Doc,
    held: &Held,
    snapshot: &Snapshot,
    draft: &mut Draft,
) {
    for (_, variable, value) in literal_env(pod_spec) {
        for address in addresses_in(&variable, &value) {
            let known = |namespace: &str| snapshot.in_namespace("Service", namespace).next().is_some();
            let Some((namespace, name)) = in_cluster(&address.host, &workload.namespace, known) else { continue };
            let service = ObjectRef::new("Service", namespace, name);
            if snapshot.get(&service).is_some() {
                let reason = format!("its variable {variable} holds {}", shown(&address.host, address.port));
                draft.edge(workload, &service, Relation::Calls, EdgeClass::Inferred, reason, held);
            }
        }
    }
}

fn shown(host: &str, port: Option<u16>) -> String {
    port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Calls edges from released recordings of who calls whom. Names are of Services or workloads; one that several
/// namespaces have is taken where both ends of the call are.
pub(crate) fn from_recordings(view: &View, draft: &mut Draft) {
    let mut by_name: BTreeMap<&str, Vec<&ObjectRef>> = BTreeMap::new();
    for kind in ["Service", "Deployment", "StatefulSet", "DaemonSet"] {
        for (object, _) in view.snapshot.of_kind(kind) {
            by_name.entry(object.name.as_str()).or_default().push(object);
        }
    }
    for observation in &view.released {
        let Body::Dependencies { calls } = &observation.body else { continue };
        let subject = observation.subject.as_ref().map(|s| if s.kind == "Namespace" { &s.name } else { &s.namespace });
        for (caller, callee) in calls {
            let (Some(callers), Some(callees)) = (by_name.get(caller.as_str()), by_name.get(callee.as_str())) else {
                continue;
            };
            let namespaces: BTreeSet<&model::Text> = callers.iter().map(|o| &o.namespace).collect();
            let shared =
                callees.iter().map(|o| &o.namespace).filter(|n| namespaces.contains(n)).collect::<BTreeSet<_>>();
            let chosen = shared.iter().find(|n| Some(**n) == subject).or_else(|| shared.iter().next());
            let Some(namespace) = chosen else { continue };
            // The caller is the workload behind the name, the callee the Service where there is one.
            let from = callers.iter().filter(|o| o.namespace == **namespace).max_by_key(|o| o.kind != "Service");
            let to = callees.iter().filter(|o| o.namespace == **namespace).max_by_key(|o| o.kind == "Service");
            if let (Some(from), Some(to)) = (from, to) {
                let reason = format!("recorded: {caller} calls {callee}");
                draft.observed(from, to, Relation::Calls, EdgeClass::Observed, reason, observation);
            }
        }
    }
}
