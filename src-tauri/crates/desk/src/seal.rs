//! The signed head of a case: what shows that facts were cut off at its end.
//!
//! The hash chain finds what was altered, removed or moved within a case; only somebody who remembers the last hash can tell
//! that the end is missing. A [`Seal`] is that memory: the last hash, signed with Ed25519 by a key that stands in the
//! system's keyring and nowhere else. It lies beside the exported file as `NAME.case.sig`.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::{CaseId, Time};
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::models::{in_keyring_at, no_keyring_for};
use crate::{Desk, DeskError};

/// How the keyring knows the key.
const ENTRY: &str = "audit/signing-key";

/// Where a case stood when somebody signed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    pub case: CaseId,
    /// The number of the last event.
    pub seq: u64,
    /// Its hash.
    pub head: String,
    pub at: Time,
    /// Ed25519, in base64.
    pub public_key: String,
    pub signature: String,
}

/// What a seal says of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sealed {
    /// The first letters of a digest of the public key: what two people compare.
    pub key: String,
    pub by: SignedBy,
    pub at: Time,
    pub seq: u64,
    /// Each in a sentence; empty where the seal holds.
    pub findings: Vec<String>,
}

/// Whose key signed. A seal carries its public key along, and whoever forges a case can sign it anew with a key of his own:
/// only a key that is known from elsewhere says who it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedBy {
    /// The one in this machine's keyring.
    ThisMachine,
    /// The one that was given to compare with.
    Given,
    /// One that nobody here vouches for.
    Unknown,
}

/// The keys that are known from elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownKeys {
    /// What [`Sealed::key`] must be: all of it or its beginning, at least eight letters.
    pub given: Option<String>,
    /// What it is for the key of this machine's keyring; none where there is no key or no keyring.
    pub own: Option<String>,
}

/// Below this a beginning of a key's digest is no proof of it.
const SHORTEST_KEY: usize = 8;

impl KnownKeys {
    /// The key of this machine's keyring, where there is one. None is made. It may wait for a person who unlocks the keyring.
    pub fn of_this_machine() -> Self {
        let stored = in_keyring_at(ENTRY, |entry| entry.get_password()).ok();
        let pkcs8 = stored.and_then(|text| STANDARD.decode(text.trim()).ok());
        let pair = pkcs8.and_then(|pkcs8| Ed25519KeyPair::from_pkcs8(&pkcs8).ok());
        KnownKeys { given: None, own: pair.map(|pair| fingerprint(pair.public_key().as_ref())) }
    }

    /// The same, and the key must be this one.
    ///
    /// # Errors
    ///
    /// Where it is too short to tell keys apart.
    pub fn and_given(self, key: &str) -> Result<Self, DeskError> {
        let key = key.trim().to_ascii_lowercase();
        if key.len() < SHORTEST_KEY || !key.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(DeskError::bad_request(
                format!("`{key}` is no key's digest."),
                format!("Give the letters that `caseboard audit sign` printed, at least {SHORTEST_KEY} of them."),
            ));
        }
        Ok(KnownKeys { given: Some(key), ..self })
    }
}

fn fingerprint(public_key: &[u8]) -> String {
    model::digest_hex(&[public_key])[..16].to_owned()
}

/// What is signed.
fn said(case: CaseId, seq: u64, head: &str, at: Time) -> Vec<u8> {
    format!("caseboard head 1\n{case}\n{seq}\n{head}\n{}", at.0).into_bytes()
}

/// Signs with a key in PKCS #8.
fn sign(pkcs8: &[u8], case: CaseId, seq: u64, head: &str, at: Time) -> Result<Seal, String> {
    let pair =
        Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|error| format!("the key in the keyring cannot be read: {error}"))?;
    let signature = pair.sign(&said(case, seq, head, at));
    Ok(Seal {
        case,
        seq,
        head: head.to_owned(),
        at,
        public_key: STANDARD.encode(pair.public_key().as_ref()),
        signature: STANDARD.encode(signature.as_ref()),
    })
}

impl Seal {
    /// Where the seal of a file lies.
    pub fn beside(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".sig");
        PathBuf::from(name)
    }

    pub fn read(path: &Path) -> Result<Seal, DeskError> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
        text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string())).map_err(|why| DeskError {
            code: "damaged",
            what: format!("The seal `{}` cannot be read: {why}.", path.display()),
            hint: "Ask for it again.".into(),
        })
    }

    /// The first letters of a digest of the public key: what two people compare.
    pub fn key(&self) -> String {
        fingerprint(&STANDARD.decode(&self.public_key).unwrap_or_default())
    }

    /// What it says of a case with these hashes of its events, first to last.
    pub fn check(&self, case: CaseId, hashes: &[String], known: &KnownKeys) -> Sealed {
        let mut findings = Vec::new();
        let decode = |text: &str| STANDARD.decode(text).unwrap_or_default();
        let key = decode(&self.public_key);
        let message = said(self.case, self.seq, &self.head, self.at);
        if UnparsedPublicKey::new(&ED25519, &key).verify(&message, &decode(&self.signature)).is_err() {
            findings.push("the signature is not of what the seal says".to_owned());
        }
        if self.case != case {
            findings.push(format!("the seal is of case {}, the file holds case {case}", self.case));
        }
        let told = self.key();
        let by = match &known.given {
            Some(given) if told.starts_with(given.as_str()) => SignedBy::Given,
            Some(given) => {
                findings.push(format!("it is signed by key {told}, not by key {given}"));
                SignedBy::Unknown
            }
            None if known.own.as_ref() == Some(&told) => SignedBy::ThisMachine,
            None => SignedBy::Unknown,
        };
        let place = usize::try_from(self.seq).unwrap_or(usize::MAX).wrapping_sub(1);
        match hashes.get(place) {
            Some(hash) if *hash == self.head => {}
            Some(_) => findings.push(format!("event {} is not the one that was signed", self.seq)),
            None => findings.push(format!(
                "{} events were signed and {} are there: the others were cut off",
                self.seq,
                hashes.len()
            )),
        }
        Sealed { key: told, by, at: self.at, seq: self.seq, findings }
    }
}

impl Desk {
    /// Signs where a case stands, with the key of this machine's keyring; the first time makes one. It may wait for a person
    /// who unlocks the keyring.
    pub fn seal_case(&self, case: CaseId) -> Result<Seal, DeskError> {
        let hashes = self.file.hashes(case)?;
        let Some(head) = hashes.last() else {
            return Err(DeskError::not_found("There is no such case on this desk."));
        };
        let key = signing_key()?;
        sign(&key, case, hashes.len() as u64, head, self.clock.now()).map_err(|why| DeskError {
            code: "failed",
            what: format!("The case was not signed: {why}."),
            hint: "Remove the entry `caseboard audit/signing-key` from the keyring; a new key is made then.".into(),
        })
    }

    /// Signs the case and puts the seal beside its file.
    pub fn seal_file(&self, case: CaseId, path: &Path) -> Result<(PathBuf, Seal), DeskError> {
        let seal = self.seal_case(case)?;
        let beside = Seal::beside(path);
        let text = serde_json::to_string_pretty(&seal).unwrap_or_default();
        std::fs::write(&beside, text).map_err(|error| DeskError {
            code: "failed",
            what: format!("Could not write `{}`: {error}.", beside.display()),
            hint: "Choose a folder that you can write to.".into(),
        })?;
        Ok((beside, seal))
    }
}

fn signing_key() -> Result<Vec<u8>, DeskError> {
    let read = in_keyring_at(ENTRY, |entry| entry.get_password());
    match read {
        Ok(text) => STANDARD.decode(text.trim()).map_err(|_| DeskError {
            code: "failed",
            what: "The signing key in the keyring is damaged.".into(),
            hint: "Remove the entry `caseboard audit/signing-key`; a new key is made then.".into(),
        }),
        Err(keyring::Error::NoEntry) => {
            let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| DeskError {
                code: "failed",
                what: "No signing key could be made: this machine gives no random numbers.".into(),
                hint: "Try again.".into(),
            })?;
            let text = STANDARD.encode(made.as_ref());
            in_keyring_at(ENTRY, |entry| entry.set_password(&text))
                .map_err(|error| no_keyring_for("the signing key", &error))?;
            Ok(made.as_ref().to_vec())
        }
        Err(error) => Err(no_keyring_for("the signing key", &error)),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

    use super::*;

    fn hashes(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("hash-{number}")).collect()
    }

    #[test]
    fn a_seal_finds_what_was_cut_off_replaced_or_signed_by_nobody() {
        let case = CaseId(uuid::Uuid::from_u128(1));
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let seal = sign(key.as_ref(), case, 3, "hash-2", Time(5)).unwrap();
        let nobody = KnownKeys::default();
        assert!(seal.check(case, &hashes(3), &nobody).findings.is_empty());
        assert!(
            seal.check(case, &hashes(7), &nobody).findings.is_empty(),
            "what came later was not signed, and is no finding"
        );
        assert!(seal.check(case, &hashes(2), &nobody).findings[0].contains("cut off"));
        assert!(
            seal.check(CaseId(uuid::Uuid::from_u128(2)), &hashes(3), &nobody).findings[0]
                .contains("the seal is of case")
        );
        let mut others = hashes(3);
        others[2] = "another".into();
        assert!(seal.check(case, &others, &nobody).findings[0].contains("not the one that was signed"));
        // A head that somebody wrote into the seal has no signature.
        let forged = Seal { head: "another".into(), ..seal.clone() };
        assert!(forged.check(case, &others, &nobody).findings[0].contains("signature"));
        let other = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let by_another = sign(other.as_ref(), case, 3, "another", Time(5)).unwrap();
        let of = |key: &str| KnownKeys { given: None, own: Some(key.to_owned()) };
        let signed_anew = by_another.check(case, &others, &of(&seal.key()));
        assert!(signed_anew.findings.is_empty());
        assert_eq!(signed_anew.by, SignedBy::Unknown, "whoever alters a case can sign it, with a key of his own");
        assert_eq!(seal.check(case, &hashes(3), &of(&seal.key())).by, SignedBy::ThisMachine);
        let given = nobody.and_given(&seal.key().to_uppercase()[..10]).unwrap();
        assert_eq!(seal.check(case, &hashes(3), &given).by, SignedBy::Given);
        let not_given = by_another.check(case, &others, &given);
        assert!(not_given.findings[0].contains("not by key"), "{:?}", not_given.findings);
        assert!(
            KnownKeys::default().and_given("abc").is_err() && KnownKeys::default().and_given("no-hex-digits").is_err()
        );
    }
}
