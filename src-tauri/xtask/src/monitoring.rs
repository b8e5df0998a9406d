//! A real Prometheus and a real Alertmanager for the tests, out of Debian's packages.
//!
//! Installed, the packages would start services that listen on every address. So they are only downloaded and unpacked
//! into the cache; nothing is installed and nothing runs but what a test starts.

use std::path::PathBuf;

use crate::shell::{cache, has, output, program};

const PROGRAMS: [&str; 2] = ["prometheus", "prometheus-alertmanager"];

/// `TEST_ASSET_…` and the program it names, for each; or why there is none.
pub fn assets() -> Result<Vec<(String, PathBuf)>, String> {
    let folder = cache().join("monitoring");
    let mut found = Vec::new();
    for name in PROGRAMS {
        let variable = format!("TEST_ASSET_{}", name.to_uppercase().replace('-', "_"));
        if std::env::var_os(&variable).is_some_and(|given| !given.is_empty()) || has(name) {
            continue;
        }
        let unpacked = folder.join("usr/bin").join(name);
        if !unpacked.is_file() {
            unpack(name, &folder)?;
        }
        found.push((variable, unpacked));
    }
    Ok(found)
}

fn unpack(package: &str, folder: &std::path::Path) -> Result<(), String> {
    if !has("apt-get") || !has("dpkg-deb") {
        return Err(format!("there is no `{package}` in the path, and no apt-get to get it with"));
    }
    let failed = |what: &str| format!("`{package}` could not be {what}");
    let packages = folder.join(format!("packages-{}", std::process::id()));
    std::fs::create_dir_all(&packages).map_err(|error| error.to_string())?;
    let download = || output(program("apt-get").args(["-qq", "download", package]).current_dir(&packages));
    // The lists of packages may be old or not there yet; only root may renew them.
    let downloaded = download().or_else(|| {
        output(program("apt-get").args(["-qq", "update"]));
        download()
    });
    let unpacked = downloaded.ok_or_else(|| failed("downloaded")).and_then(|_| {
        let files = std::fs::read_dir(&packages).map_err(|error| error.to_string())?;
        let file = files.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|e| e == "deb"));
        let file = file.ok_or_else(|| failed("found after its download"))?;
        output(program("dpkg-deb").arg("-x").arg(file).arg(folder)).ok_or_else(|| failed("unpacked")).map(drop)
    });
    let _ = std::fs::remove_dir_all(&packages);
    unpacked
}
