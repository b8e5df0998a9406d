use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use model::{Blueprint, Category, Time, digest_hex};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Article, ArticleKind, FailureMode, Issue, blueprints};

mod builtin {
    include!(concat!(env!("OUT_DIR"), "/builtin.rs"));
}

static BUILTIN: LazyLock<Arc<Library>> = LazyLock::new(|| {
    let files = builtin::FILES.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Arc::new(Library::from_files(files, None))
});

/// One loaded state of the knowledge. Immutable; a change makes a new one.
#[derive(Debug, Default)]
pub struct Library {
    modes: BTreeMap<String, Arc<FailureMode>>,
    articles: BTreeMap<String, Arc<Article>>,
    specialists: BTreeMap<String, Arc<Article>>,
    blueprints: BTreeMap<String, Arc<Blueprint>>,
    /// Path to the text that is in use.
    texts: BTreeMap<String, String>,
    /// What files said last that are empty now: a writer may be between emptying one and filling it.
    emptied: BTreeMap<String, String>,
    issues: Vec<Issue>,
    digest: String,
}

/// A failure mode as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct KnowledgeList {
    pub digest: String,
    pub failure_modes: Vec<FailureModeEntry>,
    pub articles: Vec<Article>,
    pub specialists: Vec<Article>,
    pub issues: Vec<Issue>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct FailureModeEntry {
    pub id: String,
    pub category: Category,
    pub title: String,
    pub prior: f64,
    pub signals: Vec<String>,
    pub tools: Vec<String>,
    pub fixes: Vec<model::Fix>,
    pub body: String,
    pub path: String,
}

impl Library {
    /// What is built into the program.
    pub fn builtin() -> Arc<Library> {
        Arc::clone(&BUILTIN)
    }

    /// The built-in library with folders laid over it, later ones winning. A file with the name of a built-in one takes
    /// its place; an empty file takes it away.
    pub fn load(folders: &[PathBuf]) -> Library {
        Self::reload(folders, &BTreeMap::new(), None)
    }

    /// As [`Library::load`], with the team's own texts (by path) over them all; a file that cannot be read now keeps the
    /// version it has in `before`.
    pub fn reload(folders: &[PathBuf], own: &BTreeMap<String, String>, before: Option<&Library>) -> Library {
        let mut files: BTreeMap<String, String> =
            builtin::FILES.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let mut unreadable = Vec::new();
        for folder in folders {
            for (shelf, path) in files_of(folder) {
                match std::fs::read_to_string(&path) {
                    Ok(text) => drop(files.insert(shelf, text)),
                    Err(error) => unreadable.push(
                        Issue::new(
                            0,
                            format!("the file could not be read: {error}"),
                            "Check that it is UTF-8 and yours.",
                        )
                        .at(&shelf),
                    ),
                }
            }
        }
        files.extend(own.iter().map(|(path, text)| (path.clone(), text.clone())));
        let mut library = Self::from_files(files, before);
        library.issues.extend(unreadable);
        library.issues.sort();
        library
    }

    /// A library of the given files alone: (path such as `failure-modes/x.md`, text).
    pub fn from_files(files: impl IntoIterator<Item = (String, String)>, before: Option<&Library>) -> Library {
        let mut library = Library::default();
        for (path, text) in files {
            let said = before.and_then(|b| b.texts.get(&path).or_else(|| b.emptied.get(&path)));
            if text.trim().is_empty() {
                library.emptied.extend(said.map(|said| (path, said.clone())));
                continue;
            }
            let Err(mut issue) = library.put(&path, &text) else {
                library.texts.insert(path, text);
                continue;
            };
            let last_good = said.or_else(|| BUILTIN_TEXT.get(path.as_str()).filter(|builtin| **builtin != text));
            if let Some(good) = last_good.cloned()
                && library.put(&path, &good).is_ok()
            {
                issue.kept_last_good = true;
                library.texts.insert(path, good);
            }
            library.issues.push(issue);
        }
        let parts: Vec<&[u8]> = library.texts.iter().flat_map(|(p, t)| [p.as_bytes(), t.as_bytes()]).collect();
        library.digest = digest_hex(&parts);
        library.issues.sort();
        library
    }

    fn put(&mut self, path: &str, text: &str) -> Result<(), Issue> {
        match path.split('/').next() {
            Some("failure-modes") => {
                let mode = FailureMode::read(path, text)?;
                self.modes.insert(mode.id.clone(), Arc::new(mode));
            }
            Some("articles") => {
                let article = Article::read(ArticleKind::Article, path, text)?;
                self.articles.insert(article.id.clone(), Arc::new(article));
            }
            Some("specialists") => {
                let specialist = Article::read(ArticleKind::Specialist, path, text)?;
                self.specialists.insert(specialist.id.clone(), Arc::new(specialist));
            }
            Some("blueprints") => {
                let blueprint = blueprints::read(path, text)?;
                self.blueprints.insert(blueprint.name.clone(), Arc::new(blueprint));
            }
            _ => {}
        }
        Ok(())
    }

    pub fn failure_modes(&self) -> impl Iterator<Item = &Arc<FailureMode>> {
        self.modes.values()
    }

    pub fn failure_mode(&self, id: &str) -> Option<&Arc<FailureMode>> {
        self.modes.get(id)
    }

    /// Ids of the failure modes that a fact of this name can be a signal of.
    pub fn modes_of_fact(&self, fact: &str) -> Vec<&str> {
        let signals = |m: &&Arc<FailureMode>| m.signals.iter().any(|s| s.facts.iter().any(|f| f == fact));
        self.modes.values().filter(signals).map(|m| m.id.as_str()).collect()
    }

    pub fn articles(&self) -> impl Iterator<Item = &Arc<Article>> {
        self.articles.values()
    }

    pub fn specialists(&self) -> impl Iterator<Item = &Arc<Article>> {
        self.specialists.values()
    }

    /// Blueprints that are files, as versions 0 so that the desk's own win.
    pub fn blueprints(&self) -> Vec<model::BlueprintVersion> {
        self.blueprints
            .values()
            .map(|b| model::BlueprintVersion {
                version: 0,
                at: Time(0),
                author: "file".to_owned(),
                blueprint: (**b).clone(),
            })
            .collect()
    }

    /// The text of a file that is in use, such as `failure-modes/x.md`.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// What is wrong with which file.
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// The same for the same files in use.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// All of it, for a list.
    pub fn list(&self) -> KnowledgeList {
        let entry = |m: &Arc<FailureMode>| FailureModeEntry {
            id: m.id.clone(),
            category: m.category,
            title: m.title.clone(),
            prior: m.prior,
            signals: distinct(m.signals.iter().flat_map(|s| s.facts.iter())),
            tools: distinct(m.checks.iter().map(|c| &c.tool)),
            fixes: m.fixes.iter().map(|f| f.fix.clone()).collect(),
            body: m.body.clone(),
            path: m.path.clone(),
        };
        KnowledgeList {
            digest: self.digest.clone(),
            failure_modes: self.modes.values().map(entry).collect(),
            articles: self.articles.values().map(|a| (**a).clone()).collect(),
            specialists: self.specialists.values().map(|a| (**a).clone()).collect(),
            issues: self.issues.clone(),
        }
    }
}

static BUILTIN_TEXT: LazyLock<BTreeMap<&'static str, String>> =
    LazyLock::new(|| builtin::FILES.iter().map(|(path, text)| (*path, (*text).to_owned())).collect());

fn distinct<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let set: std::collections::BTreeSet<&String> = names.collect();
    set.into_iter().cloned().collect()
}

/// Files of one folder's shelves with their paths within it, sorted.
pub(crate) fn files_of(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    for shelf in ["failure-modes", "specialists", "articles", "blueprints"] {
        for entry in std::fs::read_dir(folder.join(shelf)).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let readable = path.extension().is_some_and(|e| e == "md" || e == "yaml");
            if readable && !name.starts_with('.') {
                files.push((format!("{shelf}/{name}"), path));
            }
        }
    }
    files.sort();
    files
}
