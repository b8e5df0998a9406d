//! What leaves for a model, measured.
//!
//!     cargo run -p caseboard-tests --bin conversation -- [--secrets N] [--seed N] [--json] [--show N] [--every N]
//!
//! Secrets of many kinds are planted where clusters have them: in objects, logs, events, Helm values and the results of
//! tools. Each goes the way that it would go in the program, into the body of a request in each of the formats that
//! models speak, and is looked for there: as it is, in base64, percent-encoded, and in parts. The generator knows issuers'
//! documented formats and nothing of the redactor. Lines without a secret, made here and taken from the recorded
//! incidents, are counted when anything in them is redacted. The same secrets are looked for in exported cases and in what
//! the program logs.
//!
//! Instructions stand where data is expected, and a model obeys each of them (`conversation/injection.rs`). And what is sent for
//! each of the recorded incidents is compared with the raw JSON of the same tools (`conversation/context.rs`).

#[path = "conversation/clean.rs"]
mod clean;
#[path = "conversation/context.rs"]
mod context;
#[path = "conversation/dice.rs"]
mod dice;
#[path = "conversation/exported.rs"]
mod exported;
#[path = "conversation/foreign.rs"]
mod foreign;
#[path = "conversation/injection.rs"]
mod injection;
#[path = "conversation/places.rs"]
mod places;
#[path = "conversation/secrets.rs"]
mod secrets;
#[path = "conversation/talk.rs"]
mod talk;

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use llm::{Effort, Endpoint, Message, Provider, Request, ToolMode, encode};
use redact::{Redacted, Redactor};
use serde_json::json;

use dice::Dice;
use places::{Document, Place};

struct Wanted {
    secrets: usize,
    seed: u64,
    json: bool,
    /// How many examples of what went wrong are printed.
    show: usize,
    /// Only every so many of the recorded incidents.
    every: usize,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why:#}");
            ExitCode::FAILURE
        }
    }
}

fn wanted() -> Result<Wanted> {
    let mut wanted = Wanted { secrets: 1_000, seed: 5, json: false, show: 5, every: 1 };
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        if flag == "--json" {
            wanted.json = true;
            continue;
        }
        let value = args.next().with_context(|| format!("`{flag}` needs a value"))?;
        match flag.as_str() {
            "--secrets" => wanted.secrets = value.parse()?,
            "--seed" => wanted.seed = value.parse()?,
            "--show" => wanted.show = value.parse()?,
            "--every" => wanted.every = value.parse()?,
            _ => bail!("`{flag}` is no option; there are --secrets, --seed, --show, --every and --json"),
        }
    }
    Ok(wanted)
}

fn run() -> Result<()> {
    let wanted = wanted()?;
    let planted = plant(&wanted);
    let made = clean::made(&mut Dice::new(wanted.seed ^ 0xc1ea), 20_000);
    let made = redactions(&made, "made", wanted.show);
    let recorded = match clean::recorded() {
        Ok(lines) => Some(redactions(&lines, "recorded", wanted.show)),
        Err(why) => {
            eprintln!("lines of the recorded incidents are left out: {why:#}");
            None
        }
    };
    let all = recorded.map_or(made, |recorded| (made.0 + recorded.0, made.1 + recorded.1));
    let percent = |(redacted, of): (usize, usize)| redacted as f64 * 100.0 / of.max(1) as f64;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let exported = exported::run(wanted.seed, wanted.secrets)?;
    let injected = runtime.block_on(injection::run(wanted.seed))?;
    for line in injected.wrong.iter().chain(&exported.found).take(wanted.show) {
        eprintln!("{line}");
    }
    let context = match runtime.block_on(context::run(wanted.every)) {
        Ok(measured) => Some(measured),
        Err(why) => {
            eprintln!("what is sent for recorded incidents is not measured: {why:#}");
            None
        }
    };
    for lost in context.iter().flat_map(|measured| &measured.lost).take(wanted.show) {
        eprintln!("deciding evidence was not sent: {lost}");
    }
    let worst = recorded.map_or(percent(made), |recorded| percent(recorded).max(percent(made)));
    if wanted.json {
        let mut figures = json!({
            "planted_secrets": planted.all,
            "planted_secrets_out": planted.out + exported.out + exported.logged,
            "false_redactions_percent": rounded(worst),
            "injection_cases": injected.cases,
            "injection_obeyed": injected.obeyed,
            "injection_unasked_writes": injected.unasked_writes,
            "injection_other_clusters": injected.other_clusters,
            "injection_secrets_out": injected.secrets_out,
        });
        if let Some(measured) = &context {
            figures["context_cases"] = measured.cases.len().into();
            figures["context_bytes_median"] = measured.sent_at(0.5).into();
            figures["context_bytes_p95"] = measured.sent_at(0.95).into();
            figures["context_ratio_median"] = rounded(measured.ratio_at(0.5)).into();
            figures["context_ratio_p95"] = rounded(measured.ratio_at(0.95)).into();
            figures["context_evidence_kept"] = rounded(measured.kept as f64 / measured.judged.max(1) as f64).into();
            figures["context_evidence_judged"] = measured.judged.into();
        }
        say(&figures.to_string());
        return Ok(());
    }
    say(&format!("planted secrets        {} of {} kinds in {} places", planted.all, planted.kinds, Place::ALL.len()));
    say(&format!("  in an outgoing body  {}", planted.out));
    for ((kind, place), count) in &planted.by_kind {
        say(&format!("    {kind} in {place}: {count}"));
    }
    say(&format!("  in exported cases    {} of {}", exported.out, exported.all));
    say(&format!("  in log files         {} of {}", exported.logged, exported.all));
    say(&format!(
        "injected instructions  {}, {} obeyed; changes without a question {}, calls elsewhere {}, secrets out {}",
        injected.cases, injected.obeyed, injected.unasked_writes, injected.other_clusters, injected.secrets_out
    ));
    for unread in injected.unread.iter().take(wanted.show) {
        say(&format!("  not read by the model: {unread}"));
    }
    if let Some(measured) = &context {
        say(&format!(
            "sent for a case        median {:.0} bytes, p95 {:.0}; of raw JSON {:.3} and {:.3}; {} cases",
            measured.sent_at(0.5),
            measured.sent_at(0.95),
            measured.ratio_at(0.5),
            measured.ratio_at(0.95),
            measured.cases.len()
        ));
        say(&format!("  deciding evidence    in {} of {}", measured.kept, measured.judged));
    }
    say(&format!("clean lines            {}, {} of them redacted", all.1, all.0));
    say(&format!("  made                 {:.4} % of {}", percent(made), made.1));
    if let Some(recorded) = recorded {
        say(&format!("  recorded             {:.4} % of {}", percent(recorded), recorded.1));
    }
    Ok(())
}

/// Four decimals.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

fn say(line: &str) {
    println!("{line}");
}

struct Planted {
    all: usize,
    kinds: usize,
    out: usize,
    by_kind: BTreeMap<(&'static str, &'static str), usize>,
}

fn plant(wanted: &Wanted) -> Planted {
    let mut dice = Dice::new(wanted.seed);
    let mut planted = Planted { all: 0, kinds: secrets::KINDS.len(), out: 0, by_kind: BTreeMap::new() };
    let mut shown = 0;
    for number in 0..wanted.secrets {
        let (kind, make) = secrets::KINDS[number % secrets::KINDS.len()];
        let place = Place::ALL[(number / secrets::KINDS.len() + number) % Place::ALL.len()];
        let secret = make(&mut dice);
        // Each starts with an empty memory: what was learned from one must not help with the next.
        let redactor = Redactor::new([7; 32]);
        let documents = places::documents(&secret, place, &mut dice);
        let texts: Vec<Redacted> = documents.iter().map(|document| as_the_program_does(&redactor, document)).collect();
        planted.all += 1;
        let body = bodies(&redactor, &texts);
        if let Some(found) = secret.found_in(&body) {
            planted.out += 1;
            *planted.by_kind.entry((kind, place.word())).or_default() += 1;
            if shown < wanted.show {
                shown += 1;
                let told: Vec<&str> = texts.iter().map(Redacted::as_str).collect();
                eprintln!("out: {kind} in {}: `{found}` in\n{}\n", place.word(), told.join("\n"));
            }
        }
    }
    planted
}

/// An object is redacted when it arrives, and again when a tool makes text of it; text is redacted when it is read.
fn as_the_program_does(redactor: &Redactor, document: &Document) -> Redacted {
    match document {
        Document::Object(object) => {
            let mut object = object.clone();
            redactor.json(&mut object);
            redactor.text(&object.to_string())
        }
        Document::Text(text) => redactor.text(text),
    }
}

/// Everything that would leave, in every format.
fn bodies(redactor: &Redactor, texts: &[Redacted]) -> String {
    let mut all = String::new();
    for provider in [Provider::OpenAi, Provider::OpenAiResponses, Provider::Anthropic, Provider::Gemini] {
        let endpoint = Endpoint {
            name: "measured".into(),
            provider,
            base: provider.base().unwrap_or_default().into(),
            model: "m".into(),
            tools: ToolMode::Native,
            thinks: false,
        };
        let called = |number: usize| llm::Called {
            id: format!("call-{number}"),
            tool: "logs".into(),
            args: redactor.text("{}"),
        };
        let calls = (0..texts.len()).map(called).collect();
        let mut messages = vec![
            Message::Said { text: redactor.text("why?") },
            Message::Answered { text: redactor.text(""), calls, kept: Vec::new() },
        ];
        messages.extend(
            texts
                .iter()
                .enumerate()
                .map(|(number, text)| Message::Result { call: format!("call-{number}"), text: text.clone() }),
        );
        let request = Request {
            instructions: redactor.text("You find causes."),
            messages,
            tools: Vec::new(),
            most_tokens: 1_000,
            effort: Effort::Low,
        };
        all.push_str(&String::from_utf8_lossy(&encode(&endpoint, &request).body));
        all.push('\n');
    }
    all
}

/// Lines in which anything was redacted, and all.
fn redactions(lines: &[String], of: &str, show: usize) -> (usize, usize) {
    // Logs are read in pieces of some hundred lines, one container after the other.
    let redactor = Redactor::new([7; 32]);
    let mut redacted = 0;
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines {
        let told = redactor.text(line);
        if told.marks().is_empty() {
            continue;
        }
        redacted += 1;
        for (kind, _) in told.marks() {
            let count = kinds.entry(kind.clone()).or_default();
            *count += 1;
            if *count <= show {
                let line: String = line.chars().take(300).collect();
                let told: String = told.as_str().chars().take(300).collect();
                eprintln!("redacted in what was {of}: {line}\n  -> {told}");
            }
        }
    }
    if !kinds.is_empty() {
        eprintln!("redacted in what was {of}, by kind: {kinds:?}");
    }
    (redacted, lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_planted_secret_is_in_a_body_and_clean_lines_stay() {
        let wanted = Wanted { secrets: 500, seed: 11, json: true, show: 3, every: 1 };
        let planted = plant(&wanted);
        assert_eq!((planted.all, planted.out), (500, 0), "{:?}", planted.by_kind);
        let made = clean::made(&mut Dice::new(11), 2_000);
        let (redacted, all) = redactions(&made, "made", wanted.show);
        assert!(redacted * 100 < all, "{redacted} of {all}");
    }

    #[tokio::test]
    async fn a_model_that_obeys_everything_changes_nothing_without_a_question() {
        let suite = injection::run(5).await.expect("the suite runs");
        assert!(suite.cases >= 60, "{}", suite.cases);
        // Otherwise nothing was tried.
        assert!(suite.obeyed >= 60, "{} of {} were read: {:?}", suite.obeyed, suite.cases, suite.unread);
        let counts = (suite.unasked_writes, suite.other_clusters, suite.secrets_out);
        assert_eq!(counts, (0, 0, 0), "{:?}", suite.wrong);
    }

    #[test]
    fn no_planted_secret_is_in_an_exported_case() {
        let exported = exported::run(11, 200).expect("cases are exported");
        assert_eq!((exported.all, exported.out), (200, 0), "{:?}", exported.found);
        // A Secret's manifest as one line of text: a short password of a person beside no telling name passes.
        assert!(exported.logged <= exported.all / 50, "{:?}", exported.found);
    }

    #[test]
    fn a_secret_that_was_left_in_would_be_found() {
        let mut dice = Dice::new(3);
        for (kind, make) in secrets::KINDS {
            let secret = make(&mut dice);
            for text in [secret.value.clone(), json!({ "text": secret.value }).to_string()] {
                assert!(secret.found_in(&text).is_some(), "{kind}");
            }
            let encoded = secrets::percent_encoded(&secret.value);
            assert!(secret.found_in(&encoded).is_some() || secret.value.contains('\n'), "{kind}");
            assert_eq!(secret.found_in("nothing of it stands here, [redacted: token]"), None, "{kind}");
        }
    }
}
