use serde::{Deserialize, Serialize};

use crate::{ClusterId, ObjectRef, Time};

/// Trouble of one object: all of it, or some signals by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    pub object: ObjectRef,
    /// Empty for whatever befalls the object.
    #[serde(default)]
    pub signals: Vec<String>,
}

/// How an engineer wants signals grouped, whatever the graph says. Objects are workload-level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum Grouping {
    /// Trouble of the one belongs to the same incident as trouble of the other.
    Merge { one: ObjectRef, other: ObjectRef },
    /// It never does.
    Split { one: ObjectRef, other: ObjectRef },
    /// These are an incident of their own, whatever else they are linked to.
    Apart { these: Vec<Trouble> },
    /// Its incident stands first, and nothing about it is set aside as noise.
    Pin { object: ObjectRef },
}

/// A decision about grouping that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupingRule {
    /// Counted from 1 on this desk; never given twice.
    pub number: u32,
    /// Where it holds; every cluster where absent.
    pub cluster: Option<ClusterId>,
    pub grouping: Grouping,
    /// The title of the incident about which it was decided; empty where it was not decided about one.
    #[serde(default)]
    pub title: String,
    pub because: String,
    pub by: String,
    pub at: Time,
}
