use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Fix, Time};

/// Where a blueprint holds; the narrower one wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(tag = "level", rename_all = "snake_case")]
pub enum Scope {
    Fleet,
    Cluster { cluster: String },
    Namespace { namespace: String },
    Workload { namespace: String, kind: String, name: String },
}

/// A dependency that the team declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Declared {
    /// `Kind/namespace/name`.
    pub from: String,
    pub to: String,
    pub why: String,
}

/// Something that must always hold; broken, it is a signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Invariant {
    pub name: String,
    /// A CEL condition over the workload and its facts.
    pub holds: String,
    pub says: String,
}

/// What the team knows that makes a cause more or less likely here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct OddsShift {
    /// A failure mode's id.
    pub failure_mode: String,
    /// A CEL condition; empty: always.
    #[serde(default)]
    pub when: String,
    /// A likelihood ratio: above 1 more likely, below 1 less likely.
    pub ratio: f64,
    pub because: String,
}

/// What the team knows of its own system.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Blueprint {
    pub name: String,
    pub scope: Option<Scope>,
    pub owner: String,
    pub summary: String,
    pub dependencies: Vec<Declared>,
    pub invariants: Vec<Invariant>,
    pub odds: Vec<OddsShift>,
    pub preferred_fixes: Vec<Fix>,
    /// Ids of fixes that must not be proposed here, each with its reason.
    pub forbidden_fixes: Vec<(String, String)>,
    /// Markdown for people.
    pub notes: String,
}

/// A stored version of a blueprint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct BlueprintVersion {
    pub version: u32,
    pub at: Time,
    pub author: String,
    pub blueprint: Blueprint,
}

/// A stored version of an article that the team wrote: front matter and text as in a file; an empty text is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ArticleVersion {
    pub id: String,
    pub version: u32,
    pub at: Time,
    pub author: String,
    pub text: String,
}
