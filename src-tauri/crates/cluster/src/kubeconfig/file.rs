use std::path::{Path, PathBuf};

use kube::config::{Kubeconfig, KubeconfigError};
use serde_json::Value;

use super::Issue;

/// One kubeconfig, as far as it could be read.
#[derive(Clone, Debug)]
pub(super) struct ConfigFile {
    pub source: String,
    pub config: Kubeconfig,
}

/// Larger than any kubeconfig; a log or a core dump put there by mistake is not read.
const MOST_BYTES: u64 = 16 << 20;

pub(super) fn read(path: &Path, issues: &mut Vec<Issue>) -> Option<ConfigFile> {
    let source = std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
    let mut issue = |why: String, hint: &str| {
        issues.push(Issue {
            source: source.clone(),
            line: None,
            what: format!("read the kubeconfig `{source}`"),
            why,
            hint: hint.into(),
        });
        None
    };
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return issue("the file does not exist".into(), "Take it out of `KUBECONFIG`, or put the file back.");
        }
        Err(error) => return issue(error.to_string(), "Check the permissions of the file and of its folder."),
        Ok(metadata) if metadata.is_dir() => {
            return issue("it is a folder".into(), "Name the files, or add the folder in the settings.");
        }
        Ok(metadata) if metadata.len() > MOST_BYTES => {
            return issue("it is too large for a kubeconfig".into(), "Check that the path is the right one.");
        }
        Ok(_) => {}
    }
    match Kubeconfig::read_from(path) {
        Ok(config) => Some(ConfigFile { source, config }),
        Err(KubeconfigError::Parse(_)) => {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            parse(&source, &text, path.parent(), issues)
        }
        Err(KubeconfigError::ReadConfig(error, _)) => {
            issue(error.to_string(), "Check the permissions of the file and that it is text.")
        }
        Err(error) => issue(error.to_string(), "Compare with `kubectl config view --kubeconfig FILE`."),
    }
}

/// Parses a text. What is broken inside one cluster, user or context costs only that one.
pub(super) fn parse(source: &str, text: &str, folder: Option<&Path>, issues: &mut Vec<Issue>) -> Option<ConfigFile> {
    let whole = match Kubeconfig::from_yaml(text) {
        Ok(config) => return Some(ConfigFile { source: source.into(), config }),
        Err(error) => error,
    };
    let located = |error: &serde_saphyr::Error| {
        let line = error.without_snippet().location().and_then(|l| u32::try_from(l.line()).ok());
        (line.filter(|line| *line > 0), without_values(&error.without_snippet().to_string()))
    };
    let (line, why) = match &whole {
        KubeconfigError::Parse(error) => located(error),
        other => (None, other.to_string()),
    };
    let documents: Vec<Value> = match serde_saphyr::from_multiple(text) {
        Ok(documents) => documents,
        Err(error) => {
            let (line, why) = located(&error);
            issues.push(Issue {
                source: source.into(),
                line,
                what: format!("read the kubeconfig `{source}`"),
                why: format!("it is not valid YAML ({why})"),
                hint: at_line(line, "Correct it", "or move the file away; its contexts are not listed until then."),
            });
            return None;
        }
    };
    let mut config = Kubeconfig::default();
    let mut salvaged = false;
    for document in documents {
        let before = issues.len();
        salvaged |= document.is_object();
        salvage(&document, "clusters", "cluster", source, text, &mut config.clusters, issues);
        salvage(&document, "users", "user", source, text, &mut config.auth_infos, issues);
        salvage(&document, "contexts", "context", source, text, &mut config.contexts, issues);
        config.current_context =
            config.current_context.or_else(|| document["current-context"].as_str().map(str::to_owned));
        if issues.len() == before && document.is_object() {
            issues.push(Issue {
                source: source.into(),
                line,
                what: format!("read the kubeconfig `{source}`"),
                why: why.clone(),
                hint: at_line(line, "Correct it", "; the rest of the file is used."),
            });
        }
    }
    if !salvaged {
        issues.push(Issue {
            source: source.into(),
            line,
            what: format!("read the kubeconfig `{source}`"),
            why: "it is not a kubeconfig: the top level must be a map with `clusters`, `users` and `contexts`".into(),
            hint: "Check that the path is the right one.".into(),
        });
        return None;
    }
    if let Some(folder) = folder {
        make_absolute(&mut config, folder);
    }
    Some(ConfigFile { source: source.into(), config })
}

fn at_line(line: Option<u32>, act: &str, rest: &str) -> String {
    let line = line.map(|line| format!(" at line {line}")).unwrap_or_default();
    if rest.starts_with(';') { format!("{act}{line}{rest}") } else { format!("{act}{line}, {rest}") }
}

/// The entries of one list that are well formed.
fn salvage<T: serde::de::DeserializeOwned>(
    document: &Value,
    list: &str,
    noun: &str,
    source: &str,
    text: &str,
    into: &mut Vec<T>,
    issues: &mut Vec<Issue>,
) {
    let entries = match &document[list] {
        Value::Null => return,
        Value::Array(entries) => entries,
        _ => {
            let line = line_of(text, &format!("{list}:"));
            issues.push(Issue {
                source: source.into(),
                line,
                what: format!("read the {list} of `{source}`"),
                why: format!("`{list}` is not a list"),
                hint: at_line(line, "Write a list of named entries", "each with `name`."),
            });
            return;
        }
    };
    for (index, entry) in entries.iter().enumerate() {
        match T::deserialize(entry) {
            Ok(entry) => into.push(entry),
            Err(error) => {
                let name = entry["name"].as_str();
                let line = name.and_then(|name| line_of(text, &format!("name: {name}")));
                let named = name.map_or_else(|| format!("number {}", index + 1), |name| format!("`{name}`"));
                issues.push(Issue {
                    source: source.into(),
                    line,
                    what: format!("read the {noun} {named} of `{source}`"),
                    why: without_values(&error.to_string()),
                    hint: at_line(line, "Correct it", "; what does not need it is used."),
                });
            }
        }
    }
}

fn line_of(text: &str, part: &str) -> Option<u32> {
    let unquoted = |line: &str| line.replace(['"', '\''], "").trim_start_matches(['-', ' ']).trim_end() == part;
    text.lines().position(unquoted).and_then(|index| u32::try_from(index + 1).ok())
}

/// Parsers quote what they choke on, and here that may be a token.
fn without_values(message: &str) -> String {
    let mut out = String::new();
    for (index, part) in message.split('"').enumerate() {
        out.push_str(if index % 2 == 0 { part } else { "…" });
    }
    let short: String = out.lines().next().unwrap_or_default().chars().take(200).collect();
    short.trim_end_matches('.').to_owned()
}

/// Paths in a kubeconfig are relative to its folder.
fn make_absolute(config: &mut Kubeconfig, folder: &Path) {
    let absolute = |path: &mut Option<String>| {
        if let Some(path) = path.as_mut().filter(|path| Path::new(path).is_relative()) {
            *path = folder.join(&*path).display().to_string();
        }
    };
    for cluster in config.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        absolute(&mut cluster.certificate_authority);
    }
    for user in config.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        absolute(&mut user.client_certificate);
        absolute(&mut user.client_key);
        absolute(&mut user.token_file);
        if let Some(exec) = &mut user.exec
            && exec.command.as_ref().is_some_and(|command| command.contains(std::path::MAIN_SEPARATOR))
        {
            absolute(&mut exec.command);
        }
    }
}

/// The files of a folder that look like kubeconfigs, by name. Folders below it are not entered.
pub(super) fn kubeconfigs_in(folder: &Path, issues: &mut Vec<Issue>) -> Vec<PathBuf> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let source = folder.display().to_string();
            issues.push(Issue {
                what: format!("look for kubeconfigs in `{source}`"),
                source,
                line: None,
                why: error.to_string(),
                hint: "Check that the folder exists and may be read, or take it off the list.".into(),
            });
            return Vec::new();
        }
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|p| looks_like_one(p)).collect();
    paths.sort();
    paths
}

fn looks_like_one(path: &Path) -> bool {
    let hidden = path.file_name().and_then(|name| name.to_str()).is_none_or(|name| name.starts_with('.'));
    let right_size = path.metadata().is_ok_and(|m| m.is_file() && m.len() <= MOST_BYTES);
    !hidden && right_size && std::fs::read(path).is_ok_and(|bytes| contains(&bytes, b"contexts"))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
