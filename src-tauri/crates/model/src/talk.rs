//! What a language model said in a case, and what was handed from one of its speakers to another.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::ObservationId;

/// What an answer took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Spent {
    /// Questions that were answered.
    pub answers: u32,
    /// Bytes of the requests that left; 0 where it is not known.
    #[ts(type = "number")]
    pub bytes: u64,
    #[ts(type = "number")]
    pub input_tokens: u64,
    #[ts(type = "number")]
    pub cached_tokens: u64,
    #[ts(type = "number")]
    pub output_tokens: u64,
    /// Millionths of a dollar; `None` where no price is known.
    #[ts(type = "number | null")]
    pub micro_dollars: Option<u64>,
    /// How long the answers took to come.
    #[ts(type = "number")]
    pub millis: u64,
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, more: Spent) {
        self.answers += more.answers;
        self.bytes += more.bytes;
        self.input_tokens += more.input_tokens;
        self.cached_tokens += more.cached_tokens;
        self.output_tokens += more.output_tokens;
        self.millis += more.millis;
        self.micro_dollars = match (self.micro_dollars, more.micro_dollars) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or_default() + other.unwrap_or_default()),
        };
    }
}

/// A call that an answer asks for, before anybody looked at it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct AskedFor {
    /// The model's own; its result goes back under it.
    pub id: String,
    pub tool: String,
    #[ts(type = "Record<string, unknown>")]
    pub args: Value,
}

/// One answer of a model, whole: an investigation that is read again takes it from here and asks nobody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ModelAnswer {
    /// Who asked: `coordinator`, or a specialist's id.
    pub speaker: String,
    /// Which answer of this investigation, from 1.
    pub turn: u32,
    pub text: String,
    /// What it shows of its thoughts; for the engineer's eyes alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub thoughts: String,
    pub calls: Vec<AskedFor>,
    /// Calls whose arguments cannot be read, with what came. They never run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<(String, String)>,
    /// What goes back to the model unchanged, and to nobody else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(type = "unknown[]")]
    pub kept: Vec<Value>,
    /// The longest answer was reached, or the provider cut it short.
    #[serde(default)]
    pub cut: bool,
    pub spent: Spent,
}

/// A question that got no answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ModelSilence {
    pub speaker: String,
    pub turn: u32,
    /// `unreachable`, `untrusted`, `not_allowed`, `unknown_model`, `busy`, `too_long`, `rejected`, `not_a_model`,
    /// `broken`, `held`, `out_of_time`.
    pub code: String,
    pub why: String,
    pub hint: String,
}

/// A narrow question to a specialist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct HandOver {
    pub specialist: String,
    pub title: String,
    pub question: String,
    /// The tools that it may ask for.
    pub tools: Vec<String>,
    /// The most calls it may ask for.
    pub calls: u32,
}

/// What a specialist found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct HandBack {
    pub specialist: String,
    pub answer: String,
    pub findings: Vec<Claim>,
    /// What it could not tell, and why.
    pub open: Vec<String>,
    pub spent: Spent,
    /// Calls that it made.
    pub calls: u32,
}

/// A sentence, and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Claim {
    pub says: String,
    pub evidence: Vec<CheckedCitation>,
}

/// A citation of a model, looked up by code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CheckedCitation {
    /// As the model wrote it: `e7`.
    pub label: String,
    /// `None` where there is no such observation.
    pub id: Option<ObservationId>,
    pub quote: String,
    /// Whether the observation exists, was shown, and has the words.
    pub holds: bool,
    /// Why it does not hold.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// A fix that a model proposes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ArguedFix {
    pub says: String,
    /// What must hold for it to be the right one.
    pub conditions: Vec<String>,
    /// What it may break.
    pub risk: String,
}

/// The argument behind a model's conclusion, its citations checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Argument {
    /// The model's name.
    pub by: String,
    /// From the cause to the symptom.
    pub chain: Vec<Claim>,
    pub against: Vec<Claim>,
    pub fixes: Vec<ArguedFix>,
    /// What would settle it, where it does not stand clear.
    pub settles: Vec<String>,
    /// Citations that do not hold, of all.
    pub unfounded: u32,
    pub citations: u32,
    /// How the confidence was worked out, in a sentence.
    pub confidence: String,
    pub spent: Spent,
}

/// What one conversation may take. Whatever is used up first ends it with a summary of what stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Budget {
    /// Calls of the model and its specialists; those of the built-in investigator before it are its own.
    pub calls: u32,
    /// Questions to the model.
    pub questions: u32,
    /// Tokens read and written.
    #[ts(type = "number")]
    pub tokens: u64,
    /// Millionths of a dollar; counts only where a price is known.
    #[ts(type = "number | null")]
    pub micro_dollars: Option<u64>,
    /// Seconds in which the model answers; what waits for the engineer costs nothing.
    #[ts(type = "number")]
    pub seconds: u64,
}

impl Default for Budget {
    /// A case of some twenty questions over a context of at most 20 000 tokens each.
    fn default() -> Self {
        Budget { calls: 16, questions: 32, tokens: 400_000, micro_dollars: None, seconds: 900 }
    }
}

impl Budget {
    /// What is used up, in words. `next` is roughly how many tokens the next question has.
    pub fn used_up(&self, spent: &Spent, next: u64) -> Option<String> {
        if spent.answers >= self.questions {
            return Some(format!("the budget of {} questions to the model is used up", self.questions));
        }
        if spent.input_tokens + spent.output_tokens + next > self.tokens {
            return Some(format!("the budget of {} tokens is used up", self.tokens));
        }
        if let (Some(most), Some(cost)) = (self.micro_dollars, spent.micro_dollars)
            && cost >= most
        {
            return Some(format!("the budget of ${:.2} is used up", most as f64 / 1e6));
        }
        if self.seconds_left(spent) == 0 {
            return Some(format!("the budget of {} seconds is used up", self.seconds));
        }
        None
    }

    pub fn seconds_left(&self, spent: &Spent) -> u64 {
        self.seconds.saturating_sub(spent.millis / 1_000)
    }
}
