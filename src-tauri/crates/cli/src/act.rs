//! `caseboard act`: one call of the engineer's own, through the same gate as an investigator's.

use std::sync::Arc;

use clap::Args;
use desk::{About, Desk};
use gate::{Call, CallState};
use model::{CallId, CaseId, Purpose, Risk};
use serde_json::{Value, json};

use crate::ask::Answer;
use crate::source::Source;
use crate::{Failed, ask, out};

#[derive(Args)]
pub struct Act {
    /// The tool, such as scale, rollout_undo, cordon or helm_release; without it, the tools are listed.
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// Its arguments as JSON.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    args: String,
    /// Why, for the case's log.
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    source: Source,
    /// Allow changes of this cluster for this run; each still asks.
    #[arg(long)]
    allow_writes: bool,
    /// Show what the watches know a change would do, without asking the cluster for a dry run first.
    #[arg(long)]
    no_dry_run: bool,
    #[arg(long)]
    json: bool,
}

impl Act {
    pub async fn run(self) -> Result<(), Failed> {
        let args: Value = serde_json::from_str(&self.args).map_err(|error| Failed::Usage {
            what: format!("The arguments are not JSON: {error}."),
            hint: "For example: --args '{\"namespace\": \"shop\", \"name\": \"web\"}'.".into(),
        })?;
        let opened = self.source.open().await?;
        let desk = &opened.desk;
        let Some(tool) = &self.tool else {
            for tool in desk.tools() {
                out::line(&format!("{:<18} {}", tool.name, tool.title));
            }
            return Ok(());
        };
        if self.allow_writes {
            desk.allow_writes_for_this_run(&opened.cluster);
        }
        let case = desk.open_case(&opened.cluster, &About::These(&[]), Some(format!("{tool} by hand")))?;
        let id = desk.propose(case, tool, args, &self.reason).await?;
        let call = waiting(desk, case, id)?;
        if is_write(&call) && !self.no_dry_run && matches!(call.state, CallState::AwaitingDecision { .. }) {
            desk.try_out(case, id).await?;
        }
        loop {
            let call = waiting(desk, case, id)?;
            if !matches!(call.state, CallState::AwaitingDecision { .. }) {
                break;
            }
            if let Answer::Stop = ask::decide(desk, case, id)? {
                break;
            }
            let after = desk.settled(case, id).await?;
            if let (CallState::AwaitingDecision { .. }, true) = (&after.state, after.revision > call.revision) {
                out::say("  What it would do has changed since it was shown; here it is as it is now.");
            }
        }
        self.told(desk, case, id)
    }

    fn told(&self, desk: &Arc<Desk>, case: CaseId, id: CallId) -> Result<(), Failed> {
        let call = waiting(desk, case, id)?;
        let next = desk.suggestions(case, id)?;
        let (text, done) = match &call.state {
            CallState::Released { text, .. } => (text.clone(), true),
            CallState::Forbidden { because, .. } => (format!("Forbidden: {because}."), false),
            CallState::Failed { error, hint } => (format!("{error}. {hint}"), false),
            CallState::Denied { reason } => (format!("Denied: {reason}."), false),
            CallState::OutcomeUnknown { because } => (format!("It may have been done: {because}."), false),
            other => (format!("It is {}; nothing ran.", other.name()), false),
        };
        if self.json {
            out::json(&json!({
                "case": case, "call": id, "tool": call.call.tool, "args": call.call.args, "state": call.state.name(),
                "revision": call.revision, "digest": call.digest, "shown": call.call.shown, "text": text, "next": next,
            }))?;
        } else {
            out::line(&text);
            for next in &next {
                let word = match next.purpose {
                    Purpose::Undo => "take it back",
                    Purpose::Verify => "look whether it helped",
                };
                out::say(&format!("  to {word}: caseboard act --tool {} --args '{}'", next.tool, next.args));
            }
        }
        if done { Ok(()) } else { Err(Failed::Silent) }
    }
}

fn waiting(desk: &Arc<Desk>, case: CaseId, id: CallId) -> Result<Call, Failed> {
    let found = desk.calls(case)?.into_iter().find(|call| call.id == id);
    found.ok_or_else(|| Failed::Act(desk::DeskError::not_found("There is no such call in this case.")))
}

fn is_write(call: &Call) -> bool {
    matches!(call.risk, Risk::Write | Risk::Destructive)
}
