//! Names that do not resolve, and why they would not.

use std::collections::BTreeSet;

use model::{Doc, Held, ObjectRef};
use topology::{addresses_in, in_cluster};

use crate::found::Found;
use crate::json::{flag, int, list, text};
use crate::scene::{Scene, Workload};

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    let cluster = cluster_address(scene);
    for workload in scene.workloads.values() {
        let Some(spec) = workload.pod_spec else { continue };
        pod_settings(scene, workload, spec, &cluster, found);
    }
    cluster_dns(scene, found);
    told_by_events(scene, found);
}

/// The address of the cluster's DNS Service: kubeadm's and most clouds', RKE2's and other charts', OpenShift's.
pub(crate) fn cluster_address(scene: &Scene) -> String {
    let serves_names = |service: &ObjectRef, held: &Held| match service.namespace.as_str() {
        "kube-system" => {
            matches!(service.name.as_str(), "kube-dns" | "coredns")
                || topology::labels_of(&held.object).get("k8s-app").and_then(Doc::as_str) == Some("kube-dns")
                || service.name.ends_with("-coredns")
        }
        "openshift-dns" => true,
        _ => false,
    };
    let addresses = scene.snapshot.of_kind("Service").filter(|(s, held)| serves_names(s, held));
    addresses
        .map(|(_, held)| text(&held.object, "/spec/clusterIP").to_owned())
        .find(|a| a.contains(['.', ':']))
        .unwrap_or_default()
}

/// Whether a name server stands on the node itself: NodeLocal DNS listens on a link-local address.
fn is_node_local(server: &str) -> bool {
    server.starts_with("169.254.")
}

/// Whether a name server is one of the internet's.
fn is_public(server: &str) -> bool {
    match server.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(a)) => {
            !(a.is_private() || a.is_loopback() || a.is_link_local() || a.is_documentation() || a.is_unspecified())
        }
        // Global unicast is 2000::/3.
        Ok(std::net::IpAddr::V6(a)) => a.segments()[0] & 0xe000 == 0x2000,
        Err(_) => false,
    }
}

/// Service names that a workload's environment holds.
fn names_used(scene: &Scene, workload: &Workload, spec: &Doc) -> Vec<String> {
    let mut names = BTreeSet::new();
    for container in list(spec, "/containers") {
        for variable in list(container, "/env") {
            for address in addresses_in(text(variable, "/name"), text(variable, "/value")) {
                if let Some((namespace, name)) =
                    in_cluster(&address.host, &workload.object.namespace, |n| scene.namespaces().contains(n))
                    && scene.snapshot.get(&ObjectRef::new("Service", namespace, name)).is_some()
                {
                    names.insert(address.host);
                }
            }
        }
    }
    names.into_iter().collect()
}

fn pod_settings(scene: &Scene, workload: &Workload, spec: &Doc, cluster: &String, found: &mut Found) {
    let policy = text(spec, "/dnsPolicy");
    let texts = |pointer: &str| -> Vec<String> {
        list(spec, pointer).iter().filter_map(Doc::as_str).map(str::to_owned).collect()
    };
    let nameservers = texts("/dnsConfig/nameservers");
    let searches = texts("/dnsConfig/searches");
    if policy == "None" {
        let local = nameservers.iter().any(|server| is_node_local(server));
        let own_server = local || (!cluster.is_empty() && nameservers.contains(cluster));
        let own_search = searches.iter().any(|s| s.contains("svc."));
        // Public resolvers are asked on purpose by who needs no name of the cluster and is well. A private one may be dead.
        let mut pods = scene.pods_of(workload).peekable();
        let well = pods.peek().is_some() && pods.all(|p| p.is_ready());
        let public = !nameservers.is_empty() && nameservers.iter().all(|server| is_public(server));
        let on_purpose = well && public && names_used(scene, workload, spec).is_empty();
        if (own_server && own_search) || on_purpose {
            return;
        }
        found
            .fact("dns_policy_broken", &workload.object)
            .arg("dns_policy", policy)
            .arg("nameservers", nameservers.clone())
            .arg("searches", searches.clone())
            .arg("cluster_dns", cluster.clone())
            .arg("server_is_cluster", own_server)
            .since(workload.spec_held.at)
            .because(&workload.spec_held.observation)
            .says(format!(
                "{} asks only {} for names, with search domains `{}`",
                workload.object.name,
                nameservers.join(", "),
                searches.join(" ")
            ));
    } else {
        let host = flag(spec, "/hostNetwork") && policy != "ClusterFirstWithHostNet";
        let names = names_used(scene, workload, spec);
        if (policy == "Default" || host) && !names.is_empty() {
            found
                .fact("dns_policy_default", &workload.object)
                .arg("names", names.clone())
                .arg("dns_policy", policy)
                .since(workload.spec_held.at)
                .because(&workload.spec_held.observation)
                .says(format!(
                    "{} uses the node's resolver and names the Services {}",
                    workload.object.name,
                    names.join(", ")
                ));
        }
    }
}

/// Workloads that resolve names for everybody.
pub(crate) fn is_cluster_dns(workload: &Workload) -> bool {
    let name = workload.object.name.as_str();
    let label = workload.pod_labels.get("k8s-app").and_then(Doc::as_str);
    if workload.object.namespace == "openshift-dns" {
        return name == "dns-default";
    }
    workload.object.namespace == "kube-system"
        && (matches!(name, "coredns" | "kube-dns")
            || name.starts_with("coredns")
            || name.starts_with("rke2-coredns")
            || label == Some("kube-dns"))
}

fn cluster_dns(scene: &Scene, found: &mut Found) {
    for workload in scene.workloads.values().filter(|w| is_cluster_dns(w)) {
        let pods: Vec<_> = scene
            .pods_of(workload)
            .filter(|p| p.json.get("status").is_some_and(|s| s.get("phase").is_some()))
            .collect();
        let ready = pods.iter().filter(|p| p.is_ready()).count() as i64;
        let desired = workload.desired().unwrap_or(pods.len() as i64);
        let told = workload.held.is_some_and(|h| {
            int(&h.object, "/status/replicas").is_some() || h.object.pointer("/status/availableReplicas").is_some()
        });
        if (pods.is_empty() && !(desired == 0 || told)) || (!pods.is_empty() && ready > 0) {
            continue;
        }
        let available = workload.held.and_then(|h| int(&h.object, "/status/availableReplicas")).unwrap_or(ready);
        if available > 0 {
            continue;
        }
        let reason =
            pods.iter().flat_map(|p| p.containers()).map(|c| c.waiting()).find(|w| !w.is_empty()).unwrap_or("");
        let failing: Vec<ObjectRef> = found
            .named("crash_loop")
            .chain(found.named("dns_resolution_failed"))
            .map(|f| f.subject.clone())
            .filter(|s| *s != workload.object)
            .collect();
        found
            .fact("cluster_dns_unhealthy", &workload.object)
            .arg("ready", ready)
            .arg("desired", desired)
            .arg("reason", if desired == 0 { "scaled to zero" } else { reason })
            .objects("workloads", &failing)
            .since(workload.spec_held.at)
            .because(&workload.spec_held.observation)
            .because_all(pods.iter().map(|p| &p.held.observation))
            .says(format!("none of {} pods of the cluster's DNS ({}) is ready", desired, workload.object.name));
    }
}

/// Events whose message is about a name that does not resolve; image pulls have their own fact.
fn told_by_events(scene: &Scene, found: &mut Found) {
    let words =
        ["no such host", "name or service not known", "temporary failure in name resolution", "server misbehaving"];
    let mut all = Vec::new();
    for (owner, told) in scene.all_events() {
        let message = told.event.message.to_ascii_lowercase();
        if words.iter().any(|w| message.contains(w)) && !message.contains("pull") && !message.contains("image") {
            all.push((owner.clone(), *told));
        }
    }
    for (owner, told) in all {
        let message = &told.event.message;
        let host = message.split("lookup ").nth(1).and_then(|rest| rest.split([' ', ':']).next());
        let host =
            host.or_else(|| message.rsplit(": ").next()).unwrap_or("").trim().trim_matches(['"', '\'', '.']).to_owned();
        let host = if host.contains(' ') { String::new() } else { host };
        let inside = in_cluster(&host, &owner.namespace, |n| scene.namespaces().contains(n));
        let exists = inside
            .as_ref()
            .is_some_and(|(ns, n)| scene.snapshot.get(&ObjectRef::new("Service", ns.as_str(), n.as_str())).is_some());
        found
            .fact("dns_resolution_failed", &owner)
            .arg("host", host.clone())
            .arg("answer", if message.contains("emporary") { "temporary" } else { "nxdomain" })
            .arg("count", told.event.count)
            .arg("internal", inside.is_some())
            .arg("service_exists", exists)
            .arg("ongoing", true)
            .since(told.event.first_at)
            .because(told.id)
            .says(format!("{} cannot resolve {}", owner.name, if host.is_empty() { "a name" } else { &host }));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sketch::{Sketch, fact, has};

    fn with(spec: serde_json::Value) -> Vec<model::Fact> {
        Sketch::new()
            .with("Service/kube-system/kube-dns", json!({"spec": {"clusterIP": "10.96.0.10"}}))
            .deployment("cart")
            .but("Deployment/shop/cart", |d| {
                for (key, value) in spec.as_object().into_iter().flatten() {
                    d["spec"]["template"]["spec"][key] = value.clone();
                }
            })
            .facts()
    }

    #[test]
    fn a_pod_with_its_own_resolver_is_told_unless_it_is_the_clusters() {
        let own = |server: &str| json!({"dnsPolicy": "None", "dnsConfig": {"nameservers": [server]}});
        assert!(!has(&with(own("9.9.9.9")), "dns_policy_broken"), "it is ready and names nothing of the cluster");
        assert!(has(&with(own("10.255.7.254")), "dns_policy_broken"), "nobody knows whether anything answers there");
        let containers = json!([{"name": "app", "image": "registry.example/app:1",
            "env": [{"name": "CART_URL", "value": "http://cart:80"}]}]);
        let broken =
            with(json!({"dnsPolicy": "None", "dnsConfig": own("9.9.9.9")["dnsConfig"], "containers": containers}));
        assert_eq!(fact(&broken, "dns_policy_broken", "Deployment/shop/cart").args["server_is_cluster"], false);
        let fine = with(
            json!({"dnsPolicy": "None", "dnsConfig": {"nameservers": ["10.96.0.10"], "searches": ["shop.svc.cluster.local"]}}),
        );
        assert!(!has(&fine, "dns_policy_broken"));
        let local = json!({"nameservers": ["169.254.20.10"], "searches": ["shop.svc.cluster.local"]});
        let local = with(json!({"dnsPolicy": "None", "dnsConfig": local, "containers": containers}));
        assert!(!has(&local, "dns_policy_broken"), "NodeLocal DNS asks the cluster's");
        assert!(!has(&with(json!({"dnsPolicy": "ClusterFirst"})), "dns_policy_broken"));
    }
}
