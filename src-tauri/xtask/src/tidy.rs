//! The architecture as checks: who may know whom, what a file may be, what must not be in the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::shell::{output, program, root};

/// The arrows of the house: what each room may depend on directly. What those depend on may be used too.
const ROOMS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("redact", &["model"]),
    ("topology", &["model"]),
    ("detect", &["topology"]),
    ("history", &["redact"]),
    ("knowledge", &["detect", "history"]),
    ("gate", &["history"]),
    ("cluster", &["redact", "gate"]),
    ("llm", &["redact"]),
    ("tools", &["cluster", "knowledge"]),
    ("mcp", &["tools"]),
    ("investigate", &["tools", "llm"]),
    ("playground", &["history"]),
    ("desk", &["investigate", "mcp"]),
    ("evals", &["desk", "playground"]),
    ("wire", &["desk", "evals", "playground"]),
    ("cli", &["desk", "evals", "playground"]),
    ("caseboard-desktop", &["wire"]),
];

/// Libraries that only some rooms may know.
const GUARDED: &[(&str, &[&str])] = &[
    ("tauri", &["caseboard-desktop"]),
    ("rusqlite", &["history", "caseboard-tests"]),
    ("kube", &["cluster", "tools", "caseboard-tests"]),
    ("rmcp", &["mcp", "cli", "caseboard-tests"]),
    ("keyring", &["desk", "caseboard-desktop", "caseboard-tests"]),
];

/// What may stand at the top of the repository.
const TOP: &[&str] =
    &["Cargo.toml", "Cargo.lock", "LICENSE", "README.md", "icons", "knowledge", "src-tauri", "tests", "ui"];

const LONGEST_RUST: usize = 800;
const LONGEST_TYPESCRIPT: usize = 500;

pub fn tidy() -> anyhow::Result<()> {
    let mut findings = Vec::new();
    arrows(&mut findings)?;
    files(&mut findings)?;
    for finding in &findings {
        eprintln!("tidy: {finding}");
    }
    anyhow::ensure!(findings.is_empty(), "{} findings", findings.len());
    Ok(())
}

fn arrows(findings: &mut Vec<String>) -> anyhow::Result<()> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec()?;
    let rooms: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let Some(direct) = rooms.get(name) else {
            if !matches!(name, "xtask" | "caseboard-tests") {
                findings.push(format!("the crate `{name}` has no place in the house; add it to `ROOMS` with a reason"));
            }
            continue;
        };
        let mut allowed = BTreeSet::new();
        reach(direct, &rooms, &mut allowed);
        for dependency in package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development) {
            let to = dependency.name.as_str();
            // The shell depends on `wire` alone; every other room may use what its neighbours use.
            let only_direct = name == "caseboard-desktop";
            let known = rooms.contains_key(to);
            if known && !(if only_direct { direct.contains(&to) } else { allowed.contains(to) }) {
                findings.push(format!("`{name}` may not depend on `{to}`"));
            }
        }
        for dependency in &package.dependencies {
            let guarded = GUARDED.iter().find(|(library, _)| *library == dependency.name);
            if let Some((library, who)) = guarded
                && !who.contains(&name)
            {
                findings.push(format!("`{name}` may not know `{library}`; only {} may", who.join(", ")));
            }
        }
    }
    Ok(())
}

fn reach<'a>(direct: &[&'a str], rooms: &BTreeMap<&'a str, &'a [&'a str]>, into: &mut BTreeSet<&'a str>) {
    for room in direct {
        if into.insert(room) {
            reach(rooms.get(room).copied().unwrap_or_default(), rooms, into);
        }
    }
}

fn files(findings: &mut Vec<String>) -> anyhow::Result<()> {
    let listed = output(program("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))
        .context("could not list the repository's files with git")?;
    for path in listed.lines() {
        let top = path.split('/').next().unwrap_or(path);
        if !top.starts_with('.') && !TOP.contains(&top) {
            findings.push(format!("`{top}` stands at the top of the repository"));
        }
        let file = root().join(path);
        match Path::new(path).extension().and_then(|e| e.to_str()) {
            Some("rs") => length(path, &file, LONGEST_RUST, findings),
            Some("ts" | "tsx") if !path.starts_with("ui/src/wire/") => {
                length(path, &file, LONGEST_TYPESCRIPT, findings);
                let knows_tauri = std::fs::read_to_string(&file).is_ok_and(|text| text.contains("@tauri-apps/"));
                if knows_tauri && path != "ui/src/platform/tauri.ts" {
                    findings.push(format!("`{path}` names `@tauri-apps/*`; only `ui/src/platform/tauri.ts` may"));
                }
            }
            _ => {}
        }
        if path.ends_with("/mod.rs") {
            findings.push(format!("`{path}`: write `foo.rs` beside `foo/` instead of `mod.rs`"));
        }
    }
    Ok(())
}

fn length(path: &str, file: &Path, longest: usize, findings: &mut Vec<String>) {
    let lines = std::fs::read_to_string(file).map_or(0, |text| text.lines().count());
    if lines > longest {
        findings.push(format!("`{path}` has {lines} lines; split it by noun (at most {longest})"));
    }
}
