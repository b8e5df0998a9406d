use model::{ArticleVersion, Time};
use rusqlite::{OptionalExtension, Row, params};

use super::DeskFile;
use crate::Result;

const NEWEST: &str = "
    SELECT id, version, at, author, text FROM article_versions v
    WHERE version = (SELECT max(version) FROM article_versions n WHERE n.id = v.id) ORDER BY id";
const VERSIONS: &str = "SELECT id, version, at, author, text FROM article_versions WHERE id = ?1 ORDER BY version DESC";

impl DeskFile {
    /// Stores a new version; the same text again makes none and gives the current one. An empty text is a version too: the
    /// team has no article of its own any more.
    pub fn put_article(&self, author: &str, at: Time, id: &str, text: &str) -> Result<ArticleVersion> {
        const ACT: &str = "write an article to";
        let error = |e: rusqlite::Error| self.store.error(ACT, &e);
        self.store.write(ACT, |transaction| {
            let current =
                transaction.query_row(&format!("{VERSIONS} LIMIT 1"), [id], read).optional().map_err(error)?;
            let version = match current {
                Some(current) if current.text == text => return Ok(current),
                Some(current) => current.version + 1,
                None => 1,
            };
            transaction
                .execute(
                    "INSERT INTO article_versions (id, version, at, author, text) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![id, version, at.0, author, text],
                )
                .map_err(error)?;
            Ok(ArticleVersion { id: id.to_owned(), version, at, author: author.to_owned(), text: text.to_owned() })
        })
    }

    /// The newest version of each article, those with an empty text among them, by id.
    pub fn articles(&self) -> Result<Vec<ArticleVersion>> {
        self.article_rows(NEWEST, &[])
    }

    /// All versions of one article, newest first.
    pub fn article_versions(&self, id: &str) -> Result<Vec<ArticleVersion>> {
        self.article_rows(VERSIONS, &[id])
    }

    fn article_rows(&self, sql: &str, values: &[&str]) -> Result<Vec<ArticleVersion>> {
        let error = |e: rusqlite::Error| self.store.error("read", &e);
        self.store.read("read", |reader| {
            let mut statement = reader.prepare_cached(sql).map_err(error)?;
            statement
                .query_map(rusqlite::params_from_iter(values), read)
                .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
                .map_err(error)
        })
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<ArticleVersion> {
    Ok(ArticleVersion {
        id: row.get(0)?,
        version: row.get(1)?,
        at: Time(row.get(2)?),
        author: row.get(3)?,
        text: row.get(4)?,
    })
}
