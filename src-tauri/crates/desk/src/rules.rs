//! What may run without asking just now, and what the policy and the redactor promise.

use std::sync::PoisonError;

use model::{CaseFact, CaseId, Time};

use crate::desk::lock;
use crate::rows::{PolicyView, PromiseRow, Redaction, RuleRow};
use crate::{Desk, DeskError};

mod files;

pub(crate) use files::Shelved;
pub use files::TriedRules;

/// A text to try the redactor on is no longer.
const MOST_TRIED: usize = 200_000;

impl Desk {
    /// The standing rules of all cases that are worked on, those that end first in front, and the policy's promises, tried.
    pub fn policy_view(&self) -> Result<PolicyView, DeskError> {
        let now = self.clock.now();
        let titles = self.cases()?;
        let mut rules: Vec<RuleRow> = Vec::new();
        for (case, work) in lock(&self.work).iter() {
            let policy = work.policy.read().unwrap_or_else(PoisonError::into_inner);
            let title = titles.iter().find(|row| row.id == *case).map(|row| row.title.clone()).unwrap_or_default();
            rules.extend(policy.rules.iter().filter(|rule| rule.until.is_none_or(|until| until > now)).map(|rule| {
                RuleRow {
                    case: *case,
                    case_title: title.clone(),
                    name: rule.name.clone(),
                    tools: rule.tools.clone(),
                    namespace: rule.namespaces.first().cloned(),
                    until: rule.until.unwrap_or(Time::MAX),
                    because: rule.because.clone(),
                }
            }));
        }
        rules.sort_by(|a, b| (a.until, &a.name).cmp(&(b.until, &b.name)));
        let promises = gate::self_test().into_iter().map(|promise| PromiseRow {
            says: promise.says.to_owned(),
            holds: promise.holds,
            answered: promise.answered,
        });
        Ok(PolicyView { rules, files: self.rules_files()?, promises: promises.collect() })
    }

    /// Ends a rule of a case before its time; what it allowed asks again.
    pub fn end_rule(&self, case: CaseId, name: &str) -> Result<(), DeskError> {
        let ended = {
            let works = lock(&self.work);
            works.get(&case).is_some_and(|work| {
                let mut policy = work.policy.write().unwrap_or_else(PoisonError::into_inner);
                let before = policy.rules.len();
                policy.rules.retain(|rule| rule.name != name);
                policy.rules.len() < before
            })
        };
        if !ended {
            return Err(DeskError::not_found(format!("There is no rule `{name}` in this case any more.")));
        }
        self.write(case, self.engineer(), CaseFact::Noted { text: format!("Rule `{name}` was ended.") })
    }

    /// What the redactor leaves of a text. The text is kept nowhere.
    pub fn try_redaction(&self, text: &str) -> Result<Redaction, DeskError> {
        if text.len() > MOST_TRIED {
            return Err(DeskError::bad_request("The text is too long to be tried here.", "Give a part of it."));
        }
        let redacted = self.redactor().text(text);
        Ok(Redaction { marks: redacted.marks().to_vec(), text: redacted.into_string() })
    }
}
