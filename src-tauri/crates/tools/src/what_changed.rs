//! What changed in a window: versions of objects, what was created and deleted, new revisions, recorded commits.

mod change;

use async_trait::async_trait;
use gate::Permit;
use model::{Body, Preview, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, count, cut_in_the_middle, keep, recall, unread, unstored};
use crate::scene::Scene;
use crate::typed::{Typed, blank_is_none};
use crate::{Surroundings, ToolError};
use change::changes;

/// What is looked at where no beginning is given.
const DEFAULT_WINDOW_SECONDS: i64 = 24 * 3600;
const SHOWN_CHANGES: usize = 40;
const SHOWN_RECORDS: usize = 20;
const DIFF_CHARACTERS: usize = 1_500;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Only objects of this namespace; commits and releases name none and are always read.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Namespace")]
    pub namespace: Option<String>,
    /// RFC 3339; left out: objects of the last 24 hours, and every commit or release that is recorded.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "From")]
    pub from: Option<String>,
    /// RFC 3339; left out: the time that the case looks at.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "To")]
    pub to: Option<String>,
}

impl Args {
    fn from(&self) -> Result<Option<Time>, String> {
        time(&self.from, "from")
    }

    /// Never later than the time that the case looks at.
    fn to(&self, as_of: Time) -> Result<Time, String> {
        Ok(time(&self.to, "to")?.map_or(as_of, |to| to.min(as_of)))
    }
}

fn time(text: &Option<String>, name: &str) -> Result<Option<Time>, String> {
    text.as_ref().map(|t| t.trim().parse::<Time>()).transpose().map_err(|e| format!("`{name}`: {e}"))
}

pub(crate) struct WhatChanged;

#[async_trait]
impl Typed for WhatChanged {
    type Args = Args;
    const NAME: &'static str = "what_changed";
    const TITLE: &'static str = "What changed";
    const DESCRIPTION: &'static str = "Lists what changed in a window: objects created, changed (with the fields) and \
        deleted, new revisions of workloads, and recorded commits or releases with their diffs.";

    fn consistent(args: &Args) -> Result<(), String> {
        match (args.from()?, args.to(Time::MAX)?) {
            (Some(from), to) if from > to => Err(format!("`from` ({from}) is after `to` ({to})")),
            _ => Ok(()),
        }
    }

    fn would(&self, args: &Args, surroundings: &Surroundings) -> Preview {
        let to = args.to(surroundings.as_of).unwrap_or(surroundings.as_of);
        let from = args.from().ok().flatten().unwrap_or_else(|| to.plus_seconds(-DEFAULT_WINDOW_SECONDS));
        let of = args.namespace.as_ref().map(|n| format!(" of `{n}`")).unwrap_or_default();
        Preview {
            does: format!(
                "Compares the objects{of} between {from} and {to}, and reads the recorded commits and releases."
            ),
            diff: None,
            cost: "a line for each change, from the history alone; one read of the record of changes".into(),
            undo: None,
        }
    }

    async fn answer(&self, args: Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let wrong = |why: String| ToolError { what: "the window does not fit".into(), why, hint: String::new() };
        let to = args.to(surroundings.as_of).map_err(wrong)?;
        let from = args.from().map_err(wrong)?;
        let recorded = match surroundings.reach.changes(&permit, from, to).await {
            Ok(read) => Ok(keep(Self::NAME, read, surroundings)?),
            Err(error) => Err(error),
        };
        let scene = Scene::of(surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        let since = from.unwrap_or_else(|| to.plus_seconds(-DEFAULT_WINDOW_SECONDS));
        let found = changes(&scene, &surroundings.history, args.namespace.as_deref().map(str::trim), since, to)
            .map_err(|e| unstored(Self::NAME, &e))?;
        if let (Err(error), true) = (&recorded, found.is_empty() && scene.view.snapshot.objects.is_empty()) {
            return Err(unread(Self::NAME, error));
        }

        let (records, record_text) = match &recorded {
            Ok(records) => {
                (records.clone(), count(records.len(), "recorded commit or release", "recorded commits or releases"))
            }
            Err(error) => (Vec::new(), format!("no commits or releases ({error})")),
        };
        let objects = count(found.len(), "change of an object", "changes of objects");
        let mut answer = Answer::new(format!("{objects} between {since} and {to}; {record_text}."));
        for o in records.iter().rev().take(SHOWN_RECORDS) {
            let Body::Change { reference, author, message, diff } = &o.body else { continue };
            let diff =
                diff.as_ref().map(|d| format!("\n{}", cut_in_the_middle(d, DIFF_CHARACTERS).0)).unwrap_or_default();
            answer = answer.part(format!("{} {reference} by {author}: {message}{diff}", o.at));
        }
        let hidden_records = records.len().saturating_sub(SHOWN_RECORDS);
        let lines: Vec<String> = found.iter().take(SHOWN_CHANGES).map(|c| format!("{} {}", c.at, c.says)).collect();
        let hidden = found.len().saturating_sub(SHOWN_CHANGES);
        let evidence = recall(Self::NAME, found.iter().take(SHOWN_CHANGES).flat_map(|c| &c.evidence), surroundings)?;
        Ok(answer
            .part(lines.join("\n"))
            .cut_if(hidden_records > 0, format!("{hidden_records} older commits or releases"))
            .cut_if(hidden > 0, format!("{hidden} older changes of objects"))
            .resting_on(records)
            .resting_on(evidence))
    }
}
