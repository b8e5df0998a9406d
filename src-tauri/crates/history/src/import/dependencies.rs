use std::collections::BTreeSet;

use model::Body;

use super::files::File;
use super::reading::{Reading, Reason};

/// `dependencies/*`: who calls whom, as trees drawn with lines, or `a -> b` on each line.
pub(super) fn tree(reading: &mut Reading, file: &File) -> Result<(), Reason> {
    let calls = calls(&file.text());
    if calls.is_empty() {
        return Err("no call is written in it".into());
    }
    reading.note(reading.collected_at, None, Body::Dependencies { calls: calls.into_iter().collect() });
    Ok(())
}

pub(super) fn calls(text: &str) -> BTreeSet<(String, String)> {
    let mut calls = BTreeSet::new();
    // The callers above the current line, by the column in which their name begins.
    let mut above: Vec<(usize, String)> = Vec::new();
    for line in text.lines() {
        if let Some((from, to)) = line.split_once("->").or_else(|| line.split_once('→'))
            && let (Some(from), Some(to)) = (name(from), name(to))
        {
            calls.insert((from, to));
            continue;
        }
        let drawn = |c: char| c.is_whitespace() || "│├└─|`+-*┬┌╰╭".contains(c);
        let column = line.chars().take_while(|c| drawn(*c)).count();
        let rest: String = line.chars().skip(column).collect();
        if line.trim().is_empty() || rest.starts_with('[') {
            above.clear();
            continue;
        }
        let Some(name) = name(&rest) else { continue };
        above.retain(|(at, _)| *at < column);
        if let Some((_, caller)) = above.last()
            && *caller != name
        {
            calls.insert((caller.clone(), name.clone()));
        }
        above.push((column, name));
    }
    calls
}

/// The first word, when it is a name as services have it.
fn name(text: &str) -> Option<String> {
    let word =
        text.trim_start_matches(|c: char| c.is_whitespace() || "│├└─|`+-*".contains(c)).split_whitespace().next()?;
    let word = word.trim_end_matches([':', ',']);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '/');
    (!word.is_empty() && word.chars().all(plain)).then(|| word.to_owned())
}
