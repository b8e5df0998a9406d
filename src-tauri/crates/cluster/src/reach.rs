use std::sync::Arc;

use gate::Permit;
use history::History;
use model::{ClusterId, ObjectRef, Observation, Time};

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

/// Which log to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuestion {
    pub namespace: String,
    pub pod: String,
    /// The failing or else the first container where it is not named.
    pub container: Option<String>,
    /// The log of the container's previous run.
    pub previous: bool,
    /// Only the last so many lines.
    pub tail: Option<u32>,
    pub since: Option<Time>,
}

/// Which metrics to read; empty fields do not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricQuestion {
    pub namespace: Option<String>,
    pub object: Option<ObjectRef>,
    /// A part of the metric's name.
    pub name: Option<String>,
    pub from: Option<Time>,
}

impl Reach {
    pub fn cluster(&self) -> &ClusterId {
        match self {
            Reach::Live(connection) => connection.cluster(),
            Reach::Recorded(history) => history.cluster(),
        }
    }

    fn check(&self, permit: &Permit) -> Result<(), ReadError> {
        check(permit, self.cluster())
    }

    /// A piece of a container's log, one observation for each container and run that matches.
    pub async fn logs(&self, permit: &Permit, question: &LogQuestion, to: Time) -> Result<Vec<Observation>, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.logs(question).await,
            Reach::Recorded(history) => recorded::logs(history, question, to),
        }
    }

    pub async fn metrics(
        &self,
        permit: &Permit,
        question: &MetricQuestion,
        to: Time,
    ) -> Result<Vec<Observation>, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.metrics(question).await,
            Reach::Recorded(history) => recorded::metrics(history, question, to),
        }
    }

    /// Alerts of the monitoring, of one namespace or of all.
    pub async fn alerts(
        &self,
        permit: &Permit,
        namespace: Option<&str>,
        to: Time,
    ) -> Result<Vec<Observation>, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.alerts(namespace).await,
            Reach::Recorded(history) => recorded::alerts(history, namespace, to),
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
    pub async fn node_agents(
        &self,
        permit: &Permit,
        node: Option<&str>,
        to: Time,
    ) -> Result<Vec<Observation>, ReadError> {
        self.check(permit)?;
        match self {
            Reach::Live(connection) => connection.node_agents(node).await,
            Reach::Recorded(history) => recorded::node_agents(history, node, to),
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
