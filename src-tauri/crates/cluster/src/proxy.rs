use std::net::IpAddr;

use http::Uri;

use crate::{SearchPath, Trouble, TroubleKind};

/// The proxy to a server: the kubeconfig's own, always; else the environment's for the server's scheme, unless `NO_PROXY`
/// lists the server or it is on this machine, where no proxy can reach it. kubectl's rules.
pub(crate) fn of(own: Option<&str>, server: &Uri, search: &SearchPath) -> Result<Option<Uri>, Trouble> {
    choose(own, server, |name| search.variable(name)?.into_string().ok())
}

fn choose(
    own: Option<&str>,
    server: &Uri,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Option<Uri>, Trouble> {
    let set = |names: [&str; 2]| names.into_iter().filter_map(&environment).find(|value| !value.is_empty());
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        return parse(own, "`proxy-url` of the cluster").map(Some);
    }
    let secure = server.scheme_str() != Some("http");
    let names = if secure { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    let Some(named) = set(names) else { return Ok(None) };
    let listed = set(["NO_PROXY", "no_proxy"]).unwrap_or_default();
    let port = server.port_u16().unwrap_or(if secure { 443 } else { 80 });
    if is_bypassed_by(server.host().unwrap_or_default(), port, &listed) {
        return Ok(None);
    }
    parse(&named, &format!("`{}` of the environment", names[0])).map(Some)
}

/// Whether a server is on this machine.
pub(crate) fn is_here(server: &Uri) -> bool {
    is_local(&bare(server.host().unwrap_or_default()))
}

/// A host as names are compared: without an address's brackets, in lower case.
fn bare(host: &str) -> String {
    host.trim_matches(['[', ']']).to_ascii_lowercase()
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn parse(url: &str, place: &str) -> Result<Uri, Trouble> {
    let whole = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    // Names are resolved by the proxy either way.
    let whole = whole.strip_prefix("socks5h://").map_or(whole.clone(), |rest| format!("socks5://{rest}"));
    let uri = whole.parse::<Uri>().ok();
    uri.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https" | "socks5")) && uri.host().is_some()).ok_or_else(
        || {
            Trouble::new(
                TroubleKind::Kubeconfig,
                format!("{place} is not a proxy's URL"),
                "Write it as http://host:port, https://host:port or socks5://host:port.",
            )
        },
    )
}

/// By the rules of Go's `httpproxy`: an address, a network, or a name, each perhaps with a port. A name stands for itself
/// and what is under it; after a dot, or after `*.`, only for what is under it.
fn is_bypassed_by(host: &str, port: u16, listed: &str) -> bool {
    let host = bare(host);
    let address: Option<IpAddr> = host.parse().ok();
    if is_local(&host) {
        return true;
    }
    listed.split([',', ' ']).map(|entry| entry.trim().to_ascii_lowercase()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let Some(network) = entry.split_once('/') {
            return address.is_some_and(|address| in_network(address, network));
        }
        let (name, of_port) = with_port(&entry);
        if name.is_empty() || of_port.is_some_and(|of_port| of_port != port.to_string()) {
            return false;
        }
        if let Ok(listed) = name.parse::<IpAddr>() {
            return address == Some(listed);
        }
        let under = name.strip_prefix('*').unwrap_or(name);
        match under.strip_prefix('.') {
            Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            None => host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')),
        }
    })
}

/// An entry's name or address, without brackets, and its port.
fn with_port(entry: &str) -> (&str, Option<&str>) {
    if let Some((address, rest)) = entry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (address, rest.strip_prefix(':'));
    }
    match entry.split_once(':') {
        // More than one colon without brackets: an address of version 6.
        Some((_, rest)) if rest.contains(':') => (entry, None),
        Some((name, port)) => (name, Some(port)),
        None => (entry, None),
    }
}

fn in_network(address: IpAddr, (base, bits): (&str, &str)) -> bool {
    let Ok(bits) = bits.parse::<u32>() else { return false };
    let same = |one: u128, other: u128, width: u32| {
        let rest = width.saturating_sub(bits);
        bits <= width && one.checked_shr(rest).unwrap_or(0) == other.checked_shr(rest).unwrap_or(0)
    };
    match (address, base.parse::<IpAddr>()) {
        (IpAddr::V4(address), Ok(IpAddr::V4(base))) => same(address.to_bits().into(), base.to_bits().into(), 32),
        (IpAddr::V6(address), Ok(IpAddr::V6(base))) => same(address.to_bits(), base.to_bits(), 128),
        (IpAddr::V4(_) | IpAddr::V6(_), _) => false,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails says where")]
mod tests {
    use super::*;

    #[test]
    fn the_kubeconfigs_proxy_goes_before_the_environments_which_has_exceptions() {
        let environment = |name: &str| match name {
            "HTTPS_PROXY" => Some("corp:3128".to_owned()),
            "http_proxy" => Some("http://plain.corp:80".to_owned()),
            "NO_PROXY" => Some("near.example".to_owned()),
            _ => None,
        };
        let proxy = |own: Option<&str>, server: &str| {
            choose(own, &server.parse().unwrap(), environment).unwrap().map(|uri| uri.to_string())
        };
        assert_eq!(proxy(None, "https://far.example:6443").as_deref(), Some("http://corp:3128/"));
        assert_eq!(proxy(None, "http://far.example").as_deref(), Some("http://plain.corp:80/"));
        assert_eq!(proxy(None, "https://near.example"), None);
        assert_eq!(proxy(None, "https://127.0.0.1:6443"), None);
        let socks = proxy(Some("socks5h://127.0.0.1:1080"), "https://near.example");
        assert_eq!(socks.as_deref(), Some("socks5://127.0.0.1:1080/"), "asked for by name, it has no exceptions");
        for wrong in ["ftp://x", "http://", "not a url"] {
            let error = choose(Some(wrong), &"https://x".parse().unwrap(), environment).unwrap_err();
            assert!(error.why.contains("proxy-url") && error.kind == TroubleKind::Kubeconfig, "{error:?}");
        }
    }

    #[test]
    fn the_environment_says_which_servers_need_no_proxy() {
        let listed = "corp.example, .svc.local,10.0.0.0/8 *.dev.example,fd00::/8,port.example:6443,192.0.2.7:6443,\
            [2001:db8::1]:6443,2001:db8::2";
        let bypassed = |host: &str, port: u16| is_bypassed_by(host, port, listed);
        for host in [
            "corp.example",
            "api.corp.example",
            "a.svc.local",
            "10.9.8.7",
            "x.dev.example",
            "[fd12::7]",
            "port.example",
            "api.port.example",
            "192.0.2.7",
            "[2001:db8::1]",
            "[2001:db8::2]",
            "localhost",
            "127.0.0.1",
            "[::1]",
        ] {
            assert!(bypassed(host, 6443), "{host}");
        }
        for host in
            ["notcorp.example", "svc.local", "dev.example", "11.0.0.1", "[fe00::1]", "example", "corp.example.org", ""]
        {
            assert!(!bypassed(host, 6443), "{host}");
        }
        for host in ["port.example", "192.0.2.7", "[2001:db8::1]"] {
            assert!(!bypassed(host, 443), "{host}: another port");
        }
        assert!(is_bypassed_by("any.example", 443, "*"));
        assert!(is_bypassed_by("1.2.3.4", 443, "0.0.0.0/0") && !is_bypassed_by("1.2.3.4", 443, "1.2.3.4/99"));
        assert!(!is_bypassed_by("1.2.3.4", 443, "::/0"));
    }
}
