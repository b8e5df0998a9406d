//! How long it takes from a write to the incident while a rollout storms.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::time::Instant;

use crate::Wanted;
use crate::figures::{Figures, median, percentile};
use crate::fleet::{Core, Crowds};

/// Updates a second of the storm, of which the rollout's are all but a few.
pub const RATE: f64 = 500.0;
/// A pod that begins to crash every so often.
pub const MARK_EVERY: Duration = Duration::from_millis(200);
/// Pods that begin to crash.
pub const MARKS: usize = 110;
/// The storm blows for so long before the first of them.
pub const BEFORE: Duration = Duration::from_secs(3);
/// After the last mark so long is waited for what has not been told yet.
const AFTER: Duration = Duration::from_secs(15);

/// What was written and what was told, by subject.
#[derive(Default)]
pub struct Marks {
    written: HashMap<String, i64>,
    told: HashMap<String, i64>,
}

impl Marks {
    pub fn written(&mut self, subject: String, at: i64) {
        self.written.entry(subject).or_insert(at);
    }

    /// Takes what the core says; gives the subject of an incident.
    pub fn hear(&mut self, said: &Value) -> Option<String> {
        let subject = said["incident"].as_str()?;
        let at = said["at"].as_i64()?;
        self.told.entry(subject.to_owned()).or_insert(at);
        Some(subject.to_owned())
    }

    fn missing(&self) -> usize {
        self.written.keys().filter(|subject| !self.told.contains_key(*subject)).count()
    }

    /// Milliseconds from each write to its incident; an incident that never came counts as the whole wait.
    fn delays(&self) -> Vec<f64> {
        let delay = |(subject, written): (&String, &i64)| match self.told.get(subject) {
            Some(told) => ((told - written) as f64 / 1e3).max(0.0),
            None => AFTER.as_secs_f64() * 1e3,
        };
        self.written.iter().map(delay).collect()
    }

    /// Hears the rest and sets down the result.
    pub async fn settle(mut self, core: &mut Core, what: &str, rate: f64, figures: &mut Figures) -> Result<f64> {
        let end = Instant::now() + AFTER;
        while self.missing() > 0 && Instant::now() < end {
            if let Some(said) = core.peer.next(Duration::from_millis(100)).await? {
                self.hear(&said);
            }
        }
        ensure!(!self.written.is_empty(), "no pod was made to crash");
        let delays = self.delays();
        figures.note(
            format!("{what}: {rate:.0} updates a second, {} marks: median, 99th percentile, most", delays.len()),
            format!(
                "{:.0} ms, {:.0} ms, {:.0} ms; {} never told",
                median(&delays),
                percentile(&delays, 0.99),
                percentile(&delays, 1.0),
                self.missing()
            ),
        );
        Ok(percentile(&delays, 0.99))
    }
}

/// The storm in a playground cluster: what the core does with it, without a real API server that wants the same
/// processors.
pub async fn of_crowd(wanted: &Wanted, figures: &mut Figures) -> Result<()> {
    // A Deployment for each mark, so that each is an incident of its own.
    let pods = MARKS as u32 * 30;
    eprintln!("── a storm over {pods} playground pods");
    let mut crowd = Crowds::serve(1, pods).await?;
    let mut core = Core::start(&crowd.kubeconfigs).await?;
    core.open(1).await?;
    core.peer.tell("watch").await?;
    crowd.peer.tell(&format!("churn {RATE}")).await?;
    tokio::time::sleep(BEFORE).await;
    let mut marks = Marks::default();
    let mut places: HashMap<String, u32> = HashMap::new();
    for number in 0..MARKS as u32 {
        // Somewhere in the middle of the Deployment, where the rollout is not just now.
        let place = (number * 37 % MARKS as u32) * 30 + 7;
        crowd.peer.tell(&format!("crash {place}")).await?;
        let next = Instant::now() + MARK_EVERY;
        let said = crowd.peer.wait_for("crashed", Duration::from_secs(5)).await?;
        let at = said["at"].as_i64().context("it does not say when")?;
        let subject = format!("Deployment/team-{:04}/app-{:05}", place / 300, place / 30);
        places.insert(subject.clone(), place);
        marks.written(subject, at);
        while Instant::now() < next {
            let left = next.saturating_duration_since(Instant::now());
            if let Some(said) = core.peer.next(left).await?
                && let Some(told) = marks.hear(&said)
                && let Some(place) = places.remove(&told)
            {
                crowd.peer.tell(&format!("heal {place}")).await?;
            }
        }
    }
    let p99 = marks.settle(&mut core, "storm on the playground", RATE, figures).await?;
    if figures.get("event_to_incident_p99_ms").is_none() {
        figures.set("event_to_incident_p99_ms", p99);
        figures.note("event_to_incident_p99_ms", "of the playground");
    }
    let _ = wanted;
    Ok(())
}
