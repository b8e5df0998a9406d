use model::ClusterId;

/// Why a read gave nothing. "Could not look" is always one of these; "looked, found nothing" is `Ok` with an empty list.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The source does not exist here: no such recording, no metrics server, no monitoring.
    #[error("{what} is not available: {why}")]
    NotAvailable { what: String, why: String, hint: String },
    /// The cluster's authorisation said no.
    #[error("could not read {what}: the cluster refused ({why})")]
    Refused { what: String, why: String, hint: String },
    /// The cluster does not know who asks: no credential, an expired one, or a plugin that failed.
    #[error("could not read {what}: the login is not valid ({why})")]
    NotLoggedIn { what: String, why: String, hint: String },
    /// The cluster was asked, and the object does not exist.
    #[error("{what} does not exist ({why})")]
    Missing { what: String, why: String, hint: String },
    /// Network, TLS or proxy: the cluster was not reached.
    #[error("could not read {what}: the cluster was not reached ({why})")]
    Unreachable { what: String, why: String, hint: String },
    /// The cluster answered with something else.
    #[error("could not read {what}: {why}")]
    Failed { what: String, why: String, hint: String },
    /// The permit is for another cluster than the one that would be read.
    #[error("the call was approved for {approved} and would have run on {here}")]
    WrongCluster { approved: ClusterId, here: ClusterId },
    #[error(transparent)]
    History(#[from] history::Error),
}

impl ReadError {
    /// What to do next.
    pub fn hint(&self) -> &str {
        match self {
            ReadError::NotAvailable { hint, .. }
            | ReadError::Refused { hint, .. }
            | ReadError::NotLoggedIn { hint, .. }
            | ReadError::Missing { hint, .. }
            | ReadError::Unreachable { hint, .. }
            | ReadError::Failed { hint, .. } => hint,
            ReadError::WrongCluster { .. } => "Propose the call again for the cluster that is open.",
            ReadError::History(_) => "Check that the state folder exists and has free space.",
        }
    }

    /// True where nothing was looked at, so that the answer proves nothing.
    pub fn could_not_look(&self) -> bool {
        !matches!(self, ReadError::Missing { .. })
    }

    pub(crate) fn not_available(what: impl Into<String>, why: impl Into<String>, hint: impl Into<String>) -> Self {
        ReadError::NotAvailable { what: what.into(), why: why.into(), hint: hint.into() }
    }
}
