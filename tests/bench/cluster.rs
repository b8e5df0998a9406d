//! What watching costs and how soon it tells: memory, times, delays and bytes, as one table.
//!
//!     cargo xtask bench --only cluster -- [--quick] [--pods N] [--json | --markdown]
//!     cargo xtask soak [--minutes N] [--pods N]
//!
//! To open a real cluster again and again without filling it each time, `hold` fills one and says where it is, and
//! `open`, told that, compares as the benchmark does:
//!
//!     cluster hold [--pods N]
//!     cluster open KUBECONFIG ADDRESS TOKEN [ROUNDS]
//!
//! The core is measured in a process of its own, which is this program again with a [`desk::Desk`] inside: it opens
//! contexts, follows them and asks for the triage whenever the desk says that something changed, as the window does.
//! What it looks at is a real API server over etcd where that is there, and the playground's made-up crowd (another
//! process) where a hundred thousand pods are wanted.

#[path = "cluster/core.rs"]
mod core;
#[path = "cluster/figures.rs"]
mod figures;
#[path = "cluster/fleet.rs"]
mod fleet;
#[path = "cluster/graph.rs"]
mod graph;
#[path = "cluster/kept.rs"]
mod kept;
#[path = "cluster/opening.rs"]
mod opening;
#[path = "cluster/process.rs"]
mod process;
#[path = "cluster/real.rs"]
mod real;
#[path = "cluster/serve.rs"]
mod serve;
#[path = "cluster/soak.rs"]
mod soak;
#[path = "cluster/storm.rs"]
mod storm;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use figures::Figures;

// As in the programs that are measured.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How the result is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Table,
    Json,
    Markdown,
}

/// What to measure.
#[derive(Clone)]
struct Wanted {
    form: Form,
    /// A run of some minutes: small real clusters, the large ones from the playground.
    quick: bool,
    /// Pods of the large cluster, and of each of the ten.
    pods: u32,
    clusters: u32,
    /// Observations of the history that is measured.
    observations: u64,
    /// Only these parts: `real`, `fleet`, `storm`, `graph`, `history`.
    parts: Vec<String>,
    minutes: f64,
    /// The first of them, with which memory is not compared; until every pod was replaced unless asked otherwise.
    warm: Option<f64>,
    /// Changes of pods a second while soaking.
    churn: f64,
    /// The soak plays its minutes so many times as fast.
    speed: f64,
}

fn main() -> ExitCode {
    // Certificates are checked with ring, as everywhere.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut arguments = std::env::args().skip(1).peekable();
    let mode = arguments.next_if(|word| !word.starts_with("--"));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("could not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let arguments: Vec<String> = arguments.collect();
    let done = runtime.block_on(async {
        match mode.as_deref() {
            Some("core") => core::run(&arguments).await,
            Some("serve") => serve::run(&arguments).await,
            Some("hold") => real::hold(&wanted(arguments)?).await,
            Some("open") => real::open(&arguments).await,
            Some("soak") => soak::run(&wanted(arguments)?).await,
            None => bench(&wanted(arguments)?).await,
            Some(other) => bail!("there is no `{other}`"),
        }
    });
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why:#}");
            ExitCode::FAILURE
        }
    }
}

fn wanted(arguments: Vec<String>) -> Result<Wanted> {
    let mut wanted = Wanted {
        form: Form::Table,
        quick: false,
        pods: 10_000,
        clusters: 10,
        observations: 1_000_000,
        parts: Vec::new(),
        minutes: 60.0,
        warm: None,
        churn: 400.0,
        speed: 1.0,
    };
    let mut arguments = arguments.into_iter();
    while let Some(flag) = arguments.next() {
        match flag.as_str() {
            "--json" => wanted.form = Form::Json,
            "--markdown" => wanted.form = Form::Markdown,
            "--quick" => wanted.quick = true,
            _ => {
                let value = arguments.next().with_context(|| format!("`{flag}` needs a value"))?;
                match flag.as_str() {
                    "--pods" => wanted.pods = value.parse::<u32>()?.max(1),
                    "--clusters" => wanted.clusters = value.parse::<u32>()?.max(1),
                    "--observations" => wanted.observations = value.parse::<u64>()?.max(1_000),
                    "--minutes" => wanted.minutes = value.parse()?,
                    "--warm" => wanted.warm = Some(value.parse()?),
                    "--churn" => wanted.churn = value.parse()?,
                    "--speed" => wanted.speed = value.parse::<f64>()?.max(1.0),
                    "--part" => wanted.parts.push(value),
                    _ => bail!(
                        "`{flag}` is no option; there are --quick, --json, --markdown, --pods, --clusters, \
                         --observations, --part, and of the soak --minutes, --warm, --churn and --speed"
                    ),
                }
            }
        }
    }
    Ok(wanted)
}

impl Wanted {
    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }
}

async fn bench(wanted: &Wanted) -> Result<()> {
    let mut figures = Figures::begin();
    if wanted.wants("real") {
        let done = real::measure(wanted, &mut figures).await;
        figures.after("real", done);
    }
    if wanted.wants("fleet") {
        let done = fleet::measure(wanted, &mut figures).await;
        figures.after("fleet", done);
    }
    if wanted.wants("storm") {
        let done = storm::of_crowd(wanted, &mut figures).await;
        figures.after("storm", done);
    }
    if wanted.wants("graph") {
        let done = graph::measure(wanted, &mut figures);
        figures.after("graph", done);
    }
    if wanted.wants("history") {
        let done = kept::measure(wanted, &mut figures);
        figures.after("history", done);
    }
    figures.print(wanted.form)
}
