//! What the API server passes on: to an Alertmanager, to a Service's pods, to a kubelet's health.

use std::sync::PoisonError;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use model::{AlertState, Time};
use serde_json::{Value, json};

use super::Site;
use super::request::Asked;
use crate::status::Refusal;

pub(super) fn answer(site: &Site, asked: &Asked) -> Result<Response, Refusal> {
    match &*asked.resource.kind {
        "Node" => kubelet(site, asked),
        "Service" => service(site, asked),
        _ => Err(Refusal::no_such_path()),
    }
}

fn kubelet(site: &Site, asked: &Asked) -> Result<Response, Refusal> {
    let name = asked.name.split(':').next().unwrap_or_default();
    let node = site.world.store.read(|kept| kept.get("Node", "", name).cloned());
    let node = node.ok_or_else(|| Refusal::not_found(&asked.resource, name))?;
    let ready = node["status"]["conditions"].as_array().into_iter().flatten().find(|c| c["type"] == "Ready");
    let address = node["status"]["addresses"][0]["address"].as_str().unwrap_or_default();
    let (own, others) = agents(site, name);
    // A kubelet that its node's service manager calls dead answers nobody.
    if own.as_ref().is_some_and(|(state, _)| !state.is_empty() && !state.starts_with("active")) {
        return Err(Refusal::unavailable(format!(
            "error trying to reach service: dial tcp {address}:10250: connect: connection refused"
        )));
    }
    let said = own.map(|(_, output)| output).filter(|output| !output.is_empty()).map(|o| format!("{}\n", o.trim_end()));
    let said = said.unwrap_or_default();
    match ready.and_then(|c| c["status"].as_str()) {
        Some("True") | None if asked.rest == "healthz" => {}
        Some("False") if asked.rest == "healthz" => {
            let why = ready.and_then(|c| c["message"].as_str()).unwrap_or_default();
            return Ok((
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("[+]ping ok\n[-]syncloop failed: {why}\nhealthz check failed\n{said}{others}"),
            )
                .into_response());
        }
        Some("Unknown") => {
            return Err(Refusal::unavailable(format!(
                "error trying to reach service: dial tcp {address}:10250: connect: no route to host"
            )));
        }
        _ => return Err(Refusal::no_such_path()),
    }
    if !asked.flag("verbose") {
        return Ok("ok".into_response());
    }
    Ok(format!("[+]ping ok\n[+]log ok\n[+]syncloop ok\nhealthz check passed\n{said}{others}").into_response())
}

/// What was told of a node's kubelet (state and output), and of its other agents, each with its state first.
fn agents(site: &Site, node: &str) -> (Option<(String, String)>, String) {
    let told = site.world.told.lock().unwrap_or_else(PoisonError::into_inner);
    let of_node = || told.agents.values().filter(|a| a.node == node);
    let own = of_node().find(|a| a.service == "kubelet").map(|a| (a.state.clone(), a.output.clone()));
    let others = of_node().filter(|a| a.service != "kubelet");
    (own, others.map(|a| format!("{} {}\n{}\n", a.service, a.state, a.output)).collect())
}

/// A Service answers by its name; whether it can be reached at all is what matters here.
fn service(site: &Site, asked: &Asked) -> Result<Response, Refusal> {
    let parts: Vec<&str> = asked.name.split(':').collect();
    let (name, port) = match parts[..] {
        [name] => (name, ""),
        [name, port] => (name, port),
        ["http" | "https", name, port] => (name, port),
        _ => return Err(Refusal::bad_request(format!("invalid service request \"{}\"", asked.name))),
    };
    let found = site.world.store.read(|kept| {
        let service = kept.get("Service", &asked.namespace, name).cloned();
        (service, kept.get("Endpoints", &asked.namespace, name).cloned())
    });
    let (Some(service), endpoints) = found else { return Err(Refusal::not_found(&asked.resource, name)) };
    let ports = service["spec"]["ports"].as_array().map_or(&[][..], Vec::as_slice);
    let known = port.is_empty() || ports.iter().any(|p| p["name"] == port || p["port"].as_u64() == port.parse().ok());
    if !known {
        return Err(Refusal::unavailable(format!("no service port \"{port}\" found for service \"{name}\"")));
    }
    let ready =
        endpoints.is_some_and(|e| e["subsets"].as_array().into_iter().flatten().any(|s| s["addresses"].is_array()));
    if !ready {
        return Err(Refusal::unavailable(format!("no endpoints available for service \"{}\"", asked.name)));
    }
    if name.contains("alertmanager") && asked.rest == "api/v2/alerts" {
        return Ok(super::json(StatusCode::OK, &alerts(site)));
    }
    if name == crate::world::MONITORING && matches!(asked.rest.as_str(), "api/v1/query" | "api/v1/query_range") {
        return super::monitoring::answer(site, asked);
    }
    Ok(format!("{name} answers\n").into_response())
}

/// As Alertmanager's second API gives them.
fn alerts(site: &Site) -> Value {
    let told = site.world.told.lock().unwrap_or_else(PoisonError::into_inner);
    told.alerts
        .iter()
        .map(|((name, subject), alert)| {
            let suppressed = alert.state == AlertState::Suppressed;
            let ends = alert.ends_at.unwrap_or_else(|| super::now().plus_seconds(300));
            let time = |at: Time| Time::from_seconds(at.seconds()).to_string();
            json!({
                "labels": alert.labels,
                "annotations": alert.annotations,
                "startsAt": time(alert.starts_at),
                "endsAt": time(ends),
                "updatedAt": time(super::now()),
                "fingerprint": &model::digest_hex(&[name.as_bytes(), subject.as_bytes()])[..16],
                "receivers": [{ "name": "on-call" }],
                "status": {
                    "state": if suppressed { "suppressed" } else { "active" },
                    "silencedBy": if suppressed { json!(["silence"]) } else { json!([]) },
                    "inhibitedBy": [],
                },
                "generatorURL": "",
            })
        })
        .collect()
}
