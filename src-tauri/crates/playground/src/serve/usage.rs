//! metrics.k8s.io, from the newest points of the metrics that a scenario or a recording holds.

use std::collections::BTreeMap;

use axum::response::Response;
use http::StatusCode;
use model::Time;
use serde_json::{Value, json};

use super::Site;
use super::request::Asked;
use crate::accept::{Form, form};
use crate::status::Refusal;

const MEMORY: [&str; 2] = ["container_memory_working_set_bytes", "memory_working_set_bytes"];
const CPU: [&str; 2] = ["container_cpu_usage_cores", "cpu_usage_cores"];

pub(super) fn answer(site: &Site, asked: &Asked, accept: Option<&str>) -> Result<Response, Refusal> {
    if form(accept)? == Form::Discovery {
        return Err(Refusal::not_acceptable());
    }
    let selector = asked.selector()?;
    let items = site.world.store.read(|kept| {
        let mut by_object: BTreeMap<(String, String), BTreeMap<String, (Time, Value)>> = BTreeMap::new();
        for ((name, namespace, object, container), (at, value)) in &kept.metrics {
            let usage = match name.as_str() {
                n if MEMORY.contains(&n) => ("memory", format!("{}Ki", (value / 1024.0).round())),
                n if CPU.contains(&n) => ("cpu", format!("{}n", (value * 1e9).round())),
                _ => continue,
            };
            if kept.get(&asked.kind, namespace, object).is_none_or(|o| !selector.matches(o)) {
                continue;
            }
            let containers = by_object.entry((namespace.clone(), object.clone())).or_default();
            let entry =
                containers.entry(container.clone()).or_insert_with(|| (*at, json!({ "cpu": "0", "memory": "0" })));
            entry.0 = entry.0.max(*at);
            entry.1[usage.0] = usage.1.into();
        }
        by_object
    });
    let wanted = |(namespace, name): &(String, String)| {
        (asked.namespace.is_empty() || *namespace == asked.namespace) && (asked.name.is_empty() || *name == asked.name)
    };
    let items: Vec<Value> = items
        .into_iter()
        .filter(|(key, _)| wanted(key))
        .map(|((namespace, name), containers)| {
            let at = containers.values().map(|(at, _)| *at).max().unwrap_or_default();
            let time = Time::from_seconds(at.seconds()).to_string();
            let mut item = json!({
                "kind": asked.resource.kind, "apiVersion": asked.resource.api_version(),
                "metadata": { "name": name, "creationTimestamp": time }, "timestamp": time, "window": "30s",
            });
            if asked.kind == "Pod" {
                item["metadata"]["namespace"] = namespace.into();
                item["containers"] =
                    containers.into_iter().map(|(name, (_, usage))| json!({ "name": name, "usage": usage })).collect();
            } else {
                item["usage"] = containers.into_values().next().map_or(Value::Null, |(_, usage)| usage);
            }
            item
        })
        .collect();
    if !asked.name.is_empty() {
        let one = items.into_iter().next();
        let one = one.ok_or_else(|| Refusal::not_found(&asked.resource, &asked.name))?;
        return Ok(super::json(StatusCode::OK, &one));
    }
    let list = json!({
        "kind": format!("{}List", asked.resource.kind), "apiVersion": asked.resource.api_version(), "metadata": {},
        "items": items,
    });
    Ok(super::json(StatusCode::OK, &list))
}
