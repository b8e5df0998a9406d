//! Kubeconfigs, connections, watches and live reads: the workbench's only way to a cluster.
//!
//! [`discover`] finds the contexts of this machine without contacting anything, and [`SourceWatch`] notices when they
//! change. [`Connection::open`] opens one of them on the engineer's [`Terms`]: which programs may run to log in, where to
//! look beyond what the login may list. Its watches append what they see to a history. Everything else that is read
//! passes through [`Reach`], each time with a permit of the gate, and is answered by the live cluster or by a recorded
//! history alike.
//!
//! Deliberately not here: what anything means, SQLite, the decision whether a call may run, and any value of a Secret or
//! ConfigMap: watches see a Secret's metadata only, and a shape is reduced to digests where it is read.
//! Start with [`Reach`].

mod arrival;
mod back_end;
mod connection;
mod crypto;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails says where")]
mod fake;
mod kind;
mod kubeconfig;
mod live;
mod login;
mod plugin;
mod proxy;
mod reach;
mod read_error;
mod recorded;
mod search_path;
mod served;
mod split;
mod trouble;
mod trust;
mod write;

pub use arrival::finished::FinishedPods;
pub use back_end::{BackEndKind, BackEndPlace, BackEndState, ConfiguredBackEnd};
pub use connection::{Connection, ConnectionPhase, ConnectionState, ServedKind, Unseen, WatchPhase, WatchState};
pub use crypto::install_crypto;
pub use kubeconfig::{Context, Credential, Found, Issue, SourceWatch, Sources, discover};
pub use live::{FollowPage, FollowState};
pub use login::Logins;
pub use plugin::{PluginError, PluginFault};
pub use reach::{Containers, LogQuestion, Matching, Measure, MetricQuestion, Reach, Read};
pub use read_error::ReadError;
pub use recorded::unanswerable;
pub use search_path::SearchPath;
pub use trouble::{Trouble, TroubleKind};
pub use trust::{ExecCommand, Terms, Trust};
pub use write::{Access, Change, Changed, Part, Target, WriteError};

use kind::Kind;
