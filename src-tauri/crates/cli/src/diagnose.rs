use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use desk::{About, Lead};
use gate::Approve;
use investigate::{Pause, Release};
use model::{Budget, CaseFact, CaseId};

use crate::ask::Answer;
use crate::limits::{Limits, in_words};
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
    /// Who investigates: `built-in`, or a model of `caseboard models` that argues with it.
    #[arg(long, default_value = "built-in", value_name = "NAME")]
    model: String,
    #[command(flatten)]
    budget: Limits,
    /// Let redacted parts of the cluster leave for a model on another machine without showing the first request and asking.
    #[arg(long)]
    yes: bool,
    /// Save the case with its history to a .case file, also where it stopped at a call. The case of a path or a practice
    /// cluster is kept nowhere else.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
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
        let started = Instant::now();
        let opened = self.source.open().await?;
        let with_model = self.model != "built-in";
        if with_model {
            lend(&opened, &self.model)?;
        }
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
            // What goes to a model is looked at first, unless the call's own rule answers for its result.
            release: match with_model {
                true if self.yes && matches!(approve, ApproveWord::Reads) => {
                    Release::ByRule("--approve reads --yes".into())
                }
                false => Release::ByRule("local results to the built-in investigator".into()),
                true => Release::Ask,
            },
            investigator: Some(self.model.clone()),
            budget: with_model.then(|| self.budget.over(Budget::default())),
            show_first: !self.yes,
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
                Pause::AwaitingSend => may_leave(&opened, case, &self.model)?,
                Pause::AwaitingDecision(call) => {
                    // A class of calls that `reads` does not cover waits like any other where nobody can be asked.
                    if !matches!(approve, ApproveWord::Ask) {
                        break;
                    }
                    if let Answer::Stop = ask::decide(&opened.desk, case, call)? {
                        break;
                    }
                }
                Pause::AwaitingRelease(call) => {
                    if !std::io::stdin().is_terminal() && !matches!(approve, ApproveWord::Ask) {
                        if with_model {
                            let what = format!("What was read {}", leaving(&opened, &self.model));
                            return Err(nobody_to_ask(&what));
                        }
                        break;
                    }
                    if let Answer::Stop = ask::release(&opened.desk, case, call)? {
                        break;
                    }
                }
            }
        }
        let events = opened.desk.case(case)?.events;
        let calls = opened.desk.calls(case)?;
        if let Some(file) = &self.save {
            let (path, _) = opened.desk.save_case(case, &file.display().to_string())?;
            out::say(&format!("saved: {}", path.display()));
        }
        let report = Report::of(&opened.name, &events, &calls, started.elapsed().as_secs_f64());
        if self.json {
            return out::json(&report);
        }
        print(&report);
        let kept = if self.source.is_aside() { String::new() } else { format!("case {} · ", report.case) };
        out::say(&format!("{kept}{} calls · {:.1} s", report.tool_calls.len(), report.seconds));
        Ok(())
    }
}

/// Shows the first request to a model on another machine, exactly, and asks whether it may leave; the next ones of the case
/// follow it.
fn may_leave(opened: &Opened, case: CaseId, model: &str) -> Result<(), Failed> {
    let leaves = opened.desk.leaves(case);
    let about = format!("{} bytes {}", leaves.bytes, leaving(opened, model));
    if !std::io::stdin().is_terminal() {
        return Err(nobody_to_ask(&about));
    }
    out::say(&leaves.text.unwrap_or_default());
    out::say(&format!(
        "\n{about}: the text above, as it is. What the case asks later goes there too, redacted in the same way."
    ));
    let answer = ask::prompt("Send it? [y/N] > ").unwrap_or_default();
    if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        out::say(&format!("Nothing was sent. The case is `{case}`."));
        return Err(Failed::Silent);
    }
    Ok(opened.desk.send(case)?)
}

fn leaving(opened: &Opened, model: &str) -> String {
    let rows = opened.desk.models().unwrap_or_default();
    let endpoint = rows.iter().map(|row| &row.chosen.endpoint).find(|endpoint| endpoint.name == model);
    let host = endpoint.map(|endpoint| endpoint.base.as_str()).unwrap_or_default();
    format!("would leave this machine for `{host}` (the model `{model}`)")
}

fn nobody_to_ask(about: &str) -> Failed {
    Failed::Usage {
        what: format!("{about}, and nobody could be asked. Nothing was sent."),
        hint: "Say --yes if it may, or run it in a terminal, where it is shown first.".into(),
    }
}

/// A recording is looked at on a desk in memory, which has no models of its own: it is lent the one of this machine.
fn lend(opened: &Opened, model: &str) -> Result<(), Failed> {
    if opened.desk.models()?.iter().any(|row| row.chosen.endpoint.name == model) {
        return Ok(());
    }
    let own = crate::source::desk(false, &[])?;
    let found = own.models()?.into_iter().find(|row| row.chosen.endpoint.name == model);
    let Some(row) = found else {
        return Err(Failed::Usage {
            what: format!("There is no model `{model}`."),
            hint: "`caseboard models` lists those that there are, `caseboard models add` adds one; `--model built-in` needs none.".into(),
        });
    };
    opened.desk.put_model(row.chosen)?;
    opened.desk.set_pseudonyms(own.pseudonyms()?)?;
    own.lend_mcp_servers(&opened.desk)?;
    Ok(())
}

/// Says on stderr what happened in the case since `shown`.
fn tell(opened: &Opened, case: CaseId, shown: u64) -> Result<u64, Failed> {
    let events = opened.desk.desk_file().events(case, shown)?;
    for event in &events {
        match &event.fact {
            CaseFact::Narrated { text } => out::say(&format!("· {text}")),
            CaseFact::HypothesesMoved { because, .. } => out::say(&format!("→ {because}")),
            CaseFact::ModelAnswered { answer } if !answer.text.trim().is_empty() => {
                out::say(&format!("{}: {}", answer.speaker, answer.text.trim()));
            }
            CaseFact::ModelSilent { silence } => out::say(&format!("! {}. {}", silence.why, silence.hint)),
            CaseFact::HandedOver { hand_over } => {
                out::say(&format!("» {} ({} calls): {}", hand_over.title, hand_over.calls, hand_over.question));
            }
            CaseFact::HandedBack { hand_back } => {
                out::say(&format!("« {}: {}", hand_back.specialist, hand_back.answer))
            }
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
    if let Some(argument) = &report.argument {
        out::line(&format!("\n`{}` argues ({}):", argument.by, argument.confidence));
        for claim in &argument.chain {
            let cited: Vec<String> = claim
                .evidence
                .iter()
                .map(|one| match (&one.id, one.holds) {
                    (Some(id), true) => format!("“{}” {id}", one.quote),
                    _ => format!("does not hold: {} ({})", one.label, one.why),
                })
                .collect();
            out::line(&format!("   → {}  [{}]", claim.says, cited.join("; ")));
        }
        for claim in &argument.against {
            out::line(&format!("   − {}", claim.says));
        }
        for fix in &argument.fixes {
            out::line(&format!("   fix: {} (if {}; risk: {})", fix.says, fix.conditions.join(", "), fix.risk));
        }
        for settle in &argument.settles {
            out::line(&format!("   would settle it: {settle}"));
        }
    }
    if let Some(spent) = &report.spent {
        out::say(&in_words(spent));
    }
    for sentence in &report.not_checked {
        out::line(&format!("not checked: {sentence}"));
    }
}
