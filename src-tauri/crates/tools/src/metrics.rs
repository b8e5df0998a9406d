//! Metric windows, summarised: where they were, where they are.

use std::sync::Arc;

use async_trait::async_trait;
use cluster::{Measure, MetricQuestion};
use gate::Permit;
use model::{Body, MetricBody, ObjectRef, Observation, Preview, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use topology::Relation;

use crate::answer::{Answer, count, keep, short, unread, unstored};
use crate::logs::{moment, now};
use crate::scene::Scene;
use crate::typed::{Typed, blank_is_none};
use crate::{Surroundings, ToolError};

const SHOWN_SERIES: usize = 40;
/// So many pods of a workload are asked about.
const MOST_PODS: usize = 20;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Only series of this namespace; empty: all.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Namespace")]
    pub namespace: Option<String>,
    /// Only series about this object, as `Kind/namespace/name`; of a workload its pods and services as well.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Object")]
    pub object: Option<String>,
    /// A part of the metric's name, such as `memory`.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Metric")]
    pub name: Option<String>,
    /// What is wanted to be known, in words that hold for any monitoring.
    #[serde(default)]
    #[schemars(title = "Question")]
    pub question: Option<Question>,
    /// A query in the monitoring's own language (PromQL), instead of all of the above.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Query")]
    pub query: Option<String>,
    /// From when on: a time such as `2026-01-31T03:14:00Z`, or how long ago, such as `1h`. Left out: an hour.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Since")]
    pub since: Option<String>,
    /// Seconds between two points; left out: as fits the time.
    #[serde(default)]
    #[schemars(title = "Step", range(min = 1, max = 86400))]
    pub step: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Question {
    Cpu,
    Memory,
    Throttling,
    Restarts,
    HttpErrors,
    Latency,
    VolumeUsage,
}

impl Question {
    fn measure(self) -> Measure {
        match self {
            Question::Cpu => Measure::Cpu,
            Question::Memory => Measure::Memory,
            Question::Throttling => Measure::Throttling,
            Question::Restarts => Measure::Restarts,
            Question::HttpErrors => Measure::HttpErrors,
            Question::Latency => Measure::Latency,
            Question::VolumeUsage => Measure::VolumeUsage,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Question::Cpu => "CPU use",
            Question::Memory => "memory use",
            Question::Throttling => "CPU throttling",
            Question::Restarts => "restarts",
            Question::HttpErrors => "HTTP errors",
            Question::Latency => "latency",
            Question::VolumeUsage => "use of volumes",
        }
    }
}

pub(crate) struct Metrics;

impl Metrics {
    /// The objects to ask about; none: no restriction.
    fn objects(args: &Args, surroundings: &Surroundings) -> Result<Vec<ObjectRef>, history::Error> {
        let Some(object) = args.object.as_ref().and_then(|o| o.trim().parse::<ObjectRef>().ok()) else {
            return Ok(Vec::new());
        };
        let scene = Scene::of(surroundings)?;
        let mut objects = vec![object.clone()];
        objects.extend(scene.pods(&object).into_iter().map(|p| p.pod).take(MOST_PODS));
        let selecting = scene.graph.dependents(&object).into_iter().filter(|e| e.relation == Relation::Selects);
        objects.extend(selecting.map(|e| e.from.clone()));
        objects.dedup();
        Ok(objects)
    }
}

#[async_trait]
impl Typed for Metrics {
    type Args = Args;
    const NAME: &'static str = "metrics";
    const TITLE: &'static str = "Metrics";
    const DESCRIPTION: &'static str = "Reads metric series of an object, a namespace or the whole cluster and \
        summarises each: its usual value, its latest, its range, and how far it moved.";

    fn consistent(args: &Args) -> Result<(), String> {
        if let Some(since) = &args.since {
            moment(since, Time(0)).map_err(|why| format!("`since`: {why}"))?;
        }
        args.object
            .as_ref()
            .map_or(Ok(()), |o| o.trim().parse::<ObjectRef>().map(drop).map_err(|e| format!("`object`: {e}")))
    }

    fn would(&self, args: &Args, surroundings: &Surroundings) -> Preview {
        let about = match (&args.object, &args.namespace) {
            (Some(object), _) => {
                let more = Self::objects(args, surroundings).map_or(0, |o| o.len().saturating_sub(1));
                let more = if more > 0 {
                    format!(" and {} of it", count(more, "pod or service", "pods and services"))
                } else {
                    String::new()
                };
                format!("of `{object}`{more}")
            }
            (None, Some(namespace)) => format!("of everything in `{namespace}`"),
            (None, None) => "of the whole cluster".into(),
        };
        let name = args.name.as_ref().map(|n| format!(" whose name holds `{n}`")).unwrap_or_default();
        Preview {
            does: match &args.query {
                Some(query) => format!("Asks the monitoring `{}`.", short(query, 300)),
                None => {
                    let what = args.question.map_or("metric series", Question::words);
                    format!("Reads the {what} {about}{name}.")
                }
            },
            diff: None,
            cost: format!("a summary line for each series, at most {SHOWN_SERIES}"),
            undo: None,
        }
    }

    async fn answer(&self, args: Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let objects = Self::objects(&args, surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        let live = matches!(surroundings.reach, cluster::Reach::Live(_));
        let asked: Vec<Option<ObjectRef>> = match (&args.query, objects.is_empty()) {
            (Some(_), _) | (None, true) => vec![None],
            // A live back end knows a workload's pods by their names, those that are gone too.
            (None, false) if live => {
                let meant = object_of(&args);
                let own = |o: &ObjectRef| o.kind != "Pod" || meant.as_ref() == Some(o);
                objects.into_iter().filter(own).map(Some).collect()
            }
            (None, false) => objects.into_iter().map(Some).collect(),
        };
        let mut read: Vec<Observation> = Vec::new();
        let mut notes: Vec<String> = Vec::new();
        let mut unanswered = Vec::new();
        for object in asked {
            let question = MetricQuestion {
                namespace: args.namespace.clone(),
                object,
                name: args.name.clone(),
                measure: args.question.map(Question::measure),
                query: args.query.clone(),
                from: args.since.as_ref().and_then(|since| moment(since, now(surroundings)).ok()),
                until: None,
                step: args.step,
            };
            match surroundings.reach.metrics(&permit, &question, surroundings.as_of).await {
                Ok(found) => {
                    for series in found.observations {
                        if read.iter().all(|known| known.id != series.id) {
                            read.push(series);
                        }
                    }
                    notes.extend(found.notes);
                }
                Err(error) => unanswered.push(error),
            }
        }
        if read.is_empty()
            && let Some(error) = unanswered.first()
        {
            return Err(unread(Self::NAME, error));
        }
        notes.extend(unanswered.iter().map(|error| format!("{error}.")));
        notes.sort();
        notes.dedup();
        Ok(told(&keep(Self::NAME, read, surroundings)?, &notes))
    }
}

fn object_of(args: &Args) -> Option<ObjectRef> {
    args.object.as_ref().and_then(|object| object.trim().parse().ok())
}

fn told(series: &[Arc<Observation>], notes: &[String]) -> Answer {
    if series.is_empty() {
        return Answer::new("The metrics hold no series that fits.").part(notes.join("\n"));
    }
    let mut rows: Vec<(f64, String)> = series
        .iter()
        .filter_map(|o| match &o.body {
            Body::Metric(metric) => Some(row(o, metric)),
            _ => None,
        })
        .collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let hidden = rows.len().saturating_sub(SHOWN_SERIES);
    let lines: Vec<String> = rows.into_iter().take(SHOWN_SERIES).map(|(_, line)| line).collect();
    Answer::new(format!("{}, those that moved most first.", count(series.len(), "series", "series")))
        .part(notes.join("\n"))
        .part(lines.join("\n"))
        .cut_if(hidden > 0, format!("{hidden} series that moved less"))
        .resting_on(series.iter().cloned())
}

/// How far a series moved (in its own spread), and its line.
fn row(o: &Observation, metric: &MetricBody) -> (f64, String) {
    let values: Vec<f64> = metric.points.iter().map(|p| p.value).collect();
    let about = match &o.subject {
        Some(subject) => subject.to_string(),
        None => metric.labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(","),
    };
    let container = metric.labels.get("container").map(|c| format!(" [{c}]")).unwrap_or_default();
    let unit = if metric.unit.is_empty() { String::new() } else { format!(" {}", metric.unit) };
    let Some(last) = values.last() else { return (0.0, format!("{about}{container} {}: no points", metric.name)) };
    let (before, after) = values.split_at(values.len() / 2);
    let usual = median(if before.is_empty() { &values } else { before });
    let now = median(&after[after.len() / 2..]);
    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
    let spread = spread(before).max(usual.abs() * 0.05).max(f64::MIN_POSITIVE);
    let moved = (now - usual).abs() / spread;
    #[expect(clippy::cast_precision_loss, reason = "a series has few points")]
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let mut line = format!(
        "{about}{container} {}: usual {}, latest {}{unit}, range {} to {}, mean {} over {}",
        metric.name,
        figure(usual),
        figure(*last),
        figure(low),
        figure(high),
        figure(mean),
        count(values.len(), "point", "points"),
    );
    if let Some(change) = change(metric) {
        line.push_str(&format!(
            ", changed at {} from {} to {}",
            change.at,
            figure(change.before),
            figure(change.after)
        ));
    } else if let Some(slope) = slope(metric).filter(|slope| slope.abs() * 3600.0 > (high - low).abs() * 0.25) {
        line.push_str(&format!(", {}{} an hour", if slope > 0.0 { "+" } else { "" }, figure(slope * 3600.0)));
    }
    (if moved.is_finite() { moved } else { 0.0 }, line)
}

/// Where a series went to another level.
struct Change {
    at: Time,
    before: f64,
    after: f64,
}

/// Points that a level needs on each side of a change.
const LEVEL: usize = 4;

/// The split of a series whose sides differ most, where they differ by far more than either moves within itself: the
/// distance of the medians over the larger spread of the two sides, at least 4.
fn change(metric: &MetricBody) -> Option<Change> {
    let points = &metric.points;
    let mut best: Option<(f64, Change)> = None;
    for split in LEVEL..points.len().saturating_sub(LEVEL - 1) {
        let values = |points: &[model::MetricPoint]| points.iter().map(|p| p.value).collect::<Vec<_>>();
        let (left, right) = (values(&points[..split]), values(&points[split..]));
        let (before, after) = (median(&left), median(&right));
        let within = spread(&left).max(spread(&right)).max(before.abs().max(after.abs()) * 0.05);
        let score = (after - before).abs() / within.max(f64::MIN_POSITIVE);
        // Of equal splits the one whose next point is of the new level already.
        let nearer = (points[split].value - after).abs() < (points[split].value - before).abs();
        let was = (points[split - 1].value - before).abs() <= (points[split - 1].value - after).abs();
        if score >= 4.0 && nearer && was && best.as_ref().is_none_or(|(held, _)| score > *held) {
            best = Some((score, Change { at: points[split].at, before, after }));
        }
    }
    best.map(|(_, change)| change)
}

/// By how much a series moves in a second, by least squares; `None` for fewer than three points.
#[expect(clippy::cast_precision_loss, reason = "a series has few points")]
fn slope(metric: &MetricBody) -> Option<f64> {
    let first = metric.points.first()?.at;
    let points: Vec<(f64, f64)> = metric.points.iter().map(|p| (p.at.seconds_since(first), p.value)).collect();
    if points.len() < 3 {
        return None;
    }
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), (at, value)| (x + at / count, y + value / count));
    let over = points.iter().map(|(at, value)| (at - x) * (value - y)).sum::<f64>();
    let under = points.iter().map(|(at, _)| (at - x).powi(2)).sum::<f64>();
    (under > 0.0).then(|| over / under)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

fn median(values: &[f64]) -> f64 {
    sorted(values).get(values.len() / 2).copied().unwrap_or(0.0)
}

/// The distance between the quartiles.
fn spread(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    match (sorted.get(sorted.len() / 4), sorted.get(sorted.len() * 3 / 4)) {
        (Some(low), Some(high)) => high - low,
        _ => 0.0,
    }
}

fn figure(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 {
        format!("{value:.0}")
    } else if value.abs() >= 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.4}")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails says where")]
mod tests {
    use model::MetricPoint;

    use super::*;

    fn series(values: impl Iterator<Item = f64>) -> MetricBody {
        let points = values.enumerate().map(|(n, value)| MetricPoint { at: Time::from_seconds(n as i64 * 30), value });
        MetricBody { name: "m".into(), unit: String::new(), labels: Default::default(), points: points.collect() }
    }

    #[test]
    fn a_step_is_told_with_its_time_and_a_slope_is_no_step() {
        let step = series((0..40).map(|n| if n < 25 { 1.0 + f64::from(n % 3) * 0.01 } else { 3.0 }));
        let found = change(&step).unwrap();
        assert_eq!(found.at, Time::from_seconds(25 * 30));
        assert!((found.before - 1.01).abs() < 0.011 && (found.after - 3.0).abs() < 1e-9);
        let climb = series((0..40).map(f64::from));
        assert!(change(&climb).is_none());
        assert!((slope(&climb).unwrap() - 1.0 / 30.0).abs() < 1e-9);
        assert!(change(&series((0..40).map(|n| f64::from(n % 2)))).is_none(), "to and fro is no step");
        assert!(change(&series(std::iter::empty())).is_none() && slope(&series(std::iter::once(1.0))).is_none());
    }
}
