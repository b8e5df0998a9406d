use std::path::{Path, PathBuf};

use clap::Subcommand;
use model::{CaseEvent, CaseFact, CaseId};

use crate::report::{Report, author};
use crate::{Failed, out, source};

#[derive(Subcommand)]
pub enum Case {
    /// Write a case of this desk to one file.
    Export {
        /// The case's id; without it, the cases are listed.
        case: Option<CaseId>,
        /// The file to write; without it, a name made from the title.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Take a .case file into this desk.
    Import { file: PathBuf },
    /// A new case that goes on from an earlier step of this one; `show` numbers the steps.
    Fork {
        case: CaseId,
        /// The last step that it has; without it, the one that opened the case: all of it is done again.
        #[arg(long, default_value_t = 1)]
        at: u64,
    },
    /// How two cases went: verdict, evidence, cost and path.
    Compare {
        one: CaseId,
        other: CaseId,
        #[arg(long)]
        json: bool,
    },
    /// Print a case: a .case file, or one of this desk by its id.
    Show {
        case: String,
        #[arg(long)]
        json: bool,
    },
}

impl Case {
    pub fn run(self) -> Result<(), Failed> {
        match self {
            Case::Export { case: None, .. } => {
                for case in source::desk(false, &[])?.cases()? {
                    out::line(&format!("{}  {}  {}  ({})", case.id, case.opened_at, case.title, case.cluster_name));
                }
                Ok(())
            }
            Case::Export { case: Some(case), out } => {
                let path = out.map(|path| path.display().to_string()).unwrap_or_default();
                let (path, bytes) = source::desk(false, &[])?.save_case(case, &path)?;
                out::say(&format!("{bytes} bytes"));
                out::line(&path.display().to_string());
                Ok(())
            }
            Case::Import { file } => {
                let case = source::desk(false, &[])?.import_case(&file)?;
                out::line(&case.to_string());
                Ok(())
            }
            Case::Fork { case, at } => {
                out::line(&source::desk(false, &[])?.fork_case(case, at)?.to_string());
                Ok(())
            }
            Case::Compare { one, other, json } => {
                let comparison = source::desk(false, &[])?.compare_cases(one, other)?;
                if json {
                    return out::json(&comparison);
                }
                compared(&comparison);
                Ok(())
            }
            Case::Show { case, json } => {
                let events = events(&case)?;
                let calls = gate::fold_case(&events).map_err(|error| {
                    Failed::Act(desk::DeskError {
                        code: "damaged",
                        what: format!("The case `{case}` does not fold: {error}."),
                        hint: "Check it with `caseboard audit verify`.".into(),
                    })
                })?;
                if json {
                    return out::json(&Report::of(&case, &events, &calls, 0.0));
                }
                for event in &events {
                    out::line(&format!(
                        "{:>4}  {}  {:<10}  {}",
                        event.seq,
                        event.at,
                        author(&event.author),
                        words(event)
                    ));
                }
                Ok(())
            }
        }
    }
}

fn compared(comparison: &desk::rows::CaseComparison) {
    let same = if comparison.same_verdict { "the same verdict" } else { "another verdict" };
    out::line(&format!("{same}; {} steps in common", comparison.common));
    let unshared = [&comparison.only_one, &comparison.only_other];
    for (branch, own) in [&comparison.one, &comparison.other].into_iter().zip(unshared) {
        out::line(&format!("\n{}  {}", branch.case, branch.title));
        let verdict = match (branch.concluded, branch.verdict.is_empty()) {
            (false, _) => "no conclusion yet".to_owned(),
            (true, true) => "nothing is named".to_owned(),
            (true, false) => format!("{:.0} %  {}", branch.probability * 100.0, branch.verdict),
        };
        out::line(&format!("  {}: {verdict}", branch.investigator));
        if !branch.summary.is_empty() {
            out::line(&format!("  {}", branch.summary));
        }
        for call in &branch.calls {
            out::line(&format!("  {:<10} {} {}", call.state, call.tool, call.args));
        }
        if branch.spent.answers > 0 {
            out::line(&format!("  {}", crate::limits::in_words(&branch.spent)));
        }
        for id in own {
            out::line(&format!("  cited here alone: {id}"));
        }
    }
}

fn events(case: &str) -> Result<Vec<CaseEvent>, Failed> {
    if Path::new(case).exists() {
        return Ok(history::case_file::open(Path::new(case))?.events);
    }
    Ok(source::desk(false, &[])?.case(id_of(case)?)?.events)
}

/// The id of a case as it was typed where no file has that name.
pub fn id_of(case: &str) -> Result<CaseId, Failed> {
    case.parse().map_err(|_| Failed::Usage {
        what: format!("`{case}` is neither a file nor a case's id."),
        hint: "`caseboard case export` lists the cases.".into(),
    })
}

/// An event in a line.
pub fn words(event: &CaseEvent) -> String {
    match &event.fact {
        CaseFact::Opened { title, cluster_name, .. } => format!("opened “{title}” on {cluster_name}"),
        CaseFact::InvestigationStarted { investigator, .. } => format!("{investigator} begins"),
        CaseFact::Narrated { text } => text.clone(),
        CaseFact::Said { text } => format!("says: {text}"),
        CaseFact::Noted { text } => format!("notes: {text}"),
        CaseFact::Call(fact) => {
            let step = serde_json::to_value(&fact.step).unwrap_or_default();
            let word = step["step"].as_str().unwrap_or("call").replace('_', " ");
            let what = match &fact.step {
                model::CallStep::Proposed { call, .. } => format!(" {} {}", call.tool, call.args),
                model::CallStep::Denied { reason } | model::CallStep::Withheld { reason } => format!(": {reason}"),
                model::CallStep::Edited { args, why } => format!(" to {args}: {why}"),
                model::CallStep::Failed { error, .. } => format!(": {error}"),
                _ => String::new(),
            };
            format!("{word}{what}")
        }
        CaseFact::HypothesesMoved { because, .. } => because.clone(),
        CaseFact::Concluded { conclusion } => format!("concludes: {}", conclusion.summary),
        CaseFact::Stopped { because } => format!("stopped: {because}"),
        CaseFact::ModelAnswered { answer } => match (answer.text.trim(), answer.calls.as_slice()) {
            ("", []) => "answers nothing".to_owned(),
            ("", calls) => {
                let tools: Vec<&str> = calls.iter().map(|call| call.tool.as_str()).collect();
                format!("asks for {}", tools.join(", "))
            }
            (text, _) => format!("answers: {text}"),
        },
        CaseFact::ModelSilent { silence } => format!("gives no answer: {}", silence.why),
        CaseFact::HandedOver { hand_over } => format!("asks {}: {}", hand_over.title, hand_over.question),
        CaseFact::HandedBack { hand_back } => format!("{} answers: {}", hand_back.specialist, hand_back.answer),
    }
}
