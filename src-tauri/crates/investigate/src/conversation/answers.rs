//! What becomes of an answer: its calls are put to the gate, specialists are called, and each call has exactly one result.

use std::collections::BTreeSet;

use model::{ModelAnswer, ModelSilence, Risk, ToolCall, digest_json};
use serde_json::Value;

use super::speaker::{Speaker, TurnCall};
use super::{COORDINATOR, Conversation, REMINDERS, State, brief, fence, offered, verdict};
use crate::{Move, Seen};

/// So many characters of a result are shown at once; `read_more` has the rest.
const SHOWN: usize = 3_000;
/// More calls in one answer are not asked.
const AT_ONCE: usize = 6;

impl Conversation {
    pub(super) fn heard(&mut self, said: Option<String>) {
        let Some(text) = said else { return };
        self.forget_what_was_asked();
        for speaker in &mut self.speakers {
            speaker.words.push(format!("The engineer says: {text}"));
        }
        self.said.push(text);
    }

    /// After a change, and after a word of the engineer, the same question may have another answer.
    pub(super) fn forget_what_was_asked(&mut self) {
        self.released.clear();
        for speaker in &mut self.speakers {
            speaker.known.clear();
        }
    }

    fn may_change(&self, tool: &str) -> bool {
        self.tools.iter().any(|(spec, risk)| spec.name == tool && *risk > Risk::ReadSensitive)
    }

    pub(super) fn answered(&mut self, answer: ModelAnswer) {
        self.spent += answer.spent;
        self.asked_again = false;
        let budget_left = self.budget.calls.saturating_sub(self.calls);
        let Some(speaker) = self.speakers.last_mut() else { return };
        speaker.spent += answer.spent;
        let mut notes: Vec<String> = Vec::new();
        for (_, text) in &answer.broken {
            let start: String = text.chars().take(120).collect();
            notes.push(format!(
                "A call of yours could not be read and did not run: its arguments are no JSON object (`{start}`). Ask again, whole."
            ));
        }
        if answer.calls.is_empty() && answer.broken.is_empty() {
            speaker.reminded += 1;
            let cut = if answer.cut { "Your answer was cut off; be brief. " } else { "" };
            notes
                .push(format!("{cut}Ask for a call, or end with the tool `{}`: words alone end nothing.", speaker.end));
        } else if answer.calls.is_empty() && speaker.last_chance {
            speaker.reminded += 1;
        }
        let mut room = speaker.calls_left.min(budget_left) as usize;
        let mut in_this: BTreeSet<String> = BTreeSet::new();
        let mut calls = Vec::new();
        for asked in answer.calls {
            let digest = digest_of(&asked.tool, &asked.args);
            let virtually = [offered::ASK_SPECIALIST, offered::READ_MORE, speaker.end].contains(&asked.tool.as_str());
            let result = if virtually {
                (speaker.last_chance && asked.tool != speaker.end)
                    .then(|| format!("Nothing is asked any more. End with `{}`.", speaker.end))
            } else if !speaker.may_ask_for(&asked.tool) {
                Some(format!("You have no tool `{}`. You have: {}.", asked.tool, speaker.tools().join(", ")))
            } else if let Some(outcome) = speaker.known.get(&digest) {
                Some(format!("You asked for exactly this before. {outcome} It is not asked again."))
            } else if !in_this.insert(digest) {
                Some("You asked for exactly this beside it. It is asked once.".to_owned())
            } else if speaker.last_chance || room == 0 {
                Some(format!("Your budget of calls is used up. End with `{}`.", speaker.end))
            } else if in_this.len() > AT_ONCE {
                Some(format!("Not more than {AT_ONCE} calls are asked at once. Look at these first."))
            } else {
                room -= 1;
                None
            };
            calls.push(TurnCall { id: asked.id, tool: asked.tool, args: asked.args, result });
        }
        speaker.begin(answer.text, &answer.kept, calls, notes);
    }

    /// What is done next about the turn that is open; the next question where none is.
    pub(super) fn go_further(&mut self) -> Move {
        loop {
            if matches!(self.state, State::Concluded)
                && let Some(verdict) = &self.verdict
            {
                return Move::Conclude(verdict.clone());
            }
            let Some(speaker) = self.speakers.last() else { return self.give_up("there is nobody left to ask") };
            let Some(turn) = &speaker.turn else { return self.ask() };
            let open: Vec<usize> = (0..turn.calls.len()).filter(|at| turn.calls[*at].result.is_none()).collect();
            let is = |at: &usize, tool: &str| turn.calls[*at].tool == tool;
            let (end, alone) = (speaker.end, turn.calls.len() == 1);
            let own: Vec<usize> =
                open.iter().copied().filter(|at| speaker.may_ask_for(&turn.calls[*at].tool)).collect();
            let more = open.iter().copied().find(|at| is(at, offered::READ_MORE));
            let specialist = open.iter().copied().find(|at| is(at, offered::ASK_SPECIALIST));
            let ending = open.iter().copied().find(|at| is(at, end));
            if !own.is_empty() {
                return self.put(own);
            }
            if let Some(at) = more {
                self.read_more(at);
            } else if let Some(at) = specialist {
                match self.hand_over(at) {
                    Some(asked) => return asked,
                    None => continue,
                }
            } else if let Some(at) = ending {
                if !alone {
                    self.result(at, "Look at the results of the other calls first, then end.".into());
                } else if let Some(ended) = self.end(at) {
                    return ended;
                }
            } else if let Some(gave_up) = self.close() {
                return gave_up;
            }
        }
    }

    /// Ends the turn; a speaker that was reminded often enough is not asked again.
    fn close(&mut self) -> Option<Move> {
        let speaker = self.speakers.last_mut()?;
        speaker.close(&self.redactor);
        let stuck = speaker.reminded > REMINDERS || (speaker.last_chance && speaker.idle > super::IDLE + 2);
        if !stuck {
            return None;
        }
        let because = format!("it did not end with `{}` though it was told to", speaker.end);
        Some(if speaker.id == COORDINATOR { self.give_up(&because) } else { self.hand_back_nothing(&because) })
    }

    fn put(&mut self, places: Vec<usize>) -> Move {
        let Some(turn) = self.speakers.last().and_then(|speaker| speaker.turn.as_ref()) else { return self.ask() };
        let asked: Vec<(String, Value, String)> = places
            .iter()
            .map(|at| {
                let call = &turn.calls[*at];
                let why = call.args.get(offered::WHY).and_then(Value::as_str).unwrap_or_default();
                (call.tool.clone(), without_why(&call.args), why.to_owned())
            })
            .collect();
        // What was released to this conversation before need not be decided on again.
        let mut places_out = Vec::new();
        let mut calls: Vec<ToolCall> = Vec::new();
        for (at, (tool, args, why)) in places.into_iter().zip(asked) {
            match self.released.get(&digest_of(&tool, &args)).cloned() {
                Some(label) => {
                    let text = self.shown_again(&label, &tool, &args);
                    self.result(at, text);
                    self.learned();
                    if let Some(speaker) = self.speakers.last_mut() {
                        speaker.known.insert(digest_of(&tool, &args), format!("Its result is {label} above."));
                    }
                }
                None => {
                    calls.push(self.call(&tool, &args, &why));
                    places_out.push(at);
                }
            }
        }
        if calls.is_empty() {
            return self.go_further();
        }
        let count = u32::try_from(calls.len()).unwrap_or(u32::MAX);
        self.calls = self.calls.saturating_add(count);
        if let Some(speaker) = self.speakers.last_mut() {
            speaker.calls_left = speaker.calls_left.saturating_sub(count);
            speaker.calls_made = speaker.calls_made.saturating_add(count);
        }
        self.state = State::Calling(places_out);
        Move::Calls(calls)
    }

    /// A result that another speaker had: this one gets it whole, as its own.
    fn shown_again(&mut self, label: &str, tool: &str, args: &Value) -> String {
        let text = self.results.iter().find(|(known, _)| known == label).map(|(_, text)| text.clone());
        self.shown(label, tool, args, &text.unwrap_or_default())
    }

    fn shown(&mut self, label: &str, tool: &str, args: &Value, text: &str) -> String {
        if let Some(speaker) = self.speakers.last_mut() {
            speaker.read.insert(label.to_owned());
        }
        if let Some(speaker) = self.speakers.last_mut() {
            speaker.has_pages |= offered::is_paged(text);
        }
        fence::fenced(label, &brief::in_a_line(tool, args), &brief::shortened(text, SHOWN))
    }

    /// The model's history holds a call as it was decided on, whatever became of it.
    fn stands_edited(&mut self, at: usize, asked: &Value, call: &ToolCall) -> String {
        if call.args == *asked {
            return String::new();
        }
        if let Some(turn) = self.speakers.last_mut().and_then(|speaker| speaker.turn.as_mut()) {
            turn.calls[at].args = call.args.clone();
        }
        format!("The engineer changed this call to {}; do not ask for the original again.\n", call.args)
    }

    pub(super) fn settled(&mut self, parts: Vec<Seen>) {
        let State::Calling(places) = std::mem::replace(&mut self.state, State::Asking) else { return };
        for (at, seen) in places.into_iter().zip(parts) {
            self.one_settled(at, seen);
        }
    }

    fn one_settled(&mut self, at: usize, seen: Seen) {
        let asked = self.speakers.last().and_then(|s| s.turn.as_ref()).map(|turn| &turn.calls[at]);
        let Some((tool, args)) = asked.map(|call| (call.tool.clone(), without_why(&call.args))) else { return };
        let digest = digest_of(&tool, &args);
        let may_change = self.may_change(&tool);
        let (text, outcome) = match seen {
            Seen::Released { call, edited, text, changed, observations } => {
                let label = self.ledger.result(&text, &observations);
                if changed.is_none() {
                    self.released.insert(digest_of(&call.tool, &call.args), label.clone());
                }
                self.results.push((label.clone(), text.clone()));
                let mut told = String::new();
                if let Some(why) = edited {
                    told.push_str(&format!(
                        "The engineer changed this call before it ran ({why}). It ran with {}; do not ask for the original again.\n",
                        call.args
                    ));
                    if let Some(turn) = self.speakers.last_mut().and_then(|s| s.turn.as_mut()) {
                        turn.calls[at].args = call.args.clone();
                    }
                }
                if let Some(why) = changed {
                    told.push_str(&format!(
                        "The engineer changed the result before you read it, on purpose ({why}).\n"
                    ));
                }
                told.push_str(&self.shown(&label, &call.tool, &call.args, &text));
                self.learned();
                if may_change {
                    self.forget_what_was_asked();
                }
                if let Some((hypotheses, because)) = self.built_in.learn(&call, &observations) {
                    self.queue.push_back(Move::Hypotheses { hypotheses, because });
                }
                (told, format!("Its result is {label} above."))
            }
            Seen::Denied { call, reason } => {
                self.not_checked(&call, "denied", &reason);
                let edited = self.stands_edited(at, &args, &call);
                (
                    format!(
                        "{edited}It did not run: {reason}. Go on without it, and do not ask for it in another form."
                    ),
                    format!("It was refused: {reason}."),
                )
            }
            Seen::Withheld { call, reason } => {
                self.not_checked(&call, "withheld", &reason);
                let edited = self.stands_edited(at, &args, &call);
                let told =
                    format!("It ran; the engineer keeps its result back on purpose: {reason}. Go on without it.");
                if may_change {
                    self.forget_what_was_asked();
                }
                (format!("{edited}{told}"), told)
            }
            Seen::Failed { call, error, hint } => {
                self.not_checked(&call, "failed", &error);
                let edited = self.stands_edited(at, &args, &call);
                self.ledger.words(&format!("what `{tool}` said when it failed"), &format!("{error} {hint}"));
                let told =
                    format!("{edited}It failed: {}", fence::fenced("failure", &tool, &format!("{error} {hint}")));
                if may_change {
                    // It may be proposed again: the next attempt meets another moment, and may have done something.
                    self.forget_what_was_asked();
                    self.result(at, told);
                    return;
                }
                (told, "It failed.".to_owned())
            }
            _ => return,
        };
        if let Some(speaker) = self.speakers.last_mut() {
            speaker.known.insert(digest, outcome);
        }
        self.result(at, text);
    }

    fn not_checked(&mut self, call: &ToolCall, verb: &str, why: &str) {
        let what = brief::in_a_line(&call.tool, &call.args);
        self.not_checked.push(model::NotChecked { what, because: format!("{verb}: {why}") });
    }

    fn read_more(&mut self, at: usize) {
        let args = self.speakers.last().and_then(|s| s.turn.as_ref()).map(|turn| turn.calls[at].args.clone());
        let args = args.unwrap_or_default();
        let label = args["id"].as_str().unwrap_or_default().trim().to_owned();
        let from = usize::try_from(args["from"].as_u64().unwrap_or_default()).unwrap_or(usize::MAX);
        let may = self.speakers.last().is_some_and(|speaker| speaker.read.contains(&label));
        let text = self.results.iter().find(|(known, _)| *known == label).map(|(_, text)| text).filter(|_| may);
        let told = match text {
            None => format!("You have no result `{label}`."),
            Some(text) => {
                let part: String = text.chars().skip(from).take(SHOWN).collect();
                if part.is_empty() {
                    format!("`{label}` has {} characters.", text.chars().count())
                } else {
                    self.fenced_part(&label, from, &part)
                }
            }
        };
        // Every page is new once.
        let page = digest_of(offered::READ_MORE, &args);
        let fresh =
            may && self.speakers.last_mut().is_some_and(|s| s.known.insert(page, "You read it.".into()).is_none());
        if fresh {
            self.learned();
        }
        self.result(at, told);
    }

    fn fenced_part(&self, label: &str, from: usize, part: &str) -> String {
        fence::fenced(label, &format!("characters from {from}"), part)
    }

    pub(super) fn result(&mut self, at: usize, text: String) {
        if let Some(turn) = self.speakers.last_mut().and_then(|speaker| speaker.turn.as_mut())
            && let Some(call) = turn.calls.get_mut(at)
        {
            call.result = Some(text);
        }
    }

    pub(super) fn learned(&mut self) {
        if let Some(turn) = self.speakers.last_mut().and_then(|speaker: &mut Speaker| speaker.turn.as_mut()) {
            turn.learned = true;
        }
    }

    /// The model did not answer: a move where that is the end, nothing where it is asked again.
    pub(super) fn unanswered(&mut self, silence: &ModelSilence) -> Option<Move> {
        let speaker = self.speakers.last_mut()?;
        let specialist = speaker.id != COORDINATOR;
        match silence.code.as_str() {
            "too_long" if speaker.shorten(&self.redactor) => return None,
            "broken" if !std::mem::replace(&mut self.asked_again, true) => return None,
            "too_long" | "rejected" if specialist => return Some(self.hand_back_nothing(&silence.why)),
            _ => {}
        }
        let hint = silence.hint.trim_end_matches('.');
        let because = if hint.is_empty() { silence.why.clone() } else { format!("{} ({hint})", silence.why) };
        Some(self.give_up(&because))
    }

    /// Takes the coordinator's conclusion or a specialist's report; nothing where it cannot be taken, which it is told.
    fn end(&mut self, at: usize) -> Option<Move> {
        let speaker = self.speakers.last()?;
        let args = speaker.turn.as_ref().map(|turn| turn.calls[at].args.clone())?;
        if speaker.id != COORDINATOR {
            return self.hand_back(at, args);
        }
        let why = match serde_json::from_value::<offered::Concluding>(args) {
            Err(error) => format!("It cannot be read: {error}."),
            Ok(said) => {
                let incidents = self.built_in.troubles().to_vec();
                let verdict = self.now();
                let scale = verdict::Scale {
                    model: &self.model,
                    verdict,
                    ledger: &self.ledger,
                    snapshot: self.built_in.snapshot(),
                    library: &self.library,
                    incidents: &incidents,
                    spent: self.spent,
                };
                match scale.weigh(&said) {
                    Ok(conclusion) => {
                        self.result(at, "The conclusion was taken.".into());
                        return Some(self.conclude(conclusion));
                    }
                    Err(why) => why,
                }
            }
        };
        if let Some(speaker) = self.speakers.last_mut() {
            speaker.reminded += 1;
        }
        self.result(at, why);
        None
    }
}

fn without_why(args: &Value) -> Value {
    let mut args = args.clone();
    if let Some(map) = args.as_object_mut() {
        map.shift_remove(offered::WHY);
    }
    args
}

pub(super) fn digest_of(tool: &str, args: &Value) -> String {
    digest_json(&serde_json::json!([tool, without_why(args)]))
}
