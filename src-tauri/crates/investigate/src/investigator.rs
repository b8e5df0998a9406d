use std::sync::Arc;

use llm::Request;
use model::{Budget, Conclusion, HandBack, HandOver, Hypothesis, ModelAnswer, ModelSilence, Observation, ToolCall};

/// Asks, reads what was released, moves hypotheses, concludes.
///
/// The contract between an investigator and whoever drives it:
///
/// - The first thing seen is [`Seen::Begin`]; each call of [`Investigator::next`] gives exactly one move.
/// - [`Move::Narrate`], [`Move::Hypotheses`], [`Move::HandOver`] and [`Move::HandBack`] are answered with [`Seen::Written`] once they are in the case.
/// - [`Move::Call`] is answered with exactly one of `Released`, `Denied`, `Failed`, `Withheld`, and with nothing else before.
/// - [`Move::Calls`] is answered with [`Seen::Settled`]: one of these for each call, in their order.
/// - [`Move::Ask`] is answered with `Answered` or `Unanswered`, which carry what the engineer said in the meantime.
/// - [`Seen::Said`] comes between moves, in the place of `Written` or after [`Move::Conclude`]; never while a call is out.
/// - After [`Move::Conclude`] the investigator rests until the engineer says something; `Written` repeats the conclusion.
///
/// The same sequence of things seen gives the same moves: that is how a case is resumed after a restart.
pub trait Investigator: Send {
    /// `built-in`, or the model's name.
    fn name(&self) -> &str;

    /// A digest of the knowledge it reasons with, so that a resumed case can tell whether it is still the same.
    fn knowledge_digest(&self) -> String;

    /// What it may take of a language model; nothing where it asks none.
    fn budget(&self) -> Option<Budget> {
        None
    }

    fn next(&mut self, seen: Seen) -> Move;
}

/// What an investigator learns between two moves.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    Begin,
    /// The last narration or hypotheses are in the case; go on.
    Written,
    /// A call's result was released. `call` is the call as it ran: where the engineer edited it, its arguments differ
    /// from what was proposed and `edited` has the engineer's words.
    Released {
        call: ToolCall,
        edited: Option<String>,
        text: String,
        /// The engineer changed the result before it was released, and why: what is missing is kept back on purpose.
        changed: Option<String>,
        observations: Vec<Arc<Observation>>,
    },
    /// The engineer or a rule refused; the call did not run.
    Denied {
        call: ToolCall,
        reason: String,
    },
    /// The call ran and failed, or was interrupted.
    Failed {
        call: ToolCall,
        error: String,
        hint: String,
    },
    /// The call ran; the engineer keeps its result back.
    Withheld {
        call: ToolCall,
        reason: String,
    },
    /// What became of each call of a [`Move::Calls`].
    Settled(Vec<Seen>),
    /// The model answered.
    Answered {
        answer: ModelAnswer,
        said: Option<String>,
    },
    /// The model did not answer.
    Unanswered {
        silence: ModelSilence,
        said: Option<String>,
    },
    /// The engineer speaks.
    Said {
        text: String,
    },
}

/// What an investigator does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    /// Says what it is doing and why.
    Narrate {
        text: String,
    },
    /// Asks for a call.
    Call(ToolCall),
    /// Asks for several calls that do not wait for each other. Each is decided by itself.
    Calls(Vec<ToolCall>),
    /// Asks a language model.
    Ask(Box<Question>),
    HandOver(HandOver),
    HandBack(HandBack),
    /// All hypotheses after a step, and the sentence that says what moved and by which evidence.
    Hypotheses {
        hypotheses: Vec<Hypothesis>,
        because: String,
    },
    Conclude(Conclusion),
}

/// A question to a language model.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// `coordinator`, or a specialist's id.
    pub speaker: String,
    /// Which question of this investigation, from 1. An answer that the case holds under this number is taken as it is.
    pub turn: u32,
    pub request: Request,
    /// So long its answer may take.
    pub most_seconds: u64,
}
