//! What the workbench knows, as text that a curator can edit: failure modes, specialists, articles, blueprints.
//!
//! A [`Library`] is one loaded state of `knowledge/`: the files built into the program, overlaid by folders. A [`Shelf`]
//! watches the folders and swaps the library when a file changes; a file that breaks keeps its last good version and is
//! listed in [`Library::issues`]. Conditions are CEL over facts, compiled once ([`Condition`]).
//!
//! Deliberately not here: reasoning with any of it (crate `investigate`), storing blueprint versions (crate `history`).
//! Start with [`Library`].

mod article;
mod backstage;
mod blueprints;
mod condition;
mod document;
mod failure_mode;
mod invariant;
mod issue;
mod library;
mod search;
mod shelf;
mod template;
#[cfg(test)]
mod tests;

pub use article::{Article, ArticleKind, path_of as article_path};
pub use backstage::{Catalogue, read_catalogue, write_catalogue};
pub use blueprints::{Blueprints, Shift, check_blueprint, read_blueprint, write_blueprint};
pub use condition::{BoundFact, Condition, Names, Scene};
pub use failure_mode::{Check, FailureMode, FixRule, On, Sign};
pub use issue::Issue;
pub use library::{KnowledgeList, Library};
pub use search::{Hit, HitKind};
pub use shelf::Shelf;
pub use template::{lacks_words, render, spoken};
