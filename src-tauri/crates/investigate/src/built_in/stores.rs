use std::collections::BTreeSet;

use model::{Doc, ObjectRef, Snapshot};
use topology::Graph;

/// Words in the image names of databases.
const IMAGES: [&str; 12] = [
    "mysql",
    "mariadb",
    "percona",
    "postgres",
    "mongo",
    "redis",
    "valkey",
    "cassandra",
    "cockroach",
    "mssql",
    "oracle",
    "clickhouse",
];
/// Ports that IANA or custom gives to databases.
const PORTS: [u64; 9] = [1433, 1521, 3306, 5432, 6379, 8123, 9042, 26257, 27017];

/// Workloads of a namespace that serve a database, by image or port.
pub(crate) fn databases(snapshot: &Snapshot, graph: &Graph, namespace: &str) -> Vec<ObjectRef> {
    let found: BTreeSet<ObjectRef> = snapshot
        .in_namespace("Pod", namespace)
        .filter(|(_, held)| containers(&held.object).any(serves_database))
        .map(|(pod, _)| graph.workload_of(pod))
        .collect();
    found.into_iter().collect()
}

fn containers(pod: &Doc) -> impl Iterator<Item = &Doc> {
    pod.pointer("/spec/containers").and_then(Doc::as_array).into_iter().flatten()
}

fn serves_database(container: &Doc) -> bool {
    let image = container["image"].as_str().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    let exporter = name.contains("exporter");
    let ports = container["ports"].as_array().into_iter().flatten();
    let listens = ports.filter_map(|p| p["containerPort"].as_u64()).any(|p| PORTS.contains(&p));
    !exporter && (listens || IMAGES.iter().any(|word| name.contains(word)))
}
