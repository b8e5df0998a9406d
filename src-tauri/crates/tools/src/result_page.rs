use async_trait::async_trait;
use gate::Permit;
use model::{Body, ObservationId, Preview, Risk};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, WHOLE, unstored, written_down};
use crate::typed::{Typed, blank_is_none};
use crate::{Surroundings, ToolError};

/// Lines of one page, and the most that may be asked for.
const PAGE: u32 = 80;
const MOST: u32 = 200;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// As the shortened result names it.
    #[schemars(title = "Id", length(min = 1))]
    pub id: String,
    /// The first line, from 1; of those that hold the text where one is given.
    #[serde(default = "first")]
    #[schemars(title = "From line", range(min = 1))]
    pub from: u32,
    #[serde(default = "page")]
    #[schemars(title = "Lines", range(min = 1, max = 200))]
    pub lines: u32,
    /// Only lines that hold this text.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Containing")]
    pub containing: Option<String>,
}

fn first() -> u32 {
    1
}

fn page() -> u32 {
    PAGE
}

pub(crate) struct ResultPage;

#[async_trait]
impl Typed for ResultPage {
    type Args = Args;
    const NAME: &'static str = "result_page";
    const TITLE: &'static str = "A page of a long result";
    const DESCRIPTION: &'static str = "Shows lines of a result that was too long to be shown whole.";
    /// What was left out of a result was looked at by nobody: no rule lets it pass.
    const RISK: Risk = Risk::ReadSensitive;

    fn consistent(args: &Args) -> Result<(), String> {
        match (args.from, args.lines) {
            (0, _) => Err("`from` is 0; lines are counted from 1".into()),
            (_, lines) if lines == 0 || lines > MOST => Err(format!("`lines` is {lines}; it takes 1 to {MOST}")),
            _ => Ok(()),
        }
    }

    fn would(&self, args: &Args, _surroundings: &Surroundings) -> Preview {
        let of = args.containing.as_ref().map(|text| format!(" of those that hold `{text}`")).unwrap_or_default();
        Preview {
            does: format!("Shows {} lines{of} of the result `{}`, from line {}.", args.lines, args.id, args.from),
            diff: None,
            cost: "nothing: the result is kept on this machine".into(),
            undo: None,
        }
    }

    async fn answer(&self, args: Args, _permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let id = ObservationId::from(args.id.trim());
        let kept = surroundings.history.get(&id).map_err(|e| unstored(Self::NAME, &e))?;
        let whole = match kept.map(|kept| kept.body) {
            Some(Body::ToolResult { tool, text }) if tool == WHOLE => text,
            Some(_) | None => {
                return Err(ToolError {
                    what: format!("`{}` has no answer", Self::NAME),
                    why: format!("`{}` is no result that was shortened", args.id.trim()),
                    hint: "A shortened result names its id at its end.".into(),
                });
            }
        };
        let wanted = |line: &&str| args.containing.as_ref().is_none_or(|text| line.contains(text.as_str()));
        let lines: Vec<&str> = whole.lines().filter(wanted).collect();
        let from = (args.from as usize).min(lines.len().max(1));
        let shown: Vec<&str> = lines.iter().skip(from - 1).take(args.lines as usize).copied().collect();
        let summary = match shown.len() {
            0 => format!("No line of {} holds that.", whole.lines().count()),
            n => format!("Lines {from} to {} of {}.", from + n - 1, lines.len()),
        };
        let text = shown.join("\n");
        let kept = written_down(Self::NAME, &summary, std::slice::from_ref(&text), surroundings);
        Ok(Answer::new(summary).part(text).resting_on(kept))
    }
}
