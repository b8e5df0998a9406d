//! Rows of nodes, namespaces, configuration, events and rules.

use serde_json::{Value, json};

use super::{NAME_AND_CREATION, Printer, Row, or, shortened};

pub(super) fn printer(kind: &str) -> Option<Printer> {
    Some(match kind {
        "Node" => (
            &[
                ("Name", "string", 0),
                ("Status", "string", 0),
                ("Roles", "string", 0),
                ("Age", "string", 0),
                ("Version", "string", 0),
                ("Internal-IP", "string", 1),
                ("External-IP", "string", 1),
                ("OS-Image", "string", 1),
                ("Kernel-Version", "string", 1),
                ("Container-Runtime", "string", 1),
            ],
            node,
        ),
        "Namespace" => (&[("Name", "string", 0), ("Status", "string", 0), ("Age", "string", 0)], |row| {
            vec![row.name(), row.text("/status/phase").into(), row.age()]
        }),
        "Event" => (
            &[
                ("Last Seen", "string", 0),
                ("Type", "string", 0),
                ("Reason", "string", 0),
                ("Object", "string", 0),
                ("Subobject", "string", 1),
                ("Source", "string", 1),
                ("Message", "string", 0),
                ("First Seen", "string", 1),
                ("Count", "string", 1),
                ("Name", "string", 1),
            ],
            event,
        ),
        "ConfigMap" => (&[("Name", "string", 0), ("Data", "string", 0), ("Age", "string", 0)], |row| {
            let count = |field: &str| row.at(field).as_object().map_or(0, serde_json::Map::len);
            vec![row.name(), (count("/data") + count("/binaryData")).into(), row.age()]
        }),
        "Secret" => {
            (&[("Name", "string", 0), ("Type", "string", 0), ("Data", "string", 0), ("Age", "string", 0)], |row| {
                let count = row.at("/data").as_object().map_or(0, serde_json::Map::len);
                vec![row.name(), row.text("/type").into(), count.into(), row.age()]
            })
        }
        "HorizontalPodAutoscaler" => (
            &[
                ("Name", "string", 0),
                ("Reference", "string", 0),
                ("Targets", "string", 0),
                ("MinPods", "string", 0),
                ("MaxPods", "string", 0),
                ("Replicas", "string", 0),
                ("Age", "string", 0),
            ],
            autoscaler,
        ),
        "PodDisruptionBudget" => (
            &[
                ("Name", "string", 0),
                ("Min Available", "string", 0),
                ("Max Unavailable", "string", 0),
                ("Allowed Disruptions", "integer", 0),
                ("Age", "string", 0),
            ],
            |row| {
                vec![
                    row.name(),
                    amount(row.at("/spec/minAvailable")),
                    amount(row.at("/spec/maxUnavailable")),
                    row.number("/status/disruptionsAllowed").into(),
                    row.age(),
                ]
            },
        ),
        "ResourceQuota" => {
            (&[("Name", "string", 0), ("Request", "string", 0), ("Limit", "string", 0), ("Age", "string", 0)], quota)
        }
        "LimitRange" | "Role" | "ClusterRole" | "CustomResourceDefinition" => NAME_AND_CREATION,
        "RoleBinding" | "ClusterRoleBinding" => (
            &[
                ("Name", "string", 0),
                ("Role", "string", 0),
                ("Age", "string", 0),
                ("Users", "string", 1),
                ("Groups", "string", 1),
                ("ServiceAccounts", "string", 1),
            ],
            binding,
        ),
        "PriorityClass" => (
            &[
                ("Name", "string", 0),
                ("Value", "integer", 0),
                ("Global-Default", "boolean", 0),
                ("Age", "string", 0),
                ("PreemptionPolicy", "string", 0),
            ],
            |row| {
                vec![
                    row.name(),
                    row.number("/value").into(),
                    json!(row.at("/globalDefault") == true),
                    row.age(),
                    row.text("/preemptionPolicy").into(),
                ]
            },
        ),
        "RuntimeClass" => (&[("Name", "string", 0), ("Handler", "string", 0), ("Age", "string", 0)], |row| {
            vec![row.name(), row.text("/handler").into(), row.age()]
        }),
        "Lease" => (&[("Name", "string", 0), ("Holder", "string", 0), ("Age", "string", 0)], |row| {
            vec![row.name(), row.text("/spec/holderIdentity").into(), row.age()]
        }),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            (&[("Name", "string", 0), ("Webhooks", "integer", 0), ("Age", "string", 0)], |row| {
                vec![row.name(), row.list("/webhooks").len().into(), row.age()]
            })
        }
        _ => return None,
    })
}

fn node(row: &Row<'_>) -> Vec<Value> {
    let ready = row.list("/status/conditions").iter().find(|c| c["type"] == "Ready");
    let mut status = match ready {
        Some(condition) if condition["status"] == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if row.at("/spec/unschedulable") == true {
        status.push_str(",SchedulingDisabled");
    }
    let mut roles: Vec<&str> = row
        .at("/metadata/labels")
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role).filter(|r| !r.is_empty()),
            None if key == "kubernetes.io/role" => value.as_str().filter(|r| !r.is_empty()),
            None => None,
        })
        .collect();
    roles.sort_unstable();
    roles.dedup();
    let address = |kind: &str| {
        let found = row.list("/status/addresses").iter().find(|a| a["type"] == kind);
        or(found.and_then(|a| a["address"].as_str()).unwrap_or_default(), "<none>")
    };
    let about = |field: &str| row.text(&format!("/status/nodeInfo/{field}"));
    let mut kernel = if about("kernelVersion").is_empty() { "<unknown>" } else { about("kernelVersion") }.to_owned();
    if !about("architecture").is_empty() {
        kernel = format!("{kernel} ({})", about("architecture"));
    }
    vec![
        row.name(),
        status.into(),
        or(&roles.join(","), "<none>"),
        row.age(),
        about("kubeletVersion").into(),
        address("InternalIP"),
        address("ExternalIP"),
        or(about("osImage"), "<unknown>"),
        kernel.into(),
        or(about("containerRuntimeVersion"), "<unknown>"),
    ]
}

fn event(row: &Row<'_>) -> Vec<Value> {
    let first = [row.at("/firstTimestamp"), row.at("/eventTime")].into_iter().find(|t| t.is_string());
    let first = row.ago(first.unwrap_or(&Value::Null));
    let last = [row.at("/series/lastObservedTime"), row.at("/lastTimestamp")].into_iter().find(|t| t.is_string());
    let last = last.map_or_else(|| first.clone(), |t| row.ago(t));
    let count = row.at("/series/count").as_i64().unwrap_or_else(|| row.number("/count").max(1));
    let kind = row.text("/involvedObject/kind").to_lowercase();
    let object = match row.text("/involvedObject/name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let either = |one: &str, other: &str| match row.text(one) {
        "" => row.text(other).to_owned(),
        text => text.to_owned(),
    };
    let component = either("/source/component", "/reportingComponent");
    let source = match either("/source/host", "/reportingInstance") {
        host if host.is_empty() => component,
        host => format!("{component}, {host}"),
    };
    vec![
        last.into(),
        row.text("/type").into(),
        row.text("/reason").into(),
        object.into(),
        row.text("/involvedObject/fieldPath").into(),
        source.into(),
        row.text("/message").trim().into(),
        first.into(),
        count.into(),
        row.name(),
    ]
}

fn autoscaler(row: &Row<'_>) -> Vec<Value> {
    let specs = row.list("/spec/metrics");
    let all: Vec<String> = specs
        .iter()
        .enumerate()
        .map(|(at, spec)| target(spec, row.list("/status/currentMetrics").get(at).unwrap_or(&Value::Null)))
        .collect();
    let targets = if all.is_empty() { "<none>".to_owned() } else { shortened(&all, 2, all.len(), ", ") };
    vec![
        row.name(),
        format!("{}/{}", row.text("/spec/scaleTargetRef/kind"), row.text("/spec/scaleTargetRef/name")).into(),
        targets.into(),
        row.at("/spec/minReplicas").as_i64().map_or_else(|| "<unset>".to_owned(), |n| n.to_string()).into(),
        row.number("/spec/maxReplicas").into(),
        row.number("/status/currentReplicas").into(),
        row.age(),
    ]
}

/// One metric of an autoscaler: what it is over what it should be.
fn target(spec: &Value, status: &Value) -> String {
    let (field, named) = match spec["type"].as_str().unwrap_or_default() {
        "Resource" => ("resource", true),
        "ContainerResource" => ("containerResource", true),
        "Pods" => ("pods", false),
        "Object" => ("object", false),
        "External" => ("external", false),
        _ => return "<unknown type>".into(),
    };
    let (wanted, current) = (&spec[field]["target"], &status[field]["current"]);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let unknown = || "<unknown>".to_owned();
    let averaged = text(&wanted["averageValue"]);
    let ratio = match (named, averaged) {
        (true, None) => {
            let percent = |value: &Value| value.as_i64().map(|n| format!("{n}%"));
            let wanted = percent(&wanted["averageUtilization"]).unwrap_or_else(|| "<auto>".into());
            format!("{}/{wanted}", percent(&current["averageUtilization"]).unwrap_or_else(unknown))
        }
        (_, Some(wanted)) => {
            let average = if matches!(field, "object" | "external") { " (avg)" } else { "" };
            format!("{}/{wanted}{average}", text(&current["averageValue"]).unwrap_or_else(unknown))
        }
        (false, None) => {
            format!(
                "{}/{}",
                text(&current["value"]).unwrap_or_else(unknown),
                text(&wanted["value"]).unwrap_or_default()
            )
        }
    };
    if named { format!("{}: {ratio}", spec[field]["name"].as_str().unwrap_or_default()) } else { ratio }
}

fn amount(value: &Value) -> Value {
    match value {
        Value::Null => "N/A".into(),
        Value::String(text) => text.clone().into(),
        other => other.to_string().into(),
    }
}

fn quota(row: &Row<'_>) -> Vec<Value> {
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    let mut names: Vec<&String> = row.at("/status/hard").as_object().into_iter().flatten().map(|(k, _)| k).collect();
    names.sort();
    for name in names {
        let value = |field: &str| row.at(field)[name.as_str()].as_str().unwrap_or("0").to_owned();
        let entry = format!("{name}: {}/{}", value("/status/used"), value("/status/hard"));
        if name.starts_with("limits.") { limits.push(entry) } else { requests.push(entry) }
    }
    vec![row.name(), requests.join(", ").into(), limits.join(", ").into(), row.age()]
}

fn binding(row: &Row<'_>) -> Vec<Value> {
    let subjects = |kind: &str| {
        let names: Vec<String> = row
            .list("/subjects")
            .iter()
            .filter(|s| s["kind"] == kind)
            .map(|s| {
                let name = s["name"].as_str().unwrap_or_default();
                match s["namespace"].as_str().filter(|n| kind == "ServiceAccount" && !n.is_empty()) {
                    Some(namespace) => format!("{namespace}/{name}"),
                    None => name.to_owned(),
                }
            })
            .collect();
        names.join(", ")
    };
    vec![
        row.name(),
        format!("{}/{}", row.text("/roleRef/kind"), row.text("/roleRef/name")).into(),
        row.age(),
        subjects("User").into(),
        subjects("Group").into(),
        subjects("ServiceAccount").into(),
    ]
}
