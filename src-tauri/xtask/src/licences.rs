//! What the product is made of: the licence of every package in it, and the list of them as a CycloneDX document.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use cargo_metadata::MetadataCommand;
use serde_json::{Value, json};

use crate::shell::root;

/// Licences under which something may be part of the product. MPL-2.0 is file-wise: an unchanged library is fine.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "MPL-2.0+",
    "OFL-1.1",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

struct Part {
    name: String,
    version: String,
    licence: String,
    /// A package URL.
    purl: String,
}

/// Every package of the product: crates of all platforms, and what `npm` puts into the window.
fn parts() -> anyhow::Result<Vec<Part>> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).exec()?;
    let foreign = metadata.packages.iter().filter(|package| package.source.is_some());
    let mut parts: Vec<Part> = foreign
        .map(|package| Part {
            name: package.name.to_string(),
            version: package.version.to_string(),
            licence: package.license.clone().unwrap_or_default(),
            purl: format!("pkg:cargo/{}@{}", package.name, package.version),
        })
        .collect();
    let lock = std::fs::read_to_string(root().join("ui/package-lock.json"))?;
    let lock: Value = serde_json::from_str(&lock).context("`ui/package-lock.json` cannot be read")?;
    for (path, package) in lock["packages"].as_object().into_iter().flatten() {
        // Tools that build and test are no part of what is shipped.
        let Some((_, name)) = path.rsplit_once("node_modules/") else { continue };
        if package["dev"] == json!(true) {
            continue;
        }
        let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
        let version = text("version");
        let purl = format!("pkg:npm/{}@{version}", name.replace('@', "%40"));
        parts.push(Part { name: name.to_owned(), version, licence: text("license"), purl });
    }
    parts.sort_by(|a, b| a.purl.cmp(&b.purl));
    Ok(parts)
}

/// Whether an SPDX expression can be met with what is allowed. `/` is the old way to write `OR`.
fn is_allowed(expression: &str) -> bool {
    let flat = expression.replace('/', " OR ");
    let known = |name: &str| ALLOWED.contains(&name.split_whitespace().collect::<Vec<_>>().join(" ").as_str());
    // AND binds closer than OR; brackets only ever hold a choice in what is used here.
    let (mut all, mut rest) = (Vec::new(), flat.as_str());
    while let (Some(open), Some(close)) = (rest.find('('), rest.find(')')) {
        all.push(is_allowed(&rest[open + 1..close]));
        let (before, after) = (&rest[..open], &rest[close + 1..]);
        rest = match (before.trim(), after.trim()) {
            ("", after) => after.strip_prefix("AND ").unwrap_or(after),
            (before, _) => before.strip_suffix(" AND").unwrap_or(before),
        };
    }
    let rest = rest.trim();
    let outside = rest.is_empty() || rest.split(" OR ").any(|one| one.split(" AND ").all(known));
    !expression.trim().is_empty() && outside && all.into_iter().all(|met| met)
}

/// Fails on a package whose licence is not allowed, or not said.
pub fn check() -> anyhow::Result<()> {
    let wrong: Vec<String> = parts()?
        .into_iter()
        .filter(|part| !is_allowed(&part.licence))
        .map(|part| format!("{} is under `{}`", part.purl, part.licence))
        .collect();
    anyhow::ensure!(wrong.is_empty(), "not allowed in the product: {}", wrong.join("; "));
    Ok(())
}

/// Writes the parts as CycloneDX 1.5, and counts them by licence.
pub fn write_sbom(path: &Path) -> anyhow::Result<()> {
    let parts = parts()?;
    let component = |part: &Part| {
        json!({
            "type": "library", "name": part.name, "version": part.version, "purl": part.purl,
            "licenses": [{"expression": part.licence.replace('/', " OR ")}],
        })
    };
    let document = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": {"type": "application", "name": "caseboard", "version": env!("CARGO_PKG_VERSION")}},
        "components": parts.iter().map(component).collect::<Vec<_>>(),
    });
    std::fs::write(path, serde_json::to_string_pretty(&document)?)
        .with_context(|| format!("could not write `{}`", path.display()))?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for part in &parts {
        *counts.entry(part.licence.as_str()).or_default() += 1;
    }
    eprintln!("   {} packages under {} licences: {}", parts.len(), counts.len(), path.display());
    Ok(())
}
