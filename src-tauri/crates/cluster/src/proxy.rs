use std::net::{IpAddr, Ipv4Addr};

use http::Uri;

use crate::{Trouble, TroubleKind};

/// The proxy to a server: the kubeconfig's own, always; else the environment's for the server's scheme, unless `NO_PROXY`
/// lists the server or it is on this machine, where no proxy can reach it. kubectl's rules.
pub(crate) fn of(own: Option<&str>, server: &Uri) -> Result<Option<Uri>, Trouble> {
    choose(own, server, |name| std::env::var(name).ok())
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
    if is_bypassed_by(server.host().unwrap_or_default(), &listed) {
        return Ok(None);
    }
    parse(&named, &format!("`{}` of the environment", names[0])).map(Some)
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

fn is_bypassed_by(host: &str, listed: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    listed.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let name = entry.to_ascii_lowercase();
        let name = name.trim_start_matches('*').trim_start_matches('.');
        entry == "*"
            || (!name.is_empty() && (host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))))
            || matches!(address, Some(IpAddr::V4(address)) if in_network(address, entry))
    })
}

fn in_network(address: Ipv4Addr, network: &str) -> bool {
    let Some((base, bits)) = network.split_once('/') else { return false };
    let (Ok(base), Ok(bits)) = (base.parse::<Ipv4Addr>(), bits.parse::<u32>()) else { return false };
    let mask = u32::MAX.checked_shl(32u32.saturating_sub(bits)).unwrap_or(0);
    bits <= 32 && address.to_bits() & mask == base.to_bits() & mask
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
        let listed = "corp.example, .svc.local,10.0.0.0/8 *.dev.example";
        for host in [
            "corp.example",
            "api.corp.example",
            "a.svc.local",
            "10.9.8.7",
            "x.dev.example",
            "localhost",
            "127.0.0.1",
            "[::1]",
        ] {
            assert!(is_bypassed_by(host, listed), "{host}");
        }
        for host in ["notcorp.example", "11.0.0.1", "example", "corp.example.org", ""] {
            assert!(!is_bypassed_by(host, listed), "{host}");
        }
        assert!(is_bypassed_by("any.example", "*"));
        assert!(
            in_network(Ipv4Addr::new(1, 2, 3, 4), "0.0.0.0/0") && !in_network(Ipv4Addr::new(1, 2, 3, 4), "1.2.3.4/99")
        );
    }
}
