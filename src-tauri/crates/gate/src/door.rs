mod permit;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use history::{DeskFile, Hold, Receipt};
use model::{
    Author, CallFact, CallId, CallStep, CaseFact, CaseId, Clock, ObservationId, Preview, ResultView, Risk, Ruling,
    Shown, Terms, ToolCall, Written,
};
pub use permit::{Leave, Permit, Running, TryOut};
use serde_json::Value;

use crate::{Call, CallState, FoldError, Policy, fold, fold_case};

/// Why the door stayed shut.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("there is no call `{0}` in this case")]
    NoSuchCall(CallId),
    /// The window showed an older revision or other arguments.
    #[error("the call changed since it was shown: approve it again")]
    Changed,
    #[error("{0}")]
    NotNow(#[from] FoldError),
    /// Nobody decides on his own call, and a rule only where policy says so.
    #[error("{who} may not {act} a call: only the engineer may")]
    NotYours { who: String, act: &'static str },
    /// Facts about calls are written by the door's own methods only.
    #[error("a fact about a call was written past the gate; use the door's own methods")]
    PastTheGate,
    #[error(transparent)]
    Store(#[from] history::Error),
}

/// Writes gate facts and case events. If the append fails, nothing runs.
pub struct Door {
    desk: Arc<DeskFile>,
    clock: Arc<dyn Clock>,
    /// What this program runs now; a call whose permit is gone is no longer among them.
    running: Mutex<HashMap<CallId, Weak<Hold>>>,
}

/// The steps that follow from where a call stands, each with its author.
type Steps = Vec<(Author, u32, CallStep)>;

impl Door {
    pub fn new(desk: Arc<DeskFile>, clock: Arc<dyn Clock>) -> Self {
        Door { desk, clock, running: Mutex::default() }
    }

    /// Writes any other case event.
    pub fn write(&self, case: CaseId, facts: &[Written]) -> Result<Receipt, Refused> {
        if facts.iter().any(|written| matches!(written.fact, CaseFact::Call(_))) {
            return Err(Refused::PastTheGate);
        }
        Ok(self.desk.append(case, facts)?)
    }

    /// How often a rule let something pass. What cannot be read counts as used up.
    fn uses_of(&self, rule: &str) -> u32 {
        self.desk.uses_of(rule).unwrap_or_else(|error| {
            tracing::warn!(rule, %error, "how often a rule was used cannot be read; it allows nothing");
            u32::MAX
        })
    }

    /// The call as it stands.
    pub fn call(&self, case: CaseId, call: CallId) -> Result<Call, Refused> {
        self.stands(case, call)?.0.ok_or(Refused::NoSuchCall(call))
    }

    /// Proposes a call: writes proposed, the ruling, and asked where policy asks. A call that failed, was interrupted,
    /// expired or was voided is proposed again as its next revision.
    #[expect(clippy::too_many_arguments, reason = "each is one column of the fact")]
    pub fn propose(
        &self,
        case: CaseId,
        id: CallId,
        call: ToolCall,
        risk: Risk,
        preview: Preview,
        policy: &Policy,
        author: Author,
    ) -> Result<Call, Refused> {
        self.append(case, id, Some(policy), |before| {
            let revision = before.map_or(1, |before| before.revision.saturating_add(1));
            Ok(self.proposal(revision, call.clone(), risk, preview.clone(), policy, author.clone()))
        })
        .map(|(after, _)| after)
    }

    fn proposal(
        &self,
        revision: u32,
        call: ToolCall,
        risk: Risk,
        preview: Preview,
        policy: &Policy,
        author: Author,
    ) -> Steps {
        let ruling = policy.rule_after(&call, risk, self.clock.now(), &|rule| self.uses_of(rule));
        let (ruler, asked) = match &ruling {
            Ruling::Ask => (Author::Program, Some((Author::Program, revision, CallStep::Asked { preview }))),
            Ruling::Allowed { rule } | Ruling::Forbidden { rule, .. } => (Author::Rule { rule: rule.clone() }, None),
        };
        let digest = call.digest();
        let mut steps = vec![
            (author, revision, CallStep::Proposed { call, risk, digest }),
            (ruler, revision, CallStep::Ruled { ruling }),
        ];
        steps.extend(asked);
        steps
    }

    /// Asks again about the same call as its next revision, with what it would do as that is known now. A revision that
    /// still waits, or may start and has not, is voided by it, so that nobody approves or runs what was shown before.
    #[expect(clippy::too_many_arguments, reason = "each is one column of the fact")]
    pub fn ask_again(
        &self,
        case: CaseId,
        call: CallId,
        because: &str,
        risk: Risk,
        preview: Preview,
        shown: Option<Shown>,
        terms: Terms,
        policy: &Policy,
        author: Author,
    ) -> Result<Call, Refused> {
        self.ruled_step(case, call, policy, |before| {
            let mut steps = Vec::new();
            if matches!(
                before.state,
                CallState::AwaitingDecision { .. } | CallState::Approved { .. } | CallState::Allowed { .. }
            ) {
                steps.push((author.clone(), before.revision, CallStep::Voided { because: because.to_owned() }));
            }
            let again = ToolCall { shown: shown.clone(), ..before.call.clone() }.under(terms.clone());
            let next = before.revision.saturating_add(1);
            steps.extend(self.proposal(next, again, risk, preview.clone(), policy, author.clone()));
            Ok(steps)
        })
    }

    /// Lets a waiting call be tried at the cluster without being done, and writes down that it was.
    pub fn try_out(&self, case: CaseId, call: CallId, author: Author) -> Result<TryOut, Refused> {
        not_the_investigator(&author, "try out")?;
        let waiting = self.call(case, call)?;
        if !matches!(waiting.state, CallState::AwaitingDecision { .. }) {
            let (state, revision) = (waiting.state.name(), waiting.revision);
            return Err(FoldError { state, fact: "tried out", revision }.into());
        }
        let text = format!("Asked the cluster what `{}` would do, without doing it.", waiting.call.tool);
        self.noting(case, &waiting, text, author)
    }

    /// Lets the target of a write be looked at whose outcome is not known, and writes down that it was.
    pub fn look_again(&self, case: CaseId, call: CallId, author: Author) -> Result<TryOut, Refused> {
        not_the_investigator(&author, "look again at the target of")?;
        let unknown = self.call(case, call)?;
        if !matches!(unknown.state, CallState::OutcomeUnknown { .. }) {
            let (state, revision) = (unknown.state.name(), unknown.revision);
            return Err(FoldError { state, fact: "looked at again", revision }.into());
        }
        let text = format!("Asked the cluster what became of `{}`.", unknown.call.tool);
        self.noting(case, &unknown, text, author)
    }

    fn noting(&self, case: CaseId, call: &Call, text: String, author: Author) -> Result<TryOut, Refused> {
        self.write(case, &[Written { at: self.clock.now(), author, fact: CaseFact::Noted { text } }])?;
        Ok(TryOut::of(call))
    }

    /// `digest` is the one that was shown; another one is [`Refused::Changed`].
    pub fn approve(&self, case: CaseId, call: CallId, digest: &str, author: Author) -> Result<Call, Refused> {
        only_the_engineer(&author, "approve")?;
        self.step_of(case, call, |before| {
            if before.digest != digest {
                return Err(Refused::Changed);
            }
            Ok(vec![(author.clone(), before.revision, CallStep::Approved { digest: digest.to_owned() })])
        })
    }

    /// Ends the shown revision and proposes the next one with other arguments. `risk` and `preview` are of the new
    /// arguments, `shown` too. The edit is the engineer's own: `approve` says whether it counts as approval as well; what policy
    /// forbids stays forbidden.
    #[expect(clippy::too_many_arguments, reason = "each is one column of the fact")]
    pub fn edit(
        &self,
        case: CaseId,
        call: CallId,
        args: Value,
        why: &str,
        risk: Risk,
        preview: Preview,
        shown: Option<Shown>,
        terms: Terms,
        policy: &Policy,
        approve: bool,
        author: Author,
    ) -> Result<Call, Refused> {
        only_the_engineer(&author, "edit")?;
        self.ruled_step(case, call, policy, |before| {
            let mut edited = before.call.clone().under(terms.clone());
            edited.args = args.clone();
            edited.shown = shown.clone();
            // An argument that the engineer typed is the engineer's; one that was left as it was keeps its origin.
            edited.tainted.retain(|(name, _)| before.call.args.get(name) == args.get(name));
            let digest = edited.digest();

            let edit = CallStep::Edited { args: args.clone(), why: why.to_owned() };
            let next = before.revision.saturating_add(1);
            let mut steps = vec![(author.clone(), before.revision, edit)];
            steps.extend(self.proposal(next, edited, risk, preview.clone(), policy, author.clone()));
            let asks = steps.iter().any(|(_, _, step)| matches!(step, CallStep::Asked { .. }));
            if approve && asks {
                steps.push((author.clone(), next, CallStep::Approved { digest }));
            }
            Ok(steps)
        })
    }

    pub fn deny(&self, case: CaseId, call: CallId, reason: &str, author: Author) -> Result<Call, Refused> {
        only_the_engineer(&author, "deny")?;
        self.one(case, call, author, || CallStep::Denied { reason: reason.to_owned() })
    }

    /// Takes a call back that nobody decided on.
    pub fn withdraw(&self, case: CaseId, call: CallId, because: &str, author: Author) -> Result<Call, Refused> {
        self.one(case, call, author, || CallStep::Withdrawn { because: because.to_owned() })
    }

    /// What was decided on is no longer what would run: it must be proposed again.
    pub fn void(&self, case: CaseId, call: CallId, because: &str, author: Author) -> Result<Call, Refused> {
        self.one(case, call, author, || CallStep::Voided { because: because.to_owned() })
    }

    /// Writes "started", then gives the permit. A second start of the same revision is refused.
    pub fn start(&self, case: CaseId, call: CallId) -> Result<Permit, Refused> {
        let alive = Arc::new(self.desk.hold(call)?);
        let (started, receipt) = self.append(case, call, None, |before| {
            let before = before.ok_or(Refused::NoSuchCall(call))?;
            Ok(vec![(Author::Program, before.revision, CallStep::Started { digest: before.digest.clone() })])
        })?;
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, held| held.strong_count() > 0);
        running.insert(call, Arc::downgrade(&alive));
        Ok(Permit::after(&receipt, started, Running(alive)))
    }

    pub fn succeeded(&self, case: CaseId, call: CallId, result: ResultView) -> Result<Call, Refused> {
        self.one(case, call, Author::Program, || CallStep::Succeeded { result: result.clone() })
    }

    pub fn failed(&self, case: CaseId, call: CallId, error: &str, hint: &str) -> Result<Call, Refused> {
        self.one(case, call, Author::Program, || CallStep::Failed { error: error.to_owned(), hint: hint.to_owned() })
    }

    /// It may have acted: whatever it changes is read back before anything is tried again.
    pub fn outcome_unknown(&self, case: CaseId, call: CallId, because: &str) -> Result<Call, Refused> {
        self.one(case, call, Author::Program, || CallStep::OutcomeUnknown { because: because.to_owned() })
    }

    /// What reading back told of a call whose outcome was unknown.
    pub fn reconcile(&self, case: CaseId, call: CallId, result: ResultView) -> Result<Call, Refused> {
        self.one(case, call, Author::Program, || CallStep::Reconciled { result: result.clone() })
    }

    /// Hands the result to the investigator: as it is, or with the engineer's text (and why) instead. Observations that
    /// the engineer took out (`without`) do not enter either.
    pub fn release(
        &self,
        case: CaseId,
        call: CallId,
        text: Option<(&str, &str)>,
        without: &[ObservationId],
        author: Author,
    ) -> Result<Call, Refused> {
        if text.is_some() || !without.is_empty() {
            only_the_engineer(&author, "change the result of")?;
        }
        not_the_investigator(&author, "release the result of")?;
        self.step_of(case, call, |before| {
            let CallState::AwaitingRelease { result } = &before.state else {
                let (state, revision) = (before.state.name(), before.revision);
                return Err(FoldError { state, fact: "released", revision }.into());
            };
            let mut observations = result.observations.clone();
            observations.retain(|id| !without.contains(id));
            let step = match text {
                None if without.is_empty() => CallStep::Released { observations, text: result.text.clone() },
                None => {
                    let why = format!("{} of its observations were taken out", without.len());
                    CallStep::ReleasedEdited { observations, text: result.text.clone(), why }
                }
                Some((text, why)) => {
                    CallStep::ReleasedEdited { observations, text: text.to_owned(), why: why.to_owned() }
                }
            };
            Ok(vec![(author.clone(), before.revision, step)])
        })
    }

    pub fn withhold(&self, case: CaseId, call: CallId, reason: &str, author: Author) -> Result<Call, Refused> {
        not_the_investigator(&author, "withhold the result of")?;
        self.one(case, call, author, || CallStep::Withheld { reason: reason.to_owned() })
    }

    /// After a restart: calls that were running when the program died become "outcome unknown" (writes) or
    /// "interrupted" (reads). What this program or another still runs goes on, and pending decisions stay pending. Gives
    /// the calls that it touched.
    pub fn recover(&self, case: CaseId) -> Result<Vec<Call>, Refused> {
        const BECAUSE: &str = "the program ended while the call was running";
        let mut recovered = Vec::new();
        for call in fold_case(&self.desk.events(case, 0)?)? {
            if call.state == CallState::Running && !self.runs(call.id) && !self.desk.is_held(call.id) {
                recovered.push(self.one(case, call.id, Author::Program, || match call.risk {
                    Risk::Read | Risk::ReadSensitive => CallStep::Interrupted { because: BECAUSE.into() },
                    Risk::Write | Risk::Destructive => CallStep::OutcomeUnknown { because: BECAUSE.into() },
                })?);
            }
        }
        Ok(recovered)
    }

    /// Whether this program runs a call now, or is about to write its outcome.
    pub fn runs(&self, call: CallId) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.get(&call).is_some_and(|held| held.strong_count() > 0)
    }

    /// One step of the newest revision.
    fn one(&self, case: CaseId, call: CallId, author: Author, make: impl Fn() -> CallStep) -> Result<Call, Refused> {
        self.step_of(case, call, |before| Ok(vec![(author.clone(), before.revision, make())]))
    }

    fn step_of(
        &self,
        case: CaseId,
        call: CallId,
        make: impl Fn(&Call) -> Result<Steps, Refused>,
    ) -> Result<Call, Refused> {
        self.append(case, call, None, |before| make(before.ok_or(Refused::NoSuchCall(call))?)).map(|(after, _)| after)
    }

    /// The same of steps that hold a ruling: what a rule allowed counts as a use of it.
    fn ruled_step(
        &self,
        case: CaseId,
        call: CallId,
        policy: &Policy,
        make: impl Fn(&Call) -> Result<Steps, Refused>,
    ) -> Result<Call, Refused> {
        self.append(case, call, Some(policy), |before| make(before.ok_or(Refused::NoSuchCall(call))?))
            .map(|(after, _)| after)
    }

    /// Folds what is there, folds what would follow, and appends only where that is legal and where nobody, in this
    /// program or another, wrote about the call in between, and where a counted rule has a use left; then it looks again.
    fn append(
        &self,
        case: CaseId,
        call: CallId,
        policy: Option<&Policy>,
        make: impl Fn(Option<&Call>) -> Result<Steps, Refused>,
    ) -> Result<(Call, Receipt), Refused> {
        loop {
            let (before, last_seq) = self.stands(case, call)?;
            let at = self.clock.now();
            let mut after = before.clone();
            let (mut facts, mut uses) = (Vec::new(), Vec::new());
            for (author, revision, step) in make(before.as_ref())? {
                if let CallStep::Ruled { ruling: Ruling::Allowed { rule } } = &step
                    && let Some(most) = policy.and_then(|policy| policy.counts(rule))
                {
                    uses.push((rule.clone(), most));
                }
                let fact = CallFact { call, revision, step };
                after = match after {
                    None => fold([&fact])?,
                    Some(state) => Some(state.then(&fact)?),
                };
                facts.push(Written { at, author, fact: CaseFact::Call(fact) });
            }
            let after = after.ok_or(Refused::NoSuchCall(call))?;
            if let Some(receipt) = self.desk.append_after(case, call, last_seq, &facts, &uses)? {
                return Ok((after, receipt));
            }
        }
    }

    fn stands(&self, case: CaseId, call: CallId) -> Result<(Option<Call>, u64), Refused> {
        let events = self.desk.events_of_call(case, call)?;
        let facts = events.iter().filter_map(|event| match &event.fact {
            CaseFact::Call(fact) => Some(fact),
            CaseFact::Opened { .. }
            | CaseFact::InvestigationStarted { .. }
            | CaseFact::Narrated { .. }
            | CaseFact::Said { .. }
            | CaseFact::Noted { .. }
            | CaseFact::HypothesesMoved { .. }
            | CaseFact::Concluded { .. }
            | CaseFact::ModelAnswered { .. }
            | CaseFact::ModelSilent { .. }
            | CaseFact::HandedOver { .. }
            | CaseFact::HandedBack { .. }
            | CaseFact::Stopped { .. } => None,
        });
        Ok((fold(facts)?, events.last().map_or(0, |event| event.seq)))
    }
}

fn only_the_engineer(author: &Author, act: &'static str) -> Result<(), Refused> {
    match author {
        Author::Engineer { .. } => Ok(()),
        Author::Investigator { name } => Err(Refused::NotYours { who: format!("the investigator `{name}`"), act }),
        Author::Rule { rule } => Err(Refused::NotYours { who: format!("the rule `{rule}`"), act }),
        Author::Program => Err(Refused::NotYours { who: "the program".into(), act }),
    }
}

fn not_the_investigator(author: &Author, act: &'static str) -> Result<(), Refused> {
    match author {
        Author::Investigator { .. } => only_the_engineer(author, act),
        Author::Engineer { .. } | Author::Rule { .. } | Author::Program => Ok(()),
    }
}

#[cfg(test)]
mod tests;
