//! Articles that the team wrote: versioned in the desk's file, over those of the library.

use std::collections::BTreeMap;

use crate::rows::{ArticleView, Update};
use crate::{Desk, DeskError};

impl Desk {
    /// An article as it is written now, and every version that the team stored.
    pub fn article(&self, id: &str) -> Result<ArticleView, DeskError> {
        let versions = self.file.article_versions(id)?;
        let text = self.library().text(&knowledge::article_path(id)).unwrap_or_default().to_owned();
        if versions.is_empty() && text.is_empty() {
            return Err(DeskError::not_found(format!("There is no article `{id}`.")));
        }
        Ok(ArticleView { id: id.to_owned(), text, versions })
    }

    /// Checks an article and stores it as a new version; the library has it at once. An empty text takes the team's own
    /// away: what the library has under this name counts again.
    pub fn put_article(&self, id: &str, text: &str) -> Result<ArticleView, DeskError> {
        let text = if text.trim().is_empty() { "" } else { text };
        if let Some(issue) = self.library().lint_article(id, text).into_iter().find(|_| !text.is_empty()) {
            return Err(DeskError::bad_request(issue.to_string(), issue.hint));
        }
        if text.is_empty() && self.file.article_versions(id)?.is_empty() {
            return Err(DeskError::bad_request(
                format!("The article `{id}` is not the team's own."),
                "Write a text over it; what comes with the library stays.",
            ));
        }
        self.file.put_article(&self.engineer_name(), self.clock.now(), id, text)?;
        if self.lay_articles()? {
            self.tell(Update::KnowledgeChanged);
        }
        self.article(id)
    }

    /// Lays the team's articles over the library; gives whether it is different then.
    pub(crate) fn lay_articles(&self) -> Result<bool, DeskError> {
        let own: BTreeMap<String, String> = self
            .file
            .articles()?
            .into_iter()
            .filter(|version| !version.text.is_empty())
            .map(|version| (knowledge::article_path(&version.id), version.text))
            .collect();
        Ok(self.shelf.lay_over(own))
    }
}

#[cfg(test)]
mod tests;
