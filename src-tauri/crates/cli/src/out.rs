//! The only place that prints on stdout.

use std::io::Write;

use serde::Serialize;

use crate::Failed;

/// A line (or several) on stdout. A reader that went away ends the output, not the program.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// One JSON document on stdout.
pub fn json(value: &impl Serialize) -> Result<(), Failed> {
    match serde_json::to_string_pretty(value) {
        Ok(text) => {
            line(&text);
            Ok(())
        }
        Err(error) => Err(Failed::Act(desk::DeskError {
            code: "failed",
            what: format!("The answer could not be written as JSON: {error}."),
            hint: "Please report this.".into(),
        })),
    }
}

/// How far something is, on stderr: a line that follows itself on a terminal, lines in a log.
pub fn progress(text: &str) {
    use std::io::IsTerminal;
    let mut stderr = std::io::stderr().lock();
    let _ = if stderr.is_terminal() { write!(stderr, "\r\x1b[2K{text}") } else { writeln!(stderr, "{text}") };
    let _ = stderr.flush();
}

/// A line on stderr, for people.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
