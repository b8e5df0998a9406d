mod asking;
mod transcript;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gate::{Approve, Call, CallState, Door, Policy, Refused, fold, fold_case};
use history::DeskFile;
use llm::{Model, Price};
use model::{
    Author, Budget, CallFact, CallId, CallStep, CaseEvent, CaseFact, CaseId, Decision, ObservationId, Risk, Ruling,
    Shown, Terms, Time, ToolCall, Written,
};
use tools::{DRIFTED, Failure, Surroundings, Tool, Toolbox, drifted};
use transcript::{OTHER_WAY, Taken, Transcript};

use crate::{Investigator, Move, Question, Seen};

/// Where ids come from; given from outside, so that a test's transcript is the same every time.
pub trait Ids: Send + Sync {
    fn call(&self) -> CallId;
}

/// Called with the number of the case's last event after the runner wrote something.
pub type OnWrite = Arc<dyn Fn(u64) + Send + Sync>;

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
    /// The engineer must see the first request to a model before it leaves.
    AwaitingSend,
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
    /// It was stopped, or an earlier step failed after the investigator had moved. The case holds what was done; a new runner
    /// goes on.
    #[error(
        "the investigation was stopped, or ended at an earlier error; start it again and it goes on where the case stands"
    )]
    Stopped,
}

/// Drives one investigator through one case. Its only memory is the case's events: made anew after a restart, it replays
/// them into a fresh investigator and goes on where the case stood.
pub struct Runner {
    case: CaseId,
    door: Arc<Door>,
    toolbox: Toolbox,
    surroundings: Surroundings,
    now: Now,
    policy: Standing,
    release: Release,
    ids: Arc<dyn Ids>,
    investigator: Box<dyn Investigator>,
    speaking: Option<Speaking>,
    /// Set by who stops it from outside.
    ends: Arc<AtomicBool>,
    transcript: Transcript,
    next: Next,
}

#[expect(clippy::large_enum_variant, reason = "there is one of these at a time")]
enum Next {
    See(Seen),
    Waiting(CallId),
    /// For several calls; what became of each so far.
    WaitingForAll(Vec<Part>),
    Asking(Box<Question>),
    Resting,
    /// A step began and did not end.
    Stopped,
}

/// One of several calls.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there are a few of these at a time")]
enum Part {
    Out(CallId),
    Done(Seen),
}

/// Who answers an investigator's questions.
#[derive(Clone)]
pub struct Speaking {
    pub model: Arc<dyn Model>,
    /// Where the engineer gave one; what the provider says it costs goes before it.
    pub price: Option<Price>,
    /// Told what leaves, right before it does.
    pub leaves: Option<OnLeave>,
    /// Told an answer's text while it is written.
    pub hears: Option<OnHear>,
    /// As long as this is there and false, nothing is sent: what would leave is told, and the runner rests.
    pub may_leave: Option<Arc<AtomicBool>>,
}

/// A piece of an answer on its way. The fact in the case, when it is whole, takes its place.
pub struct Heard<'a> {
    pub speaker: &'a str,
    pub turn: u32,
    /// Everything that was told of this answer.
    pub before: &'a str,
    pub more: &'a str,
}

/// Called with pieces of an answer, ten times a second at most.
pub type OnHear = Arc<dyn Fn(&Heard<'_>) + Send + Sync>;

/// Called with the text that is about to be sent to a model.
pub type OnLeave = Arc<dyn Fn(&str) + Send + Sync>;

/// Gives the time of the present, which writes are shown as of: of a live cluster the clock's, of a recording its end.
pub type Now = Arc<dyn Fn() -> Time + Send + Sync>;

/// Gives the policy as it stands now; asked at each proposal, and before each start.
pub type Standing = Arc<dyn Fn() -> Policy + Send + Sync>;

/// What [`Runner::new`] needs.
pub struct Setting {
    pub case: CaseId,
    pub door: Arc<Door>,
    pub toolbox: Toolbox,
    pub surroundings: Surroundings,
    pub now: Now,
    pub policy: Standing,
    pub release: Release,
    pub ids: Arc<dyn Ids>,
    /// Called after each append that the runner makes, itself or through the door.
    pub on_write: Option<OnWrite>,
    /// For investigators that ask a language model.
    pub speaking: Option<Speaking>,
    /// Begins a new investigation, whatever the case holds.
    pub anew: bool,
}

/// Who leads the case's last investigation, and within which budget.
pub fn started_by(events: &[CaseEvent]) -> Option<(String, Option<Budget>)> {
    events.iter().rev().find_map(|event| match &event.fact {
        CaseFact::InvestigationStarted { investigator, budget, .. } => Some((investigator.clone(), *budget)),
        _ => None,
    })
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
        let Setting { case, door, toolbox, surroundings, now, policy, release, ids, on_write, speaking, anew } =
            setting;
        let events = surroundings.desk.events(case, 0)?;
        let last = events.last().map_or(0, |event| event.seq);
        let is_start = |e: &&CaseEvent| matches!(e.fact, CaseFact::InvestigationStarted { .. });
        let started = events.iter().rfind(is_start).filter(|_| !anew);
        let cursor = started.map_or(last, |start| start.seq);
        let transcript = Transcript::new(Arc::clone(&surroundings.desk), case, cursor, on_write);
        let mut runner = Runner {
            case,
            door,
            toolbox,
            surroundings,
            now,
            policy,
            release,
            ids,
            investigator,
            speaking,
            ends: Arc::default(),
            transcript,
            next: Next::See(Seen::Begin),
        };
        match started {
            Some(_) => {
                runner.door.recover(case)?;
                runner.transcript.read_new()?;
                runner.transcript.tell();
            }
            None => {
                let open = fold_case(&events)?;
                for call in open.iter().filter(|call| is_of_an_investigator(&events, call.id)) {
                    runner.take_back(call.id, "another investigation begins")?;
                }
                runner.begin()?;
            }
        }
        Ok(runner)
    }

    /// By which it is stopped from outside: set, it takes no further step, and [`Runner::advance`] ends with
    /// [`RunnerError::Stopped`] once a call that runs has ended. [`stop`] then puts it down.
    pub fn ends(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.ends)
    }

    fn begin(&mut self) -> Result<(), RunnerError> {
        self.write(CaseFact::InvestigationStarted {
            investigator: self.investigator.name().to_owned(),
            knowledge_digest: self.investigator.knowledge_digest(),
            as_of: self.surroundings.as_of,
            budget: self.investigator.budget(),
        })
    }

    /// Works until a decision is needed or the investigator has concluded. Call it again after every change to the case.
    /// May be dropped while it waits for a tool: that call is then found interrupted.
    pub async fn advance(&mut self) -> Result<Pause, RunnerError> {
        loop {
            if self.ends.load(Ordering::Acquire) {
                return Err(RunnerError::Stopped);
            }
            match std::mem::replace(&mut self.next, Next::Stopped) {
                Next::See(Seen::Written) => {
                    self.transcript.read_new()?;
                    let seen = self.transcript.hear(false).map_or(Seen::Written, |text| Seen::Said { text });
                    self.step(seen)?;
                }
                Next::See(seen) => self.step(seen)?,
                Next::Waiting(call) => {
                    self.next = Next::Waiting(call);
                    match self.settle(call).await? {
                        Settled::Seen(seen) => self.next = Next::See(seen),
                        Settled::Waits(pause) => return Ok(pause),
                    }
                }
                Next::WaitingForAll(parts) => {
                    self.next = Next::WaitingForAll(parts);
                    if let Some(pause) = self.settle_all().await? {
                        return Ok(pause);
                    }
                }
                Next::Asking(question) => {
                    self.next = Next::Asking(question.clone());
                    match self.ask(&question).await? {
                        Some(seen) => self.next = Next::See(seen),
                        None => return Ok(Pause::AwaitingSend),
                    }
                }
                Next::Resting => {
                    self.next = Next::Resting;
                    self.transcript.read_new()?;
                    match self.transcript.hear(true) {
                        Some(text) => self.next = Next::See(Seen::Said { text }),
                        None => return Ok(Pause::Concluded),
                    }
                }
                Next::Stopped => return Err(RunnerError::Stopped),
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
            Move::HandOver(hand_over) => {
                self.record(CaseFact::HandedOver { hand_over })?;
                self.next = Next::See(Seen::Written);
            }
            Move::HandBack(hand_back) => {
                self.record(CaseFact::HandedBack { hand_back })?;
                self.next = Next::See(Seen::Written);
            }
            Move::Call(call) => {
                self.next = match self.propose(call)? {
                    Part::Out(id) => Next::Waiting(id),
                    Part::Done(seen) => Next::See(seen),
                };
            }
            Move::Calls(calls) => {
                let parts = calls.into_iter().map(|call| self.propose(call)).collect::<Result<_, _>>()?;
                self.next = Next::WaitingForAll(parts);
            }
            Move::Ask(question) => self.next = Next::Asking(question),
        }
        Ok(())
    }

    /// Brings every one of several calls as far as it gets: what may run runs, whatever waits beside it.
    async fn settle_all(&mut self) -> Result<Option<Pause>, RunnerError> {
        let mut waits = None;
        let count = if let Next::WaitingForAll(parts) = &self.next { parts.len() } else { 0 };
        for index in 0..count {
            let Next::WaitingForAll(parts) = &self.next else { break };
            let Part::Out(id) = parts[index] else { continue };
            match self.settle(id).await? {
                Settled::Seen(seen) => {
                    if let Next::WaitingForAll(parts) = &mut self.next {
                        parts[index] = Part::Done(seen);
                    }
                }
                Settled::Waits(pause) => waits = waits.or(Some(pause)),
            }
        }
        if waits.is_none()
            && let Next::WaitingForAll(parts) = std::mem::replace(&mut self.next, Next::Stopped)
        {
            let seen = parts.into_iter().filter_map(|part| match part {
                Part::Done(seen) => Some(seen),
                Part::Out(_) => None,
            });
            self.next = Next::See(Seen::Settled(seen.collect()));
        }
        Ok(waits)
    }

    /// Takes the answer from the case, or asks the model. `None`: nothing may leave yet.
    async fn ask(&mut self, question: &Question) -> Result<Option<Seen>, RunnerError> {
        let same = |fact: &CaseFact| match fact {
            CaseFact::ModelAnswered { answer } => (&answer.speaker, answer.turn) == (&question.speaker, question.turn),
            CaseFact::ModelSilent { silence } => (&silence.speaker, silence.turn) == (&question.speaker, question.turn),
            _ => false,
        };
        let fact = match self.transcript.take(same) {
            Taken::Same(event) => event.fact,
            taken => {
                if matches!(taken, Taken::Different) {
                    self.start_over()?;
                }
                let held =
                    |speaking: &&Speaking| speaking.may_leave.as_ref().is_some_and(|may| !may.load(Ordering::Acquire));
                if let Some(speaking) = self.speaking.as_ref().filter(held) {
                    asking::leaving(question, speaking);
                    return Ok(None);
                }
                let fact = asking::answer_of(question, self.speaking.as_ref()).await;
                self.write(fact.clone())?;
                fact
            }
        };
        self.transcript.read_new()?;
        let said = self.transcript.hear(false);
        Ok(Some(match fact {
            CaseFact::ModelSilent { silence } => Seen::Unanswered { silence, said },
            CaseFact::ModelAnswered { answer } => Seen::Answered { answer, said },
            _ => Seen::Written,
        }))
    }

    fn propose(&mut self, call: ToolCall) -> Result<Part, RunnerError> {
        let Some(tool) = self.toolbox.get(&call.tool).cloned() else {
            let error = format!("there is no tool `{}`", call.tool);
            return self.not_put(&error, "Ask for one of the tools listed.", |error, hint| Seen::Failed {
                call,
                error,
                hint,
            });
        };
        if let Err(error) = tool.check(&call.args) {
            return self.not_put(&error.to_string(), &error.hint, |error, hint| Seen::Failed { call, error, hint });
        }
        let same = |fact: &CaseFact| matches!(fact, CaseFact::Call(CallFact { revision: 1, step: CallStep::Proposed { call: c, .. }, .. }) if c.asks_the_same(&call));
        if !self.transcript.next_is(same)
            && let Some(why) = self.edited_away(&call)?
        {
            let error = format!("the engineer has replaced it by other arguments before ({why})");
            return self.not_put(&error, "", |reason, _| Seen::Denied { call, reason });
        }
        match self.transcript.take(same) {
            Taken::Same(event) => {
                if let CaseFact::Call(fact) = &event.fact {
                    return Ok(Part::Out(fact.call));
                }
            }
            Taken::Different => self.start_over()?,
            Taken::End => {}
        }
        let id = self.ids.call();
        let risk = tool.risk(&call.args);
        let surroundings = self.surroundings_of(risk);
        let shown = tool.shown(&call, &surroundings);
        let call = ToolCall { shown, ..call }.under(self.terms(tool.as_ref()));
        let preview = tool.preview(&call, &surroundings);
        let policy = self.policy();
        let author = self.author();
        self.door.propose(self.case, id, call, risk, preview, &policy, author)?;
        self.transcript.wrote_proposal(id)?;
        Ok(Part::Out(id))
    }

    /// A call that nobody is asked about; the case says so, and the investigator is told.
    fn not_put(
        &mut self,
        error: &str,
        hint: &str,
        seen: impl FnOnce(String, String) -> Seen,
    ) -> Result<Part, RunnerError> {
        let text = format!("The call was not put to anybody: {error}. {hint}");
        self.record(CaseFact::Narrated { text: text.trim_end().to_owned() })?;
        Ok(Part::Done(seen(error.to_owned(), hint.to_owned())))
    }

    /// Why the engineer changed this call into another one, if that happened.
    fn edited_away(&self, call: &ToolCall) -> Result<Option<String>, RunnerError> {
        let calls = fold_case(&self.surroundings.desk.events(self.case, 0)?)?;
        let mut edits = calls.iter().flat_map(|call| &call.edits);
        Ok(edits.find(|(original, _)| original.asks_the_same(call)).map(|(_, why)| why.clone()))
    }

    /// Brings a call as far as it gets without the engineer.
    async fn settle(&mut self, id: CallId) -> Result<Settled, RunnerError> {
        loop {
            if self.ends.load(Ordering::Acquire) {
                return Err(RunnerError::Stopped);
            }
            let events = self.surroundings.desk.events_of_call(self.case, id)?;
            let call = fold(facts(&events))?.ok_or(Refused::NoSuchCall(id))?;
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
                    let policy = self.policy();
                    if policy.approve == Approve::None {
                        return Ok(Settled::Waits(Pause::AwaitingDecision(id)));
                    }
                    let by_rule = matches!(call.state, CallState::Allowed { .. });
                    let now = self.surroundings.clock.now();
                    match policy.takes_back(&call.call, call.risk, by_rule, now) {
                        Some(because) => self.ask_again(&call, &because, None)?,
                        None => self.run(&call).await?,
                    }
                }
                CallState::Running => {
                    self.door.recover(self.case)?;
                }
                CallState::AwaitingRelease { .. } => match self.release_rule(&call, &events) {
                    Some(rule) => {
                        self.door.release(self.case, id, None, &[], Author::Rule { rule })?;
                    }
                    None => return Ok(Settled::Waits(Pause::AwaitingRelease(id))),
                },
                CallState::Released { text, .. } => {
                    let mut observations = Vec::new();
                    for observation in released(&events) {
                        observations.extend(self.surroundings.history.get(&observation)?.map(Arc::new));
                    }
                    return Ok(Settled::Seen(Seen::Released {
                        call: call.call.clone(),
                        edited: call.edits.last().map(|(_, why)| why.clone()),
                        text: text.clone(),
                        changed: changed(&events),
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
            self.transcript.tell();
        }
    }

    async fn run(&mut self, call: &Call) -> Result<(), RunnerError> {
        let Some(tool) = self.toolbox.get(&call.call.tool).cloned() else {
            self.door.void(self.case, call.id, "there is no such tool any more", Author::Program)?;
            return Ok(());
        };
        if let Err(error) = tool.renew().await {
            self.door.void(self.case, call.id, &error.to_string(), Author::Program)?;
            return Ok(());
        }
        // An approval was of the tool as it was shown, for who was logged in then.
        if let Some(because) = call.call.outlived(&self.terms(tool.as_ref())) {
            return self.ask_again(call, because, None);
        }
        let surroundings = self.surroundings_of(call.risk);
        if let Some(now) = drifted(tool.as_ref(), &call.call, &surroundings) {
            return self.ask_again(call, DRIFTED, Some(now));
        }
        let permit = self.door.start(self.case, call.id)?;
        let _running = permit.running();
        self.transcript.tell();
        match tool.run(permit, &surroundings).await {
            Ok(outcome) => {
                self.door.succeeded(self.case, call.id, outcome.result)?;
            }
            Err(failure) => {
                failure.put_down(&self.door, self.case, call.id, &self.surroundings.redactor)?;
                if let Failure::Drifted { now, .. } = failure {
                    self.ask_again(call, DRIFTED, Some(*now))?;
                }
            }
        }
        Ok(())
    }

    /// What was decided on is no longer what would run, or the policy is another one: the next revision is ruled on anew.
    /// `now` is what a write would do, where that is no longer what was shown.
    fn ask_again(&self, call: &Call, because: &str, now: Option<Shown>) -> Result<(), RunnerError> {
        let Some(tool) = self.toolbox.get(&call.call.tool) else {
            self.door.void(self.case, call.id, because, Author::Program)?;
            return Ok(());
        };
        let terms = self.terms(tool.as_ref());
        let shown = now.or_else(|| call.call.shown.clone());
        let again = ToolCall { shown, ..call.call.clone() }.under(terms.clone());
        let risk = tool.risk(&again.args);
        let preview = tool.preview(&again, &self.surroundings_of(risk));
        let (policy, author) = (self.policy(), Author::Program);
        self.door.ask_again(self.case, call.id, because, risk, preview, again.shown, terms, &policy, author)?;
        Ok(())
    }

    fn release_rule(&self, call: &Call, events: &[CaseEvent]) -> Option<String> {
        match (&self.release, call.decision) {
            (Release::ByRule(rule), _) => Some(rule.clone()),
            // The engineer who let a rule answer for a class of calls let it answer for what it gives to this machine. What
            // would leave it takes a word of its own.
            (Release::Ask, Decision::AllowedByRule) => {
                let rule = facts(events).rev().find_map(|fact| match &fact.step {
                    CallStep::Ruled { ruling: Ruling::Allowed { rule } } => Some(rule.clone()),
                    _ => None,
                });
                let leaves = self.speaking.as_ref().is_some_and(|speaking| speaking.model.is_remote());
                rule.filter(|rule| !leaves || self.policy().releases(rule))
            }
            (Release::Ask, Decision::Approved | Decision::Edited | Decision::Denied | Decision::Pending) => None,
        }
    }

    /// Writes a move, or takes it from what the case already holds.
    fn record(&mut self, fact: CaseFact) -> Result<(), RunnerError> {
        match self.transcript.take(|recorded| *recorded == fact) {
            Taken::Same(_) => Ok(()),
            Taken::Different => {
                self.start_over()?;
                self.write(fact)
            }
            Taken::End => self.write(fact),
        }
    }

    /// What the investigator would do now differs from what the case holds: its knowledge changed. It goes on from here;
    /// what was released stays in the transcript, what it still needs is asked again, what nobody waits for any more is
    /// taken back.
    fn start_over(&mut self) -> Result<(), RunnerError> {
        for id in self.transcript.leave() {
            self.take_back(id, "the investigation went another way")?;
        }
        self.write(CaseFact::Narrated { text: OTHER_WAY.into() })
    }

    fn take_back(&self, id: CallId, because: &str) -> Result<(), RunnerError> {
        take_back(&self.door, self.case, id, because, self.author())
    }

    fn write(&mut self, fact: CaseFact) -> Result<(), RunnerError> {
        let written = Written { at: self.surroundings.clock.now(), author: self.author(), fact };
        let receipt = self.door.write(self.case, &[written])?;
        Ok(self.transcript.wrote(&receipt)?)
    }

    fn author(&self) -> Author {
        Author::Investigator { name: self.investigator.name().to_owned() }
    }

    /// A read looks at the time of the case, a write at the present: it is shown, and done, as the cluster is now.
    fn surroundings_of(&self, risk: Risk) -> Surroundings {
        match risk {
            Risk::Read | Risk::ReadSensitive => self.surroundings.clone(),
            Risk::Write | Risk::Destructive => Surroundings { as_of: (self.now)(), ..self.surroundings.clone() },
        }
    }

    /// What a call is put under now.
    fn terms(&self, tool: &dyn Tool) -> Terms {
        Terms { definition: Some(tool.definition()), user: self.surroundings.reach.user() }
    }

    fn policy(&self) -> Policy {
        (self.policy)()
    }
}

#[expect(clippy::large_enum_variant, reason = "there is one of these at a time")]
enum Settled {
    Seen(Seen),
    Waits(Pause),
}

/// Ends the investigation of a case for `author`, whose runner has stopped or is gone: what it waits for is taken back, a
/// result that waits is withheld, and the case says why. What was given up while it ran is found interrupted, or its outcome
/// unknown. A new runner goes on from here.
pub fn stop(
    door: &Door,
    file: &DeskFile,
    case: CaseId,
    at: Time,
    author: Author,
    because: &str,
) -> Result<(), RunnerError> {
    door.recover(case)?;
    let events = file.events(case, 0)?;
    for call in fold_case(&events)?.iter().filter(|call| is_of_an_investigator(&events, call.id)) {
        take_back(door, case, call.id, because, author.clone())?;
    }
    door.write(case, &[Written { at, author, fact: CaseFact::Stopped { because: because.to_owned() } }])?;
    Ok(())
}

/// Ends a call that nobody waits for any more.
fn take_back(door: &Door, case: CaseId, id: CallId, because: &str, author: Author) -> Result<(), RunnerError> {
    match door.call(case, id)?.state {
        CallState::Proposed | CallState::Previewing | CallState::AwaitingDecision { .. } => {
            door.withdraw(case, id, because, author)?;
        }
        CallState::Allowed { .. } | CallState::Approved { .. } => {
            door.void(case, id, because, Author::Program)?;
        }
        CallState::AwaitingRelease { .. } => {
            door.withhold(case, id, because, Author::Program)?;
        }
        CallState::Running
        | CallState::Edited { .. }
        | CallState::Forbidden { .. }
        | CallState::Denied { .. }
        | CallState::Withdrawn { .. }
        | CallState::Expired { .. }
        | CallState::Voided { .. }
        | CallState::Released { .. }
        | CallState::Withheld { .. }
        | CallState::Failed { .. }
        | CallState::Interrupted { .. }
        | CallState::OutcomeUnknown { .. } => {}
    }
    Ok(())
}

/// Whether an investigator proposed the call first, rather than the engineer.
fn is_of_an_investigator(events: &[CaseEvent], id: CallId) -> bool {
    events.iter().any(|event| {
        matches!(event.author, Author::Investigator { .. })
            && matches!(&event.fact, CaseFact::Call(CallFact { call, step: CallStep::Proposed { .. }, .. }) if *call == id)
    })
}

fn facts(events: &[CaseEvent]) -> impl DoubleEndedIterator<Item = &CallFact> {
    events.iter().filter_map(|event| match &event.fact {
        CaseFact::Call(fact) => Some(fact),
        _ => None,
    })
}

/// Why the engineer changed the result before it was released.
fn changed(events: &[CaseEvent]) -> Option<String> {
    facts(events).rev().find_map(|fact| match &fact.step {
        CallStep::ReleasedEdited { why, .. } => Some(why.clone()),
        _ => None,
    })
}

/// The observations that the release of a call handed over.
fn released(events: &[CaseEvent]) -> Vec<ObservationId> {
    let found = facts(events).rev().find_map(|fact| match &fact.step {
        CallStep::Released { observations, .. } | CallStep::ReleasedEdited { observations, .. } => {
            Some(observations.clone())
        }
        _ => None,
    });
    found.unwrap_or_default()
}

#[cfg(test)]
mod tests;
