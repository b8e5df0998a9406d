//! The built `caseboard`, run as a script runs it: its own home folder, and nothing of the machine's.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use serde_json::Value;

use crate::process::{Process, built};

/// `caseboard` and the folder in which it keeps what it knows.
pub struct Program {
    binary: PathBuf,
    home: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

/// What a run ended with.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    /// The error says what is missing.
    pub fn find() -> Result<Program, String> {
        let binary = built("CASEBOARD_BIN", "caseboard")?;
        let home = tempfile::tempdir().map_err(|error| error.to_string())?;
        Ok(Program { binary, home, environment: Vec::new() })
    }

    /// The same with an environment variable more.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// The folder that stands for the user's.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A path in it.
    pub fn at(&self, name: &str) -> String {
        self.home.path().join(name).display().to_string()
    }

    /// Writes a file into it; gives its path.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> anyhow::Result<String> {
        let path = self.home.path().join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, text)?;
        Ok(path.display().to_string())
    }

    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<Ran> {
        self.run_with(arguments, "")
    }

    /// Runs it with this on its standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> anyhow::Result<Ran> {
        let mut command = self.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not run `{}`", self.binary.display()))?;
        if let Some(mut stdin) = child.stdin.take() {
            // It may end before it has read everything.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output()?;
        Ok(Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).context("stdout is no text")?,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Starts it and lets it go on; what it prints can be read from the process.
    pub fn start(&self, arguments: &[&str]) -> anyhow::Result<Process> {
        Process::start(self.command(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))
    }

    /// The command, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        let home = self.home.path();
        command.args(arguments).current_dir(home).env("HOME", home).env("CASEBOARD_HOME", home.join("caseboard"));
        for foreign in ["KUBECONFIG", "CASEBOARD_KNOWLEDGE", "CASEBOARD_LOG", "XDG_STATE_HOME", "RUST_LOG"] {
            command.env_remove(foreign);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Ran {
    /// The document on stdout, which must be one and nothing else.
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_str(&self.stdout).with_context(|| format!("stdout is not one JSON document: {self:?}"))
    }

    /// The same, of a run that must have succeeded.
    pub fn done(&self) -> anyhow::Result<Value> {
        anyhow::ensure!(self.code == Some(0), "it ended with {:?}: {}", self.code, self.stderr);
        self.json()
    }

    /// Panics unless stderr says all of these, in some order.
    #[track_caller]
    pub fn must_say(&self, words: &[&str]) {
        for word in words {
            assert!(
                self.stderr.contains(word),
                "`{word}` is not said; stderr:\n{}\nstdout:\n{}",
                self.stderr,
                self.stdout
            );
        }
    }

    #[track_caller]
    pub fn must_exit(&self, code: i32) {
        assert_eq!(self.code, Some(code), "stderr:\n{}\nstdout:\n{}", self.stderr, self.stdout);
    }

    /// Everything it printed.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}
