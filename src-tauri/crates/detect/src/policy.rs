//! Network policies: may a reach b on a port, and which rule says no.

mod api_server;

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{Doc, Fact, Fields, Held, ObjectRef, ObservationId, View};
use serde_json::{Value, json};
use topology::{Graph, Relation, labels_of, matches_selector};

use self::api_server::ApiServer;
use crate::found::Found;
use crate::json::{flag, int, list, text};
use crate::scene::{Scene, Workload};

const NAME_OF_NAMESPACE: &str = "kubernetes.io/metadata.name";

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    if scene.snapshot.of_kind("NetworkPolicy").next().is_none() {
        return;
    }
    for workload in scene.workloads.values() {
        isolated(scene, workload, found);
        dns(scene, workload, found);
        api(scene, workload, found);
    }
    calls(scene, found);
    ways_in(scene, found);
}

/// One end of a connection.
#[derive(Clone, Copy)]
struct End<'a> {
    workload: &'a Workload<'a>,
    namespace: &'a str,
    labels: Fields<'a>,
    /// The port by number and by the name that the container gives it.
    port: Option<i64>,
    port_name: &'a str,
    protocol: &'a str,
}

/// What a direction's policies say.
enum Verdict<'s> {
    Open,
    /// A rule of a policy fits; counted from 1.
    Allowed {
        policy: &'s ObjectRef,
        held: &'s Held,
        rule: usize,
    },
    /// These policies select the pod and none of their rules fits.
    Denied {
        policy: &'s ObjectRef,
        held: &'s Held,
        nearest: String,
    },
    /// A rule may fit or not: what would tell is not known.
    Unknown {
        policy: &'s ObjectRef,
        held: &'s Held,
        why: String,
    },
}

/// Whether a peer of a rule is the one that is asked about.
#[derive(Clone, Copy, PartialEq)]
enum Fit {
    Yes,
    No,
    Unknown(&'static str),
}

fn policies<'s>(
    scene: &'s Scene,
    end: End<'s>,
    direction: &'static str,
) -> impl Iterator<Item = (&'s ObjectRef, &'s Held)> {
    scene.snapshot.in_namespace("NetworkPolicy", end.namespace).filter(move |(_, held)| {
        let types: Vec<&str> = list(&held.object, "/spec/policyTypes").iter().filter_map(Doc::as_str).collect();
        let applies = if types.is_empty() {
            direction == "Ingress" || held.object.pointer("/spec/egress").is_some()
        } else {
            types.contains(&direction)
        };
        let selector = held.object.pointer("/spec/podSelector");
        applies && selector.is_none_or(|s| matches_selector(s, end.labels))
    })
}

fn judge<'s>(scene: &'s Scene, from: End<'s>, to: End<'s>, direction: &'static str) -> Verdict<'s> {
    let (own, peer) = if direction == "Ingress" { (to, from) } else { (from, to) };
    let (field, peers) = if direction == "Ingress" { ("/spec/ingress", "/from") } else { ("/spec/egress", "/to") };
    // Policies do not hold for pods in their node's network.
    if is_on_host(own.workload) {
        return Verdict::Open;
    }
    let mut denied: Option<(&ObjectRef, &Held, String)> = None;
    let mut unknown: Option<(&ObjectRef, &Held, String)> = None;
    for (policy, held) in policies(scene, own, direction) {
        let mut nearest = "no rule allows anything".to_owned();
        for (index, rule) in list(&held.object, field).iter().enumerate() {
            let by_peer = fit_of_any(list(rule, peers).iter().map(|p| peer_fits(scene, p, peer, own.namespace)));
            let by_port = list(rule, "/ports").is_empty() || list(rule, "/ports").iter().any(|p| port_matches(p, to));
            match (by_peer, by_port) {
                (Fit::Yes, true) => return Verdict::Allowed { policy, held, rule: index + 1 },
                (Fit::Unknown(why), true) => {
                    unknown.get_or_insert((policy, held, format!("rule {}: {why}", index + 1)));
                }
                (Fit::Yes, false) => nearest = format!("rule {} allows the peer, but not the port", index + 1),
                (Fit::No, true) => nearest = format!("rule {} allows the port, but not the peer", index + 1),
                (Fit::No | Fit::Unknown(_), false) => {}
            }
        }
        denied.get_or_insert((policy, held, nearest));
    }
    if let Some((policy, held, why)) = unknown {
        return Verdict::Unknown { policy, held, why };
    }
    match denied {
        Some((policy, held, nearest)) => Verdict::Denied { policy, held, nearest },
        None => Verdict::Open,
    }
}

/// Whether pods of one workload may open a connection to those of another, as NetworkPolicies have it.
#[derive(Clone, Debug, PartialEq)]
pub struct MayReach {
    pub from: ObjectRef,
    pub to: ObjectRef,
    /// The container's port; `None`: no port is known, so only rules for all ports count.
    pub port: Option<i64>,
    pub protocol: String,
    /// What leaves the one end, then what reaches the other; both must let it pass.
    pub directions: Vec<PolicyVerdict>,
}

/// What the policies of one end say.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyVerdict {
    /// `egress` or `ingress`.
    pub direction: &'static str,
    pub passes: bool,
    /// Whether it could not be judged; `passes` is then false.
    pub unknown: bool,
    /// Which policy and which of its rules, in words.
    pub says: String,
    pub policy: Option<ObjectRef>,
    pub evidence: ObservationId,
}

/// Judges a connection by the policies of both ends; `to` is a workload or a Service, whose ports are then tried. Empty where
/// one of the ends has no pods that could be judged. Blocks of addresses are judged by the addresses of the pods that run now;
/// policies of a CNI's own are not judged.
pub fn may_reach(
    view: &View,
    graph: &Graph,
    from: &ObjectRef,
    to: &ObjectRef,
    port: Option<i64>,
    protocol: Option<&str>,
) -> Vec<MayReach> {
    let scene = &Scene::new(view, graph);
    let Some(caller) = scene.workloads.get(&graph.workload_of(from)) else { return Vec::new() };
    let behind: Vec<&Workload> = if to.kind == "Service" {
        let selects = graph.dependencies(to).into_iter().filter(|e| e.relation == Relation::Selects);
        selects.filter_map(|e| scene.workloads.get(e.to)).collect()
    } else {
        scene.workloads.get(&graph.workload_of(to)).into_iter().collect()
    };
    let mut answers = Vec::new();
    for callee in behind {
        let mut ports = ports_called(scene, to, callee);
        if let Some(port) = port {
            // A Service's port is told by what it leads to.
            let of_service = scene.snapshot.get(to).filter(|_| to.kind == "Service");
            let place = of_service.and_then(|held| {
                list(&held.object, "/spec/ports").iter().position(|one| int(one, "/port") == Some(port))
            });
            let declared = crate::services::container_ports(callee.pod_spec.unwrap_or(Doc::null()));
            let name = declared.iter().find(|d| d.0 == port).map(|d| d.1.clone()).unwrap_or_default();
            ports = match place.and_then(|place| ports.get(place).cloned()) {
                Some(one) => vec![one],
                None => vec![(Some(port), name, protocol.unwrap_or("TCP").to_owned())],
            };
        }
        if ports.is_empty() {
            ports.push((None, String::new(), protocol.unwrap_or("TCP").to_owned()));
        }
        for (number, name, spoken) in ports {
            let spoken = protocol.map_or(spoken, str::to_owned);
            let start = End { port: None, port_name: "", ..end_of(caller) };
            let end = End { port: number, port_name: &name, protocol: &spoken, ..end_of(callee) };
            let directions = ["Egress", "Ingress"].map(|direction| {
                let whose = if direction == "Egress" { caller } else { callee };
                verdict(judge(scene, start, end, direction), direction, whose)
            });
            let (from, to) = (caller.object.clone(), callee.object.clone());
            answers.push(MayReach { from, to, port: number, protocol: spoken.clone(), directions: directions.into() });
        }
    }
    answers
}

fn verdict(judged: Verdict<'_>, direction: &'static str, of: &Workload) -> PolicyVerdict {
    let whose = &of.object;
    let lower = if direction == "Egress" { "egress" } else { "ingress" };
    let unknown = matches!(judged, Verdict::Unknown { .. });
    let (passes, says, about) = match judged {
        Verdict::Open => (true, format!("no policy for {lower} selects {whose}"), None),
        Verdict::Allowed { policy, held, rule } => {
            (true, format!("rule {rule} of {policy} allows it"), Some((policy, held)))
        }
        Verdict::Unknown { policy, held, why } => (
            false,
            format!("{policy} selects {whose}, and whether it lets this pass is not known: {why}"),
            Some((policy, held)),
        ),
        Verdict::Denied { policy, held, nearest } => {
            (false, format!("{policy} selects {whose} and lets nothing of this pass: {nearest}"), Some((policy, held)))
        }
    };
    PolicyVerdict {
        direction: lower,
        passes,
        unknown,
        says,
        policy: about.map(|(policy, _)| policy.clone()),
        // Where no policy selects a workload, its labels are what tells so.
        evidence: about.map_or(&of.spec_held.observation, |(_, held)| &held.observation).clone(),
    }
}

/// No peers at all stand for everybody.
fn fit_of_any(peers: impl Iterator<Item = Fit>) -> Fit {
    let (mut none, mut unknown) = (true, None);
    for fit in peers {
        none = false;
        match fit {
            Fit::Yes => return Fit::Yes,
            Fit::Unknown(_) => unknown = unknown.or(Some(fit)),
            Fit::No => {}
        }
    }
    if none { Fit::Yes } else { unknown.unwrap_or(Fit::No) }
}

fn is_on_host(workload: &Workload) -> bool {
    workload.pod_spec.is_some_and(|spec| flag(spec, "/hostNetwork"))
}

/// Whether all pods of a workload, or none of them, have an address of a block.
fn block_fits(scene: &Scene, block: &Doc, workload: &Workload) -> Fit {
    let cidr = text(block, "/cidr");
    let excepted: Vec<&str> = list(block, "/except").iter().filter_map(Doc::as_str).collect();
    if matches!(cidr, "0.0.0.0/0" | "::/0") && excepted.is_empty() {
        return Fit::Yes;
    }
    let pods = scene.pods_of(workload);
    let addresses: Vec<IpAddr> = pods.filter_map(|p| text(p.json, "/status/podIP").parse().ok()).collect();
    let inside = |a: &&IpAddr| holds(cidr, **a) && !excepted.iter().any(|e| holds(e, **a));
    match addresses.iter().filter(inside).count() {
        _ if addresses.is_empty() => Fit::Unknown("it allows by address, and no pod's address is known"),
        0 => Fit::No,
        n if n == addresses.len() => Fit::Yes,
        _ => Fit::Unknown("it allows by address, and only some pods have one of these"),
    }
}

/// Whether a block of addresses, written `10.0.0.0/8`, holds an address.
fn holds(cidr: &str, address: IpAddr) -> bool {
    let Some((network, length)) = cidr.split_once('/') else { return false };
    let (Ok(network), Ok(length)) = (network.parse::<IpAddr>(), length.parse::<u32>()) else { return false };
    match (network, address) {
        (IpAddr::V4(n), IpAddr::V4(a)) => {
            let drop = 32_u32.saturating_sub(length);
            n.to_bits().checked_shr(drop).unwrap_or(0) == a.to_bits().checked_shr(drop).unwrap_or(0)
        }
        (IpAddr::V6(n), IpAddr::V6(a)) => {
            let drop = 128_u32.saturating_sub(length);
            n.to_bits().checked_shr(drop).unwrap_or(0) == a.to_bits().checked_shr(drop).unwrap_or(0)
        }
        _ => false,
    }
}

fn peer_fits(scene: &Scene, rule: &Doc, peer: End, own_namespace: &str) -> Fit {
    // A pod in its node's network comes from, and is met at, the node's address.
    if is_on_host(peer.workload) {
        return Fit::Unknown("the other end stands in its node's network");
    }
    if let Some(block) = rule.get("ipBlock") {
        return block_fits(scene, block, peer.workload);
    }
    let labelled = rule.get("podSelector").is_none_or(|s| matches_selector(s, peer.labels));
    if !labelled {
        return Fit::No;
    }
    let in_namespace = match rule.get("namespaceSelector") {
        None => peer.namespace == own_namespace,
        Some(selector) => {
            let namespace = scene.snapshot.get(&ObjectRef::global("Namespace", peer.namespace));
            let own = namespace.map_or_else(Fields::none, |held| labels_of(&held.object));
            // Every Namespace has a label at least, with its name: where there is none, labels were not recorded.
            if own.is_empty() && asks_other_labels(selector) {
                return Fit::Unknown("it asks for labels of a Namespace that were not recorded");
            }
            if own.contains_key(NAME_OF_NAMESPACE) {
                matches_selector(selector, own)
            } else {
                // The API server labels each namespace with its name; a recording may lack it.
                let labels: BTreeMap<&str, &str> = own
                    .iter()
                    .filter_map(|(key, value)| Some((key, value.as_str()?)))
                    .chain([(NAME_OF_NAMESPACE, peer.namespace)])
                    .collect();
                let labels = Doc::from(json!(labels));
                matches_selector(selector, labels.as_object().unwrap_or_else(Fields::none))
            }
        }
    };
    if in_namespace { Fit::Yes } else { Fit::No }
}

/// Whether a selector of namespaces asks for more than their name.
fn asks_other_labels(selector: &Doc) -> bool {
    crate::json::entries(selector, "/matchLabels").any(|(key, _)| key != NAME_OF_NAMESPACE)
        || list(selector, "/matchExpressions").iter().any(|e| text(e, "/key") != NAME_OF_NAMESPACE)
}

fn port_matches(rule: &Doc, to: End) -> bool {
    let protocol = Some(text(rule, "/protocol")).filter(|p| !p.is_empty()).unwrap_or("TCP");
    if protocol != to.protocol {
        return false;
    }
    match rule.get("port") {
        None => true,
        Some(port) if port.is_string() => {
            let name = port.as_str().unwrap_or_default();
            name == to.port_name || name.parse::<i64>().ok() == to.port
        }
        Some(number) => {
            let (first, last) = (number.as_i64(), int(rule, "/endPort").or(number.as_i64()));
            to.port.is_none_or(|port| first.is_some_and(|f| port >= f) && last.is_some_and(|l| port <= l))
        }
    }
}

/// Every call that the graph knows, against the policies of both ends.
fn calls(scene: &Scene, found: &mut Found) {
    for edge in scene.graph.edges_of(Relation::Calls) {
        let Some(caller) = scene.workloads.get(edge.from) else { continue };
        let behind: Vec<&Workload> = if edge.to.kind == "Service" {
            let selects = scene.graph.dependencies(edge.to).into_iter().filter(|e| e.relation == Relation::Selects);
            selects.filter_map(|e| scene.workloads.get(e.to)).collect()
        } else {
            scene.workloads.get(edge.to).into_iter().collect()
        };
        for callee in behind {
            denied(scene, &caller.object, caller, edge.to, callee, &edge.evidence(), found);
        }
    }
}

/// Ingresses whose controller may not reach the pods that they route to: outside nobody gets in, inside all is well.
fn ways_in(scene: &Scene, found: &mut Found) {
    for (ingress, held) in scene.snapshot.of_kind("Ingress") {
        let class = Some(text(&held.object, "/spec/ingressClassName")).filter(|class| !class.is_empty());
        let class = class.and_then(|class| scene.snapshot.get(&ObjectRef::global("IngressClass", class)));
        let Some(program) = class.and_then(|class| proxy_of(text(&class.object, "/spec/controller"))) else { continue };
        let controllers = scene.workloads.values().filter(|w| {
            let label = w.pod_labels.get("app.kubernetes.io/name").and_then(Doc::as_str).unwrap_or("");
            w.is_running_forever() && (label.contains(program) || w.object.name.contains(program) && label.is_empty())
        });
        let controllers: Vec<&Workload> = controllers.collect();
        for edge in scene.graph.dependencies(ingress).into_iter().filter(|e| e.relation == Relation::RoutesTo) {
            let behind = scene.graph.dependencies(edge.to).into_iter().filter(|e| e.relation == Relation::Selects);
            for callee in behind.filter_map(|e| scene.workloads.get(e.to)) {
                // Where there are several of them, one that gets through is who serves.
                if let [controller] = controllers[..] {
                    denied(scene, ingress, controller, edge.to, callee, &edge.evidence(), found);
                }
            }
        }
    }
}

/// The proxy that a class's controller runs, by the words that are in the names of its pods.
fn proxy_of(controller: &str) -> Option<&'static str> {
    ["nginx", "traefik", "haproxy", "kong", "contour", "gloo", "voyager"]
        .into_iter()
        .find(|program| controller.contains(program))
}

/// Says of `subject` which policy keeps the pods of `caller` from those of `callee`, which are called through `called`.
fn denied(
    scene: &Scene,
    subject: &ObjectRef,
    caller: &Workload,
    called: &ObjectRef,
    callee: &Workload,
    evidence: &[ObservationId],
    found: &mut Found,
) {
    for (number, name, protocol) in ports_called(scene, called, callee) {
        let from = end_of(caller);
        let to = End { port: number, port_name: &name, protocol: &protocol, ..end_of(callee) };
        for direction in ["Egress", "Ingress"] {
            let Verdict::Denied { policy, held, nearest } = judge(scene, from, to, direction) else { continue };
            let port = number.unwrap_or(-1);
            found
                .fact("policy_denies", subject)
                .object("from", Some(&caller.object))
                .object("to", Some(&callee.object))
                .arg("port", port)
                .object("policy", Some(policy))
                .arg("direction", direction.to_ascii_lowercase())
                .arg("rule", nearest.clone())
                .arg("certain", true)
                .since(held.at)
                .because(&held.observation)
                .because_all(evidence)
                .says(format!(
                    "policy {} does not let {} reach {} on port {port}: {nearest}",
                    policy.name, caller.object.name, callee.object.name
                ));
        }
    }
}

/// The container ports behind what a caller names: (number, name, protocol).
fn ports_called(scene: &Scene, called: &ObjectRef, callee: &Workload) -> Vec<(Option<i64>, String, String)> {
    let spec = callee.pod_spec.unwrap_or(Doc::null());
    let declared = crate::services::container_ports(spec);
    let Some(held) = scene.snapshot.get(called).filter(|_| called.kind == "Service") else {
        let stated = |protocol: String| if protocol.is_empty() { "TCP".to_owned() } else { protocol };
        return declared.into_iter().take(1).map(|(n, name, protocol)| (Some(n), name, stated(protocol))).collect();
    };
    let ports = list(&held.object, "/spec/ports").iter().map(|port| {
        let protocol = Some(text(port, "/protocol")).filter(|p| !p.is_empty()).unwrap_or("TCP").to_owned();
        let target = port.get("targetPort");
        match target.and_then(Doc::as_str) {
            Some(name) => (declared.iter().find(|d| d.1 == name).map(|d| d.0), name.to_owned(), protocol),
            None => {
                let other = target;
                let number = other.and_then(Doc::as_i64).or_else(|| int(port, "/port"));
                let name = declared.iter().find(|d| Some(d.0) == number).map(|d| d.1.clone()).unwrap_or_default();
                (number, name, protocol)
            }
        }
    });
    ports.collect()
}

fn end_of<'a>(workload: &'a Workload<'a>) -> End<'a> {
    End {
        workload,
        namespace: &workload.object.namespace,
        labels: workload.pod_labels,
        port: None,
        port_name: "",
        protocol: "TCP",
    }
}

fn isolated(scene: &Scene, workload: &Workload, found: &mut Found) {
    for (direction, field) in [("Ingress", "/spec/ingress"), ("Egress", "/spec/egress")] {
        let all: Vec<(&ObjectRef, &Held)> = policies(scene, end_of(workload), direction).collect();
        if !all.is_empty() && all.iter().all(|(_, held)| list(&held.object, field).is_empty()) {
            let (policy, held) = all[0];
            found
                .fact("policy_isolates", &workload.object)
                .object("policy", Some(policy))
                .arg("direction", direction.to_ascii_lowercase())
                .since(held.at)
                .because(&held.observation)
                .says(format!(
                    "policy {} allows {} no {} at all",
                    policy.name,
                    workload.object.name,
                    direction.to_ascii_lowercase()
                ));
        }
    }
}

fn dns(scene: &Scene, workload: &Workload, found: &mut Found) {
    let all: Vec<(&ObjectRef, &Held)> = policies(scene, end_of(workload), "Egress").collect();
    let Some((policy, held)) = all.first().filter(|_| !is_on_host(workload)) else { return };
    let servers: Vec<&Workload> = scene.workloads.values().filter(|w| crate::dns::is_cluster_dns(w)).collect();
    let own = servers.first().map_or("kube-system", |w| w.object.namespace.as_str());
    let system = scene.snapshot.get(&ObjectRef::global("Namespace", own));
    let recorded = system.map(|held| labels_of(&held.object)).filter(|labels| !labels.is_empty());
    let mut labels = BTreeMap::from([(NAME_OF_NAMESPACE, own)]);
    labels.extend(recorded.into_iter().flatten().filter_map(|(key, value)| Some((key, value.as_str()?))));
    let labels = Doc::from(json!(labels));
    let address: Option<IpAddr> = crate::dns::cluster_address(scene).parse().ok();
    let to_dns = |to: &Doc| {
        if let Some(block) = to.get("ipBlock") {
            let excepted = list(block, "/except").iter().filter_map(Doc::as_str);
            return address
                .is_none_or(|a| holds(text(block, "/cidr"), a) && !excepted.into_iter().any(|e| holds(e, a)));
        }
        // Labels that were not recorded may be there.
        let by_name = |s: &Doc| {
            recorded.is_none() && asks_other_labels(s)
                || matches_selector(s, labels.as_object().unwrap_or_else(Fields::none))
        };
        let by_pod = to.get("podSelector").is_none_or(|s| {
            servers.is_empty() || servers.iter().any(|w| w.pod_labels.is_empty() || matches_selector(s, w.pod_labels))
        });
        to.get("namespaceSelector").is_some_and(by_name) && by_pod
    };
    let opens = |rule: &Doc| {
        let (to, ports) = (list(rule, "/to"), list(rule, "/ports"));
        // OpenShift's name servers listen on 5353. Resolvers ask over UDP first; a port that is opened for TCP alone is not it.
        let named = |p: &&Doc| {
            (matches!(int(p, "/port"), Some(53 | 5353)) || text(p, "/port").starts_with("dns"))
                && text(p, "/protocol") != "TCP"
        };
        // Whoever opens port 53 to an address or to pods of its own means a name server there; whoever opens more must open it
        // towards the cluster's.
        let elsewhere = |to: &Doc| to.get("namespaceSelector").is_none();
        let wide = |p: &&Doc| {
            text(p, "/protocol") != "TCP"
                && (p.get("port").is_none()
                    || int(p, "/port")
                        .zip(int(p, "/endPort"))
                        .is_some_and(|(first, last)| (first..=last).contains(&53)))
        };
        let known = to.is_empty() || to.iter().any(to_dns);
        ports.iter().any(|p| named(&p)) && (known || servers.is_empty() || to.iter().any(elsewhere))
            || (ports.is_empty() || ports.iter().any(|p| wide(&p))) && known
    };
    if !all.iter().any(|(_, h)| list(&h.object, "/spec/egress").iter().any(opens)) {
        found
            .fact("policy_denies_dns", &workload.object)
            .object("policy", Some(policy))
            .since(held.at)
            .because(&held.observation)
            .says(format!("policy {} leaves {} no way to DNS on port 53", policy.name, workload.object.name));
    }
}

/// Policies that leave no way to the API server, which stands in its node's network and which no selector of pods finds.
fn api(scene: &Scene, workload: &Workload, found: &mut Found) {
    let all: Vec<(&ObjectRef, &Held)> = policies(scene, end_of(workload), "Egress").collect();
    let Some((policy, held)) = all.first().filter(|_| !is_on_host(workload)) else { return };
    let server = ApiServer::of(scene);
    let opens = |rule: &Doc| {
        let (to, ports) = (list(rule, "/to"), list(rule, "/ports"));
        let on_port = |p: &Doc| match int(p, "/port") {
            None => p.get("port").is_none(),
            Some(first) => {
                let last = int(p, "/endPort").unwrap_or(first);
                server.ports.iter().any(|port| (first..=last).contains(port))
            }
        };
        let to_server = |to: &Doc| {
            to.get("ipBlock").is_some_and(|block| {
                let excepted: Vec<&str> = list(block, "/except").iter().filter_map(Doc::as_str).collect();
                let inside = |a: &IpAddr| holds(text(block, "/cidr"), *a) && !excepted.iter().any(|e| holds(e, *a));
                server.addresses.is_empty() || server.addresses.iter().any(inside)
            })
        };
        (ports.is_empty() || ports.iter().any(on_port)) && (to.is_empty() || to.iter().any(to_server))
    };
    if !all.iter().any(|(_, h)| list(&h.object, "/spec/egress").iter().any(opens)) {
        found
            .fact("policy_denies_api", &workload.object)
            .object("policy", Some(policy))
            .arg("felt", false)
            .since(held.at)
            .because(&held.observation)
            .says(format!("policy {} leaves {} no way to the API server", policy.name, workload.object.name));
    }
}

/// Marks where a log says that the API server is not reached, which a policy alone does not tell: most pods never ask it.
pub(crate) fn confirm(scene: &Scene, found: &mut Found) {
    if found.named("policy_denies_api").next().is_none() {
        return;
    }
    let server = ApiServer::of(scene);
    let text_of = |fact: &Fact, name: &str| fact.args.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    let felt: Vec<(ObjectRef, Vec<ObservationId>)> = found
        .named("log_pattern")
        .filter(|f| matches!(text_of(f, "pattern").as_str(), "connection_timeout" | "unreachable"))
        .filter(|f| server.is_named_by(&text_of(f, "target")))
        .map(|f| (f.subject.clone(), f.evidence.clone()))
        .collect();
    for fact in found.all_mut().filter(|f| f.name == "policy_denies_api") {
        if let Some((_, evidence)) = felt.iter().find(|(subject, _)| *subject == fact.subject) {
            fact.args.insert("felt".to_owned(), Value::Bool(true));
            fact.evidence.extend(evidence.iter().cloned());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::sketch::{Sketch, fact, has};

    fn shop(policy: Value) -> Vec<model::Fact> {
        Sketch::new()
            .deployment("cart")
            .deployment("web")
            .but("Deployment/shop/web", |d| {
                d["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "CART", "value": "cart:80"}])
            })
            .with("NetworkPolicy/shop/only", policy)
            .facts()
    }

    fn ingress(from: &str, port: Value) -> Value {
        json!({"spec": {"podSelector": {"matchLabels": {"app": "cart"}}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": from}}}], "ports": [{"port": port}]}]}})
    }

    #[test]
    fn the_policy_and_the_rule_that_say_no_are_named() {
        let facts = shop(ingress("mail", json!(8080)));
        let denied = fact(&facts, "policy_denies", "Deployment/shop/web");
        assert_eq!(
            (&denied.args["policy"], &denied.args["direction"]),
            (&json!("NetworkPolicy/shop/only"), &json!("ingress"))
        );
        assert_eq!(denied.args["rule"], "rule 1 allows the port, but not the peer");
    }

    #[test]
    fn what_a_rule_allows_is_not_denied_and_ports_are_the_containers() {
        assert!(!has(&shop(ingress("web", json!(8080))), "policy_denies"));
        assert!(
            has(&shop(ingress("web", json!(80))), "policy_denies"),
            "80 is the Service's port, 8080 the container's"
        );
    }

    #[test]
    fn egress_without_port_53_cuts_off_dns_and_an_empty_policy_isolates() {
        let closed = shop(json!({"spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": []}}));
        assert!(has(&closed, "policy_denies_dns") && has(&closed, "policy_isolates"));
        let open = shop(json!({"spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}}));
        assert!(!has(&open, "policy_denies_dns") && !has(&open, "policy_denies"));
    }

    #[test]
    fn an_address_is_judged_by_the_pods_and_what_is_not_known_is_no_denial() {
        let by = |peer: Value| json!({"spec": {"podSelector": {"matchLabels": {"app": "cart"}}, "policyTypes": ["Ingress"], "ingress": [{"from": [peer]}]}});
        let pods = |ip: Option<&str>, peer: Value| {
            let sketch = Sketch::new().deployment("cart").deployment("web").but("Deployment/shop/web", |d| {
                d["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "CART", "value": "cart:80"}])
            });
            let sketch = sketch.with("NetworkPolicy/shop/only", by(peer));
            has(&sketch.but("Pod/shop/web-abc-1", |p| p["status"]["podIP"] = json!(ip)).facts(), "policy_denies")
        };
        let private = json!({"ipBlock": {"cidr": "10.0.0.0/8"}});
        let public = json!({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}});
        assert!(!pods(Some("10.244.1.7"), private.clone()) && pods(Some("172.16.1.7"), private.clone()));
        assert!(pods(Some("10.244.1.7"), public.clone()) && !pods(Some("172.16.1.7"), public.clone()));
        assert!(!pods(None, private) && !pods(None, public), "no address is known");
        assert!(!pods(None, json!({"namespaceSelector": {"matchLabels": {"team": "web"}}})), "no Namespace was listed");
    }

    #[test]
    fn labels_of_a_namespace_that_were_not_recorded_deny_nothing() {
        let policy = json!({"spec": {"podSelector": {"matchLabels": {"app": "cart"}}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "web"}}}]}]}});
        let told = |namespace: Value| {
            let sketch = Sketch::new().deployment("cart").deployment("web").but("Deployment/shop/web", |d| {
                d["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "CART", "value": "cart:80"}])
            });
            let sketch = sketch.with("NetworkPolicy/shop/only", policy.clone()).with("Namespace/shop", namespace);
            has(&sketch.facts(), "policy_denies")
        };
        assert!(!told(json!({"status": {"phase": "Active"}})));
        assert!(told(json!({"metadata": {"labels": {"kubernetes.io/metadata.name": "shop"}}})));
    }

    #[test]
    fn wide_rules_leave_a_way_to_dns() {
        for rule in [
            json!({"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}),
            json!({"ports": [{"protocol": "UDP"}]}),
            json!({"ports": [{"port": 1, "endPort": 1024}]}),
            json!({"to": [{"namespaceSelector": {"matchLabels": {"name": "kube-system"}}}]}),
        ] {
            let facts = shop(json!({"spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [rule.clone()]}}));
            assert!(!has(&facts, "policy_denies_dns"), "{rule}");
        }
        let facts = shop(
            json!({"spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": {}}]}]}}),
        );
        assert!(has(&facts, "policy_denies_dns"));
    }

    #[test]
    fn an_ingress_whose_controller_is_shut_out_is_told() {
        let told = |from: Value| {
            let policy =
                json!({"spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [from]}]}});
            let rule = json!({"http": {"paths": [{"backend": {"service": {"name": "cart", "port": {"number": 80}}}}]}});
            let facts = Sketch::new()
                .deployment("cart")
                .with("IngressClass/public", json!({"spec": {"controller": "k8s.io/ingress-nginx"}}))
                .with("Ingress/shop/front", json!({"spec": {"ingressClassName": "public", "rules": [rule]}}))
                .with("Namespace/ingress", json!({"metadata": {"labels": {"kubernetes.io/metadata.name": "ingress"}}}))
                .with("Deployment/ingress/controller", json!({"spec": {"replicas": 1, "template": {
                    "metadata": {"labels": {"app.kubernetes.io/name": "ingress-nginx"}}, "spec": {"containers": [{"name": "controller"}]}}}}))
                .with("NetworkPolicy/shop/only", policy)
                .facts();
            facts.iter().any(|f| f.name == "policy_denies" && f.subject.kind == "Ingress")
        };
        assert!(told(json!({"podSelector": {}})), "pods of its own namespace only");
        assert!(!told(json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}})));
    }

    #[test]
    fn the_way_to_dns_is_judged_by_what_its_namespace_and_pods_are_labelled_with() {
        let labels = json!({"metadata": {"labels": {"kubernetes.io/metadata.name": "kube-system"}}});
        let dns = json!({"spec": {"replicas": 1, "template": {"metadata": {"labels": {"k8s-app": "kube-dns"}},
            "spec": {"containers": [{"name": "coredns"}]}}}, "status": {"replicas": 1, "availableReplicas": 1}});
        let told = |recorded: bool, to: Value, port: Value| {
            let rule = json!({"to": [to], "ports": [port]});
            let policy = json!({"spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [rule]}});
            let sketch = Sketch::new().deployment("cart").with("NetworkPolicy/shop/only", policy);
            let sketch = sketch.with("Deployment/kube-system/coredns", dns.clone());
            let sketch = if recorded { sketch.with("Namespace/kube-system", labels.clone()) } else { sketch };
            has(&sketch.facts(), "policy_denies_dns")
        };
        let by = |key: &str| json!({"namespaceSelector": {"matchLabels": {key: "kube-system"}}});
        let port = |protocol: &str| json!({"port": 53, "protocol": protocol});
        assert!(!told(true, by("kubernetes.io/metadata.name"), port("UDP")));
        assert!(told(true, by("name"), port("UDP")), "kube-system has no such label");
        assert!(!told(false, by("name"), port("UDP")), "its labels were not recorded");
        assert!(told(true, by("kubernetes.io/metadata.name"), port("TCP")), "resolvers ask over UDP");
        let mut pods = by("kubernetes.io/metadata.name");
        for (label, denied) in [("kube-dns", false), ("coredns", true)] {
            pods["podSelector"] = json!({"matchLabels": {"k8s-app": label}});
            assert_eq!(told(true, pods.clone(), port("UDP")), denied, "{label}");
        }
    }

    #[test]
    fn a_policy_that_leaves_no_way_to_the_api_server_counts_where_a_log_says_so() {
        let told = |to: Value, line: &str| {
            let policy = json!({"spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [to]}]}});
            let service = json!({"spec": {"clusterIP": "10.96.0.1", "ports": [{"port": 443}]}});
            let sketch = Sketch::new()
                .deployment("operator")
                .with("Service/default/kubernetes", service)
                .with("NetworkPolicy/shop/only", policy);
            let log = model::LogBody { container: "app".into(), text: line.into(), ..model::LogBody::default() };
            sketch.released(Some("Pod/shop/operator-abc-1"), model::Body::Log(log)).facts()
        };
        let line = "Get \"https://10.96.0.1:443/api/v1/pods\": dial tcp 10.96.0.1:443: i/o timeout";
        let pods = || json!({"podSelector": {}});
        let felt =
            |facts: &[model::Fact]| fact(facts, "policy_denies_api", "Deployment/shop/operator").args["felt"].clone();
        assert_eq!(felt(&told(pods(), line)), true);
        assert_eq!(felt(&told(pods(), "listening on :8080")), false, "most pods never ask it");
        assert!(!has(&told(json!({"ipBlock": {"cidr": "10.96.0.0/16"}}), line), "policy_denies_api"));
        assert!(has(&told(json!({"ipBlock": {"cidr": "10.244.0.0/16"}}), line), "policy_denies_api"));
    }

    #[test]
    fn without_policies_everything_is_open() {
        assert!(!has(&Sketch::new().deployment("cart").facts(), "policy_denies"));
    }
}
