//! Ingresses, gateway routes and webhooks: what leads to Services from outside and from the API server.

use model::{Doc, Held, ObjectRef};

use crate::found::Found;
use crate::json::{created, int, list, port_text, short, text};
use crate::scene::{Existence, Scene};

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for (ingress, held) in scene.snapshot.of_kind("Ingress") {
        class(scene, ingress, held, found);
        for tls in list(&held.object, "/spec/tls") {
            let secret = ObjectRef::new("Secret", ingress.namespace.as_str(), text(tls, "/secretName"));
            certificate(scene, ingress, held, &secret, found);
        }
        for rule in list(&held.object, "/spec/rules") {
            for path in list(rule, "/http/paths") {
                backend(scene, ingress, held, text(rule, "/host"), path, found);
            }
        }
    }
    for kind in ["Gateway", "GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute"] {
        for (route, held) in scene.snapshot.of_kind(kind) {
            conditions(route, held, found);
            backends(scene, route, held, found);
        }
    }
    for (gateway, held) in scene.snapshot.of_kind("Gateway") {
        listeners(scene, gateway, held, found);
    }
    for (service, held) in scene.snapshot.of_kind("VirtualService") {
        virtual_service(scene, service, held, found);
    }
    webhooks(scene, found);
}

fn class(scene: &Scene, ingress: &ObjectRef, held: &Held, found: &mut Found) {
    let class = text(&held.object, "/spec/ingressClassName");
    if !class.is_empty() && scene.exists("IngressClass", "", class) == Existence::Absent {
        found
            .fact("ingress_class_missing", ingress)
            .arg("class", class)
            .since(held.at)
            .because(&held.observation)
            .says(format!("{} asks for ingress class {class}, which does not exist", ingress.name));
    }
}

fn backend(scene: &Scene, ingress: &ObjectRef, held: &Held, host: &str, path: &Doc, found: &mut Found) {
    let name = text(path, "/backend/service/name");
    // AWS' controller takes a backend of this port for an action that an annotation describes, not for a Service.
    if name.is_empty() || text(path, "/backend/service/port/name") == "use-annotation" {
        return;
    }
    let port = path.pointer("/backend/service/port/number").or_else(|| path.pointer("/backend/service/port/name"));
    let service = ObjectRef::new("Service", ingress.namespace.as_str(), name);
    let target = scene.snapshot.get(&service);
    let existence = scene.exists("Service", &ingress.namespace, name);
    let offers = target.is_none_or(|t| {
        list(&t.object, "/spec/ports").iter().any(|p| match port {
            Some(name) if name.is_string() => *name == *text(p, "/name"),
            Some(number) => int(p, "/port") == number.as_i64(),
            None => true,
        })
    });
    if existence != Existence::Absent && offers {
        return;
    }
    found
        .fact("ingress_backend_missing", ingress)
        .object("service", Some(&service))
        .arg("port", port_text(port))
        .arg("exists", target.is_some())
        .arg("path", text(path, "/path"))
        .arg("host", host)
        .since(held.at)
        .because(&held.observation)
        .because_all(target.map(|t| &t.observation))
        .says(if target.is_some() {
            format!(
                "{} sends {host}{} to port {} of {name}, which it does not offer",
                ingress.name,
                text(path, "/path"),
                port_text(port)
            )
        } else {
            format!("{} sends {host}{} to Service {name}, which does not exist", ingress.name, text(path, "/path"))
        });
}

fn unresolved(route: &ObjectRef, held: &Held, reason: &str, message: &str, backend: &str, found: &mut Found) {
    found
        .fact("gateway_route_unresolved", route)
        .arg("reason", reason)
        .arg("message", short(message, 240))
        .arg("backend", backend)
        .since(held.at)
        .because(&held.observation)
        .says(format!("{} {} is not in effect ({reason}): {}", route.kind, route.name, short(message, 140)));
}

fn conditions(route: &ObjectRef, held: &Held, found: &mut Found) {
    let parents = list(&held.object, "/status/parents").iter().flat_map(|p| list(p, "/conditions"));
    for condition in parents.chain(list(&held.object, "/status/conditions")) {
        let telling = matches!(text(condition, "/type"), "Accepted" | "ResolvedRefs" | "Programmed");
        if telling && text(condition, "/status") == "False" {
            unresolved(route, held, text(condition, "/reason"), text(condition, "/message"), "", found);
        }
    }
}

/// What each listener of a Gateway says of itself, and the certificates that it names.
fn listeners(scene: &Scene, gateway: &ObjectRef, held: &Held, found: &mut Found) {
    for listener in list(&held.object, "/spec/listeners") {
        for reference in list(listener, "/tls/certificateRefs") {
            if !matches!(text(reference, "/kind"), "" | "Secret") {
                continue;
            }
            let namespace = Some(text(reference, "/namespace")).filter(|n| !n.is_empty());
            let namespace = namespace.unwrap_or(gateway.namespace.as_str());
            certificate(scene, gateway, held, &ObjectRef::new("Secret", namespace, text(reference, "/name")), found);
        }
    }
    for listener in list(&held.object, "/status/listeners") {
        for condition in list(listener, "/conditions") {
            let (kind, status) = (text(condition, "/type"), text(condition, "/status"));
            let says_no = matches!(kind, "Accepted" | "ResolvedRefs" | "Programmed") && status == "False"
                || kind == "Conflicted" && status == "True";
            // A controller that has not come to it yet says so.
            if says_no && text(condition, "/reason") != "Pending" {
                let (reason, message) = (text(condition, "/reason"), text(condition, "/message"));
                let message = format!("listener {}: {message}", text(listener, "/name"));
                unresolved(gateway, held, reason, &message, "", found);
            }
        }
    }
}

/// A Secret that what leads in takes its certificate from, and that is not there or holds none.
fn certificate(scene: &Scene, way_in: &ObjectRef, held: &Held, secret: &ObjectRef, found: &mut Found) {
    // Whoever issues certificates takes minutes: an order, a challenge, a name that has to become known.
    const ISSUED_WITHIN_SECONDS: f64 = 600.0;
    if secret.name.is_empty() {
        return;
    }
    let there = scene.snapshot.get(secret);
    let keys = there.and_then(|h| h.object.get("keys")).and_then(Doc::as_object).filter(|keys| !keys.is_empty());
    let kind = there.map_or("", |h| text(&h.object, "/type"));
    let whole = keys.is_some_and(|keys| keys.contains_key("tls.crt") && keys.contains_key("tls.key"));
    let why = if scene.exists("Secret", &secret.namespace, &secret.name) == Existence::Absent {
        let deleted = scene.snapshot.deleted.contains_key(secret);
        let young = created(&held.object).is_some_and(|at| scene.at.seconds_since(at) < ISSUED_WITHIN_SECONDS);
        if young && !deleted {
            return;
        }
        "missing"
    } else if keys.is_some() && !whole {
        "no_certificate"
    } else if keys.is_none() && !matches!(kind, "" | "kubernetes.io/tls") {
        "other_type"
    } else {
        return;
    };
    let maker = crate::config::failing_maker(scene, &secret.namespace, &secret.name);
    if let Some((maker, told, condition)) = maker.filter(|_| why == "missing") {
        crate::config::source_failing(maker, told, condition, ("Secret", &secret.name), way_in, found);
    }
    let draft = found
        .fact("tls_secret_unusable", way_in)
        .object("secret", Some(secret))
        .arg("why", why)
        .arg("type", kind)
        .object("made_by", maker.map(|(object, ..)| object))
        .since(held.at)
        .because(&held.observation)
        .because_all(there.map(|h| &h.observation))
        .because_all(maker.map(|(_, h, _)| &h.observation));
    // A Secret of any type may hold the two keys; which it holds was not seen.
    let draft = if why == "other_type" { draft.unknown("which keys it holds is not known") } else { draft };
    draft.says(match why {
        "missing" => format!("{} takes its certificate from Secret {}, which does not exist", way_in.name, secret.name),
        "other_type" => {
            format!("{} takes its certificate from Secret {}, which is of type {kind}", way_in.name, secret.name)
        }
        _ => format!("{} takes its certificate from Secret {}, which holds none", way_in.name, secret.name),
    });
}

fn backends(scene: &Scene, route: &ObjectRef, held: &Held, found: &mut Found) {
    for backend in list(&held.object, "/spec/rules").iter().flat_map(|r| list(r, "/backendRefs")) {
        let name = text(backend, "/name");
        let namespace = Some(text(backend, "/namespace")).filter(|n| !n.is_empty()).unwrap_or(&route.namespace);
        let is_service = matches!(text(backend, "/kind"), "" | "Service");
        if !is_service || name.is_empty() {
            continue;
        }
        let service = ObjectRef::new("Service", namespace, name);
        match scene.snapshot.get(&service) {
            None if scene.exists("Service", namespace, name) == Existence::Absent => {
                unresolved(
                    route,
                    held,
                    "BackendNotFound",
                    &format!("Service {name} does not exist"),
                    &service.to_string(),
                    found,
                );
            }
            Some(target) => {
                let port = int(backend, "/port");
                let offers = list(&target.object, "/spec/ports").iter().any(|p| int(p, "/port") == port);
                if port.is_some() && !offers {
                    unresolved(
                        route,
                        held,
                        "PortNotOffered",
                        &format!("Service {name} does not offer port {}", port.unwrap_or(0)),
                        &service.to_string(),
                        found,
                    );
                }
            }
            None => {}
        }
    }
}

/// Destinations of an Istio VirtualService: hosts that are Services, subsets that a DestinationRule defines.
fn virtual_service(scene: &Scene, object: &ObjectRef, held: &Held, found: &mut Found) {
    let routes = ["/spec/http", "/spec/tcp", "/spec/tls"]
        .into_iter()
        .flat_map(|f| list(&held.object, f))
        .flat_map(|r| list(r, "/route"));
    for destination in routes.filter_map(|r| r.get("destination")) {
        let host = text(destination, "/host");
        let known = |n: &str| scene.namespaces().contains(n);
        let Some((namespace, name)) = topology::in_cluster(host, &object.namespace, known) else { continue };
        let service = ObjectRef::new("Service", namespace.as_str(), name.as_str());
        let Some(target) = scene.snapshot.get(&service) else {
            if scene.exists("Service", &namespace, &name) == Existence::Absent {
                unresolved(
                    object,
                    held,
                    "HostNotFound",
                    &format!("destination {host} is no Service"),
                    &service.to_string(),
                    found,
                );
            }
            continue;
        };
        let port = int(destination, "/port/number");
        if port.is_some() && !list(&target.object, "/spec/ports").iter().any(|p| int(p, "/port") == port) {
            unresolved(
                object,
                held,
                "PortNotOffered",
                &format!("{host} does not offer port {}", port.unwrap_or(0)),
                &service.to_string(),
                found,
            );
        }
        let subset = text(destination, "/subset");
        let rules: Vec<&Held> = scene
            .snapshot
            .of_kind("DestinationRule")
            .map(|(_, h)| h)
            .filter(|h| {
                topology::in_cluster(text(&h.object, "/spec/host"), &object.namespace, known).as_ref()
                    == Some(&(namespace.clone(), name.clone()))
            })
            .collect();
        if !subset.is_empty()
            && !rules.is_empty()
            && !rules.iter().any(|h| list(&h.object, "/spec/subsets").iter().any(|s| text(s, "/name") == subset))
        {
            unresolved(
                object,
                held,
                "SubsetNotFound",
                &format!("no DestinationRule defines subset {subset} of {host}"),
                &service.to_string(),
                found,
            );
        }
    }
}

fn webhooks(scene: &Scene, found: &mut Found) {
    for kind in ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] {
        for (configuration, held) in scene.snapshot.of_kind(kind) {
            for webhook in list(&held.object, "/webhooks") {
                let name = text(webhook, "/clientConfig/service/name");
                let namespace = text(webhook, "/clientConfig/service/namespace");
                let policy = Some(text(webhook, "/failurePolicy")).filter(|p| !p.is_empty()).unwrap_or("Fail");
                if name.is_empty() || policy != "Fail" {
                    continue;
                }
                let service = ObjectRef::new("Service", namespace, name);
                let empty = found
                    .named("service_no_ready_endpoints")
                    .chain(found.named("service_selects_no_pods"))
                    .any(|f| f.subject == service);
                let gone = scene.exists("Service", namespace, name) == Existence::Absent;
                if !(empty || gone) {
                    continue;
                }
                let message = if gone { "its Service does not exist" } else { "its Service has no ready pod" };
                found
                    .fact("webhook_unavailable", configuration)
                    .arg("webhook", text(webhook, "/name"))
                    .object("service", Some(&service))
                    .arg("failure_policy", policy)
                    .arg("message", message)
                    .arg("answer", "nobody")
                    .arg("ongoing", true)
                    .since(held.at)
                    .because(&held.observation)
                    .says(format!("webhook {} must be asked and {message}", text(webhook, "/name")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::sketch::{Sketch, ago, fact, has};

    #[test]
    fn an_ingress_that_leads_nowhere_is_told() {
        let with = |service: &str, port: i64| {
            Sketch::new()
                .deployment("web")
                .with(
                    "Ingress/shop/front",
                    json!({"spec": {"rules": [{"host": "shop.example", "http": {"paths": [
                {"path": "/", "backend": {"service": {"name": service, "port": {"number": port}}}}]}}]}}),
                )
                .facts()
        };
        assert_eq!(fact(&with("gone", 80), "ingress_backend_missing", "Ingress/shop/front").args["exists"], false);
        assert_eq!(fact(&with("web", 81), "ingress_backend_missing", "Ingress/shop/front").args["exists"], true);
        assert!(!has(&with("web", 80), "ingress_backend_missing"));
    }

    #[test]
    fn a_certificate_that_is_not_there_or_is_none_is_told_and_one_that_is_being_issued_is_not() {
        let with = |age: i64, secret: Option<Value>| {
            let ingress =
                json!({"metadata": {"creationTimestamp": ago(age)}, "spec": {"tls": [{"secretName": "front-tls"}]}});
            let sketch = Sketch::new().with("Ingress/shop/front", ingress);
            secret.into_iter().fold(sketch, |sketch, body| sketch.with("Secret/shop/front-tls", body)).facts()
        };
        let keys = |names: &[&str]| {
            let keys: serde_json::Map<_, _> =
                names.iter().map(|name| ((*name).to_owned(), json!({"bytes": 9}))).collect();
            json!({"type": "Opaque", "keys": keys})
        };
        let why = |facts: &[model::Fact]| fact(facts, "tls_secret_unusable", "Ingress/shop/front").args["why"].clone();
        assert_eq!(why(&with(86_400, None)), "missing");
        assert!(!has(&with(60, None), "tls_secret_unusable"), "it may be on its way");
        assert_eq!(why(&with(86_400, Some(keys(&["cert.pem"])))), "no_certificate");
        assert!(!has(&with(86_400, Some(keys(&["tls.crt", "tls.key"]))), "tls_secret_unusable"));
        let unseen = with(86_400, Some(json!({"type": "Opaque", "keys": {}})));
        assert!(!has(&unseen, "tls_secret_unusable") && why(&unseen) == "other_type", "its keys were not read");
        assert!(!has(&with(86_400, Some(json!({"keys": {}}))), "tls_secret_unusable"));
    }

    #[test]
    fn a_listener_that_says_no_is_told() {
        let with = |condition: Value| {
            let listener = json!({"name": "https", "conditions": [condition]});
            Sketch::new().with("Gateway/shop/public", json!({"status": {"listeners": [listener]}})).facts()
        };
        let told = with(
            json!({"type": "ResolvedRefs", "status": "False", "reason": "InvalidCertificateRef", "message": "no Secret"}),
        );
        assert_eq!(
            fact(&told, "gateway_route_unresolved", "Gateway/shop/public").args["message"],
            "listener https: no Secret"
        );
        for (kind, status) in [("Programmed", "True"), ("Conflicted", "False")] {
            assert!(!has(&with(json!({"type": kind, "status": status})), "gateway_route_unresolved"), "{kind}");
        }
        assert!(has(
            &with(json!({"type": "Conflicted", "status": "True", "reason": "PortConflict"})),
            "gateway_route_unresolved"
        ));
    }
}
