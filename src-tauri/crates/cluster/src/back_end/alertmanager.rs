use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use model::{AlertBody, AlertState, Body, ObjectRef, Observation, Time};
use serde_json::Value;

use super::door::Door;
use super::{BackEnd, subject_of};
use crate::ReadError;
use crate::connection::Inner;
use crate::reach::Read;

const WHAT: &str = "the monitoring's list of alerts";

pub(super) struct Alertmanager {
    pub inner: Arc<Inner>,
    pub door: Door,
}

#[async_trait]
impl BackEnd for Alertmanager {
    fn name(&self) -> String {
        self.door.name.clone()
    }

    async fn alerts(&self) -> Option<Result<Read, ReadError>> {
        let list = match self.door.json("/api/v2/alerts", WHAT).await {
            Ok(list) => list,
            Err(error) => return Some(Err(error)),
        };
        let alerts = list.as_array().into_iter().flatten().filter_map(|alert| {
            let state = match alert["status"]["state"].as_str() {
                Some("suppressed") => AlertState::Suppressed,
                _ => AlertState::Firing,
            };
            observed(&self.inner, alert, state, "startsAt")
        });
        Some(Ok(Read::from(alerts.collect::<Vec<_>>())))
    }
}

/// An alert as the monitoring tells it, with its texts redacted.
pub(super) fn observed(inner: &Inner, alert: &Value, state: AlertState, began: &str) -> Option<Observation> {
    let texts = |field: &str| -> BTreeMap<String, String> {
        let map = alert[field].as_object().into_iter().flatten();
        let text = |value: &Value| inner.redactor.text(value.as_str().unwrap_or_default()).into_string();
        map.map(|(key, value)| (key.clone(), text(value))).collect()
    };
    let time = |field: &str| alert[field].as_str().and_then(|t| t.parse::<Time>().ok());
    let labels = texts("labels");
    let now = inner.clock.now();
    let ends_at = time("endsAt").filter(|at| *at <= now);
    let body = AlertBody {
        name: labels.get("alertname").cloned()?,
        state: if ends_at.is_some() && state == AlertState::Firing { AlertState::Resolved } else { state },
        severity: labels.get("severity").cloned().unwrap_or_default(),
        annotations: texts("annotations"),
        starts_at: time(began).unwrap_or(now),
        ends_at,
        labels,
    };
    let subject = subject_of(&body.labels).unwrap_or_else(|| ObjectRef::global("Alert", body.name.as_str()));
    Some(inner.read_now(subject, Body::Alert(body)))
}
