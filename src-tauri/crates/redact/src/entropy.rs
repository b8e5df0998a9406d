//! What is too random to be anything but a secret, and secrets inside of base64.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use regex::Regex;

use crate::form::pattern;
use crate::marks::{Marks, mark, replace};

static LONG: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z0-9+/_-]{20,}={0,2}"));

/// Certificates and public keys are random, and public.
static PUBLIC: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"-----BEGIN (?:[A-Z0-9]+ )*(?:CERTIFICATE|CERTIFICATE REQUEST|PUBLIC KEY|CRL)-----[A-Za-z0-9+/=\s\\]*")
});

/// Shorter strings are random too easily: a pod's hash, a request id.
const SHORTEST: usize = 32;
/// Bits per character. Random base64 of 32 characters has about 4.5, names of classes and paths stay under 4.
const RANDOM: f64 = 4.0;
/// Random letters seldom make a longer run of small ones; words do.
const LONGEST_WORD: usize = 7;

pub(crate) fn scrub(text: &str, marks: &mut Marks, depth: u8) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    let public: Vec<_> = PUBLIC.find_iter(text).map(|block| block.range()).collect();
    for found in LONG.find_iter(text) {
        if public.iter().any(|block| block.contains(&found.start())) {
            continue;
        }
        let Some(kind) = judge(found.as_str(), depth) else { continue };
        out.push_str(&text[copied..found.start()]);
        out.push_str(&mark(kind));
        marks.take(kind, found.as_str());
        copied = found.end();
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&text[copied..]);
    Some(out)
}

fn judge(found: &str, depth: u8) -> Option<&'static str> {
    if let Some(inside) = decoded(found) {
        // Text in base64 is judged by what it says: a certificate is public, `password: …` is not.
        let mut marks = Marks::default();
        crate::scrub(&inside, &mut marks, depth + 1);
        return (!marks.is_empty()).then_some("secret");
    }
    found.trim_end_matches('=').split('/').any(is_random).then_some("high-entropy")
}

/// One part of a URL with signs that are encoded.
static PERCENT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[A-Za-z0-9._~+/:@!$*,;-]*%[0-9A-Fa-f]{2}[A-Za-z0-9%._~+/:@!$*,;-]*"));

/// Percent-encoded text is judged by what it says, as base64 is.
pub(crate) fn percent(text: &str, marks: &mut Marks, depth: u8) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    replace(text, &PERCENT, marks, |found, _| {
        let part = found.get(0)?;
        let inside = percent_decoded(part.as_str())?;
        let mut marks = Marks::default();
        crate::scrub(&inside, &mut marks, depth + 1);
        marks.kind().map(|kind| (part.range(), kind))
    })
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, digits.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (byte, _) => {
                bytes.push(*byte);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// The text that the string encodes, where it is text.
pub(crate) fn decoded(found: &str) -> Option<String> {
    let engine = if found.ends_with('=') { &STANDARD } else { &STANDARD_NO_PAD };
    let bytes = engine.decode(found).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let printable = text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace());
    printable.then_some(text)
}

fn is_random(part: &str) -> bool {
    if part.len() < SHORTEST || is_hexadecimal(part) {
        return false;
    }
    let count = |is: fn(&u8) -> bool| part.bytes().filter(is).count();
    let mixed =
        count(u8::is_ascii_digit) >= 2 && count(u8::is_ascii_uppercase) >= 2 && count(u8::is_ascii_lowercase) >= 2;
    mixed && longest_word(part) <= LONGEST_WORD && bits_per_character(part) >= RANDOM
}

/// Commit ids, digests, uids, trace ids.
fn is_hexadecimal(part: &str) -> bool {
    part.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-' || b == b'_')
}

fn longest_word(part: &str) -> usize {
    part.split(|c: char| !c.is_ascii_lowercase()).map(str::len).max().unwrap_or(0)
}

/// Shannon's entropy.
pub(crate) fn bits_per_character(part: &str) -> f64 {
    let mut counts = [0u32; 256];
    for byte in part.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let all = part.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / all)
        .map(|share| -share * share.log2())
        .sum()
}
