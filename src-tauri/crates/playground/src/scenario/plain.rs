//! Everything that has no life of its own: namespaces, services and their endpoints, configuration, storage, ingresses.

use std::collections::BTreeMap;

use model::{ObjectRef, Time};
use serde_json::{Map, Value, json};

use super::script::{
    ClaimWord, ConfigWord, IngressWord, NamespacesWord, ServiceWord, StorageClassWord, Text, WorkloadWord,
};
use super::span::Span;
use super::stage::{Stage, text};

impl Stage {
    /// So long before now; now, where the script does not say.
    pub(super) fn ago(&self, age: Option<Span>) -> Time {
        let usual = if self.opening { 30 * 86_400_000_000 } else { 0 };
        Time(self.now.0 - age.map_or(usual, |span| span.0.abs()))
    }

    fn namespace_of(&self, named: Option<&String>) -> String {
        named.unwrap_or(&self.namespace).clone()
    }

    pub(super) fn known_namespace(&self, namespace: &str) -> Result<(), String> {
        let there = self.objects.contains_key(&ObjectRef::global("Namespace", namespace));
        if there { Ok(()) } else { Err(format!("there is no namespace `{namespace}`; name it in `namespaces` first")) }
    }

    pub(super) fn namespaces(&mut self, word: &NamespacesWord) {
        for name in &word.namespaces {
            let created = text(self.ago(word.age));
            let namespace = json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {
                    "name": name, "creationTimestamp": created, "labels": { "kubernetes.io/metadata.name": name },
                },
                "spec": { "finalizers": ["kubernetes"] },
                "status": { "phase": "Active" },
            });
            self.put(ObjectRef::global("Namespace", name), namespace);
            let account = json!({
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": { "name": "default", "namespace": name, "creationTimestamp": created },
            });
            self.put(ObjectRef::new("ServiceAccount", name, "default"), account);
        }
    }

    pub(super) fn service_of(&mut self, word: &WorkloadWord, namespace: &str, port: u16, created: Time) {
        let stateful = word.kind.as_deref() == Some("StatefulSet");
        let service = ServiceWord {
            service: word.workload.clone(),
            namespace: Some(namespace.to_owned()),
            age: Some(Span(self.now.0 - created.0)),
            port,
            target_port: word.port.map(|p| Text::Int(i64::from(p))),
            selector: BTreeMap::from([("app".to_owned(), word.workload.clone())]),
            service_type: None,
            headless: stateful,
        };
        self.service(&service);
    }

    pub(super) fn service(&mut self, word: &ServiceWord) {
        let namespace = &self.namespace_of(word.namespace.as_ref());
        let subject = ObjectRef::new("Service", namespace, &word.service);
        let kind = word.service_type.clone().unwrap_or_else(|| "ClusterIP".into());
        let address = if word.headless { "None".to_owned() } else { cluster_address(&subject) };
        let target = match &word.target_port {
            Some(Text::Int(port)) => json!(port),
            Some(name) => json!(name.to_string()),
            None => json!(word.port),
        };
        let mut spec = json!({
            "clusterIP": address,
            "clusterIPs": [address],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{ "name": "main", "port": word.port, "protocol": "TCP", "targetPort": target }],
            "sessionAffinity": "None",
            "type": kind,
        });
        if !word.selector.is_empty() {
            spec["selector"] = json!(word.selector);
        }
        let object = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": word.service, "namespace": namespace, "creationTimestamp": text(self.ago(word.age)),
                "labels": { "app": word.service },
            },
            "spec": spec,
            "status": { "loadBalancer": {} },
        });
        self.put(subject, object);
    }

    pub(super) fn config(&mut self, word: &ConfigWord) -> Result<(), String> {
        let namespace = &self.namespace_of(word.namespace.as_ref());
        let created = text(self.ago(word.age));
        let (kind, name) = match (&word.config, &word.secret) {
            (Some(name), None) => ("ConfigMap", name),
            (None, Some(name)) => ("Secret", name),
            _ => return Err("configuration is either a `config` or a `secret`".into()),
        };
        let data: Map<String, Value> = word
            .data
            .iter()
            .map(|(key, value)| {
                let value = value.to_string();
                (key.clone(), Value::from(if kind == "Secret" { base64(value.as_bytes()) } else { value }))
            })
            .collect();
        let mut object = json!({
            "apiVersion": "v1",
            "kind": kind,
            "metadata": { "name": name, "namespace": namespace, "creationTimestamp": created },
            "data": data,
        });
        if kind == "Secret" {
            object["type"] = word.secret_type.clone().unwrap_or_else(|| "Opaque".into()).into();
        }
        self.put(ObjectRef::new(kind, namespace, name), object);
        Ok(())
    }

    pub(super) fn claim(&mut self, word: &ClaimWord) {
        let namespace = &self.namespace_of(word.namespace.as_ref());
        let created = text(self.ago(word.age));
        let subject = ObjectRef::new("PersistentVolumeClaim", namespace, &word.claim);
        let uid = self.uid_of(&subject).unwrap_or_else(|| self.uid(&subject));
        let volume = format!("pvc-{uid}");
        let mode = word.mode.clone().unwrap_or_else(|| "ReadWriteOnce".into());
        let class = word.class.clone();
        let mut spec = json!({
            "accessModes": [mode],
            "resources": { "requests": { "storage": word.size } },
            "volumeMode": "Filesystem",
        });
        if let Some(class) = &class {
            spec["storageClassName"] = class.clone().into();
        }
        let mut object = json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": { "name": word.claim, "namespace": namespace, "creationTimestamp": created, "uid": uid },
            "spec": spec,
            "status": { "phase": "Pending" },
        });
        if !word.pending {
            object["spec"]["volumeName"] = volume.clone().into();
            object["metadata"]["annotations"] = json!({ "pv.kubernetes.io/bind-completed": "yes" });
            object["metadata"]["finalizers"] = json!(["kubernetes.io/pvc-protection"]);
            object["status"] = json!({ "phase": "Bound", "accessModes": [mode], "capacity": { "storage": word.size } });
            let persistent = json!({
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {
                    "name": volume, "creationTimestamp": created, "finalizers": ["kubernetes.io/pv-protection"],
                },
                "spec": {
                    "accessModes": [mode],
                    "capacity": { "storage": word.size },
                    "claimRef": {
                        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": word.claim, "namespace": namespace,
                        "uid": uid,
                    },
                    "csi": { "driver": "csi.playground.example", "volumeHandle": volume, "fsType": "ext4" },
                    "persistentVolumeReclaimPolicy": "Delete",
                    "storageClassName": class,
                    "volumeMode": "Filesystem",
                },
                "status": { "phase": "Bound" },
            });
            self.put(ObjectRef::global("PersistentVolume", &volume), persistent);
        }
        self.put(subject, object);
    }

    pub(super) fn storage_class(&mut self, word: &StorageClassWord) {
        let mut object = json!({
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": { "name": word.storage_class, "creationTimestamp": text(self.ago(word.age)) },
            "provisioner": word.provisioner,
            "reclaimPolicy": "Delete",
            "volumeBindingMode": if word.wait_for_consumer { "WaitForFirstConsumer" } else { "Immediate" },
            "allowVolumeExpansion": true,
        });
        if word.default {
            object["metadata"]["annotations"] = json!({ "storageclass.kubernetes.io/is-default-class": "true" });
        }
        self.put(ObjectRef::global("StorageClass", &word.storage_class), object);
    }

    pub(super) fn ingress(&mut self, word: &IngressWord) -> Result<(), String> {
        let namespace = &self.namespace_of(word.namespace.as_ref());
        let mut paths = Vec::new();
        for (path, backend) in &word.paths {
            let (service, port) = backend
                .split_once(':')
                .and_then(|(s, p)| Some((s, p.parse::<u16>().ok()?)))
                .ok_or_else(|| format!("`{backend}` is not a service and port such as `web:80`"))?;
            paths.push(json!({
                "path": path, "pathType": "Prefix",
                "backend": { "service": { "name": service, "port": { "number": port } } },
            }));
        }
        let object = json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {
                "name": word.ingress, "namespace": namespace, "creationTimestamp": text(self.ago(word.age)),
                "generation": 1,
            },
            "spec": {
                "ingressClassName": word.class.clone().unwrap_or_else(|| "nginx".into()),
                "rules": [{ "host": word.host, "http": { "paths": paths } }],
            },
            "status": { "loadBalancer": { "ingress": [{ "ip": "192.0.2.20" }] } },
        });
        let class = object["spec"]["ingressClassName"].as_str().unwrap_or_default().to_owned();
        self.put(ObjectRef::new("Ingress", namespace, &word.ingress), object);
        let class_ref = ObjectRef::global("IngressClass", &class);
        if !self.objects.contains_key(&class_ref) {
            let class = json!({
                "apiVersion": "networking.k8s.io/v1",
                "kind": "IngressClass",
                "metadata": { "name": class, "creationTimestamp": text(self.ago(word.age)) },
                "spec": { "controller": format!("k8s.io/ingress-{class}") },
            });
            self.put(class_ref, class);
        }
        Ok(())
    }
}

/// What the endpoint controllers write for a Service with a selector.
pub(super) fn endpoints(stage: &Stage, subject: &ObjectRef, service: &Value) -> Vec<(ObjectRef, Value)> {
    let selector: Vec<(&String, &Value)> =
        service.pointer("/spec/selector").and_then(Value::as_object).into_iter().flatten().collect();
    let no_ports = Vec::new();
    let ports = service.pointer("/spec/ports").and_then(Value::as_array).unwrap_or(&no_ports);
    let (mut ready, mut unready, mut slices) = (Vec::new(), Vec::new(), Vec::new());
    let mut numbers: Vec<Value> = Vec::new();
    let first = ObjectRef::new("Pod", &subject.namespace, "");
    for (pod, object) in
        stage.objects.range(first..).take_while(|(o, _)| o.kind == "Pod" && o.namespace == subject.namespace)
    {
        if !selector
            .iter()
            .all(|(key, value)| object.pointer("/metadata/labels").and_then(|l| l.get(key.as_str())) == Some(value))
        {
            continue;
        }
        let phase = object.pointer("/status/phase").and_then(Value::as_str).unwrap_or_default();
        let Some(address) = object.pointer("/status/podIP").and_then(Value::as_str) else { continue };
        if matches!(phase, "Succeeded" | "Failed") {
            continue;
        }
        let resolved: Vec<Value> = ports.iter().filter_map(|port| resolved(port, object)).collect();
        if resolved.is_empty() && !ports.is_empty() {
            continue;
        }
        numbers = resolved;
        let terminating = object.pointer("/metadata/deletionTimestamp").is_some();
        let is_ready = conditions_say_ready(object);
        let target = json!({
            "kind": "Pod", "name": pod.name, "namespace": pod.namespace,
            "uid": object.pointer("/metadata/uid"),
        });
        let node = object.pointer("/spec/nodeName").cloned().unwrap_or(Value::Null);
        let entry = json!({ "ip": address, "nodeName": node, "targetRef": target });
        if is_ready && !terminating {
            ready.push(entry)
        } else {
            unready.push(entry)
        }
        slices.push(json!({
            "addresses": [address],
            "conditions": { "ready": is_ready && !terminating, "serving": is_ready, "terminating": terminating },
            "nodeName": node,
            "targetRef": target,
        }));
    }
    let mut subset = json!({});
    for (field, list) in [("addresses", ready), ("notReadyAddresses", unready)] {
        if !list.is_empty() {
            subset[field] = list.into();
        }
    }
    let some = subset.as_object().is_some_and(|s| !s.is_empty());
    subset["ports"] = numbers.clone().into();
    let meta = json!({ "name": subject.name, "namespace": subject.namespace, "labels": { "app": subject.name } });
    let mut whole = json!({ "apiVersion": "v1", "kind": "Endpoints", "metadata": meta });
    if let Some(created) = service.pointer("/metadata/creationTimestamp") {
        whole["metadata"]["creationTimestamp"] = created.clone();
    }
    if some {
        whole["subsets"] = json!([subset]);
    }
    let slice = format!("{}-{}", subject.name, stage.hash(5, &["slice", &subject.to_string()]));
    let mut slice_object = json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": slice, "generateName": format!("{}-", subject.name), "namespace": subject.namespace,
            "labels": {
                "app": subject.name,
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                "kubernetes.io/service-name": subject.name,
            },
            "ownerReferences": [{
                "apiVersion": "v1", "kind": "Service", "name": subject.name, "uid": service.pointer("/metadata/uid"),
                "controller": true, "blockOwnerDeletion": true,
            }],
        },
        "addressType": "IPv4",
        "endpoints": slices,
        "ports": numbers,
    });
    if let Some(created) = service.pointer("/metadata/creationTimestamp") {
        slice_object["metadata"]["creationTimestamp"] = created.clone();
    }
    vec![
        (ObjectRef::new("Endpoints", &subject.namespace, &subject.name), whole),
        (ObjectRef::new("EndpointSlice", &subject.namespace, slice), slice_object),
    ]
}

/// A service port as a pod answers it: the number behind its target, `None` where the pod has no port of that name.
fn resolved(port: &Value, pod: &Value) -> Option<Value> {
    let number = match &port["targetPort"] {
        Value::Number(number) => Value::Number(number.clone()),
        Value::String(name) => pod
            .pointer("/spec/containers")?
            .as_array()?
            .iter()
            .flat_map(|c| c["ports"].as_array().into_iter().flatten())
            .find(|p| p["name"] == name.as_str())
            .map(|p| p["containerPort"].clone())?,
        _ => port["port"].clone(),
    };
    Some(json!({ "name": port["name"], "port": number, "protocol": port["protocol"] }))
}

fn conditions_say_ready(pod: &Value) -> bool {
    pod.pointer("/status/conditions")
        .and_then(Value::as_array)
        .is_some_and(|c| c.iter().any(|c| c["type"] == "Ready" && c["status"] == "True"))
}

fn cluster_address(subject: &ObjectRef) -> String {
    let digest = model::digest_hex(&[subject.to_string().as_bytes()]);
    let number = u32::from_str_radix(&digest[..6], 16).unwrap_or(1);
    format!("10.96.{}.{}", number % 200 + 10, number / 200 % 250 + 2)
}

/// Standard base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut group = 0_u32;
        for at in 0..3 {
            group = group << 8 | u32::from(chunk.get(at).copied().unwrap_or(0));
        }
        for at in 0..4 {
            let letter = LETTERS[(group >> (18 - 6 * at) & 63) as usize] as char;
            out.push(if at <= chunk.len() { letter } else { '=' });
        }
    }
    out
}
