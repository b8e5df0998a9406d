//! What the login shell's profile sets, asked of the shell itself.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::VARIABLES;

/// A profile may be slow; nobody waits longer than this for it, and only once.
const TAKES_AT_MOST: Duration = Duration::from_secs(3);
/// A profile that says more than this is not listened to.
const MOST_BYTES: u64 = 4 << 20;

const BEGIN: &str = "caseboard-environment-begins";
const END: &str = "caseboard-environment-ends";

/// What a login shell has.
pub(super) struct Said {
    pub path: OsString,
    /// Those of [`VARIABLES`] that it has.
    pub variables: BTreeMap<String, OsString>,
}

/// Asks a shell as a login shell, which reads the profile; not an interactive one, which may stop for a terminal. `None`
/// where it does not tell in time.
///
/// What the profile starts in the background may hold the output open: it is read up to the mark and no further. After
/// the time is over the shell is killed with everything it started.
pub(super) fn ask(shell: &Path, environment: &BTreeMap<OsString, OsString>) -> Option<Said> {
    let mut command = Command::new(shell);
    command
        .args(["-l", "-c", &format!("echo; echo {BEGIN}; /usr/bin/env; echo {END}")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if !environment.is_empty() {
        command.env_clear().envs(environment);
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().ok()?;
    let output = child.stdout.take()?;
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = tell.send(read(BufReader::new(output.take(MOST_BYTES))));
    });
    let said = told.recv_timeout(TAKES_AT_MOST);
    if said.is_err() {
        tracing::warn!(shell = %shell.display(), "the login shell did not tell its environment in time");
        kill(&mut child);
    }
    // It ends by itself after the mark, and where it does not nobody waits.
    std::thread::spawn(move || child.wait());
    said.ok().flatten()
}

fn read(mut output: impl BufRead) -> Option<Said> {
    let mut said = Said { path: OsString::new(), variables: BTreeMap::new() };
    let mut begun = false;
    let mut line = Vec::new();
    loop {
        line.clear();
        if output.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        match text {
            _ if text == BEGIN.as_bytes() => begun = true,
            _ if text == END.as_bytes() && begun => break,
            _ if begun => {
                let Some(at) = text.iter().position(|byte| *byte == b'=') else { continue };
                let (name, value) = (String::from_utf8_lossy(&text[..at]), os(&text[at + 1..]));
                if name == "PATH" {
                    said.path = value;
                } else if VARIABLES.contains(&&*name) && !value.is_empty() {
                    said.variables.insert(name.into_owned(), value);
                }
            }
            _ => {}
        }
    }
    (!said.path.is_empty()).then_some(said)
}

#[cfg(unix)]
fn os(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn os(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

fn kill(child: &mut Child) {
    #[cfg(unix)]
    if let Some(leader) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // Gone already is as good.
        let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
}
