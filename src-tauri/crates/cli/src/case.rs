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

fn events(case: &str) -> Result<Vec<CaseEvent>, Failed> {
    if Path::new(case).exists() {
        return Ok(history::case_file::open(Path::new(case))?.events);
    }
    let id: CaseId = case.parse().map_err(|_| Failed::Usage {
        what: format!("`{case}` is neither a file nor a case's id."),
        hint: "`caseboard case export` lists the cases.".into(),
    })?;
    Ok(source::desk(false, &[])?.case(id)?.events)
}

/// An event in a line.
fn words(event: &CaseEvent) -> String {
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
    }
}
