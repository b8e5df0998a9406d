use std::collections::BTreeMap;

use model::{Body, MetricBody, MetricPoint, ObjectRef, Observation, Time};
use serde_json::Value;

use super::{Answer, segment};
use crate::connection::Inner;
use crate::reach::Measure;
use crate::{MetricQuestion, ReadError};

const GROUP: &str = "metrics.k8s.io";

impl Inner {
    /// What metrics-server says of now: no past, no rates.
    pub(crate) async fn resource_use(&self, question: &MetricQuestion) -> Answer {
        let what = "the use of CPU and memory";
        let served = self.served_kind(&format!("PodMetrics.{GROUP}")).await.map_err(|t| t.reading(what))?;
        let Some(served) = served else {
            return Err(ReadError::not_available(
                what,
                "the cluster does not serve metrics.k8s.io",
                "Install metrics-server, or look at your own monitoring and note what it says.",
            ));
        };
        let of_nodes = question.object.as_ref().is_some_and(|object| object.kind == "Node");
        let base = format!("/apis/{GROUP}/{}", served.version);
        let namespace = question.object.as_ref().map(|o| o.namespace.as_str()).or(question.namespace.as_deref());
        let namespace = namespace.filter(|namespace| !namespace.is_empty());
        let path = match namespace {
            _ if of_nodes => format!("{base}/nodes"),
            Some(namespace) => format!("{base}/namespaces/{}/pods", segment(namespace)),
            None => format!("{base}/pods"),
        };
        let list = self.get_json(&path).await.map_err(|trouble| trouble.reading(what))?;
        let mut found = Vec::new();
        for item in list["items"].as_array().into_iter().flatten() {
            if of_nodes {
                self.add(item, "Node", &item["usage"], None, &mut found);
            }
            for container in item["containers"].as_array().into_iter().flatten() {
                self.add(item, "Pod", &container["usage"], container["name"].as_str(), &mut found);
            }
        }
        found.retain(|o| {
            let Body::Metric(metric) = &o.body else { return false };
            let named = question.name.as_ref().is_none_or(|name| metric.name.contains(name.as_str()));
            let measured = match question.measure {
                Some(Measure::Cpu) => metric.name.contains("cpu"),
                Some(Measure::Memory) => metric.name.contains("memory"),
                Some(_) => false,
                None => true,
            };
            named
                && measured
                && question.object.as_ref().is_none_or(|object| o.subject.as_ref().is_some_and(|s| is_of(s, object)))
        });
        Ok(found)
    }

    fn add(&self, item: &Value, kind: &str, usage: &Value, container: Option<&str>, found: &mut Vec<Observation>) {
        let Some(name) = item["metadata"]["name"].as_str() else { return };
        let namespace = item["metadata"]["namespace"].as_str().unwrap_or_default();
        let at: Time = item["timestamp"].as_str().and_then(|t| t.parse().ok()).unwrap_or_else(|| self.clock.now());
        for (resource, metric, unit) in
            [("cpu", "cpu_usage_cores", "cores"), ("memory", "memory_working_set_bytes", "bytes")]
        {
            let Some(value) = usage[resource].as_str().and_then(quantity) else { continue };
            let mut labels = BTreeMap::new();
            if let Some(container) = container {
                labels.insert("container".to_owned(), container.to_owned());
            }
            if let Some(window) = item["window"].as_str() {
                labels.insert("window".to_owned(), window.to_owned());
            }
            let body = Body::Metric(MetricBody {
                name: metric.into(),
                unit: unit.into(),
                labels,
                points: vec![MetricPoint { at, value }],
            });
            found.push(self.read_now(ObjectRef::new(kind, namespace, name), body));
        }
    }
}

/// A pod of a workload carries the workload's name in front of its own.
fn is_of(subject: &ObjectRef, object: &ObjectRef) -> bool {
    subject == object
        || (subject.kind == "Pod"
            && object.kind != "Pod"
            && subject.namespace == object.namespace
            && subject.name.strip_prefix(object.name.as_str()).is_some_and(|rest| rest.starts_with('-')))
}

/// Kubernetes' quantities: `250m`, `12345n`, `64Mi`, `1e3`.
pub(super) fn quantity(text: &str) -> Option<f64> {
    const SUFFIXES: &[(&str, f64)] = &[
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
    ];
    let text = text.trim();
    for (suffix, factor) in SUFFIXES {
        if let Some(number) = text.strip_suffix(suffix) {
            return number.parse::<f64>().ok().map(|number| number * factor);
        }
    }
    text.parse().ok()
}
