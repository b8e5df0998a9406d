use std::collections::BTreeMap;
use std::sync::Arc;

use model::{CheckedCitation, Fact, Observation, ObservationId, canonical_json};

/// Everything a model may cite, under short labels: what code found out, and results that were released.
#[derive(Default)]
pub(crate) struct Ledger {
    entries: Vec<Entry>,
    /// What was shown without being evidence, and where it came from.
    words: Vec<(ObservationId, String)>,
}

struct Entry {
    kind: Kind,
    ids: Vec<ObservationId>,
    /// As it was shown, with blanks made even and in lower case.
    shown: String,
    /// What the observations say, likewise.
    stored: Vec<(ObservationId, String)>,
    /// A specialist quoted it rightly: who does not see the text may rely on that.
    vouched: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Fact,
    Result,
}

/// Shorter quotes are found anywhere.
const SHORTEST_QUOTE: usize = 4;

/// Shorter words stand in every description of a tool.
const LONG_WORDS: usize = 8;

impl Ledger {
    /// The label of something that code found out. The same fact keeps its label.
    pub fn fact(&mut self, fact: &Fact) -> String {
        let shown = even(&fact.says);
        let ids: Vec<ObservationId> = fact.evidence.iter().rev().cloned().collect();
        let same = |entry: &Entry| entry.kind == Kind::Fact && entry.shown == shown && entry.ids == ids;
        if let Some(known) = self.entries.iter().position(same) {
            return label(known);
        }
        self.put(Entry { kind: Kind::Fact, ids, shown, stored: Vec::new(), vouched: false })
    }

    /// The label of a released result. `text` is what was released.
    pub fn result(&mut self, text: &str, observations: &[Arc<Observation>]) -> String {
        let stored = observations.iter().map(|o| (o.id.clone(), even(&words_of(o)))).collect();
        let ids = observations.iter().map(|o| o.id.clone()).collect();
        self.put(Entry { kind: Kind::Result, ids, shown: even(text), stored, vouched: false })
    }

    /// Words of a cluster, or of another program, that nobody can cite and a model reads all the same.
    pub fn words(&mut self, from: &str, text: &str) {
        self.words.push((ObservationId::from(from), even(text)));
    }

    fn put(&mut self, entry: Entry) -> String {
        self.entries.push(entry);
        label(self.entries.len() - 1)
    }

    fn entry(&self, cited: &str) -> Option<usize> {
        let digits = cited.trim().trim_matches(['[', ']', '(', ')', '`']).trim_start_matches(['e', 'E']);
        let number: usize = digits.parse().ok()?;
        (1..=self.entries.len()).contains(&number).then(|| number - 1)
    }

    /// Looks a citation up: the evidence must exist, rest on an observation, and have the quoted words.
    pub fn check(&self, cited: &str, quote: &str) -> CheckedCitation {
        let answer = |id: Option<ObservationId>, why: &str| CheckedCitation {
            label: cited.trim().to_owned(),
            holds: why.is_empty(),
            id,
            quote: quote.trim().to_owned(),
            why: why.to_owned(),
        };
        let Some(entry) = self.entry(cited).map(|index| &self.entries[index]) else {
            return answer(None, "there is no such evidence");
        };
        let Some(first) = entry.ids.first() else {
            return answer(None, "nothing was observed there");
        };
        if quote.trim().is_empty() {
            let relied_on = entry.kind == Kind::Fact || entry.vouched;
            return answer(Some(first.clone()), if relied_on { "" } else { "no words of it are quoted" });
        }
        // What was left out of a quote is marked by dots.
        let quote = even(quote).replace('…', "...");
        let parts: Vec<&str> = quote.split("...").map(|part| part.trim_matches(['"', '“', '”', ' '])).collect();
        let long: Vec<&&str> = parts.iter().filter(|part| part.chars().count() >= SHORTEST_QUOTE).collect();
        if long.is_empty() {
            return answer(Some(first.clone()), "the quote is too short to be found");
        }
        let stands_in = |text: &str| long.iter().all(|part| text.contains(**part));
        if let Some((id, _)) = entry.stored.iter().find(|(_, text)| stands_in(text)) {
            return answer(Some(id.clone()), "");
        }
        let why = if stands_in(&entry.shown) { "" } else { "the quoted words do not stand there" };
        answer(Some(first.clone()), why)
    }

    /// A quote of it was checked and holds.
    pub fn vouch(&mut self, cited: &str) {
        if let Some(index) = self.entry(cited) {
            self.entries[index].vouched = true;
        }
    }

    /// The observation whose text holds this value, if a cluster wrote it somewhere that was shown.
    pub fn source_of(&self, value: &str) -> Option<ObservationId> {
        let value = even(value);
        if value.chars().count() < 3 {
            return None;
        }
        let in_stored = || {
            let all = self.entries.iter().flat_map(|entry| &entry.stored);
            all.into_iter().find(|(_, text)| text.contains(&value)).map(|(id, _)| id.clone())
        };
        let shown = self.entries.iter().find(|entry| entry.shown.contains(&value));
        let in_words = || {
            let long = value.chars().count() >= LONG_WORDS;
            let found = self.words.iter().find(|(_, text)| long && text.contains(&value));
            found.map(|(from, _)| from.clone())
        };
        in_stored().or_else(|| shown.and_then(|entry| entry.ids.first().cloned())).or_else(in_words)
    }

    /// Takes what clusters wrote out of a text that goes from one speaker to another: runs of words that stand in a
    /// result are replaced by its label.
    pub fn without_cluster_text(&self, text: &str) -> String {
        const RUN: usize = 5;
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut out: Vec<String> = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let window = |length: usize| even(&words[at..at + length].join(" "));
            // A single long word can be a payload, too.
            let first = if words[at].chars().count() >= 32 { 1 } else { RUN };
            let found = (at + first <= words.len()).then(|| self.result_with(&window(first))).flatten();
            let Some(index) = found else {
                out.push(words[at].to_owned());
                at += 1;
                continue;
            };
            let mut length = first;
            while at + length < words.len() && self.entries[index].holds(&window(length + 1)) {
                length += 1;
            }
            out.push(format!("[words of {}]", label(index)));
            at += length;
        }
        out.join(" ")
    }

    fn result_with(&self, words: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.kind == Kind::Result && entry.holds(words))
    }
}

impl Entry {
    fn holds(&self, words: &str) -> bool {
        self.shown.contains(words) || self.stored.iter().any(|(_, text)| text.contains(words))
    }
}

fn label(index: usize) -> String {
    format!("e{}", index + 1)
}

/// Every text of an observation, and its body as it is kept.
fn words_of(observation: &Observation) -> String {
    let value = serde_json::to_value(&observation.body).unwrap_or_default();
    let mut text = String::new();
    let mut rest = vec![&value];
    while let Some(value) = rest.pop() {
        match value {
            serde_json::Value::String(words) => {
                text.push_str(words);
                text.push('\n');
            }
            serde_json::Value::Array(items) => rest.extend(items),
            serde_json::Value::Object(map) => rest.extend(map.values()),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
        }
    }
    text.push_str(&canonical_json(&value));
    text
}

/// Lower case, every run of blanks one blank: how words are compared.
pub(crate) fn even(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Counts of citations: those that do not hold, and all.
pub(crate) fn counted<'a>(claims: impl IntoIterator<Item = &'a model::Claim>) -> (u32, u32) {
    let mut counts: BTreeMap<bool, u32> = BTreeMap::new();
    for citation in claims.into_iter().flat_map(|claim| &claim.evidence) {
        *counts.entry(citation.holds).or_default() += 1;
    }
    let of = |holds: bool| counts.get(&holds).copied().unwrap_or_default();
    (of(false), of(false) + of(true))
}
