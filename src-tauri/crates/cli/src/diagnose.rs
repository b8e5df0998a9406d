use std::io::IsTerminal;
use std::time::Instant;

use clap::{Args, ValueEnum};
use desk::{About, Lead};
use gate::Approve;
use investigate::{Pause, Release};
use model::{CaseFact, CaseId};

use crate::ask::Answer;
use crate::report::Report;
use crate::source::{Opened, Source};
use crate::triage::mark;
use crate::{Failed, ask, out};

#[derive(Args)]
pub struct Diagnose {
    #[command(flatten)]
    source: Source,
    /// What is wrong, in your words; names of objects and namespaces narrow the search.
    #[arg(long)]
    question: Option<String>,
    /// Only incidents of this namespace.
    #[arg(long)]
    namespace: Option<String>,
    /// ask: prompt for each call (the default on a terminal); none: stop at the first call (the default elsewhere);
    /// reads: calls of class `read` run without asking, nothing higher.
    #[arg(long, value_enum)]
    approve: Option<ApproveWord>,
    /// Who investigates.
    #[arg(long, default_value = "built-in")]
    model: String,
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum ApproveWord {
    Ask,
    None,
    Reads,
}

impl Diagnose {
    pub async fn run(self) -> Result<(), Failed> {
        if self.model != "built-in" {
            return Err(Failed::Usage {
                what: format!("There is no model `{}` in this version.", self.model),
                hint: "Use --model built-in.".into(),
            });
        }
        let started = Instant::now();
        let opened = self.source.open().await?;
        let about = self.namespace.as_deref().map_or(About::All, About::Namespace);
        let case = opened.desk.open_case(&opened.cluster, &about, self.question.clone())?;
        let approve =
            self.approve.unwrap_or(if std::io::stdin().is_terminal() { ApproveWord::Ask } else { ApproveWord::None });
        let lead = Lead {
            approve: match approve {
                ApproveWord::Ask => Approve::Ask,
                ApproveWord::None => Approve::None,
                ApproveWord::Reads => Approve::Reads,
            },
            release: Release::ByRule("local results to the built-in investigator".into()),
        };
        opened.desk.start_investigation(case, lead)?;
        let mut shown = 0;
        loop {
            let pause = opened.desk.paused(case).await?;
            if !self.json {
                shown = tell(&opened, case, shown)?;
            }
            match pause {
                Pause::Concluded => break,
                Pause::AwaitingDecision(call) => {
                    // A class of calls that `reads` does not cover waits like any other where nobody can be asked.
                    if !matches!(approve, ApproveWord::Ask) {
                        break;
                    }
                    if let Answer::Stop = ask::decide(&opened.desk, case, call)? {
                        break;
                    }
                }
                Pause::AwaitingRelease(_) => break,
            }
        }
        let events = opened.desk.case(case)?.events;
        let calls = opened.desk.calls(case)?;
        let report = Report::of(&opened.name, &events, &calls, started.elapsed().as_secs_f64());
        if self.json {
            return out::json(&report);
        }
        print(&report);
        Ok(())
    }
}

/// Says on stderr what happened in the case since `shown`.
fn tell(opened: &Opened, case: CaseId, shown: u64) -> Result<u64, Failed> {
    let events = opened.desk.desk_file().events(case, shown)?;
    for event in &events {
        match &event.fact {
            CaseFact::Narrated { text } => out::say(&format!("· {text}")),
            CaseFact::HypothesesMoved { because, .. } => out::say(&format!("→ {because}")),
            _ => {}
        }
    }
    Ok(events.last().map_or(shown, |event| event.seq))
}

fn print(report: &Report) {
    if report.hypotheses.is_empty() {
        let waits = report.tool_calls.iter().any(|call| call.decision == model::Decision::Pending);
        out::line(match (waits, report.summary.is_empty()) {
            (true, _) => "A call waits for your decision.",
            (false, true) => "Nothing is broken.",
            (false, false) => &report.summary,
        });
    } else {
        out::line(&report.summary);
    }
    for incident in &report.incidents {
        out::line(&format!("{} {}", mark(incident.severity), incident.title));
    }
    for hypothesis in report.hypotheses.iter().take(5) {
        out::line(&format!(
            "\n{}. {:.0} %  {}  [{}]\n   {}",
            hypothesis.rank,
            hypothesis.probability * 100.0,
            hypothesis.object,
            hypothesis.failure_mode,
            hypothesis.mechanism
        ));
        for quote in hypothesis.evidence.iter().take(4) {
            out::line(&format!("   + {}  ({})", quote.quote, quote.id));
        }
        for quote in hypothesis.against.iter().take(2) {
            out::line(&format!("   − {}  ({})", quote.quote, quote.id));
        }
        if let Some(fix) = &hypothesis.fix {
            out::line(&format!("   fix: {}", fix.text));
            for never in &fix.never {
                out::line(&format!("   never: {never}"));
            }
        }
    }
    for sentence in &report.not_checked {
        out::line(&format!("not checked: {sentence}"));
    }
    out::say(&format!("case {} · {} calls · {:.1} s", report.case, report.tool_calls.len(), report.seconds));
}
