//! Finished runs, a file each, as `caseboard eval --save` writes them with what they were about.

use std::path::PathBuf;

use desk::{DeskError, Paths};
use evals::Report;
use model::Time;
use serde::{Deserialize, Serialize};

use super::RunRow;

/// The oldest go first.
const MOST: usize = 50;

#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    at: Time,
    only: String,
    /// Of the library that the run was made with.
    knowledge: String,
    pub report: Report,
}

impl Kept {
    pub fn row(&self, id: &str) -> RunRow {
        let total = &self.report.total;
        RunRow {
            id: id.to_owned(),
            at: self.at,
            only: self.only.clone(),
            knowledge: self.knowledge.clone(),
            scenarios: total.scenarios as u32,
            right: self.report.verdicts.iter().filter(|verdict| verdict.is_right()).count() as u32,
            pairs: self.report.pairs.len() as u32,
            pairs_right: self.report.pairs_right() as u32,
            fixes_right: total.fixes_right as u32,
            fixes_judged: total.fixes_judged as u32,
            fixes_forbidden: total.fixes_forbidden as u32,
            healthy: total.healthy as u32,
            false_alarms: total.false_alarms as u32,
        }
    }
}

fn folder(paths: &Paths) -> PathBuf {
    paths.state().join("evals")
}

fn path(paths: &Paths, id: &str) -> Result<PathBuf, DeskError> {
    // What the window sends is a name of ours or nothing.
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_digit()) {
        return Err(DeskError::not_found("There is no such run."));
    }
    Ok(folder(paths).join(format!("{id}.json")))
}

fn failed(what: &str, path: &std::path::Path, error: &dyn std::fmt::Display) -> DeskError {
    DeskError {
        code: "failed",
        what: format!("Could not {what} `{}`: {error}.", path.display()),
        hint: "Look at the folder's rights and at the free space of its disk.".into(),
    }
}

pub(super) fn keep(paths: &Paths, at: Time, only: String, knowledge: &str, report: &Report) -> Result<(), DeskError> {
    let to = path(paths, &at.0.to_string())?;
    std::fs::create_dir_all(folder(paths)).map_err(|error| failed("make the folder", &folder(paths), &error))?;
    let kept = Kept { at, only, knowledge: knowledge.to_owned(), report: report.clone() };
    let text = serde_json::to_string(&kept).map_err(|error| failed("write", &to, &error))?;
    std::fs::write(&to, text).map_err(|error| failed("write", &to, &error))?;
    for old in ids(paths)?.into_iter().skip(MOST) {
        remove(paths, &old)?;
    }
    Ok(())
}

/// The newest first.
fn ids(paths: &Paths) -> Result<Vec<String>, DeskError> {
    let folder = folder(paths);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("read", &folder, &error)),
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut ids: Vec<String> = names.filter_map(|name| Some(name.strip_suffix(".json")?.to_owned())).collect();
    ids.retain(|id| path(paths, id).is_ok());
    ids.sort_by_key(|id| std::cmp::Reverse(id.parse::<i64>().unwrap_or(0)));
    Ok(ids)
}

/// A file that cannot be read is left out and said in the log.
pub(super) fn list(paths: &Paths) -> Result<Vec<RunRow>, DeskError> {
    let row = |id: String| match read(paths, &id) {
        Ok(kept) => Some(kept.row(&id)),
        Err(error) => {
            tracing::warn!(%id, %error, "a run cannot be read");
            None
        }
    };
    Ok(ids(paths)?.into_iter().filter_map(row).collect())
}

pub(super) fn read(paths: &Paths, id: &str) -> Result<Kept, DeskError> {
    let path = path(paths, id)?;
    let text = std::fs::read_to_string(&path).map_err(|error| failed("read", &path, &error))?;
    serde_json::from_str(&text).map_err(|error| failed("understand", &path, &error))
}

pub(super) fn remove(paths: &Paths, id: &str) -> Result<(), DeskError> {
    let path = path(paths, id)?;
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed("remove", &path, &error)),
        _ => Ok(()),
    }
}
