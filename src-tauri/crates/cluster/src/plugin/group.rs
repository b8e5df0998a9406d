//! A program with all that it starts: ended together.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;

/// What it started may hold its output open, a browser for example; after it ended, so much longer is listened.
const LISTEN_AFTER: Duration = Duration::from_secs(1);

#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// How a program ended and what it said.
pub(super) struct Said {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Runs a program to its end. Dropped before that, it is killed with everything it started; once it ended by itself,
/// what it started may go on.
pub(super) async fn said(command: &mut Command) -> std::io::Result<Said> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    command.kill_on_drop(true).process_group(0);
    // Killed by itself first, its children could not be found any more.
    #[cfg(windows)]
    command.creation_flags(CREATE_NO_WINDOW);
    let mut child = command.spawn()?;
    let mut group = Group(child.id());
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let status = {
        let listening = async {
            let out = async {
                if let Some(out) = &mut out {
                    let _ = out.read_to_end(&mut stdout).await;
                }
            };
            let err = async {
                if let Some(err) = &mut err {
                    let _ = err.read_to_end(&mut stderr).await;
                }
            };
            tokio::join!(out, err);
        };
        tokio::pin!(listening);
        let mut silent = false;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status?,
                () = &mut listening, if !silent => silent = true,
            }
        };
        group.0 = None;
        if !silent {
            let _ = tokio::time::timeout(LISTEN_AFTER, &mut listening).await;
        }
        status
    };
    Ok(Said { status, stdout, stderr })
}

/// The group that a program leads, killed when this is dropped.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(leader) = self.0.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw) {
            // Gone already is as good.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
        #[cfg(windows)]
        if let Some(leader) = self.0 {
            use std::os::windows::process::CommandExt;
            let mut kill = std::process::Command::new("taskkill");
            let kill = kill.args(["/F", "/T", "/PID", &leader.to_string()]).creation_flags(CREATE_NO_WINDOW);
            if let Err(error) = kill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
                tracing::warn!(%error, leader, "a credential plugin could not be ended");
            }
        }
    }
}
