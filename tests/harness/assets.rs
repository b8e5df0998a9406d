//! The programs of a control plane, found as controller-runtime's envtest finds them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// One program: `TEST_ASSET_…`, `KUBEBUILDER_ASSETS`, `/usr/local/kubebuilder/bin`, then what this repository built.
/// The error says what is missing.
pub fn asset(name: &str) -> Result<PathBuf, String> {
    let variable = format!("TEST_ASSET_{}", name.to_uppercase().replace('-', "_"));
    if let Some(path) = std::env::var_os(&variable).filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(format!("{variable} names `{}`, which is not there", path.display()))
        };
    }
    let found = folders().into_iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| {
        format!("there is no `{name}`; `tests/controlplane/build.sh` makes it, KUBEBUILDER_ASSETS says where it is")
    })
}

/// kwok's rules; they stand beside the programs that this repository built.
pub fn stages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("controlplane/stages")
}

fn folders() -> Vec<PathBuf> {
    let named = std::env::var_os("KUBEBUILDER_ASSETS").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let usual = Some(PathBuf::from("/usr/local/kubebuilder/bin")).filter(|folder| folder.is_dir());
    match named.or(usual) {
        Some(folder) => vec![folder],
        None => built().into_iter().collect(),
    }
}

fn built() -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("controlplane/build.sh");
    let output = Command::new(script).arg("--if-built").output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(folder.trim()).join("bin"))
}
