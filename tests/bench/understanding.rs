//! How often the workbench names the right object and the right mechanism, on the recorded incidents.
//!
//!     CASEBOARD_BENCH_DIR=… cargo run -p caseboard-tests --bin understanding -- [--bin FILE] [--benchmark NAME]
//!         [--every N] [--jobs N] [--out FILE] [--case ID]… [--json]
//!
//! Runs `caseboard diagnose` on each capture as an engineer would, with the question that was asked, and lets the
//! captures' own `score.py` judge the answers with `aliases.json`, which maps failure modes to each benchmark's labels.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use caseboard_tests::captures;
use serde_json::{Value, json};

struct Wanted {
    binary: PathBuf,
    benchmark: Option<String>,
    every: usize,
    jobs: usize,
    out: PathBuf,
    cases: Vec<String>,
    /// One JSON object on stdout instead of tables.
    json: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(why) => {
            eprintln!("{why:#}");
            ExitCode::FAILURE
        }
    }
}

fn wanted() -> Result<Wanted> {
    // This program and `caseboard` are built into the same folder.
    let beside = std::env::current_exe()?.with_file_name("caseboard");
    let out = beside.with_file_name("understanding.jsonl");
    let binary = std::env::var_os("CASEBOARD_BIN").map_or(beside, PathBuf::from);
    let mut wanted = Wanted { binary, benchmark: None, every: 1, jobs: 2, out, cases: Vec::new(), json: false };
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        if flag == "--json" {
            wanted.json = true;
            continue;
        }
        let value = args.next().with_context(|| format!("`{flag}` needs a value"))?;
        match flag.as_str() {
            "--bin" => wanted.binary = value.into(),
            "--benchmark" => wanted.benchmark = Some(value),
            "--every" => wanted.every = value.parse::<usize>()?.max(1),
            "--jobs" => wanted.jobs = value.parse::<usize>()?.max(1),
            "--out" => wanted.out = value.into(),
            "--case" => wanted.cases.push(value),
            _ => {
                bail!("`{flag}` is no option; there are --bin, --benchmark, --every, --jobs, --out, --case and --json")
            }
        }
    }
    Ok(wanted)
}

fn run() -> Result<ExitCode> {
    let wanted = wanted()?;
    let folder = match captures::folder() {
        Ok(folder) => folder,
        Err(why) => {
            eprintln!("understanding: skipped: {why}");
            return Ok(ExitCode::SUCCESS);
        }
    };
    if !wanted.binary.is_file() {
        bail!("there is no `{}`; build it with `cargo build -p cli`, or name one with --bin", wanted.binary.display());
    }
    let labels_file = folder.join("dev-labels.jsonl");
    let labels: BTreeMap<String, Value> = captures::labels(&labels_file)?
        .into_iter()
        .map(|label| (label["id"].as_str().unwrap_or_default().to_owned(), label))
        .collect();
    let cases: Vec<PathBuf> = captures::cases(&folder)?
        .into_iter()
        .filter(|case| {
            let id = name(case);
            let benchmark = labels.get(&id).and_then(|label| label["benchmark"].as_str());
            wanted.benchmark.as_deref().is_none_or(|only| benchmark == Some(only))
                && (wanted.cases.is_empty() || wanted.cases.contains(&id))
        })
        .step_by(wanted.every)
        .collect();
    let predictions = predict(&wanted, &cases, &labels);
    let lines: Vec<String> = predictions.iter().map(Value::to_string).collect();
    std::fs::write(&wanted.out, lines.join("\n") + "\n")?;
    eprintln!("{} of {} captures answered, in {}", predictions.len(), cases.len(), wanted.out.display());
    let judged = score(&folder, &labels, &cases, &wanted)?;
    if wanted.json {
        println!("{}", summary(&judged, predictions.len(), cases.len()));
    } else {
        let alone = alone(&judged);
        println!(
            "\n{} of {} points rest on a failure mode that only one benchmark's captures show right: {}",
            alone.points,
            alone.of,
            alone.modes.join(", ")
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn name(case: &Path) -> String {
    case.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn predict(wanted: &Wanted, cases: &[PathBuf], labels: &BTreeMap<String, Value>) -> Vec<Value> {
    let next = AtomicUsize::new(0);
    let predictions = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..wanted.jobs {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let id = name(case);
                    let question = labels.get(&id).and_then(|label| label["question"].as_str());
                    match diagnose(&wanted.binary, case, question) {
                        Ok(prediction) => {
                            if let Ok(mut held) = predictions.lock() {
                                held.insert(id, prediction);
                            }
                        }
                        Err(why) => eprintln!("{id}: {why:#}"),
                    }
                }
            });
        }
    });
    predictions.into_inner().map(|held| held.into_values().collect()).unwrap_or_default()
}

fn diagnose(binary: &Path, case: &Path, question: Option<&str>) -> Result<Value> {
    let home = tempfile::tempdir()?;
    let started = Instant::now();
    let mut command = Command::new(binary);
    command.arg("diagnose").arg(case).args(["--approve", "reads", "--json"]).env("CASEBOARD_HOME", home.path());
    if let Some(question) = question {
        command.args(["--question", question]);
    }
    let output = command.stdin(Stdio::null()).output()?;
    let said: Value = serde_json::from_slice(&output.stdout).with_context(|| {
        let words = String::from_utf8_lossy(&output.stderr);
        format!("{}, no JSON: {}", output.status, words.trim().lines().last().unwrap_or_default())
    })?;
    let list = |field: &str| said[field].as_array().cloned().unwrap_or_default();
    let ranked: Vec<Value> = list("hypotheses")
        .iter()
        .map(|h| {
            json!({"object": short(h["object"].as_str().unwrap_or_default()), "cause": h["failure_mode"],
                   "text": h["mechanism"], "probability": h["probability"]})
        })
        .collect();
    Ok(json!({"id": name(case), "ranked": ranked, "abstained": said["abstained"] == true,
              "tool_calls": list("tool_calls").len(), "incidents": list("incidents").len(),
              "seconds": started.elapsed().as_secs_f64()}))
}

/// `Kind/namespace/name` as the labels have it: `Kind/name`.
fn short(object: &str) -> String {
    match object.split('/').collect::<Vec<_>>()[..] {
        [kind, .., name] => format!("{kind}/{name}"),
        _ => object.to_owned(),
    }
}

/// Judges with the captures' own program, on the labels of the cases that were asked for; gives its judgement of each.
fn score(folder: &Path, labels: &BTreeMap<String, Value>, cases: &[PathBuf], wanted: &Wanted) -> Result<Vec<Value>> {
    let program = folder.join("score.py");
    let asked: Vec<String> = cases.iter().filter_map(|case| Some(labels.get(&name(case))?.to_string())).collect();
    let labels = tempfile::NamedTempFile::new()?;
    std::fs::write(labels.path(), asked.join("\n") + "\n")?;
    let aliases = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/aliases.json");
    let judged = wanted.out.with_extension("judged.jsonl");
    let mut python = Command::new("python3");
    python.arg(&program).arg(labels.path()).arg(&wanted.out).arg("--aliases").arg(aliases).arg("--json").arg(&judged);
    if wanted.json {
        python.stdout(Stdio::null());
    }
    match python.status() {
        Ok(status) if status.success() => captures::labels(&judged),
        Ok(status) => bail!("`{}` ended with {status}", program.display()),
        Err(why) => bail!("the answers were not scored, `python3 {}` did not start: {why}", program.display()),
    }
}

/// Shares by benchmark and system: object, mechanism and both, first and within three.
fn summary(judged: &[Value], answered: usize, asked: usize) -> Value {
    let mut groups: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for one in judged {
        let text = |field: &str| one[field].as_str().unwrap_or_default();
        groups.entry(format!("{}/{}", text("benchmark"), text("system"))).or_default().push(one);
        groups.entry("all".into()).or_default().push(one);
    }
    let share = |group: &[&Value], field: &str| {
        let known: Vec<bool> = group.iter().filter_map(|one| one[field].as_bool()).collect();
        let right = known.iter().filter(|right| **right).count();
        if known.is_empty() { Value::Null } else { json!(right as f64 / known.len() as f64) }
    };
    let figures: serde_json::Map<String, Value> = groups
        .iter()
        .map(|(name, group)| {
            let calls: Vec<f64> = group.iter().filter_map(|one| one["tool_calls"].as_f64()).collect();
            let count = |field: &str| group.iter().filter(|one| one[field] == true).count();
            let figures = json!({
                "cases": group.len(),
                "component@1": share(group, "component@1"), "component@3": share(group, "component@3"),
                "cause@1": share(group, "cause@1"), "cause@3": share(group, "cause@3"),
                "both@1": share(group, "both@1"), "both@3": share(group, "both@3"),
                "abstained": count("abstained"), "false_alarms": count("false_alarm"),
                "healthy": count("healthy"),
                "calls": calls.iter().sum::<f64>() / calls.len().max(1) as f64,
            });
            (name.clone(), figures)
        })
        .collect();
    let alone = alone(judged);
    let single = json!({"points": alone.points, "of": alone.of, "failure_modes": alone.modes});
    json!({"benchmark": "understanding", "asked": asked, "answered": answered, "figures": figures,
           "points_of_one_benchmark": single})
}

/// Points whose failure mode was named rightly in the captures of one benchmark and of no other. What such a rule is worth
/// elsewhere is not shown by captures, only by the scenarios of this repository, which try every failure mode.
struct Alone {
    points: usize,
    of: usize,
    modes: Vec<String>,
}

fn alone(judged: &[Value]) -> Alone {
    let mut seen: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for one in judged.iter().filter(|one| one["both@1"] == true) {
        let mode = one["said"]["cause"].as_str().unwrap_or_default();
        *seen.entry(mode).or_default().entry(one["benchmark"].as_str().unwrap_or_default()).or_default() += 1;
    }
    let points = |benchmarks: &BTreeMap<&str, usize>| benchmarks.values().sum::<usize>();
    let alone = seen.iter().filter(|(_, benchmarks)| benchmarks.len() == 1);
    Alone {
        points: alone.clone().map(|(_, benchmarks)| points(benchmarks)).sum(),
        of: seen.values().map(points).sum(),
        modes: alone.map(|(mode, _)| (*mode).to_owned()).collect(),
    }
}
