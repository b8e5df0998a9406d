//! Collects the repository's `knowledge/` into one array of (path, text), so that the program carries its library with it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Scenarios are the playground's and are not read as knowledge.
const SHELVES: [&str; 4] = ["failure-modes", "specialists", "articles", "blueprints"];

fn main() {
    let root = PathBuf::from(env("CARGO_MANIFEST_DIR")).join("../../../knowledge");
    println!("cargo:rerun-if-changed=build.rs");
    let mut code = String::from("pub(crate) const FILES: &[(&str, &str)] = &[\n");
    for shelf in SHELVES {
        let folder = root.join(shelf);
        println!("cargo:rerun-if-changed={}", folder.display());
        for path in files(&folder) {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) => panic!("could not read {}: {error}", path.display()),
            };
            let _ = writeln!(code, "    ({:?}, {text:?}),", format!("{shelf}/{name}"));
        }
    }
    code.push_str("];\n");
    let out = Path::new(&env("OUT_DIR")).join("builtin.rs");
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

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "md" || e == "yaml"))
        .collect();
    files.sort();
    files
}
