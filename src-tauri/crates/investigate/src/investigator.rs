use std::sync::Arc;

use model::{Conclusion, Hypothesis, Observation, ToolCall};

/// Asks, reads what was released, moves hypotheses, concludes.
///
/// The contract between an investigator and whoever drives it:
///
/// - The first thing seen is [`Seen::Begin`]; each call of [`Investigator::next`] gives exactly one move.
/// - [`Move::Narrate`] and [`Move::Hypotheses`] are answered with [`Seen::Written`] once they are in the case.
/// - [`Move::Call`] is answered with exactly one of `Released`, `Denied`, `Failed`, `Withheld`, and with nothing else before.
/// - [`Seen::Said`] comes between moves, in the place of `Written` or after [`Move::Conclude`]; never while a call is out.
/// - After [`Move::Conclude`] the investigator rests until the engineer says something; `Written` repeats the conclusion.
///
/// The same sequence of things seen gives the same moves: that is how a case is resumed after a restart.
pub trait Investigator: Send {
    /// `built-in`, or the model's name.
    fn name(&self) -> &str;

    /// A digest of the knowledge it reasons with, so that a resumed case can tell whether it is still the same.
    fn knowledge_digest(&self) -> String;

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
    /// All hypotheses after a step, and the sentence that says what moved and by which evidence.
    Hypotheses {
        hypotheses: Vec<Hypothesis>,
        because: String,
    },
    Conclude(Conclusion),
}
