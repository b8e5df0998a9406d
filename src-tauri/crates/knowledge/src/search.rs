use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Library;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HitKind {
    FailureMode,
    Article,
    Specialist,
}

/// Something that the library has about the words that were asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Hit {
    pub kind: HitKind,
    pub id: String,
    pub title: String,
    /// The first line of the text that has one of the words.
    pub excerpt: String,
    pub score: f64,
}

impl Library {
    /// Failure modes, articles and specialists that have the words, best first. A word counts more the rarer it is, and
    /// more in an id or a title than in the text.
    pub fn search(&self, query: &str, at_most: usize) -> Vec<Hit> {
        let words: Vec<String> = words(query);
        let mut pages: Vec<(HitKind, &str, &str, &str)> = Vec::new();
        pages.extend(self.failure_modes().map(|m| (HitKind::FailureMode, &*m.id, &*m.title, &*m.body)));
        pages.extend(self.articles().map(|a| (HitKind::Article, &*a.id, &*a.title, &*a.body)));
        pages.extend(self.specialists().map(|a| (HitKind::Specialist, &*a.id, &*a.title, &*a.body)));

        let texts: Vec<[Vec<String>; 3]> =
            pages.iter().map(|(_, id, title, body)| [self::words(id), self::words(title), self::words(body)]).collect();
        let mut spread: BTreeMap<&str, usize> = BTreeMap::new();
        for word in &words {
            let with = texts.iter().filter(|t| t.iter().any(|part| part.contains(word))).count();
            spread.insert(word, with);
        }
        let mut hits: Vec<Hit> = pages
            .iter()
            .zip(&texts)
            .filter_map(|((kind, id, title, body), parts)| {
                let mut score = 0.0;
                for word in &words {
                    let rarity = (1.0 + pages.len() as f64 / (1.0 + spread[word.as_str()] as f64)).ln();
                    let times = parts[2].iter().filter(|w| *w == word).count() as f64;
                    score += rarity * (times / (times + 2.0));
                    score += if parts[0].contains(word) { 2.0 * rarity } else { 0.0 };
                    score += if parts[1].contains(word) { 1.5 * rarity } else { 0.0 };
                }
                let excerpt = excerpt(body, &words).to_owned();
                (score > 0.0).then(|| Hit {
                    kind: *kind,
                    id: (*id).to_owned(),
                    title: (*title).to_owned(),
                    excerpt,
                    score,
                })
            })
            .collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
        hits.truncate(at_most);
        hits
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| w.len() > 1).map(str::to_lowercase).collect()
}

fn excerpt<'a>(body: &'a str, wanted: &[String]) -> &'a str {
    let has = |line: &&str| words(line).iter().any(|w| wanted.contains(w));
    body.lines().find(has).or_else(|| body.lines().find(|l| !l.is_empty() && !l.starts_with('#'))).unwrap_or("").trim()
}
