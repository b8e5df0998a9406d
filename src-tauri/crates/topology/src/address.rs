//! Addresses in the values of environment variables and arguments.

/// A host that a value names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub host: String,
    pub port: Option<u16>,
    /// `http`, `redis`, `jdbc:mysql`, …; empty where the value has none.
    pub scheme: String,
    /// Whether the form of the value alone (a scheme, or a port) says that this is an address; otherwise only the
    /// variable's name does.
    pub explicit: bool,
}

/// Endings of variable names whose values are hosts.
const HOST_NAMES: &[&str] = &[
    "HOST",
    "HOSTNAME",
    "ADDR",
    "ADDRESS",
    "ADDRESSES",
    "URL",
    "URI",
    "ENDPOINT",
    "ENDPOINTS",
    "SERVER",
    "SERVERS",
    "BROKER",
    "BROKERS",
    "DSN",
    "UPSTREAM",
    "BACKEND",
    "TARGET",
    "DOMAIN",
    "HOSTS",
    "MASTER",
    "PEERS",
];

/// The addresses in a value. `variable` is the name it stands under; a bare word counts as a host only under a name that
/// says so. Comma-separated lists give several.
pub fn addresses_in(variable: &str, value: &str) -> Vec<Address> {
    // Most values have nothing of an address in them, whatever their variable is called.
    if !value.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return Vec::new();
    }
    let name = variable.to_ascii_uppercase();
    let last = name.rsplit(['_', '-', '.']).next().unwrap_or("");
    let host_by_name = HOST_NAMES.contains(&last) || ["HOST", "URL", "ADDR"].iter().any(|e| name.ends_with(e));
    value.split([',', ' ', ';']).filter_map(|part| parse(part.trim(), host_by_name)).collect()
}

fn parse(part: &str, host_by_name: bool) -> Option<Address> {
    let (scheme, rest) = match part.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None => ("", part),
    };
    if !scheme.chars().all(|c| c.is_ascii_alphanumeric() || ":+-.".contains(c)) || scheme == "file" || scheme == "unix"
    {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    // Go's MySQL driver writes `user:password@tcp(host:port)/db`.
    let authority = match (authority.rfind('('), authority.rfind(')')) {
        (Some(open), Some(close)) if open < close => &authority[open + 1..close],
        _ => authority.rsplit('@').next().unwrap_or(""),
    };
    if scheme.is_empty() && rest.contains('/') && !rest.contains('@') && !authority.contains(':') {
        return None;
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse::<u16>().ok()?)),
        None => (authority, None),
    };
    let explicit = !scheme.is_empty() || port.is_some();
    if !(explicit || host_by_name) || !is_host(host) {
        return None;
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    Some(Address { host, port, scheme: scheme.to_ascii_lowercase(), explicit })
}

/// A DNS name that is not an IP address, not this machine and not a number.
fn is_host(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let name = !host.is_empty()
        && host.len() <= 253
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        });
    let letters = host.chars().any(|c| c.is_ascii_alphabetic());
    let own = ["localhost", "true", "false", "none", "null", "yes", "no", "default", "all", "auto"]
        .contains(&host.to_ascii_lowercase().as_str());
    name && letters && !own
}

/// The Service (namespace, name) that a host names as seen from a pod in `own_namespace`, when the host has the form of a
/// cluster name. `two_labels` says whether `name.namespace` may be read so (whether such a namespace exists).
pub fn in_cluster(host: &str, own_namespace: &str, two_labels: impl Fn(&str) -> bool) -> Option<(String, String)> {
    let labels: Vec<&str> = host.split('.').collect();
    let named = |namespace: &str, name: &str| Some((namespace.to_owned(), name.to_owned()));
    match labels[..] {
        [name] => named(own_namespace, name),
        [name, namespace] if two_labels(namespace) => named(namespace, name),
        [name, namespace, "svc", ..] => named(namespace, name),
        // `pod.service.namespace.svc`: a pod behind a headless Service.
        [_, name, namespace, "svc", ..] => named(namespace, name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(variable: &str, value: &str) -> Option<(String, Option<u16>)> {
        addresses_in(variable, value).into_iter().next().map(|a| (a.host, a.port))
    }

    #[test]
    fn the_usual_spellings_of_an_address_are_read() {
        let db = || Some(("db".to_owned(), Some(5432)));
        assert_eq!(one("X", "db:5432"), db());
        assert_eq!(one("X", "postgres://user:p%40ss@db:5432/shop?sslmode=off"), db());
        assert_eq!(one("X", "jdbc:postgresql://db:5432/shop"), db());
        assert_eq!(one("X", "user:pw@tcp(db:5432)/shop"), db());
        assert_eq!(one("DB_HOST", "db"), Some(("db".to_owned(), None)));
        assert_eq!(addresses_in("BROKERS", "a:9092,b:9092").len(), 2);
    }

    #[test]
    fn what_is_no_address_is_left_alone() {
        for (variable, value) in [
            ("LEVEL", "info"),
            ("PORT", "8080"),
            ("HOST", "0.0.0.0"),
            ("HOST", "localhost"),
            ("PATH_PREFIX", "/api"),
            ("IMAGE", "library/nginx:1.27"),
            ("TIME", "10:30"),
            ("DB_HOST", "10.0.0.1"),
            ("RATIO", "1:2:x"),
        ] {
            assert_eq!(one(variable, value), None, "{variable}={value}");
        }
    }

    #[test]
    fn cluster_names_are_told_from_the_internet() {
        let known = |namespace: &str| namespace == "shop";
        assert_eq!(in_cluster("db", "own", known), Some(("own".into(), "db".into())));
        assert_eq!(in_cluster("db.shop", "own", known), Some(("shop".into(), "db".into())));
        assert_eq!(in_cluster("db.gone.svc.cluster.local", "own", known), Some(("gone".into(), "db".into())));
        assert_eq!(in_cluster("db-0.db.shop.svc", "own", known), Some(("shop".into(), "db".into())));
        assert_eq!(in_cluster("example.com", "own", known), None);
    }
}
