//! Narrow questions to specialists. What one of them reads stays with it: the question comes in the coordinator's words, the
//! findings go back in the specialist's, and what a cluster wrote is taken out of both.

use model::{Claim, HandBack, HandOver, ObjectRef};
use serde_json::Value;

use super::speaker::Speaker;
use super::{COORDINATOR, Conversation, brief, fence, offered, verdict};
use crate::Move;

impl Conversation {
    /// Calls the specialist that this call of the coordinator's asks for; nothing where there is none, which it is told.
    pub(super) fn hand_over(&mut self, at: usize) -> Option<Move> {
        let args = self.speakers.last()?.turn.as_ref()?.calls[at].args.clone();
        let asking: offered::Asking = serde_json::from_value(args).unwrap_or_default();
        let found = self.library.specialists().find(|a| a.id == asking.specialist && a.id != COORDINATOR).cloned();
        let left = self.budget.calls.saturating_sub(self.calls);
        let refused = match &found {
            None => Some(format!("There is no specialist `{}`.", asking.specialist)),
            Some(_) if asking.question.trim().is_empty() => Some("The question is empty.".to_owned()),
            Some(_) if left == 0 => Some("The budget of calls is used up: no specialist can look.".to_owned()),
            Some(_) => None,
        };
        let (Some(article), None) = (found, &refused) else {
            self.result(at, refused.unwrap_or_default());
            return None;
        };
        let question = self.ledger.without_cluster_text(&asking.question);
        let objects: Vec<ObjectRef> = asking.objects.iter().filter_map(|name| name.parse().ok()).collect();
        let more = vec![offered::read_more(), offered::report()];
        let calls = article.budget_calls.min(left);
        let tools = self.offered(&article.tools);
        let mut speaker = Speaker::new(&article, &article.id, tools, more, offered::REPORT, calls, &self.redactor);
        let told = brief::narrow(&self.built_in, &question, &objects, &mut self.ledger);
        speaker.say(&told, &self.redactor);
        let hand_over = HandOver {
            specialist: article.id.clone(),
            title: article.title.clone(),
            question,
            tools: speaker.tools(),
            calls,
        };
        self.speakers.push(speaker);
        Some(Move::HandOver(hand_over))
    }

    /// Takes a specialist's report.
    pub(super) fn hand_back(&mut self, at: usize, args: Value) -> Option<Move> {
        let report: offered::Reporting = match serde_json::from_value(args) {
            Ok(report) => report,
            Err(error) => {
                if let Some(speaker) = self.speakers.last_mut() {
                    speaker.reminded += 1;
                }
                self.result(at, format!("It cannot be read: {error}."));
                return None;
            }
        };
        let mut findings = verdict::checked(&report.findings, &self.ledger);
        for claim in &mut findings {
            claim.says = self.ledger.without_cluster_text(&claim.says);
            for cited in claim.evidence.iter().filter(|cited| cited.holds) {
                self.ledger.vouch(&cited.label);
            }
        }
        let open = report.open.iter().map(|open| self.ledger.without_cluster_text(open)).collect();
        let answer = self.ledger.without_cluster_text(&report.answer);
        Some(self.returned(answer, findings, open))
    }

    /// A specialist that comes to nothing is no reason to end: the coordinator is told.
    pub(super) fn hand_back_nothing(&mut self, because: &str) -> Move {
        self.returned("It has no answer.".into(), Vec::new(), vec![because.to_owned()])
    }

    fn returned(&mut self, answer: String, findings: Vec<Claim>, open: Vec<String>) -> Move {
        let Some(specialist) = self.speakers.pop() else { return self.give_up("there is nobody left to ask") };
        let told = told(&answer, &findings, &open);
        let fenced = fence::fenced("findings", &specialist.id, &told);
        let learned = findings.iter().any(|claim| claim.evidence.iter().any(|cited| cited.holds));
        let place = self.speakers.last().and_then(|speaker| speaker.turn.as_ref()).and_then(|turn| {
            turn.calls.iter().position(|call| call.tool == offered::ASK_SPECIALIST && call.result.is_none())
        });
        if let Some(at) = place {
            self.result(at, fenced);
        }
        if learned {
            self.learned();
        }
        self.findings.extend(findings.iter().cloned());
        Move::HandBack(HandBack {
            specialist: specialist.id,
            answer,
            findings,
            open,
            spent: specialist.spent,
            calls: specialist.calls_made,
        })
    }
}

fn told(answer: &str, findings: &[Claim], open: &[String]) -> String {
    let mut text = format!("{answer}\n");
    for claim in findings {
        let cited: Vec<String> = claim
            .evidence
            .iter()
            .map(|one| if one.holds { one.label.clone() } else { format!("{} does not hold: {}", one.label, one.why) })
            .collect();
        let cited = if cited.is_empty() { "without evidence".to_owned() } else { cited.join(", ") };
        text.push_str(&format!("- {} ({cited})\n", claim.says));
    }
    for open in open {
        text.push_str(&format!("open: {open}\n"));
    }
    text
}
