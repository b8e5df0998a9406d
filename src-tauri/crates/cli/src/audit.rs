use std::path::PathBuf;

use clap::Subcommand;

use crate::{Failed, out};

#[derive(Subcommand)]
pub enum Audit {
    /// Find altered, removed, reordered and cut-off facts.
    Verify {
        /// A .case file or a desk's own file.
        file: PathBuf,
        /// The last hash that somebody noted: finds facts that were cut off at the end.
        #[arg(long)]
        head: Option<String>,
        #[arg(long)]
        json: bool,
    },
}

impl Audit {
    pub fn run(self) -> Result<(), Failed> {
        let Audit::Verify { file, head, json } = self;
        let audit = history::case_file::verify(&file, head.as_deref())?;
        if json {
            out::json(&audit)?;
        } else {
            for finding in &audit.findings {
                out::line(finding);
            }
            let verdict = if audit.intact { "intact" } else { "NOT intact" };
            out::line(&format!("{verdict}: {} events, head {}", audit.events, audit.head));
        }
        if audit.intact { Ok(()) } else { Err(Failed::Silent) }
    }
}
