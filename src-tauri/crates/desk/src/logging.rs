//! Logs: a file a day in the state folder, redacted like everything else, seven of them kept.

use std::io::Write;
use std::sync::Arc;

use redact::Redactor;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::{DeskError, Paths};

/// Starts logging. `CASEBOARD_LOG` filters (`info` by default). Call it once.
pub fn start(paths: &Paths, redactor: Arc<Redactor>) -> Result<(), DeskError> {
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("caseboard")
        .filename_suffix("log")
        .max_log_files(7)
        .build(paths.logs())
        .map_err(|error| DeskError {
            code: "failed",
            what: format!("Could not write logs to `{}`: {error}.", paths.logs().display()),
            hint: "Caseboard goes on without logs; make the folder writable.".into(),
        })?;
    let filter = EnvFilter::try_from_env("CASEBOARD_LOG").unwrap_or_else(|_| EnvFilter::new("info,kube_client=error"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(RedactedFile { file: Arc::new(file), redactor })
        .finish();
    // A second start in one process (tests) keeps the first.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

#[derive(Clone)]
struct RedactedFile {
    file: Arc<RollingFileAppender>,
    redactor: Arc<Redactor>,
}

struct Line {
    to: RedactedFile,
}

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let redacted = self.to.redactor.text(&text);
        let mut file = self.to.file.make_writer();
        file.write_all(redacted.as_str().as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.file.make_writer().flush()
    }
}

impl<'a> MakeWriter<'a> for RedactedFile {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { to: self.clone() }
    }
}
