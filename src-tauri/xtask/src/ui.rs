//! The window's front end: packages, types, build.

use std::process::Command;

use crate::shell::{self, root};

pub fn npm() -> Command {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.current_dir(root().join("ui"));
    command
}

/// `npm ci`, but only where the lock file changed since.
pub fn install() -> anyhow::Result<()> {
    let ui = root().join("ui");
    let lock = std::fs::read(ui.join("package-lock.json"))?;
    let stamp = ui.join("node_modules/.caseboard-lock");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    shell::run(npm().args(["ci", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]))?;
    std::fs::write(stamp, lock)?;
    Ok(())
}

/// Builds `ui/dist`, which the desktop program embeds.
pub fn build() -> anyhow::Result<()> {
    install()?;
    shell::run(npm().args(["run", "--silent", "build"]))
}
