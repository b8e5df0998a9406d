//! Answers to connection attempts, once they are released.

use model::{Body, Certainty, Doc, ObjectRef};
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

/// A port that the spec leaves closed and at which clients are refused is closed indeed; one that answers is open whatever the
/// spec declares.
pub(crate) fn confirm(found: &mut Found) {
    let attempts = |name: &'static str, found: &Found| -> Vec<(ObjectRef, Value)> {
        // Who did not get so far as to connect learnt nothing of the port.
        let of_port = found.named(name).filter(|f| f.args.get("answer") != Some(&Value::from("dns")));
        of_port.map(|f| (f.subject.clone(), f.args["port"].clone())).collect()
    };
    let (mut refused, answered) = (attempts("probe_unreachable", found), attempts("probe_reachable", found));
    let told: Vec<(Value, Value)> = found
        .named("log_pattern")
        .filter(|f| f.args.get("pattern") == Some(&Value::from("connection_refused")))
        .map(|f| (f.args["target_object"].clone(), f.args["port"].clone()))
        .collect();
    // A caller that names the container's own port at the Service tells that the Service once had that one.
    let wanted: Vec<(Value, Value)> =
        found.named("env_port_wrong").map(|f| (f.args["service"].clone(), f.args["port"].clone())).collect();
    for fact in found.all_mut().filter(|f| f.name == "service_target_port_closed") {
        let (subject, port) = (Value::from(fact.subject.to_string()), fact.args["port"].clone());
        let declared = fact.args["container_ports"].as_array().cloned().unwrap_or_default();
        refused.retain(|one| !answered.contains(one));
        if answered.contains(&(fact.subject.clone(), port.clone())) {
            fact.certainty = Certainty::Unknown { because: "a connection attempt was answered".to_owned() };
        } else if refused.contains(&(fact.subject.clone(), port.clone()))
            || told.iter().any(|(object, at)| *object == subject && (*at == port || *at == Value::from(-1)))
            || wanted.iter().any(|(service, at)| *service == subject && declared.contains(at))
        {
            fact.args.insert("confirmed".to_owned(), Value::Bool(true));
        }
    }
}
