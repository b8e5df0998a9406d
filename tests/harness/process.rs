use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A program that a test started; killed, with what it started in its process group, when dropped.
pub struct Process {
    child: Child,
    group: bool,
}

impl Process {
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
        Ok(Process { child: command.spawn()?, group: false })
    }

    /// Starts it as the leader of its own process group.
    pub fn start_group(command: &mut Command) -> anyhow::Result<Self> {
        std::os::unix::process::CommandExt::process_group(command, 0);
        Ok(Process { child: command.spawn()?, group: true })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if self.group {
            let _ = Command::new("kill").args(["-9", "--", &format!("-{}", self.child.id())]).status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Tries until it works or the time is over; the error is the last one.
pub async fn eventually<T, F, A>(at_most: Duration, what: &str, mut attempt: A) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
    A: FnMut() -> F,
{
    let end = Instant::now() + at_most;
    loop {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() > end => return Err(error.context(format!("waited for {what}"))),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A built program of ours, and why it is not there.
pub fn built(variable: &str, name: &str) -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os(variable) {
        return Ok(path.into());
    }
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let beside = own.ancestors().nth(2).map(|folder| folder.join(name)).filter(|path| path.is_file());
    beside.ok_or_else(|| format!("`{name}` is not built; run `cargo xtask test`"))
}

/// Whether a program can be found.
pub fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|p| Path::new(&p).join(program).is_file()))
}
