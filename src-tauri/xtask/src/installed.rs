//! What was packaged, as it will be on another machine: unpacked somewhere else, started on a virtual screen, seen to paint.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::shell;

const PATIENCE: Duration = Duration::from_secs(120);
/// What the window writes into its log once it has shown something and its first list can be used.
const SHOWN: &str = "the window can be used";
const NEEDED: &[&str] =
    &["usr/bin/caseboard-desktop", "usr/bin/caseboard", "usr/share/icons/hicolor/32x32/apps/caseboard-desktop.png"];

/// Unpacks a `.deb` beside the system, without installing it, and starts what is in it.
pub fn check(package: &Path) -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let (root, home) = (folder.0.join("root"), folder.0.join("home"));
    std::fs::create_dir_all(&home)?;
    shell::run(Command::new("dpkg-deb").arg("-x").arg(package).arg(&root))?;
    for needed in NEEDED {
        ensure!(root.join(needed).is_file(), "`{}` is not in `{}`", needed, package.display());
    }
    desktop_entry(&root)?;
    let version =
        shell::output(Command::new(root.join("usr/bin/caseboard")).arg("--version").env("CASEBOARD_HOME", &home));
    let version = version.context("the packaged `caseboard --version` failed")?;
    let took = window(&root.join("usr/bin/caseboard-desktop"), &home)?;
    let version = version.lines().next().unwrap_or_default();
    eprintln!("   {version}, unpacked, paints and can be used after {:.1} s", took.as_secs_f64());
    Ok(())
}

/// The entry of the desktop's menu names a program that is in the package, and takes links.
fn desktop_entry(root: &Path) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(root.join("usr/share/applications")).context("there is no desktop entry")?;
    let entry =
        entries.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|e| e == "desktop"));
    let path = entry.context("there is no desktop entry")?;
    let text = std::fs::read_to_string(&path)?;
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap_or_default();
    let program = value("Exec").split_whitespace().next().unwrap_or_default();
    ensure!(root.join("usr/bin").join(program).is_file(), "the desktop entry starts `{program}`, which is not there");
    ensure!(
        value("MimeType").contains("x-scheme-handler/caseboard"),
        "the desktop entry takes no `caseboard://` links"
    );
    Ok(())
}

/// Starts the window on a virtual screen with an empty home folder; how long until it said that it was painted and usable.
fn window(program: &Path, home: &Path) -> anyhow::Result<Duration> {
    let mut server = Command::new("Xvfb");
    server.args(["-displayfd", "1", "-screen", "0", "1480x940x24", "-nolisten", "tcp"]);
    let mut server = Running::start(server.stdout(Stdio::piped()).stderr(Stdio::null()))?;
    let mut number = String::new();
    BufReader::new(server.0.stdout.take().context("Xvfb has no output")?).read_line(&mut number)?;
    let mut command = Command::new(program);
    command
        .env("DISPLAY", format!(":{}", number.trim()))
        .env("GDK_BACKEND", "x11")
        .env("CASEBOARD_HOME", home)
        .env("HOME", home)
        .env("CASEBOARD_LOG", "info")
        .env_remove("KUBECONFIG")
        .env_remove("WAYLAND_DISPLAY")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let began = Instant::now();
    let mut running = Running::start(&mut command)?;
    loop {
        if said(&home.join("logs")) {
            return Ok(began.elapsed());
        }
        if let Some(status) = running.0.try_wait()? {
            bail!("the packaged window ended at once ({status})");
        }
        ensure!(began.elapsed() < PATIENCE, "the packaged window did not paint within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn said(logs: &Path) -> bool {
    let files = std::fs::read_dir(logs).into_iter().flatten().flatten();
    files.map(|file| file.path()).any(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains(SHOWN)))
}

/// A program in a group of its own, which ends with all that it started.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> anyhow::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        Ok(Running(command.process_group(0).spawn().with_context(|| format!("could not start `{name}`"))?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-9", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.0.wait();
    }
}

/// A folder that goes when it is no longer needed.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("caseboard-installed-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
