//! A Secret that stands in text as somebody printed it: one line of JSON (also inside of a JSON string), YAML in braces, or
//! a document of YAML. Every value of its data goes, whatever its name is and however short.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::form::pattern;
use crate::marks::{Marks, OPENING, mark};

/// `"kind":"Secret"`, with as many backslashes as there are strings around it.
static KIND: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"\bkind[\\"']*[ \t]*[:=][ \t]*[\\"']*Secret(?:[\\"', \t\r\n}]|$)"#));

/// Where its values begin, in braces.
static DATA: LazyLock<Regex> = LazyLock::new(|| pattern(r#"\b(?:data|stringData)[\\"']*[ \t]*[:=][ \t]*(?:map\[|\{)"#));

/// Where they begin as a block of YAML.
static BLOCK: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?m)^(?P<indent>[ \t]*)(?:data|stringData):[ \t]*(?:#[^\n]*)?\r?\n"#));

/// Bytes that are looked through for a brace: more than an API server takes for a Secret.
const FARTHEST: usize = 2 << 20;

pub(crate) fn scrub(text: &str, marks: &mut Marks, _depth: u8) -> Option<String> {
    if !text.contains("Secret") {
        return None;
    }
    let mut found: Vec<Range<usize>> = Vec::new();
    for kind in KIND.find_iter(text) {
        match braces(text, kind.start()) {
            Some(object) => in_braces(text, object, &mut found),
            None => in_block(text, kind.start(), &mut found),
        }
    }
    found.sort_by_key(|range| (range.start, range.end));
    let mut out = String::new();
    let mut copied = 0;
    for range in found {
        let value = &text[range.clone()];
        if range.start < copied || value.trim().is_empty() || value.starts_with(OPENING) {
            continue;
        }
        out.push_str(&text[copied..range.start]);
        out.push_str(&mark("secret"));
        marks.take("secret", value);
        copied = range.end;
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&text[copied..]);
    Some(out)
}

/// The braces around a place; to the end of the text where they are not closed, as in a line that was cut.
fn braces(text: &str, inside: usize) -> Option<Range<usize>> {
    let mut depth = 0;
    let far = inside.saturating_sub(FARTHEST);
    let start = text.as_bytes()[far..inside].iter().rposition(|byte| {
        match byte {
            b'}' => depth += 1,
            b'{' => depth -= 1,
            _ => {}
        }
        depth < 0
    })?;
    Some(far + start..closed(text, far + start))
}

/// The end of what a brace, or `map[`, opens. Braces in strings count too: where they do not match, more is taken.
fn closed(text: &str, open: usize) -> usize {
    let (opening, closing) = if text.as_bytes()[open] == b'[' { (b'[', b']') } else { (b'{', b'}') };
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate().skip(open).take(FARTHEST) {
        if byte == opening {
            depth += 1;
        } else if byte == closing {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    text.len()
}

fn in_braces(text: &str, object: Range<usize>, found: &mut Vec<Range<usize>>) {
    for data in DATA.find_iter(&text[object.clone()]) {
        let open = object.start + data.end() - 1;
        values(text, open + 1..closed(text, open).min(object.end), found);
    }
}

/// The values of `name: value, …`: quoted, with the quotes of a string inside of a string, or bare.
fn values(text: &str, within: Range<usize>, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut at = within.start;
    while at < within.end {
        let Some(colon) = text[at..within.end].find([':', '=']) else { break };
        let mut start = at + colon + 1;
        while start < within.end && bytes[start].is_ascii_whitespace() {
            start += 1;
        }
        let slashes = bytes[start..within.end].iter().take_while(|byte| **byte == b'\\').count();
        let quote = start + slashes;
        let end = match bytes.get(quote).filter(|byte| matches!(byte, b'"' | b'\'') && quote < within.end) {
            Some(&closing) => {
                start = quote + 1;
                end_of_string(bytes, start, within.end, closing, slashes)
            }
            None => {
                let stop = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b'\n') || byte.is_ascii_whitespace();
                start + bytes[start..within.end].iter().position(stop).unwrap_or(within.end - start)
            }
        };
        if start < end {
            found.push(start..end);
        }
        let next = text[end..within.end].find(',');
        at = next.map_or(within.end, |comma| end + comma + 1);
    }
}

/// Where a string ends that began behind so many backslashes: at its quote behind as many.
fn end_of_string(bytes: &[u8], start: usize, end: usize, closing: u8, opening: usize) -> usize {
    let mut slashes = 0;
    for (at, byte) in bytes.iter().enumerate().take(end).skip(start) {
        match byte {
            b'\\' => slashes += 1,
            byte if *byte == closing && slashes <= opening => return at - slashes,
            _ => slashes = 0,
        }
    }
    end
}

/// A document of YAML: from one `---` to the next.
fn in_block(text: &str, inside: usize, found: &mut Vec<Range<usize>>) {
    let start = text[..inside].rfind("\n---").map_or(0, |at| at + 1);
    let end = text[inside..].find("\n---").map_or(text.len(), |at| inside + at);
    for block in BLOCK.captures_iter(&text[start..end]) {
        let (Some(all), indent) = (block.get(0), block["indent"].len()) else { continue };
        let mut at = start + all.end();
        for line in text[at..end].split_inclusive('\n') {
            let inner = line.len() - line.trim_start_matches([' ', '\t']).len();
            if !line.trim().is_empty() && inner <= indent {
                break;
            }
            // What a name does not begin is the rest of a value that goes over several lines.
            let value = line.find(": ").map_or(inner, |colon| colon + 2);
            let kept = line[value..].trim_end();
            let (kept, from) = match kept.trim_start_matches(['"', '\'']) {
                inside if inside.len() < kept.len() => (inside.trim_end_matches(['"', '\'']), value + 1),
                _ => (kept, value),
            };
            if !kept.is_empty() && !matches!(kept, "|" | "|-" | ">" | ">-") && !line.trim_end().ends_with(':') {
                found.push(at + from..at + from + kept.len());
            }
            at += line.len();
        }
    }
}
