//! What only the whole, against real programs, can show.

mod acts;
mod bad_input;
mod bytes;
mod captures;
mod cluster;
mod command_line;
mod kubectl;
mod logs;
mod mcp;
mod models;
mod watching;

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use anyhow::Context;
use caseboard_tests::controlplane::ApiServer;
use caseboard_tests::process::Process;
use caseboard_tests::program::Program;
use caseboard_tests::skip;

/// The programs of a real control plane; where they are not there, the test is skipped.
fn programs(test: &str) -> Option<[PathBuf; 3]> {
    ApiServer::assets().map_err(|why| skip(test, &why)).ok()
}

/// `caseboard` with a home of its own; where it is not built, the test is skipped.
fn program(test: &str) -> Option<Program> {
    Program::find().map_err(|why| skip(test, &why)).ok()
}

/// `caseboard playground`, and the path of the kubeconfig that it prints.
fn serving(program: &Program, scenario: &str) -> anyhow::Result<(Process, String)> {
    let mut process = program.start(&["playground", "--scenario", scenario])?;
    let stdout = process.child().stdout.take().context("it has no stdout")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    if line.trim().is_empty() {
        let mut why = String::new();
        process.child().stderr.take().context("it has no stderr")?.read_to_string(&mut why)?;
        anyhow::bail!("the playground does not serve: {why}");
    }
    Ok((process, line.trim().to_owned()))
}
