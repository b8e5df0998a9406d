//! Edges of objects that route traffic, and of objects that bound or scale others: what each says by itself.

use model::{Doc, ObjectRef};

use crate::telling::Telling;
use crate::{EdgeClass, Relation};

fn text<'a>(value: &'a Doc, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Doc::as_str).unwrap_or("")
}

fn list<'a>(value: &'a Doc, pointer: &str) -> &'a [Doc] {
    value.pointer(pointer).and_then(Doc::as_array).unwrap_or(&[])
}

pub(crate) fn tell(object: &ObjectRef, body: &Doc, telling: &mut Telling) {
    match object.kind.as_str() {
        "Ingress" => ingress(object, body, telling),
        "GRPCRoute" | "HTTPRoute" | "TCPRoute" | "TLSRoute" => route(object, body, telling),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => webhooks(object, body, telling),
        "HTTPScaledObject" | "HorizontalPodAutoscaler" | "ScaledObject" => autoscaler(object, body, telling),
        "LimitRange" | "ResourceQuota" => {
            let namespace = ObjectRef::global("Namespace", &object.namespace);
            let reason = format!("{} {} bounds what it may hold", object.kind, object.name);
            telling.line(&namespace, object, Relation::LimitedBy, EdgeClass::Declared, &reason);
        }
        "PersistentVolumeClaim" => claim(object, body, telling),
        "VolumeAttachment" => attachment(object, body, telling),
        _ => {}
    }
}

fn ingress(ingress: &ObjectRef, body: &Doc, telling: &mut Telling) {
    let rules = list(body, "/spec/rules").iter();
    let paths = rules.flat_map(|rule| list(rule, "/http/paths")).filter_map(|path| path.get("backend"));
    for backend in paths.chain(body.pointer("/spec/defaultBackend")) {
        let name =
            Some(text(backend, "/service/name")).filter(|n| !n.is_empty()).unwrap_or(text(backend, "/serviceName"));
        if !name.is_empty() {
            let service = ObjectRef::new("Service", &ingress.namespace, name);
            let reason = format!("a rule of ingress {} sends to it", ingress.name);
            telling.line(ingress, &service, Relation::RoutesTo, EdgeClass::Declared, &reason);
        }
    }
    let class = text(body, "/spec/ingressClassName");
    if !class.is_empty() {
        let class = ObjectRef::global("IngressClass", class);
        telling.line(ingress, &class, Relation::Declares, EdgeClass::Declared, "names its class");
    }
}

fn route(route: &ObjectRef, body: &Doc, telling: &mut Telling) {
    let namespace = |of: &Doc| of.get("namespace").and_then(Doc::as_str).unwrap_or(&route.namespace).to_owned();
    for backend in list(body, "/spec/rules").iter().flat_map(|rule| list(rule, "/backendRefs")) {
        let service = ObjectRef::new("Service", namespace(backend), text(backend, "/name"));
        let reason = format!("a rule of {} sends to it", route.name);
        telling.line(route, &service, Relation::RoutesTo, EdgeClass::Declared, &reason);
    }
    for parent in list(body, "/spec/parentRefs") {
        let gateway = ObjectRef::new("Gateway", namespace(parent), text(parent, "/name"));
        telling.line(&gateway, route, Relation::RoutesTo, EdgeClass::Declared, "the route hangs on it");
    }
}

fn webhooks(configuration: &ObjectRef, body: &Doc, telling: &mut Telling) {
    for webhook in list(body, "/webhooks") {
        let name = text(webhook, "/clientConfig/service/name");
        if !name.is_empty() {
            let service = ObjectRef::new("Service", text(webhook, "/clientConfig/service/namespace"), name);
            let reason = format!("webhook {} is answered by it", text(webhook, "/name"));
            telling.line(configuration, &service, Relation::RoutesTo, EdgeClass::Declared, &reason);
        }
    }
}

fn autoscaler(autoscaler: &ObjectRef, body: &Doc, telling: &mut Telling) {
    let target = body.pointer("/spec/scaleTargetRef").unwrap_or(Doc::null());
    // KEDA lets the kind be left out for a Deployment.
    let kind = Some(text(target, "/kind")).filter(|kind| !kind.is_empty()).unwrap_or("Deployment");
    if !text(target, "/name").is_empty() {
        let target = ObjectRef::new(kind, &autoscaler.namespace, text(target, "/name"));
        let reason = format!("autoscaler {} sets its replicas", autoscaler.name);
        telling.line(&target, autoscaler, Relation::ScaledBy, EdgeClass::Declared, &reason);
    }
}

fn claim(claim: &ObjectRef, body: &Doc, telling: &mut Telling) {
    let volume = text(body, "/spec/volumeName");
    if !volume.is_empty() {
        let volume = ObjectRef::global("PersistentVolume", volume);
        let bound = text(body, "/status/phase") == "Bound";
        let class = if bound { EdgeClass::Observed } else { EdgeClass::Declared };
        telling.line(claim, &volume, Relation::Binds, class, "the claim names the volume");
    }
    let class = text(body, "/spec/storageClassName");
    if !class.is_empty() {
        let class = ObjectRef::global("StorageClass", class);
        telling.line(claim, &class, Relation::Declares, EdgeClass::Declared, "the claim names its class");
    }
}

fn attachment(attachment: &ObjectRef, body: &Doc, telling: &mut Telling) {
    let volume = text(body, "/spec/source/persistentVolumeName");
    let node = text(body, "/spec/nodeName");
    if !volume.is_empty() && !node.is_empty() {
        let (volume, node) = (ObjectRef::global("PersistentVolume", volume), ObjectRef::global("Node", node));
        let reason = format!("attached through {}", attachment.name);
        telling.line(&volume, &node, Relation::RunsOn, EdgeClass::Observed, &reason);
    }
}
