//! Metric windows, summarised: where they were, where they are.

use std::sync::Arc;

use async_trait::async_trait;
use cluster::MetricQuestion;
use gate::Permit;
use model::{Body, MetricBody, ObjectRef, Observation, Preview};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use topology::Relation;

use crate::answer::{Answer, count, keep, unread, unstored};
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
            does: format!("Reads the metric series {about}{name}."),
            diff: None,
            cost: format!("a summary line for each series, at most {SHOWN_SERIES}"),
            undo: None,
        }
    }

    async fn answer(&self, args: Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let objects = Self::objects(&args, surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        let asked: Vec<Option<ObjectRef>> =
            if objects.is_empty() { vec![None] } else { objects.into_iter().map(Some).collect() };
        let mut read: Vec<Observation> = Vec::new();
        for object in asked {
            let question =
                MetricQuestion { namespace: args.namespace.clone(), object, name: args.name.clone(), from: None };
            let found = surroundings.reach.metrics(&permit, &question, surroundings.as_of).await;
            for series in found.map_err(|e| unread(Self::NAME, &e))? {
                if read.iter().all(|known| known.id != series.id) {
                    read.push(series);
                }
            }
        }
        Ok(told(&keep(Self::NAME, read, surroundings)?))
    }
}

fn told(series: &[Arc<Observation>]) -> Answer {
    if series.is_empty() {
        return Answer::new("The metrics hold no series that fits.");
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
    let line = format!(
        "{about}{container} {}: usual {}, latest {}{unit}, range {} to {} over {}",
        metric.name,
        figure(usual),
        figure(*last),
        figure(low),
        figure(high),
        count(values.len(), "point", "points"),
    );
    (if moved.is_finite() { moved } else { 0.0 }, line)
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
