//! Answers to connection attempts, once they are released.

use model::{Body, Doc, ObjectRef};
use serde_json::Value;

use crate::found::Found;
use crate::json::short;
use crate::scene::Scene;

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for (observation, probe) in scene.released(|body| match body {
        Body::Probe(probe) => Some(probe),
        _ => None,
    }) {
        let Some(subject) = observation.subject.clone() else { continue };
        if probe.reachable {
            found
                .fact("probe_reachable", &subject)
                .object("service", Some(&subject))
                .arg("port", probe.port)
                .since(observation.at)
                .because(&observation.id)
                .says(format!("{} answers", probe.target));
            continue;
        }
        let ready = ready_pods(scene, &subject);
        let answer = answer(&probe.output);
        found
            .fact("probe_unreachable", &subject)
            .object("service", Some(&subject))
            .arg("port", probe.port)
            .arg("output", short(&probe.output, 200))
            .arg("protocol", probe.protocol.clone())
            .arg("answer", answer)
            .number("endpoints", ready)
            .since(observation.at)
            .because(&observation.id)
            .says(format!("{} does not answer: {}", probe.target, short(&probe.output, 120)));
    }
    confirm(found);
}

fn answer(output: &str) -> &'static str {
    let text = output.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| text.contains(w));
    if has(&["refused"]) {
        "refused"
    } else if has(&["resolve", "unknown host", "bad address", "name resolution", "no such host"]) {
        "dns"
    } else if has(&["timed out", "timeout", "no route", "unreachable"]) {
        "timeout"
    } else {
        "other"
    }
}

fn ready_pods(scene: &Scene, service: &ObjectRef) -> Option<usize> {
    let held = scene.snapshot.get(service)?;
    let selector = held.object.pointer("/spec/selector").and_then(Doc::as_object)?;
    let pods = scene.pods_like(&service.namespace, selector).into_iter();
    Some(pods.filter(|p| p.is_ready() && topology::matches_labels(selector, topology::labels_of(p.json))).count())
}

/// A port that the spec leaves closed and that does not answer is closed indeed.
fn confirm(found: &mut Found) {
    let unreachable: Vec<(ObjectRef, Value)> =
        found.named("probe_unreachable").map(|f| (f.subject.clone(), f.args["port"].clone())).collect();
    for fact in found.all_mut().filter(|f| f.name == "service_target_port_closed") {
        if unreachable.iter().any(|(service, port)| *service == fact.subject && Some(port) == fact.args.get("port")) {
            fact.args.insert("confirmed".to_owned(), Value::Bool(true));
        }
    }
}
