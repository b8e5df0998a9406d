//! Quotas that are full, and what does not exist because of them.

use std::collections::BTreeSet;

use model::{Doc, Held, ObjectRef};

use crate::capacity::{limits, requests};
use crate::found::Found;
use crate::json::{entries, list, text};
use crate::quantity;
use crate::scene::{Existence, Scene};

/// One bounded resource of one quota.
struct Bound<'s> {
    quota: &'s ObjectRef,
    held: &'s Held,
    resource: &'s str,
    used: f64,
    hard: f64,
}

pub(crate) fn full(scene: &Scene, found: &mut Found) {
    for (quota, held) in scene.snapshot.of_kind("ResourceQuota") {
        let field = if held.object.pointer("/status/hard").is_some() { "/status/hard" } else { "/spec/hard" };
        for (resource, hard) in entries(&held.object, field) {
            let Some(hard) = quantity::of(Some(hard)) else { continue };
            let used = held.object.pointer("/status/used").and_then(|u| u.get(resource));
            let Some(used) = quantity::of(used) else { continue };
            let bound = Bound { quota, held, resource, used, hard };
            say_full(&bound, found);
            say_blocked(scene, &bound, found);
        }
    }
}

fn say_full(bound: &Bound, found: &mut Found) {
    if bound.used < bound.hard {
        return;
    }
    let shown = |value| quantity::shown(bound.resource, value);
    found
        .fact("quota_full", &ObjectRef::global("Namespace", bound.quota.namespace.as_str()))
        .arg("quota", bound.quota.name.clone())
        .arg("resource", bound.resource)
        .arg("used", bound.used)
        .arg("hard", bound.hard)
        .arg("ratio", if bound.hard > 0.0 { bound.used / bound.hard } else { 1.0 })
        .arg("over", bound.used > bound.hard)
        .since(bound.held.at)
        .because(&bound.held.observation)
        .says(format!(
            "quota {} of {}: {} of {} {} are used",
            bound.quota.name,
            bound.quota.namespace,
            shown(bound.used),
            shown(bound.hard),
            bound.resource
        ));
}

fn say_blocked(scene: &Scene, bound: &Bound, found: &mut Found) {
    let namespace = bound.quota.namespace.as_str();
    let (missing, needs) = lacking(scene, bound);
    if missing.is_empty() || bound.used + needs <= bound.hard {
        return;
    }
    let shown = |value| quantity::shown(bound.resource, value);
    let names: Vec<String> = missing.iter().map(|o| format!("{} {}", o.kind, o.name)).collect();
    found
        .fact("quota_leaves_no_room_for", &ObjectRef::global("Namespace", namespace))
        .arg("quota", bound.quota.name.clone())
        .arg("resource", bound.resource)
        .arg("used", bound.used)
        .arg("hard", bound.hard)
        .objects("missing", &missing)
        .arg("needs", needs)
        .since(bound.held.at)
        .because(&bound.held.observation)
        .because_all(missing.iter().filter_map(|o| scene.workloads.get(o)).map(|w| &w.spec_held.observation))
        .says(format!(
            "quota {} of {namespace} allows {} {} and {} are used; there is no room for {}",
            bound.quota.name,
            shown(bound.hard),
            bound.resource,
            shown(bound.used),
            names.join(", ")
        ));
}

/// What is wanted in a namespace, does not exist and would count against a resource; and how much the smallest of it needs.
fn lacking(scene: &Scene, bound: &Bound) -> (BTreeSet<ObjectRef>, f64) {
    let (namespace, resource) = (bound.quota.namespace.as_str(), bound.resource);
    let none = (BTreeSet::new(), 0.0);
    match resource {
        "services" | "count/services" => {
            let missing = missing_services(scene, namespace);
            (missing, 1.0)
        }
        "persistentvolumeclaims" | "count/persistentvolumeclaims" | "requests.storage" => {
            let missing = missing_claims(scene, namespace);
            let sizes = scene
                .snapshot
                .in_namespace("PersistentVolumeClaim", namespace)
                .filter_map(|(_, held)| quantity::of(held.object.pointer("/spec/resources/requests/storage")));
            // How much a claim that does not exist asks for is not known; a tenth of the quota, or what the smallest of
            // its neighbours asks for, is modest.
            let usual = sizes.fold(f64::INFINITY, f64::min).min(bound.hard * 0.1);
            (missing, if resource == "requests.storage" { usual.max(1.0) + 1.0 } else { 1.0 })
        }
        "pods" | "count/pods" => (short_workloads(scene, namespace).into_iter().map(|(o, _, _)| o).collect(), 1.0),
        "requests.cpu" | "cpu" | "requests.memory" | "memory" | "limits.cpu" | "limits.memory" => {
            let key = if resource.ends_with("cpu") { "cpu" } else { "memory" };
            let of_limits = resource.starts_with("limits.");
            let short: Vec<(ObjectRef, f64)> = short_workloads(scene, namespace)
                .into_iter()
                .map(|(o, r, l)| (o, if of_limits { l.get(key) } else { r.get(key) }.copied().unwrap_or(0.0)))
                .filter(|(_, needs)| *needs > 0.0)
                .collect();
            let needs = short.iter().map(|(_, n)| *n).fold(f64::INFINITY, f64::min);
            if short.is_empty() { none } else { (short.into_iter().map(|(o, _)| o).collect(), needs) }
        }
        _ => none,
    }
}

type Amounts = std::collections::BTreeMap<String, f64>;

/// Workloads with fewer pods than they want, and what one of their pods asks for.
fn short_workloads(scene: &Scene, namespace: &str) -> Vec<(ObjectRef, Amounts, Amounts)> {
    if !scene.snapshot.absence_is_known("Pod", namespace) {
        return Vec::new();
    }
    let short = scene.workloads_in(namespace).filter(|w| {
        let pods = scene.pods_of(w).filter(|p| !p.is_finished() && !p.is_leaving()).count() as i64;
        w.desired().is_some_and(|desired| pods < desired)
    });
    short.filter_map(|w| w.pod_spec.map(|spec| (w.object.clone(), requests(spec), limits(spec)))).collect()
}

/// Services that an address names, or that a running workload with ports ought to have as all its neighbours do.
fn missing_services(scene: &Scene, namespace: &str) -> BTreeSet<ObjectRef> {
    let mut missing = BTreeSet::new();
    if !scene.snapshot.absence_is_known("Service", namespace) {
        return missing;
    }
    for workload in scene.workloads_in(namespace) {
        let Some(spec) = workload.pod_spec else { continue };
        for container in list(spec, "/containers") {
            for variable in list(container, "/env") {
                for address in topology::addresses_in(text(variable, "/name"), text(variable, "/value")) {
                    let named = topology::in_cluster(&address.host, namespace, |n| scene.namespaces().contains(n));
                    if let Some((in_namespace, name)) = named
                        && in_namespace == namespace
                        && scene.exists("Service", namespace, &name) == Existence::Absent
                        && scene.workloads_in(namespace).any(|w| w.object.name == name)
                    {
                        missing.insert(ObjectRef::new("Service", namespace, name));
                    }
                }
            }
        }
    }
    let served: BTreeSet<&str> =
        scene.snapshot.in_namespace("Service", namespace).map(|(s, _)| s.name.as_str()).collect();
    let with_ports: Vec<&ObjectRef> = scene
        .workloads_in(namespace)
        .filter(|w| {
            w.is_running_forever()
                && w.pod_spec.is_some_and(|s| list(s, "/containers").iter().any(|c| !list(c, "/ports").is_empty()))
        })
        .map(|w| &w.object)
        .collect();
    let own_name = with_ports.iter().filter(|o| served.contains(o.name.as_str())).count();
    // In a namespace where nearly every workload has a Service of its name, one without is missing it.
    if with_ports.len() >= 4 && own_name * 10 >= with_ports.len() * 7 {
        for object in with_ports.iter().filter(|o| !served.contains(o.name.as_str())) {
            let selected = scene.graph.dependents(object).iter().any(|e| e.from.kind == "Service");
            if !selected {
                missing.insert(ObjectRef::new("Service", namespace, object.name.as_str()));
            }
        }
    }
    missing
}

fn missing_claims(scene: &Scene, namespace: &str) -> BTreeSet<ObjectRef> {
    let mut missing = BTreeSet::new();
    if !scene.snapshot.absence_is_known("PersistentVolumeClaim", namespace) {
        return missing;
    }
    for workload in scene.workloads_in(namespace) {
        let Some(spec) = workload.pod_spec else { continue };
        let named = list(spec, "/volumes")
            .iter()
            .filter_map(|v| v.pointer("/persistentVolumeClaim/claimName").and_then(Doc::as_str));
        for name in named {
            let claim = ObjectRef::new("PersistentVolumeClaim", namespace, name);
            if scene.snapshot.get(&claim).is_none() {
                missing.insert(claim);
            }
        }
    }
    missing
}
