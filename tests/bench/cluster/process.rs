//! Another process of this program, spoken to in lines, and what the system says of it.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

/// This program in another process. Killed when dropped.
pub struct Peer {
    child: Child,
    stdin: ChildStdin,
    said: mpsc::UnboundedReceiver<Value>,
}

impl Peer {
    /// Starts it with a home of its own.
    pub fn start(arguments: &[String], home: &Path) -> Result<Peer> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .env("CASEBOARD_HOME", home)
            .env("HOME", home)
            .env_remove("KUBECONFIG")
            .env_remove("CASEBOARD_KNOWLEDGE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdin = child.stdin.take().context("it has no stdin")?;
        let stdout = child.stdout.take().context("it has no stdout")?;
        let (sender, said) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Ok(value) = serde_json::from_str(&line)
                    && sender.send(value).is_err()
                {
                    return;
                }
            }
        });
        Ok(Peer { child, stdin, said })
    }

    pub fn id(&self) -> Result<u32> {
        self.child.id().context("it has ended")
    }

    pub async fn tell(&mut self, line: &str) -> Result<()> {
        self.stdin.write_all(format!("{line}\n").as_bytes()).await?;
        Ok(self.stdin.flush().await?)
    }

    /// The next thing it says, or nothing within the time.
    pub async fn next(&mut self, at_most: Duration) -> Result<Option<Value>> {
        match tokio::time::timeout(at_most, self.said.recv()).await {
            Ok(Some(value)) => Ok(Some(value)),
            Ok(None) => bail!("a process of the benchmark ended before it was done"),
            Err(_) => Ok(None),
        }
    }

    /// What it has said by now.
    pub fn heard(&mut self) -> Option<Value> {
        self.said.try_recv().ok()
    }

    /// Waits for something that has this member.
    pub async fn wait_for(&mut self, member: &str, at_most: Duration) -> Result<Value> {
        let end = Instant::now() + at_most;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.next(left).await? {
                Some(value) if !value[member].is_null() => return Ok(value),
                Some(_) => {}
                None => bail!("waited {:.0} s for `{member}`", at_most.as_secs_f64()),
            }
        }
    }

    /// Ends it as a person would: what it holds is written.
    pub async fn end(mut self) -> Result<()> {
        drop(self.stdin);
        tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await.context("it does not end")??;
        Ok(())
    }
}

/// Resident bytes of a process, now and at most.
pub fn resident(process: u32) -> Result<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))
        .context("memory is read from /proc, which only Linux has")?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1_024)
    };
    Ok((field("VmRSS:").context("no VmRSS")?, field("VmHWM:").context("no VmHWM")?))
}

/// Seconds of processor time that a process has used.
pub fn processor(process: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name is in brackets and may hold anything.
    let rest = stat.rsplit_once(')').context("no name")?.1;
    let ticks: Vec<f64> = rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    // Linux counts a hundred a second for every program, whatever the kernel's own clock is.
    Ok(ticks.iter().sum::<f64>() / 100.0)
}

/// Resident bytes once they hardly change for five seconds, or after the time is over.
pub async fn settled(process: u32, at_most: Duration) -> Result<u64> {
    let end = Instant::now() + at_most;
    let mut seen: Vec<u64> = Vec::new();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        seen.push(resident(process)?.0);
        let last = &seen[seen.len().saturating_sub(6)..];
        let (least, most) = (last.iter().min().copied().unwrap_or(0), last.iter().max().copied().unwrap_or(0));
        if (last.len() == 6 && most - least <= most / 100) || Instant::now() > end {
            return Ok(seen.last().copied().unwrap_or(0));
        }
    }
}

/// Microseconds since 1970, the same in every process of the machine.
pub fn now_micros() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    since.as_micros() as i64
}
