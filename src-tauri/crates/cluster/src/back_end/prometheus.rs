use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use model::{AlertState, Body, MetricBody, MetricPoint, Observation, Source, Time};
use serde_json::Value;

use super::door::Door;
use super::promql::{Asked, queries};
use super::{BackEnd, alertmanager, encoded, subject_of};
use crate::ReadError;
use crate::connection::Inner;
use crate::reach::{MetricQuestion, Read};

/// How far back is looked where no time is given.
const MINUTES_BACK: i64 = 60;
/// Points of a series: enough for a picture and for a change of level.
const POINTS: i64 = 180;
const SHORTEST_STEP: i64 = 15;
/// Series of one query that are kept; those that moved most.
const MOST_SERIES: usize = 60;
/// Seconds that the server itself may take for a query.
const PATIENCE: u32 = 20;

pub(super) struct Prometheus {
    pub inner: Arc<Inner>,
    pub door: Door,
}

#[async_trait]
impl BackEnd for Prometheus {
    fn name(&self) -> String {
        self.door.name.clone()
    }

    async fn metrics(&self, question: &MetricQuestion) -> Option<Result<Read, ReadError>> {
        Some(self.read(question).await)
    }

    /// What its own rules say; nobody's silences are known here.
    async fn alerts(&self) -> Option<Result<Read, ReadError>> {
        let answer = match self.door.json("/api/v1/alerts", "the monitoring's list of alerts").await {
            Ok(answer) => answer,
            Err(error) => return Some(Err(error)),
        };
        let alerts = answer.pointer("/data/alerts").and_then(Value::as_array).into_iter().flatten();
        let firing = alerts.filter(|alert| alert["state"] == "firing");
        let observations =
            firing.filter_map(|alert| alertmanager::observed(&self.inner, alert, AlertState::Firing, "activeAt"));
        Some(Ok(Read {
            observations: observations.collect(),
            notes: vec![format!(
                "{} told its own alerts; silences are known to an Alertmanager alone.",
                self.door.name
            )],
        }))
    }
}

impl Prometheus {
    async fn read(&self, question: &MetricQuestion) -> Result<Read, ReadError> {
        let asked = match &question.query {
            Some(query) => vec![Asked { name: "", unit: "", query: query.clone() }],
            None => queries(question),
        };
        let until = question.until.unwrap_or_else(|| self.inner.clock.now());
        let from = question.from.unwrap_or_else(|| until.plus_seconds(-MINUTES_BACK * 60));
        let step = question.step.map_or_else(|| step(from, until), |step| i64::from(step.max(1)));
        let mut read = Read::default();
        let mut unread = Vec::new();
        let mut answered = false;
        for one in &asked {
            match self.ask(one, from, until, step, &mut read.notes).await {
                Ok(series) => {
                    answered = true;
                    read.observations.extend(series);
                }
                Err(error) => unread.push(error),
            }
        }
        match unread.into_iter().next() {
            Some(error) if !answered => Err(error),
            Some(error) => {
                read.notes.push(format!("{error}; the other questions were answered."));
                Ok(read)
            }
            None => Ok(read),
        }
    }

    async fn ask(
        &self,
        asked: &Asked,
        from: Time,
        until: Time,
        step: i64,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Observation>, ReadError> {
        let Asked { name, query, .. } = asked;
        let shown = if name.is_empty() { query.as_str() } else { name };
        let what = format!("`{}`", shown.chars().take(120).collect::<String>());
        let query = encoded(query);
        let path = if from >= until {
            format!("/api/v1/query?query={query}&time={}&timeout={PATIENCE}s", until.seconds())
        } else {
            let (start, end) = (from.seconds(), until.seconds());
            format!("/api/v1/query_range?query={query}&start={start}&end={end}&step={step}&timeout={PATIENCE}s")
        };
        let answer = self.door.json(&path, &what).await?;
        // Thanos and Mimir answer in part with a warning, VictoriaMetrics with a mark.
        for warning in answer["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str).take(3) {
            notes.push(format!("{} warns of {what}: {}", self.door.name, self.inner.redactor.text(warning).as_str()));
        }
        if answer["isPartial"] == true {
            notes.push(format!("{} answered {what} in part: some of its stores did not answer.", self.door.name));
        }
        let mut series = series_of(&answer);
        let all = series.len();
        if all > MOST_SERIES {
            series.sort_by(|a, b| moved(&b.1).total_cmp(&moved(&a.1)).then_with(|| a.0.cmp(&b.0)));
            series.truncate(MOST_SERIES);
            notes.push(format!("{} of {all} series of {what} moved less and are left out.", all - MOST_SERIES));
        }
        Ok(series.into_iter().map(|(labels, points)| self.observed(asked, labels, points)).collect())
    }

    fn observed(&self, asked: &Asked, mut labels: BTreeMap<String, String>, points: Vec<MetricPoint>) -> Observation {
        let own = labels.remove("__name__");
        let name = match (asked.name, own) {
            ("", Some(own)) => own,
            ("", None) => self.inner.redactor.text(&asked.query).into_string(),
            (name, _) => name.to_owned(),
        };
        for value in labels.values_mut() {
            *value = self.inner.redactor.text(value).into_string();
        }
        let now = self.inner.clock.now();
        let at = points.last().map_or(now, |point| point.at);
        let subject = subject_of(&labels);
        let body = Body::Metric(MetricBody { name, unit: asked.unit.to_owned(), labels, points });
        Observation::new(self.inner.arrivals.cluster.clone(), at, now, Source::Read, subject, body)
    }
}

/// Seconds between two points, in steps that a person would choose.
fn step(from: Time, until: Time) -> i64 {
    let span = (until.seconds() - from.seconds()).max(1);
    let least = (span / POINTS).max(SHORTEST_STEP);
    [15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600]
        .into_iter()
        .find(|step| *step >= least)
        .unwrap_or(86_400)
}

type Series = (BTreeMap<String, String>, Vec<MetricPoint>);

/// The series of a matrix or a vector, and a scalar as one; what is not a number is a hole.
fn series_of(answer: &Value) -> Vec<Series> {
    let data = &answer["data"];
    let point = |value: &Value| -> Option<MetricPoint> {
        let value_at = value[0].as_f64()?;
        let number = value[1].as_str()?.parse::<f64>().ok().filter(|number| number.is_finite())?;
        #[expect(clippy::cast_possible_truncation, reason = "a time in microseconds")]
        let at = Time((value_at * 1e6).round() as i64);
        Some(MetricPoint { at, value: number })
    };
    if data["resultType"] == "scalar" {
        return point(&data["result"]).map(|point| (BTreeMap::new(), vec![point])).into_iter().collect();
    }
    let mut found = Vec::new();
    for one in data["result"].as_array().into_iter().flatten() {
        let labels = one["metric"].as_object().into_iter().flatten();
        let labels = labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
        let points: Vec<MetricPoint> = match one["values"].as_array() {
            Some(values) => values.iter().filter_map(point).collect(),
            None => point(&one["value"]).into_iter().collect(),
        };
        if !points.is_empty() {
            found.push((labels, points));
        }
    }
    found
}

/// How far a series went, measured by its own level.
fn moved(points: &[MetricPoint]) -> f64 {
    let (low, high) = points.iter().fold((f64::MAX, f64::MIN), |(low, high), p| (low.min(p.value), high.max(p.value)));
    let level = high.abs().max(low.abs());
    if level > 0.0 { (high - low) / level } else { 0.0 }
}
