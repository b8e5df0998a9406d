/// Puts lines that belong together into one entry: a stack trace follows the line it explains.
///
/// Give it each line in order, and [`Entries::rest`] at the end.
#[derive(Debug, Default)]
pub struct Entries {
    held: String,
    /// Inside of Python's `Traceback`, whose last line is not indented.
    traceback: bool,
    /// Inside of a Go dump, which ends with an empty line or something that is no frame.
    goroutine: bool,
}

/// An entry longer than this goes on as another one.
const LONGEST: usize = 64 << 10;

impl Entries {
    /// The entry before this line, where the line begins a new one.
    pub fn add(&mut self, line: &str) -> Option<String> {
        if !self.held.is_empty() && self.held.len() + line.len() < LONGEST && self.continues(line) {
            self.held.push('\n');
            self.held.push_str(line);
            return None;
        }
        self.traceback = line.starts_with("Traceback (") || line.contains(": Traceback (");
        self.goroutine = line.starts_with("panic: ") || line.starts_with("fatal error: ") || is_goroutine(line);
        let before = std::mem::replace(&mut self.held, line.to_owned());
        (!before.is_empty()).then_some(before)
    }

    /// The last entry.
    pub fn rest(&mut self) -> Option<String> {
        (self.traceback, self.goroutine) = (false, false);
        let last = std::mem::take(&mut self.held);
        (!last.is_empty()).then_some(last)
    }

    fn continues(&mut self, line: &str) -> bool {
        if line.starts_with([' ', '\t']) || line.is_empty() {
            return true;
        }
        if self.traceback {
            // `ValueError: …` ends it; "During handling …" begins the next one of the same chain.
            self.traceback = line.starts_with("Traceback (")
                || line.starts_with("During handling of")
                || line.starts_with("The above exception was");
            return true;
        }
        if line.starts_with("Traceback (") && self.held.ends_with('\n') {
            self.traceback = true;
            return true;
        }
        if self.goroutine {
            let frame = is_goroutine(line)
                || line.starts_with("created by ")
                || line.starts_with("[signal ")
                || line.starts_with("exit status ")
                || (line.ends_with(')') && line.contains('(') && !line.contains(' '));
            self.goroutine = frame;
            return frame;
        }
        line.starts_with("Caused by: ")
            || line.starts_with("Suppressed: ")
            || line.starts_with("at ") && line.ends_with(')')
            || matches!(line, "}" | ")" | "]" | "});" | "};")
    }
}

fn is_goroutine(line: &str) -> bool {
    line.starts_with("goroutine ") && line.contains('[')
}
