use std::collections::HashMap;

use model::{CallFact, CallId, CallStep, CaseEvent, CaseFact, Decision, Preview, ResultView, Risk, Ruling, ToolCall};
use serde_json::Value;

/// Where a revision of a call stands.
#[derive(Clone, Debug, PartialEq)]
pub enum CallState {
    Proposed,
    /// Policy asks; the question was not put to the engineer yet.
    Previewing,
    Forbidden {
        rule: String,
        because: String,
    },
    /// A rule allowed it; it may start.
    Allowed {
        rule: String,
    },
    AwaitingDecision {
        preview: Preview,
    },
    /// The engineer approved it; it may start.
    Approved {
        digest: String,
    },
    /// The engineer changed the arguments; the next revision carries `args`. Written together with its proposal, so
    /// that nobody ever finds a call here.
    Edited {
        args: Value,
    },
    Denied {
        reason: String,
    },
    Withdrawn {
        because: String,
    },
    Expired {
        because: String,
    },
    /// What would run is no longer what was decided on; it takes a new revision.
    Voided {
        because: String,
    },
    Running,
    AwaitingRelease {
        result: ResultView,
    },
    Released {
        text: String,
        edited: bool,
    },
    Withheld {
        reason: String,
    },
    Failed {
        error: String,
        hint: String,
    },
    Interrupted {
        because: String,
    },
    OutcomeUnknown {
        because: String,
    },
}

/// A call as its facts tell it: the newest revision, and how it got there.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub id: CallId,
    pub revision: u32,
    pub call: ToolCall,
    pub risk: Risk,
    pub digest: String,
    pub state: CallState,
    /// Who decided. What policy forbade counts as denied (the state names the rule); what nobody decided is pending.
    pub decision: Decision,
    /// Arguments of earlier revisions with the engineer's words why they were changed, oldest first.
    pub edits: Vec<(ToolCall, String)>,
}

/// A fact that cannot follow the ones before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{fact}` cannot follow `{state}` (revision {revision})")]
pub struct FoldError {
    pub state: &'static str,
    pub fact: &'static str,
    pub revision: u32,
}

/// Folds the facts of one call, in order.
pub fn fold<'a>(facts: impl IntoIterator<Item = &'a CallFact>) -> Result<Option<Call>, FoldError> {
    let mut call: Option<Call> = None;
    for fact in facts {
        call = Some(match call {
            None => Call::proposed(fact)?,
            Some(call) => call.then(fact)?,
        });
    }
    Ok(call)
}

/// All calls of a case, in the order of their proposal.
pub fn fold_case(events: &[CaseEvent]) -> Result<Vec<Call>, FoldError> {
    let mut order: Vec<CallId> = Vec::new();
    let mut facts: HashMap<CallId, Vec<&CallFact>> = HashMap::new();
    for event in events {
        if let CaseFact::Call(fact) = &event.fact {
            facts.entry(fact.call).or_insert_with(|| {
                order.push(fact.call);
                Vec::new()
            });
            if let Some(of_call) = facts.get_mut(&fact.call) {
                of_call.push(fact);
            }
        }
    }
    let mut calls = Vec::new();
    for id in order {
        calls.extend(fold(facts.remove(&id).unwrap_or_default())?);
    }
    Ok(calls)
}

impl Call {
    /// The call that a first fact makes; only a proposal of revision 1 can be one.
    fn proposed(fact: &CallFact) -> Result<Call, FoldError> {
        let refused = |name| FoldError { state: "nothing", fact: name, revision: fact.revision };
        match &fact.step {
            CallStep::Proposed { call, risk, digest } if fact.revision == 1 => {
                if *digest != call.digest() {
                    return Err(refused(OTHER_DIGEST));
                }
                Ok(Call {
                    id: fact.call,
                    revision: 1,
                    call: call.clone(),
                    risk: *risk,
                    digest: digest.clone(),
                    state: CallState::Proposed,
                    decision: Decision::Pending,
                    edits: Vec::new(),
                })
            }
            other => Err(refused(step_name(other))),
        }
    }

    /// The call after one more fact; refused where the fact cannot follow. Every pair of state and fact is decided here.
    pub fn then(self, fact: &CallFact) -> Result<Call, FoldError> {
        use CallState as State;
        use CallStep as Step;

        let name = step_name(&fact.step);
        let refused = |name| FoldError { state: self.state.name(), fact: name, revision: fact.revision };
        if fact.call != self.id {
            return Err(refused("a fact about another call"));
        }
        let begins_revision = matches!(fact.step, Step::Proposed { .. });
        if fact.revision != if begins_revision { self.revision.saturating_add(1) } else { self.revision } {
            return Err(refused(name));
        }
        match (&self.state, &fact.step) {
            (State::Proposed, Step::Ruled { ruling }) => Ok(match ruling.clone() {
                Ruling::Ask => self.at(State::Previewing),
                Ruling::Allowed { rule } => {
                    let decision = self.decided(Decision::AllowedByRule);
                    Call { decision, ..self.at(State::Allowed { rule }) }
                }
                Ruling::Forbidden { rule, because } => {
                    Call { decision: Decision::Denied, ..self.at(State::Forbidden { rule, because }) }
                }
            }),
            (State::Previewing, Step::Asked { preview }) => {
                Ok(self.at(State::AwaitingDecision { preview: preview.clone() }))
            }
            (State::AwaitingDecision { .. }, Step::Approved { digest }) => {
                if *digest != self.digest {
                    return Err(refused(OTHER_DIGEST));
                }
                let decision = self.decided(Decision::Approved);
                Ok(Call { decision, ..self.at(State::Approved { digest: digest.clone() }) })
            }
            (State::AwaitingDecision { .. }, Step::Edited { args, why }) => {
                let mut call = self.at(State::Edited { args: args.clone() });
                call.edits.push((call.call.clone(), why.clone()));
                Ok(call)
            }
            (State::AwaitingDecision { .. }, Step::Denied { reason }) => {
                Ok(Call { decision: Decision::Denied, ..self.at(State::Denied { reason: reason.clone() }) })
            }
            (State::Proposed | State::Previewing | State::AwaitingDecision { .. }, Step::Withdrawn { because }) => {
                Ok(self.at(State::Withdrawn { because: because.clone() }))
            }
            (State::Proposed | State::Previewing | State::AwaitingDecision { .. }, Step::Expired { because }) => {
                Ok(self.at(State::Expired { because: because.clone() }))
            }
            (
                State::Proposed
                | State::Previewing
                | State::AwaitingDecision { .. }
                | State::Allowed { .. }
                | State::Approved { .. },
                Step::Voided { because },
            ) => Ok(Call { decision: Decision::Pending, ..self.at(State::Voided { because: because.clone() }) }),
            (State::Allowed { .. } | State::Approved { .. }, Step::Started { digest }) => {
                if *digest != self.digest {
                    return Err(refused(OTHER_DIGEST));
                }
                Ok(self.at(State::Running))
            }
            (State::Running, Step::Succeeded { result }) | (State::OutcomeUnknown { .. }, Step::Reconciled { result }) => {
                Ok(self.at(State::AwaitingRelease { result: result.clone() }))
            }
            (State::Running, Step::Failed { error, hint }) => {
                Ok(self.at(State::Failed { error: error.clone(), hint: hint.clone() }))
            }
            (State::Running, Step::Interrupted { because }) => {
                Ok(self.at(State::Interrupted { because: because.clone() }))
            }
            (State::Running, Step::OutcomeUnknown { because }) => {
                Ok(self.at(State::OutcomeUnknown { because: because.clone() }))
            }
            (State::AwaitingRelease { .. }, Step::Released { text, .. }) => {
                Ok(self.at(State::Released { text: text.clone(), edited: false }))
            }
            (State::AwaitingRelease { .. }, Step::ReleasedEdited { text, .. }) => {
                Ok(self.at(State::Released { text: text.clone(), edited: true }))
            }
            (State::AwaitingRelease { .. }, Step::Withheld { reason }) => {
                Ok(self.at(State::Withheld { reason: reason.clone() }))
            }
            // The next revision: after an edit with exactly the edited arguments, after a drift or a retry as it is.
            (State::Edited { args }, Step::Proposed { call, .. }) if *args != call.args => {
                Err(refused("proposed with other arguments than the edited ones"))
            }
            (
                State::Edited { .. }
                | State::Voided { .. }
                | State::Expired { .. }
                | State::Failed { .. }
                | State::Interrupted { .. },
                Step::Proposed { call, risk, digest },
            ) => {
                if *digest != call.digest() {
                    return Err(refused(OTHER_DIGEST));
                }
                Ok(Call {
                    id: self.id,
                    revision: fact.revision,
                    call: call.clone(),
                    risk: *risk,
                    digest: digest.clone(),
                    state: State::Proposed,
                    decision: Decision::Pending,
                    edits: self.edits,
                })
            }

            // Nothing but its ruling, or its end, can follow a proposal.
            (
                State::Proposed,
                Step::Proposed { .. }
                | Step::Asked { .. }
                | Step::Approved { .. }
                | Step::Edited { .. }
                | Step::Denied { .. }
                | Step::Started { .. }
                | Step::Succeeded { .. }
                | Step::Failed { .. }
                | Step::Interrupted { .. }
                | Step::OutcomeUnknown { .. }
                | Step::Reconciled { .. }
                | Step::Released { .. }
                | Step::ReleasedEdited { .. }
                | Step::Withheld { .. },
            )
            | (
                State::Previewing,
                Step::Proposed { .. }
                | Step::Ruled { .. }
                | Step::Approved { .. }
                | Step::Edited { .. }
                | Step::Denied { .. }
                | Step::Started { .. }
                | Step::Succeeded { .. }
                | Step::Failed { .. }
                | Step::Interrupted { .. }
                | Step::OutcomeUnknown { .. }
                | Step::Reconciled { .. }
                | Step::Released { .. }
                | Step::ReleasedEdited { .. }
                | Step::Withheld { .. },
            )
            // What waits for a decision does nothing else.
            | (
                State::AwaitingDecision { .. },
                Step::Proposed { .. }
                | Step::Ruled { .. }
                | Step::Asked { .. }
                | Step::Started { .. }
                | Step::Succeeded { .. }
                | Step::Failed { .. }
                | Step::Interrupted { .. }
                | Step::OutcomeUnknown { .. }
                | Step::Reconciled { .. }
                | Step::Released { .. }
                | Step::ReleasedEdited { .. }
                | Step::Withheld { .. },
            )
            // What may run is started or voided; a second decision cannot overtake the first.
            | (
                State::Allowed { .. } | State::Approved { .. },
                Step::Proposed { .. }
                | Step::Ruled { .. }
                | Step::Asked { .. }
                | Step::Approved { .. }
                | Step::Edited { .. }
                | Step::Denied { .. }
                | Step::Withdrawn { .. }
                | Step::Expired { .. }
                | Step::Succeeded { .. }
                | Step::Failed { .. }
                | Step::Interrupted { .. }
                | Step::OutcomeUnknown { .. }
                | Step::Reconciled { .. }
                | Step::Released { .. }
                | Step::ReleasedEdited { .. }
                | Step::Withheld { .. },
            )
            // What runs has an outcome, and only one.
            | (
                State::Running,
                Step::Proposed { .. }
                | Step::Ruled { .. }
                | Step::Asked { .. }
                | Step::Approved { .. }
                | Step::Edited { .. }
                | Step::Denied { .. }
                | Step::Withdrawn { .. }
                | Step::Expired { .. }
                | Step::Voided { .. }
                | Step::Started { .. }
                | Step::Reconciled { .. }
                | Step::Released { .. }
                | Step::ReleasedEdited { .. }
                | Step::Withheld { .. },
            )
            | (
                State::AwaitingRelease { .. },
                Step::Proposed { .. }
                | Step::Ruled { .. }
                | Step::Asked { .. }
                | Step::Approved { .. }
                | Step::Edited { .. }
                | Step::Denied { .. }
                | Step::Withdrawn { .. }
                | Step::Expired { .. }
                | Step::Voided { .. }
                | Step::Started { .. }
                | Step::Succeeded { .. }
                | Step::Failed { .. }
                | Step::Interrupted { .. }
                | Step::OutcomeUnknown { .. }
                | Step::Reconciled { .. },
            )
            // It may have acted: it is read back before anything is tried again.
            | (
                State::OutcomeUnknown { .. },
                Step::Proposed { .. }
                | Step::Ruled { .. }
                | Step::Asked { .. }
                | Step::Approved { .. }
                | Step::Edited { .. }
                | Step::Denied { .. }
                | Step::Withdrawn { .. }
                | Step::Expired { .. }
                | Step::Voided { .. }
                | Step::Started { .. }
                | Step::Succeeded { .. }
                | Step::Failed { .. }
                | Step::Interrupted { .. }
                | Step::OutcomeUnknown { .. }
                | Step::Released { .. }
                | Step::ReleasedEdited { .. }
                | Step::Withheld { .. },
            )
            // These go on only as a new revision.
            | (
                State::Edited { .. }
                | State::Voided { .. }
                | State::Expired { .. }
                | State::Failed { .. }
                | State::Interrupted { .. },
                Step::Ruled { .. }
                | Step::Asked { .. }
                | Step::Approved { .. }
                | Step::Edited { .. }
                | Step::Denied { .. }
                | Step::Withdrawn { .. }
                | Step::Expired { .. }
                | Step::Voided { .. }
                | Step::Started { .. }
                | Step::Succeeded { .. }
                | Step::Failed { .. }
                | Step::Interrupted { .. }
                | Step::OutcomeUnknown { .. }
                | Step::Reconciled { .. }
                | Step::Released { .. }
                | Step::ReleasedEdited { .. }
                | Step::Withheld { .. },
            )
            // These are the end: what was refused is never silently tried again.
            | (
                State::Forbidden { .. }
                | State::Denied { .. }
                | State::Withdrawn { .. }
                | State::Released { .. }
                | State::Withheld { .. },
                Step::Proposed { .. }
                | Step::Ruled { .. }
                | Step::Asked { .. }
                | Step::Approved { .. }
                | Step::Edited { .. }
                | Step::Denied { .. }
                | Step::Withdrawn { .. }
                | Step::Expired { .. }
                | Step::Voided { .. }
                | Step::Started { .. }
                | Step::Succeeded { .. }
                | Step::Failed { .. }
                | Step::Interrupted { .. }
                | Step::OutcomeUnknown { .. }
                | Step::Reconciled { .. }
                | Step::Released { .. }
                | Step::ReleasedEdited { .. }
                | Step::Withheld { .. },
            ) => Err(refused(name)),
        }
    }

    fn at(self, state: CallState) -> Call {
        Call { state, ..self }
    }

    /// A call that the engineer edited counts as edited, whoever let it pass afterwards.
    fn decided(&self, decision: Decision) -> Decision {
        if self.edits.is_empty() { decision } else { Decision::Edited }
    }
}

const OTHER_DIGEST: &str = "a digest of something else";

impl CallState {
    /// The state in words, for messages and labels.
    pub fn name(&self) -> &'static str {
        match self {
            CallState::Proposed => "proposed",
            CallState::Previewing => "previewing",
            CallState::Forbidden { .. } => "forbidden",
            CallState::Allowed { .. } => "allowed",
            CallState::AwaitingDecision { .. } => "awaiting decision",
            CallState::Approved { .. } => "approved",
            CallState::Edited { .. } => "edited",
            CallState::Denied { .. } => "denied",
            CallState::Withdrawn { .. } => "withdrawn",
            CallState::Expired { .. } => "expired",
            CallState::Voided { .. } => "voided",
            CallState::Running => "running",
            CallState::AwaitingRelease { .. } => "awaiting release",
            CallState::Released { .. } => "released",
            CallState::Withheld { .. } => "withheld",
            CallState::Failed { .. } => "failed",
            CallState::Interrupted { .. } => "interrupted",
            CallState::OutcomeUnknown { .. } => "outcome unknown",
        }
    }
}

fn step_name(step: &CallStep) -> &'static str {
    match step {
        CallStep::Proposed { .. } => "proposed",
        CallStep::Ruled { .. } => "ruled",
        CallStep::Asked { .. } => "asked",
        CallStep::Approved { .. } => "approved",
        CallStep::Edited { .. } => "edited",
        CallStep::Denied { .. } => "denied",
        CallStep::Withdrawn { .. } => "withdrawn",
        CallStep::Expired { .. } => "expired",
        CallStep::Voided { .. } => "voided",
        CallStep::Started { .. } => "started",
        CallStep::Succeeded { .. } => "succeeded",
        CallStep::Failed { .. } => "failed",
        CallStep::Interrupted { .. } => "interrupted",
        CallStep::OutcomeUnknown { .. } => "outcome unknown",
        CallStep::Reconciled { .. } => "reconciled",
        CallStep::Released { .. } => "released",
        CallStep::ReleasedEdited { .. } => "released edited",
        CallStep::Withheld { .. } => "withheld",
    }
}

#[cfg(test)]
mod tests;
