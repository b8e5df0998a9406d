use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(transparent)]
        #[ts(type = "string")]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(transparent)]
        #[ts(type = "string")]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map($name)
            }
        }
    };
}

text_id! {
    /// `obs:` and 24 hexadecimal digits: a digest of cluster, times, source, subject and body, so that the same fact
    /// learnt twice has one id and a citation can be checked against what it cites.
    ObservationId
}
text_id! {
    /// `cluster:` and a digest of (source file, context name, server), or of a recorded file's first observations.
    ClusterId
}
text_id! {
    /// `incident:` and a digest of (cluster, origin or first subject, first failure mode, start): the same history gives
    /// the same id.
    IncidentId
}
uuid_id! {
    /// One case: the unit of work.
    CaseId
}
uuid_id! {
    /// One tool call of a case, over all its revisions.
    CallId
}
