//! Everything a person does to the repository: `cargo xtask run`, `test`, `codegen`, `tidy`, `bench`, `soak`,
//! `release`.

mod bench;
mod codegen;
mod controlplane;
#[cfg(target_os = "linux")]
mod installed;
mod licences;
mod llama;
mod mcp_server;
mod monitoring;
mod release;
mod run;
mod setup;
mod shell;
mod test;
mod tidy;
mod ui;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Everything a person does to the repository")]
struct Xtask {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Set up, build, and open the window on the playground (in the terminal where there is no display).
    Run {
        /// Use the terminal even where there is a display.
        #[arg(long)]
        terminal: bool,
        /// The practice scenario.
        #[arg(long, default_value = "demo")]
        scenario: String,
    },
    /// Set up and run every test; the last line is `N passed, N failed, N skipped`.
    Test {
        /// Only tests whose name contains this.
        filter: Option<String>,
    },
    /// Write what is generated from the Rust types.
    Codegen,
    /// Check the architecture: who may know whom, file lengths, what must not be in the repository.
    Tidy,
    /// Print measured figures as one table.
    Bench(bench::Bench),
    /// Watch a churning fleet for an hour and check that memory does not grow.
    Soak(bench::Soak),
    /// Build the packages for this system.
    Release(release::Release),
}

fn main() {
    let done = match Xtask::parse().command {
        Command::Run { terminal, scenario } => run::run(terminal, &scenario),
        Command::Test { filter } => test::test(filter.as_deref()),
        Command::Codegen => codegen::codegen(),
        Command::Tidy => tidy::tidy(),
        Command::Bench(bench) => bench.run(),
        Command::Soak(soak) => soak.run(),
        Command::Release(release) => release.run(),
    };
    if let Err(error) = done {
        eprintln!("xtask: {error:#}");
        std::process::exit(1);
    }
}
