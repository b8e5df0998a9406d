//! Who calls whom by recorded dependencies; what the environment says is in [`crate::telling`].

use std::collections::{BTreeMap, BTreeSet};

use model::{Body, ObjectRef, ObservationId, Time, View};

/// A call that a released recording tells of: when, by which observation, from whom to whom, in words.
pub(crate) struct Recorded {
    pub at: Time,
    pub id: ObservationId,
    pub from: ObjectRef,
    pub to: ObjectRef,
    pub words: String,
}

/// Calls of released recordings. Names are of Services or workloads; one that several namespaces have is taken where both
/// ends of the call are.
pub(crate) fn recorded(view: &View) -> Vec<Recorded> {
    let told = view.released.iter().filter_map(|observation| match &observation.body {
        Body::Dependencies { calls } => Some((observation, calls)),
        _ => None,
    });
    let mut told = told.peekable();
    let mut found = Vec::new();
    if told.peek().is_none() {
        return found;
    }
    let mut by_name: BTreeMap<&str, Vec<&ObjectRef>> = BTreeMap::new();
    for kind in ["Service", "Deployment", "StatefulSet", "DaemonSet"] {
        for (object, _) in view.snapshot.of_kind(kind) {
            by_name.entry(object.name.as_str()).or_default().push(object);
        }
    }
    for (observation, calls) in told {
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
                found.push(Recorded {
                    at: observation.at,
                    id: observation.id.clone(),
                    from: (*from).clone(),
                    to: (*to).clone(),
                    words: format!("recorded: {caller} calls {callee}"),
                });
            }
        }
    }
    found
}
