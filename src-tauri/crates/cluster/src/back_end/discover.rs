//! Which Service of a cluster is a back end, by the names and labels that charts and operators give.

use std::collections::BTreeMap;

use model::{Doc, ObjectRef};

use super::{BackEndKind, BackEndPlace};

/// A way to recognise one: a name that its labels or its own name hold, the ports by which it may be asked, and what its
/// paths stand under. Those that answer for more come first.
struct Mark {
    kind: BackEndKind,
    names: &'static [&'static str],
    ports: &'static [u16],
    path: &'static str,
}

#[rustfmt::skip]
const MARKS: &[Mark] = &[
    // In front of several Prometheus servers, or of a longer past.
    Mark { kind: BackEndKind::Prometheus, names: &["thanos-query-frontend", "thanos-query", "thanos-querier"], ports: &[9090, 10902, 9091], path: "" },
    Mark { kind: BackEndKind::Prometheus, names: &["mimir-gateway", "mimir-nginx", "mimir-query-frontend"], ports: &[80, 8080], path: "prometheus" },
    Mark { kind: BackEndKind::Prometheus, names: &["vmselect"], ports: &[8481], path: "select/0/prometheus" },
    Mark { kind: BackEndKind::Prometheus, names: &["vmsingle", "victoria-metrics-single", "victoria-metrics"], ports: &[8428, 8429], path: "" },
    Mark { kind: BackEndKind::Prometheus, names: &["kube-prometheus-stack-prometheus", "prometheus-server", "prometheus-k8s", "prometheus-operated", "prometheus"], ports: &[9090, 80, 9091], path: "" },
    Mark { kind: BackEndKind::Loki, names: &["loki-gateway", "loki-nginx"], ports: &[80, 8080], path: "" },
    Mark { kind: BackEndKind::Loki, names: &["loki-query-frontend", "loki-read", "loki"], ports: &[3100], path: "" },
    Mark { kind: BackEndKind::Alertmanager, names: &["vmalertmanager", "kube-prometheus-stack-alertmanager", "alertmanager-main", "alertmanager-operated", "alertmanager"], ports: &[9093], path: "" },
];

/// Parts of the same families that answer no questions.
const OTHERS: &[&str] = &[
    "operator",
    "exporter",
    "node-exporter",
    "pushgateway",
    "adapter",
    "kube-state-metrics",
    "blackbox",
    "memberlist",
    "canary",
    "promtail",
    "distributor",
    "ingester",
    "ruler",
    "compactor",
    "store-gateway",
    "storegateway",
    "sidecar",
    "receive",
    "index-gateway",
    "backend",
    "write",
    "bloom",
    "vminsert",
    "vmstorage",
    "vmagent",
    "memcached",
    "cache",
    "kubelet",
    "coredns",
    "grafana",
    "tempo",
];

/// The best one of each kind.
pub(super) fn among<'a>(
    services: impl Iterator<Item = (&'a ObjectRef, &'a Doc)>,
) -> BTreeMap<BackEndKind, BackEndPlace> {
    let mut best: BTreeMap<BackEndKind, (usize, BackEndPlace)> = BTreeMap::new();
    for (service, object) in services {
        let Some((kind, rank, place)) = recognise(service, object) else { continue };
        // Equal ones: the first by namespace and name, so that the choice is the same each time.
        if best.get(&kind).is_none_or(|(held, _)| rank < *held) {
            best.insert(kind, (rank, place));
        }
    }
    best.into_iter().map(|(kind, (_, place))| (kind, place)).collect()
}

fn recognise(service: &ObjectRef, object: &Doc) -> Option<(BackEndKind, usize, BackEndPlace)> {
    let labels: Vec<(&str, &str)> = model::labels(object).collect();
    let label = |key: &str| labels.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
    let told = [label("app.kubernetes.io/name"), label("app"), label("k8s-app")];
    let component = label("app.kubernetes.io/component").or_else(|| label("component")).unwrap_or_default();
    let is_other =
        |name: &str| OTHERS.iter().any(|other| name.split(['-', '.']).collect::<Vec<_>>().join("-").contains(other));
    if is_other(component) || is_other(&service.name) || told.iter().flatten().any(|name| is_other(name)) {
        return None;
    }
    let headless = object.pointer("/spec/clusterIP").is_some_and(|ip| ip.as_str() == Some("None"));
    for (place, mark) in MARKS.iter().enumerate() {
        let labelled = told.iter().flatten().any(|name| mark.names.contains(name));
        let joined = label("app.kubernetes.io/name").map(|name| format!("{name}-{component}"));
        let labelled = labelled || joined.is_some_and(|joined| mark.names.contains(&joined.as_str()));
        let named = mark.names.iter().any(|name| service.name == *name || service.name.ends_with(&format!("-{name}")));
        let begins = mark.names.iter().any(|name| service.name.starts_with(&format!("{name}-")));
        if !labelled && !named && !begins {
            continue;
        }
        let Some((port, https)) = port(object, mark.ports, labelled || named) else { continue };
        // The sort of server first, then the certainty, then one address before many.
        let rank = place * 8 + usize::from(!labelled) * 2 + usize::from(!named) * 2 + usize::from(headless);
        let place = BackEndPlace::Service {
            namespace: service.namespace.to_string(),
            name: service.name.to_string(),
            port,
            https,
            path: mark.path.to_owned(),
        };
        return Some((mark.kind, rank, place));
    }
    None
}

/// The port to ask, and whether it speaks TLS; one with a usual number, or else with a web server's name.
fn port(object: &Doc, usual: &[u16], certain: bool) -> Option<(u16, bool)> {
    let ports = object.pointer("/spec/ports")?.as_array()?;
    let number = |port: &Doc| u16::try_from(port["port"].as_u64()?).ok();
    let name = |port: &Doc| port["name"].as_str().unwrap_or_default().to_owned();
    let by_number = usual.iter().find_map(|usual| ports.iter().find(|port| number(port) == Some(*usual)));
    let web = |port: &&Doc| {
        matches!(
            name(port).as_str(),
            "web" | "http-web" | "http" | "https" | "https-web" | "http-query" | "http-metrics"
        )
    };
    let port = by_number.or_else(|| ports.iter().find(web).filter(|_| certain))?;
    Some((number(port)?, name(port).starts_with("https")))
}
