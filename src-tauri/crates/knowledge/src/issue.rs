use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Something wrong with one file of the library. It costs only that file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct Issue {
    /// The file, relative to its library folder where it lies in one.
    pub path: String,
    /// Counted from 1; 0 where the whole file is meant.
    pub line: u32,
    pub what: String,
    pub hint: String,
    /// An earlier version of the file is still in use.
    pub kept_last_good: bool,
}

impl Issue {
    pub(crate) fn new(line: u32, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Issue { path: String::new(), line, what: what.into(), hint: hint.into(), kept_last_good: false }
    }

    pub(crate) fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}. {}", self.path, self.line, self.what, self.hint)
    }
}
