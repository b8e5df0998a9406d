//! What a line is about: a host, a file, a user, a variable.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern::is_variable;

#[expect(clippy::unwrap_used, reason = "literal patterns that tests compile")]
static HOSTS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"(?i)lookup ([a-z0-9][a-z0-9.\-]*[a-z0-9])(?::(\d+))? (?:on|:)",
        r"(?i)lookup ([a-z0-9][a-z0-9.\-]*[a-z0-9])",
        r"(?i)unknownhostexception:? ([a-z0-9][a-z0-9.\-]*[a-z0-9])",
        r"(?i)(?:enotfound|eai_again) ([a-z0-9][a-z0-9.\-]*[a-z0-9])(?::(\d+))?",
        r"(?i)could(?:n't| not) resolve host:? '?([a-z0-9][a-z0-9.\-]*[a-z0-9])",
        r#"(?i)translate host name "([^"]+)""#,
        r"(?i)bad address '([^':]+)(?::(\d+))?'",
        r"(?i)server can't find ([a-z0-9][a-z0-9.\-]*[a-z0-9])",
        r"(?i)unknown mysql server host '([^']+)'",
        r#"(?i)failed to resolve ['"]?([a-z0-9][a-z0-9.\-]*[a-z0-9])"#,
        r"(?i)(?:econnrefused|etimedout|ehostunreach|econnreset) \[?([a-z0-9][a-z0-9.\-]*[a-z0-9])\]?:(\d+)",
        r"(?i)dial (?:tcp|udp) \[?([a-z0-9][a-z0-9.\-]*[a-z0-9])\]?:(\d+)",
        r"(?i)tried: ([a-z0-9][a-z0-9.\-]*[a-z0-9]):(\d+)",
        r"(?i)mysql server on '([^':]+)(?::(\d+))?'",
        r#"(?i)server (?:at|on) "?([a-z0-9][a-z0-9.\-]*[a-z0-9])"?(?: \([^)]*\))?, port (\d+)"#,
        r#"(?i)host "?'?([a-z0-9][a-z0-9.\-]*[a-z0-9])"?'?[, ]+port[ :=]+"?(\d+)"#,
        r#"(?i)host='([^']+)', port=(\d+)"#,
        r"(?i)(?:connect(?:ing|ion)? to|connect|failed to connect to|reach|redis://|postgres(?:ql)?://[^@\s]*@?|mysql://[^@\s]*@?|mongodb://[^@\s]*@?|amqp://[^@\s]*@?|https?://)[ :]*/?\[?([a-z0-9][a-z0-9.\-]*[a-z0-9])\]?:(\d+)",
        r"(?i)https?://([a-z0-9][a-z0-9.\-]*[a-z0-9])(?::(\d+))?",
        r"(?i)\b([a-z][a-z0-9.\-]*[a-z0-9])/[0-9.]+:(\d+)",
        r"(?i)\b([a-z][a-z0-9\-]*(?:\.[a-z0-9\-]+)*):(\d{2,5})\b",
    ]
    .into_iter()
    .map(|pattern| Regex::new(pattern).unwrap())
    .collect()
});

#[expect(clippy::unwrap_used, reason = "literal patterns that tests compile")]
static PATH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?:^|[\s'"(:=])((?:/[\w.\-]+)+/?)"#).unwrap());

#[expect(clippy::unwrap_used, reason = "literal patterns that tests compile")]
static QUOTED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"["'`]([^"'`]{1,80})["'`]"#).unwrap());

/// The target of a line and, for hosts, its port.
pub(crate) fn target_of(pattern: &str, line: &str) -> (String, Option<u16>) {
    match pattern {
        "permission_denied"
        | "disk_full"
        | "read_only"
        | "missing_file_config"
        | "file_not_found"
        | "data_corrupt"
        | "too_many_open_files" => (path_in(line).unwrap_or_default(), None),
        "missing_variable" => {
            let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let upper = words.clone().find(|w| is_variable(w));
            let named = || QUOTED.captures(line).map(|c| c[1].to_owned());
            (upper.map(str::to_owned).or_else(named).unwrap_or_default(), None)
        }
        "missing_table" | "missing_column" | "unique_violation" | "module_missing" | "config_invalid" => {
            (QUOTED.captures(line).map(|c| c[1].to_owned()).unwrap_or_default(), None)
        }
        "access_denied" => {
            let user = line.split("user ").nth(1).map(|rest| rest.trim_start_matches(['\'', '"']));
            (user.and_then(|u| u.split(['\'', '"', ' ', '@']).next()).unwrap_or("").to_owned(), None)
        }
        "gpu_xid" => (crate::gpu::xid_in(line).map(|n| n.to_string()).unwrap_or_default(), None),
        "port_in_use" => (String::new(), line.rsplit(|c: char| !c.is_ascii_digit()).find_map(|n| n.parse().ok())),
        _ => host_in(line),
    }
}

/// The host that a line says it talks to.
fn host_in(line: &str) -> (String, Option<u16>) {
    for regex in HOSTS.iter() {
        for found in regex.captures_iter(line) {
            let host = found[1].trim_end_matches('.').to_ascii_lowercase();
            let port = found.get(2).and_then(|p| p.as_str().parse().ok());
            let plausible = !matches!(
                host.as_str(),
                "line"
                    | "at"
                    | "info"
                    | "error"
                    | "warn"
                    | "warning"
                    | "debug"
                    | "fatal"
                    | "tcp"
                    | "udp"
                    | "to"
                    | "on"
                    | "the"
                    | "server"
                    | "host"
                    | "port"
                    | "code"
                    | "desc"
                    | "java"
                    | "main"
                    | "time"
                    | "pid"
                    | "level"
                    | "caller"
            ) && !host.ends_with(".go")
                && !host.ends_with(".py")
                && !host.ends_with(".js")
                && !host.ends_with(".java")
                && !host.ends_with(".h")
                && !host.ends_with(".cc")
                && !host.ends_with(".ts")
                && !host.ends_with(".rb");
            if plausible {
                return (host, port);
            }
        }
    }
    (String::new(), None)
}

fn path_in(line: &str) -> Option<String> {
    let quoted = QUOTED
        .captures_iter(line)
        .map(|c| c[1].to_owned())
        .find(|q| q.contains('/') || q.contains('.') && !q.contains(' '));
    let absolute = PATH.captures_iter(line).map(|c| c[1].to_owned()).find(|p| p.len() > 2);
    absolute.or(quoted).or_else(|| {
        // `open dump.rdb: …`, `the RDB file dump.rdb for reading`.
        let words: Vec<&str> = line.split_whitespace().collect();
        let named = words.windows(2).filter(|pair| matches!(pair[0], "file" | "open" | "directory" | "directory:"));
        let mut names = named.map(|pair| pair[1].trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned());
        names.find(|name| name.contains('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_failed_call_is_found() {
        for (pattern, line, host, port) in [
            ("no_such_host", "dial tcp: lookup db.shop.svc on 10.96.0.10:53: no such host", "db.shop.svc", None),
            (
                "no_such_host",
                "Caused by: java.net.UnknownHostException: tsdb: Temporary failure in name resolution",
                "tsdb",
                None,
            ),
            ("connection_refused", "dial tcp 10.0.0.7:6379: connect: connection refused", "10.0.0.7", Some(6379)),
            ("connection_refused", "Error: connect ECONNREFUSED 10.0.0.1:5432", "10.0.0.1", Some(5432)),
            (
                "connection_refused",
                "Can't connect to MySQL server on 'orders-db' ([Errno 111] Connection refused)",
                "orders-db",
                None,
            ),
            (
                "pool_exhausted",
                "All host(s) tried for db query failed (tried: prod-db:3333) - no available connection",
                "prod-db",
                Some(3333),
            ),
            (
                "connection_refused",
                "could not connect to server: Connection refused. Is the server running on host \"db\" (10.0.0.3) and accepting TCP/IP connections on port 5432?",
                "",
                None,
            ),
        ] {
            let (found, found_port) = target_of(pattern, line);
            if !host.is_empty() {
                assert_eq!((found.as_str(), found_port), (host, port), "{line}");
            }
        }
    }

    #[test]
    fn files_variables_and_users_are_found() {
        assert_eq!(target_of("permission_denied", "open /data/db/lock: permission denied").0, "/data/db/lock");
        assert_eq!(
            target_of("permission_denied", "can't open the RDB file dump.rdb for reading: Permission denied").0,
            "dump.rdb"
        );
        assert_eq!(target_of("missing_variable", "Environment variable DEPLOY_ENV is undefined").0, "DEPLOY_ENV");
        assert_eq!(target_of("access_denied", "Access denied for user 'app'@'10.0.0.1'").0, "app");
    }
}
