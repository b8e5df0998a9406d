//! Services: whom they select, on which port, with which protocol.

#[cfg(test)]
mod cases;
use std::collections::{BTreeMap, BTreeSet};

use model::{Doc, Fields, Held, ObjectRef};
use topology::{Relation, containers, labels_of, matches_labels};

use crate::found::Found;
use crate::json::{created, int, list, short, text};
use crate::scene::{Existence, Pod, Scene, Workload};

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for (service, held) in scene.snapshot.of_kind("Service") {
        if text(&held.object, "/spec/type") == "ExternalName" {
            found
                .fact("external_name_service", service)
                .arg("external_name", text(&held.object, "/spec/externalName"))
                .since(held.at)
                .because(&held.observation)
                .says(format!("{} is another name for {}", service.name, text(&held.object, "/spec/externalName")));
            continue;
        }
        load_balancer(scene, service, held, found);
        let Some(selector) = held.object.pointer("/spec/selector").and_then(Doc::as_object).filter(|s| !s.is_empty())
        else {
            by_hand(scene, service, held, found);
            continue;
        };
        let route = Route::of(scene, service, held, selector);
        selection(scene, &route, found);
        ports(scene, &route, found);
    }
    missing(scene, found);
}

/// A Service without a selector has the endpoints that somebody else writes: a person, an operator, another cluster.
fn by_hand(scene: &Scene, service: &ObjectRef, held: &Held, found: &mut Found) {
    let namespace = service.namespace.as_str();
    let listed = |kind: &str| scene.snapshot.absence_is_known(kind, namespace);
    // The API server writes its own.
    if !listed("EndpointSlice") || (namespace == "default" && service.name == "kubernetes") {
        return;
    }
    let slices: Vec<&Held> = slices_of(scene, service).map(|(_, held)| held).collect();
    let endpoints = scene.snapshot.get(&ObjectRef::new("Endpoints", namespace, service.name.as_str()));
    let anybody = slices.iter().flat_map(|h| list(&h.object, "/endpoints")).any(serves)
        || endpoints.is_some_and(|h| list(&h.object, "/subsets").iter().any(|s| !list(s, "/addresses").is_empty()));
    // Where a controller marks the Service as its own, or only keeps its notes there, no traffic is meant.
    if anybody || list(&held.object, "/spec/ports").is_empty() {
        return;
    }
    found
        .fact("service_endpoints_absent", service)
        .arg("written", !slices.is_empty() || endpoints.is_some())
        .arg("called", called(scene, service))
        .since(slices.iter().map(|h| h.at).chain(endpoints.map(|h| h.at)).max().unwrap_or(held.at))
        .because(&held.observation)
        .because_all(slices.iter().map(|h| &h.observation))
        .because_all(endpoints.map(|h| &h.observation))
        .says(format!("{} has no selector, and nobody has written endpoints of it", service.name));
}

/// The endpoint slices of a Service.
fn slices_of<'s>(
    scene: &'s Scene,
    service: &'s ObjectRef,
) -> impl Iterator<Item = (&'s ObjectRef, &'s Held)> + use<'s> {
    scene.snapshot.in_namespace("EndpointSlice", &service.namespace).filter(|(_, held)| {
        labels_of(&held.object).get("kubernetes.io/service-name").and_then(Doc::as_str) == Some(service.name.as_str())
    })
}

/// Whether traffic is sent to an endpoint of a slice.
fn serves(endpoint: &Doc) -> bool {
    endpoint.pointer("/conditions/ready").is_none_or(|ready| *ready != false)
}

/// A Service and what stands behind it.
struct Route<'s, 'a> {
    service: &'s ObjectRef,
    held: &'s Held,
    selector: Fields<'s>,
    pods: Vec<&'s Pod<'a>>,
    /// Workloads whose pods, or whose template, the selector matches.
    workloads: Vec<&'s Workload<'a>>,
}

impl<'s, 'a> Route<'s, 'a> {
    fn of(scene: &'s Scene<'a>, service: &'s ObjectRef, held: &'s Held, selector: Fields<'s>) -> Self {
        let pods: Vec<&Pod> = scene
            .pods_like(&service.namespace, selector)
            .into_iter()
            .filter(|p| !p.is_finished() && matches_labels(selector, labels_of(p.json)))
            .collect();
        let owners: BTreeSet<&ObjectRef> = pods.iter().map(|p| &p.workload).collect();
        let workloads = scene
            .workloads_in(&service.namespace)
            .filter(|w| owners.contains(&w.object) || matches_labels(selector, w.pod_labels))
            .collect();
        Route { service, held, selector, pods, workloads }
    }

    fn wanted(&self) -> String {
        let pairs: Vec<String> =
            self.selector.iter().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or(""))).collect();
        pairs.join(",")
    }

    fn workload(&self) -> Option<&ObjectRef> {
        self.workloads.first().map(|w| &w.object)
    }
}

fn selection(scene: &Scene, route: &Route, found: &mut Found) {
    let service = route.service;
    let namesake =
        scene.workloads_in(&service.namespace).find(|w| w.object.name == service.name && w.is_running_forever());
    if route.pods.is_empty() {
        let near = near_miss(scene, route);
        let zero = route.workloads.iter().any(|w| w.desired() == Some(0));
        let being_made = !route.workloads.is_empty();
        let resting = |w: &&&Workload| w.desired() == Some(0) && crate::resting::rests(scene, w).is_some();
        let rests = being_made && route.workloads.iter().filter(resting).count() == route.workloads.len();
        let draft = found
            .fact("service_selects_no_pods", service)
            .arg("selector", route.wanted())
            .object("near_workload", near.as_ref().map(|n| &n.workload).or(route.workload()))
            .arg("wrong_label", near.as_ref().map(|n| n.key.clone()).unwrap_or_default())
            .arg("wanted", near.as_ref().map(|n| n.wanted.clone()).unwrap_or_default())
            .arg("found", near.as_ref().map(|n| n.found.clone()).unwrap_or_default())
            .arg("near_scaled_to_zero", zero)
            .arg("rests", rests)
            .arg("template_matches", being_made)
            .arg("called", called(scene, service))
            .since(route.held.at)
            .because(&route.held.observation)
            .because_all(route.workloads.iter().map(|w| &w.spec_held.observation))
            .because_all(
                near.as_ref().and_then(|n| scene.workloads.get(&n.workload)).map(|w| &w.spec_held.observation),
            );
        let says = match &near {
            Some(n) => format!(
                "{} selects {}, which no pod has; pods of {} have {}={}",
                service.name,
                route.wanted(),
                n.workload.name,
                n.key,
                if n.found.is_empty() { "nothing" } else { &n.found }
            ),
            None if being_made => {
                format!("{} selects pods of {}, which has none", service.name, route.workloads[0].object.name)
            }
            None => format!("{} selects {}, which no pod has", service.name, route.wanted()),
        };
        if scene.snapshot.absence_is_known("Pod", &service.namespace)
            || scene.pods_in(&service.namespace).next().is_some()
        {
            draft.says(says);
        } else {
            draft.unknown(format!("pods of {} were not listed", service.namespace)).says(says);
        }
        return;
    }
    let owners: BTreeSet<&ObjectRef> = route.pods.iter().map(|p| &p.workload).collect();
    if let Some(namesake) = namesake.filter(|w| {
        !owners.contains(&w.object)
            && !route.workloads.iter().any(|r| r.object == w.object)
            && w.desired() != Some(0)
            && !owners.iter().all(|o| scene.workloads.get(o).is_some_and(|o| is_variant(w, o)))
    }) {
        found
            .fact("service_selects_wrong_pods", service)
            .objects("workloads", owners.iter().copied())
            .object("expected", Some(&namesake.object))
            .arg("selector", route.wanted())
            .since(route.held.at)
            .because(&route.held.observation)
            .because(&namesake.spec_held.observation)
            .says(format!(
                "{} selects {}, which are pods of {} and not of {}",
                service.name,
                route.wanted(),
                owners.iter().map(|o| o.name.as_str()).collect::<Vec<_>>().join(", "),
                namesake.object.name
            ));
    }
    if owners.len() > 1 {
        found
            .fact("service_selects_several_workloads", service)
            .objects("workloads", owners.iter().copied())
            .since(route.held.at)
            .because(&route.held.observation)
            .says(format!(
                "{} sends to pods of {}",
                service.name,
                owners.iter().map(|o| o.name.as_str()).collect::<Vec<_>>().join(", ")
            ));
    }
    let ready = route.pods.iter().filter(|p| p.is_ready()).count();
    if ready == 0 {
        let since = route.pods.iter().filter_map(|p| p.ready_since()).min().unwrap_or(route.held.at);
        found
            .fact("service_no_ready_endpoints", service)
            .arg("selected", route.pods.len())
            .arg("ready", 0)
            .object("workload", route.workload())
            .since(since)
            .because(&route.held.observation)
            .because_all(route.pods.iter().map(|p| &p.held.observation))
            .says(format!("none of the {} pods behind {} is ready", route.pods.len(), service.name));
    } else {
        published(scene, route, ready, found);
    }
}

/// Whether two workloads run the same program, as blue and green do: one's name holds the other's, and their images differ at
/// most in the version.
fn is_variant(one: &Workload, other: &Workload) -> bool {
    let program = |w: &Workload| {
        let first = list(w.pod_spec?, "/containers").first()?;
        let image = crate::images::Image::parse(text(first, "/image"));
        (!image.repository.is_empty()).then_some((image.registry, image.repository))
    };
    let (a, b) = (one.object.name.as_str(), other.object.name.as_str());
    (a.contains(b) || b.contains(a)) && program(one).is_some_and(|p| program(other) == Some(p))
}

/// Whether somebody names the Service: in an environment, a route, a recording or a blueprint.
fn called(scene: &Scene, service: &ObjectRef) -> bool {
    scene.graph.dependents(service).iter().any(|e| matches!(e.relation, Relation::Calls | Relation::RoutesTo))
}

/// What the endpoint controller publishes, against the pods that are ready.
fn published(scene: &Scene, route: &Route, ready: usize, found: &mut Found) {
    let service = route.service;
    let slices: Vec<(&ObjectRef, &Held)> = slices_of(scene, service).collect();
    let (kind, held, addresses) = if let Some((_, first)) = slices.first() {
        let count = slices.iter().flat_map(|(_, h)| list(&h.object, "/endpoints")).filter(|e| serves(e)).count();
        ("EndpointSlice", *first, count)
    } else {
        let endpoints = ObjectRef::new("Endpoints", service.namespace.as_str(), service.name.as_str());
        let Some(held) = scene.snapshot.get(&endpoints) else { return };
        ("Endpoints", held, list(&held.object, "/subsets").iter().map(|s| list(s, "/addresses").len()).sum())
    };
    let settled = route.pods.iter().filter(|p| p.is_ready()).filter_map(|p| p.ready_since()).max();
    if addresses == 0 && settled.is_none_or(|t| scene.at.seconds_since(t) > 30.0) {
        found
            .fact("endpoints_empty", service)
            .arg("kind", kind)
            .since(held.at)
            .because(&held.observation)
            .because(&route.held.observation)
            .says(format!("{ready} ready pods match {}, and its {kind} is empty", service.name));
    }
}

/// A workload that the Service seems meant for.
struct NearMiss {
    workload: ObjectRef,
    key: String,
    wanted: String,
    found: String,
}

/// The workload whose labels miss the selector by one value or one key, or that has the Service's name.
fn near_miss(scene: &Scene, route: &Route) -> Option<NearMiss> {
    if !route.workloads.is_empty() {
        return None;
    }
    let served: BTreeSet<ObjectRef> = scene
        .graph
        .edges()
        .filter(|e| e.relation == Relation::Selects && e.from.kind == "Service")
        .map(|e| e.to.clone())
        .collect();
    let mut best: Option<(i64, NearMiss)> = None;
    for workload in scene.workloads_in(&route.service.namespace).filter(|w| w.is_running_forever()) {
        let wrong: Vec<(&str, &Doc)> =
            route.selector.iter().filter(|(key, value)| workload.pod_labels.get(key) != Some(value)).collect();
        let right = route.selector.len() - wrong.len();
        let named = workload.object.name == route.service.name;
        let similar = wrong.iter().any(|(key, value)| {
            let (wanted, has) =
                (value.as_str().unwrap_or(""), workload.pod_labels.get(key).and_then(Doc::as_str).unwrap_or(""));
            !has.is_empty() && (wanted.starts_with(has) || has.starts_with(wanted) || distance(wanted, has) <= 2)
        });
        if !named && !similar && right == 0 {
            continue;
        }
        let free = !served.contains(&workload.object);
        let score = i64::from(named) * 8 + i64::from(similar) * 4 + i64::from(free) * 4 + right as i64 * 2;
        if best.as_ref().is_none_or(|(other, _)| score > *other)
            && let Some((key, value)) = wrong.first()
        {
            let found = workload.pod_labels.get(key).and_then(Doc::as_str).unwrap_or("").to_owned();
            best = Some((
                score,
                NearMiss {
                    workload: workload.object.clone(),
                    key: (*key).to_owned(),
                    wanted: value.as_str().unwrap_or("").to_owned(),
                    found,
                },
            ));
        }
    }
    best.map(|(_, near)| near).or_else(|| bare_namesake(scene, route))
}

/// A pod or workload whose name begins with the value that is selected for, whatever its labels.
fn bare_namesake(scene: &Scene, route: &Route) -> Option<NearMiss> {
    let (key, value) = route.selector.iter().next()?;
    let wanted = value.as_str().filter(|v| v.len() >= 3)?;
    let workload = scene.workloads_in(&route.service.namespace).find(|w| {
        w.is_running_forever() && (w.object.name == wanted || w.object.name.starts_with(&format!("{wanted}-")))
    })?;
    let found = workload.pod_labels.get(key).and_then(Doc::as_str).unwrap_or("").to_owned();
    Some(NearMiss { workload: workload.object.clone(), key: key.to_owned(), wanted: wanted.to_owned(), found })
}

/// Levenshtein's distance.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut previous = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = previous + usize::from(ca != *cb);
            previous = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

/// The ports that a workload's containers declare: (number, name, protocol). The protocol is empty where none is stated: the API
/// server fills in TCP, so where it lacks the recording has lost it.
pub(crate) fn container_ports(spec: &Doc) -> Vec<(i64, String, String)> {
    let sidecars = list(spec, "/initContainers").iter().filter(|c| text(c, "/restartPolicy") == "Always");
    list(spec, "/containers").iter().chain(sidecars).flat_map(ports_of).collect()
}

/// The same of one container.
pub(crate) fn ports_of(container: &Doc) -> impl Iterator<Item = (i64, String, String)> {
    list(container, "/ports")
        .iter()
        .filter_map(|p| Some((int(p, "/containerPort")?, text(p, "/name").to_owned(), text(p, "/protocol").to_owned())))
}

fn ports(scene: &Scene, route: &Route, found: &mut Found) {
    let service = route.service;
    let specs: Vec<&Doc> = route.workloads.iter().filter_map(|w| w.pod_spec).collect();
    let declared: Vec<(i64, String, String)> = specs.iter().flat_map(|spec| container_ports(spec)).collect();
    for port in list(&route.held.object, "/spec/ports") {
        let number = int(port, "/port").unwrap_or(-1);
        let target = port.get("targetPort");
        app_protocol(route, port, number, found);
        if protocol(scene, route, port, &declared, found) {
            continue;
        }
        match target.and_then(Doc::as_str) {
            Some(name) if name.parse::<i64>().is_err() => {
                if !declared.is_empty() && !declared.iter().any(|p| p.1 == name)
                    || (declared.is_empty() && !specs.is_empty())
                {
                    let names: Vec<String> = declared.iter().filter(|p| !p.1.is_empty()).map(|p| p.1.clone()).collect();
                    found
                        .fact("service_named_port_missing", service)
                        .arg("port", number)
                        .arg("target_port", name)
                        .arg("container_ports", names.clone())
                        .object("workload", route.workload())
                        .since(route.held.at)
                        .because(&route.held.observation)
                        .because_all(route.workloads.iter().map(|w| &w.spec_held.observation))
                        .says(format!(
                            "{} sends port {number} to the port named {name}, which its pods do not have ({})",
                            service.name,
                            names.join(", ")
                        ));
                }
            }
            _ => {
                let wanted = target.and_then(Doc::as_i64).unwrap_or(number);
                let numbers: Vec<i64> = declared.iter().map(|p| p.0).collect();
                // Who declares only where it is measured has not said where it serves.
                let serves = declared.iter().any(|p| !is_beside(&p.1));
                // Declaring ports is optional; only where some are declared does a missing one mean something, and a
                // probe or an environment value that names the port says that something listens there all the same.
                if serves && !numbers.contains(&wanted) && !specs.iter().any(|s| names_port(s, wanted)) {
                    let others_fit = list(&route.held.object, "/spec/ports").len() > 1
                        && list(&route.held.object, "/spec/ports")
                            .iter()
                            .any(|p| numbers.contains(&p.get("targetPort").and_then(Doc::as_i64).unwrap_or(-1)));
                    // A declared port without its number may be the one.
                    let unread = specs.iter().flat_map(|spec| containers(spec)).flat_map(|(c, _)| list(c, "/ports"));
                    let unread = unread.into_iter().any(|p| int(p, "/containerPort").is_none());
                    let draft = found
                        .fact("service_target_port_closed", service)
                        .arg("port", number)
                        .arg("target_port", wanted)
                        .arg("container_ports", numbers.clone())
                        .object("workload", route.workload())
                        .arg("confirmed", false)
                        .arg("other_ports_fit", others_fit)
                        .since(route.held.at)
                        .because(&route.held.observation)
                        .because_all(route.workloads.iter().map(|w| &w.spec_held.observation));
                    let draft = if unread { draft.unknown("a port is declared without its number") } else { draft };
                    draft.says(format!(
                        "{} sends port {number} to {wanted}, and containers of {} declare {}",
                        service.name,
                        route.workload().map_or("its pods", |w| w.name.as_str()),
                        numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
                    ));
                }
            }
        }
    }
}

/// Whether a probe, an argument or an environment value of the spec names a port number.
fn names_port(spec: &Doc, port: i64) -> bool {
    let text = port.to_string();
    list(spec, "/containers").iter().any(|container| {
        let probes = ["livenessProbe", "readinessProbe", "startupProbe"].into_iter().filter_map(|p| container.get(p));
        let by_probe = probes
            .into_iter()
            .any(|p| ["/httpGet/port", "/tcpSocket/port", "/grpc/port"].into_iter().any(|at| int(p, at) == Some(port)));
        let own_port = list(container, "/env").iter().any(|e| {
            let name = crate::json::text(e, "/name").to_ascii_uppercase();
            (name.ends_with("PORT") || name.contains("LISTEN") || name.contains("BIND"))
                && crate::json::text(e, "/value").ends_with(&text)
        });
        let argument = ["/args", "/command"]
            .into_iter()
            .flat_map(|f| list(container, f))
            .filter_map(Doc::as_str)
            .any(|a| a.split(|c: char| !c.is_ascii_digit()).any(|number| number == text));
        by_probe || own_port || argument
    })
}

/// Whether a port of this name is there to measure or mend the container and not for its clients.
fn is_beside(name: &str) -> bool {
    ["metric", "prom", "health", "admin", "debug", "pprof", "jmx", "probe"].iter().any(|word| name.contains(word))
}

/// Says so where a port's protocol is not that of what stands behind it.
fn protocol(scene: &Scene, route: &Route, port: &Doc, declared: &[(i64, String, String)], found: &mut Found) -> bool {
    let (number, target) = (int(port, "/port").unwrap_or(-1), port.get("targetPort"));
    let stated = text(port, "/protocol");
    let protocol = if stated.is_empty() { "TCP" } else { stated };
    let on_target = |p: &&(i64, String, String)| match target {
        Some(name) if name.is_string() => *name == p.1,
        Some(value) => Some(p.0) == value.as_i64(),
        None => p.0 == number,
    };
    let same: Vec<&str> = declared.iter().filter(on_target).map(|p| p.2.as_str()).collect();
    if same.contains(&protocol) || declared.is_empty() || served_by_both(route, port, &same) {
        return false;
    }
    let callers = if protocol == "TCP" { Vec::new() } else { callers_with_tcp(scene, route.service, number) };
    let theirs = same.iter().find(|theirs| !theirs.is_empty()).copied();
    let draft = |container: &str, found: &mut Found, open: Option<&str>| {
        let draft = found
            .fact("service_protocol_mismatch", route.service)
            .arg("port", number)
            .arg("protocol", protocol)
            .arg("container_protocol", container)
            .object("workload", route.workload())
            .objects("callers", &callers)
            .since(route.held.at)
            .because(&route.held.observation)
            .because_all(route.workloads.iter().map(|w| &w.spec_held.observation));
        let draft = open.into_iter().fold(draft, |draft, why| draft.unknown(why));
        draft.says(format!(
            "port {number} of {} is {protocol}, its containers listen with {container}",
            route.service.name
        ));
    };
    match theirs {
        Some(theirs) if !stated.is_empty() && !same.contains(&"") => draft(theirs, found, None),
        _ if !callers.is_empty() => draft("TCP", found, None),
        Some(theirs) => draft(theirs, found, Some("a port is recorded without its protocol")),
        None if protocol != "TCP" && !same.is_empty() => {
            draft("TCP", found, Some("its containers' port is recorded without a protocol"));
        }
        None => return false,
    }
    true
}

/// Whether the same port is offered in the protocol that is declared as well, as DNS is: who offers both serves both, and what a
/// container declares of its ports only informs.
fn served_by_both(route: &Route, port: &Doc, declared: &[&str]) -> bool {
    let protocol = |port: &Doc| match text(port, "/protocol") {
        "" => "TCP".to_owned(),
        stated => stated.to_owned(),
    };
    list(&route.held.object, "/spec/ports").iter().any(|other| {
        int(other, "/port") == int(port, "/port")
            && protocol(other) != protocol(port)
            && declared.contains(&protocol(other).as_str())
    })
}

/// Workloads whose environment names this Service and port as clients of TCP do.
fn callers_with_tcp(scene: &Scene, service: &ObjectRef, port: i64) -> Vec<ObjectRef> {
    let edges = scene.graph.dependents(service).into_iter().filter(|e| e.relation == Relation::Calls);
    let workloads = edges.filter_map(|e| scene.workloads.get(e.from));
    let calls = |workload: &&Workload| {
        let all = workload.pod_spec.into_iter().flat_map(|spec| containers(spec));
        all.flat_map(|(container, _)| list(container, "/env")).any(|variable| {
            let (name, value) = (text(variable, "/name"), text(variable, "/value"));
            topology::addresses_in(name, value).iter().any(|address| {
                let own = workload.object.namespace.as_str();
                let named = topology::in_cluster(&address.host, own, |n| scene.namespaces().contains(n));
                named.is_some_and(|(namespace, name)| service.namespace == *namespace && service.name == *name)
                    && address.port.map(i64::from) == Some(port)
                    && crate::addresses::spoken(name, address) == Some("TCP")
            })
        })
    };
    workloads.filter(calls).map(|workload| workload.object.clone()).collect()
}

fn app_protocol(route: &Route, port: &Doc, number: i64, found: &mut Found) {
    let told = text(port, "/appProtocol");
    let name = text(port, "/name");
    if told.is_empty() || name.is_empty() {
        return;
    }
    let family = |word: &str| -> Option<&'static str> {
        let word = word.to_ascii_lowercase();
        ["grpc", "https", "http", "redis", "mongo", "mysql", "tcp"].into_iter().find(|known| {
            word == *known || word.starts_with(&format!("{known}-")) || word.ends_with(&format!("/{known}"))
        })
    };
    if let (Some(a), Some(b)) = (family(told), family(name))
        && a != b
        && !(a == "http" && b == "grpc")
        && b != "tcp"
        && a != "tcp"
    {
        found
            .fact("service_port_app_protocol_mismatch", route.service)
            .arg("port", number)
            .arg("app_protocol", told)
            .arg("name", name)
            .since(route.held.at)
            .because(&route.held.observation)
            .says(format!("port {number} of {} is named {name} and says appProtocol {told}", route.service.name));
    }
}

fn load_balancer(scene: &Scene, service: &ObjectRef, held: &Held, found: &mut Found) {
    if text(&held.object, "/spec/type") != "LoadBalancer"
        || !list(&held.object, "/status/loadBalancer/ingress").is_empty()
    {
        return;
    }
    let since = created(&held.object).unwrap_or(held.at);
    let told = scene.events(service).iter().rfind(|t| t.event.event_type == "Warning");
    let seconds = scene.at.seconds_since(since);
    if seconds < 300.0 {
        return;
    }
    found
        .fact("load_balancer_pending", service)
        .arg("for_seconds", seconds as i64)
        .arg("message", short(told.map_or("", |t| t.event.message.as_str()), 200))
        .since(since)
        .because(&held.observation)
        .because_all(told.map(|t| t.id))
        .says(format!("{} has had no address for {:.0} min", service.name, seconds / 60.0));
}

/// Services that others name and that do not exist, although a workload of that name does.
fn missing(scene: &Scene, found: &mut Found) {
    let mut named: BTreeMap<ObjectRef, BTreeSet<ObjectRef>> = BTreeMap::new();
    for workload in scene.workloads.values() {
        let Some(spec) = workload.pod_spec else { continue };
        for container in list(spec, "/containers") {
            for variable in list(container, "/env") {
                for address in topology::addresses_in(text(variable, "/name"), text(variable, "/value")) {
                    let known = |n: &str| scene.namespaces().contains(n);
                    let Some((namespace, name)) =
                        topology::in_cluster(&address.host, &workload.object.namespace, known)
                    else {
                        continue;
                    };
                    if scene.exists("Service", &namespace, &name) == Existence::Absent {
                        named
                            .entry(ObjectRef::new("Service", namespace, name))
                            .or_default()
                            .insert(workload.object.clone());
                    }
                }
            }
        }
    }
    for (service, callers) in named {
        let namesake = scene.workloads_in(&service.namespace).find(|w| w.object.name == service.name);
        let Some(namesake) = namesake else { continue };
        let namespace = ObjectRef::global("Namespace", service.namespace.as_str());
        found
            .fact("service_missing", &namespace)
            .object("service", Some(&service))
            .objects("named_by", &callers)
            .object("workload", Some(&namesake.object))
            .since(namesake.spec_held.at)
            .because_all(callers.iter().filter_map(|c| scene.workloads.get(c)).map(|w| &w.spec_held.observation))
            .because(&namesake.spec_held.observation)
            .says(format!(
                "{} call {}, and there is no such Service although the workload runs",
                callers.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", "),
                service.name
            ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_of_words_counts_changed_letters() {
        assert_eq!(distance("cart", "cart"), 0);
        assert_eq!(distance("cart", "card"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
