//! The nouns of Caseboard: plain data that every other crate speaks.
//!
//! Everything the workbench knows is an [`Observation`] in an append-only history; everything it shows is a function of
//! that history and a [`Time`]. What the cluster looked like is a [`Snapshot`]; what the engineer released to an
//! investigation on top of it is a [`View`]; what happened in a case is its list of [`CaseEvent`]s.
//!
//! Deliberately not here: I/O, clocks, randomness, SQLite, Kubernetes clients, and any judgement about what is broken.
//! Start with [`Observation`].

mod blueprint;
mod case;
mod digest;
mod doc;
mod fact;
mod grouping;
mod hypothesis;
mod id;
mod incident;
mod log;
mod object;
mod observation;
mod ordered;
mod project;
mod snapshot;
mod talk;
mod text;
mod time;
mod tool;

pub use blueprint::{ArticleVersion, Blueprint, BlueprintVersion, Declared, Invariant, OddsShift, Scope};
pub use case::{Author, CallFact, CallStep, CaseEvent, CaseFact, CaseSummary, Preview, ResultView, Ruling, Written};
pub use digest::{canonical_json, digest_hex, digest_json};
pub use doc::{Alike, CowStr, Doc, Fields, OpenMap, Pool, PoolSize, Reading, Texts, Verbatim};
pub use fact::{Certainty, Fact};
pub use grouping::{Grouping, GroupingRule, Trouble};
pub use hypothesis::{Citation, Conclusion, Fix, Hypothesis, NotChecked};
pub use id::{CallId, CaseId, ClusterId, IncidentId, ObservationId};
pub use incident::{Category, Incident, IncidentState, Link, NoiseEntry, Severity, Signal, Triage};
pub use log::{Entries, LogBody, LogLevel, LogPattern, Patterns, time_in};
pub use object::{ObjectRef, is_builtin_kind, qualified_kind};
pub use observation::{
    AlertBody, AlertState, Body, ChangeKind, CoverageState, EventBody, KeyShape, MetricBody, MetricPoint,
    NodeAgentBody, Observation, ProbeBody, ShapeBody, Source,
};
pub use ordered::Ordered;
pub use project::{Place, controller_of, labels, project};
pub use snapshot::{Coverage, Gap, Held, SeenEvent, Snapshot, View};
pub use talk::{
    ArguedFix, Argument, AskedFor, Budget, CheckedCitation, Claim, HandBack, HandOver, ModelAnswer, ModelSilence, Spent,
};
pub use text::Text;
pub use time::{Clock, Time};
pub use tool::{Decision, Purpose, Risk, Shown, ShownField, Suggestion, Terms, ToolCall, ToolSpec};
