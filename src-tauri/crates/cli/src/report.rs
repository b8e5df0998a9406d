//! What `--json` prints: a contract. Fields are added, never renamed or taken away.

use std::ops::AddAssign;

use model::{
    Argument, Author, CaseEvent, CaseFact, Category, Citation, Conclusion, Decision, Fix, Hypothesis, Incident,
    Severity, Spent,
};
use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
pub struct Report {
    pub source: String,
    pub case: String,
    pub incidents: Vec<IncidentReport>,
    pub hypotheses: Vec<HypothesisReport>,
    pub abstained: bool,
    pub summary: String,
    pub not_checked: Vec<String>,
    pub tool_calls: Vec<CallReport>,
    pub model: String,
    /// What a language model took; nothing where none was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
    /// A model's argument, its citations checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub argument: Option<Argument>,
    pub seconds: f64,
}

#[derive(Serialize)]
pub struct IncidentReport {
    pub id: String,
    pub title: String,
    pub category: Category,
    pub failure_modes: Vec<String>,
    pub severity: Severity,
    pub started_at: String,
    pub subjects: Vec<String>,
    pub origin: Option<String>,
    pub links: Vec<LinkReport>,
}

#[derive(Serialize)]
pub struct LinkReport {
    pub from: String,
    pub to: String,
    pub reason: String,
    pub evidence: Vec<String>,
}

#[derive(Serialize)]
pub struct HypothesisReport {
    pub rank: u32,
    pub incident: String,
    pub object: String,
    pub failure_mode: String,
    pub mechanism: String,
    pub probability: f64,
    pub evidence: Vec<Quote>,
    pub against: Vec<Quote>,
    pub fix: Option<FixReport>,
}

#[derive(Serialize)]
pub struct Quote {
    pub id: String,
    pub quote: String,
}

#[derive(Serialize)]
pub struct FixReport {
    pub id: String,
    pub text: String,
    pub conditions: Vec<String>,
    pub never: Vec<String>,
}

#[derive(Serialize)]
pub struct CallReport {
    pub tool: String,
    pub args: Value,
    pub decision: Decision,
    pub digest: String,
}

impl IncidentReport {
    pub fn of(incident: &Incident) -> Self {
        IncidentReport {
            id: incident.id.to_string(),
            title: incident.title.clone(),
            category: incident.category,
            failure_modes: incident.failure_modes.clone(),
            severity: incident.severity,
            started_at: incident.started_at.to_string(),
            subjects: incident.subjects.iter().map(ToString::to_string).collect(),
            origin: incident.origin.as_ref().map(ToString::to_string),
            links: incident
                .links
                .iter()
                .map(|link| LinkReport {
                    from: link.from.to_string(),
                    to: link.to.to_string(),
                    reason: link.reason.clone(),
                    evidence: link.evidence.iter().map(ToString::to_string).collect(),
                })
                .collect(),
        }
    }
}

impl HypothesisReport {
    fn of(hypothesis: &Hypothesis) -> Self {
        let quotes = |citations: &[Citation]| {
            citations.iter().map(|c| Quote { id: c.id.to_string(), quote: c.quote.clone() }).collect()
        };
        HypothesisReport {
            rank: hypothesis.rank,
            incident: hypothesis.incident.to_string(),
            object: hypothesis.object.to_string(),
            failure_mode: hypothesis.failure_mode.clone(),
            mechanism: hypothesis.mechanism.clone(),
            probability: hypothesis.probability,
            evidence: quotes(&hypothesis.evidence),
            against: quotes(&hypothesis.against),
            fix: hypothesis.fix.as_ref().map(FixReport::of),
        }
    }
}

impl FixReport {
    fn of(fix: &Fix) -> Self {
        FixReport {
            id: fix.id.clone(),
            text: fix.text.clone(),
            conditions: fix.conditions.clone(),
            never: fix.never.clone(),
        }
    }
}

impl Report {
    /// The state of a case as a report.
    pub fn of(source: &str, events: &[CaseEvent], calls: &[gate::Call], seconds: f64) -> Self {
        let mut report = Report {
            source: source.to_owned(),
            case: events.first().map(|event| event.case.to_string()).unwrap_or_default(),
            incidents: Vec::new(),
            hypotheses: Vec::new(),
            abstained: false,
            summary: String::new(),
            not_checked: Vec::new(),
            tool_calls: calls
                .iter()
                .map(|call| CallReport {
                    tool: call.call.tool.clone(),
                    args: call.call.args.clone(),
                    decision: call.decision,
                    digest: call.digest.clone(),
                })
                .collect(),
            model: String::new(),
            spent: None,
            argument: None,
            seconds,
        };
        for event in events {
            match &event.fact {
                CaseFact::Opened { incidents, .. } => {
                    report.incidents = incidents.iter().map(IncidentReport::of).collect();
                }
                CaseFact::InvestigationStarted { investigator, .. } => report.model.clone_from(investigator),
                CaseFact::HypothesesMoved { hypotheses, .. } => report.put_hypotheses(hypotheses),
                CaseFact::Concluded { conclusion } => report.put_conclusion(conclusion),
                CaseFact::Stopped { because } => report.summary.clone_from(because),
                CaseFact::ModelAnswered { answer } => report.spent.get_or_insert_default().add_assign(answer.spent),
                CaseFact::Narrated { .. }
                | CaseFact::Said { .. }
                | CaseFact::Noted { .. }
                | CaseFact::ModelSilent { .. }
                | CaseFact::HandedOver { .. }
                | CaseFact::HandedBack { .. }
                | CaseFact::Call(_) => {}
            }
        }
        report
    }

    fn put_hypotheses(&mut self, hypotheses: &[Hypothesis]) {
        self.hypotheses = hypotheses.iter().map(HypothesisReport::of).collect();
    }

    fn put_conclusion(&mut self, conclusion: &Conclusion) {
        self.put_hypotheses(&conclusion.hypotheses);
        self.abstained = conclusion.abstained;
        self.summary.clone_from(&conclusion.summary);
        self.argument.clone_from(&conclusion.argument);
        self.not_checked = conclusion.not_checked.iter().map(|n| format!("{}: {}", n.what, n.because)).collect();
    }
}

/// Who wrote an event, in a word.
pub fn author(author: &Author) -> String {
    match author {
        Author::Engineer { name } => name.clone(),
        Author::Investigator { name } => name.clone(),
        Author::Rule { rule } => format!("rule `{rule}`"),
        Author::Program => "caseboard".into(),
    }
}
