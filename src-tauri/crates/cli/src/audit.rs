use std::path::PathBuf;

use clap::Subcommand;
use desk::{Seal, Sealed};
use model::CaseId;
use serde::Serialize;

use crate::{Failed, out, source};

#[derive(Subcommand)]
pub enum Audit {
    /// Find altered, removed, reordered and cut-off facts.
    Verify {
        /// A .case file or a desk's own file.
        file: PathBuf,
        /// The last hash that somebody noted: finds facts that were cut off at the end.
        #[arg(long)]
        head: Option<String>,
        /// The signed head of a .case file; without it, `FILE.sig` where that is there.
        #[arg(long, value_name = "FILE")]
        seal: Option<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    /// Export a case of this desk with its head signed by this machine's key; the seal lies beside it as `FILE.sig`.
    Sign {
        case: CaseId,
        /// The file to write; without it, a name made from the title.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

#[derive(Serialize)]
struct Verified {
    #[serde(flatten)]
    audit: history::case_file::Audit,
    /// What the signed head says; nothing where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    seal: Option<Sealed>,
}

impl Audit {
    pub fn run(self) -> Result<(), Failed> {
        match self {
            Audit::Verify { file, head, seal, json } => verify(&file, head.as_deref(), seal, json),
            Audit::Sign { case, out } => {
                let desk = source::desk(false, &[])?;
                let path = out.map(|path| path.display().to_string()).unwrap_or_default();
                let (path, _) = desk.save_case(case, &path)?;
                let beside = desk.seal_file(case, &path)?;
                out::say(&format!("signed: {}", beside.display()));
                out::line(&path.display().to_string());
                Ok(())
            }
        }
    }
}

fn verify(file: &std::path::Path, head: Option<&str>, seal: Option<PathBuf>, json: bool) -> Result<(), Failed> {
    let mut audit = history::case_file::verify(file, head)?;
    let beside = Some(Seal::beside(file)).filter(|path| path.is_file());
    let seal = match seal.or(beside) {
        Some(path) if audit.intact => {
            let (case, hashes) = history::case_file::hashes(file)?;
            Some(Seal::read(&path)?.check(case, &hashes))
        }
        // What is altered needs no seal to be found out.
        Some(_) | None => None,
    };
    if let Some(sealed) = &seal {
        audit.intact &= sealed.findings.is_empty();
        audit.findings.extend(sealed.findings.iter().cloned());
    }
    let intact = audit.intact;
    if json {
        out::json(&Verified { audit, seal })?;
    } else {
        for finding in &audit.findings {
            out::line(finding);
        }
        if let Some(sealed) = &seal {
            out::line(&format!("signed at {} after event {} by key {}", sealed.at, sealed.seq, sealed.key));
        }
        let verdict = if intact { "intact" } else { "NOT intact" };
        out::line(&format!("{verdict}: {} events, head {}", audit.events, audit.head));
    }
    if intact { Ok(()) } else { Err(Failed::Silent) }
}
