//! The real control plane: built once, kept in the cache.

use std::path::PathBuf;

use crate::shell::{cache, has, output, program};

/// The folder with `kube-apiserver`, `etcd`, `kubectl` and the rest, or why there is none.
pub fn assets() -> Result<PathBuf, String> {
    if let Some(given) = std::env::var_os("KUBEBUILDER_ASSETS").filter(|value| !value.is_empty()) {
        return Ok(given.into());
    }
    if !has("go") {
        return Err("Go 1.26 or newer is not installed, so there is no real control plane".into());
    }
    let built = output(program("bash").arg("tests/controlplane/build.sh").arg("--if-built"));
    let folder = built.map_or_else(
        || {
            eprintln!("   building kube-apiserver, etcd, kwok and kubectl: about five minutes, once");
            let mut build = program("bash");
            build.arg("tests/controlplane/build.sh").stderr(std::process::Stdio::inherit());
            build.output().ok().filter(|o| o.status.success()).map(|o| String::from_utf8_lossy(&o.stdout).trim().into())
        },
        Some,
    );
    folder
        .map(|folder: String| PathBuf::from(folder).join("bin"))
        .ok_or_else(|| "the control plane could not be built (see above)".into())
}

/// An etcd of the 3.4 line, which knows no progress requests: Debian's, unpacked beside the control plane and not
/// installed (the package would start a service). Or why there is none.
pub fn old_etcd() -> Result<PathBuf, String> {
    let folder = cache().join("etcd-old");
    let binary = folder.join("usr/bin/etcd");
    if binary.is_file() {
        return Ok(binary);
    }
    if !has("apt-get") || !has("dpkg-deb") {
        return Err("an old etcd comes from Debian's `etcd-server`, and there is no apt-get here".into());
    }
    let failed = |error: std::io::Error| format!("`{}` cannot be written: {error}", folder.display());
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let unpacked = std::process::Command::new("bash")
        .current_dir(&folder)
        .args(["-c", "apt-get -qq download etcd-server && dpkg-deb -x etcd-server_*.deb . && rm etcd-server_*.deb"])
        .output()
        .map_err(failed)?;
    let version = output(std::process::Command::new(&binary).arg("--version")).unwrap_or_default();
    if version.contains(" 3.4.") {
        return Ok(binary);
    }
    let said = String::from_utf8_lossy(&unpacked.stderr);
    Err(match version.lines().next() {
        Some(version) => format!("Debian's etcd here is no old one ({version})"),
        None => format!("Debian's `etcd-server` could not be fetched: {}", said.lines().last().unwrap_or("no word")),
    })
}
