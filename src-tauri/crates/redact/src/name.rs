//! Whether a name is the name of a secret.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::entropy::bits_per_character;

/// One of these is in every name below.
static HINTS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant of this crate; a test compiles it")]
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(["pass", "pw", "secret", "token", "key", "cred", "auth", "conn"])
        .expect("eight words")
});

/// Whether a secret's name could be in the text: far cheaper than the patterns, and most strings of a cluster have none.
pub(crate) fn could_name(text: &str) -> bool {
    HINTS.is_match(text)
}

/// A last word that makes it something about a secret instead: where it is, how long it lives, how many there are.
const ABOUT: &[&str] = &[
    "age",
    "alg",
    "algorithm",
    "annotation",
    "arn",
    "cache",
    "class",
    "controller",
    "count",
    "created",
    "dir",
    "directory",
    "disabled",
    "enabled",
    "encoding",
    "endpoint",
    "error",
    "errors",
    "exists",
    "expiration",
    "expires",
    "expiry",
    "field",
    "file",
    "files",
    "format",
    "found",
    "header",
    "host",
    "id",
    "index",
    "issuer",
    "kind",
    "label",
    "len",
    "length",
    "limit",
    "manager",
    "max",
    "min",
    "mode",
    "mount",
    "name",
    "names",
    "namespace",
    "ns",
    "path",
    "policy",
    "port",
    "prefix",
    "provider",
    "ref",
    "reference",
    "refs",
    "rejected",
    "request",
    "requests",
    "required",
    "resolver",
    "review",
    "rotation",
    "seconds",
    "selector",
    "size",
    "source",
    "state",
    "status",
    "store",
    "suffix",
    "template",
    "timeout",
    "tokens",
    "ttl",
    "type",
    "updated",
    "uri",
    "url",
    "usage",
    "used",
    "user",
    "username",
    "valid",
    "version",
    "volume",
];

const PASSWORDS: &[&str] = &["password", "passwords", "passwd", "passphrase", "passcode", "pwd"];
const TOKENS: &[&str] = &["token", "apikey"];
const SECRETS: &[&str] = &["secret", "credential", "credentials"];
/// Before `key`: a key that opens something.
const KEYS: &[&str] = &[
    "access",
    "account",
    "api",
    "app",
    "auth",
    "client",
    "encryption",
    "license",
    "master",
    "private",
    "secret",
    "service",
    "session",
    "shared",
    "signing",
    "ssh",
    "storage",
    "subscription",
];
/// Spelled without a boundary before them: `PGPASSWORD`, `authtoken`.
const ENDINGS: &[(&str, &str)] = &[
    ("password", "password"),
    ("passwd", "password"),
    ("passphrase", "password"),
    ("pwd", "password"),
    ("secret", "secret"),
    ("token", "token"),
    ("apikey", "token"),
    ("accesskey", "token"),
    ("secretkey", "token"),
    ("privatekey", "private-key"),
    ("credentials", "secret"),
];

/// The kind of secret that a value of this name is; `None` where the name promises none.
pub(crate) fn kind_of(name: &str) -> Option<&'static str> {
    if !could_name(name) {
        return None;
    }
    let words = words(name);
    let last = words.last()?;
    if ABOUT.contains(&last.as_str()) {
        return None;
    }
    for (at, word) in words.iter().enumerate() {
        let word = word.as_str();
        if PASSWORDS.contains(&word) {
            return Some("password");
        }
        if word == "key" && at > 0 && KEYS.contains(&words[at - 1].as_str()) {
            return Some(if words[at - 1] == "private" { "private-key" } else { "token" });
        }
        if TOKENS.contains(&word) {
            return Some("token");
        }
    }
    if words.iter().any(|word| SECRETS.contains(&word.as_str())) {
        return Some("secret");
    }
    if words.len() > 1 && matches!(last.as_str(), "pass" | "pw" | "auth") {
        return Some("password");
    }
    if words.windows(2).any(|pair| pair[0] == "connection" && pair[1] == "string") {
        return Some("secret");
    }
    ENDINGS.iter().find(|(ending, _)| last.ends_with(ending)).map(|(_, kind)| *kind)
}

/// Whether the value itself is the password, not a number that says something about it.
pub(crate) fn is_password(name: &str) -> bool {
    words(name).last().is_some_and(|last| PASSWORDS.iter().any(|word| last.ends_with(word)))
}

/// Lower-case words of a name in any of the usual spellings, trailing digits left out.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    let mut letters = name.trim_end_matches(|c: char| c.is_ascii_digit()).chars().peekable();
    while let Some(letter) = letters.next() {
        let next_is_small = letters.peek().is_some_and(|next| next.is_lowercase());
        let begins = letter.is_uppercase() && (before.is_lowercase() || (before.is_uppercase() && next_is_small));
        if !letter.is_alphanumeric() || begins {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Letters mixed with digits, or signs that words do not have: what a credential looks like and prose does not.
pub(crate) fn is_credential_like(value: &str) -> bool {
    let digit = value.bytes().any(|b| b.is_ascii_digit());
    let letter = value.bytes().any(|b| b.is_ascii_alphabetic());
    let sign = value.bytes().any(|b| b"!#$%^&*~+=".contains(&b));
    value.len() >= 6 && letter && (digit || sign)
}

/// A value that hides nothing: empty, a placeholder, a word of configuration, a mark, a reference.
pub(crate) fn is_harmless(value: &str) -> bool {
    const WORDS: &[&str] =
        &["true", "false", "null", "nil", "none", "yes", "no", "undefined", "unset", "empty", "changeme", "n/a"];
    let value = value.trim();
    value.is_empty()
        || WORDS.contains(&value.to_ascii_lowercase().as_str())
        || value.bytes().all(|b| b == b'*' || b == b'.' || b == b'-')
        || value.eq_ignore_ascii_case("xxx")
        || ["[redacted", "$(", "${", "{{", "<", "%(", "vault:", "secretkeyref", "configmapkeyref"]
            .iter()
            .any(|start| value.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start)))
        || is_path(value)
}

/// `/etc/tls/tls.key`, `./token`, `C:\keys\id`.
fn is_path(value: &str) -> bool {
    let rest = value.strip_prefix('.').unwrap_or(value);
    // A key in base64 may begin with a slash as well.
    let is_random = rest.len() >= 32 && !rest.contains(['.', '-', '_']) && bits_per_character(rest) >= 4.3;
    rest.starts_with('/') && rest[1..].contains('/') && !rest.contains(['=', '+', '$']) && !is_random
}

/// What Kubernetes calls things: `db-credentials`, `shop/db-credentials`, and not what is random in a part of it.
pub(crate) fn is_object_name(value: &str) -> bool {
    // A part that is longer than the hashes that Kubernetes adds to names, and as mixed.
    let is_random = |part: &str| {
        part.len() >= 12
            && part.bytes().filter(u8::is_ascii_digit).count() >= 3
            && part.bytes().any(|b| b.is_ascii_alphabetic())
    };
    if value.split(['-', '.', '/']).any(is_random) {
        return false;
    }
    let label = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
            && part.starts_with(|c: char| c.is_ascii_lowercase())
    };
    match value.split_once('/') {
        Some((namespace, name)) => label(namespace) && label(name),
        None => label(value) && (value.contains('-') || value.bytes().all(|b| b.is_ascii_lowercase())),
    }
}
