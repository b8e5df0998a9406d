//! Which file of a bundle is what.

use super::files::File;
use super::reading::{Reading, Reason};
use super::{
    alerts, changes, dependencies, events, kinds, logs, metrics, node_metrics, nodes, objects, probes, shapes,
};

/// Names that metrics, probes and logs are recognised by must be known before those are read.
pub(super) fn read(reading: &mut Reading, files: &[File]) {
    let (first, rest): (Vec<&File>, Vec<&File>) = files.iter().partition(|f| is_definition(&f.path));
    let (second, rest): (Vec<&File>, Vec<&File>) = rest.into_iter().partition(|f| is_inventory(&f.path));
    for file in first.into_iter().chain(second).chain(rest) {
        match one(reading, file) {
            Ok(()) => reading.report.files_read += 1,
            Err(reason) => reading.report.unread.push((file.path.clone(), reason)),
        }
    }
}

/// What says how custom resources are called.
fn is_definition(path: &str) -> bool {
    path.starts_with("cluster-resources/custom-resource-definitions")
        || path.starts_with("cluster-resources/resources.")
}

fn is_inventory(path: &str) -> bool {
    path.starts_with("cluster-resources/") && !path.ends_with(".log")
}

fn one(reading: &mut Reading, file: &File) -> Result<(), Reason> {
    let segments = file.segments();
    match segments[..] {
        ["version.yaml"] => Ok(()),
        ["cluster-info", _] => shapes::cluster_info(reading, file),
        ["cluster-resources", "pods", "logs", ..] => logs::pod(reading, file, &segments[3..]),
        ["cluster-resources", "auth-cani-list", name] => shapes::rules(reading, file, name),
        ["cluster-resources", "image-pull-secrets", ..] => shapes::pull_secrets(file),
        ["cluster-resources", "custom-resources", crd, ..] => {
            objects::custom(reading, file, crd, segments.get(3).copied())
        }
        ["cluster-resources", "resources.json" | "resources.yaml"] => objects::api_resources(reading, file),
        ["cluster-resources", "groups.json" | "groups.yaml"] => Ok(()),
        ["cluster-resources", "events", name] => events::list(reading, file, without_extension(name)),
        ["cluster-resources", name] if without_extension(name).ends_with("-errors") => {
            objects::refusals(reading, file, without_extension(name).trim_end_matches("-errors"))
        }
        ["cluster-resources", name] if without_extension(name) == "events" => events::list(reading, file, ""),
        ["cluster-resources", name] => objects::list(reading, file, without_extension(name), ""),
        ["cluster-resources", kind, name] if without_extension(name).ends_with("-errors") => {
            objects::refusals(reading, file, kind)
        }
        ["cluster-resources", kind, name] => objects::list(reading, file, kind, without_extension(name)),
        ["configmaps", namespace, name, ..] => shapes::collected(reading, file, "ConfigMap", namespace, name),
        ["secrets", namespace, name, ..] => shapes::collected(reading, file, "Secret", namespace, name),
        ["configmaps-errors", ..] | ["secrets-errors", ..] => shapes::collected_error(file),
        ["host-collectors", ..] => nodes::host(reading, file, &segments[1..]),
        ["node-metrics", name] => node_metrics::summary(reading, file, without_extension(name)),
        ["alerts.json"] | ["alerts", _] => alerts::list(reading, file),
        ["probes", name] => probes::one(reading, file, without_extension(name)),
        ["metrics", name] => metrics::file(reading, file, name),
        ["dependencies", _] => dependencies::tree(reading, file),
        ["changes", name] => changes::file(reading, file, name),
        ["logs", name] if name.ends_with(".log") || name.ends_with(".txt") => logs::shipped(reading, file),
        [collector, pod, log] if log.ends_with(".log") => logs::collected(reading, file, collector, pod, log),
        [collector, namespace, pod, log] if log.ends_with(".log") && collector != "cluster-resources" => {
            logs::pod(reading, file, &[namespace, pod, log])
        }
        _ => Err(match kinds::set_aside(&file.path) {
            Some(what) => format!("known and not used: {what}"),
            None => "nothing here knows what this file is".into(),
        }),
    }
}

pub(super) fn without_extension(name: &str) -> &str {
    [".json", ".yaml", ".yml", ".txt", ".log"].into_iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}
