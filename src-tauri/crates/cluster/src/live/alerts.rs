use std::collections::BTreeMap;

use model::{AlertBody, AlertState, Body, Doc, ObjectRef, Observation, Time};
use serde_json::Value;

use super::{Answer, segment};
use crate::{Connection, ReadError};

impl Connection {
    /// The alerts of an Alertmanager that runs in the cluster, asked through the API server's service proxy.
    pub(crate) async fn alerts(&self, namespace: Option<&str>) -> Answer {
        let what = "the monitoring's list of alerts";
        let history = self.inner.history.clone();
        let found = tokio::task::spawn_blocking(move || {
            let snapshot = history.snapshot(Time::MAX)?;
            Ok::<_, history::Error>(snapshot.of_kind("Service").find_map(|(s, held)| alertmanager(s, &held.object)))
        });
        let Some(base) = found.await.unwrap_or(Ok(None))? else {
            return Err(ReadError::not_available(
                what,
                "no service of this cluster is an Alertmanager",
                "Look at your own monitoring and note what it says.",
            ));
        };
        let list = self.inner.get_json(&format!("{base}/api/v2/alerts")).await.map_err(|t| t.reading(what))?;
        let alerts = list.as_array().into_iter().flatten().filter_map(|alert| self.alert(alert));
        Ok(alerts
            .filter(|o| match (&o.body, namespace) {
                (Body::Alert(alert), Some(namespace)) => alert.labels.get("namespace").is_none_or(|of| of == namespace),
                _ => true,
            })
            .collect())
    }

    fn alert(&self, alert: &Value) -> Option<Observation> {
        let texts = |field: &str| -> BTreeMap<String, String> {
            let map = alert[field].as_object().into_iter().flatten();
            let text = |value: &Value| self.inner.redactor.text(value.as_str().unwrap_or_default()).as_str().to_owned();
            map.map(|(key, value)| (key.clone(), text(value))).collect()
        };
        let time = |field: &str| alert[field].as_str().and_then(|t| t.parse::<Time>().ok());
        let labels = texts("labels");
        let now = self.inner.clock.now();
        let ends_at = time("endsAt").filter(|at| *at <= now);
        let state = match (alert["status"]["state"].as_str(), ends_at) {
            (Some("suppressed"), _) => AlertState::Suppressed,
            (_, Some(_)) => AlertState::Resolved,
            _ => AlertState::Firing,
        };
        let body = AlertBody {
            name: labels.get("alertname").cloned()?,
            state,
            severity: labels.get("severity").cloned().unwrap_or_default(),
            annotations: texts("annotations"),
            starts_at: time("startsAt").unwrap_or(now),
            ends_at,
            labels,
        };
        let label = |name: &str| body.labels.get(name).filter(|value| !value.is_empty());
        let namespace = label("namespace").cloned().unwrap_or_default();
        let named = [
            ("Pod", "pod"),
            ("Deployment", "deployment"),
            ("StatefulSet", "statefulset"),
            ("DaemonSet", "daemonset"),
            ("PersistentVolumeClaim", "persistentvolumeclaim"),
            ("Service", "service"),
        ];
        let subject = named
            .iter()
            .find_map(|(kind, name)| label(name).map(|name| ObjectRef::new(*kind, namespace.as_str(), name)))
            .or_else(|| label("node").map(|node| ObjectRef::global("Node", node)))
            .or_else(|| (!namespace.is_empty()).then(|| ObjectRef::global("Namespace", namespace.as_str())))
            .unwrap_or_else(|| ObjectRef::global("Alert", body.name.as_str()));
        Some(self.inner.read_now(subject, Body::Alert(body)))
    }
}

/// Where the API server passes questions on to a service, when it is an Alertmanager.
fn alertmanager(service: &ObjectRef, object: &Doc) -> Option<String> {
    let labelled = model::labels(object)
        .any(|(key, value)| matches!(key, "app.kubernetes.io/name" | "app") && value == "alertmanager");
    let ports = object.pointer("/spec/ports")?.as_array()?;
    let port = ports.iter().find(|p| p["port"] == 9093).or_else(|| {
        let web = |p: &&Doc| matches!(p["name"].as_str(), Some("web" | "http-web" | "http"));
        ports.iter().find(web).filter(|_| labelled)
    })?;
    if !labelled && !service.name.contains("alertmanager") {
        return None;
    }
    let (namespace, name, port) = (segment(&service.namespace), segment(&service.name), port["port"].as_u64()?);
    Some(format!("/api/v1/namespaces/{namespace}/services/{name}:{port}/proxy"))
}
