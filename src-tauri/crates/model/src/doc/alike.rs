//! Documents that resemble each other, read by what is different in them.

use serde::de::DeserializeSeed;

use super::pool::{Builder, Built, Open, Pool};
use super::read::Seed;
use super::shape::ShapeRef;
use super::{Doc, Node};

/// As deep as `serde_json` reads.
const DEEPEST: u8 = 126;

/// Reads one JSON document after the other. Where one says the same, byte by byte, as the one that was remembered, it
/// gets the same nodes; only the rest is read. Versions of an object, which differ in a few fields, are read at the speed
/// of comparing memory.
///
/// Only what is written without white space, and maps whose keys need no escape, are understood; the caller reads
/// anything else in the usual way.
pub struct Alike<'p> {
    builder: Builder<'p>,
    known: Remembered,
}

#[derive(Default)]
struct Remembered {
    text: Vec<u8>,
    /// Each value before those inside of it.
    parts: Vec<Part>,
}

/// Where a value stands in the remembered text.
struct Part {
    /// Its key with the quotes and the colon; in a list, the value itself.
    key: u32,
    start: u32,
    end: u32,
    /// The part that follows when those inside of this one are over.
    next: u32,
    built: Built,
}

impl<'p> Alike<'p> {
    pub fn new(pool: &'p Pool) -> Self {
        Alike { builder: Builder::new(pool), known: Remembered::default() }
    }

    /// Hands over the fields of the map that `json` is, in their order. `false` where it is not understood; some may have
    /// been handed over by then.
    pub fn fields(&mut self, json: &[u8], field: impl FnMut(&str, Doc)) -> bool {
        self.pass(json, None, field)
    }

    /// As [`Alike::fields`], and remembers this one for those that follow.
    pub fn remember(&mut self, json: &[u8], field: impl FnMut(&str, Doc)) -> bool {
        let mut parts = Vec::with_capacity(self.known.parts.len());
        let understood = self.pass(json, Some(&mut parts), field);
        if understood {
            self.known.text.clear();
            self.known.text.extend_from_slice(json);
            self.known.parts = parts;
        }
        understood
    }

    fn pass(&mut self, json: &[u8], parts: Option<&mut Vec<Part>>, mut field: impl FnMut(&str, Doc)) -> bool {
        let Ok(text) = std::str::from_utf8(json) else { return false };
        if u32::try_from(text.len()).is_err() {
            return false;
        }
        let open = self.builder.open();
        let mut pass = Pass { text, at: 0, builder: &mut self.builder, known: &self.known, parts };
        let place = pass.begin(0);
        let like = pass.known.parts.first().map(|_| 0);
        let whole = text.starts_with('{') && pass.inside_map(like, 0).is_some() && pass.at == text.len();
        if whole {
            pass.end(place, 0, &Built::null());
            self.builder.drain(open, &mut field);
        }
        self.builder.back_to(open);
        whole
    }
}

/// One reading. `None` is what is not understood.
struct Pass<'a, 'p> {
    text: &'a str,
    at: usize,
    builder: &'a mut Builder<'p>,
    known: &'a Remembered,
    parts: Option<&'a mut Vec<Part>>,
}

impl Pass<'_, '_> {
    fn begin(&mut self, key: usize) -> usize {
        let start = self.at as u32;
        self.parts.as_mut().map_or(0, |parts| {
            parts.push(Part { key: key as u32, start, end: start, next: 0, built: Built::null() });
            parts.len() - 1
        })
    }

    fn end(&mut self, place: usize, start: usize, built: &Built) {
        if let Some(parts) = &mut self.parts {
            let next = parts.len() as u32;
            if let Some(part) = parts.get_mut(place) {
                (part.start, part.end, part.next, part.built) = (start as u32, self.at as u32, next, built.clone());
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// A value that may be the one at the place `like`; its key began at `key`.
    fn value(&mut self, key: usize, like: Option<usize>, depth: u8) -> Option<Built> {
        let (start, place) = (self.at, self.begin(key));
        let built = match self.repeated(like) {
            Some(known) => known,
            None => self.new_value(like, depth)?,
        };
        self.end(place, start, &built);
        Some(built)
    }

    fn repeated(&mut self, like: Option<usize>) -> Option<Built> {
        let part = self.known.parts.get(like?)?;
        let said = self.known.text.get(part.start as usize..part.end as usize)?;
        // What does not end by itself may go on in this text.
        let ends = matches!(said.first(), Some(b'{' | b'[' | b'"'));
        if !ends || !self.text.as_bytes().get(self.at..)?.starts_with(said) {
            return None;
        }
        self.at += said.len();
        Some(part.built.clone())
    }

    fn new_value(&mut self, like: Option<usize>, depth: u8) -> Option<Built> {
        let first = self.peek()?;
        // Of another kind, it has nothing inside to compare with.
        let like = like.filter(|like| {
            let start = self.known.parts.get(*like).map_or(0, |part| part.start as usize);
            self.known.text.get(start) == Some(&first)
        });
        match first {
            b'{' => {
                let open = self.builder.open();
                let shape = self.inside_map(like, depth)?;
                Some(match shape {
                    Some(shape) => self.builder.map_of(open, shape),
                    None => self.builder.map(open),
                })
            }
            b'[' => self.list(like, depth),
            b'"' => self.string(),
            b't' => self.word("true", Node::Bool(true)),
            b'f' => self.word("false", Node::Bool(false)),
            b'n' => self.word("null", Node::Null),
            _ => self.number(),
        }
    }

    /// Adds keys and values of a map; gives its shape where that is the one of the map it is like.
    fn inside_map(&mut self, like: Option<usize>, depth: u8) -> Option<Option<ShapeRef>> {
        if depth >= DEEPEST {
            return None;
        }
        let (mut child, after) = self.children(like);
        let (mut count, mut same) = (0, like.is_some());
        self.eat(b'{')?;
        while count > 0 || self.peek()? != b'}' {
            let (key, here) = (self.at, self.find_key(child, after));
            same &= here == Some(child);
            match here {
                Some(place) => {
                    let part = &self.known.parts[place];
                    let quoted = &self.text[self.at..self.at + (part.start - part.key) as usize];
                    self.builder.key(&quoted[1..quoted.len() - 2]);
                    self.at += quoted.len();
                    child = part.next as usize;
                }
                None => {
                    let end = self.plain_string()?;
                    self.builder.key(&self.text[self.at + 1..end]);
                    self.at = end + 1;
                    self.eat(b':')?;
                }
            }
            let value = self.value(key, here, depth + 1)?;
            self.builder.push(value);
            count += 1;
            if self.eat(b',').is_none() {
                break;
            }
        }
        self.eat(b'}')?;
        same &= child == after;
        let shape = like.filter(|_| same).and_then(|like| shape_of(&self.known.parts[like].built.doc));
        // Where a key was there twice, the shape has it once.
        Some(shape.filter(|shape| shape.len() == count))
    }

    /// The first of the parts inside of one, and where they are over.
    fn children(&self, like: Option<usize>) -> (usize, usize) {
        let parts = &self.known.parts;
        like.and_then(|like| Some((like + 1, parts.get(like)?.next as usize))).unwrap_or((0, 0))
    }

    /// The part whose key is next, if it is `child` or one that follows.
    fn find_key(&self, mut child: usize, after: usize) -> Option<usize> {
        let text = self.text.as_bytes().get(self.at..)?;
        while child < after {
            let part = self.known.parts.get(child)?;
            if text.starts_with(self.known.text.get(part.key as usize..part.start as usize)?) {
                return Some(child);
            }
            child = part.next as usize;
        }
        None
    }

    fn list(&mut self, like: Option<usize>, depth: u8) -> Option<Built> {
        if depth >= DEEPEST {
            return None;
        }
        let open: Open = self.builder.open();
        let (mut child, after) = self.children(like);
        self.eat(b'[')?;
        let mut first = true;
        while !first || self.peek()? != b']' {
            first = false;
            let here = (child < after).then_some(child);
            let value = self.value(self.at, here, depth + 1)?;
            self.builder.push(value);
            if let Some(part) = here.and_then(|here| self.known.parts.get(here)) {
                child = part.next as usize;
            }
            if self.eat(b',').is_none() {
                break;
            }
        }
        self.eat(b']')?;
        Some(self.builder.list(open))
    }

    /// Where the text that begins here ends, if none of it needs unescaping.
    fn plain_string(&self) -> Option<usize> {
        let inside = self.text.as_bytes().get(self.at + 1..).filter(|_| self.peek() == Some(b'"'))?;
        let end = inside.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        (inside[end] == b'"').then_some(self.at + 1 + end)
    }

    fn string(&mut self) -> Option<Built> {
        if let Some(end) = self.plain_string() {
            let built = self.builder.text(&self.text[self.at + 1..end]);
            self.at = end + 1;
            return Some(built);
        }
        let mut escaped = false;
        let inside = self.text.as_bytes().get(self.at + 1..)?;
        let end = inside.iter().position(|byte| {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        })?;
        let whole = &self.text[self.at..self.at + end + 2];
        let text: String = serde_json::from_str(whole).ok()?;
        self.at += whole.len();
        Some(self.builder.text(&text))
    }

    fn word(&mut self, word: &str, node: Node) -> Option<Built> {
        self.text[self.at..].starts_with(word).then(|| self.at += word.len())?;
        Some(self.builder.scalar(node))
    }

    fn number(&mut self) -> Option<Built> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let length = rest
            .iter()
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .unwrap_or(rest.len());
        let mut reader = serde_json::Deserializer::from_slice(&rest[..length]);
        let built = Seed(self.builder).deserialize(&mut reader).ok()?;
        reader.end().ok()?;
        self.at += length;
        Some(built)
    }
}

fn shape_of(doc: &Doc) -> Option<ShapeRef> {
    match &doc.0 {
        Node::Map(map) => Some(map.header.header.clone()),
        Node::Variant(variant) => Some(variant.header.header.map.header.header.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
