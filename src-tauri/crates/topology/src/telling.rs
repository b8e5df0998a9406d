//! What one object says about edges.

use model::{Doc, Held, ObjectRef, Ordered, Snapshot, Text};

use crate::line::{Line, Reason};
use crate::place::{Id, Places};
use crate::template::{config_uses, literal_env, pod_spec_of};
use crate::{EdgeClass, Relation, addresses_in, in_cluster, routes};

/// Kinds whose pod templates tell of their workload.
pub(crate) const TEMPLATED: &[&str] = &["CronJob", "DaemonSet", "Deployment", "Job", "StatefulSet", "Rollout"];

/// Collects the edges of one object after the other. What an object says rests on itself, on owners, and on which Services
/// there are.
pub(crate) struct Telling<'a> {
    pub snapshot: &'a Snapshot,
    pub places: &'a mut Places,
    /// How many templates there are of each workload.
    pub templates: &'a Ordered<Id, u32>,
    pub lines: Vec<Line>,
    /// Other namespaces in which a Service is named, whether it exists or not.
    pub abroad: Vec<Text>,
}

impl Telling<'_> {
    pub fn hear(&mut self, object: &ObjectRef, held: &Held) {
        self.lines.clear();
        self.abroad.clear();
        let id = self.places.id(object);
        if let Some((owner, declared)) = self.places.owner(id) {
            let (class, reason) = if declared {
                (EdgeClass::Declared, Reason::OwnerReference)
            } else {
                (EdgeClass::Inferred, Reason::NameAndLabels)
            };
            self.lines.push(Line { from: id, to: owner, relation: Relation::OwnedBy, class, reason });
        }
        let kind = object.kind.as_str();
        if kind == "Pod" {
            self.pod(id, &held.object);
        } else if TEMPLATED.contains(&kind) {
            if let Some(spec) = pod_spec_of(kind, &held.object) {
                self.pod_spec(self.places.workload(id), spec);
            }
        } else {
            routes::tell(object, &held.object, self);
        }
    }

    pub fn line(&mut self, from: &ObjectRef, to: &ObjectRef, relation: Relation, class: EdgeClass, reason: &str) {
        let (from, to) = (self.places.id(from), self.places.id(to));
        self.lines.push(Line { from, to, relation, class, reason: Reason::Words(reason.into()) });
    }

    fn said(&mut self, from: Id, to: &ObjectRef, relation: Relation, class: EdgeClass, reason: String) {
        let to = self.places.id(to);
        self.lines.push(Line { from, to, relation, class, reason: Reason::Words(reason.into()) });
    }

    fn pod(&mut self, id: Id, pod: &Doc) {
        let Some(spec) = pod.get("spec") else { return };
        let workload = self.places.workload(id);
        // A pod of a StatefulSet has claims that the template does not name.
        if !self.templates.contains_key(&workload) {
            self.pod_spec(workload, spec);
        } else if self.places.object(workload).kind == "StatefulSet" {
            self.claims(workload, spec);
        }
        if let Some(node) = spec.get("nodeName").and_then(Doc::as_text).filter(|n| !n.is_empty()) {
            let node = self.places.id(&ObjectRef::global("Node", node));
            for from in [id, workload] {
                let (relation, class, reason) = (Relation::RunsOn, EdgeClass::Observed, Reason::Placed);
                self.lines.push(Line { from, to: node, relation, class, reason });
            }
        }
    }

    fn pod_spec(&mut self, workload: Id, spec: &Doc) {
        let namespace = self.places.object(workload).namespace.clone();
        for used in config_uses(spec) {
            let object = ObjectRef::new(used.kind, &namespace, used.name);
            let (relation, reason) = match used.used_as {
                "env" => (Relation::ReadsConfig, format!("environment of {}", used.container)),
                "image_pull" => (Relation::ReadsConfig, "pulls its images with it".to_owned()),
                _ => (Relation::Mounts, format!("volume {}", used.target)),
            };
            self.said(workload, &object, relation, EdgeClass::Declared, reason);
        }
        self.claims(workload, spec);
        let account = spec.get("serviceAccountName").and_then(Doc::as_str).filter(|a| !a.is_empty() && *a != "default");
        if let Some(account) = account {
            let account = ObjectRef::new("ServiceAccount", &namespace, account);
            self.said(workload, &account, Relation::UsesAccount, EdgeClass::Declared, "runs as it".into());
        }
        self.environment(workload, &namespace, spec);
    }

    fn claims(&mut self, workload: Id, spec: &Doc) {
        let namespace = self.places.object(workload).namespace.clone();
        for volume in spec.get("volumes").and_then(Doc::as_array).into_iter().flatten() {
            let claim = volume.pointer("/persistentVolumeClaim/claimName").and_then(Doc::as_str);
            if let Some(claim) = claim {
                let claim = ObjectRef::new("PersistentVolumeClaim", &namespace, claim);
                let reason = format!("volume {}", volume.get("name").and_then(Doc::as_str).unwrap_or(""));
                self.said(workload, &claim, Relation::Mounts, EdgeClass::Declared, reason);
            }
        }
    }

    /// Calls edges from what a workload's pod spec holds in plain text. A name counts only where a Service has it.
    fn environment(&mut self, workload: Id, own: &Text, spec: &Doc) {
        let snapshot = self.snapshot;
        for (_, variable, value) in literal_env(spec) {
            for address in addresses_in(&variable, &value) {
                if let [_, place, ..] = address.host.split('.').collect::<Vec<_>>()[..] {
                    let further = address.host.split('.').nth(2);
                    let named = [Some(place), further.filter(|label| *label != "svc")];
                    self.abroad.extend(named.into_iter().flatten().filter(|n| *own != **n).map(Text::from));
                }
                let known = |namespace: &str| snapshot.in_namespace("Service", namespace).next().is_some();
                let Some((namespace, name)) = in_cluster(&address.host, own, known) else { continue };
                let service = ObjectRef::new("Service", namespace, name);
                if snapshot.get(&service).is_some() {
                    let shown =
                        address.port.map_or_else(|| address.host.clone(), |port| format!("{}:{port}", address.host));
                    let reason = format!("its variable {variable} holds {shown}");
                    self.said(workload, &service, Relation::Calls, EdgeClass::Inferred, reason);
                }
            }
        }
    }
}
