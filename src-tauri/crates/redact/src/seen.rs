//! What was taken out once is known from then on, wherever it stands: alone in a log line, in base64, in a URL.

use std::collections::{HashSet, VecDeque};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::marks::{Marks, mark};
use crate::name::{is_credential_like, is_harmless, is_object_name};

/// How many values are remembered; the oldest goes first.
const MOST: usize = 2_048;
/// Shorter values are words too easily.
const SHORTEST: usize = 8;
/// Longer ones are files; what they are made of is found by its form.
const LONGEST: usize = 1_024;
/// A shorter encoded form is met by chance.
const SHORTEST_FORM: usize = 8;
/// So many new forms are looked for one by one before the automaton is built anew.
const FRESH: usize = 256;
/// A value of fewer characters counts only where it stands alone.
const ALONE: usize = 12;

/// Values in plain text, in memory only. They are never written, shown or serialized.
#[derive(Default)]
pub(crate) struct Seen(RwLock<Known>);

#[derive(Default)]
struct Known {
    values: VecDeque<(Box<str>, &'static str)>,
    index: HashSet<Box<str>>,
    /// Finds every form of the values that were known when it was built; the kind of each of its patterns.
    built: Option<(AhoCorasick, Vec<&'static str>)>,
    /// The forms of what was learned since.
    fresh: Vec<String>,
}

impl Seen {
    pub fn learn(&self, value: &str, kind: &'static str) {
        let value = value.trim();
        if !is_memorable(value, kind) || self.known().index.contains(value) {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.values.len() >= MOST
            && let Some((oldest, _)) = known.values.pop_front()
        {
            known.index.remove(&oldest);
        }
        if known.index.insert(value.into()) {
            known.values.push_back((value.into(), kind));
            known.fresh.extend(forms(value));
        }
    }

    pub fn scrub(&self, text: &str, marks: &mut Marks) -> Option<String> {
        if text.len() < SHORTEST {
            return None;
        }
        // A cluster that is listed teaches much in a short time, and building costs as much as all that is known.
        let must_build = {
            let known = self.known();
            known.fresh.len() > FRESH + known.values.len()
                || known.fresh.iter().any(|form| text.contains(form.as_str()))
        };
        if must_build {
            self.build();
        }
        let known = self.known();
        let (automaton, kinds) = known.built.as_ref()?;
        let (mut out, mut copied) = (String::new(), 0);
        for hit in automaton.find_iter(text) {
            if hit.len() < ALONE && is_joined(text, hit.start(), hit.end()) {
                continue;
            }
            let kind = kinds[hit.pattern().as_usize()];
            out.push_str(&text[copied..hit.start()]);
            out.push_str(&mark(kind));
            marks.count(kind);
            copied = hit.end();
        }
        if copied == 0 {
            return None;
        }
        out.push_str(&text[copied..]);
        Some(out)
    }

    fn build(&self) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let (mut texts, mut kinds) = (Vec::new(), Vec::new());
        for (value, kind) in &known.values {
            for form in forms(value) {
                texts.push(form);
                kinds.push(*kind);
            }
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts).ok();
        known.built = automaton.map(|automaton| (automaton, kinds));
        known.fresh = Vec::new();
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the value is told from words and names: what is not could be met in any sentence.
fn is_memorable(value: &str, kind: &str) -> bool {
    let fits = (SHORTEST..=LONGEST).contains(&value.len());
    let plain = kind == "e-mail" || is_harmless(value) || is_object_name(value);
    let mixed = value.bytes().any(|b| b.is_ascii_uppercase()) && value.bytes().any(|b| b.is_ascii_lowercase());
    fits && !plain && !value.contains('\n') && (is_credential_like(value) || (mixed && value.len() >= ALONE))
}

fn is_joined(text: &str, start: usize, end: usize) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric();
    text[..start].chars().next_back().is_some_and(word) || text[end..].chars().next().is_some_and(word)
}

/// The value as it is, as a JSON string writes it, percent-encoded, and in base64 wherever in a longer text it stands.
fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    if let Ok(json) = serde_json::to_string(value) {
        forms.push(json[1..json.len() - 1].to_owned());
    }
    for upper in [true, false] {
        forms.push(percent_encoded(value, upper));
    }
    for before in 0..3_usize {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(value.as_bytes());
        let encoded = STANDARD_NO_PAD.encode(&bytes);
        // Only characters whose six bits are all of the value.
        let from = (before * 8).div_ceil(6);
        let to = bytes.len() * 8 / 6;
        let sure = &encoded[from.min(to)..to];
        if sure.len() >= SHORTEST_FORM {
            forms.push(sure.to_owned());
            forms.push(sure.replace('+', "-").replace('/', "_"));
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

fn percent_encoded(value: &str, upper: bool) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte if upper => out.push_str(&format!("%{byte:02X}")),
            byte => out.push_str(&format!("%{byte:02x}")),
        }
    }
    out
}
