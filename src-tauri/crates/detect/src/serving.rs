//! Programs that serve requests while their probes say that they do not.

use std::collections::BTreeMap;

use model::{Body, ObjectRef, ObservationId};
use serde_json::Value;

use crate::found::Found;
use crate::scene::Scene;

/// Fewer answers than this may be the probe's own, or from before the trouble.
const FEWEST: usize = 5;

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    let mut served: BTreeMap<ObjectRef, (usize, Vec<ObservationId>)> = BTreeMap::new();
    for (observation, log) in scene.released(|body| match body {
        Body::Log(log) if !log.previous => Some(log),
        _ => None,
    }) {
        let Some(subject) = &observation.subject else { continue };
        let count = log.text.lines().filter(|line| is_served(line)).count();
        if count > 0 {
            let entry = served.entry(scene.workload_told(subject)).or_default();
            entry.0 += count;
            entry.1.push(observation.id.clone());
        }
    }
    let failing: Vec<(ObjectRef, Value, model::Time)> = found
        .named("probe_failing")
        .filter(|f| f.args.get("ongoing") == Some(&Value::Bool(true)))
        .map(|f| (f.subject.clone(), f.args.get("container").cloned().unwrap_or_default(), f.since))
        .collect();
    for (workload, container, since) in failing {
        let Some((count, evidence)) = served.get(&workload).filter(|(count, _)| *count >= FEWEST) else { continue };
        found
            .fact("readiness_failing_while_serving", &workload)
            .arg("container", container)
            .arg("served", *count)
            .since(since)
            .because_all(evidence)
            .says(format!("a probe of {} fails, and its log shows {count} requests answered well", workload.name));
    }
}

/// A line of an access log that tells of success, not asked by the kubelet.
fn is_served(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let asked_by_probe =
        ["kube-probe", "healthz", "readyz", "livez", "/health", "/ready"].iter().any(|w| lower.contains(w));
    let well = [
        "\" 200 ",
        "\" 201 ",
        "\" 204 ",
        "status=200",
        "\"status\":200",
        "status\": 200",
        " 200 ok",
        "status code 200",
    ];
    !asked_by_probe && well.iter().any(|w| lower.contains(w))
}

#[cfg(test)]
mod tests {
    use model::{Body, LogBody};
    use serde_json::json;

    use crate::sketch::{Sketch, ago, has};

    fn with(line: &str) -> Vec<model::Fact> {
        let text = [line; 8].join("\n");
        Sketch::new()
            .deployment("cart")
            .but("Pod/shop/cart-abc-1", |p| {
                p["status"]["conditions"] =
                    json!([{"type": "Ready", "status": "False", "lastTransitionTime": ago(300)}]);
            })
            .event("Pod/shop/cart-abc-1", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404")
            .released(
                Some("Pod/shop/cart-abc-1"),
                Body::Log(LogBody { container: "app".into(), text: text.into(), ..LogBody::default() }),
            )
            .facts()
    }

    #[test]
    fn answers_to_others_count_and_answers_to_the_probe_do_not() {
        assert!(has(&with("10.0.0.9 - \"GET /cart HTTP/1.1\" 200 12"), "readiness_failing_while_serving"));
        assert!(!has(
            &with("10.0.0.1 - \"GET /healthz HTTP/1.1\" 200 2 kube-probe/1.36"),
            "readiness_failing_while_serving"
        ));
        assert!(!has(&with("starting"), "readiness_failing_while_serving"));
    }
}
