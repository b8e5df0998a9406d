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
