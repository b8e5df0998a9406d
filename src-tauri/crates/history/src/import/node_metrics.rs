use std::collections::BTreeMap;

use model::{MetricPoint, ObjectRef, Time};
use serde_json::Value;

use super::files::File;
use super::metrics::series;
use super::parse;
use super::reading::{Reading, Reason};

/// Which fields of the kubelet's summary become which metric, by the names cAdvisor and the kubelet give them.
const CONTAINER: &[(&str, &str, f64)] = &[
    ("/cpu/usageNanoCores", "container_cpu_usage_cores", 1e-9),
    ("/memory/workingSetBytes", "container_memory_working_set_bytes", 1.0),
    ("/memory/rssBytes", "container_memory_rss_bytes", 1.0),
];
const NODE: &[(&str, &str, f64)] = &[
    ("/cpu/usageNanoCores", "node_cpu_usage_cores", 1e-9),
    ("/memory/workingSetBytes", "node_memory_working_set_bytes", 1.0),
    ("/memory/availableBytes", "node_memory_available_bytes", 1.0),
    ("/fs/availableBytes", "node_fs_available_bytes", 1.0),
    ("/fs/capacityBytes", "node_fs_capacity_bytes", 1.0),
    ("/fs/inodesFree", "node_fs_inodes_free", 1.0),
    ("/runtime/imageFs/availableBytes", "node_image_fs_available_bytes", 1.0),
];
const VOLUME: &[(&str, &str, f64)] = &[
    ("/usedBytes", "kubelet_volume_stats_used_bytes", 1.0),
    ("/capacityBytes", "kubelet_volume_stats_capacity_bytes", 1.0),
    ("/availableBytes", "kubelet_volume_stats_available_bytes", 1.0),
    ("/inodesFree", "kubelet_volume_stats_inodes_free", 1.0),
];

/// `node-metrics/<node>.json`: the kubelet's `/stats/summary`.
pub(super) fn summary(reading: &mut Reading, file: &File, name: &str) -> Result<(), Reason> {
    let document = parse::json(&file.text())?;
    let node = document.get("node").filter(|node| node.is_object()).ok_or("it is not a kubelet's summary")?;
    let own = parse::text_of(node, "/nodeName");
    let node_name = if own.is_empty() { name } else { own };
    points(reading, node, NODE, &ObjectRef::global("Node", node_name), BTreeMap::new());
    for pod in document["pods"].as_array().into_iter().flatten() {
        let namespace = parse::text_of(pod, "/podRef/namespace");
        let subject = ObjectRef::new("Pod", namespace, parse::text_of(pod, "/podRef/name"));
        for container in pod["containers"].as_array().into_iter().flatten() {
            let labels = BTreeMap::from([("container".to_owned(), parse::text_of(container, "/name").to_owned())]);
            points(reading, container, CONTAINER, &subject, labels);
        }
        for volume in pod["volume"].as_array().into_iter().flatten() {
            let claim = parse::text_of(volume, "/pvcRef/name");
            if !claim.is_empty() {
                points(
                    reading,
                    volume,
                    VOLUME,
                    &ObjectRef::new("PersistentVolumeClaim", namespace, claim),
                    BTreeMap::new(),
                );
            }
        }
    }
    Ok(())
}

fn points(
    reading: &mut Reading,
    value: &Value,
    fields: &[(&str, &str, f64)],
    subject: &ObjectRef,
    labels: BTreeMap<String, String>,
) {
    let times = ["/cpu/time", "/memory/time", "/fs/time", "/time"];
    let at: Time =
        times.into_iter().find_map(|pointer| parse::time(value.pointer(pointer)?)).unwrap_or(reading.collected_at);
    for (pointer, name, factor) in fields {
        if let Some(number) = value.pointer(pointer).and_then(Value::as_f64) {
            let point = MetricPoint { at, value: number * factor };
            series(reading, Some(subject.clone()), (*name).to_owned(), None, labels.clone(), vec![point]);
        }
    }
}
