//! Addresses in the environment that lead nowhere.

use std::collections::BTreeMap;

use model::{Doc, Held, ObjectRef};
use topology::{Address, Relation, addresses_in, in_cluster};

use crate::found::Found;
use crate::json::{int, list, text};
use crate::scene::{Existence, Scene, Workload};
use crate::services::distance;

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    let mut wanted: BTreeMap<(ObjectRef, u16), Vec<&Workload>> = BTreeMap::new();
    for workload in scene.workloads.values() {
        let Some(spec) = workload.pod_spec else { continue };
        for container in list(spec, "/containers").iter().chain(list(spec, "/initContainers")) {
            let env = list(container, "/env");
            for variable in env {
                let (name, value) = (text(variable, "/name"), text(variable, "/value"));
                for mut address in addresses_in(name, value) {
                    if address.port.is_none() {
                        address.port = port_beside(env, name);
                    }
                    if let Some((service, port)) = check(scene, workload, container, name, value, &address, found) {
                        wanted.entry((service, port)).or_default().push(workload);
                    }
                }
            }
        }
    }
    // Where all callers want a port that the Service does not offer, the Service is the odd one.
    for ((service, port), callers) in wanted {
        let Some(held) = scene.snapshot.get(&service) else { continue };
        if callers.len() >= 2 {
            found
                .fact("service_port_not_offered", &service)
                .arg("port", port)
                .objects("wanted_by", callers.iter().map(|w| &w.object))
                .arg("ports", offered(held))
                .since(held.at)
                .because(&held.observation)
                .because_all(callers.iter().map(|w| &w.spec_held.observation))
                .says(format!(
                    "{} callers use port {port} of {}, which it does not offer",
                    callers.len(),
                    service.name
                ));
        }
    }
}

/// The port that stands in a variable beside the host's: `DB_HOST` and `DB_PORT`.
fn port_beside(env: &[Doc], host: &str) -> Option<u16> {
    let stem = ["_HOST", "_ADDR", "_ADDRESS", "_SERVER", "_HOSTNAME", "HOST"]
        .into_iter()
        .find_map(|ending| host.strip_suffix(ending))?;
    let port =
        env.iter().find(|e| text(e, "/name") == format!("{stem}_PORT") || text(e, "/name") == format!("{stem}PORT"))?;
    text(port, "/value").parse().ok()
}

fn offered(held: &Held) -> Vec<i64> {
    list(&held.object, "/spec/ports").iter().filter_map(|p| int(p, "/port")).collect()
}

/// Whether a bare word under a host-like name can be meant as a Service at all.
fn plausible(address: &Address, variable: &str) -> bool {
    let single = !address.host.contains('.');
    let variable = variable.to_ascii_uppercase();
    // A name of its own, a listen address or somebody's user name is no call.
    let own = variable.contains("POD_NAME")
        || variable.contains("NODE_NAME")
        || variable == "HOSTNAME"
        || variable.contains("LISTEN")
        || variable.contains("BIND")
        || variable.contains("NAMESPACE");
    !own && (address.explicit && (address.port.is_some() || !single)
        || variable.ends_with("HOST")
        || variable.ends_with("ADDR")
        || variable.ends_with("ADDRESS")
        || variable.ends_with("_URL"))
}

fn check(
    scene: &Scene,
    workload: &Workload,
    container: &Doc,
    variable: &str,
    value: &str,
    address: &Address,
    found: &mut Found,
) -> Option<(ObjectRef, u16)> {
    let own = workload.object.namespace.as_str();
    let (namespace, name) = in_cluster(&address.host, own, |n| scene.namespaces().contains(n))?;
    let service = ObjectRef::new("Service", namespace.as_str(), name.as_str());
    let shown = mask(value);
    let Some(held) = scene.snapshot.get(&service) else {
        unknown(scene, workload, container, variable, &shown, address, &service, found);
        return None;
    };
    misdirected(scene, workload, container, variable, &shown, &service, held, found);
    let headless =
        text(&held.object, "/spec/clusterIP") == "None" || text(&held.object, "/spec/type") == "ExternalName";
    let port = address.port?;
    let ports = list(&held.object, "/spec/ports");
    let this = ports.iter().find(|p| int(p, "/port") == Some(i64::from(port)));
    match this {
        None if headless || ports.is_empty() => None,
        None => {
            found
                .fact("env_port_wrong", &workload.object)
                .arg("container", text(container, "/name"))
                .arg("variable", variable)
                .arg("value", shown)
                .object("service", Some(&service))
                .arg("port", port)
                .arg("ports", offered(held))
                .since(workload.spec_held.at)
                .because(&workload.spec_held.observation)
                .because(&held.observation)
                .says(format!(
                    "{variable} of {} names port {port} of {name}, which offers {}",
                    workload.object.name,
                    offered(held).iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
                ));
            Some((service, port))
        }
        Some(this) => {
            let protocol = Some(text(this, "/protocol")).filter(|p| !p.is_empty()).unwrap_or("TCP");
            if let Some(wants) = spoken(variable, address)
                && protocol != wants
                && !ports.iter().any(|p| int(p, "/port") == Some(i64::from(port)) && text(p, "/protocol") == wants)
            {
                found
                    .fact("env_protocol_wrong", &workload.object)
                    .arg("container", text(container, "/name"))
                    .arg("variable", variable)
                    .arg("value", shown)
                    .object("service", Some(&service))
                    .arg("port", port)
                    .arg("scheme", address.scheme.clone())
                    .arg("port_protocol", protocol)
                    .since(workload.spec_held.at)
                    .because(&workload.spec_held.observation)
                    .because(&held.observation)
                    .says(format!(
                        "{variable} of {} names port {port} of {name}, which is a {protocol} port",
                        workload.object.name
                    ));
            }
            None
        }
    }
}

/// The protocol that a client of this address speaks; `None` where neither its scheme, its port nor its variable's name tells.
/// Ports of IANA's registry that are served over UDP, at least also, and those of StatsD, GELF and Jaeger's agent.
pub(crate) fn spoken(variable: &str, address: &Address) -> Option<&'static str> {
    const UDP_TOO: &[u16] = &[
        53, 67, 69, 123, 161, 162, 443, 500, 514, 1812, 1813, 2055, 3478, 4500, 4739, 5060, 6343, 6831, 6832, 8125,
        12201,
    ];
    const UDP_WORDS: &[&str] =
        &["STATSD", "SYSLOG", "GELF", "JAEGER_AGENT", "DNS", "NTP", "SNMP", "RADIUS", "SIP", "UDP"];
    let variable = variable.to_ascii_uppercase();
    match address.scheme.as_str() {
        "udp" | "statsd" | "syslog+udp" | "gelf" => Some("UDP"),
        "" if address.port.is_some_and(|port| UDP_TOO.contains(&port)) => None,
        "" if UDP_WORDS.iter().any(|word| variable.contains(word)) => None,
        "syslog" | "dns" | "sip" | "stun" | "turn" => None,
        _ => Some("TCP"),
    }
}

/// A name without separators and without the words that every name has.
fn bare(name: &str) -> String {
    const COMMON: &[&str] = &[
        "service", "svc", "addr", "address", "host", "url", "uri", "endpoint", "server", "port", "hostname", "target",
        "upstream", "backend",
    ];
    let lower = name.to_ascii_lowercase();
    let kept: String = lower.split(['_', '-', '.']).filter(|word| !COMMON.contains(word)).collect();
    kept.trim_end_matches("service").to_owned()
}

/// A variable that is named after one Service and holds another.
#[expect(clippy::too_many_arguments, reason = "one address of one variable of one container")]
fn misdirected(
    scene: &Scene,
    workload: &Workload,
    container: &Doc,
    variable: &str,
    value: &str,
    service: &ObjectRef,
    held: &Held,
    found: &mut Found,
) {
    let stem = bare(variable);
    let held_name = bare(&service.name);
    if stem.len() < 4 || held_name.contains(&stem) || stem.contains(&held_name) {
        return;
    }
    let all = scene.snapshot.in_namespace("Service", &service.namespace).map(|(s, _)| s);
    let meant: Vec<&ObjectRef> = all.filter(|s| *s != service && bare(&s.name) == stem).collect();
    let [meant] = meant[..] else { return };
    found
        .fact("env_address_misdirected", &workload.object)
        .arg("container", text(container, "/name"))
        .arg("variable", variable)
        .arg("value", value)
        .object("service", Some(service))
        .object("expected", Some(meant))
        .since(workload.spec_held.at)
        .because(&workload.spec_held.observation)
        .because(&held.observation)
        .says(format!(
            "{variable} of {} names {}, and there is a Service {}",
            workload.object.name, service.name, meant.name
        ));
}

#[expect(clippy::too_many_arguments, reason = "one address of one variable of one container")]
fn unknown(
    scene: &Scene,
    workload: &Workload,
    container: &Doc,
    variable: &str,
    value: &str,
    address: &Address,
    service: &ObjectRef,
    found: &mut Found,
) {
    if !plausible(address, variable)
        || address.host.split('.').next_back().is_some_and(|l| l == "com" || l == "net" || l == "org" || l == "io")
    {
        return;
    }
    let existence = scene.exists("Service", &service.namespace, &service.name);
    if existence == Existence::There || scene.pods.iter().any(|p| p.object.name == service.name) {
        return;
    }
    let (near, likeness, uncalled) = nearest(scene, service, variable, address.port);
    let draft = found
        .fact("env_address_unknown", &workload.object)
        .arg("container", text(container, "/name"))
        .arg("variable", variable)
        .arg("value", value)
        .arg("host", address.host.clone())
        .arg("namespace", service.namespace.clone())
        .arg("closest", near.clone())
        .arg("likeness", likeness)
        .arg("closest_uncalled", uncalled)
        .arg("workload_exists", scene.workloads_in(&service.namespace).any(|w| w.object.name == service.name))
        .since(workload.spec_held.at)
        .because(&workload.spec_held.observation);
    let says = format!(
        "{variable} of {} names {}, and no Service has that name{}",
        workload.object.name,
        address.host,
        if near.is_empty() { String::new() } else { format!("; {near} is near") }
    );
    if existence == Existence::Absent {
        draft.says(says);
    } else {
        draft.unknown(format!("Services of {} were not listed", service.namespace)).says(says);
    }
}

/// The Service that was probably meant, how like it is (0 to 1), and whether nobody calls it although others are called.
fn nearest(scene: &Scene, missing: &ObjectRef, variable: &str, port: Option<u16>) -> (String, f64, bool) {
    let words: Vec<String> =
        variable.split(['_', '-', '.']).map(str::to_ascii_lowercase).filter(|w| w.len() >= 4).collect();
    let mut best: (String, f64, bool) = (String::new(), 0.0, false);
    for (service, held) in scene.snapshot.in_namespace("Service", &missing.namespace) {
        let parts: Vec<&str> = service.name.split('-').collect();
        // `REDIS_ADDR` and `redis-cart` share a word that is not in every name.
        let named = words
            .iter()
            .any(|w| parts.contains(&w.as_str()) && !matches!(w.as_str(), "service" | "server" | "addr" | "host"));
        let offers = port.is_some_and(|port| offered(held).contains(&i64::from(port)));
        let likeness = similarity(&service.name, &missing.name).max(if named { 0.75 } else { 0.0 })
            + if offers { 0.05 } else { 0.0 };
        if likeness > best.1 && likeness >= 0.5 {
            let called = scene
                .graph
                .dependents(service)
                .iter()
                .any(|e| matches!(e.relation, Relation::Calls | Relation::RoutesTo));
            best = (service.name.to_string(), likeness.min(1.0), !called);
        }
    }
    best
}

/// Between 0 and 1: how alike two names are.
fn similarity(a: &str, b: &str) -> f64 {
    let longest = a.len().max(b.len()).max(1);
    let by_letters = 1.0 - distance(a, b) as f64 / longest as f64;
    let shared = a.starts_with(b) || b.starts_with(a) || a.ends_with(b) || b.ends_with(a);
    if shared { by_letters.max(0.7) } else { by_letters }
}

/// A value without the user and password that an address may carry.
pub(crate) fn mask(value: &str) -> String {
    match (value.find("://"), value.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}://…{}", &value[..scheme], &value[at..]),
        (None, Some(at)) if value[..at].contains(':') => format!("…{}", &value[at..]),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::mask;
    use crate::sketch::{Sketch, fact, has};

    fn env(name: &str, value: &str) -> impl FnOnce(&mut Value) {
        let variable = json!([{"name": name, "value": value}]);
        move |d| d["spec"]["template"]["spec"]["containers"][0]["env"] = variable
    }

    fn caller(value: &str) -> Sketch {
        Sketch::new().deployment("cart").deployment("web").but("Deployment/shop/web", env("CART_ADDR", value))
    }

    #[test]
    fn an_address_that_names_no_service_is_told_with_the_one_that_is_near() {
        let facts = caller("carts:80").facts();
        assert_eq!(fact(&facts, "env_address_unknown", "Deployment/shop/web").args["closest"], "cart");
        assert!(!has(&caller("cart:80").facts(), "env_address_unknown"));
        assert!(!has(&caller("api.example.com:443").facts(), "env_address_unknown"));
    }

    #[test]
    fn where_services_were_not_listed_an_unknown_name_is_unknown() {
        let facts =
            Sketch::unwatched().deployment("web").but("Deployment/shop/web", env("CART_ADDR", "cart:80")).facts();
        assert!(!has(&facts, "env_address_unknown"));
        assert!(facts.iter().any(|f| f.name == "env_address_unknown"));
    }

    #[test]
    fn the_wrong_port_of_a_service_is_told() {
        let facts = caller("cart:81").facts();
        assert_eq!(fact(&facts, "env_port_wrong", "Deployment/shop/web").args["ports"], json!([80]));
        assert!(!has(&caller("cart:80").facts(), "env_port_wrong"));
    }

    #[test]
    fn what_may_speak_udp_is_not_taken_for_a_client_of_tcp() {
        let with = |variable: &str, value: &str, port: u16| {
            let udp = json!([{"port": port, "targetPort": 8080, "protocol": "UDP"}]);
            let sketch =
                Sketch::new().deployment("cart").deployment("web").but("Deployment/shop/web", env(variable, value));
            has(&sketch.but("Service/shop/cart", |s| s["spec"]["ports"] = udp).facts(), "env_protocol_wrong")
        };
        assert!(with("CART_ADDR", "cart:80", 80) && with("CART_URL", "http://cart:8125", 8125));
        assert!(!with("METRICS_ADDR", "cart:8125", 8125), "StatsD");
        assert!(!with("STATSD_ADDR", "cart:9125", 9125) && !with("CART_URL", "udp://cart:80", 80));
    }

    #[test]
    fn a_variable_that_is_named_after_one_service_and_holds_another_is_told() {
        let with = |value: &str| caller(value).deployment("mail").facts();
        let facts = with("mail:80");
        assert_eq!(
            fact(&facts, "env_address_misdirected", "Deployment/shop/web").args["expected"],
            "Service/shop/cart"
        );
        assert!(!has(&with("cart:80"), "env_address_misdirected"));
    }

    #[test]
    fn passwords_in_addresses_are_not_repeated() {
        assert_eq!(mask("postgres://u:secret@db:5432/x"), "postgres://…@db:5432/x");
        assert_eq!(mask("db:5432"), "db:5432");
    }
}
