//! The first thing a newcomer types.

use crate::shell::{self, cargo, program, root, step};
use crate::{setup, ui};

pub fn run(terminal: bool, scenario: &str) -> anyhow::Result<()> {
    if terminal || !setup::has_display() {
        if !terminal {
            eprintln!("There is no display here: doing the same job in the terminal.");
        }
        step("build caseboard", || shell::run(cargo().args(["build", "--package", "cli"])))?;
        return shell::run(program(binary("caseboard")).args([
            "diagnose",
            "--playground",
            scenario,
            "--approve",
            "ask",
        ]));
    }
    step("system packages", || setup::packages(&[setup::BUILD]))?;
    step("Node", setup::node)?;
    step("build the window's front end", ui::build)?;
    step("build caseboard (the first time takes some minutes)", || {
        shell::run(cargo().args(["build", "--package", "caseboard-desktop"]))
    })?;
    eprintln!("── open the window");
    shell::run(
        program(binary("caseboard-desktop"))
            .env("CASEBOARD_SCENARIO", scenario)
            .env("CASEBOARD_KNOWLEDGE", root().join("knowledge")),
    )
}

/// Where cargo puts a program of the development profile.
pub fn binary(name: &str) -> std::path::PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    target.join("debug").join(if cfg!(windows) { format!("{name}.exe") } else { name.to_owned() })
}
