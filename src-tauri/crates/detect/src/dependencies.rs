//! Trouble seen from those who call.

use std::collections::{BTreeMap, BTreeSet};

use model::{Certainty, ObjectRef, ObservationId};
use topology::{EdgeClass, Relation};

use crate::found::Found;
use crate::scene::Scene;
use crate::triage::catalogue::{Role, role_of};

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    let mut broken: BTreeMap<ObjectRef, (BTreeSet<String>, Vec<ObservationId>)> = BTreeMap::new();
    for fact in found.all().filter(|f| {
        f.certainty == Certainty::Known
            && fails_clients(&f.name)
            && f.args.get("ongoing") != Some(&false.into())
            // Who rests until it is called is not broken.
            && f.args.get("rests") != Some(&true.into())
            && f.args.get("rests_by").is_none_or(|by| by == "")
    }) {
        let entry = broken.entry(fact.subject.clone()).or_default();
        entry.0.insert(fact.name.clone());
        entry.1.extend(fact.evidence.iter().take(2).cloned());
    }
    let mut callers: BTreeMap<ObjectRef, BTreeSet<ObjectRef>> = BTreeMap::new();
    for edge in scene.graph.edges_of(Relation::Calls) {
        let behind = scene
            .graph
            .dependencies(edge.to)
            .into_iter()
            .filter(|e| e.relation == Relation::Selects && edge.to.kind == "Service")
            .map(|e| e.to.clone());
        let ends: Vec<ObjectRef> = std::iter::once(edge.to.clone()).chain(behind).collect();
        for end in ends {
            if end.kind != "Service" {
                callers.entry(end.clone()).or_default().insert(edge.from.clone());
            }
            if let Some((names, evidence)) = broken.get(&end)
                && end != *edge.from
            {
                let names: Vec<String> = names.iter().cloned().collect();
                found
                    .fact("dependency_broken", edge.from)
                    .object("on", Some(&end))
                    .arg("through", edge.reason())
                    .arg("broken", names.clone())
                    .since(edge.since().max(scene.at.plus_seconds(-3600)))
                    .because_all(&edge.evidence())
                    .because_all(evidence)
                    .says(format!("{} calls {}, which is in trouble ({})", edge.from.name, end.name, names.join(", ")));
            }
        }
        if edge.class == EdgeClass::Declared {
            found
                .fact("blueprint_dependency", edge.from)
                .object("on", Some(edge.to))
                .arg("why", edge.reason())
                .since(edge.since())
                .because_all(&edge.evidence())
                .says(format!("{} is declared to depend on {}", edge.from.name, edge.to.name));
        }
    }
    for (callee, callers) in callers {
        let Some(workload) = scene.workloads.get(&callee) else { continue };
        found
            .fact("depended_on_by", &callee)
            .arg("count", callers.len())
            .objects("callers", &callers)
            .since(workload.spec_held.at)
            .because(&workload.spec_held.observation)
            .says(format!("{} workloads call {}", callers.len(), callee.name));
    }
}

/// Whether clients of a subject feel what a fact tells of it.
fn fails_clients(name: &str) -> bool {
    matches!(
        name,
        "service_selects_no_pods"
            | "service_selects_wrong_pods"
            | "service_no_ready_endpoints"
            | "service_target_port_closed"
            | "service_named_port_missing"
            | "service_protocol_mismatch"
            | "endpoints_empty"
            | "service_endpoints_absent"
            | "replicas_zero"
            | "crash_loop"
            | "replicas_unavailable"
            | "refuses_clients"
            | "probe_unreachable"
    ) && role_of(name) != Role::Context
}
