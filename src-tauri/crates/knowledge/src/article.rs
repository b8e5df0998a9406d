use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;
use ts_rs::TS;

use crate::Issue;
use crate::document::Document;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ArticleKind {
    Article,
    /// What a narrow investigator is told, and with which tools and budget.
    Specialist,
}

/// A text for people, or a specialist's brief.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Article {
    pub kind: ArticleKind,
    pub id: String,
    pub title: String,
    /// Failure modes that it is about.
    pub failure_modes: Vec<String>,
    pub tags: Vec<String>,
    /// Specialists: the tools it may ask for.
    pub tools: Vec<String>,
    /// Specialists: the most calls it may ask for.
    pub budget_calls: u32,
    /// Specialists: when to call it, in a sentence.
    pub call_when: String,
    /// Specialists: what a good answer looks like.
    pub answers_with: String,
    pub body: String,
    pub path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Front {
    id: Spanned<String>,
    title: String,
    #[serde(default)]
    failure_modes: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    tools: Vec<String>,
    #[serde(default)]
    budget_calls: u32,
    #[serde(default)]
    call_when: String,
    #[serde(default)]
    answers_with: String,
}

impl Article {
    pub fn read(kind: ArticleKind, path: &str, text: &str) -> Result<Self, Issue> {
        let document = Document::split(path, text).map_err(|i| i.at(path))?;
        let front: Front = document.read().map_err(|i| i.at(path))?;
        let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".md");
        if front.id.value != stem {
            let line = document.line_of(&front.id);
            let what = format!("the id `{}` is not the file's name `{stem}`", front.id.value);
            return Err(Issue::new(line, what, "Rename the file or the id.").at(path));
        }
        if kind == ArticleKind::Specialist && (front.tools.is_empty() || front.budget_calls == 0) {
            let what = "a specialist needs `tools` and `budget_calls`";
            return Err(Issue::new(2, what, "List the tools it may ask for and how many calls.").at(path));
        }
        Ok(Article {
            kind,
            id: front.id.value,
            title: front.title,
            failure_modes: front.failure_modes,
            tags: front.tags,
            tools: front.tools,
            budget_calls: front.budget_calls,
            call_when: front.call_when,
            answers_with: front.answers_with,
            body: document.body.to_owned(),
            path: path.to_owned(),
        })
    }
}

impl crate::Library {
    /// What is wrong with an article that would be stored under an id, by the lines of its text: what it cannot be read for,
    /// or else names of failure modes that are not there, and a text that says nothing.
    pub fn lint_article(&self, id: &str, text: &str) -> Vec<Issue> {
        let path = path_of(id);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || !id.chars().all(plain) {
            return vec![Issue::new(1, "the id is not kebab-case", "Use a-z, 0-9 and `-`.").at(&path)];
        }
        let article = match Article::read(ArticleKind::Article, &path, text) {
            Ok(article) => article,
            Err(issue) => return vec![issue],
        };
        let line_of = |name: &str| {
            let found = text.lines().position(|line| line.contains(name)).unwrap_or_default();
            u32::try_from(found + 1).unwrap_or(1)
        };
        let mut issues = Vec::new();
        for mode in article.failure_modes.iter().filter(|mode| self.failure_mode(mode).is_none()) {
            let what = format!("there is no failure mode `{mode}`");
            issues.push(Issue::new(line_of(mode), what, "Take a name that the library lists.").at(&path));
        }
        if article.title.trim().is_empty() {
            issues
                .push(Issue::new(line_of("title:"), "the title is empty", "Say in a line what it is about.").at(&path));
        }
        if article.body.is_empty() {
            let last = u32::try_from(text.lines().count()).unwrap_or(1);
            issues
                .push(Issue::new(last, "the text is empty", "Write what an engineer should read at 03:00.").at(&path));
        }
        issues
    }
}

/// Where an article lies within a library.
pub fn path_of(id: &str) -> String {
    format!("articles/{id}.md")
}
