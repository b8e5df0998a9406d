//! The real control plane: built once, kept in the cache.

use std::path::PathBuf;

use crate::shell::{has, output, program};

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
