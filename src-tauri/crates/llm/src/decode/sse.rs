//! Server-sent events, as the HTML standard reads them. Nothing here connects again.

/// The largest event: an answer is far smaller, and a server that never ends a line must not fill the memory.
const LARGEST: usize = 8 << 20;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub data: String,
}

#[derive(Default)]
pub(super) struct Sse {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// The last byte was a carriage return: a line feed that follows belongs to it.
    after_return: bool,
    begun: bool,
}

impl Sse {
    pub fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<(), &'static str> {
        for byte in bytes {
            let after_return = std::mem::take(&mut self.after_return);
            match byte {
                b'\n' if after_return => {}
                b'\n' => self.end_of_line(events),
                b'\r' => {
                    self.after_return = true;
                    self.end_of_line(events);
                }
                byte => {
                    self.line.push(*byte);
                    if self.line.len() + self.data.len() > LARGEST {
                        return Err("a piece of it has more than 8 MB");
                    }
                }
            }
        }
        Ok(())
    }

    /// An event whose empty line is missing counts; one whose own line is cut does not.
    pub fn finish(&mut self, events: &mut Vec<Event>) {
        if self.line.is_empty() {
            self.dispatch(events);
        }
    }

    fn end_of_line(&mut self, events: &mut Vec<Event>) {
        let line = std::mem::take(&mut self.line);
        let line = if self.begun { &line[..] } else { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line) };
        self.begun = true;
        if line.is_empty() {
            return self.dispatch(events);
        }
        let Some(rest) = line.strip_prefix(b"data") else { return };
        let value = match rest {
            [] => &[],
            [b':', b' ', value @ ..] | [b':', value @ ..] => value,
            _ => return,
        };
        if self.has_data {
            self.data.push(b'\n');
        }
        self.has_data = true;
        self.data.extend_from_slice(value);
    }

    fn dispatch(&mut self, events: &mut Vec<Event>) {
        let data = std::mem::take(&mut self.data);
        if std::mem::take(&mut self.has_data) {
            events.push(Event { data: String::from_utf8_lossy(&data).into_owned() });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<String> {
        let (mut sse, mut events) = (Sse::default(), Vec::new());
        for piece in pieces {
            assert_eq!(sse.feed(piece, &mut events), Ok(()));
        }
        sse.finish(&mut events);
        events.into_iter().map(|event| event.data).collect()
    }

    #[test]
    fn lines_comments_and_fields_are_read_as_the_standard_says() {
        let text = "\u{feff}: hello\r\nevent: x\r\ndata: a\r\ndata:b\r\n\r\nid: 7\ndata\n\ndatabase: no\n\ndata:  two\r\rretry: 1";
        assert_eq!(read(&[text.as_bytes()]), ["a\nb", "", " two"]);
        assert_eq!(read(&[b"data: whole\ndata: cut"]), Vec::<String>::new(), "half an event is none");
        assert_eq!(read(&[b"data: whole\n"]), ["whole"], "only the empty line is missing");
    }

    #[test]
    fn an_event_without_an_end_does_not_fill_the_memory() {
        let (mut sse, mut events) = (Sse::default(), Vec::new());
        let piece = vec![b'x'; 1 << 20];
        assert!((0..64).any(|_| sse.feed(&piece, &mut events).is_err()));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_does_not_matter_where_the_bytes_are_cut(
            text in "((data: ?|event: |:|data)?[a-zé→\u{1f600}]{0,5}(\r\n|\n|\r)){0,12}", cut in 0usize..200
        ) {
            let bytes = text.as_bytes();
            let cut = cut.min(bytes.len());
            let one: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(read(&[&bytes[..cut], &bytes[cut..]]), read(&[bytes]));
            prop_assert_eq!(read(&one), read(&[bytes]));
        }
    }
}
