//! The gate in a terminal: every call is shown and waits for approve, edit or deny.

use std::io::BufRead;
use std::sync::Arc;

use desk::Desk;
use gate::CallState;
use model::{CallId, CaseId};
use serde_json::Value;

use crate::{Failed, out};

pub enum Answer {
    Decided,
    /// The engineer wants to stop here; the decision stays pending.
    Stop,
}

/// Shows a call and takes the engineer's decision. The end of the input means stop.
pub fn decide(desk: &Arc<Desk>, case: CaseId, id: CallId) -> Result<Answer, Failed> {
    loop {
        let Some(call) = desk.calls(case)?.into_iter().find(|call| call.id == id) else { return Ok(Answer::Stop) };
        let CallState::AwaitingDecision { preview } = &call.state else { return Ok(Answer::Decided) };
        let name = desk.clusters().into_iter().find(|row| row.id == call.call.cluster).map(|row| row.name);
        let risk = serde_json::to_value(call.risk).ok();
        out::say(&format!(
            "\n? {}  [{}]  on {}\n  {}\n  why: {}\n  expects: {}\n  does: {}",
            call.call.tool,
            risk.as_ref().and_then(Value::as_str).unwrap_or("read"),
            name.unwrap_or_else(|| call.call.cluster.to_string()),
            call.call.args,
            call.call.reason,
            call.call.expects,
            preview.does,
        ));
        if let Some(diff) = &preview.diff {
            out::say(diff);
        }
        let Some(line) = prompt("  [a]pprove  [e]dit  [d]eny  [q]uit > ") else { return Ok(Answer::Stop) };
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        match word {
            "a" | "approve" | "y" | "yes" => {
                desk.approve(case, id, &call.digest)?;
                return Ok(Answer::Decided);
            }
            "d" | "deny" | "n" | "no" => {
                let Some(reason) = words_or(rest, "  why not? > ") else { return Ok(Answer::Stop) };
                desk.deny(case, id, &reason)?;
                return Ok(Answer::Decided);
            }
            "e" | "edit" => {
                let Some(text) = words_or(rest, "  arguments as JSON > ") else { return Ok(Answer::Stop) };
                let args: Value = match serde_json::from_str(&text) {
                    Ok(args) => args,
                    Err(error) => {
                        out::say(&format!("  That is not JSON: {error}. Nothing was changed."));
                        continue;
                    }
                };
                let Some(why) = prompt("  why? > ") else { return Ok(Answer::Stop) };
                // The edited call is shown again: what runs is what was approved as it stands.
                match desk.edit(case, id, args, why.trim(), false) {
                    Ok(()) => {}
                    Err(error) => out::say(&format!("  {} {}", error.what, error.hint)),
                }
            }
            "q" | "quit" => return Ok(Answer::Stop),
            _ => out::say("  Type a, e, d or q."),
        }
    }
}

/// Shows what a call found and takes the engineer's word whether the model may read it.
pub fn release(desk: &Arc<Desk>, case: CaseId, id: CallId) -> Result<Answer, Failed> {
    loop {
        let Some(call) = desk.calls(case)?.into_iter().find(|call| call.id == id) else { return Ok(Answer::Stop) };
        let CallState::AwaitingRelease { result } = &call.state else { return Ok(Answer::Decided) };
        out::say(&format!("\n{}", result.text));
        if !result.redactions.is_empty() {
            let marks: Vec<String> = result.redactions.iter().map(|(kind, n)| format!("{n} × {kind}")).collect();
            out::say(&format!("  redacted: {}", marks.join(", ")));
        }
        let question = "  the result: [r]elease  [t]ext instead  [w]ithhold  [q]uit > ";
        let Some(line) = prompt(question) else { return Ok(Answer::Stop) };
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        match word {
            "r" | "release" | "y" | "yes" => {
                desk.release(case, id, None, &[])?;
                return Ok(Answer::Decided);
            }
            "t" | "text" => {
                let Some(text) = words_or(rest, "  the text that it reads instead > ") else {
                    return Ok(Answer::Stop);
                };
                let Some(why) = prompt("  why? > ") else { return Ok(Answer::Stop) };
                desk.release(case, id, Some((&text, why.trim())), &[])?;
                return Ok(Answer::Decided);
            }
            "w" | "withhold" | "n" | "no" => {
                let Some(reason) = words_or(rest, "  why not? > ") else { return Ok(Answer::Stop) };
                desk.withhold(case, id, &reason)?;
                return Ok(Answer::Decided);
            }
            "q" | "quit" => return Ok(Answer::Stop),
            _ => out::say("  Type r, t, w or q."),
        }
    }
}

fn words_or(rest: &str, question: &str) -> Option<String> {
    if rest.trim().is_empty() { prompt(question) } else { Some(rest.trim().to_owned()) }
}

/// A line of input; `None` at its end.
pub fn prompt(question: &str) -> Option<String> {
    eprint!("{question}");
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(read) if read > 0 => Some(line.trim_end().to_owned()),
        _ => None,
    }
}
