use std::net::{IpAddr, Ipv4Addr};

/// Whether a server is reached directly although the environment names a proxy: `NO_PROXY` lists it, or it is on this
/// machine, where no proxy can reach it.
pub(crate) fn is_bypassed(host: &str) -> bool {
    let listed = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy")).unwrap_or_default();
    is_bypassed_by(host, &listed)
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
mod tests {
    use super::*;

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
