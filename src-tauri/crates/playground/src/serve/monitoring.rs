//! What a Prometheus in front of a scenario's metrics would answer. It knows the questions that an investigation asks, not
//! PromQL: a question is answered by the scenario's metric that stands for what it computes.

use std::collections::BTreeMap;

use axum::response::Response;
use http::StatusCode;
use model::{MetricBody, MetricPoint, Time};
use regex::Regex;
use serde_json::{Value, json};

use super::Site;
use super::request::Asked;
use crate::status::Refusal;

/// The raw metric that a question computes from, and part of the name of the metric that a scenario has for its result.
const FAMILIES: &[(&str, &str)] = &[
    ("container_cpu_cfs_throttled_periods_total", "cpu_cfs_throttled"),
    ("container_cpu_usage_seconds_total", "cpu_usage"),
    ("container_memory_working_set_bytes", "memory_working_set"),
    ("http_request_duration_seconds_bucket", "http_request_duration_seconds"),
    ("http_requests_total", "http_requests_error_ratio"),
    ("kubelet_volume_stats_used_bytes", "kubelet_volume_stats_used_bytes"),
    ("kubelet_volume_stats_capacity_bytes", "kubelet_volume_stats_capacity_bytes"),
    ("kube_pod_container_status_restarts_total", "container_status_restarts"),
];
/// How long a point stands for what follows it, as Prometheus does it.
const STALE_SECONDS: f64 = 300.0;
/// Points of one answer; Prometheus refuses more.
const MOST_POINTS: u64 = 11_000;

pub(super) fn answer(site: &Site, asked: &Asked) -> Result<Response, Refusal> {
    let query = asked.text("query").ok_or_else(|| Refusal::bad_request("a `query` is missing"))?;
    let seconds = |name: &str| asked.text(name).and_then(|text| text.parse::<f64>().ok());
    let now = super::now().seconds();
    let range = asked.rest == "api/v1/query_range";
    #[expect(clippy::cast_possible_truncation, reason = "a time in seconds")]
    let whole = |seconds: f64| seconds as i64;
    let (from, until, step) = match range {
        true => (
            seconds("start").map_or(now - 3600, whole),
            seconds("end").map_or(now, whole),
            seconds("step").map_or(60, whole).max(1),
        ),
        false => {
            let at = seconds("time").map_or(now, whole);
            (at, at, 1)
        }
    };
    if until.saturating_sub(from).unsigned_abs() / step.unsigned_abs() > MOST_POINTS {
        return Err(Refusal::bad_request("exceeded maximum resolution of 11,000 points per series"));
    }
    let wanted = Wanted::of(query);
    let result: Vec<Value> = site.world.store.read(|kept| {
        let series = kept.series.values().filter(|series| wanted.is_met_by(series));
        series.filter_map(|series| one(series, &wanted, from, until, step, range)).collect()
    });
    let kind = if range { "matrix" } else { "vector" };
    Ok(super::json(StatusCode::OK, &json!({"status": "success", "data": {"resultType": kind, "result": result}})))
}

/// Which series a question is about.
struct Wanted<'q> {
    /// Part of a name; the whole of it where nothing is computed.
    name: Name<'q>,
    labels: Vec<(String, Option<Regex>)>,
}

enum Name<'q> {
    Part(&'static str),
    Like(Option<Regex>),
    Own(&'q str),
}

impl<'q> Wanted<'q> {
    fn of(query: &'q str) -> Wanted<'q> {
        let matchers = matchers(query);
        let like = matchers.iter().find(|(label, _)| label == "__name__").map(|(_, like)| like.clone());
        let family = FAMILIES.iter().find(|(raw, _)| query.contains(raw)).map(|(_, own)| *own);
        let name = match (like, family) {
            (Some(like), _) => Name::Like(like),
            (None, Some(own)) => Name::Part(own),
            (None, None) => Name::Own(query.split(['{', '[', '(']).next().unwrap_or_default().trim()),
        };
        let whose = ["namespace", "pod", "node", "service", "persistentvolumeclaim"];
        Wanted { name, labels: matchers.into_iter().filter(|(label, _)| whose.contains(&label.as_str())).collect() }
    }

    fn is_met_by(&self, series: &MetricBody) -> bool {
        let named = match &self.name {
            Name::Part(part) => series.name.contains(part),
            Name::Like(like) => like.as_ref().is_some_and(|like| like.is_match(&series.name)),
            Name::Own(own) => series.name == *own,
        };
        named
            && self.labels.iter().all(|(label, value)| {
                let own = series.labels.get(label).map_or("", String::as_str);
                value.as_ref().is_some_and(|value| value.is_match(own))
            })
    }
}

/// The matchers of a query that ask for a value; a pattern that cannot be read matches nothing.
fn matchers(query: &str) -> Vec<(String, Option<Regex>)> {
    let mut found = Vec::new();
    let mut rest = query;
    while let Some(at) = rest.find("=\"").into_iter().chain(rest.find("=~\"")).min() {
        let (before, after) = rest.split_at(at);
        let pattern = after.starts_with("=~");
        let value_at = if pattern { 3 } else { 2 };
        let mut value = String::new();
        let mut end = after.len();
        let mut escaped = false;
        for (place, letter) in after.char_indices().skip(value_at) {
            match letter {
                _ if escaped => {
                    value.push(letter);
                    escaped = false;
                }
                '\\' => escaped = true,
                '"' => {
                    end = place + 1;
                    break;
                }
                other => value.push(other),
            }
        }
        let label: String = before.chars().rev().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let label: String = label.chars().rev().collect();
        let expression = if pattern { value } else { regex::escape(&value) };
        // `name!="…"` leaves the exclamation mark in front; what a series must not be is left out of account.
        if !label.is_empty() {
            found.push((label, Regex::new(&format!("^(?:{expression})$")).ok()));
        }
        rest = &after[end..];
    }
    found
}

fn one(series: &MetricBody, wanted: &Wanted, from: i64, until: i64, step: i64, range: bool) -> Option<Value> {
    let factor = if series.unit == "millicores" && matches!(wanted.name, Name::Part(_)) { 0.001 } else { 1.0 };
    let mut values = Vec::new();
    let mut at = from;
    while at <= until {
        if let Some(point) = last_before(&series.points, at) {
            values.push(json!([at, (point.value * factor).to_string()]));
        }
        at += step;
    }
    let mut metric: BTreeMap<&str, &str> = series.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    if !matches!(wanted.name, Name::Part(_)) {
        metric.insert("__name__", &series.name);
    }
    let last = values.last().cloned()?;
    Some(if range { json!({"metric": metric, "values": values}) } else { json!({"metric": metric, "value": last}) })
}

fn last_before(points: &[MetricPoint], at: i64) -> Option<&MetricPoint> {
    let at = Time::from_seconds(at);
    let place = points.partition_point(|point| point.at <= at);
    points[..place].last().filter(|point| at.seconds_since(point.at) <= STALE_SECONDS)
}
