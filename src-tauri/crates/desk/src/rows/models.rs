//! What the window shows of a language model's part in a case.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What left this machine for a model, exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Leaves {
    /// The newest request of this run of the program; `null` where there is none.
    pub text: Option<String>,
    #[ts(type = "number")]
    pub bytes: u64,
    /// It has not left yet: it waits for the engineer to say so.
    pub waits: bool,
}

/// What a language model is told under another name. It is turned back in what comes from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Pseudonyms {
    /// Of objects, namespaces, nodes and the cluster.
    pub names: bool,
    /// Hosts outside of the cluster.
    pub hosts: bool,
    /// IPv4 and IPv6.
    pub addresses: bool,
}
