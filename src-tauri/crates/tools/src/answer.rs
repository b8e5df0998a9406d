use std::sync::Arc;

use cluster::ReadError;
use model::{Body, Observation, ObservationId, Preview, ResultView, Source, Suggestion};

use crate::{Outcome, Surroundings, ToolError};

/// So many characters of a result go to the investigator; the observations behind it are kept whole.
const MOST_CHARACTERS: usize = 8_000;

/// A read that asks nobody.
pub(crate) fn from_history(does: String) -> Preview {
    Preview { does, diff: None, cost: "nothing: from the history alone".into(), undo: None }
}

/// What a tool found: the summary first, then the parts, most telling first.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    summary: String,
    parts: Vec<String>,
    cut: Vec<String>,
    observations: Vec<Arc<Observation>>,
    next: Vec<Suggestion>,
}

impl Answer {
    pub fn new(summary: impl Into<String>) -> Self {
        Answer { summary: summary.into(), ..Answer::default() }
    }

    /// Adds a part, if there is anything in it.
    pub fn part(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.trim().is_empty() {
            self.parts.push(text);
        }
        self
    }

    /// Says that something was left out.
    pub fn cut(mut self, what: impl Into<String>) -> Self {
        self.cut.push(what.into());
        self
    }

    pub fn cut_if(self, is: bool, what: impl Into<String>) -> Self {
        if is { self.cut(what) } else { self }
    }

    /// What the answer rests on; the history holds these.
    pub fn resting_on(mut self, observations: impl IntoIterator<Item = Arc<Observation>>) -> Self {
        for observation in observations {
            if self.observations.iter().all(|known| known.id != observation.id) {
                self.observations.push(observation);
            }
        }
        self
    }

    /// What may be proposed after it.
    pub fn then(mut self, suggestion: impl IntoIterator<Item = Suggestion>) -> Self {
        self.next.extend(suggestion);
        self
    }

    /// Redacts, then cuts: a secret that was cut in half would not be recognised.
    pub fn outcome(self, surroundings: &Surroundings) -> Result<Outcome, ToolError> {
        let Answer { summary, parts, mut cut, observations, next } = self;
        let mut text = summary;
        for part in parts {
            text.push_str("\n\n");
            text.push_str(part.trim_end());
        }
        let redacted = surroundings.redactor.text(&text);
        let (mut text, left_out) = cut_in_the_middle(redacted.as_str(), MOST_CHARACTERS);
        if let Some(left_out) = left_out {
            // The whole is no observation of this result: what nobody has looked at is not released with what was.
            if let Some(whole) = kept_whole(redacted.as_str(), surroundings) {
                text.push_str(&format!(
                    "\n\nThe whole result is kept; `result_page` shows any part of `{}`.",
                    whole.id
                ));
            }
            cut.push(left_out);
        }
        Ok(Outcome {
            result: ResultView {
                text,
                redactions: redacted.marks().to_vec(),
                cut: (!cut.is_empty()).then(|| cut.join("; ")),
                observations: observations.iter().map(|o| o.id.clone()).collect(),
                next,
            },
            observations,
        })
    }
}

/// Leaves out whole lines in the middle, a third kept at the end, and says how many.
pub(crate) fn cut_in_the_middle(text: &str, most: usize) -> (String, Option<String>) {
    if text.chars().count() <= most {
        return (text.to_owned(), None);
    }
    let lines: Vec<&str> = text.lines().collect();
    let fits = |lines: &mut dyn Iterator<Item = &&str>, room: usize| {
        let mut used = 0;
        let mut count = 0;
        for line in lines {
            used += line.chars().count() + 1;
            if used > room {
                break;
            }
            count += 1;
        }
        count
    };
    let head = fits(&mut lines.iter(), most * 2 / 3);
    let tail = fits(&mut lines[head..].iter().rev(), most / 3);
    let hidden = lines.len() - head - tail;
    if head == 0 || hidden == 0 {
        // A line longer than the whole result.
        let start: String = text.chars().take(most * 2 / 3).collect();
        let total = text.chars().count();
        let end: String = text.chars().skip(total - most / 3).collect();
        let what = format!("{} characters in the middle", total - start.chars().count() - end.chars().count());
        return (format!("{start}\n… {what} left out …\n{end}"), Some(what));
    }
    let what = format!("{hidden} lines in the middle");
    let text = [&lines[..head].join("\n"), &format!("… {what} left out …"), &lines[lines.len() - tail..].join("\n")]
        .map(String::as_str)
        .join("\n");
    (text, Some(what))
}

/// One line, at most so many characters.
pub(crate) fn short(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let start: String = line.chars().take(most * 2 / 3).collect();
    let total = line.chars().count();
    let end: String = line.chars().skip(total - most / 3).collect();
    format!("{start} … {end}")
}

pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// A read that gave nothing, as the tool's own error.
pub(crate) fn unread(tool: &str, error: &ReadError) -> ToolError {
    ToolError { what: format!("`{tool}` has no answer"), why: error.to_string(), hint: error.hint().to_owned() }
}

pub(crate) fn unstored(tool: &str, error: &history::Error) -> ToolError {
    ToolError {
        what: format!("`{tool}` has no answer"),
        why: error.to_string(),
        hint: "Check that the state folder exists and has free space.".into(),
    }
}

/// Sees to it that the history holds what was read (which the reader has redacted): what is new is appended.
pub(crate) fn keep(
    tool: &str,
    read: Vec<Observation>,
    surroundings: &Surroundings,
) -> Result<Vec<Arc<Observation>>, ToolError> {
    let history = &surroundings.history;
    let mut kept = Vec::with_capacity(read.len());
    let mut new = Vec::new();
    for observation in read {
        let known = history.get(&observation.id).map_err(|e| unstored(tool, &e))?.is_some();
        if !known {
            new.push(observation.clone());
        }
        kept.push(Arc::new(observation));
    }
    if !new.is_empty() {
        history.append(&new).map_err(|e| unstored(tool, &e))?;
    }
    Ok(kept)
}

/// The observations of these ids; those that the history does not hold (any more) are left out.
pub(crate) fn recall<'a>(
    tool: &str,
    ids: impl IntoIterator<Item = &'a ObservationId>,
    surroundings: &Surroundings,
) -> Result<Vec<Arc<Observation>>, ToolError> {
    let mut found = Vec::new();
    for id in ids {
        found.extend(surroundings.history.get(id).map_err(|e| unstored(tool, &e))?.map(Arc::new));
    }
    Ok(found)
}

pub(crate) fn yaml(value: &serde_json::Value) -> String {
    serde_saphyr::to_string(value).unwrap_or_else(|_| value.to_string())
}

/// The answer as an observation, so that it can be cited. A recording that takes nothing new goes without.
pub(crate) fn written_down(
    tool: &str,
    summary: &str,
    parts: &[String],
    surroundings: &Surroundings,
) -> Option<Arc<Observation>> {
    let text = [&[summary.to_owned()], parts].concat().join("\n\n");
    let text = surroundings.redactor.text(&text).as_str().to_owned();
    let body = Body::ToolResult { tool: tool.into(), text };
    let cluster = surroundings.history.cluster().clone();
    let observation = Observation::new(cluster, surroundings.as_of, surroundings.clock.now(), Source::Read, None, body);
    match surroundings.history.append(std::slice::from_ref(&observation)) {
        Ok(_) => Some(Arc::new(observation)),
        Err(error) => {
            tracing::info!(%error, tool, "an answer is not kept");
            None
        }
    }
}

/// Keeps a result that is too long to be shown, for `result_page`. A recording that takes nothing new goes without.
fn kept_whole(text: &str, surroundings: &Surroundings) -> Option<Arc<Observation>> {
    let (text, _) = cut_in_the_middle(text, MOST_KEPT);
    let body = Body::ToolResult { tool: WHOLE.into(), text };
    let cluster = surroundings.history.cluster().clone();
    let observation = Observation::new(cluster, surroundings.as_of, surroundings.clock.now(), Source::Read, None, body);
    surroundings.history.append(std::slice::from_ref(&observation)).ok()?;
    Some(Arc::new(observation))
}

/// What a kept whole result says that it is of.
pub(crate) const WHOLE: &str = "whole-result";

/// So much of what another program answered is kept.
const MOST_KEPT: usize = 200_000;

/// The outcome of a call that another program answered in words: redacted, cut in the middle, kept as an observation.
pub fn told(tool: &str, summary: &str, text: &str, surroundings: &Surroundings) -> Result<Outcome, ToolError> {
    // Redacted whole before it is cut: half a secret would not be recognised.
    let redacted = surroundings.redactor.text(text);
    let (text, left_out) = cut_in_the_middle(redacted.as_str(), MOST_KEPT);
    let kept = written_down(tool, summary, std::slice::from_ref(&text), surroundings);
    let mut answer = Answer::new(summary).part(&text).resting_on(kept);
    if let Some(what) = left_out {
        answer = answer.cut(what);
    }
    let mut outcome = answer.outcome(surroundings)?;
    outcome.result.redactions = redacted.marks().to_vec();
    Ok(outcome)
}
