//! What stands beside the API server and knows what objects do not tell: metrics, log stores, alerts.
//!
//! Each is an adapter behind [`BackEnd`]. One that somebody configured goes before one that is found among the cluster's
//! Services; both are asked through the API server's service proxy, with the user's own rights, or at an address.

mod alertmanager;
mod discover;
mod door;
mod loki;
mod metrics_server;
mod prometheus;
mod promql;
mod subject;

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use model::Time;
use serde::{Deserialize, Serialize};

use crate::reach::{LogQuestion, MetricQuestion, Read};
use crate::{Connection, ReadError};
use alertmanager::Alertmanager;
use door::Door;
use loki::Loki;
use metrics_server::MetricsServer;
use prometheus::Prometheus;
pub(crate) use subject::subject_of;

/// What a back end speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackEndKind {
    /// Prometheus' query API: Prometheus, Thanos, VictoriaMetrics, Mimir.
    Prometheus,
    /// Loki's query API.
    Loki,
    /// Alertmanager's second API.
    Alertmanager,
}

impl BackEndKind {
    pub const ALL: [BackEndKind; 3] = [BackEndKind::Prometheus, BackEndKind::Loki, BackEndKind::Alertmanager];

    pub fn name(self) -> &'static str {
        match self {
            BackEndKind::Prometheus => "Prometheus",
            BackEndKind::Loki => "Loki",
            BackEndKind::Alertmanager => "Alertmanager",
        }
    }

    /// A question that costs nothing and that only such a server answers.
    fn trial(self) -> &'static str {
        match self {
            BackEndKind::Prometheus => "/api/v1/query?query=1",
            BackEndKind::Loki => "/loki/api/v1/labels",
            BackEndKind::Alertmanager => "/api/v2/status",
        }
    }
}

/// Where a back end is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "through", rename_all = "snake_case")]
pub enum BackEndPlace {
    /// Through the API server's proxy to a Service of the cluster. `path` is what its own paths stand under.
    Service {
        namespace: String,
        name: String,
        port: u16,
        #[serde(default)]
        https: bool,
        #[serde(default)]
        path: String,
    },
    /// Straight from this machine, by the proxy that leads to the cluster or that the environment names.
    Address {
        url: String,
        /// A PEM file of authorities that are trusted besides this machine's.
        #[serde(default)]
        ca_file: Option<String>,
    },
}

impl std::fmt::Display for BackEndPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BackEndPlace::Service { namespace, name, port, .. } => write!(f, "Service `{namespace}/{name}:{port}`"),
            BackEndPlace::Address { url, .. } => write!(f, "`{url}`"),
        }
    }
}

/// A back end that somebody configured, with what it takes to be let in.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfiguredBackEnd {
    pub kind: BackEndKind,
    pub place: BackEndPlace,
    /// Headers of each question, such as `Authorization` or `X-Scope-OrgID`.
    pub headers: Vec<(String, String)>,
    /// Why it cannot be asked although it is configured: a secret that is not there.
    pub problem: Option<String>,
}

impl std::fmt::Debug for ConfiguredBackEnd {
    /// Never the values of headers.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.kind.name(), self.place)
    }
}

/// How a kind of back end stands in a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackEndState {
    pub kind: BackEndKind,
    pub place: Option<BackEndPlace>,
    pub configured: bool,
    /// "Found through Service …", "Configured: …", "None found".
    pub words: String,
    pub hint: String,
    /// When it last answered.
    pub answered_at: Option<Time>,
    /// Why it did not, the last time that it was asked.
    pub trouble: Option<String>,
}

/// One of them. A method answers `None` where this is not what the back end is for.
#[async_trait]
pub(crate) trait BackEnd: Send + Sync {
    /// In the middle of a sentence.
    fn name(&self) -> String;

    async fn metrics(&self, _question: &MetricQuestion) -> Option<Result<Read, ReadError>> {
        None
    }

    async fn logs(&self, _question: &LogQuestion) -> Option<Result<Read, ReadError>> {
        None
    }

    async fn alerts(&self) -> Option<Result<Read, ReadError>> {
        None
    }
}

/// What a back end is asked.
#[derive(Clone, Copy)]
enum Question<'a> {
    Metrics(&'a MetricQuestion),
    Logs(&'a LogQuestion),
    Alerts,
}

/// What is configured, and how it went.
#[derive(Default)]
pub(crate) struct BackEnds {
    configured: RwLock<Vec<ConfiguredBackEnd>>,
    last: RwLock<BTreeMap<BackEndKind, Result<Time, String>>>,
}

impl BackEnds {
    fn note(&self, kind: BackEndKind, how: Result<Time, String>) {
        self.last.write().unwrap_or_else(PoisonError::into_inner).insert(kind, how);
    }
}

impl Connection {
    /// Replaces what is configured; contacts nothing.
    pub fn configure_back_ends(&self, configured: Vec<ConfiguredBackEnd>) {
        *self.back_ends.configured.write().unwrap_or_else(PoisonError::into_inner) = configured;
        // How those before them answered says nothing of these.
        self.back_ends.last.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Each kind of back end as it stands; contacts nothing.
    pub async fn back_end_states(&self) -> Vec<BackEndState> {
        let found = self.discovered().await;
        let last = self.back_ends.last.read().unwrap_or_else(PoisonError::into_inner).clone();
        BackEndKind::ALL
            .into_iter()
            .map(|kind| {
                let configured = self.configured(kind);
                let place = configured.as_ref().map(|c| c.place.clone()).or_else(|| found.get(&kind).cloned());
                let name = kind.name();
                let (words, hint) = match (&configured, &place) {
                    (Some(_), Some(place)) => (format!("{name} is configured: {place}."), String::new()),
                    (None, Some(place)) => (format!("{name} was found through {place}."), String::new()),
                    _ => (
                        format!("No Service of this cluster looks like {name}."),
                        format!("Give its Service or its address in the cluster's settings, if there is a {name}."),
                    ),
                };
                let problem = configured.as_ref().and_then(|c| c.problem.clone());
                BackEndState {
                    kind,
                    place,
                    configured: configured.is_some(),
                    words,
                    hint,
                    answered_at: last.get(&kind).and_then(|how| how.as_ref().ok().copied()),
                    trouble: problem.or_else(|| last.get(&kind).and_then(|how| how.as_ref().err().cloned())),
                }
            })
            .collect()
    }

    /// Asks a back end one question that changes nothing, so that whoever configures it sees whether it answers.
    pub async fn try_back_end(&self, kind: BackEndKind) -> Result<(), ReadError> {
        let what = format!("an answer of {}", kind.name());
        let Some(door) = self.door(kind).await else { return Err(none_of(kind, &what)) };
        let asked = match door {
            Ok(door) => door.json(kind.trial(), &what).await.map(drop),
            Err(error) => Err(error),
        };
        self.back_ends.note(kind, asked.as_ref().map(|()| self.inner.clock.now()).map_err(ToString::to_string));
        asked
    }

    fn configured(&self, kind: BackEndKind) -> Option<ConfiguredBackEnd> {
        let configured = self.back_ends.configured.read().unwrap_or_else(PoisonError::into_inner);
        configured.iter().find(|c| c.kind == kind).cloned()
    }

    /// What the watched Services look like.
    async fn discovered(&self) -> BTreeMap<BackEndKind, BackEndPlace> {
        let (history, now) = (self.inner.history.clone(), self.inner.clock.now());
        let found = tokio::task::spawn_blocking(move || {
            let snapshot = history.present(now)?;
            let services = snapshot.of_kind("Service").map(|(service, held)| (service, &held.object));
            Ok::<_, history::Error>(discover::among(services))
        });
        match found.await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) | Err(_) => BTreeMap::new(),
        }
    }

    async fn door(&self, kind: BackEndKind) -> Option<Result<Door, ReadError>> {
        if let Some(configured) = self.configured(kind) {
            if let Some(problem) = configured.problem {
                let what = format!("an answer of {}", kind.name());
                let hint = "Correct it in the cluster's settings.";
                return Some(Err(ReadError::not_available(what, problem, hint)));
            }
            return Some(Door::open(&self.inner, kind, &configured.place, &configured.headers).await);
        }
        let place = self.discovered().await.remove(&kind)?;
        Some(Door::open(&self.inner, kind, &place, &[]).await)
    }

    async fn back_end(&self, kind: BackEndKind) -> Option<Result<Box<dyn BackEnd>, ReadError>> {
        let inner = self.inner.clone();
        Some(self.door(kind).await?.map(|door| match kind {
            BackEndKind::Prometheus => Box::new(Prometheus { inner, door }) as Box<dyn BackEnd>,
            BackEndKind::Loki => Box::new(Loki { inner, door }),
            BackEndKind::Alertmanager => Box::new(Alertmanager { inner, door }),
        }))
    }

    /// Asks the back ends of these kinds in turn. The first answer counts; why the others gave none is told beside it.
    async fn first_of(&self, kinds: &[BackEndKind], question: Question<'_>) -> (Option<Read>, Vec<ReadError>) {
        let mut unread = Vec::new();
        for kind in kinds.iter().copied() {
            let Some(back_end) = self.back_end(kind).await else { continue };
            let answer = match back_end {
                Ok(back_end) => match question {
                    Question::Metrics(question) => back_end.metrics(question).await,
                    Question::Logs(question) => back_end.logs(question).await,
                    Question::Alerts => back_end.alerts().await,
                },
                Err(error) => Some(Err(error)),
            };
            match answer {
                Some(Ok(mut read)) => {
                    self.back_ends.note(kind, Ok(self.inner.clock.now()));
                    read.notes.extend(unread.iter().map(|error: &ReadError| format!("{error}.")));
                    return (Some(read), Vec::new());
                }
                Some(Err(error)) => {
                    self.back_ends.note(kind, Err(error.to_string()));
                    unread.push(error);
                }
                None => {}
            }
        }
        (None, unread)
    }

    pub(crate) async fn metrics(&self, question: &MetricQuestion) -> Result<Read, ReadError> {
        let (read, unread) = self.first_of(&[BackEndKind::Prometheus], Question::Metrics(question)).await;
        if let Some(read) = read {
            return Ok(read);
        }
        // What metrics-server says of now is better than nothing, where it is asked for at all.
        match MetricsServer(self.inner.clone()).metrics(question).await {
            // An empty answer of who was asked instead would hide that the first one failed.
            Some(Ok(read)) if read.observations.is_empty() && !unread.is_empty() => {
                Err(unread.into_iter().next().unwrap_or_else(|| none_of(BackEndKind::Prometheus, "this metric")))
            }
            Some(Ok(mut read)) => {
                let name = MetricsServer(self.inner.clone()).name();
                read.notes.extend(unread.iter().map(|error| format!("{error}; {name} was asked instead.")));
                Ok(read)
            }
            Some(Err(error)) => Err(unread.into_iter().next().unwrap_or(error)),
            None => Err(unread.into_iter().next().unwrap_or_else(|| none_of(BackEndKind::Prometheus, "this metric"))),
        }
    }

    /// The alerts of an Alertmanager, or else of a Prometheus that knows its own.
    pub(crate) async fn alerts(&self, namespace: Option<&str>) -> Result<Read, ReadError> {
        let kinds = [BackEndKind::Alertmanager, BackEndKind::Prometheus];
        let (read, unread) = self.first_of(&kinds, Question::Alerts).await;
        let Some(mut read) = read else {
            let none = || none_of(BackEndKind::Alertmanager, "the monitoring's list of alerts");
            return Err(unread.into_iter().next().unwrap_or_else(none));
        };
        self.find_nodes(&mut read.observations).await;
        read.observations.retain(|alert| match (&alert.subject, namespace) {
            (Some(subject), Some(namespace)) if subject.kind == "Namespace" => subject.name == namespace,
            // What is in no namespace, such as a node, is of all of them.
            (Some(subject), Some(namespace)) => subject.namespace.is_empty() || subject.namespace == namespace,
            (None, _) | (_, None) => true,
        });
        Ok(read)
    }

    /// Alerts of node-exporter name its pod and an address, and often no node: what the watches saw tells it.
    async fn find_nodes(&self, alerts: &mut [model::Observation]) {
        let nameless = |alert: &model::Observation| match &alert.body {
            model::Body::Alert(body) => subject_of(&body.labels).is_none(),
            _ => false,
        };
        if !alerts.iter().any(nameless) {
            return;
        }
        let (history, now) = (self.inner.history.clone(), self.inner.clock.now());
        let Ok(Ok(snapshot)) = tokio::task::spawn_blocking(move || history.present(now)).await else { return };
        for alert in alerts.iter_mut().filter(|alert| nameless(alert)) {
            if let model::Body::Alert(body) = &alert.body
                && let Some(node) = subject::node_of_exporter(&body.labels, &snapshot)
            {
                alert.subject = Some(node);
            }
        }
    }

    /// What a log store kept; by whom, and `None` where there is no log store.
    pub(crate) async fn stored_logs(&self, question: &LogQuestion) -> Option<(String, Result<Read, ReadError>)> {
        let (read, unread) = self.first_of(&[BackEndKind::Loki], Question::Logs(question)).await;
        let answer = match read {
            Some(read) => Ok(read),
            None => Err(unread.into_iter().next()?),
        };
        Some((BackEndKind::Loki.name().to_owned(), answer))
    }
}

fn none_of(kind: BackEndKind, what: &str) -> ReadError {
    let name = kind.name();
    ReadError::not_available(
        what,
        format!("no Service of this cluster looks like {name}, and none is configured"),
        format!(
            "Give its Service or its address in the cluster's settings, or look at your own {name} and note what it says."
        ),
    )
}

/// A value of a query.
fn encoded(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// A text between quotes in PromQL and LogQL.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests;
