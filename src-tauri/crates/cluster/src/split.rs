//! Cuts an API server's answer into objects while it arrives. Pure.
//!
//! A list of ten thousand objects is never held whole: each of its items is handed out when its last byte has come, so
//! that an odd or a huge one costs itself only, and the first rows are there before the last byte is.

/// What an answer is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One JSON document a line: a watch.
    Lines,
    /// One document with an array `items`: a list.
    List,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// One whole object as it was sent.
    Object(&'a [u8]),
    /// One that was longer than allowed, and was not kept.
    TooLarge { bytes: usize },
}

/// Cuts the bytes of one answer.
pub(crate) struct Splitter {
    shape: Shape,
    /// An object of more bytes is passed over.
    largest: usize,
    /// The object that is arriving; empty where it is too large.
    piece: Vec<u8>,
    /// Its bytes so far, kept or not.
    bytes: usize,
    /// What a list says beside its items.
    frame: Vec<u8>,
    place: Place,
    depth: u32,
    text: Text,
    /// What was handed out is cleared with the next call, so that it can be borrowed until then.
    done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Around the items, or before the first byte of a line.
    Outside,
    /// In the list's array, between two items.
    Between,
    /// In an item with a structure.
    Inside,
    /// In an item without one: `null`, a number.
    Scalar,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    No,
    Yes,
    Escaped,
}

/// How much a list may say beside its items.
const LARGEST_FRAME: usize = 256 * 1024;

impl Splitter {
    pub(crate) fn new(shape: Shape, largest: usize) -> Self {
        Splitter {
            shape,
            largest,
            piece: Vec::new(),
            bytes: 0,
            frame: Vec::new(),
            place: Place::Outside,
            depth: 0,
            text: Text::No,
            done: false,
        }
    }

    /// The next whole object, taken off the front of `rest`; `None` where more bytes are needed.
    pub(crate) fn next<'a>(&'a mut self, rest: &mut &[u8]) -> Option<Piece<'a>> {
        if std::mem::take(&mut self.done) {
            self.piece.clear();
            self.piece.shrink_to(64 * 1024);
            self.bytes = 0;
        }
        let found = match self.shape {
            Shape::Lines => self.line(rest),
            Shape::List => self.item(rest),
        };
        if !found {
            return None;
        }
        self.done = true;
        Some(if self.bytes > self.largest { Piece::TooLarge { bytes: self.bytes } } else { Piece::Object(&self.piece) })
    }

    /// What a list said beside its items, where it came to its end; `None` where it broke off.
    pub(crate) fn frame(&self) -> Option<&[u8]> {
        let whole = self.place == Place::Outside && self.depth == 0 && self.text == Text::No;
        (whole && !self.frame.is_empty() && self.frame.len() < LARGEST_FRAME).then_some(&self.frame)
    }

    /// What a list says before its items, up to their `[`, while they come.
    pub(crate) fn head(&self) -> Option<&[u8]> {
        let among = matches!(self.place, Place::Between | Place::Inside | Place::Scalar);
        (among && self.frame.len() < LARGEST_FRAME).then_some(&self.frame)
    }

    fn line(&mut self, rest: &mut &[u8]) -> bool {
        loop {
            let Some(end) = memchr::memchr(b'\n', rest) else {
                self.keep(rest);
                *rest = &[];
                return false;
            };
            let (line, after) = rest.split_at(end);
            self.keep(line);
            *rest = &after[1..];
            if self.bytes > self.largest || self.piece.iter().any(|byte| !byte.is_ascii_whitespace()) {
                return true;
            }
            self.piece.clear();
            self.bytes = 0;
        }
    }

    fn item(&mut self, rest: &mut &[u8]) -> bool {
        let mut at = 0;
        let mut kept = 0;
        while at < rest.len() {
            if self.text != Text::No {
                at = self.in_text(rest, at);
                continue;
            }
            // Between strings only structure matters.
            let byte = rest[at];
            match self.place {
                Place::Outside => match byte {
                    b'"' => self.text = Text::Yes,
                    b'{' | b'[' => {
                        self.depth += 1;
                        if byte == b'[' && self.depth == 2 && names_items(&self.frame, &rest[kept..at]) {
                            at += 1;
                            self.outside(&rest[kept..at]);
                            kept = at;
                            self.place = Place::Between;
                            continue;
                        }
                    }
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                },
                Place::Between => match byte {
                    b'{' | b'[' => {
                        kept = at;
                        self.place = Place::Inside;
                        self.depth += 1;
                    }
                    b']' => {
                        kept = at;
                        self.depth -= 1;
                        self.place = Place::Outside;
                    }
                    b',' => {}
                    byte if byte.is_ascii_whitespace() => {}
                    _ => {
                        kept = at;
                        self.place = Place::Scalar;
                        continue;
                    }
                },
                Place::Inside => match byte {
                    b'"' => self.text = Text::Yes,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => {
                        self.depth -= 1;
                        if self.depth == 2 {
                            at += 1;
                            self.keep(&rest[kept..at]);
                            self.place = Place::Between;
                            *rest = &rest[at..];
                            return true;
                        }
                    }
                    _ => {}
                },
                Place::Scalar => match byte {
                    b'"' => self.text = Text::Yes,
                    b',' | b']' => {
                        self.keep(&rest[kept..at]);
                        self.place = Place::Between;
                        *rest = &rest[at..];
                        return true;
                    }
                    _ => {}
                },
            }
            at += 1;
        }
        match self.place {
            Place::Outside => self.outside(&rest[kept..]),
            Place::Between => {}
            Place::Inside | Place::Scalar => self.keep(&rest[kept..]),
        }
        *rest = &[];
        false
    }

    /// Goes to the end of the string that `at` stands in, or of the bytes.
    fn in_text(&mut self, bytes: &[u8], mut at: usize) -> usize {
        if self.text == Text::Escaped {
            self.text = Text::Yes;
            return at + 1;
        }
        match memchr::memchr2(b'"', b'\\', &bytes[at..]) {
            None => at = bytes.len(),
            Some(found) => {
                at += found + 1;
                self.text = if bytes[at - 1] == b'"' { Text::No } else { Text::Escaped };
            }
        }
        at
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        if self.bytes <= self.largest {
            self.piece.extend_from_slice(bytes);
        } else if !self.piece.is_empty() {
            self.piece = Vec::new();
        }
    }

    fn outside(&mut self, bytes: &[u8]) {
        let room = LARGEST_FRAME.saturating_sub(self.frame.len());
        self.frame.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// Whether what stands before a `[` is `"items":`.
fn names_items(before: &[u8], bytes: &[u8]) -> bool {
    let mut last = before.iter().chain(bytes).rev().filter(|byte| !byte.is_ascii_whitespace());
    last.next() == Some(&b':') && b"\"items\"".iter().rev().all(|expected| last.next() == Some(expected))
}

#[cfg(test)]
mod tests;
