//! What has the form of a secret, whatever stands around it.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::{Captures, Regex};

use crate::marks::{Find, Marks, OPENING, replace};
use crate::name::is_credential_like;

/// Compiles one of the patterns below. They are constants: a test compiles each.
pub(crate) fn pattern(text: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "a constant of this crate; a test compiles each")]
    Regex::new(text).expect("a pattern of this crate")
}

/// To the end of the block, or where the end is cut off, to the end of what looks like its body.
static PRIVATE_KEY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?s:.*?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\:,-]*)",
    )
});

/// Tokens that say who issued them.
static ISSUED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)
        (?P<cloud>
            \b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b
          | \bAIza[0-9A-Za-z_-]{35}
          | \bya29\.[0-9A-Za-z_-]{20,}
          | \bGOCSPX-[0-9A-Za-z_-]{20,}
          | \bdo[opr]_v1_[a-f0-9]{64}\b
          | \bLTAI[A-Za-z0-9]{12,26}\b
        )
      | (?P<token>
            \beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?
          | \bgh[pousr]_[A-Za-z0-9]{30,}
          | \bgithub_pat_[A-Za-z0-9_]{22,}
          | \bgl(?:pat|ptt|dt|rt|cbt|soat|agent|oas|ft|imt|ffct)-[A-Za-z0-9_-]{20,}
          | \bxox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}
          | \bxapp-[0-9]-[A-Za-z0-9-]{10,}
          | \bhooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{20,}
          | \b[rs]k_(?:live|test)_[0-9A-Za-z]{16,}
          | \bwhsec_[0-9A-Za-z+/=]{20,}
          | \bnpm_[A-Za-z0-9]{36}\b
          | \bpypi-[A-Za-z0-9_-]{40,}
          | \bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}
          | \bhv[sbr]\.[A-Za-z0-9_-]{20,}
          | \bsk-(?:proj-|ant-|or-)?[A-Za-z0-9_-]{20,}
          | \bhf_[A-Za-z0-9]{30,}
          | \bNRAK-[A-Z0-9]{27}
          | \bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}
          | \bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}
          | \bAGE-SECRET-KEY-1[A-Z0-9]{50,}
          | \b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}
          | \bglc_[A-Za-z0-9+/=]{32,}
          | \bglsa_[A-Za-z0-9]{32}_[a-fA-F0-9]{8}
          | \bdapi[a-f0-9]{32}(?:-[0-9])?
          | \bdt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}
          | \bsecret-token:[A-Za-z0-9%._~-]{10,}
        )",
    )
});

/// A header that carries a credential, or its value alone.
static HEADER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?ix)
        \b(?:proxy-)?authorization["'\\\]]*\s*[:=]\s*[\["'\\]*(?P<scheme>(?:bearer|basic|token|digest|apikey|negotiate|aws4-hmac-sha256)\s+)?(?P<auth>[^\s"'\\\]]+)
      | \bbearer\s+(?P<bearer>[A-Za-z0-9._~+/=-]{8,})
      | \bbasic\s+(?P<basic>[A-Za-z0-9+/]{8,}={0,2})
      | \b(?:set-)?cookie["'\\]*\s*:\s*["'\\]*(?P<cookie>[^\s"'\\=]+=[^\r\n"'\\]+)"#,
    )
});

/// The password in `scheme://user:password@host` and in a Go data source name.
static USERINFO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?x)
        \b[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@"'<>\\]*:(?P<url>[^\s"'<>\\]+)@[\w\[$\{(]
      | \b[\w.-]+:(?P<dsn>[^\s@:/"']+)@(?:tcp|unix)\("#,
    )
});

/// The password in `curl -u user:password`, in SQL and in a netrc; the signature of a signed URL.
static GIVEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?x)
        (?:\s-u|--user)[\s=]+["']?[^\s:"']+:(?P<curl>[^\s"']+)
      | (?i:identified\s+(?:with\s+\w+\s+)?by)\s+['"](?P<sql>[^'"\n]+)
      | (?i:\blogin\s+\S+\s+password)\s+(?P<netrc>\S+)
      | \b(?:redis-cli\b[^\n|;]{0,80}?\s-a|sshpass\s+-p|requirepass|masterauth)[\s=]+["']?(?P<redis>[^\s"']+)
      | \bmysql(?:dump|admin|show)?\s[^\n|;]{0,80}?-p(?P<mysql>[^\s"']{4,})
      | (?i:<)(?P<tag>[\w.:-]*(?i:password|passwd|secret|token|apikey|api-key|privatekey))>(?P<xml>[^<>\n]{4,})</
      | [?&;](?:sig|Signature|X-Amz-Signature|X-Goog-Signature|X-Amz-Security-Token|AWSAccessKeyId)=(?P<signed>[A-Za-z0-9%+/=_-]{16,})"#,
    )
});

/// An address of a person.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?P<address>(?P<local>[A-Za-z0-9][A-Za-z0-9._%+-]*)@(?P<domain>(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+(?P<top>[A-Za-z]{2,})))(?P<after>-|:[0-9]|\.[0-9]|\b)",
    )
});

pub(crate) fn scrub(text: &str, marks: &mut Marks, _depth: u8) -> Option<String> {
    let mut changed: Option<String> = None;
    let mut pass = |pattern: &Regex, judge: fn(&Captures<'_>) -> Option<Find>| {
        if let Some(next) = replace(changed.as_deref().unwrap_or(text), pattern, marks, |found, _| judge(found)) {
            changed = Some(next);
        }
    };
    pass(&PRIVATE_KEY, |found| whole(found, "private-key"));
    if text.contains('@') {
        pass(&USERINFO, userinfo);
    }
    pass(&GIVEN, given);
    pass(&HEADER, header);
    pass(&ISSUED, |found| match found.name("cloud") {
        Some(key) => Some((key.range(), "cloud-key")),
        None => whole(found, "token"),
    });
    changed
}

pub(crate) fn addresses(text: &str, marks: &mut Marks, _depth: u8) -> Option<String> {
    if !text.contains('@') {
        return None;
    }
    replace(text, &ADDRESS, marks, |found, _| {
        // Units of systemd (`getty@tty1.service`), accounts at hosts (`repl@db-0.db.shop:3306`, `x@db.svc`), clones over
        // ssh, and versions of packages (`client-go@v0.30.0-rc`).
        let is_unit_or_host = matches!(
            found["top"].to_ascii_lowercase().as_str(),
            "service" | "socket" | "timer" | "mount" | "target" | "scope" | "slice" | "svc" | "local" | "internal"
        );
        let first = found["domain"].split('.').next().unwrap_or_default().trim_start_matches('v');
        let is_version = first.bytes().all(|b| b.is_ascii_digit());
        let is_login = matches!(&found["local"], "git" | "ssh" | "root") || !found["after"].is_empty();
        let address = found.name("address")?;
        (!is_unit_or_host && !is_version && !is_login).then(|| (address.range(), "e-mail"))
    })
}

fn whole(found: &Captures<'_>, kind: &'static str) -> Option<Find> {
    found.get(0).map(|all| (all.range(), kind))
}

fn given(found: &Captures<'_>) -> Option<Find> {
    if let Some(signed) = found.name("signed") {
        return Some((signed.range(), "token"));
    }
    let password = ["curl", "sql", "netrc", "redis", "mysql", "xml"].iter().find_map(|name| found.name(name))?;
    worth_hiding(password.as_str()).then(|| (password.range(), "password"))
}

fn userinfo(found: &Captures<'_>) -> Option<Find> {
    if let Some(password) = found.name("url") {
        // `http://host:8080/path@v1` has a port there.
        let port = password.as_str().split('/').next().unwrap_or_default();
        if password.as_str().contains('/') && port.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        return worth_hiding(password.as_str()).then(|| (password.range(), "password"));
    }
    let password = found.name("dsn")?;
    worth_hiding(password.as_str()).then(|| (password.range(), "password"))
}

fn worth_hiding(value: &str) -> bool {
    !value.starts_with(OPENING.trim_end()) && !value.starts_with('$') && !value.starts_with("{{") && value != "***"
}

fn header(found: &Captures<'_>) -> Option<Find> {
    if let Some(value) = found.name("auth") {
        let named = found.name("scheme").is_some();
        let takes = worth_hiding(value.as_str()) && (named && value.len() >= 6 || is_credential_like(value.as_str()));
        return takes.then(|| (value.range(), "token"));
    }
    if let Some(value) = found.name("bearer") {
        return is_credential_like(value.as_str()).then(|| (value.range(), "token"));
    }
    if let Some(value) = found.name("basic") {
        let decoded = STANDARD.decode(value.as_str()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        return decoded.is_some_and(|pair| pair.contains(':')).then(|| (value.range(), "password"));
    }
    found.name("cookie").map(|value| (value.range(), "cookie"))
}
