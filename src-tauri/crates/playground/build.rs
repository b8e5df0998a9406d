//! Collects the families of twins of the repository's `knowledge/scenarios/twins/` into one array of (path, text).

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let folder = PathBuf::from(env("CARGO_MANIFEST_DIR")).join("../../../knowledge/scenarios/twins");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect();
    paths.sort();
    let mut code = String::from("pub(crate) const TWINS: &[(&str, &str)] = &[\n");
    for path in paths {
        println!("cargo:rerun-if-changed={}", path.display());
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => panic!("could not read {}: {error}", path.display()),
        };
        let _ = writeln!(code, "    ({:?}, {text:?}),", format!("knowledge/scenarios/twins/{name}"));
    }
    code.push_str("];\n");
    let out = Path::new(&env("OUT_DIR")).join("twins.rs");
    if let Err(error) = std::fs::write(&out, code) {
        panic!("could not write {}: {error}", out.display());
    }
}

fn env(name: &str) -> String {
    match std::env::var(name) {
        Ok(value) => value,
        Err(error) => panic!("cargo did not set {name}: {error}"),
    }
}
