//! Packages for this system.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::json;

#[cfg(target_os = "linux")]
use crate::installed;
use crate::shell::{self, cargo, root, step};
use crate::{licences, setup, ui};

/// The packager, as an exact version: it is fetched when a release is made and needed for nothing else.
const PACKAGER: &str = "@tauri-apps/cli@2.12.5";

/// Builds the packages of this system: the window and `caseboard`, with a list of what is in them.
#[derive(Args)]
pub struct Release {
    /// Package the development build: quick, to try the packages themselves.
    #[arg(long)]
    debug: bool,
    /// `deb`, `rpm`, `appimage`; on other systems what its packager knows. As in `tauri.conf.json` without it.
    #[arg(long, value_delimiter = ',')]
    bundles: Vec<String>,
    /// Build nothing; try the packages that were made last.
    #[arg(long)]
    only_try: bool,
}

impl Release {
    pub fn run(self) -> anyhow::Result<()> {
        let made = target().join(if self.debug { "debug" } else { "release" }).join("bundle");
        if self.only_try {
            return tried(&made);
        }
        let profile = if self.debug { "debug" } else { "dist" };
        step("system packages", || setup::packages(&[setup::BUILD, setup::RELEASE]))?;
        step("Node", setup::node)?;
        step("licences", licences::check)?;
        step("build the window's front end", ui::build)?;
        step("build caseboard", || {
            let name = if self.debug { "dev" } else { profile };
            let packages = ["--package", "caseboard-desktop", "--package", "cli"];
            shell::run(cargo().args(["build", "--profile", name]).args(packages))
        })?;
        let built = target().join(profile);
        step("packages", || {
            // The packager looks where a release is built; the window there is the one that was just built.
            let expected = if self.debug { built.clone() } else { target().join("release") };
            let window = format!("caseboard-desktop{}", std::env::consts::EXE_SUFFIX);
            if expected != built {
                std::fs::create_dir_all(&expected)?;
                std::fs::copy(built.join(&window), expected.join(&window)).context("could not lay the window out")?;
            }
            let terminal = built.join(format!("caseboard{}", std::env::consts::EXE_SUFFIX));
            let files = json!({"/usr/bin/caseboard": terminal});
            let config = json!({"bundle": {"linux": {"deb": {"files": files}, "rpm": {"files": files}}}});
            let mut packager = shell::program(if cfg!(windows) { "npx.cmd" } else { "npx" });
            packager.current_dir(root().join("src-tauri"));
            packager.args(["--yes", PACKAGER, "bundle", "--ci", "--no-sign", "--config", &config.to_string()]);
            if self.debug {
                packager.arg("--debug");
            }
            if !self.bundles.is_empty() {
                packager.arg("--bundles").arg(self.bundles.join(","));
            }
            shell::run(&mut packager)
        })?;
        step("what is in them", || licences::write_sbom(&made.join("caseboard.cdx.json")))?;
        tried(&made)?;
        for package in packages(&made) {
            println!("{}", package.display());
        }
        Ok(())
    }
}

/// Starts what a `.deb` holds, where this system can unpack one; an rpm holds the same files.
#[cfg(target_os = "linux")]
fn tried(folder: &std::path::Path) -> anyhow::Result<()> {
    let is_deb = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "deb");
    let newest =
        packages(folder).into_iter().filter(is_deb).max_by_key(|path| path.metadata().and_then(|m| m.modified()).ok());
    let Some(package) = newest else {
        eprintln!("   no .deb in `{}`: nothing is tried", folder.display());
        return Ok(());
    };
    if !shell::has("dpkg-deb") {
        eprintln!("   no dpkg-deb here: `{}` is not tried", package.display());
        return Ok(());
    }
    step("a virtual screen", || setup::packages(&[setup::SCREEN]))?;
    step("start what is in the .deb", || installed::check(&package))
}

#[cfg(not(target_os = "linux"))]
fn tried(_: &std::path::Path) -> anyhow::Result<()> {
    Ok(())
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into)
}

/// The files that were made, one folder down: `deb/…`, `rpm/…`.
fn packages(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = |path: &std::path::Path| std::fs::read_dir(path).into_iter().flatten().flatten().map(|e| e.path());
    let mut found: Vec<PathBuf> =
        entries(folder).filter(|path| path.is_dir()).flat_map(|kind| entries(&kind).collect::<Vec<_>>()).collect();
    found.retain(|path| path.is_file());
    found.sort();
    found
}
