use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use gate::Permit;
use model::{AlertBody, AlertState, Body, Observation, Preview};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, count, keep, short, unread};
use crate::typed::{Typed, blank_is_none};
use crate::{Surroundings, ToolError};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Only alerts whose labels name this namespace, and those that name none; empty: all.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Namespace")]
    pub namespace: Option<String>,
}

pub(crate) struct Alerts;

#[async_trait]
impl Typed for Alerts {
    type Args = Args;
    const NAME: &'static str = "alerts";
    const TITLE: &'static str = "Alerts";
    const DESCRIPTION: &'static str =
        "Reads the alerts of the monitoring: those that fire, those that somebody silenced.";

    fn would(&self, args: &Args, _surroundings: &Surroundings) -> Preview {
        let of = args.namespace.as_ref().map(|n| format!(" of `{n}`")).unwrap_or_default();
        Preview {
            does: format!("Reads the monitoring's alerts{of}."),
            diff: None,
            cost: "a line for each alert".into(),
            undo: None,
        }
    }

    async fn answer(&self, args: Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let namespace = args.namespace.as_deref().map(str::trim);
        let read = surroundings.reach.alerts(&permit, namespace, surroundings.as_of).await;
        let read = read.map_err(|e| unread(Self::NAME, &e))?;
        Ok(told(&keep(Self::NAME, read.observations, surroundings)?, &read.notes))
    }
}

fn told(alerts: &[Arc<Observation>], notes: &[String]) -> Answer {
    let of_state = |state: AlertState| {
        alerts.iter().filter_map(move |o| match &o.body {
            Body::Alert(alert) if alert.state == state => Some((o, alert)),
            _ => None,
        })
    };
    let firing = of_state(AlertState::Firing).count();
    let suppressed = of_state(AlertState::Suppressed).count();
    let mut summary = match firing {
        0 => "No alert fires".to_owned(),
        n => count(n, "alert fires", "alerts fire"),
    };
    if suppressed > 0 {
        summary.push_str(&format!(", {suppressed} silenced"));
    }
    let mut answer = Answer::new(summary + ".").part(notes.join("\n"));
    for state in [AlertState::Firing, AlertState::Suppressed, AlertState::Resolved] {
        // One alert rule that fires for twenty pods is one paragraph.
        let mut by_name: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (o, alert) in of_state(state) {
            by_name.entry(&alert.name).or_default().push(line(o, alert));
        }
        for (name, lines) in by_name {
            let shown = lines.iter().take(12).map(|l| format!("\n  {l}")).collect::<String>();
            let word = match state {
                AlertState::Firing => "firing",
                AlertState::Suppressed => "silenced",
                AlertState::Resolved => "resolved",
            };
            answer = answer
                .part(format!("{name} ({word}, {}):{shown}", lines.len()))
                .cut_if(lines.len() > 12, format!("{} of `{name}`", lines.len().saturating_sub(12)));
        }
    }
    answer.resting_on(alerts.iter().cloned())
}

fn line(o: &Observation, alert: &AlertBody) -> String {
    let subject = o.subject.as_ref().map(ToString::to_string).unwrap_or_default();
    let words = ["summary", "message", "description"].into_iter().find_map(|key| alert.annotations.get(key));
    let severity = if alert.severity.is_empty() { String::new() } else { format!(" [{}]", alert.severity) };
    let words = words.map(|w| format!(": {}", short(w, 240))).unwrap_or_default();
    format!("{subject}{severity} since {}{words}", alert.starts_at)
}
