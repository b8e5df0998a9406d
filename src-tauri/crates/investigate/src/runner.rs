use std::collections::VecDeque;
use std::sync::{Arc, RwLock};

use gate::{Approve, Call, CallState, Door, Policy, Refused, fold_case};
use model::{Author, CallFact, CallId, CallStep, CaseEvent, CaseFact, CaseId, Decision, Time, ToolCall, Written};
use tools::{Surroundings, Toolbox};

use crate::{Investigator, Move, Seen};

/// Where ids come from; given from outside, so that a test's transcript is the same every time.
pub trait Ids: Send + Sync {
    fn call(&self) -> CallId;
}

/// Who hands results to the investigator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// The engineer looks at each.
    Ask,
    /// A local rule of this name releases what redaction left; logged as the rule's.
    ByRule(String),
}

/// Why the runner rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The engineer must decide about a call.
    AwaitingDecision(CallId),
    /// The engineer must look at a result.
    AwaitingRelease(CallId),
    Concluded,
}

#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Store(#[from] history::Error),
    /// The case's own facts do not fold: the file was altered.
    #[error("the case cannot be continued: {0}")]
    Unfoldable(#[from] gate::FoldError),
}

/// Drives one investigator through one case. Its only memory is the case's events: made anew after a restart, it replays
/// them into a fresh investigator and goes on where the case stood.
pub struct Runner {
    case: CaseId,
    door: Arc<Door>,
    toolbox: Toolbox,
    surroundings: Surroundings,
    policy: Arc<RwLock<Policy>>,
    release: Release,
    ids: Arc<dyn Ids>,
    investigator: Box<dyn Investigator>,
    /// What the case already holds of this investigation and the investigator has not repeated yet.
    recorded: VecDeque<CaseEvent>,
    /// The last event that was read from the case.
    cursor: u64,
    next: Next,
}

enum Next {
    See(Seen),
    Waiting(CallId),
    Resting,
}

/// What [`Runner::new`] needs.
pub struct Setting {
    pub case: CaseId,
    pub door: Arc<Door>,
    pub toolbox: Toolbox,
    pub surroundings: Surroundings,
    pub policy: Arc<RwLock<Policy>>,
    pub release: Release,
    pub ids: Arc<dyn Ids>,
}

/// The time that the case's last investigation looks at, if one was started.
pub fn started_as_of(events: &[CaseEvent]) -> Option<Time> {
    events.iter().rev().find_map(|event| match event.fact {
        CaseFact::InvestigationStarted { as_of, .. } => Some(as_of),
        _ => None,
    })
}

impl Runner {
    /// Begins an investigation, or goes on with the one that the case holds. `investigator` is fresh and looks at
    /// [`Surroundings::as_of`], which on resumption is [`started_as_of`].
    pub fn new(setting: Setting, investigator: Box<dyn Investigator>) -> Result<Self, RunnerError> {
        let Setting { case, door, toolbox, surroundings, policy, release, ids } = setting;
        let mut runner = Runner {
            case,
            door,
            toolbox,
            surroundings,
            policy,
            release,
            ids,
            investigator,
            recorded: VecDeque::new(),
            cursor: 0,
            next: Next::See(Seen::Begin),
        };
        let events = runner.surroundings.desk.events(case, 0)?;
        match events.iter().rposition(|e| matches!(e.fact, CaseFact::InvestigationStarted { .. })) {
            Some(start) => {
                runner.door.recover(case)?;
                runner.cursor = events[start].seq;
            }
            None => runner.begin()?,
        }
        runner.read_new()?;
        Ok(runner)
    }

    fn begin(&mut self) -> Result<(), RunnerError> {
        let fact = CaseFact::InvestigationStarted {
            investigator: self.investigator.name().to_owned(),
            knowledge_digest: self.investigator.knowledge_digest(),
            as_of: self.surroundings.as_of,
        };
        self.write(fact)
    }

    /// Works until a decision is needed or the investigator has concluded. Call it again after every change to the case.
    pub async fn advance(&mut self) -> Result<Pause, RunnerError> {
        loop {
            match std::mem::replace(&mut self.next, Next::Resting) {
                Next::See(Seen::Written) => {
                    self.read_new()?;
                    let seen = self.take_said().map_or(Seen::Written, |text| Seen::Said { text });
                    self.step(seen)?;
                }
                Next::See(seen) => self.step(seen)?,
                Next::Waiting(call) => match self.settle(call).await? {
                    Settled::Seen(seen) => self.next = Next::See(seen),
                    Settled::Waits(pause) => {
                        self.next = Next::Waiting(call);
                        return Ok(pause);
                    }
                },
                Next::Resting => {
                    self.read_new()?;
                    match self.take_said() {
                        Some(text) => self.next = Next::See(Seen::Said { text }),
                        None => return Ok(Pause::Concluded),
                    }
                }
            }
        }
    }

    /// Lets the investigator move, and carries the move out, or recognises it in what the case already holds.
    fn step(&mut self, seen: Seen) -> Result<(), RunnerError> {
        match self.investigator.next(seen) {
            Move::Narrate { text } => {
                self.record(CaseFact::Narrated { text })?;
                self.next = Next::See(Seen::Written);
            }
            Move::Hypotheses { hypotheses, because } => {
                self.record(CaseFact::HypothesesMoved { hypotheses, because })?;
                self.next = Next::See(Seen::Written);
            }
            Move::Conclude(conclusion) => {
                self.record(CaseFact::Concluded { conclusion })?;
                self.next = Next::Resting;
            }
            Move::Call(call) => self.propose(call)?,
        }
        Ok(())
    }

    fn propose(&mut self, call: ToolCall) -> Result<(), RunnerError> {
        let tool = self.toolbox.get(&call.tool).cloned();
        let fault = match &tool {
            None => Some((format!("there is no tool `{}`", call.tool), "Ask for one of the tools listed.".to_owned())),
            Some(tool) => tool.check(&call.args).err().map(|e| (e.to_string(), e.hint)),
        };
        if let Some((error, hint)) = fault {
            self.record(CaseFact::Narrated { text: format!("The call was not put to anybody: {error}. {hint}") })?;
            self.next = Next::See(Seen::Failed { call, error, hint });
            return Ok(());
        }
        let Some(tool) = tool else { return Ok(()) };
        if let Some(id) = self.repeat_call(&call) {
            self.next = Next::Waiting(id);
            return Ok(());
        }
        let id = self.ids.call();
        let risk = tool.risk(&call.args);
        let preview = tool.preview(&call, &self.surroundings);
        let policy = self.policy();
        let author = self.author();
        self.door.propose(self.case, id, call, risk, preview, &policy, author)?;
        self.read_new()?;
        // What was just written is not something to be repeated.
        self.recorded.retain(|event| !is_proposal_of(event, id));
        self.next = Next::Waiting(id);
        Ok(())
    }

    /// Brings a call as far as it gets without the engineer.
    async fn settle(&mut self, id: CallId) -> Result<Settled, RunnerError> {
        loop {
            let events = self.surroundings.desk.events(self.case, 0)?;
            let Some(call) = fold_case(&events)?.into_iter().find(|c| c.id == id) else {
                return Err(Refused::NoSuchCall(id).into());
            };
            let denied = |reason: String| Ok(Settled::Seen(Seen::Denied { call: call.call.clone(), reason }));
            let failed =
                |error: String, hint: String| Ok(Settled::Seen(Seen::Failed { call: call.call.clone(), error, hint }));
            match &call.state {
                CallState::Proposed
                | CallState::Previewing
                | CallState::AwaitingDecision { .. }
                | CallState::Edited { .. } => {
                    return Ok(Settled::Waits(Pause::AwaitingDecision(id)));
                }
                CallState::Allowed { .. } | CallState::Approved { .. } => {
                    if self.policy().approve == Approve::None {
                        return Ok(Settled::Waits(Pause::AwaitingDecision(id)));
                    }
                    run(&self.door, &self.toolbox, &self.surroundings, self.case, &call).await?;
                }
                CallState::Running => {
                    self.door.recover(self.case)?;
                }
                CallState::AwaitingRelease { .. } => match self.release_rule(&call) {
                    Some(rule) => {
                        self.door.release(self.case, id, None, &[], Author::Rule { rule })?;
                    }
                    None => return Ok(Settled::Waits(Pause::AwaitingRelease(id))),
                },
                CallState::Released { text, .. } => {
                    let mut observations = Vec::new();
                    for observation in released(&events, id) {
                        observations.extend(self.surroundings.history.get(&observation)?.map(Arc::new));
                    }
                    return Ok(Settled::Seen(Seen::Released {
                        call: call.call.clone(),
                        edited: call.edits.last().map(|(_, why)| why.clone()),
                        text: text.clone(),
                        observations,
                    }));
                }
                CallState::Withheld { reason } => {
                    return Ok(Settled::Seen(Seen::Withheld { call: call.call.clone(), reason: reason.clone() }));
                }
                CallState::Denied { reason } => return denied(reason.clone()),
                CallState::Forbidden { rule, because } => return denied(format!("forbidden by `{rule}`: {because}")),
                CallState::Withdrawn { because } => return denied(format!("withdrawn: {because}")),
                CallState::Expired { because } => return denied(format!("expired: {because}")),
                CallState::Failed { error, hint } => return failed(error.clone(), hint.clone()),
                CallState::Interrupted { because } => {
                    return failed(format!("interrupted: {because}"), "Ask again if it still matters.".into());
                }
                CallState::Voided { because } => {
                    return failed(format!("voided: {because}"), "Ask again if it still matters.".into());
                }
                CallState::OutcomeUnknown { because } => {
                    return failed(format!("it may have run: {because}"), "Read the object back.".into());
                }
            }
        }
    }

    fn release_rule(&self, call: &Call) -> Option<String> {
        match (&self.release, call.decision) {
            (Release::ByRule(rule), _) => Some(rule.clone()),
            // The engineer who let a rule answer for a class of calls let it answer for their results too.
            (Release::Ask, Decision::AllowedByRule) => Some("the rule that allowed the call".into()),
            (Release::Ask, Decision::Approved | Decision::Edited | Decision::Denied | Decision::Pending) => None,
        }
    }

    /// Writes a move, or takes it from what the case already holds.
    fn record(&mut self, fact: CaseFact) -> Result<(), RunnerError> {
        match self.next_recorded() {
            Some(index) if self.recorded[index].fact == fact => {
                self.recorded.remove(index);
                Ok(())
            }
            Some(_) => self.start_over(fact),
            None => self.write(fact),
        }
    }

    /// The call's id if the case already holds this proposal as its next move.
    fn repeat_call(&mut self, call: &ToolCall) -> Option<CallId> {
        let index = self.next_recorded()?;
        let CaseFact::Call(CallFact { call: id, step: CallStep::Proposed { call: recorded, .. }, .. }) =
            &self.recorded[index].fact
        else {
            return None;
        };
        let id = (recorded.digest() == call.digest()).then_some(*id);
        if id.is_some() {
            self.recorded.remove(index);
        }
        id
    }

    /// What the investigator would do now differs from what the case holds: its knowledge changed. It goes on from here;
    /// what was released stays in the transcript, what it still needs is asked again.
    fn start_over(&mut self, fact: CaseFact) -> Result<(), RunnerError> {
        self.recorded.retain(|event| matches!(event.fact, CaseFact::Said { .. }));
        self.write(CaseFact::Narrated {
            text:
                "What I know has changed since this step was first taken; from here on I reason with what I know now."
                    .into(),
        })?;
        self.write(fact)
    }

    fn write(&mut self, fact: CaseFact) -> Result<(), RunnerError> {
        let written = Written { at: self.surroundings.clock.now(), author: self.author(), fact };
        let receipt = self.door.write(self.case, &[written])?;
        // Words of the engineer may have come in between; they are read on the next occasion.
        if receipt.first_seq() == self.cursor + 1 {
            self.cursor = receipt.last_seq();
        } else {
            self.read_until(receipt.first_seq() - 1)?;
            self.cursor = receipt.last_seq();
        }
        Ok(())
    }

    fn read_new(&mut self) -> Result<(), RunnerError> {
        self.read_until(u64::MAX)
    }

    fn read_until(&mut self, last: u64) -> Result<(), RunnerError> {
        for event in self.surroundings.desk.events(self.case, self.cursor)? {
            if event.seq > last {
                break;
            }
            self.cursor = event.seq;
            if is_move(&event) {
                self.recorded.push_back(event);
            }
        }
        Ok(())
    }

    fn next_recorded(&self) -> Option<usize> {
        self.recorded.iter().position(|event| !matches!(event.fact, CaseFact::Said { .. }))
    }

    fn take_said(&mut self) -> Option<String> {
        match self.recorded.front().map(|event| &event.fact) {
            Some(CaseFact::Said { text }) => {
                let text = text.clone();
                self.recorded.pop_front();
                Some(text)
            }
            _ => None,
        }
    }

    fn author(&self) -> Author {
        Author::Investigator { name: self.investigator.name().to_owned() }
    }

    fn policy(&self) -> Policy {
        self.policy.read().map(|p| p.clone()).unwrap_or_else(|poisoned| poisoned.into_inner().clone())
    }
}

/// Runs an allowed call on a permit, and writes what came of it.
async fn run(
    door: &Door,
    toolbox: &Toolbox,
    surroundings: &Surroundings,
    case: CaseId,
    call: &Call,
) -> Result<(), RunnerError> {
    let permit = door.start(case, call.id)?;
    let Some(tool) = toolbox.get(&call.call.tool) else {
        door.failed(case, call.id, "the tool is gone", "Restart Caseboard.")?;
        return Ok(());
    };
    match tool.run(permit, surroundings).await {
        Ok(outcome) => door.succeeded(case, call.id, outcome.result)?,
        Err(error) => door.failed(case, call.id, &error.to_string(), &error.hint)?,
    };
    Ok(())
}

enum Settled {
    Seen(Seen),
    Waits(Pause),
}

/// Whether an event is a move of the investigator or words of the engineer to it.
fn is_move(event: &CaseEvent) -> bool {
    match &event.fact {
        CaseFact::Narrated { .. }
        | CaseFact::HypothesesMoved { .. }
        | CaseFact::Concluded { .. }
        | CaseFact::Said { .. } => true,
        CaseFact::Call(fact) => fact.revision == 1 && matches!(fact.step, CallStep::Proposed { .. }),
        CaseFact::Opened { .. }
        | CaseFact::InvestigationStarted { .. }
        | CaseFact::Noted { .. }
        | CaseFact::Stopped { .. } => false,
    }
}

fn is_proposal_of(event: &CaseEvent, id: CallId) -> bool {
    matches!(&event.fact, CaseFact::Call(fact) if fact.call == id)
}

/// The observations that the release of a call handed over.
fn released(events: &[CaseEvent], id: CallId) -> Vec<model::ObservationId> {
    events
        .iter()
        .rev()
        .find_map(|event| match &event.fact {
            CaseFact::Call(CallFact {
                call,
                step: CallStep::Released { observations, .. } | CallStep::ReleasedEdited { observations, .. },
                ..
            }) if *call == id => Some(observations.clone()),
            _ => None,
        })
        .unwrap_or_default()
}
