//! What was measured, and how it is shown.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::Form;

/// A figure's key, its unit, what it means, and the goal: at most this, or at least it where it is negative.
struct Kind(&'static str, &'static str, &'static str, Option<f64>);

const KINDS: &[Kind] = &[
    Kind("bytes_per_pod", "bytes", "resident memory per watched pod", Some(1_500.0)),
    Kind("core_rss_mb_10k", "MB", "resident memory of the core with 10,000 pods", Some(250.0)),
    Kind("core_rss_mb_100k", "MB", "resident memory of the core with 100,000 pods in ten clusters", Some(600.0)),
    Kind(
        "first_rows_vs_kubectl",
        "×",
        "opening to the first rows ÷ `kubectl get pods -A` to its first byte",
        Some(1.0),
    ),
    Kind("full_list_vs_bare", "×", "opening to the whole triage ÷ bare paged list of the pods by curl", Some(1.3)),
    Kind(
        "event_to_incident_p99_ms",
        "ms",
        "API write to incident, 99th percentile, under 500 updates a second",
        Some(250.0),
    ),
    Kind("idle_cpu_percent", "%", "of one core, following a large quiet cluster", None),
    Kind("snapshot_p99_ms", "ms", "snapshot of 300 objects out of a million observations, 99th percentile", Some(50.0)),
    Kind("history_bytes_per_observation", "bytes", "of the history's file, for each observation", None),
    Kind(
        "append_vs_sqlite",
        "×",
        "appended observations a second ÷ the same packed rows into the same tables and indexes by SQLite alone",
        None,
    ),
];

pub struct Figures {
    started: Instant,
    values: BTreeMap<&'static str, f64>,
    why: BTreeMap<&'static str, String>,
    notes: Vec<(String, String)>,
}

impl Figures {
    pub fn begin() -> Figures {
        Figures { started: Instant::now(), values: BTreeMap::new(), why: BTreeMap::new(), notes: Vec::new() }
    }

    pub fn set(&mut self, key: &'static str, value: f64) {
        eprintln!("   {key} = {}", shown(value));
        self.values.insert(key, value);
        self.why.remove(key);
    }

    /// Why there is no such figure; nothing where there is one.
    pub fn lacks(&mut self, key: &'static str, why: impl Into<String>) {
        if !self.values.contains_key(key) {
            self.why.insert(key, why.into());
        }
    }

    /// Something that is no figure of its own and explains one.
    pub fn note(&mut self, what: impl Into<String>, value: impl Into<String>) {
        let (what, value) = (what.into(), value.into());
        eprintln!("   {what}: {value}");
        self.notes.push((what, value));
    }

    pub fn get(&self, key: &str) -> Option<f64> {
        self.values.get(key).copied()
    }

    /// A part that broke off leaves what it had measured.
    pub fn after(&mut self, part: &str, done: Result<()>) {
        if let Err(why) = done {
            eprintln!("{part}: {why:#}");
            for Kind(key, ..) in KINDS {
                self.why.entry(key).or_insert_with(|| format!("the part `{part}` broke off: {why:#}"));
            }
        }
    }

    pub fn print(mut self, form: Form) -> Result<()> {
        self.note("all of it took", format!("{:.0} s", self.started.elapsed().as_secs_f64()));
        for Kind(key, ..) in KINDS {
            if !self.values.contains_key(key) {
                let why = self.why.get(key).map_or("it was not asked for", String::as_str);
                eprintln!("{key} is null: {why}");
            }
        }
        match form {
            Form::Json => {
                let object: Map<String, Value> = KINDS
                    .iter()
                    .map(|Kind(key, ..)| {
                        ((*key).to_owned(), self.get(key).map_or(Value::Null, |value| json!(round(value))))
                    })
                    .collect();
                println!("{}", Value::Object(object));
            }
            Form::Markdown => {
                println!("{}\n", machine());
                println!("| figure | value | goal | what it is |\n|---|---:|---:|---|");
                for kind @ Kind(key, unit, what, _) in KINDS {
                    println!("| `{key}` | {} | {} | {what} |", self.value(key, unit), goal(kind));
                }
                println!("\n| besides | |\n|---|---|");
                for (what, value) in &self.notes {
                    println!("| {what} | {value} |");
                }
            }
            Form::Table => {
                println!("{}\n", machine());
                for kind @ Kind(key, unit, what, _) in KINDS {
                    println!("{key:<30} {:>14} {:>12}  {what}", self.value(key, unit), goal(kind));
                }
                println!();
                for (what, value) in &self.notes {
                    println!("{what:<58} {value}");
                }
            }
        }
        Ok(())
    }

    fn value(&self, key: &str, unit: &str) -> String {
        self.get(key).map_or_else(|| "–".into(), |value| format!("{} {unit}", shown(value)))
    }
}

fn goal(Kind(_, unit, _, goal): &Kind) -> String {
    goal.map_or_else(String::new, |most| format!("≤ {} {unit}", shown(most)))
}

fn shown(value: f64) -> String {
    let digits = if value.abs() >= 100.0 { 0 } else { 2 };
    format!("{value:.digits$}")
}

/// Three digits after the point are more than any of these is exact to.
fn round(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// The value below which this share of all lies.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

pub fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// The day and the class of the machine: cores, memory, system. Nothing that names it.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes =
        memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse::<f64>().ok());
    let memory = kilobytes.map_or_else(String::new, |kilobytes| format!(", {:.0} GiB", kilobytes / 1_048_576.0));
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or(std::env::consts::OS);
    let today = model::Time(crate::process::now_micros()).to_string();
    let today = today.split('T').next().unwrap_or_default().to_owned();
    format!("{today} · {cores} cores{memory}, {}", system.trim_matches('"'))
}
