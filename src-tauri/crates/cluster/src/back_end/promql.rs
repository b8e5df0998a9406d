//! The questions of an investigation in PromQL, with the names that cAdvisor, kubelet, kube-state-metrics and the usual
//! web frameworks give their metrics.

use model::ObjectRef;

use super::quoted;
use crate::reach::{Measure, MetricQuestion};

/// A query, and what its series are called, in what unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub name: &'static str,
    pub unit: &'static str,
    pub query: String,
}

/// Rates need two scrapes at the least; a scrape interval of a minute is usual at most.
const RATE: &str = "3m";

/// The queries for a question without a query of its own.
pub(super) fn queries(question: &MetricQuestion) -> Vec<Asked> {
    let measures: Vec<Measure> = match (question.measure, question.name.as_deref()) {
        (Some(measure), _) => vec![measure],
        (None, Some(name)) => match named(name) {
            Some(measure) => vec![measure],
            None => return vec![by_name(name, question)],
        },
        (None, None) => match question.object.as_ref().map(|object| object.kind.as_str()) {
            Some("Node") => vec![Measure::Cpu, Measure::Memory],
            Some("PersistentVolumeClaim") => vec![Measure::VolumeUsage],
            Some("Service") => vec![Measure::HttpErrors, Measure::Latency],
            _ => vec![
                Measure::Cpu,
                Measure::Memory,
                Measure::Throttling,
                Measure::Restarts,
                Measure::HttpErrors,
                Measure::Latency,
            ],
        },
    };
    let about = About::of(question);
    measures.into_iter().flat_map(|measure| of_measure(measure, &about)).collect()
}

/// The measure that a part of a metric's name means, where it means one.
fn named(name: &str) -> Option<Measure> {
    let is = |words: &[&str]| words.contains(&name.trim().to_ascii_lowercase().as_str());
    if is(&["cpu"]) {
        Some(Measure::Cpu)
    } else if is(&["memory", "mem"]) {
        Some(Measure::Memory)
    } else if is(&["throttling", "throttled", "throttle"]) {
        Some(Measure::Throttling)
    } else if is(&["restarts", "restart"]) {
        Some(Measure::Restarts)
    } else if is(&["errors", "error", "5xx"]) {
        Some(Measure::HttpErrors)
    } else if is(&["latency", "duration"]) {
        Some(Measure::Latency)
    } else if is(&["volume", "disk"]) {
        Some(Measure::VolumeUsage)
    } else {
        None
    }
}

fn by_name(name: &str, question: &MetricQuestion) -> Asked {
    let about = About::of(question);
    let name = quoted(&format!(".*{}.*", regex::escape(name)));
    Asked { name: "", unit: "", query: format!("{{__name__=~{name}{}}}", about.and_pods()) }
}

/// Whom the question is about, as labels.
struct About {
    namespace: Option<String>,
    pods: Option<String>,
    node: Option<String>,
    claim: Option<String>,
    service: Option<String>,
}

impl About {
    fn of(question: &MetricQuestion) -> About {
        let mut about =
            About { namespace: question.namespace.clone(), pods: None, node: None, claim: None, service: None };
        let Some(ObjectRef { kind, namespace, name }) = &question.object else { return about };
        if !namespace.is_empty() {
            about.namespace = Some(namespace.to_string());
        }
        let name = name.to_string();
        match kind.as_str() {
            "Pod" => about.pods = Some(regex::escape(&name)),
            "Node" => about.node = Some(name),
            "PersistentVolumeClaim" => about.claim = Some(name),
            "Service" => about.service = Some(name),
            "Namespace" => about.namespace = Some(name),
            // What a controller makes begins with its name and ends as it ends names.
            "StatefulSet" => about.pods = Some(format!("{}-[0-9]+", regex::escape(&name))),
            "DaemonSet" | "Job" | "ReplicaSet" => about.pods = Some(format!("{}-[a-z0-9]+", regex::escape(&name))),
            _ => about.pods = Some(format!("{}-[a-z0-9]+(-[a-z0-9]+)?", regex::escape(&name))),
        }
        about
    }

    /// `,namespace="…",pod=~"…"`: behind another label.
    fn and_pods(&self) -> String {
        let mut labels = String::new();
        if let Some(namespace) = &self.namespace {
            labels.push_str(&format!(",namespace={}", quoted(namespace)));
        }
        if let Some(pods) = &self.pods {
            labels.push_str(&format!(",pod=~{}", quoted(pods)));
        }
        if let Some(node) = &self.node {
            labels.push_str(&format!(",node={}", quoted(node)));
        }
        if let Some(claim) = &self.claim {
            labels.push_str(&format!(",persistentvolumeclaim={}", quoted(claim)));
        }
        if let Some(service) = &self.service {
            labels.push_str(&format!(",service={}", quoted(service)));
        }
        labels
    }
}

fn of_measure(measure: Measure, about: &About) -> Vec<Asked> {
    let and = about.and_pods();
    let one = |name, unit, query: String| Asked { name, unit, query };
    // Only the labels that tell series apart, so that two scrapers of one container are one series.
    const BY: &str = "namespace, pod, container";
    match measure {
        Measure::Cpu if about.node.is_some() => vec![one(
            "node_cpu_usage_cores",
            "cores",
            format!("sum by (node) (rate(container_cpu_usage_seconds_total{{id=\"/\"{and}}}[{RATE}]))"),
        )],
        Measure::Memory if about.node.is_some() => vec![one(
            "node_memory_working_set_bytes",
            "bytes",
            format!("max by (node) (container_memory_working_set_bytes{{id=\"/\"{and}}})"),
        )],
        Measure::Cpu => vec![one(
            "container_cpu_usage_cores",
            "cores",
            format!(
                "sum by ({BY}) (rate(container_cpu_usage_seconds_total{{container!=\"\",container!=\"POD\"{and}}}[{RATE}]))"
            ),
        )],
        Measure::Memory => vec![one(
            "container_memory_working_set_bytes",
            "bytes",
            format!("max by ({BY}) (container_memory_working_set_bytes{{container!=\"\",container!=\"POD\"{and}}})"),
        )],
        Measure::Throttling => vec![one(
            "container_cpu_cfs_throttled_ratio",
            "ratio",
            format!(
                "sum by ({BY}) (rate(container_cpu_cfs_throttled_periods_total{{container!=\"\"{and}}}[{RATE}])) / \
                 sum by ({BY}) (rate(container_cpu_cfs_periods_total{{container!=\"\"{and}}}[{RATE}]))"
            ),
        )],
        Measure::Restarts => vec![one(
            "kube_pod_container_status_restarts_total",
            "",
            format!("max by ({BY}) (kube_pod_container_status_restarts_total{{container!=\"\"{and}}})"),
        )],
        Measure::HttpErrors => vec![one("http_requests_error_ratio", "ratio", http_errors(about))],
        Measure::Latency => vec![one("http_request_duration_seconds_p99", "seconds", latency(about))],
        Measure::VolumeUsage => ["kubelet_volume_stats_used_bytes", "kubelet_volume_stats_capacity_bytes"]
            .into_iter()
            .map(|name| {
                let query =
                    format!("max by (namespace, persistentvolumeclaim) ({name}{{persistentvolumeclaim!=\"\"{and}}})");
                one(name, "bytes", query)
            })
            .collect(),
    }
}

/// Counters of requests and the label that holds their status.
const REQUESTS: &[(&str, &str)] = &[
    ("http_requests_total", "status"),
    ("http_requests_total", "code"),
    ("http_requests_total", "status_code"),
    ("http_server_requests_seconds_count", "status"),
    ("http_server_request_duration_seconds_count", "http_response_status_code"),
    ("http_request_duration_seconds_count", "status_code"),
    ("nginx_ingress_controller_requests", "status"),
    ("istio_requests_total", "response_code"),
];

/// Histograms of how long requests take.
const DURATIONS: &[&str] = &[
    "http_request_duration_seconds_bucket",
    "http_server_requests_seconds_bucket",
    "http_server_request_duration_seconds_bucket",
    "nginx_ingress_controller_request_duration_seconds_bucket",
];

fn http_errors(about: &About) -> String {
    let parts: Vec<String> = REQUESTS
        .iter()
        .map(|(name, label)| {
            let (and, by) = (http_labels(about, name), by(name));
            format!(
                "(sum by ({by}) (rate({name}{{{label}=~\"5..\"{and}}}[{RATE}])) or \
                 0 * sum by ({by}) (rate({name}{{{label}!=\"\"{and}}}[{RATE}]))) / \
                 sum by ({by}) (rate({name}{{{label}!=\"\"{and}}}[{RATE}]))"
            )
        })
        .collect();
    parts.join(" or ")
}

fn latency(about: &About) -> String {
    let parts: Vec<String> = DURATIONS
        .iter()
        .map(|name| {
            let (and, by) = (http_labels(about, name), by(name));
            format!("histogram_quantile(0.99, sum by ({by}, le) (rate({name}{{le!=\"\"{and}}}[{RATE}])))")
        })
        .collect();
    parts.join(" or ")
}

/// Proxies tell whom they pass to in labels of their own.
fn http_labels(about: &About, metric: &str) -> String {
    let namespace = about.namespace.as_ref();
    let (namespace_label, service_label) = if metric.starts_with("nginx_") {
        ("exported_namespace", "exported_service")
    } else if metric.starts_with("istio_") {
        ("destination_service_namespace", "destination_service_name")
    } else {
        return about.and_pods();
    };
    let mut labels = String::new();
    if let Some(namespace) = namespace {
        labels.push_str(&format!(",{namespace_label}={}", quoted(namespace)));
    }
    if let Some(service) = &about.service {
        labels.push_str(&format!(",{service_label}={}", quoted(service)));
    }
    labels
}

fn by(metric: &str) -> &'static str {
    if metric.starts_with("nginx_") {
        "exported_namespace, exported_service"
    } else if metric.starts_with("istio_") {
        "destination_service_namespace, destination_service_name"
    } else {
        "namespace, pod, service"
    }
}
