//! Every test, and one line at the end.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::shell::{self, cache, cargo, root, step};
use crate::{controlplane, licences, llama, mcp_server, monitoring, run, setup, tidy, ui};

#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    /// Why each skipped test was skipped.
    skipped: Vec<String>,
}

/// Sets up and runs everything. A test that lacks something writes why to `$CASEBOARD_SKIPS` and returns; it is counted
/// as skipped.
pub fn test(filter: Option<&str>) -> anyhow::Result<()> {
    let mut tally = Tally::default();
    step("system packages", || setup::packages(&[setup::BUILD, setup::TEST]))?;
    step("Node", setup::node)?;
    step("build the window's front end", ui::build)?;
    let mut assets = None;
    step("control plane", || {
        match controlplane::assets() {
            Ok(folder) => assets = Some(folder),
            Err(why) => eprintln!("   {why}; tests that need it are skipped"),
        }
        Ok(())
    })?;

    let mut monitors = Vec::new();
    step("monitoring", || {
        match monitoring::assets() {
            Ok(programs) => monitors = programs,
            Err(why) => eprintln!("   {why}; tests that need it are skipped"),
        }
        Ok(())
    })?;

    let mut foreign = None;
    step("an MCP server", || {
        match mcp_server::asset() {
            Ok(found) => foreign = found,
            Err(why) => eprintln!("   {why}; tests that need it are skipped"),
        }
        Ok(())
    })?;

    let mut model_server = None;
    step("a model server", || {
        match llama::asset() {
            Ok(found) => model_server = found,
            Err(why) => eprintln!("   {why}; the test that needs it is skipped"),
        }
        Ok(())
    })?;

    if filter.is_none() {
        tally.check("tidy", tidy::tidy());
        tally.check("licences", licences::check());
        tally.check("formatting", shell::run(cargo().args(["fmt", "--all", "--check"])));
        tally.check("TypeScript types", shell::run(ui::npm().args(["run", "--silent", "typecheck"])));
    }
    step("build caseboard", || {
        shell::run(cargo().args(["build", "--package", "caseboard-desktop", "--package", "cli"]))
    })?;

    let skips = tempfile_path();
    let _ = std::fs::remove_file(&skips);
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-fail-fast"]).env("CASEBOARD_SKIPS", &skips).env("CASEBOARD_TEST", "1");
    command
        .env("CASEBOARD_BIN", run::binary("caseboard"))
        .env("CASEBOARD_DESKTOP_BIN", run::binary("caseboard-desktop"));
    if let Some(assets) = &assets {
        command.env("KUBEBUILDER_ASSETS", assets);
        match controlplane::old_etcd() {
            Ok(etcd) => {
                command.env("TEST_ASSET_ETCD_OLD", etcd);
            }
            Err(why) => eprintln!("   {why}; the test that needs it is skipped"),
        }
    }
    command.envs(monitors).envs(foreign).envs(model_server);
    let bench = root().join("../shared/bench");
    if std::env::var_os("CASEBOARD_BENCH_DIR").is_none() && bench.is_dir() {
        command.env("CASEBOARD_BENCH_DIR", bench);
    }
    if let Some(filter) = filter {
        command.args(["--", filter]);
    }
    eprintln!("── Rust tests");
    tally.rust(&mut command)?;
    for line in std::fs::read_to_string(&skips).unwrap_or_default().lines() {
        tally.passed = tally.passed.saturating_sub(1);
        tally.skipped.push(line.to_owned());
    }
    let _ = std::fs::remove_file(&skips);

    if filter.is_none() {
        eprintln!("── front-end tests");
        tally.front_end()?;
    }

    for skipped in &tally.skipped {
        eprintln!("skipped: {skipped}");
    }
    println!("{} passed, {} failed, {} skipped", tally.passed, tally.failed, tally.skipped.len());
    std::io::stdout().flush()?;
    anyhow::ensure!(tally.failed == 0, "some tests failed");
    Ok(())
}

impl Tally {
    fn check(&mut self, name: &str, done: anyhow::Result<()>) {
        match done {
            Ok(()) => self.passed += 1,
            Err(error) => {
                eprintln!("FAILED {name}: {error:#}");
                self.failed += 1;
            }
        }
    }

    /// Runs `cargo test` and adds up its result lines. A test program that dies without one is a failure.
    fn rust(&mut self, command: &mut Command) -> anyhow::Result<()> {
        let mut child = command.stdout(Stdio::piped()).spawn().context("could not start cargo")?;
        let before = self.failed;
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).lines() {
                let line = line?;
                println!("{line}");
                let Some(rest) = line.strip_prefix("test result: ") else { continue };
                let count = |word: &str| -> u64 {
                    let part = rest.split([';', '.']).find(|part| part.trim_end().ends_with(word));
                    part.and_then(|part| part.split_whitespace().next()?.parse().ok()).unwrap_or(0)
                };
                self.passed += count("passed");
                self.failed += count("failed");
                let ignored = count("ignored");
                self.skipped.extend((0..ignored).map(|_| "a test marked `ignore`".to_owned()));
            }
        }
        let status = child.wait()?;
        if !status.success() && self.failed == before {
            eprintln!("cargo test failed ({status})");
            self.failed += 1;
        }
        Ok(())
    }

    fn front_end(&mut self) -> anyhow::Result<()> {
        let report = cache().join(format!("vitest-{}.json", std::process::id()));
        if let Some(folder) = report.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let out = format!("--outputFile.json={}", report.display());
        let status = ui::npm()
            .args(["run", "--silent", "test", "--", "--reporter=default", "--reporter=json", &out])
            .status()
            .context("could not start npm")?;
        let counted = count_vitest(&report);
        let _ = std::fs::remove_file(&report);
        match counted {
            Some((passed, failed, skipped)) => {
                self.passed += passed;
                self.failed += failed;
                self.skipped.extend((0..skipped).map(|_| "a front-end test marked `skip`".to_owned()));
                if !status.success() && failed == 0 {
                    self.failed += 1;
                }
            }
            None => {
                eprintln!("FAILED front-end tests: no report ({status})");
                self.failed += 1;
            }
        }
        Ok(())
    }
}

fn count_vitest(report: &Path) -> Option<(u64, u64, u64)> {
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(report).ok()?).ok()?;
    let count = |key: &str| report[key].as_u64();
    Some((count("numPassedTests")?, count("numFailedTests")?, count("numPendingTests").unwrap_or(0)))
}

fn tempfile_path() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("caseboard-skips-{}", std::process::id()))
}
