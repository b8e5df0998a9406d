use std::path::PathBuf;

use clap::Args;

use crate::shell::{self, cargo, root};
use crate::{controlplane, run, ui};

/// Which figures to measure.
#[derive(Args)]
pub struct Bench {
    /// Only these: `understanding`, `cluster`, `conversation`, `window`.
    #[arg(long)]
    only: Option<String>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Print the table of `cluster` in Markdown.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// A run of `cluster` of some minutes: large clusters are the playground's alone.
    #[arg(long)]
    quick: bool,
    /// Pods of `cluster`'s large cluster, and of each of its ten.
    #[arg(long)]
    pods: Option<u32>,
    /// Passed on to the benchmark.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Watches a churning fleet for an hour and checks that its memory does not grow.
#[derive(Args)]
pub struct Soak {
    /// How long; memory is compared with that after every pod was replaced once, a quarter of an hour.
    #[arg(long, default_value_t = 60.0)]
    minutes: f64,
    /// Pods of each of the ten clusters.
    #[arg(long, default_value_t = 10_000)]
    pods: u32,
    /// Passed on: `--clusters N`, `--churn PER_SECOND`, `--speed TIMES`.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Every benchmark that there is; each is a program of the package `caseboard-tests`. What takes time or memory is measured
/// as it is shipped, what is counted (the answers of `understanding`) is not.
const ALL: &[(&str, &[&str])] =
    &[("understanding", &[]), ("cluster", &["--release"]), ("conversation", &[]), ("window", &["--release"])];

impl Bench {
    pub fn run(self) -> anyhow::Result<()> {
        let chosen = match self.only.as_deref() {
            None => ALL.to_vec(),
            Some(name) => {
                let names: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
                let known = ALL.iter().find(|(known, _)| *known == name);
                vec![*known.ok_or_else(|| {
                    anyhow::anyhow!("there is no benchmark `{name}`; there are: {}", names.join(", "))
                })?]
            }
        };
        for (name, profile) in chosen {
            let mut command = benchmark(name, profile);
            if name == "cluster" {
                for (wanted, flag) in [(self.markdown, "--markdown"), (self.quick, "--quick")] {
                    if wanted {
                        command.arg(flag);
                    }
                }
                if let Some(pods) = self.pods {
                    command.arg("--pods").arg(pods.to_string());
                }
                with_control_plane(&mut command);
            } else if name == "conversation" {
                // Counted, not timed; it runs no other program.
                let bench = root().join("../shared/bench");
                if std::env::var_os("CASEBOARD_BENCH_DIR").is_none() && bench.is_dir() {
                    command.env("CASEBOARD_BENCH_DIR", bench);
                }
            } else if name == "window" {
                let built = ["build", "--quiet", "--release", "--package", "caseboard-desktop"];
                ui::build()?;
                shell::run(cargo().args(built))?;
                command.arg("--program").arg(target().join("release/caseboard-desktop"));
                command.arg("--drawn").arg(drawn()?);
            } else {
                shell::run(cargo().args(["build", "--quiet", "--package", "cli"]))?;
                command.env("CASEBOARD_BIN", run::binary("caseboard"));
            }
            if self.json {
                command.arg("--json");
            }
            shell::run(command.args(&self.rest))?;
        }
        Ok(())
    }
}

/// What the canvases cost in a browser, measured by the front end's own program: a file with one JSON object.
fn drawn() -> anyhow::Result<PathBuf> {
    let folder = root().join("ui/node_modules/.figures");
    let to = folder.display().to_string();
    let build = ["exec", "--", "vite", "build", "--ssr", "browser/figures.ts", "--logLevel", "error", "--outDir", &to];
    shell::run(ui::npm().args(build))?;
    let mut figures = shell::program("node");
    figures.current_dir(root().join("ui")).arg(folder.join("figures.js"));
    let output = figures.stderr(std::process::Stdio::inherit()).output()?;
    anyhow::ensure!(output.status.success(), "the figures of the canvases could not be measured");
    let path = folder.join("figures.json");
    std::fs::write(&path, output.stdout)?;
    Ok(path)
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into)
}

impl Soak {
    pub fn run(self) -> anyhow::Result<()> {
        let mut command = benchmark("cluster", &["--release"]);
        command.arg("soak").arg("--minutes").arg(self.minutes.to_string()).arg("--pods").arg(self.pods.to_string());
        shell::run(command.args(&self.rest))
    }
}

fn benchmark(name: &str, profile: &[&str]) -> std::process::Command {
    let mut command = cargo();
    command.current_dir(root()).args(["run", "--quiet", "--package", "caseboard-tests", "--bin", name]);
    command.args(profile).arg("--");
    command
}

/// Says where the real control plane is; without one the benchmark says what it could not measure.
fn with_control_plane(command: &mut std::process::Command) {
    match controlplane::assets() {
        Ok(folder) => {
            command.env("KUBEBUILDER_ASSETS", folder);
        }
        Err(why) => eprintln!("   {why}"),
    }
}
