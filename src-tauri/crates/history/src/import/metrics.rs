use std::collections::{BTreeMap, BTreeSet};

use model::{Body, MetricBody, MetricPoint, ObjectRef, Time};
use serde_json::Value;

use super::files::File;
use super::layout::without_extension;
use super::parse;
use super::reading::{Reading, Reason};

/// How far apart the points of a series are taken to be where its source holds only a summary: Prometheus' default.
const ASSUMED_STEP_SECONDS: i64 = 60;

/// What a column or a label can name, the owner of pods before what leads to it.
const SUBJECTS: &[&str] =
    &["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service", "Node", "Pod", "Namespace"];

/// `metrics/*.csv`: one column a series, one row a sample, or one row a series; `*.json`: a Prometheus query's answer.
pub(super) fn file(reading: &mut Reading, file: &File, name: &str) -> Result<(), Reason> {
    if name.ends_with(".csv") {
        csv(reading, &file.text(), without_extension(name).trim_end_matches(".csv"))
    } else if name.ends_with(".json") {
        prometheus(reading, &parse::json(&file.text())?, without_extension(name))
    } else if name.to_ascii_uppercase().starts_with("README") {
        Ok(())
    } else {
        Err("metrics are read from CSV files and from Prometheus' JSON".into())
    }
}

fn csv(reading: &mut Reading, text: &str, name: &str) -> Result<(), Reason> {
    let mut rows = text.lines().filter(|line| !line.trim().is_empty()).map(fields);
    let header = rows.next().ok_or("it is empty")?;
    let rows: Vec<Vec<String>> = rows.collect();
    let is_time =
        |h: &str| matches!(h.to_ascii_lowercase().as_str(), "time" | "timestamp" | "date" | "datetime" | "ts");
    let time = header.iter().position(|h| is_time(h));
    let value = header.iter().position(|h| h.eq_ignore_ascii_case("value"));
    match (time, value) {
        (Some(time), Some(value)) => long(reading, name, &header, &rows, time, value),
        (Some(time), None) => wide(reading, name, &header, &rows, time),
        (None, _) if header.iter().any(|h| h == "last") => summaries(reading, name, &header, &rows),
        _ => Err("it has neither a time column nor the last value of each series".into()),
    }
}

/// One line of CSV; quoted fields may hold commas and doubled quotes.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.trim_end_matches('\r').chars().peekable();
    while let Some(c) = chars.next() {
        let Some(field) = fields.last_mut() else { break };
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => field.push(c),
        }
    }
    fields
}

/// A column for each series, named `<object>-<metric>`.
fn wide(reading: &mut Reading, name: &str, header: &[String], rows: &[Vec<String>], time: usize) -> Result<(), Reason> {
    let known: Vec<Option<(ObjectRef, String)>> = header
        .iter()
        .map(|h| reading.find_prefix(h, SUBJECTS).map(|(object, metric)| (object, metric.to_owned())))
        .collect();
    let metrics: BTreeSet<String> = known.iter().flatten().map(|(_, metric)| metric.clone()).collect();
    let times: Vec<Option<Time>> = rows.iter().map(|row| parse::text_time(row.get(time)?)).collect();
    if times.iter().flatten().next().is_none() {
        return Err("its times cannot be read".into());
    }
    for (column, title) in header.iter().enumerate().filter(|(column, _)| *column != time) {
        let points: Vec<MetricPoint> = rows
            .iter()
            .zip(&times)
            .filter_map(|(row, at)| {
                let value = row.get(column)?.trim().parse::<f64>().ok().filter(|v| v.is_finite())?;
                Some(MetricPoint { at: (*at)?, value })
            })
            .collect();
        let (subject, metric, mut labels) = match &known[column] {
            Some((object, metric)) => (Some(object.clone()), metric.clone(), BTreeMap::new()),
            None => match metrics.iter().rev().find_map(|m| Some((title.strip_suffix(m.as_str())?, m))) {
                Some((object, metric)) => {
                    let object = object.trim_end_matches(['-', '_', '/', '.', ':', '|', ' ']).to_owned();
                    (None, metric.clone(), BTreeMap::from([("object".to_owned(), object)]))
                }
                None => (None, title.clone(), BTreeMap::new()),
            },
        };
        labels.insert("file".into(), name.to_owned());
        series(reading, subject, metric, None, labels, points);
    }
    Ok(())
}

/// A row for each sample: time, value, and labels in the other columns.
fn long(
    reading: &mut Reading,
    name: &str,
    header: &[String],
    rows: &[Vec<String>],
    time: usize,
    value: usize,
) -> Result<(), Reason> {
    let mut by_labels: BTreeMap<BTreeMap<String, String>, Vec<MetricPoint>> = BTreeMap::new();
    for row in rows {
        let (Some(at), Some(value_)) = (
            row.get(time).and_then(|t| parse::text_time(t)),
            row.get(value).and_then(|v| v.trim().parse::<f64>().ok()).filter(|v| v.is_finite()),
        ) else {
            continue;
        };
        let labels = header
            .iter()
            .zip(row)
            .enumerate()
            .filter(|(column, _)| *column != time && *column != value)
            .map(|(_, (key, value))| (key.clone(), value.clone()))
            .collect();
        by_labels.entry(labels).or_default().push(MetricPoint { at, value: value_ });
    }
    for (mut labels, points) in by_labels {
        let metric = ["metric", "__name__", "name"].into_iter().find_map(|key| labels.remove(key));
        let unit = labels.remove("unit");
        let subject = subject_of(reading, &labels);
        series(reading, subject, metric.unwrap_or_else(|| name.to_owned()), unit, labels, points);
    }
    Ok(())
}

/// A row for each series with its first and last value; the points between them are not known.
fn summaries(reading: &mut Reading, name: &str, header: &[String], rows: &[Vec<String>]) -> Result<(), Reason> {
    for row in rows {
        let mut labels: BTreeMap<String, String> = header.iter().cloned().zip(row.iter().cloned()).collect();
        let number = |labels: &BTreeMap<String, String>, key: &str| labels.get(key)?.trim().parse::<f64>().ok();
        let Some(last) = number(&labels, "last") else { continue };
        let until = ["until", "end", "last_at"].into_iter().find_map(|key| parse::text_time(labels.get(key)?));
        let until = until.unwrap_or(reading.collected_at);
        let count = number(&labels, "points").map_or(2, |count| count as i64).max(2);
        let mut points = vec![MetricPoint { at: until, value: last }];
        if let Some(first) = number(&labels, "first") {
            let began = until.plus_seconds(-(count - 1) * ASSUMED_STEP_SECONDS);
            points.insert(0, MetricPoint { at: began, value: first });
        }
        let unit = labels.remove("unit");
        let metric = labels.remove("metric").unwrap_or_else(|| name.to_owned());
        labels.retain(|key, _| !matches!(key.as_str(), "first" | "last" | "until" | "end"));
        labels.insert("spacing".into(), format!("assumed: one point every {ASSUMED_STEP_SECONDS} s"));
        let subject = subject_of(reading, &labels);
        series(reading, subject, metric, unit, labels, points);
    }
    Ok(())
}

/// The answer of `/api/v1/query` or `/api/v1/query_range`.
fn prometheus(reading: &mut Reading, document: &Value, name: &str) -> Result<(), Reason> {
    let result = document.pointer("/data/result").or(document.get("result")).unwrap_or(document);
    let result = result.as_array().ok_or("it is not a Prometheus query's answer")?;
    for one in result {
        let mut labels: BTreeMap<String, String> = one["metric"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect();
        let single = one.get("value").map(std::slice::from_ref).unwrap_or_default();
        let samples = one["values"].as_array().map_or(single, Vec::as_slice);
        let points = samples
            .iter()
            .filter_map(|sample| {
                let seconds = sample.get(0)?.as_f64()?;
                let value = sample.get(1)?.as_str()?.parse::<f64>().ok().filter(|v| v.is_finite())?;
                Some(MetricPoint { at: Time((seconds * 1e6) as i64), value })
            })
            .collect();
        let metric = labels.remove("__name__").unwrap_or_else(|| name.to_owned());
        let subject = subject_of(reading, &labels);
        series(reading, subject, metric, None, labels, points);
    }
    Ok(())
}

fn subject_of(reading: &Reading, labels: &BTreeMap<String, String>) -> Option<ObjectRef> {
    let namespace = labels.get("namespace").or_else(|| labels.get("exported_namespace")).map(String::as_str);
    let by_kind = [
        ("pod", "Pod"),
        ("deployment", "Deployment"),
        ("statefulset", "StatefulSet"),
        ("daemonset", "DaemonSet"),
        ("persistentvolumeclaim", "PersistentVolumeClaim"),
        ("service", "Service"),
        ("node", "Node"),
        ("instance", "Node"),
    ];
    for (label, kind) in by_kind {
        let Some(name) = labels.get(label) else { continue };
        let found = reading.find(name, namespace.filter(|_| kind != "Node"), &[kind]);
        if found.is_some() || kind == "Node" {
            return found.or_else(|| (label == "node").then(|| ObjectRef::global("Node", name)));
        }
        if let Some(namespace) = namespace {
            return Some(ObjectRef::new(kind, namespace, name));
        }
    }
    ["workload", "app", "object"].into_iter().find_map(|key| reading.find(labels.get(key)?, namespace, SUBJECTS))
}

pub(super) fn series(
    reading: &mut Reading,
    subject: Option<ObjectRef>,
    name: String,
    unit: Option<String>,
    labels: BTreeMap<String, String>,
    points: Vec<MetricPoint>,
) {
    let Some(last) = points.iter().map(|p| p.at).max() else { return };
    let unit = unit.unwrap_or_else(|| unit_of(&name).to_owned());
    reading.note(last, subject, Body::Metric(MetricBody { name, unit, labels, points }));
}

/// The unit as Prometheus' naming rules give it; empty where a name says nothing.
fn unit_of(name: &str) -> &'static str {
    let name = name.trim_end_matches("_total").trim_end_matches("_sum").trim_end_matches("_bucket");
    match name {
        _ if name.ends_with("bytes") => "bytes",
        _ if name.ends_with("seconds") => "seconds",
        _ if name.ends_with("ratio") || name.ends_with("success_rate") => "ratio",
        _ if name.ends_with("cores") => "cores",
        _ if name.ends_with("percent") => "percent",
        _ if name.ends_with("latency") || name.ends_with("_ms") => "ms",
        _ => "",
    }
}
