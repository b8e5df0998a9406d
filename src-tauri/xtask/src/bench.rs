use clap::Args;

use crate::shell::{self, cargo};

/// Which figures to measure.
#[derive(Args)]
pub struct Bench {
    /// Only these: `understanding`.
    #[arg(long)]
    only: Option<String>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Passed on to the benchmark.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Every benchmark that there is; each is a program of the package `caseboard-tests`.
const ALL: &[&str] = &["understanding"];

impl Bench {
    pub fn run(self) -> anyhow::Result<()> {
        let chosen: Vec<&str> =
            match self.only.as_deref() {
                None => ALL.to_vec(),
                Some(name) => {
                    let known = ALL.iter().find(|known| **known == name);
                    vec![*known.ok_or_else(|| {
                        anyhow::anyhow!("there is no benchmark `{name}`; there are: {}", ALL.join(", "))
                    })?]
                }
            };
        shell::run(cargo().args(["build", "--quiet", "--package", "cli"]))?;
        for name in chosen {
            let mut command = cargo();
            command.args(["run", "--quiet", "--package", "caseboard-tests", "--bin", name, "--"]);
            if self.json {
                command.arg("--json");
            }
            shell::run(command.args(&self.rest).env("CASEBOARD_BIN", crate::run::binary("caseboard")))?;
        }
        Ok(())
    }
}
