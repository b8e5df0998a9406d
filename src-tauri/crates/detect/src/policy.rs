//! Network policies: may a reach b on a port, and which rule says no.

use std::collections::BTreeMap;

use model::{Doc, Fields, Held, ObjectRef, ObservationId, View};
use serde_json::json;
use topology::{Graph, Relation, labels_of, matches_selector};

use crate::found::Found;
use crate::json::{int, list, text};
use crate::scene::{Scene, Workload};

const NAME_OF_NAMESPACE: &str = "kubernetes.io/metadata.name";

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    if scene.snapshot.of_kind("NetworkPolicy").next().is_none() {
        return;
    }
    for workload in scene.workloads.values() {
        isolated(scene, workload, found);
        dns(scene, workload, found);
    }
    calls(scene, found);
}

/// One end of a connection.
#[derive(Clone, Copy)]
struct End<'a> {
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
    let mut denied: Option<(&ObjectRef, &Held, String)> = None;
    for (policy, held) in policies(scene, own, direction) {
        let mut nearest = "no rule allows anything".to_owned();
        for (index, rule) in list(&held.object, field).iter().enumerate() {
            let by_peer = list(rule, peers).is_empty()
                || list(rule, peers).iter().any(|p| peer_matches(scene, p, peer, own.namespace));
            let by_port = list(rule, "/ports").is_empty() || list(rule, "/ports").iter().any(|p| port_matches(p, to));
            match (by_peer, by_port) {
                (true, true) => return Verdict::Allowed { policy, held, rule: index + 1 },
                (true, false) => nearest = format!("rule {} allows the peer, but not the port", index + 1),
                (false, true) => nearest = format!("rule {} allows the port, but not the peer", index + 1),
                (false, false) => {}
            }
        }
        denied.get_or_insert((policy, held, nearest));
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
    /// Which policy and which of its rules, in words.
    pub says: String,
    pub policy: Option<ObjectRef>,
    pub evidence: ObservationId,
}

/// Judges a connection by the policies of both ends; `to` is a workload or a Service, whose ports are then tried. Empty where
/// one of the ends has no pods that could be judged. What selects by addresses is not judged, nor are policies of a CNI's own.
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
    let (passes, says, about) = match judged {
        Verdict::Open => (true, format!("no policy for {lower} selects {whose}"), None),
        Verdict::Allowed { policy, held, rule } => {
            (true, format!("rule {rule} of {policy} allows it"), Some((policy, held)))
        }
        Verdict::Denied { policy, held, nearest } => {
            (false, format!("{policy} selects {whose} and lets nothing of this pass: {nearest}"), Some((policy, held)))
        }
    };
    PolicyVerdict {
        direction: lower,
        passes,
        says,
        policy: about.map(|(policy, _)| policy.clone()),
        // Where no policy selects a workload, its labels are what tells so.
        evidence: about.map_or(&of.spec_held.observation, |(_, held)| &held.observation).clone(),
    }
}

fn peer_matches(scene: &Scene, rule: &Doc, peer: End, own_namespace: &str) -> bool {
    // Blocks of addresses are meant for what is outside; pods' addresses change too often to be judged by them.
    if let Some(block) = rule.get("ipBlock") {
        return matches!(text(block, "/cidr"), "0.0.0.0/0" | "::/0");
    }
    let in_namespace = match rule.get("namespaceSelector") {
        None => peer.namespace == own_namespace,
        Some(selector) => {
            let namespace = scene.snapshot.get(&ObjectRef::global("Namespace", peer.namespace));
            let own = namespace.map_or_else(Fields::none, |held| labels_of(&held.object));
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
    in_namespace && rule.get("podSelector").is_none_or(|s| matches_selector(s, peer.labels))
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
            for (number, name, protocol) in ports_called(scene, edge.to, callee) {
                let from = End {
                    namespace: &caller.object.namespace,
                    labels: caller.pod_labels,
                    port: None,
                    port_name: "",
                    protocol: "TCP",
                };
                let to = End {
                    namespace: &callee.object.namespace,
                    labels: callee.pod_labels,
                    port: number,
                    port_name: &name,
                    protocol: &protocol,
                };
                for direction in ["Egress", "Ingress"] {
                    let Verdict::Denied { policy, held, nearest } = judge(scene, from, to, direction) else { continue };
                    let port = number.unwrap_or(-1);
                    found
                        .fact("policy_denies", &caller.object)
                        .object("from", Some(&caller.object))
                        .object("to", Some(&callee.object))
                        .arg("port", port)
                        .object("policy", Some(policy))
                        .arg("direction", direction.to_ascii_lowercase())
                        .arg("rule", nearest.clone())
                        .arg("certain", true)
                        .since(held.at)
                        .because(&held.observation)
                        .because_all(&edge.evidence())
                        .says(format!(
                            "policy {} does not let {} reach {} on port {port}: {nearest}",
                            policy.name, caller.object.name, callee.object.name
                        ));
                }
            }
        }
    }
}

/// The container ports behind what a caller names: (number, name, protocol).
fn ports_called(scene: &Scene, called: &ObjectRef, callee: &Workload) -> Vec<(Option<i64>, String, String)> {
    let spec = callee.pod_spec.unwrap_or(Doc::null());
    let declared = crate::services::container_ports(spec);
    let Some(held) = scene.snapshot.get(called).filter(|_| called.kind == "Service") else {
        return declared.into_iter().take(1).map(|(n, name, protocol)| (Some(n), name, protocol)).collect();
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

fn end_of<'a>(workload: &'a Workload) -> End<'a> {
    End {
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
    let Some((policy, held)) = all.first() else { return };
    let opens = |rule: &Doc| {
        let ports = list(rule, "/ports");
        ports.is_empty()
            && list(rule, "/to").iter().all(|to| {
                to.get("podSelector").is_none() && to.get("namespaceSelector").is_some() || to.get("ipBlock").is_some()
            })
            && list(rule, "/to").is_empty()
            || ports.iter().any(|p| int(p, "/port") == Some(53) || text(p, "/port").starts_with("dns"))
            || (ports.is_empty()
                && list(rule, "/to").iter().any(|to| {
                    let system = to.get("namespaceSelector").is_some_and(|s| {
                        let labels = Doc::from(json!({NAME_OF_NAMESPACE: "kube-system"}));
                        labels.as_object().is_some_and(|l| matches_selector(s, l))
                    });
                    system || text(to, "/ipBlock/cidr") == "0.0.0.0/0"
                }))
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
    fn without_policies_everything_is_open() {
        assert!(!has(&Sketch::new().deployment("cart").facts(), "policy_denies"));
    }
}
