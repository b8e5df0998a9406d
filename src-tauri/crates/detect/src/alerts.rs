//! Released alerts, by what they are about.

use model::{AlertBody, AlertState, Body, ObjectRef, Observation};

use crate::found::Found;
use crate::json::short;
use crate::metrics::behind_service;
use crate::scene::Scene;

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for (observation, alert) in scene.released(|body| match body {
        Body::Alert(alert) => Some(alert),
        _ => None,
    }) {
        if alert.state != AlertState::Firing || fires_by_design(alert) {
            continue;
        }
        let Some(subject) = subject_of(scene, observation, alert) else { continue };
        say(&subject, observation, alert, found);
    }
}

/// Severity `none` marks, by the convention of Prometheus' own rules, alerts that always fire: to show that alerting works
/// (`Watchdog`), or to hold back others (`InfoInhibitor`).
fn fires_by_design(alert: &AlertBody) -> bool {
    alert.severity.eq_ignore_ascii_case("none")
}

/// Whom an alert is about: its labels' workload, or what its text names where labels only name a Service or nothing.
fn subject_of(scene: &Scene, observation: &Observation, alert: &AlertBody) -> Option<ObjectRef> {
    let told = observation.subject.clone().filter(|s| s.kind != "Namespace");
    if let Some(subject) = told {
        return Some(behind_service(scene, &scene.workload_told(&subject)));
    }
    let words: Vec<&str> = alert
        .labels
        .values()
        .chain(alert.annotations.values())
        .flat_map(|text| text.split(|c: char| c.is_whitespace() || "/,:;()[]'\"`".contains(c)))
        .collect();
    let named =
        scene.workloads.keys().filter(|w| words.contains(&w.name.as_str())).max_by_key(|w| w.name.len()).cloned();
    named.or_else(|| observation.subject.clone())
}

fn text_of(alert: &AlertBody) -> String {
    let texts: Vec<&str> = ["summary", "message", "description"]
        .into_iter()
        .filter_map(|key| alert.annotations.get(key))
        .map(String::as_str)
        .collect();
    texts.first().copied().unwrap_or("").to_owned()
}

fn kind_of(alert: &AlertBody) -> &'static str {
    let text = format!("{} {}", alert.name, text_of(alert)).to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| text.contains(w));
    if has(&["throttl", "cfs"]) {
        "cpu_throttling"
    } else if has(&["oom", "memory", "heap"]) {
        "memory"
    } else if has(&["latency", "slow", "response time", "p95", "p99", "duration"]) {
        "latency"
    } else if has(&["packet", "network", "retransmi", "bandwidth"]) {
        "network"
    } else if has(&["cpu"]) {
        "cpu"
    } else if has(&["5xx", "error rate", "errors", "error budget", "failure rate", "success rate"]) {
        "errors"
    } else if has(&["crashloop", "restart"]) {
        "restart"
    } else if has(&["disk", "volume", "filesystem", "persistentvolume", "inode"]) {
        "disk"
    } else if has(&["replicas", "rollout", "unavailable", "mismatch"]) {
        "replicas"
    } else if has(&["nodenotready", "node "]) {
        "node"
    } else if has(&["down", "absent", "probe", "unreachable", "target"]) {
        "availability"
    } else if has(&["throughput", "rps", "traffic", "requests"]) {
        "traffic"
    } else {
        "other"
    }
}

/// The largest percentage in a text: how far off the alert says that something is.
fn percentage(text: &str) -> Option<f64> {
    let numbers = text
        .split(|c: char| c.is_whitespace() || "()|,;".contains(c))
        .filter_map(|w| w.strip_suffix('%')?.trim_start_matches('+').parse::<f64>().ok());
    numbers.max_by(|a, b| a.abs().total_cmp(&b.abs()))
}

fn say(subject: &ObjectRef, observation: &Observation, alert: &AlertBody, found: &mut Found) {
    let text = text_of(alert);
    let kind = kind_of(alert);
    let labels: serde_json::Map<String, serde_json::Value> =
        alert.labels.iter().map(|(k, v)| (k.clone(), v.clone().into())).collect();
    found
        .fact("alert_firing", subject)
        .arg("alert", alert.name.clone())
        .arg("severity", alert.severity.clone())
        .arg("summary", short(&text, 300))
        .arg("kind", kind)
        .number("value", percentage(&text))
        .arg("labels", labels)
        .since(alert.starts_at)
        .because(&observation.id)
        .says(format!("alert {} fires for {}: {}", alert.name, subject.name, short(&text, 160)));
    if kind == "cpu_throttling" {
        found
            .fact("cpu_throttled", subject)
            .arg("container", "")
            .arg("ratio", -1)
            .arg("limit_millicores", -1)
            .arg("usage_millicores", -1)
            .arg("source", "alert")
            .arg("rise", -1)
            .since(alert.starts_at)
            .because(&observation.id)
            .says(format!("an alert says that {} is throttled: {}", subject.name, short(&text, 140)));
    }
}

/// Whether alerts were read and none fires.
pub(crate) fn quiet(scene: &Scene, found: &mut Found) {
    let mut alerts = scene.released(|body| match body {
        Body::Alert(alert) => Some(alert),
        _ => None,
    });
    let mut last = None;
    let fires = alerts.any(|(observation, alert)| {
        last = Some(observation);
        alert.state == AlertState::Firing && !fires_by_design(alert)
    });
    if let (false, Some(observation)) = (fires, last) {
        found
            .fact("alerts_quiet", &ObjectRef::global("Namespace", ""))
            .since(observation.at)
            .because(&observation.id)
            .says("alerts were read and none fires");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::{AlertBody, AlertState, Body, Time};

    use crate::sketch::{NOW, Sketch, fact, has};

    fn alert(state: AlertState, summary: &str) -> Body {
        Body::Alert(AlertBody {
            name: "CPUThrottlingHigh".into(),
            state,
            severity: "warning".into(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::from([("summary".into(), summary.into())]),
            starts_at: Time::from_seconds(NOW - 300),
            ends_at: None,
        })
    }

    #[test]
    fn an_alert_is_about_what_its_labels_or_its_text_name() {
        let facts = Sketch::new()
            .deployment("cart")
            .released(Some("Service/shop/cart"), alert(AlertState::Firing, "throttled +40.5%"))
            .facts();
        let told = fact(&facts, "alert_firing", "Deployment/shop/cart");
        assert_eq!((&told.args["kind"], &told.args["value"]), (&"cpu_throttling".into(), &40.5.into()));
        assert!(has(&facts, "cpu_throttled"));
        let facts = Sketch::new().deployment("cart").released(None, alert(AlertState::Firing, "cart is slow")).facts();
        fact(&facts, "alert_firing", "Deployment/shop/cart");
    }

    #[test]
    fn alerts_that_ended_do_not_fire() {
        let facts = Sketch::new()
            .deployment("cart")
            .released(Some("Service/shop/cart"), alert(AlertState::Resolved, "x"))
            .facts();
        assert!(!has(&facts, "alert_firing") && has(&facts, "alerts_quiet"));
    }

    #[test]
    fn an_alert_that_always_fires_is_not_trouble() {
        let mut watchdog = alert(AlertState::Firing, "This alert always fires");
        if let Body::Alert(body) = &mut watchdog {
            body.name = "Watchdog".into();
            body.severity = "none".into();
        }
        let facts = Sketch::new().deployment("cart").released(None, watchdog).facts();
        assert!(!has(&facts, "alert_firing") && has(&facts, "alerts_quiet"));
    }
}
