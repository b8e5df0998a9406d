//! Edges of objects that route traffic, and of objects that bound or scale others.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::{Doc, Fields, ObjectRef, Snapshot};

use crate::build::Draft;
use crate::selector::{labels_of, matches_labels, matches_selector};
use crate::{EdgeClass, Relation};

fn text<'a>(value: &'a Doc, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Doc::as_str).unwrap_or("")
}

fn list<'a>(value: &'a Doc, pointer: &str) -> &'a [Doc] {
    value.pointer(pointer).and_then(Doc::as_array).unwrap_or(&[])
}

/// Something with labels that a selector can match.
type Labelled<'a> = (&'a ObjectRef, Fields<'a>);

/// Pods and pod templates of one namespace, by one label pair: what makes selecting cheap in big namespaces.
#[derive(Default)]
pub(crate) struct Selectable<'a> {
    by_pair: HashMap<(&'a str, &'a str, &'a str), Vec<Labelled<'a>>>,
    by_namespace: HashMap<&'a str, Vec<Labelled<'a>>>,
}

impl<'a> Selectable<'a> {
    pub(crate) fn of(snapshot: &'a Snapshot) -> Self {
        let mut all = Selectable::default();
        for (pod, held) in snapshot.of_kind("Pod") {
            all.add(pod, labels_of(&held.object));
        }
        for kind in ["DaemonSet", "Deployment", "StatefulSet"] {
            for (workload, held) in snapshot.of_kind(kind) {
                if let Some(template) = held.object.pointer("/spec/template") {
                    all.add(workload, labels_of(template));
                }
            }
        }
        all
    }

    fn add(&mut self, object: &'a ObjectRef, labels: Fields<'a>) {
        let namespace = object.namespace.as_str();
        for (key, value) in labels {
            if let Some(value) = value.as_str() {
                self.by_pair.entry((namespace, key, value)).or_default().push((object, labels));
            }
        }
        self.by_namespace.entry(namespace).or_default().push((object, labels));
    }

    fn selected_by(&self, namespace: &'a str, selector: Fields<'a>) -> Vec<&'a ObjectRef> {
        let Some((key, value)) = selector.iter().next() else { return Vec::new() };
        let candidates = self.by_pair.get(&(namespace, key, value.as_str().unwrap_or("")));
        let candidates = candidates.into_iter().flatten();
        candidates.filter(|(_, labels)| matches_labels(selector, *labels)).map(|(object, _)| *object).collect()
    }

    fn matched_by(&self, namespace: &str, selector: &Doc) -> Vec<&'a ObjectRef> {
        let all = self.by_namespace.get(namespace).into_iter().flatten();
        all.filter(|(_, labels)| matches_selector(selector, *labels)).map(|(object, _)| *object).collect()
    }
}

pub(crate) fn services(snapshot: &Snapshot, draft: &mut Draft) {
    let selectable = Selectable::of(snapshot);
    for (service, held) in snapshot.of_kind("Service") {
        let Some(selector) = held.object.pointer("/spec/selector").and_then(Doc::as_object) else { continue };
        let mut workloads: BTreeMap<ObjectRef, bool> = BTreeMap::new();
        for selected in selectable.selected_by(&service.namespace, selector) {
            let workload = draft.workload_of(selected);
            *workloads.entry(workload).or_default() |= selected.kind == "Pod";
        }
        for (workload, observed) in workloads {
            let class = if observed { EdgeClass::Observed } else { EdgeClass::Declared };
            let reason = format!("{} selects its pods ({})", service.name, pairs(selector));
            draft.edge(service, &workload, Relation::Selects, class, reason, held);
        }
    }
    for (policy, held) in snapshot.of_kind("NetworkPolicy") {
        let selector = held.object.pointer("/spec/podSelector").cloned().unwrap_or_default();
        let mut workloads: Vec<ObjectRef> = selectable
            .matched_by(&policy.namespace, &selector)
            .into_iter()
            .map(|selected| draft.workload_of(selected))
            .collect();
        workloads.sort();
        workloads.dedup();
        for workload in workloads {
            let reason = format!("network policy {} selects its pods", policy.name);
            draft.edge(&workload, policy, Relation::LimitedBy, EdgeClass::Declared, reason, held);
        }
    }
    for (budget, held) in snapshot.of_kind("PodDisruptionBudget") {
        let Some(selector) = held.object.pointer("/spec/selector") else { continue };
        let selected: BTreeSet<ObjectRef> =
            selectable.matched_by(&budget.namespace, selector).into_iter().map(|s| draft.workload_of(s)).collect();
        for workload in selected {
            let reason = format!("disruption budget {} selects its pods", budget.name);
            draft.edge(budget, &workload, Relation::Selects, EdgeClass::Declared, reason, held);
        }
    }
}

fn pairs(selector: Fields<'_>) -> String {
    let pairs: Vec<String> = selector.iter().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or(""))).collect();
    pairs.join(",")
}

pub(crate) fn gateways(snapshot: &Snapshot, draft: &mut Draft) {
    for (ingress, held) in snapshot.of_kind("Ingress") {
        let rules = list(&held.object, "/spec/rules").iter();
        let paths = rules.flat_map(|rule| list(rule, "/http/paths")).filter_map(|path| path.get("backend"));
        for backend in paths.chain(held.object.pointer("/spec/defaultBackend")) {
            let name =
                Some(text(backend, "/service/name")).filter(|n| !n.is_empty()).unwrap_or(text(backend, "/serviceName"));
            if !name.is_empty() {
                let service = ObjectRef::new("Service", ingress.namespace.as_str(), name);
                let reason = format!("a rule of ingress {} sends to it", ingress.name);
                draft.edge(ingress, &service, Relation::RoutesTo, EdgeClass::Declared, reason, held);
            }
        }
        let class = text(&held.object, "/spec/ingressClassName");
        if !class.is_empty() {
            let class = ObjectRef::global("IngressClass", class);
            draft.edge(ingress, &class, Relation::Declares, EdgeClass::Declared, "names its class".into(), held);
        }
    }
    for kind in ["GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute"] {
        for (route, held) in snapshot.of_kind(kind) {
            for backend in list(&held.object, "/spec/rules").iter().flat_map(|rule| list(rule, "/backendRefs")) {
                let namespace = backend.get("namespace").and_then(Doc::as_str).unwrap_or(&route.namespace);
                let service = ObjectRef::new("Service", namespace, text(backend, "/name"));
                let reason = format!("a rule of {} sends to it", route.name);
                draft.edge(route, &service, Relation::RoutesTo, EdgeClass::Declared, reason, held);
            }
            for parent in list(&held.object, "/spec/parentRefs") {
                let namespace = parent.get("namespace").and_then(Doc::as_str).unwrap_or(&route.namespace);
                let gateway = ObjectRef::new("Gateway", namespace, text(parent, "/name"));
                draft.edge(
                    &gateway,
                    route,
                    Relation::RoutesTo,
                    EdgeClass::Declared,
                    "the route hangs on it".into(),
                    held,
                );
            }
        }
    }
    for kind in ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] {
        for (configuration, held) in snapshot.of_kind(kind) {
            for webhook in list(&held.object, "/webhooks") {
                let name = text(webhook, "/clientConfig/service/name");
                if !name.is_empty() {
                    let namespace = text(webhook, "/clientConfig/service/namespace");
                    let service = ObjectRef::new("Service", namespace, name);
                    let reason = format!("webhook {} is answered by it", text(webhook, "/name"));
                    draft.edge(configuration, &service, Relation::RoutesTo, EdgeClass::Declared, reason, held);
                }
            }
        }
    }
}

pub(crate) fn bounds(snapshot: &Snapshot, draft: &mut Draft) {
    for (autoscaler, held) in snapshot.of_kind("HorizontalPodAutoscaler") {
        let target = held.object.pointer("/spec/scaleTargetRef").unwrap_or(Doc::null());
        let kind = text(target, "/kind");
        if !kind.is_empty() {
            let target = ObjectRef::new(kind, autoscaler.namespace.as_str(), text(target, "/name"));
            let reason = format!("autoscaler {} sets its replicas", autoscaler.name);
            draft.edge(&target, autoscaler, Relation::ScaledBy, EdgeClass::Declared, reason, held);
        }
    }
    for kind in ["LimitRange", "ResourceQuota"] {
        for (bound, held) in snapshot.of_kind(kind) {
            let namespace = ObjectRef::global("Namespace", bound.namespace.as_str());
            let reason = format!("{} {} bounds what it may hold", kind, bound.name);
            draft.edge(&namespace, bound, Relation::LimitedBy, EdgeClass::Declared, reason, held);
        }
    }
    for (claim, held) in snapshot.of_kind("PersistentVolumeClaim") {
        let volume = text(&held.object, "/spec/volumeName");
        if !volume.is_empty() {
            let volume = ObjectRef::global("PersistentVolume", volume);
            let bound = text(&held.object, "/status/phase") == "Bound";
            let class = if bound { EdgeClass::Observed } else { EdgeClass::Declared };
            draft.edge(claim, &volume, Relation::Binds, class, "the claim names the volume".into(), held);
        }
        let class = text(&held.object, "/spec/storageClassName");
        if !class.is_empty() {
            let class = ObjectRef::global("StorageClass", class);
            draft.edge(
                claim,
                &class,
                Relation::Declares,
                EdgeClass::Declared,
                "the claim names its class".into(),
                held,
            );
        }
    }
    for (attachment, held) in snapshot.of_kind("VolumeAttachment") {
        let volume = text(&held.object, "/spec/source/persistentVolumeName");
        let node = text(&held.object, "/spec/nodeName");
        if !volume.is_empty() && !node.is_empty() {
            let (volume, node) = (ObjectRef::global("PersistentVolume", volume), ObjectRef::global("Node", node));
            let reason = format!("attached through {}", attachment.name);
            draft.edge(&volume, &node, Relation::RunsOn, EdgeClass::Observed, reason, held);
        }
    }
}
