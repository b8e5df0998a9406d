//! What the machine must have before anything is built.

use anyhow::bail;

use crate::shell::{self, output, program};

/// What a package is needed for: (Debian package, a file or pkg-config name that proves it, why).
pub struct Need {
    package: &'static str,
    proof: Proof,
    why: &'static str,
}

enum Proof {
    PkgConfig(&'static str),
    Program(&'static str),
}

pub const BUILD: &[Need] = &[
    Need { package: "build-essential", proof: Proof::Program("cc"), why: "a C compiler for SQLite" },
    Need { package: "pkg-config", proof: Proof::Program("pkg-config"), why: "finding system libraries" },
    Need {
        package: "libwebkit2gtk-4.1-dev",
        proof: Proof::PkgConfig("webkit2gtk-4.1"),
        why: "the window (brings GTK 3)",
    },
];

pub const TEST: &[Need] = &[
    Need { package: "xvfb", proof: Proof::Program("Xvfb"), why: "a window without a screen" },
    Need { package: "xauth", proof: Proof::Program("xauth"), why: "a window without a screen" },
    Need { package: "webkit2gtk-driver", proof: Proof::Program("WebKitWebDriver"), why: "driving the real window" },
    Need {
        package: "chromium",
        proof: Proof::Program("chromium"),
        why: "every view in a browser: accessibility, keys",
    },
    Need { package: "dbus", proof: Proof::Program("dbus-daemon"), why: "a session bus for the keyring" },
    Need { package: "gnome-keyring", proof: Proof::Program("gnome-keyring-daemon"), why: "a keyring for models' keys" },
    Need { package: "imagemagick", proof: Proof::Program("import"), why: "screenshots" },
];

pub const SCREEN: &[Need] =
    &[Need { package: "xvfb", proof: Proof::Program("Xvfb"), why: "a window without a screen" }];

pub const RELEASE: &[Need] = &[
    Need { package: "librsvg2-dev", proof: Proof::PkgConfig("librsvg-2.0"), why: "icons in packages" },
    Need { package: "patchelf", proof: Proof::Program("patchelf"), why: "packages" },
];

impl Need {
    fn is_met(&self) -> bool {
        match self.proof {
            Proof::PkgConfig(name) => output(program("pkg-config").args(["--exists", name])).is_some(),
            Proof::Program(name) => shell::has(name),
        }
    }
}

/// Installs what is missing through apt, after saying what; on another system names it and stops.
pub fn packages(needs: &[&[Need]]) -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        // macOS and Windows bring their web view along.
        return Ok(());
    }
    let missing: Vec<&Need> = needs.iter().copied().flatten().filter(|need| !need.is_met()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("This machine lacks:");
    for need in &missing {
        eprintln!("  {:<24} {}", need.package, need.why);
    }
    let names: Vec<&str> = missing.iter().map(|need| need.package).collect();
    if !shell::has("apt-get") {
        bail!("there is no apt-get here; install what your system calls {} and start again", names.join(", "));
    }
    let root = output(program("id").arg("-u")).as_deref() == Some("0");
    let apt = || {
        let mut command = if root { program("apt-get") } else { program("sudo") };
        if !root {
            command.arg("apt-get");
        }
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    eprintln!("Installing with apt-get: {}", names.join(" "));
    shell::run(apt().args(["-qq", "update"]))?;
    shell::run(
        apt()
            .args(["-qq", "install", "-y", "--no-install-recommends"])
            .args(&names)
            .stdout(std::process::Stdio::null()),
    )
}

/// Node 20 or newer with npm.
pub fn node() -> anyhow::Result<()> {
    let version = output(program("node").arg("--version"));
    let major = version.as_deref().and_then(|v| v.trim_start_matches('v').split('.').next()?.parse::<u32>().ok());
    match (major, shell::has("npm")) {
        (Some(major), true) if major >= 20 => Ok(()),
        (Some(_), true) => bail!(
            "Node {} is too old; install Node 20 or newer (https://nodejs.org) and start again",
            version.unwrap_or_default()
        ),
        _ => bail!("Node 20 or newer with npm is needed; install it (https://nodejs.org) and start again"),
    }
}

/// Whether a window can be shown.
pub fn has_display() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
