use std::sync::Arc;

use gate::Permit;
use history::History;
use model::{ClusterId, ObjectRef, Observation, Time};

use crate::live::FollowState;
use crate::{Connection, ReadError, recorded};

/// What a read reaches: a live cluster or a recorded history. Both answer the same questions with the same observations,
/// so that a tool never asks which of the two it has.
///
/// Every method takes a permit and refuses one that was given for another cluster. `to` is the time the case looks at:
/// a recording answers as of then, a live cluster as of now. Live answers are not yet in the history (the tool appends
/// them), recorded ones are.
#[derive(Clone)]
pub enum Reach {
    Live(Arc<Connection>),
    Recorded(Arc<History>),
}

/// What a read brought, and what has to be said beside it: what was not read, who answered, what an answer lacks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    pub observations: Vec<Observation>,
    pub notes: Vec<String>,
}

impl From<Vec<Observation>> for Read {
    fn from(observations: Vec<Observation>) -> Self {
        Read { observations, notes: Vec::new() }
    }
}

/// Which log to read.
#[derive(Clone, Debug, Default)]
pub struct LogQuestion {
    pub namespace: String,
    pub pod: String,
    pub containers: Containers,
    /// The log of the container's previous run.
    pub previous: bool,
    /// Only the last so many lines; with `matching`, of those that match.
    pub tail: Option<u32>,
    pub since: Option<Time>,
    pub until: Option<Time>,
    /// Only entries that hold this, out of the whole log and not of its end alone.
    pub matching: Option<Matching>,
}

/// Which containers of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Containers {
    /// The failing one, or else the first.
    #[default]
    Telling,
    /// All: init containers and those that were added for debugging too.
    All,
    Named(Vec<String>),
}

/// What a line of a log must hold: a regular expression, or where it is none the text as it stands.
#[derive(Clone, Debug)]
pub struct Matching {
    text: String,
    expression: Option<regex::Regex>,
}

impl Matching {
    pub fn new(text: &str) -> Self {
        Matching { text: text.to_owned(), expression: regex::RegexBuilder::new(text).size_limit(1 << 20).build().ok() }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_expression(&self) -> bool {
        self.expression.is_some()
    }

    pub fn is_in(&self, text: &str) -> bool {
        self.expression.as_ref().map_or_else(|| text.contains(&self.text), |expression| expression.is_match(text))
    }

    /// As an expression that finds the same.
    pub(crate) fn expression(&self) -> String {
        if self.is_expression() { self.text.clone() } else { regex::escape(&self.text) }
    }
}

/// Which metrics to read; empty fields do not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricQuestion {
    pub namespace: Option<String>,
    pub object: Option<ObjectRef>,
    /// A part of the metric's name.
    pub name: Option<String>,
    /// What is wanted to be known of the object or the namespace.
    pub measure: Option<Measure>,
    /// The query in the back end's own language, instead of all of the above.
    pub query: Option<String>,
    pub from: Option<Time>,
    /// Now, or the time that the case looks at, where it is not given.
    pub until: Option<Time>,
    /// Seconds between two points; chosen by the length of the window where it is not given.
    pub step: Option<u32>,
}

/// What metrics are asked, in words that hold for any back end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    Cpu,
    Memory,
    /// The share of scheduling periods in which a container was held back by its CPU limit.
    Throttling,
    Restarts,
    /// The share of HTTP requests that failed with a 5xx.
    HttpErrors,
    /// The 99th percentile of the time that HTTP requests take.
    Latency,
    /// Bytes used and capacity of volumes.
    VolumeUsage,
}

impl Measure {
    pub const ALL: [Measure; 7] = [
        Measure::Cpu,
        Measure::Memory,
        Measure::Throttling,
        Measure::Restarts,
        Measure::HttpErrors,
        Measure::Latency,
        Measure::VolumeUsage,
    ];
}

impl Reach {
    pub fn cluster(&self) -> &ClusterId {
        match self {
            Reach::Live(connection) => connection.cluster(),
            Reach::Recorded(history) => history.cluster(),
        }
    }

    /// Who the cluster sees when it is asked now; nobody where a recording answers.
    pub fn user(&self) -> Option<String> {
        match self {
            Reach::Live(connection) => Some(connection.user()),
            Reach::Recorded(_) => None,
        }
    }

    fn check(&self, permit: &Permit) -> Result<(), ReadError> {
        check(permit, self.cluster())
    }

    /// The logs of a pod's containers, one observation for each. One that cannot be read is told in a note beside the
    /// others.
    pub async fn logs(&self, permit: &Permit, question: &LogQuestion, to: Time) -> Result<Read, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.logs(question).await,
            Reach::Recorded(history) => recorded::logs(history, question, to).map(Read::from),
        }
    }

    /// Follows the log of one container from now on, until somebody stops it; the number to stop it by. What comes is
    /// appended to the history in pieces and enters no investigation by itself.
    pub async fn follow(&self, permit: &Permit, question: &LogQuestion) -> Result<FollowState, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.follow(question).await,
            Reach::Recorded(_) => Err(ReadError::not_available(
                format!("the log of `{}/{}` as it is written", question.namespace, question.pod),
                "this is a recording",
                "Open the live cluster to follow it.",
            )),
        }
    }

    /// Metric series; live from Prometheus or its like where there is one, and else what metrics-server says of now.
    pub async fn metrics(&self, permit: &Permit, question: &MetricQuestion, to: Time) -> Result<Read, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.metrics(question).await,
            Reach::Recorded(history) => recorded::metrics(history, question, to).map(Read::from),
        }
    }

    /// Alerts of the monitoring, of one namespace or of all.
    pub async fn alerts(&self, permit: &Permit, namespace: Option<&str>, to: Time) -> Result<Read, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.alerts(namespace).await,
            Reach::Recorded(history) => recorded::alerts(history, namespace, to).map(Read::from),
        }
    }

    /// Whether a service's port accepts connections; all its ports where `port` is not given.
    pub async fn probe(
        &self,
        permit: &Permit,
        namespace: &str,
        service: &str,
        port: Option<u16>,
        to: Time,
    ) -> Result<Vec<Observation>, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.probe(namespace, service, port).await,
            Reach::Recorded(history) => recorded::probe(history, namespace, service, port, to),
        }
    }

    /// What the agents on one node, or on every node, say of themselves.
    pub async fn node_agents(&self, permit: &Permit, node: Option<&str>, to: Time) -> Result<Read, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.node_agents(node).await,
            Reach::Recorded(history) => recorded::node_agents(history, node, to).map(Read::from),
        }
    }

    /// Keys, sizes and keyed digests of a ConfigMap.
    pub async fn config_shape(
        &self,
        permit: &Permit,
        namespace: &str,
        name: &str,
        to: Time,
    ) -> Result<Vec<Observation>, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.shape("ConfigMap", namespace, name).await,
            Reach::Recorded(history) => recorded::shape(history, "ConfigMap", namespace, name, to),
        }
    }

    /// Keys, sizes and keyed digests of a Secret; never a value.
    pub async fn secret_shape(
        &self,
        permit: &Permit,
        namespace: &str,
        name: &str,
        to: Time,
    ) -> Result<Vec<Observation>, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.shape("Secret", namespace, name).await,
            Reach::Recorded(history) => recorded::shape(history, "Secret", namespace, name, to),
        }
    }

    /// One revision of a Helm release, redacted: JSON of what [`Body::ToolResult`](model::Body::ToolResult) holds.
    pub async fn helm_release(
        &self,
        permit: &Permit,
        namespace: &str,
        release: &str,
        revision: u64,
        to: Time,
    ) -> Result<Vec<Observation>, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.helm_release(namespace, release, revision).await,
            Reach::Recorded(history) => recorded::helm_release(history, namespace, release, revision, to),
        }
    }

    /// One object of any kind that is served, watched or not. An empty name lists the kind in the namespace.
    pub async fn object(&self, permit: &Permit, object: &ObjectRef, to: Time) -> Result<Vec<Observation>, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.object(object).await,
            Reach::Recorded(history) => recorded::object(history, object, to),
        }
    }

    /// Changes outside the cluster's objects: commits, releases, pipeline runs.
    pub async fn changes(&self, permit: &Permit, from: Option<Time>, to: Time) -> Result<Vec<Observation>, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.changes(from, to).await,
            Reach::Recorded(history) => recorded::changes(history, from, to),
        }
    }

    /// Which service calls which, as somebody recorded it.
    pub async fn dependencies(
        &self,
        permit: &Permit,
        namespace: Option<&str>,
        to: Time,
    ) -> Result<Vec<Observation>, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.dependencies(to).await,
            Reach::Recorded(history) => recorded::dependencies(history, namespace, to),
        }
    }
}

/// The cluster is part of what was approved.
pub(crate) fn check(permit: &Permit, here: &ClusterId) -> Result<(), ReadError> {
    let approved = &permit.what().cluster;
    if approved == here {
        Ok(())
    } else {
        Err(ReadError::WrongCluster { approved: approved.clone(), here: here.clone() })
    }
}
