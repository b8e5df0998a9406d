use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;
use uuid::Uuid;

use crate::Text;

/// `obs:` and 24 hexadecimal digits: a digest of cluster, times, source, subject and body, so that the same fact
/// learnt twice has one id and a citation can be checked against what it cites. Any other text is kept as it is.
#[derive(Clone, PartialEq, Eq, Hash, TS)]
#[ts(type = "string")]
pub struct ObservationId(#[ts(skip)] Id);

/// Each text in one way only, so that ids are equal where their texts are.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Id {
    Digest([u8; ObservationId::BYTES]),
    Other(Text),
}

impl ObservationId {
    const BYTES: usize = 12;
    const PREFIX: &'static str = "obs:";

    pub(crate) fn of_digest(digest: &blake3::Hash) -> Self {
        let mut bytes = [0; ObservationId::BYTES];
        bytes.copy_from_slice(&digest.as_bytes()[..ObservationId::BYTES]);
        ObservationId(Id::Digest(bytes))
    }

    /// The bytes of the digest, where the id has the usual form, or else its text.
    pub fn parts(&self) -> Result<[u8; Self::BYTES], &str> {
        match &self.0 {
            Id::Digest(bytes) => Ok(*bytes),
            Id::Other(text) => Err(text),
        }
    }
}

/// The bytes of the digest.
impl From<[u8; ObservationId::BYTES]> for ObservationId {
    fn from(bytes: [u8; ObservationId::BYTES]) -> Self {
        ObservationId(Id::Digest(bytes))
    }
}

impl From<&str> for ObservationId {
    fn from(text: &str) -> Self {
        fn digest(text: &str) -> Option<[u8; ObservationId::BYTES]> {
            let digits = text.strip_prefix(ObservationId::PREFIX)?.as_bytes();
            let mut bytes = [0; ObservationId::BYTES];
            if digits.len() != 2 * bytes.len() {
                return None;
            }
            let digit = |digit: u8| match digit {
                b'0'..=b'9' => Some(digit - b'0'),
                b'a'..=b'f' => Some(digit - b'a' + 10),
                _ => None,
            };
            for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
                *byte = digit(pair[0])? << 4 | digit(pair[1])?;
            }
            Some(bytes)
        }
        ObservationId(digest(text).map_or_else(|| Id::Other(text.into()), Id::Digest))
    }
}

impl From<String> for ObservationId {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl fmt::Display for ObservationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Id::Digest(bytes) => {
                f.write_str(ObservationId::PREFIX)?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Id::Other(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for ObservationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObservationId({:?})", self.to_string())
    }
}

/// In the order of the texts.
impl Ord for ObservationId {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Id::Digest(a), Id::Digest(b)) => a.cmp(b),
            (Id::Other(a), Id::Other(b)) => a.cmp(b),
            (Id::Digest(_), Id::Other(b)) => self.to_string().as_str().cmp(b.as_str()),
            (Id::Other(a), Id::Digest(_)) => a.as_str().cmp(other.to_string().as_str()),
        }
    }
}

impl PartialOrd for ObservationId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for ObservationId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObservationId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'_, str>>::deserialize(deserializer).map(|text| (&*text).into())
    }
}

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
