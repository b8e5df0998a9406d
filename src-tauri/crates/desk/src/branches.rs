//! A case that is gone on with from an earlier step, and two that are compared.

use std::collections::BTreeSet;

use gate::{CallState, fold_case};
use model::{Author, CallFact, CallStep, CaseEvent, CaseFact, CaseId, Conclusion, Spent, Time, ToolCall, Written};

use crate::acts::is_write;
use crate::rows::{Branch, BranchCall, CaseComparison, Update};
use crate::{Desk, DeskError};

impl Desk {
    /// A new case that holds what this one held up to and with step `at`, so that it can go another way from there: another
    /// decision, another result, other words, another investigator. What was decided and had not begun is asked anew: an
    /// approval is good for one run of one case.
    pub fn fork_case(&self, case: CaseId, at: u64) -> Result<CaseId, DeskError> {
        let events = self.file.events(case, 0)?;
        crate::cases::opened_fact(&events)?;
        let last = events.last().map_or(0, |event| event.seq);
        if at == 0 || at > last {
            return Err(DeskError::bad_request(
                format!("This case has no step {at}."),
                format!("Give one from 1 to {last}; `caseboard case show` lists them."),
            ));
        }
        let copied: Vec<CaseEvent> = events.into_iter().filter(|event| event.seq <= at).collect();
        let void = voided(&copied, self.clock.now())?;
        let copied: Vec<Written> = copied
            .into_iter()
            .map(|CaseEvent { at, author, fact, .. }| Written { at, author, fact: renamed(fact) })
            .chain(void)
            .collect();
        let branch = self.ids.case();
        self.file.append(branch, &copied)?;
        let text = format!("A branch of case {case}, from its step {at}.");
        self.write(branch, self.engineer(), CaseFact::Noted { text })?;
        if let Err(error) = self.take_up(branch).and_then(|()| self.ask_anew(branch)) {
            tracing::warn!(case = %branch, %error, "calls of the branch stay as they are");
        }
        self.tell(Update::CasesChanged);
        Ok(branch)
    }

    /// Puts the voided changes of a branch, and calls of the engineer's own, to the engineer again; an investigator asks
    /// for its reads itself.
    fn ask_anew(&self, branch: CaseId) -> Result<(), DeskError> {
        for call in self.calls(branch)? {
            let is_void = matches!(&call.state, CallState::Voided { because } if because == NOT_HERE);
            if !is_void || !(is_write(call.risk) || self.is_own(branch, call.id)?) {
                continue;
            }
            let surroundings = self.surroundings_now(branch)?;
            let tool = self.tool(&call.call.tool)?;
            let shown = tool.shown(&ToolCall { shown: None, ..call.call.clone() }, &surroundings);
            self.ask_again(branch, call.id, &call, &tool, shown, NOT_HERE, Author::Program, &surroundings)?;
        }
        Ok(())
    }

    /// How two cases went: verdict, evidence, cost and path.
    pub fn compare_cases(&self, one: CaseId, other: CaseId) -> Result<CaseComparison, DeskError> {
        let events = [self.file.events(one, 0)?, self.file.events(other, 0)?];
        let same = |(a, b): &(&CaseEvent, &CaseEvent)| a.author == b.author && plain(&a.fact) == plain(&b.fact);
        let common = events[0].iter().zip(&events[1]).take_while(same).count() as u64;
        let [first, second] = &events;
        let (one, other) = (branch_of(one, first)?, branch_of(other, second)?);
        let cited = |branch: &Branch| branch.evidence.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        let without = |branch: &Branch, ids: &BTreeSet<String>| {
            branch.evidence.iter().filter(|id| !ids.contains(&id.to_string())).cloned().collect()
        };
        Ok(CaseComparison {
            common,
            same_verdict: one.verdict == other.verdict && one.abstained == other.abstained,
            only_one: without(&one, &cited(&other)),
            only_other: without(&other, &cited(&one)),
            one,
            other,
        })
    }
}

/// The end of every decision that had not begun: it was of another case.
fn voided(events: &[CaseEvent], at: Time) -> Result<Vec<Written>, DeskError> {
    let calls = fold_case(events).map_err(investigate::RunnerError::from)?;
    let decided = calls.iter().filter(|c| matches!(c.state, CallState::Approved { .. } | CallState::Allowed { .. }));
    let void = decided.map(|call| {
        let step = CallStep::Voided { because: NOT_HERE.into() };
        let fact = CaseFact::Call(CallFact { call: call.id, revision: call.revision, step });
        Written { at, author: Author::Program, fact }
    });
    Ok(void.collect())
}

const NOT_HERE: &str = "it was decided in the case that this one branches off from; decide again here";

/// A branch is told from what it comes from by its title.
fn renamed(fact: CaseFact) -> CaseFact {
    match fact {
        CaseFact::Opened { title, cluster, cluster_name, as_of, question, incidents } => {
            let title = if title.ends_with(BRANCH) { title } else { format!("{title}{BRANCH}") };
            CaseFact::Opened { title, cluster, cluster_name, as_of, question, incidents }
        }
        other => other,
    }
}

const BRANCH: &str = " (branch)";

/// A fact without what a branch changes.
fn plain(fact: &CaseFact) -> CaseFact {
    renamed(fact.clone())
}

fn branch_of(case: CaseId, events: &[CaseEvent]) -> Result<Branch, DeskError> {
    let opened = crate::cases::opened_fact(events)?;
    let (mut investigator, mut knowledge_digest) = (String::new(), String::new());
    let mut conclusion: Option<Conclusion> = None;
    let mut spent = Spent::default();
    for event in events {
        match &event.fact {
            CaseFact::InvestigationStarted { investigator: who, knowledge_digest: digest, .. } => {
                investigator.clone_from(who);
                knowledge_digest.clone_from(digest);
            }
            CaseFact::Concluded { conclusion: found } => conclusion = Some(found.clone()),
            CaseFact::ModelAnswered { answer } => spent += answer.spent,
            _ => {}
        }
    }
    let calls = fold_case(events).map_err(investigate::RunnerError::from)?;
    let calls = calls.into_iter().map(|call| BranchCall {
        tool: call.call.tool,
        args: call.call.args,
        decision: call.decision,
        state: call.state.name().to_owned(),
    });
    let first = conclusion.as_ref().and_then(|found| found.hypotheses.first());
    Ok(Branch {
        case,
        title: opened.title,
        investigator,
        knowledge_digest,
        verdict: first.map(|h| h.id.clone()).unwrap_or_default(),
        probability: first.map_or(0.0, |h| h.probability),
        abstained: conclusion.as_ref().is_some_and(|found| found.abstained),
        concluded: conclusion.is_some(),
        summary: conclusion.as_ref().map(|found| found.summary.clone()).unwrap_or_default(),
        evidence: first.map(|h| h.evidence.iter().map(|cited| cited.id.clone()).collect()).unwrap_or_default(),
        calls: calls.collect(),
        spent,
    })
}
