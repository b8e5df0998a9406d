use crate::rows::Problem;

/// What the desk could not do. `code` is for programs: `not_found`, `refused`, `changed`, `unavailable`, `damaged`,
/// `bad_request`, `failed`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {hint}")]
pub struct DeskError {
    pub code: &'static str,
    /// What was attempted and why it failed, a sentence.
    pub what: String,
    /// What to do next, a sentence.
    pub hint: String,
}

impl DeskError {
    pub fn not_found(what: impl Into<String>) -> Self {
        DeskError { code: "not_found", what: what.into(), hint: "Reload the list and choose again.".into() }
    }

    pub fn bad_request(what: impl Into<String>, hint: impl Into<String>) -> Self {
        DeskError { code: "bad_request", what: what.into(), hint: hint.into() }
    }

    /// The same as something to show beside what goes on.
    pub fn problem(&self) -> Problem {
        Problem { what: self.what.clone(), why: String::new(), hint: self.hint.clone() }
    }
}

impl From<history::Error> for DeskError {
    fn from(error: history::Error) -> Self {
        let (code, hint) = match &error {
            history::Error::Store { act: "open", .. } => {
                ("not_found", "Check that the path is right and that you may read and write there.")
            }
            history::Error::Store { .. } => ("failed", "Check that the disk is not full and the folder is writable."),
            history::Error::Damaged { .. } => ("damaged", ""),
            history::Error::Missing { .. } => ("not_found", "Reload the list and choose again."),
            history::Error::Duplicate { .. } => ("changed", "Somebody was faster; look at the call again."),
        };
        DeskError { code, what: sentence(&error.to_string()), hint: hint.into() }
    }
}

impl From<gate::Refused> for DeskError {
    fn from(refused: gate::Refused) -> Self {
        match refused {
            gate::Refused::Store(error) => error.into(),
            gate::Refused::Changed => DeskError {
                code: "changed",
                what: "The call changed since it was shown.".into(),
                hint: "Look at it again, then decide.".into(),
            },
            gate::Refused::NoSuchCall(_) => DeskError::not_found(sentence(&refused.to_string())),
            gate::Refused::NotYours { .. } | gate::Refused::PastTheGate => DeskError {
                code: "refused",
                what: sentence(&refused.to_string()),
                hint: "Decide on the call in its card.".into(),
            },
            gate::Refused::NotNow(_) => DeskError {
                code: "refused",
                what: sentence(&format!("this cannot be done to the call now: {refused}")),
                hint: "The call was decided meanwhile; look at it again.".into(),
            },
        }
    }
}

impl From<investigate::RunnerError> for DeskError {
    fn from(error: investigate::RunnerError) -> Self {
        match error {
            investigate::RunnerError::Refused(refused) => refused.into(),
            investigate::RunnerError::Store(error) => error.into(),
            investigate::RunnerError::Stopped => DeskError {
                code: "stopped",
                what: sentence(&error.to_string()),
                hint: "Start the investigation again; it goes on where the case stands.".into(),
            },
            investigate::RunnerError::Unfoldable(error) => DeskError {
                code: "damaged",
                what: format!("The case cannot be continued: {error}."),
                hint: "Check it with `caseboard audit verify`; what it holds can still be read and exported.".into(),
            },
        }
    }
}

/// With a capital first letter and a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let mut out: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    out.push_str(chars.as_str());
    full_stop(&out)
}

/// With a full stop.
pub(crate) fn full_stop(text: &str) -> String {
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{text}{end}")
}
