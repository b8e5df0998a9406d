use model::{Body, Time};

use super::files::File;
use super::parse;
use super::reading::{Reading, Reason};

/// `changes/*`: commits as `git log` prints them, with the files or the diff below each message.
pub(super) fn file(reading: &mut Reading, file: &File, name: &str) -> Result<(), Reason> {
    if !name.ends_with(".log") && !name.ends_with(".txt") {
        return Err("changes are read as `git log` prints them".into());
    }
    let commits = commits(&file.text());
    if commits.is_empty() {
        return Err("no commit is written in it".into());
    }
    for commit in commits {
        let body = Body::Change {
            reference: commit.reference,
            author: reading.redacted(&commit.author),
            message: reading.redacted(&commit.message),
            diff: (!commit.diff.is_empty()).then(|| reading.redacted(&commit.diff)),
        };
        reading.note(commit.at.unwrap_or(reading.collected_at), None, body);
    }
    Ok(())
}

#[derive(Default)]
struct Commit {
    reference: String,
    author: String,
    at: Option<Time>,
    message: String,
    diff: String,
}

fn commits(text: &str) -> Vec<Commit> {
    let mut commits: Vec<Commit> = Vec::new();
    let mut in_diff = false;
    for line in text.lines() {
        if let Some(reference) = line.strip_prefix("commit ") {
            let reference = reference.split_whitespace().next().unwrap_or_default().to_owned();
            commits.push(Commit { reference, ..Commit::default() });
            in_diff = false;
            continue;
        }
        let Some(commit) = commits.last_mut() else { continue };
        if in_diff {
            commit.diff.push_str(line);
            commit.diff.push('\n');
        } else if let Some(author) = line.strip_prefix("Author:") {
            commit.author = author.trim().to_owned();
        } else if let Some(date) = line.strip_prefix("Date:").or_else(|| line.strip_prefix("AuthorDate:")) {
            commit.at = parse::text_time(date);
        } else if let Some(message) = line.strip_prefix("    ") {
            commit.message.push_str(message);
            commit.message.push('\n');
        } else if !line.trim().is_empty() && !commit.message.is_empty() {
            in_diff = true;
            commit.diff.push_str(line);
            commit.diff.push('\n');
        }
    }
    for commit in &mut commits {
        commit.message = commit.message.trim().to_owned();
        commit.diff = commit.diff.trim_end().to_owned();
    }
    commits
}
