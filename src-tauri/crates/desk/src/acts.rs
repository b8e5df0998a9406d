//! Calls that the engineer proposes himself: changes, how they are taken back, and what shows whether they helped. They
//! pass the same door as an investigator's calls and run beside the investigation.

use std::sync::Arc;

use gate::{Call, CallState};
use investigate::Ids;
use model::{Author, CallId, CallStep, CaseFact, CaseId, ClusterId, Purpose, ResultView, Risk, Shown, Terms, ToolCall};
use serde_json::Value;
use tools::{DRIFTED, Failure, Surroundings, Tool, drifted};

use crate::desk::lock;
use crate::rows::Update;
use crate::{Desk, DeskError};

/// The result of a call that the engineer proposed is the engineer's: no investigator waits for it.
const OWN: &str = "shown to the engineer who asked";
const TRIED: &str = "the cluster was asked what it would do; what it said is shown now";
const NEVER_RAN: &str = "it was approved and the program ended before it ran; it is asked again";

impl Desk {
    /// Proposes a call in a case. Nothing runs before the engineer has seen what it would do and approved that.
    pub async fn propose(
        self: &Arc<Self>,
        case: CaseId,
        tool: &str,
        args: Value,
        reason: &str,
    ) -> Result<CallId, DeskError> {
        let id = self.ids.call();
        let (desk, name, reason) = (Arc::clone(self), tool.to_owned(), reason.to_owned());
        let call = blocking(move || desk.put(case, id, &name, args, &reason)).await?;
        self.try_first(case, &call).await?;
        Ok(id)
    }

    /// Where the cluster is set so, a change that waits for a decision is shown as the cluster would make it, whoever
    /// proposed it. What the cluster says is better than what the history tells; without, the history's stands.
    pub(crate) async fn try_first(self: &Arc<Self>, case: CaseId, call: &Call) -> Result<(), DeskError> {
        let waits = matches!(call.state, CallState::AwaitingDecision { .. });
        let tried = call.call.shown.as_ref().is_some_and(|shown| shown.at_cluster);
        if !waits || tried || !is_write(call.risk) || !self.tries_first(&call.call.cluster) {
            return Ok(());
        }
        if let Err(error) = self.try_out_as(case, call.id, Author::Program).await {
            let text = format!("The cluster could not be asked what `{}` would do. {error}", call.call.tool);
            let text = self.redactor.text(&text).into_string();
            self.write(case, Author::Program, CaseFact::Noted { text })?;
        }
        Ok(())
    }

    fn put(
        self: &Arc<Self>,
        case: CaseId,
        id: CallId,
        name: &str,
        args: Value,
        reason: &str,
    ) -> Result<Call, DeskError> {
        let tool = self.tool(name)?;
        tool.check(&args).map_err(|error| DeskError::bad_request(error.to_string(), error.hint))?;
        let surroundings = self.surroundings_now(case)?;
        let risk = tool.risk(&args);
        let mut call = ToolCall {
            tool: name.to_owned(),
            cluster: surroundings.history.cluster().clone(),
            args,
            reason: reason.trim().to_owned(),
            expects: String::new(),
            tainted: Vec::new(),
            shown: None,
            definition: None,
            user: None,
        }
        .under(terms(tool.as_ref(), &surroundings));
        call.shown = tool.shown(&call, &surroundings);
        let preview = tool.preview(&call, &surroundings);
        let call = self.door.propose(case, id, call, risk, preview, &self.policy(case)?, self.engineer())?;
        self.tell(Update::CaseChanged { case, seq: 0 });
        if matches!(call.state, CallState::Allowed { .. }) {
            self.run_own(case, id);
        }
        Ok(call)
    }

    /// Asks the cluster what a waiting write would do, without doing it, and asks the engineer again with its answer.
    pub async fn try_out(self: &Arc<Self>, case: CaseId, id: CallId) -> Result<(), DeskError> {
        self.try_out_as(case, id, self.engineer()).await
    }

    async fn try_out_as(self: &Arc<Self>, case: CaseId, id: CallId, author: Author) -> Result<(), DeskError> {
        let surroundings = self.surroundings_now(case)?;
        let waiting = self.door.call(case, id)?;
        let tool = self.tool(&waiting.call.tool)?;
        let leave = self.door.try_out(case, id, author.clone())?;
        let shown = tool.try_out(leave, &surroundings).await.map_err(refused)?;
        self.ask_again(case, id, &waiting, &tool, Some(shown), TRIED, author, &surroundings)
    }

    #[expect(clippy::too_many_arguments, reason = "they are what is asked about")]
    pub(crate) fn ask_again(
        &self,
        case: CaseId,
        id: CallId,
        before: &Call,
        tool: &Arc<dyn Tool>,
        shown: Option<Shown>,
        because: &str,
        author: Author,
        surroundings: &Surroundings,
    ) -> Result<(), DeskError> {
        let terms = terms(tool.as_ref(), surroundings);
        let call = ToolCall { shown, ..before.call.clone() }.under(terms.clone());
        let preview = tool.preview(&call, surroundings);
        let policy = self.policy(case)?;
        let risk = tool.risk(&call.args);
        self.door.ask_again(case, id, because, risk, preview, call.shown, terms, &policy, author)?;
        self.decided(case);
        Ok(())
    }

    /// What an earlier run of the program left behind in a case, once for each: calls that ran then have ended without a
    /// word, and calls that were approved and never began are asked about again, with what they would do now. An
    /// investigator's reads are left to it; it begins them when it goes on.
    pub(crate) fn take_up(&self, case: CaseId) -> Result<(), DeskError> {
        if !lock(&self.taken_up).insert(case) {
            return Ok(());
        }
        self.door.recover(case)?;
        for call in self.calls(case)? {
            let may_start = matches!(call.state, CallState::Approved { .. } | CallState::Allowed { .. });
            if !may_start || !(is_write(call.risk) || self.is_own(case, call.id)?) {
                continue;
            }
            let decided = self.file.events_of_call(case, call.id)?.last().map(|event| event.at);
            if decided.is_some_and(|at| at < self.began_at) {
                let surroundings = self.surroundings_now(case)?;
                let tool = self.tool(&call.call.tool)?;
                let shown = tool.shown(&ToolCall { shown: None, ..call.call.clone() }, &surroundings);
                self.ask_again(case, call.id, &call, &tool, shown, NEVER_RAN, Author::Program, &surroundings)?;
            }
        }
        Ok(())
    }

    /// Asks again about every call of a cluster that has not begun and would run as another user than it was shown for, or by
    /// another tool.
    pub(crate) fn ask_as_now(&self, cluster: &ClusterId) {
        const LATER: &str = "what would run as another user is asked again when it begins";
        let cases = self.cases().inspect_err(|error| tracing::error!(%cluster, %error, "{LATER}"));
        for case in cases.into_iter().flatten().filter(|case| case.cluster == *cluster) {
            let calls = self.calls(case.id).inspect_err(|error| tracing::error!(case = %case.id, %error, "{LATER}"));
            for call in calls.into_iter().flatten().filter(has_not_begun) {
                if let Err(error) = self.ask_as_now_about(case.id, &call) {
                    tracing::error!(case = %case.id, call = %call.id, %error, "{LATER}");
                }
            }
        }
    }

    fn ask_as_now_about(&self, case: CaseId, call: &Call) -> Result<(), DeskError> {
        let surroundings = self.surroundings_now(case)?;
        let tool = self.tool(&call.call.tool)?;
        let Some(because) = call.call.outlived(&terms(tool.as_ref(), &surroundings)) else { return Ok(()) };
        let shown = call.call.shown.clone();
        self.ask_again(case, call.id, call, &tool, shown, because, Author::Program, &surroundings)
    }

    /// Whether the engineer proposed a call, so that no investigator runs it.
    pub fn is_own(&self, case: CaseId, id: CallId) -> Result<bool, DeskError> {
        let events = self.file.events_of_call(case, id)?;
        Ok(events.first().is_some_and(|event| matches!(event.author, Author::Engineer { .. })))
    }

    /// Runs one of the engineer's own calls if it may start.
    pub(crate) fn run_own(self: &Arc<Self>, case: CaseId, id: CallId) {
        let desk = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = desk.run_now(case, id).await {
                tracing::error!(%case, call = %id, %error, "a call of the engineer did not end well");
            }
            desk.decided(case);
        });
    }

    async fn run_now(self: &Arc<Self>, case: CaseId, id: CallId) -> Result<(), DeskError> {
        let surroundings = self.surroundings_now(case)?;
        let call = self.door.call(case, id)?;
        let tool = self.tool(&call.call.tool)?;
        if let Err(error) = tool.renew().await {
            self.door.void(case, id, &error.to_string(), Author::Program)?;
            return Ok(());
        }
        if let Some(because) = call.call.outlived(&terms(tool.as_ref(), &surroundings)) {
            let shown = call.call.shown.clone();
            return self.ask_again(case, id, &call, &tool, shown, because, Author::Program, &surroundings);
        }
        let by_rule = matches!(call.state, CallState::Allowed { .. });
        if let Some(because) = self.policy(case)?.takes_back(&call.call, call.risk, by_rule, self.clock.now()) {
            let shown = call.call.shown.clone();
            return self.ask_again(case, id, &call, &tool, shown, &because, Author::Program, &surroundings);
        }
        if let Some(now) = drifted(tool.as_ref(), &call.call, &surroundings) {
            return self.ask_again(case, id, &call, &tool, Some(now), DRIFTED, Author::Program, &surroundings);
        }
        let permit = self.door.start(case, id)?;
        let _running = permit.running();
        self.tell(Update::CaseChanged { case, seq: 0 });
        match tool.run(permit, &surroundings).await {
            Ok(outcome) => {
                self.door.succeeded(case, id, outcome.result)?;
                self.door.release(case, id, None, &[], Author::Rule { rule: OWN.into() })?;
            }
            Err(failure) => {
                failure.put_down(&self.door, case, id, &self.redactor)?;
                // What was decided on is gone; what would be done now is shown and asked again.
                if let Failure::Drifted { now, .. } = failure {
                    self.ask_again(case, id, &call, &tool, Some(*now), DRIFTED, Author::Program, &surroundings)?;
                }
            }
        }
        Ok(())
    }

    /// Reads back what became of a write whose outcome is not known, and says so in the case. Where it cannot be read, the case
    /// says why, and the outcome stays unknown: it may be read back again.
    pub async fn read_back(self: &Arc<Self>, case: CaseId, id: CallId) -> Result<(), DeskError> {
        self.door.recover(case)?;
        let surroundings = self.surroundings_now(case)?;
        let call = self.door.call(case, id)?;
        let tool = self.tool(&call.call.tool)?;
        let leave = self.door.look_again(case, id, self.engineer())?;
        let text = match tool.try_out(leave, &surroundings).await {
            Ok(shown) if shown.fields.is_empty() => "Read back: it was done; the cluster has it as asked.".to_owned(),
            Ok(shown) if is_another(call.call.shown.as_ref(), &shown) => {
                "Read back: the object that was shown is gone; there is another one of its name.".to_owned()
            }
            Ok(shown) => format!("Read back: it was not done, or not all of it; {} would change.", fields(&shown)),
            Err(error) => {
                let because = self.redactor.text(&format!("{}. {}", error.why, error.hint)).into_string();
                let text = format!("What became of `{}` could not be read: {because}", call.call.tool);
                self.write(case, Author::Program, CaseFact::Noted { text: text.trim_end().to_owned() })?;
                return Err(refused(error));
            }
        };
        let result = ResultView { text, redactions: Vec::new(), cut: None, observations: Vec::new(), next: Vec::new() };
        self.door.reconcile(case, id, result)?;
        self.door.release(case, id, None, &[], Author::Rule { rule: OWN.into() })?;
        self.decided(case);
        Ok(())
    }

    /// Waits until one of the engineer's own calls has ended, or waits for him.
    pub async fn settled(&self, case: CaseId, id: CallId) -> Result<Call, DeskError> {
        let mut updates = self.updates();
        loop {
            let call = self.door.call(case, id)?;
            match call.state {
                CallState::Approved { .. }
                | CallState::Allowed { .. }
                | CallState::Running
                | CallState::AwaitingRelease { .. } => {}
                // A failure is followed by another question where what was shown has changed.
                CallState::Failed { .. } if self.door.runs(id) => {}
                _ => return Ok(call),
            }
            let _ = tokio::time::timeout(std::time::Duration::from_millis(500), updates.recv()).await;
        }
    }

    /// How a call that succeeded is taken back, and how to see whether it helped.
    pub fn suggestions(&self, case: CaseId, id: CallId) -> Result<Vec<model::Suggestion>, DeskError> {
        let events = self.file.events_of_call(case, id)?;
        let found = events.iter().rev().find_map(|event| match &event.fact {
            CaseFact::Call(fact) => match &fact.step {
                CallStep::Succeeded { result } => Some(result.next.clone()),
                _ => None,
            },
            _ => None,
        });
        Ok(found.unwrap_or_default())
    }

    /// Proposes what takes a change back, or what shows whether it helped.
    pub async fn follow_up(self: &Arc<Self>, case: CaseId, id: CallId, purpose: Purpose) -> Result<CallId, DeskError> {
        let next = self.suggestions(case, id)?.into_iter().find(|next| next.purpose == purpose);
        let next = next.ok_or_else(|| DeskError::not_found("This call left nothing to do of that kind."))?;
        self.propose(case, &next.tool, next.args, &next.says).await
    }

    pub(crate) fn tool(&self, name: &str) -> Result<Arc<dyn Tool>, DeskError> {
        let tool = self.toolbox.get(name).cloned().or_else(|| self.foreign_tool(name));
        tool.ok_or_else(|| DeskError::not_found(format!("There is no tool `{name}`.")))
    }

    /// What a tool is given where the present matters and not the time that the case looks at.
    pub(crate) fn surroundings_now(&self, case: CaseId) -> Result<Surroundings, DeskError> {
        let surroundings = self.surroundings(case)?;
        let as_of = self.now_of(surroundings.history.cluster())?;
        Ok(Surroundings { as_of, ..surroundings })
    }
}

/// Whether a call waits for its decision, or may start.
fn has_not_begun(call: &Call) -> bool {
    matches!(call.state, CallState::AwaitingDecision { .. } | CallState::Approved { .. } | CallState::Allowed { .. })
}

/// What a call is put under now.
pub(crate) fn terms(tool: &dyn Tool, surroundings: &Surroundings) -> Terms {
    Terms { definition: Some(tool.definition()), user: surroundings.reach.user() }
}

pub(crate) fn is_write(risk: Risk) -> bool {
    matches!(risk, Risk::Write | Risk::Destructive)
}

/// Whether another object than the one that was shown has its name now.
fn is_another(before: Option<&Shown>, now: &Shown) -> bool {
    before.is_some_and(|before| !before.uid.is_empty() && before.uid != now.uid)
}

fn fields(shown: &Shown) -> String {
    let names: Vec<&str> = shown.fields.iter().map(|field| field.path.as_str()).collect();
    names.join(", ")
}

fn refused(error: tools::ToolError) -> DeskError {
    DeskError { code: "refused", what: format!("{error}."), hint: error.hint }
}

async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, DeskError> + Send + 'static,
) -> Result<T, DeskError> {
    tokio::task::spawn_blocking(act).await.map_err(|error| DeskError {
        code: "failed",
        what: format!("The program could not finish this: {error}."),
        hint: "It is written in the log; please report it.".into(),
    })?
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails says where")]
mod tests;
