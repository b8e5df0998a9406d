//! A real MCP server for the tests, out of npm: `kubernetes-mcp-server` carries its binary in a package for each platform.
//!
//! It is unpacked into the cache, nothing of it is installed, and a test starts it over standard input and output or on
//! the loopback alone.

use std::path::PathBuf;

use crate::shell::{cache, has, output, program};

const VERSION: &str = "0.0.67";
const VARIABLE: &str = "TEST_ASSET_KUBERNETES_MCP_SERVER";

/// The variable that names it, and its path; or why there is none.
pub fn asset() -> Result<Option<(String, PathBuf)>, String> {
    if std::env::var_os(VARIABLE).is_some_and(|given| !given.is_empty()) {
        return Ok(None);
    }
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let package = format!("kubernetes-mcp-server-{system}-{processor}");
    let folder = cache().join(format!("mcp-server-{VERSION}"));
    let ending = if system == "windows" { ".exe" } else { "" };
    let binary = folder.join("node_modules").join(&package).join("bin").join(format!("{package}{ending}"));
    if !binary.is_file() {
        if !has("npm") {
            return Err("there is no npm to get `kubernetes-mcp-server` with".into());
        }
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let wanted = format!("{package}@{VERSION}");
        let install = ["install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefix", "."];
        output(program("npm").args(install).arg(&wanted).current_dir(&folder))
            .filter(|_| binary.is_file())
            .ok_or_else(|| format!("`{wanted}` could not be had from npm"))?;
    }
    Ok(Some((VARIABLE.to_owned(), binary)))
}
