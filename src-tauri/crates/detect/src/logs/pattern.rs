//! Lines that mean trouble, by what they say.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// A kind of trouble with the words that give it away. The first kind of this list that a line holds is the line's.
struct Words {
    pattern: &'static str,
    /// Whether a line of level info or below may count.
    at_any_level: bool,
    any: &'static [&'static str],
}

const fn words(pattern: &'static str, any: &'static [&'static str]) -> Words {
    Words { pattern, at_any_level: false, any }
}

const fn anywhere(pattern: &'static str, any: &'static [&'static str]) -> Words {
    Words { pattern, at_any_level: true, any }
}

#[rustfmt::skip]
const LIST: &[Words] = &[
    anywhere("gpu_xid", &["nvrm: xid", "xid error"]),
    anywhere("too_many_connections", &["too many connections", "too many clients already",
        "remaining connection slots are reserved", "max number of clients reached", "maxclientsexceeded",
        "connection limit exceeded", "user connections limit", "max_user_connections",
        "too many client connections", "ora-00020", "ora-12516", "ora-12519"]),
    words("pool_exhausted", &["connection pool exhausted", "pool exhausted", "queuepool limit",
        "timeout waiting for connection from pool", "connection is not available, request timed out after",
        "unable to acquire connection", "could not acquire connection", "no available connection",
        "no managed connections available", "waitqueuetimeout", "timeout acquiring a connection", "pool is full",
        "timed out fetching a new connection from the connection pool", "cannot get a connection, pool error",
        "no connections available", "no free connection"]),
    anywhere("access_denied", &["access denied for user", "password authentication failed",
        "authentication failed", "auth failed", "wrongpass", "noauth authentication required",
        "invalid username-password pair", "invalid password", "login failed for user", "no pg_hba.conf entry",
        "sasl authentication", "access_refused", "ora-01017", "client sent auth, but no password is set",
        "invalid username or password", "not authorized on", "requires authentication", "bad credentials",
        "authenticationexception", "access refused", "authenticationfailed", "authentication failure",
        "role \"", "permission denied for table", "permission denied for schema",
        "permission denied for relation", "permission denied for database", "command denied to user"]),
    words("kind_unknown", &["no matches for kind", "no kind is registered for the type",
        "the server could not find the requested resource", "is a crd, it should be installed"]),
    words("rbac_forbidden", &["is forbidden: user \"system:serviceaccount", "cannot list resource",
        "cannot get resource", "cannot watch resource", "cannot create resource", "cannot update resource",
        "cannot patch resource"]),
    words("tls_certificate_expired", &["certificate has expired", "certificate expired", "cert_has_expired",
        "certificateexpiredexception", "certificate is expired", "expired certificate"]),
    words("clock_skew", &["certificate has expired or is not yet valid", "certificate is not yet valid", "certificatenotyetvalid",
        "cert_not_yet_valid", "clock skew", "clock is skewed", "time is skewed", "requesttimetooskewed",
        "token used before issued", "iat in the future", "issued in the future", "clock is not synchron"]),
    words("tls_untrusted", &["certificate signed by unknown authority", "unable to get local issuer certificate",
        "self signed certificate", "self-signed certificate", "unable to verify the first certificate",
        "certificate verify failed", "pkix path building failed", "unknown ca", "unknown certificate authority",
        "sec_error_unknown_issuer"]),
    words("tls_hostname", &["certificate is valid for", "hostname mismatch", "doesn't match certificate",
        "does not match the certificate subject", "no subject alternative", "err_tls_cert_altname_invalid",
        "hostname in certificate didn't match"]),
    words("tls_other", &["tls handshake", "ssl handshake", "sslhandshakeexception", "handshake failure",
        "ssl routines", "wrong version number", "tlsv1 alert", "first record does not look like a tls handshake",
        "unsupported protocol version"]),
    words("token_expired", &["token has expired", "token is expired", "jwt expired", "expiredtoken",
        "token expired", "credentials have expired", "expired credentials"]),
    words("no_such_host", &["no such host", "unknownhostexception", "name or service not known",
        "temporary failure in name resolution", "enotfound", "eai_again", "could not resolve host",
        "couldn't resolve host", "nodename nor servname", "name does not resolve", "failed to resolve",
        "unable to resolve host", "server can't find", "nxdomain", "cannot resolve", "dns resolution failed",
        "could not translate host name", "no address associated with hostname", "name resolution failed",
        "bad address '", "host not found", "unresolvedaddressexception", "failed to lookup address",
        "unknown mysql server host", "getaddrinfo"]),
    words("exec_format", &["exec format error", "cannot execute binary file"]),
    words("watches_exhausted", &["number of file watchers reached", "inotify"]),
    words("disk_full", &["no space left on device", "enospc", "disk full", "not enough disk space",
        "disk quota exceeded", "no space left", "watermark exceeded", "flood-stage watermark", "flood stage disk watermark", "out of disk"]),
    words("read_only", &["read-only file system", "erofs", "readonly database", "read-only transaction",
        "cannot execute insert in a read-only", "read only replica", "readonly you can't write",
        "--read-only option", "super-read-only", "super_read_only", "database is read-only",
        "attempt to write a readonly", "read_only mode", "read-only mode",
        "cannot execute update in a read-only", "is in read-only", "not master and slaveok",
        "notwritableprimary", "not primary", "index read-only"]),
    words("permission_denied", &["permission denied", "eacces", "operation not permitted", "eperm",
        "accessdeniedexception", "access is denied"]),
    words("gpu_memory", &["cuda out of memory", "cuda error: out of memory", "cuda_error_out_of_memory",
        "cublas_status_alloc_failed"]),
    words("gpu_fault", &["cuda error", "cuda_error_", "cudaerror", "uncorrectable ecc", "device-side assert", "hip error",
        "nccl error", "unhandled cuda error", "cudnn_status_", "cublas_status_"]),
    words("child_killed", &["was sent sigkill", "killed by signal 9", "exited on signal 9", "terminated by signal 9",
        "prematurely: signal 9", "child process killed (sigkill)"]),
    words("out_of_memory", &["outofmemoryerror", "outofmemoryexception", "java heap space", "heap out of memory", "out of memory",
        "cannot allocate memory", "gc overhead limit exceeded", "memoryerror", "std::bad_alloc",
        "allocation failed", "oom-killer", "enomem", "failed to allocate memory", "oom command not allowed",
        "out-of-memory"]),
    words("missing_variable", &["environment variable", "env var", "missing required env", "is not set",
        "missing env", "required variable", "keyerror: '", "undefined environment",
        "could not resolve placeholder", "keynotfounderror: key not found", "key not found: \""]),
    words("migration_failed", &["migration failed", "migrations failed", "flywayexception",
        "liquibaseexception", "migration checksum mismatch", "validate failed: migration",
        "dirty database version", "failed to apply migration", "pending migrations", "pendingmigrationerror",
        "migrations are pending", "unapplied migration", "found failed migration",
        "alembic.util.exc", "can't locate revision", "migration error"]),
    words("missing_table", &["doesn't exist\")", "no such table", "relation \"", "undefined table",
        "unknown table", "table not found", "invalid object name", "ora-00942", "base table or view not found",
        "error 1146", "undefinedtable", "unknown database", "database does not exist", "database \""]),
    words("missing_column", &["unknown column", "no such column", "undefinedcolumn", "invalid column name",
        "column \"", "ora-00904", "error 1054"]),
    words("sql_syntax", &["syntax error at or near", "error in your sql syntax", "sqlsyntaxerrorexception",
        "sqlgrammarexception", "sql syntax", "syntax error in sql"]),
    words("unique_violation", &["duplicate key value", "duplicate entry", "unique constraint",
        "uniqueviolation", "e11000 duplicate key", "integrityconstraintviolation"]),
    words("deadlock", &["deadlock found", "deadlock detected", "lock wait timeout exceeded", "ora-00060"]),
    words("replication", &["replication lag", "replica is lagging", "slave sql thread", "replica sql thread",
        "replication error", "error reading packet from server", "fatal error 1236",
        "wal segment has already been removed", "requested wal segment", "rollback required",
        "out of sync with the primary", "master_link_status:down", "master is currently unavailable",
        "masterdown", "split-brain", "split brain", "partitioned network", "network partition"]),
    words("database_starting", &["the database system is starting up", "the database system is shutting down",
        "loading redis is loading the dataset", "server is not ready to accept connections",
        "cluster_block_exception", "database is starting", "the database system is in recovery mode"]),
    words("driver_incompatible", &["unsupported wire version", "driver is incompatible",
        "requires at least wire version", "wire version", "server reports maximum",
        "authentication plugin 'caching_sha2_password'", "er_not_supported_auth_mode",
        "client does not support authentication protocol", "unsupported server version", "mongodb driver",
        "driver may require an upgrade", "incompatible driver", "authentication method 10",
        "scram authentication is not supported", "unsupported opcode", "opquery is no longer supported",
        "unsupported op_query", "op_query command"]),
    words("data_corrupt", &["corrupt", "checksum mismatch", "checksum failed", "bad magic number",
        "malformed database", "database disk image is malformed", "invalid page in block",
        "structure needs cleaning", "ext4-fs error", "xfs_force_shutdown", "input/output error", "bad crc",
        "can't open the rdb file", "bad file format reading the append only file",
        "wrong signature trying to load", "table is marked as crashed", "unexpected end of file"]),
    words("connection_refused", &["connection refused", "econnrefused", "actively refused"]),
    words("connection_timeout", &["connection timed out", "connect timed out", "etimedout",
        "dial tcp: i/o timeout", "i/o timeout", "connecttimeout", "connection timeout", "timed out connecting",
        "timeout connecting", "connect: operation timed out", "sockettimeoutexception", "read timed out",
        "context deadline exceeded", "timed out waiting for", "client.timeout exceeded",
        "upstream request timeout", "upstream timed out", "request timed out", "timeouterror",
        "request timeout", "timeoutexception"]),
    words("unreachable", &["no route to host", "ehostunreach", "network is unreachable", "enetunreach",
        "host is unreachable", "noroutetohostexception"]),
    words("connection_reset", &["connection reset", "econnreset", "broken pipe", "epipe",
        "server has gone away", "lost connection to", "server closed the connection unexpectedly",
        "connection was closed", "upstream prematurely closed", "unexpected eof", "connection closed by remote",
        "socket hang up"]),
    // These words say that no connection came to be, not why: a line that also says why is of the kinds above.
    words("connection_refused", &["connectexception",
        "failed to connect to", "could not connect to server", "couldn't connect to server",
        "connection could not be established", "failed to establish a new connection", "can't connect to",
        "cannot connect to", "unable to connect", "could not connect", "no connection could be made",
        "connection attempt failed", "failed to connect", "error connecting to", "all host(s) tried",
        "connection to server failed", "cannot assign requested address", "communications link failure",
        "redisconnectionexception", "no connection is available", "unable to establish connection",
        "connection failed", "connection error", "database connection failed", "connection retry failed"]),
    words("port_in_use", &["address already in use", "eaddrinuse", "port is already allocated", "bind: address",
        "failed to bind to", "port already in use"]),
    words("rate_limited", &["rate limit", "rate exceeded", "throttled", "too many requests", "throttlingexception", "status code 429",
        "http 429", "quota exceeded", "slow down", "requests per second exceeded", "resource_exhausted"]),
    words("unauthorized", &["401 unauthorized", "403 forbidden", "status code 401", "status code: 401",
        "status code 403", "status code: 403", "http 401", "http 403", "unauthorized", "invalid token",
        "invalid api key", "invalid_client", "accessdenied", "signaturedoesnotmatch", "invalidaccesskeyid",
        "permission_denied", "permissiondenied", "unauthenticated"]),
    words("circuit_open", &["circuit breaker", "circuitbreaker", "callnotpermittedexception", "circuit is open",
        "upstream_overflow", "hystrix"]),
    words("grpc_unimplemented", &["code = unimplemented", "statuscode.unimplemented", "unimplemented desc",
        "unknown service"]),
    words("grpc_deadline", &["code = deadlineexceeded", "deadline_exceeded", "deadline exceeded"]),
    words("grpc_unavailable", &["code = unavailable", "statuscode.unavailable", "14 unavailable",
        "status{code=unavailable", "rpc error: unavailable"]),
    words("module_missing", &["modulenotfounderror", "no module named", "cannot find module",
        "classnotfoundexception", "noclassdeffounderror", "cannot open shared object file", "importerror",
        "error while loading shared libraries", "executable file not found", "command not found",
        "could not find or load main class"]),
    words("missing_file_config", NO_FILE),
    words("file_not_found", NO_FILE),
    words("config_invalid", &["invalid configuration", "configuration error", "config error",
        "failed to parse config", "failed to load config", "error parsing config", "could not parse config",
        "invalid value for", "unknown configuration", "unknown option", "unknown flag", "unrecognized option",
        "unrecognised option", "yaml: ", "toml: ", "json parse error", "unexpected token",
        "failed to unmarshal", "cannot unmarshal", "invalid config", "bad configuration",
        "beancreationexception", "unsatisfieddependencyexception", "could not resolve placeholder",
        "failed to bind properties", "configurationexception", "validation error", "invalid syntax", "[emerg]",
        "improperlyconfigured", "unknown directive", "missing required", "fatal error loading configuration",
        "misconfigured", "illegal base64", "invalid base64", "incorrect padding"]),
    words("too_many_open_files", &["too many open files", "emfile", "enfile"]),
    words("stack_overflow", &["stackoverflowerror", "stack overflow", "maximum call stack size exceeded",
        "maximum recursion depth exceeded"]),
    words("segfault", &["segmentation fault", "sigsegv", "signal 11", "core dumped"]),
    words("panic", &["panic: ", "panicked at", "fatal error: ", "kernel panic"]),
    words("null_pointer", &["nullpointerexception", "nil pointer dereference",
        "cannot read properties of undefined", "cannot read property", "'nonetype' object",
        "nullreferenceexception", "undefined is not a function"]),
    words("lease_lost", &["leader election lost", "leaderelection lost", "failed to renew lease", "lost lease",
        "lost leadership", "stopped leading"]),
    anywhere("peer_down", &["peer down", "peer is down", "neighbor down", "bgp: session", "peer unreachable",
        "member has left", "marking as failed", "node is down", "lost quorum", "no quorum", "no leader",
        "quorum lost"]),
    words("queue_lag", &["consumer lag", "consumer group lag", "lag is ", "rebalance in progress", "queue is full", "rejectedexecutionexception",
        "backpressure", "buffer is full", "dropping messages", "messages behind", "offset out of range",
        "message timed out in the backlog"]),
    anywhere("slow_query", &["slow query", "query took", "long query", "duration: "]),
    anywhere("slow_operation", &["took longer than", "slow request", "slow response", "is taking too long",
        "slow operation", "slow down the", "call took", "operation took", "rendered in", "slow apply",
        "apply request took too long", "waiting for fsync"]),
    words("retry_exhausted", &["retries exhausted", "max retries exceeded", "maximum retry attempts",
        "retry limit exceeded", "giving up after", "gave up after", "retrytimeout", "max retries reached"]),
    words("http_5xx", &["500 internal server error", "502 bad gateway", "503 service unavailable",
        "504 gateway time", "status code 500", "status code 502", "status code 503", "status code 504",
        "status=500", "status=502", "status=503", "status=504", "\" 500 ", "\" 502 ", "\" 503 ", "\" 504 "]),
    words("http_4xx", &["404 not found", "400 bad request", "status code 404", "status code 400",
        "status=404"]),
    words("uncaught_exception", &["uncaught exception", "unhandled exception", "unhandledpromiserejection",
        "unhandled rejection", "traceback (most recent call last)", "exception in thread \"main\"",
        "uncaughtexception", "application run failed", "fatal exception", "caused by: "]),
    anywhere("shutdown_requested", &["received sigterm", "sigterm received", "shutting down gracefully",
        "graceful shutdown", "received signal: terminated", "caught signal terminated", "received terminate"]),
];

struct Search {
    automaton: Option<AhoCorasick>,
    /// The index in [`LIST`] of each word.
    owner: Vec<usize>,
}

static SEARCH: LazyLock<Search> = LazyLock::new(|| {
    let mut all = Vec::new();
    let mut owner = Vec::new();
    for (index, words) in LIST.iter().enumerate() {
        for word in words.any {
            all.push(*word);
            owner.push(index);
        }
    }
    Search { automaton: AhoCorasick::builder().ascii_case_insensitive(true).build(&all).ok(), owner }
});

/// The kind of trouble that a line tells of.
pub(crate) fn pattern_of(line: &str) -> Option<&'static str> {
    let automaton = SEARCH.automaton.as_ref()?;
    let quiet = is_quiet(line);
    let mut found: Option<usize> = None;
    for hit in automaton.find_overlapping_iter(line) {
        let index = SEARCH.owner[hit.pattern().as_usize()];
        if within_a_word(line, hit.start(), hit.end()) {
            continue;
        }
        if found.is_none_or(|best| index < best)
            && (!quiet || LIST[index].at_any_level)
            && holds(LIST[index].pattern, line)
        {
            found = Some(index);
        }
    }
    found.map(|index| LIST[index].pattern).or_else(|| slow(line))
}

/// Names of errno and of resolver codes as programs print them.
const CODES: &[&str] = &["enotfound", "eai_again", "enospc", "erofs", "eacces", "eperm", "enomem", "emfile"];

/// Whether a code is only the end of a longer word: `PageNotFound` and `ResourceNotFoundException` hold `enotfound` and speak of
/// no name.
fn within_a_word(line: &str, start: usize, end: usize) -> bool {
    let before = line[..start].chars().next_back();
    before.is_some_and(char::is_alphabetic) && CODES.iter().any(|code| line[start..end].eq_ignore_ascii_case(code))
}

/// Seconds that one operation takes when nobody would still call it quick.
const SLOW_SECONDS: f64 = 2.0;

/// A line that gives the time something took, without calling it slow: `call completed in 9.01 seconds`, `took 4200ms`.
fn slow(line: &str) -> Option<&'static str> {
    let lower = line.to_ascii_lowercase();
    let after =
        ["completed in ", "finished in ", "took ", "took=", "elapsed=", "elapsed: ", "returned in ", "executed in "];
    let taken = after.iter().filter_map(|word| lower.split_once(word).and_then(|(_, rest)| seconds(rest)));
    let slowest = taken.fold(0.0, f64::max);
    // Batch work that says how long all of it took is slow by nature.
    let work =
        ["batch", "backup", "build", "start", "boot", "migration", "compaction", "sync", "job", "report", "loaded"];
    if slowest < SLOW_SECONDS || work.iter().any(|word| lower.contains(word)) {
        return None;
    }
    let store = ["database", "query", "sql", " db ", "stored procedure", "select ", "transaction"];
    Some(if store.iter().any(|word| lower.contains(word)) { "slow_query" } else { "slow_operation" })
}

/// `9.01 seconds`, `4200ms`, `1.5s` at the beginning of a text; minutes and more are not waited for by anybody.
fn seconds(text: &str) -> Option<f64> {
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let unit: String = text[digits..].trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    match unit.as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(number),
        "ms" | "millis" | "milliseconds" => Some(number / 1000.0),
        _ => None,
    }
}

/// Whether the line says itself that it is of no concern: level info, debug or trace.
pub(crate) fn is_quiet(line: &str) -> bool {
    let head: String = line.chars().take(160).collect::<String>().to_ascii_lowercase();
    let told = [
        "[info]",
        "level=info",
        "\"level\":\"info\"",
        "\"severity\":\"info\"",
        "\"level\": \"info\"",
        "[debug]",
        "level=debug",
        "\"level\":\"debug\"",
        "\"severity\":\"debug\"",
        "[trace]",
        "level=trace",
        "[notice]",
        "<info>",
    ];
    let likely = [" info ", " debug ", " trace ", "info:", "debug:"];
    let loud =
        ["error", "warn", "fatal", "crit", "panic", "exception", "failed", "severe", "emerg", "denied", "refused"];
    // The JVM repeats the options it was given, whatever they name.
    let repeats = head.starts_with("picked up ") || head.starts_with("note: picked up ");
    repeats
        || told.iter().any(|w| head.contains(w))
        || (likely.iter().any(|w| head.contains(w)) && !loud.iter().any(|w| head.contains(w)))
}

/// That a file is not there, in the words of libc, the JVM, Python and .NET.
const NO_FILE: &[&str] = &[
    "no such file or directory",
    "enoent",
    "filenotfoundexception",
    "filenotfounderror",
    "file not found",
    "cannot find the file",
    "config file not found",
    "configuration file not found",
    "could not open file",
];

/// Whether the line's words mean what they usually mean.
fn holds(pattern: &str, line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    match pattern {
        "missing_file_config" => has(&[
            "config",
            ".conf",
            ".yaml",
            ".yml",
            ".json",
            ".toml",
            ".ini",
            ".properties",
            ".xml",
            ".cfg",
            ".env",
            "/etc/",
        ]),
        // A driver that has no connection left because no host answered tells of the hosts.
        "pool_exhausted" => !has(&["all host(s) tried", "(tried: ", "no host available"]),
        "missing_variable" => {
            let missing = has(&[
                "undefined",
                "missing",
                "is not set",
                "not defined",
                "must be set",
                "required",
                "not found",
                "is empty",
                "unset",
                "keyerror",
                "could not resolve placeholder",
            ]);
            let variable = has(&["env", "variable"])
                || line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(is_variable);
            missing && variable
        }
        "missing_table" => has(&[
            "doesn't exist",
            "does not exist",
            "no such table",
            "unknown table",
            "not found",
            "invalid object name",
            "undefined",
            "unknown database",
            "ora-00942",
            "1146",
        ]),
        "missing_column" => has(&[
            "does not exist",
            "unknown column",
            "no such column",
            "undefined",
            "invalid column",
            "ora-00904",
            "1054",
        ]),
        "access_denied" => !lower.contains("role \"") || has(&["does not exist", "not permitted"]),
        "permission_denied" => !has(&["for table", "for schema", "for relation"]),
        "slow_query" => !lower.contains("duration: ") || slow_milliseconds(&lower).is_some_and(|ms| ms >= 1000.0),
        "slow_operation" => !lower.contains("rendered in") || slow_milliseconds(&lower).is_some_and(|ms| ms >= 2000.0),
        "data_corrupt" => !has(&["0 corrupt", "no corrupt", "uncorrupt", "not corrupt"]),
        "out_of_memory" => !has(&[
            "out of memory: false",
            "outofmemoryerror -xx",
            "+exitonoutofmemoryerror",
            "heapdumponoutofmemoryerror",
        ]),
        "watches_exhausted" => has(&["limit", "enospc", "no space left", "too many open files", "emfile"]),
        "config_invalid" => !has(&["yaml: ok"]),
        "rate_limited" => !has(&["rate limit: ", "ratelimit-remaining"]),
        "uncaught_exception" if lower.contains("caused by: ") => has(&["exception", "error"]),
        // Go says the one sentence for both; the times in it tell.
        "tls_certificate_expired" => !before_its_time(&lower),
        "clock_skew" => !lower.contains("has expired or is not yet valid") || before_its_time(&lower),
        "tls_other" => !has(&["tls handshake completed", "ssl handshake completed"]),
        "unauthorized" => !has(&["unauthorized: 0"]),
        "panic" => !has(&["panic=", "panic_on"]),
        _ => true,
    }
}

/// Whether a certificate is refused because, by the clock of who looks at it, it is not valid yet.
fn before_its_time(lower: &str) -> bool {
    lower.contains("not yet valid")
        && lower.split_once("current time ").is_some_and(|(_, rest)| rest.contains(" is before "))
}

/// `UPPER_CASE` with an underscore: how variables are written.
pub(crate) fn is_variable(word: &str) -> bool {
    word.len() >= 4
        && word.contains('_')
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && word.starts_with(|c: char| c.is_ascii_uppercase())
}

/// The longest time a line tells of, in milliseconds.
fn slow_milliseconds(line: &str) -> Option<f64> {
    let mut longest: Option<f64> = None;
    let words: Vec<&str> = line.split_whitespace().collect();
    for (at, word) in words.iter().enumerate() {
        let digits = word.trim_matches(|c: char| !c.is_ascii_digit() && c != '.');
        let Ok(number) = digits.trim_end_matches('.').parse::<f64>() else { continue };
        let unit = word.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        let unit = if unit.is_empty() { words.get(at + 1).copied().unwrap_or("") } else { unit };
        let factor = if unit.starts_with("ms") || unit.starts_with("milli") {
            1.0
        } else if unit.starts_with("sec") || unit == "s" || unit == "s." || unit == "s," {
            1000.0
        } else {
            continue;
        };
        longest = Some(longest.map_or(number * factor, |l: f64| l.max(number * factor)));
    }
    longest
}

/// Every name that [`pattern_of`] can give.
#[cfg(test)]
pub(crate) fn all() -> Vec<&'static str> {
    LIST.iter().map(|w| w.pattern).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_many_languages_are_recognised() {
        for (line, pattern) in [
            ("java.sql.SQLNonTransientConnectionException: Too many connections", "too_many_connections"),
            ("FATAL: sorry, too many clients already", "too_many_connections"),
            ("Access denied for user 'app'@'10.0.0.1' (using password: YES)", "access_denied"),
            ("FATAL: password authentication failed for user \"app\"", "access_denied"),
            ("dial tcp: lookup db on 10.96.0.10:53: no such host", "no_such_host"),
            ("java.net.UnknownHostException: db: Temporary failure in name resolution", "no_such_host"),
            ("Error: connect ECONNREFUSED 10.0.0.1:5432", "connection_refused"),
            ("# Fatal error: can't open the RDB file dump.rdb for reading: Permission denied", "permission_denied"),
            ("INFO:app:Database call completed in 9.01 seconds.", "slow_query"),
            ("INFO handled GET /orders took 4200ms", "slow_operation"),
            ("All host(s) tried for query failed (tried: db:9042) - no available connection", "connection_refused"),
            ("write /data/x: no space left on device", "disk_full"),
            ("Error: ENOSPC: System limit for number of file watchers reached, watch '/app'", "watches_exhausted"),
            ("inotify_add_watch: no space left on device", "watches_exhausted"),
            ("failed to create inotify: too many open files", "watches_exhausted"),
            ("failed to connect to `host=db`: dial error (dial tcp 10.96.0.9:5432: i/o timeout)", "connection_timeout"),
            ("could not connect to server: Connection timed out", "connection_timeout"),
            ("Failed to connect to db:5432: No route to host", "unreachable"),
            ("java.net.ConnectException: Connection timed out", "connection_timeout"),
            ("could not connect to server: Connection refused", "connection_refused"),
            ("com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure", "connection_refused"),
            ("x509: certificate has expired or is not yet valid", "tls_certificate_expired"),
            (
                "x509: certificate has expired or is not yet valid: current time 2026-09-14T06:02:11Z is before 2026-09-14T07:55:00Z",
                "clock_skew",
            ),
            ("SSL: CERTIFICATE_VERIFY_FAILED certificate verify failed: certificate is not yet valid", "clock_skew"),
            ("[ERROR] Worker (pid:17) was sent SIGKILL! Perhaps out of memory?", "child_killed"),
            ("WARNING: [pool www] child 31 exited on signal 9 (SIGKILL) after 12.1 seconds from start", "child_killed"),
            ("RuntimeError: CUDA error: an illegal memory access was encountered", "gpu_fault"),
            ("torch.cuda.OutOfMemoryError: CUDA out of memory.", "gpu_memory"),
            ("java.lang.OutOfMemoryError: Java heap space", "out_of_memory"),
            ("Environment variable DEPLOY_ENV is undefined", "missing_variable"),
            ("KeyError: 'DATABASE_URL'", "missing_variable"),
            ("ERROR: relation \"orders\" does not exist", "missing_table"),
            ("ERROR: syntax error at or near \"SELCT\"", "sql_syntax"),
            (
                "The MySQL server is running with the --read-only option so it cannot execute this statement",
                "read_only",
            ),
            ("panic: runtime error: index out of range", "panic"),
            ("bind: address already in use", "port_in_use"),
            ("pods is forbidden: User \"system:serviceaccount:a:b\" cannot list resource \"pods\"", "rbac_forbidden"),
            ("NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus", "gpu_xid"),
            ("Page rendered in 9.01 seconds.", "slow_operation"),
        ] {
            assert_eq!(pattern_of(line), Some(pattern), "{line}");
        }
    }

    #[test]
    fn ordinary_lines_are_no_trouble() {
        for line in [
            "{\"message\":\"Tracing enabled, but temporarily unavailable\",\"severity\":\"info\"}",
            "level=info msg=\"retrying after connection refused was cleared\"",
            "INFO:     172.31.1.249:47816 - \"GET /metrics HTTP/1.1\" 200 OK",
            "LOG:  duration: 3.1 ms  statement: select 1",
            "Page rendered in 0.12 seconds.",
            "INFO Database call completed in 0.4 seconds.",
            "nightly backup completed in 812 seconds",
            "-XX:+HeapDumpOnOutOfMemoryError",
            "",
        ] {
            assert_eq!(pattern_of(line), None, "{line}");
        }
    }

    #[test]
    fn a_code_within_a_longer_word_is_none() {
        assert_eq!(pattern_of("ERROR getaddrinfo ENOTFOUND cart.shop"), Some("no_such_host"));
        assert_eq!(pattern_of("Error: queryA ENOTFOUND cart.shop"), Some("no_such_host"));
        assert_ne!(
            pattern_of("WARN o.s.web.servlet.PageNotFound : No mapping for GET /favicon.ico"),
            Some("no_such_host")
        );
        assert_ne!(pattern_of("ERROR com.shop.ResourceNotFoundException: order 7"), Some("no_such_host"));
        assert_eq!(pattern_of("Picked up JAVA_TOOL_OPTIONS: -XX:+ExitOnOutOfMemoryError"), None);
    }

    #[test]
    fn the_page_lists_every_pattern() {
        let page = include_str!("../../FACTS.md");
        let missing: Vec<&str> = all().into_iter().filter(|p| !page.contains(&format!("`{p}`"))).collect();
        assert!(missing.is_empty(), "not on the page: {missing:?}");
    }
}
