//! The gate: nothing that an investigator asks for happens, and nothing it reads is handed over, except through here.
//!
//! The state of a call is the fold of its facts ([`fold`], pure). What policy says is pure too ([`Policy::rule`]). The
//! [`Door`] writes the facts, and makes a [`Permit`] only after "started" is committed.
//!
//! Deliberately not here: what tools do, and any waiter in memory: a pending decision is a query over facts.
//! Start with [`CallState`].

mod door;
mod fold;
mod policy;

pub use door::{Door, Leave, Permit, Refused, Running, TryOut};
pub use fold::{Call, CallState, FoldError, fold, fold_case};
pub use policy::{
    Approve, BrokenRules, Classify, Does, Policy, Promise, Rule, RuleFile, Writes, WrittenRule, self_test,
};
