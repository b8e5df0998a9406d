//! An API server, or the store behind it, that does not answer as it should.

use std::collections::BTreeSet;

use model::ObjectRef;

use crate::found::Found;
use crate::scene::Scene;

/// How controllers and kubelets tell of it, in the words of etcd, the API server and its clients.
const COMPLAINTS: &[&str] = &[
    "etcdserver: request timed out",
    "etcdserver: leader changed",
    "etcdserver: too many requests",
    "etcdserver: mvcc: database space exceeded",
    "the server is currently unable to handle the request",
    "the server was unable to return a response in the time allotted",
    "http2: client connection lost",
    "apiserver not ready",
];

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    let mut symptoms: BTreeSet<String> = BTreeSet::new();
    let mut owners: BTreeSet<ObjectRef> = BTreeSet::new();
    let mut evidence = Vec::new();
    let mut since = scene.at;
    for (owner, told) in scene.all_events() {
        let message = told.event.message.to_ascii_lowercase();
        if let Some(complaint) = COMPLAINTS.iter().find(|c| message.contains(*c)) {
            symptoms.insert((*complaint).to_owned());
            owners.insert(owner.clone());
            evidence.push(told.id.clone());
            since = since.min(told.event.first_at);
        }
    }
    // One complaint of one client is a blip.
    let mut told = owners.len() >= 2;
    let mut place = crate::control_plane::place(scene);
    for fact in found.named("control_plane_pod_down") {
        let component = fact.args.get("component").and_then(|c| c.as_str()).unwrap_or("");
        if matches!(component, "kube-apiserver" | "etcd") {
            told = true;
            place = fact.subject.clone();
            symptoms.insert(fact.says.clone());
            evidence.extend(fact.evidence.iter().cloned());
            since = since.min(fact.since);
        }
    }
    if !told {
        return;
    }
    let symptoms: Vec<String> = symptoms.into_iter().collect();
    found
        .fact("apiserver_trouble", &place)
        .arg("symptoms", symptoms.clone())
        .objects("workloads", &owners)
        .since(since)
        .because_all(&evidence)
        .says(format!("the API server or its store does not answer as it should: {}", symptoms.join("; ")));
}

#[cfg(test)]
mod tests {
    use crate::sketch::{Sketch, has};

    #[test]
    fn one_complaint_is_a_blip_and_several_are_trouble() {
        let complain = |sketch: Sketch, name: &str| {
            let pod = format!("Pod/shop/{name}-abc-1");
            sketch.deployment(name).event(&pod, "FailedMount", "failed to sync: etcdserver: request timed out")
        };
        assert!(!has(&complain(Sketch::new(), "cart").facts(), "apiserver_trouble"));
        assert!(has(&complain(complain(Sketch::new(), "cart"), "web").facts(), "apiserver_trouble"));
    }
}
