//! The recorded incidents that `CASEBOARD_BENCH_DIR` names: archives of support bundles, unpacked once into the cache
//! by the digest of the archive, and their labels. None of it is part of this repository.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

/// Where the captures are; an error is the reason for which a test that needs them is skipped.
pub fn folder() -> Result<PathBuf, String> {
    let Some(named) = std::env::var_os("CASEBOARD_BENCH_DIR").filter(|v| !v.is_empty()) else {
        return Err("CASEBOARD_BENCH_DIR is not set, so there are no captures to read".into());
    };
    // Tests run in the folder of their package; a relative path is meant from the repository's root.
    let named = PathBuf::from(named);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = if named.is_absolute() { named } else { root.join(named) };
    folder
        .canonicalize()
        .map_err(|cause| format!("`{}` of CASEBOARD_BENCH_DIR cannot be opened: {cause}", folder.display()))
}

/// The folders of all captures, by name.
pub fn cases(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".tar.zst") {
            let unpacked = unpacked(&path).with_context(|| format!("could not unpack {}", path.display()))?;
            cases.extend(bundles(&unpacked)?);
        }
    }
    cases.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    Ok(cases)
}

/// The labels, one JSON object for each case.
pub fn labels(path: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    Ok(text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str).collect::<Result<_, _>>()?)
}

fn bundles(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.join("version.yaml").is_file() {
            found.push(path);
        } else if path.is_dir() {
            found.extend(bundles(&path)?);
        }
    }
    Ok(found)
}

/// Unpacks into a folder of its own and renames it, so that a run that was interrupted leaves nothing half done.
fn unpacked(archive: &Path) -> Result<PathBuf> {
    let digest = blake3::hash(&fs::read(archive)?).to_hex()[..24].to_string();
    let cache = cache()?.join("bench");
    let target = cache.join(&digest);
    if target.is_dir() {
        return Ok(target);
    }
    fs::create_dir_all(&cache)?;
    let partial = tempfile::Builder::new().prefix(&digest).tempdir_in(&cache)?;
    let mut decoder = zstd::Decoder::new(fs::File::open(archive)?)?;
    decoder.window_log_max(30)?;
    tar::Archive::new(decoder).unpack(partial.path())?;
    match fs::rename(partial.path(), &target) {
        Err(_) if target.is_dir() => Ok(target),
        other => other.map(|()| target).context("could not put the unpacked captures in place"),
    }
}

fn cache() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("XDG_CACHE_HOME").filter(|v| !v.is_empty()) {
        return Ok(PathBuf::from(named).join("caseboard"));
    }
    let home = std::env::var_os("HOME").context("neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(PathBuf::from(home).join(".cache/caseboard"))
}
