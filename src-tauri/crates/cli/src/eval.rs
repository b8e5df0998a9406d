use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use desk::DeskError;
use evals::{Comparison, Golden, Report, Without, Workbench};
use model::Budget;
use redact::Redactor;

use crate::limits::{Limits, in_words};
use crate::{Failed, out, source};

#[derive(Args)]
pub struct Eval {
    /// A folder of scenario scripts; without it, the built-in ones.
    folder: Option<PathBuf>,
    /// Compare with a report that was saved before; exit 1 where something that was right no longer is.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Save the report for a later comparison.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Only scenarios whose name contains this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Let this model argue with the built-in investigator in each scenario; `caseboard models` lists them. Without what code
    /// derives, unless --variants asks for it.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    #[command(flatten)]
    budget: Limits,
    /// With a model: also what code derives from each scenario.
    #[arg(long, requires = "model")]
    variants: bool,
    /// Leave out what code derives from each scenario: without its deciding evidence, and with unrelated trouble.
    #[arg(long)]
    no_variants: bool,
    /// Also without topology, without changes and without blueprints: what carries the result.
    #[arg(long)]
    ablations: bool,
    /// Also say, of each scenario that is not right and each whose mutation does not move, what was seen and said; of every
    /// scenario with --only.
    #[arg(long)]
    explain: bool,
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print a Markdown document instead of a table.
    #[arg(long)]
    markdown: bool,
}

impl Eval {
    pub async fn run(self) -> Result<(), Failed> {
        let variable = std::env::var("CASEBOARD_KNOWLEDGE").ok();
        let shelf = ::knowledge::Shelf::open(::knowledge::Shelf::folders_from(variable.as_deref()));
        let library = shelf.library();
        let (golden, broken) = match &self.folder {
            None => Golden::built_in(&library),
            Some(folder) => Golden::folder(folder, &library).map_err(|error| DeskError {
                code: "not_found",
                what: format!("Could not read scenarios from `{}`: {error}.", folder.display()),
                hint: "Give a folder of scenario scripts (.yaml).".into(),
            })?,
        };
        for script in &broken {
            out::say(&format!("caseboard: {script}"));
        }
        let mut golden = golden;
        if let Some(only) = &self.only {
            golden.retain(|one| one.name.contains(only.as_str()));
        }
        let redactor = Arc::new(Redactor::new([0; 32]));
        let mut engine = Workbench::new(Arc::clone(&library), Arc::clone(&redactor));
        if let Some(name) = &self.model {
            let desk = source::desk(false, &[])?;
            let budget = self.budget.over(Budget::default());
            let speaking = desk.asked_by(name, redactor)?;
            let place = if speaking.model.is_remote() { "it is not on this machine" } else { "it is on this machine" };
            out::say(&format!(
                "`{name}` argues in {} scenarios, {place}; at most {} tokens and {} calls for each",
                golden.len(),
                budget.tokens,
                budget.calls
            ));
            engine = engine.with_model(speaking, budget);
        }
        let of = golden.len();
        let told = |what: &'static str| {
            move |done: usize, one: &Golden| out::progress(&format!("{what} {:>3}/{of}  {}", done + 1, one.name))
        };
        let mut report = evals::run(&engine, &golden, told("scenario")).await;
        if !self.no_variants && (self.model.is_none() || self.variants) {
            evals::run_variants(&engine, &golden, &mut report, told("variants of")).await;
        }
        if self.explain {
            for one in &golden {
                let wrong = report.verdicts.iter().any(|v| v.name == one.name && !v.is_right_with_fix());
                let mutation = report.variants.unmet.iter().any(|unmet| unmet.starts_with(&format!("{}:", one.name)));
                if wrong || mutation || self.only.is_some() {
                    out::line(&evals::explain(&engine, one, mutation || (self.only.is_some() && !wrong)).await);
                }
            }
        }
        let mut parts = Vec::new();
        for without in Without::ALL.into_iter().filter(|_| self.ablations) {
            let engine = Workbench::new(Arc::clone(&library), Arc::new(Redactor::new([0; 32]))).without(without);
            parts.push((without, evals::run(&engine, &golden, told(without.in_words())).await));
        }
        out::progress("");
        if let Some((spent, (unfounded, citations))) = report.spent() {
            out::say(&format!("{}; {unfounded} of {citations} citations do not hold", in_words(&spent)));
        }
        if !parts.is_empty() {
            out::say(&evals::ablations(&report, &parts));
        }
        if self.json {
            out::json(&report)?;
        } else if self.markdown {
            out::line(&report.markdown());
        } else {
            out::line(&report.to_string());
        }
        if let Some(path) = &self.save {
            save(&report, path)?;
        }
        let mut failed = !broken.is_empty();
        if let Some(path) = &self.baseline {
            let comparison = Comparison::between(&read(path)?, &report);
            out::say(&comparison.to_string());
            failed |= comparison.is_worse();
        }
        if failed { Err(Failed::Silent) } else { Ok(()) }
    }
}

fn save(report: &Report, path: &std::path::Path) -> Result<(), Failed> {
    let text = serde_json::to_string_pretty(report).unwrap_or_default();
    std::fs::write(path, text).map_err(|error| {
        Failed::Act(DeskError {
            code: "failed",
            what: format!("Could not save the report to `{}`: {error}.", path.display()),
            hint: "Choose a folder that you can write to.".into(),
        })
    })
}

fn read(path: &std::path::Path) -> Result<Report, Failed> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
    text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string())).map_err(|why| {
        Failed::Act(DeskError {
            code: "damaged",
            what: format!("Could not read the saved report `{}`: {why}.", path.display()),
            hint: "Save one with `caseboard eval --save FILE`.".into(),
        })
    })
}
