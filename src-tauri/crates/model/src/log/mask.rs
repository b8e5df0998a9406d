//! What varies in a line, replaced by what it is.

use super::stamp::stamp;

/// A word of a line: where it stands in the masked line, and whether a space is in front of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub from: usize,
    pub to: usize,
    pub apart: bool,
}

/// The line with what varies replaced, and its words. Both buffers are used again.
pub(super) fn mask(line: &str, masked: &mut String, words: &mut Vec<Word>) {
    masked.clear();
    words.clear();
    let bytes = line.as_bytes();
    let mut at = 0;
    let mut word: Option<Word> = None;
    let mut apart = false;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte.is_ascii_whitespace() {
            close(&mut word, masked, words);
            apart = true;
            at += 1;
            continue;
        }
        if word.is_none() {
            word = Some(Word { from: masked.len(), to: 0, apart });
            apart = false;
        }
        let inside = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] >= 0x80);
        if !inside && let Some((name, length)) = variable(&bytes[at..], at.checked_sub(1).map(|i| bytes[i])) {
            masked.push_str(name);
            at += length;
            continue;
        }
        if byte.is_ascii_digit() {
            masked.push_str("<num>");
            at += number(&bytes[at..]);
            continue;
        }
        let length = character(byte);
        masked.push_str(line.get(at..at + length).unwrap_or_default());
        at += length;
        // `key=value`, `"key":"value",` and lists are several words.
        if matches!(byte, b'=' | b',' | b';' | b'|') || (byte == b':' && matches!(bytes.get(at), Some(b'"'))) {
            close(&mut word, masked, words);
        }
    }
    close(&mut word, masked, words);
}

fn close(word: &mut Option<Word>, masked: &str, words: &mut Vec<Word>) {
    if let Some(done) = word.take() {
        words.push(Word { to: masked.len(), ..done });
    }
}

fn character(first: u8) -> usize {
    match first {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Something that varies at the beginning of `bytes`, where a word could begin.
fn variable(bytes: &[u8], before: Option<u8>) -> Option<(&'static str, usize)> {
    let first = *bytes.first()?;
    if first == b'/' {
        return path(bytes, before).map(|length| ("<path>", length));
    }
    if first.is_ascii_digit() {
        if let Some((_, length)) = stamp(bytes) {
            return Some(("<time>", length));
        }
        if let Some(length) = address(bytes) {
            return Some(("<ip>", length));
        }
    }
    let run = bytes.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    if run == 8
        && let Some(length) = uuid(bytes)
    {
        return Some(("<uuid>", length));
    }
    if bytes.starts_with(b"0x") {
        let hex = bytes[2..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        return (hex > 0).then_some(("<hex>", 2 + hex));
    }
    if run >= 7 && !bytes.get(run).is_some_and(u8::is_ascii_alphanumeric) {
        let digits = bytes[..run].iter().filter(|b| b.is_ascii_digit()).count();
        if digits > 0 && digits < run {
            return Some(("<hex>", run));
        }
    }
    if first.is_ascii_digit() {
        return Some(measure(bytes));
    }
    None
}

/// `12`, `1.5`, `12.5ms`, `1h2m3s`.
fn measure(bytes: &[u8]) -> (&'static str, usize) {
    let mut at = 0;
    let mut durations = 0;
    loop {
        let digits = number(&bytes[at..]);
        if digits == 0 {
            break;
        }
        let mut end = at + digits;
        if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end += 1 + number(&bytes[end + 1..]);
        }
        let rest = &bytes[end..];
        let unit = ["ns", "us", "µs", "ms", "s", "m", "h", "d"].iter().find(|unit| {
            let after = rest.get(unit.len());
            rest.starts_with(unit.as_bytes()) && !after.is_some_and(u8::is_ascii_alphabetic)
        });
        match unit {
            Some(unit) => {
                durations += 1;
                at = end + unit.len();
            }
            None if durations == 0 => return ("<num>", end),
            None => break,
        }
    }
    ("<dur>", at)
}

/// An IPv4 address with or without port.
fn address(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for part in 0..4 {
        let digits = number(&bytes[at..]);
        if digits == 0 || digits > 3 {
            return None;
        }
        at += digits;
        if part < 3 {
            if bytes.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
    }
    if bytes.get(at) == Some(&b':') {
        let port = number(&bytes[at + 1..]);
        if (1..=5).contains(&port) {
            at += 1 + port;
        }
    }
    Some(at)
}

fn uuid(bytes: &[u8]) -> Option<usize> {
    let text = bytes.get(..36)?;
    let fits = text.iter().enumerate().all(|(at, b)| match at {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    });
    fits.then_some(36)
}

/// A file's path of four parts or more: `/var/lib/kubelet/pods/…`. A shorter one, such as a route, says what it is about.
fn path(bytes: &[u8], before: Option<u8>) -> Option<usize> {
    // Not the end of `http:/` + `/host/…`.
    if matches!(before, Some(b'/' | b':')) || bytes.get(1) == Some(&b'/') {
        return None;
    }
    let length = bytes
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_' | b'~' | b'+' | b'@' | b'%'))
        .count();
    let parts = bytes[..length].split(|b| *b == b'/').filter(|part| !part.is_empty()).count();
    (parts >= 4).then_some(length)
}
