use std::path::{Path, PathBuf};

use clap::Subcommand;
use desk::{KnownKeys, Seal, Sealed, SignedBy};
use model::{CallId, CallStep, CaseEvent, CaseFact, CaseId, Ruling};
use serde::Serialize;

use crate::report::author;
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
        /// Who must have signed: the key that `caseboard audit sign` printed where it was signed, got on another way than the
        /// file.
        #[arg(long, value_name = "DIGEST")]
        key: Option<String>,
        #[arg(long)]
        json: bool,
    },
    /// Print the log of a case, fact by fact: when, who, what, the beginning of its hash, and of each call what was decided
    /// on which words.
    Show {
        /// A .case file, or the id of a case of this desk.
        case: String,
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
            Audit::Verify { file, head, seal, key, json } => verify(&file, head.as_deref(), seal, key.as_deref(), json),
            Audit::Show { case } => show(&case),
            Audit::Sign { case, out } => {
                let desk = source::desk(false, &[])?;
                let path = out.map(|path| path.display().to_string()).unwrap_or_default();
                let (path, _) = desk.save_case(case, &path)?;
                let (beside, seal) = desk.seal_file(case, &path)?;
                out::say(&format!("signed: {} by key {}", beside.display(), seal.key()));
                out::line(&path.display().to_string());
                Ok(())
            }
        }
    }
}

fn verify(file: &Path, head: Option<&str>, seal: Option<PathBuf>, key: Option<&str>, json: bool) -> Result<(), Failed> {
    let mut audit = history::case_file::verify(file, head)?;
    let beside = Some(Seal::beside(file)).filter(|path| path.is_file());
    let seal = match seal.or(beside) {
        Some(path) if audit.intact => {
            let (case, hashes) = history::case_file::hashes(file)?;
            let known = KnownKeys::of_this_machine();
            let known = key.map_or_else(|| Ok(known.clone()), |key| known.clone().and_given(key))?;
            Some(Seal::read(&path)?.check(case, &hashes, &known))
        }
        // What is altered needs no seal to be found out.
        Some(_) | None => None,
    };
    if seal.is_none() && key.is_some() && audit.intact {
        audit.intact = false;
        audit.findings.push("it is not signed: there is no seal beside it and none was given".to_owned());
    }
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
        out::line(&match &seal {
            Some(sealed) => signed(sealed),
            None if head.is_some() => "not signed; the head is the one that was given".to_owned(),
            None => "not signed: facts that were cut off at its end would not be missed".to_owned(),
        });
        let verdict = if intact { "intact" } else { "NOT intact" };
        out::line(&format!("{verdict}: {} events, head {}", audit.events, audit.head));
    }
    if intact { Ok(()) } else { Err(Failed::Silent) }
}

fn signed(sealed: &Sealed) -> String {
    let whose = match sealed.by {
        SignedBy::ThisMachine => "of this machine",
        SignedBy::Given => "as it was given",
        SignedBy::Unknown => {
            "that nobody here vouches for; compare it with what `caseboard audit sign` said to the signer"
        }
    };
    format!("signed at {} after event {} by key {} ({whose})", sealed.at, sealed.seq, sealed.key)
}

/// Letters of a hash that are enough to compare by eye.
const HASH_LETTERS: usize = 12;

fn show(case: &str) -> Result<(), Failed> {
    let (events, hashes) = if Path::new(case).exists() {
        let file = Path::new(case);
        (history::case_file::open(file)?.events, history::case_file::hashes(file)?.1)
    } else {
        let id = crate::case::id_of(case)?;
        let desk = source::desk(false, &[])?;
        (desk.case(id)?.events, desk.hashes(id)?)
    };
    let mut numbers: Vec<CallId> = Vec::new();
    for (event, hash) in events.iter().zip(&hashes) {
        let call = match &event.fact {
            CaseFact::Call(fact) => {
                let place = numbers.iter().position(|known| *known == fact.call).unwrap_or_else(|| {
                    numbers.push(fact.call);
                    numbers.len() - 1
                });
                format!("call {} r{}", place + 1, fact.revision)
            }
            _ => String::new(),
        };
        let hash = hash.get(..HASH_LETTERS).unwrap_or(hash);
        out::line(&format!(
            "{:>4}  {hash}  {}  {:<16}  {call:<10}  {}",
            event.seq,
            event.at,
            author(&event.author),
            told(event)
        ));
    }
    Ok(())
}

/// An event in words, with what a decision rests on.
fn told(event: &CaseEvent) -> String {
    let CaseFact::Call(fact) = &event.fact else { return crate::case::words(event) };
    let bound = |digest: &str| format!("bound to {}", digest.get(..HASH_LETTERS).unwrap_or(digest));
    match &fact.step {
        CallStep::Proposed { call, risk, digest } => {
            let class = serde_json::to_value(risk).unwrap_or_default();
            let class = class.as_str().unwrap_or_default();
            format!("proposed ({class}): {} {}; {}", call.tool, call.args, bound(digest))
        }
        CallStep::Ruled { ruling: Ruling::Ask } => "ruled: the engineer is asked".to_owned(),
        CallStep::Ruled { ruling: Ruling::Allowed { rule } } => format!("ruled: allowed by `{rule}`"),
        CallStep::Ruled { ruling: Ruling::Forbidden { rule, because } } => {
            format!("ruled: forbidden by `{rule}`: {because}")
        }
        CallStep::Asked { preview } => match &preview.diff {
            Some(diff) => format!("asked: {}\n{diff}", preview.does),
            None => format!("asked: {}", preview.does),
        },
        CallStep::Approved { digest } => format!("approved, {}", bound(digest)),
        CallStep::Started { digest } => format!("started, {}", bound(digest)),
        CallStep::Withdrawn { because }
        | CallStep::Expired { because }
        | CallStep::Voided { because }
        | CallStep::Interrupted { because }
        | CallStep::OutcomeUnknown { because } => format!("{}: {because}", crate::case::words(event)),
        CallStep::Succeeded { result } | CallStep::Reconciled { result } => {
            let redacted: u32 = result.redactions.iter().map(|(_, count)| count).sum();
            format!("{}: {} bytes, {redacted} redactions", crate::case::words(event), result.text.len())
        }
        CallStep::Released { text, .. } => format!("released: {} bytes", text.len()),
        CallStep::ReleasedEdited { text, why, .. } => format!("released, edited: {} bytes: {why}", text.len()),
        CallStep::Edited { .. } | CallStep::Denied { .. } | CallStep::Failed { .. } | CallStep::Withheld { .. } => {
            crate::case::words(event)
        }
    }
}
