//! What a step can do, and how its words become acts on the stage.

use model::{Body, ObjectRef, Time};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::script::{
    AlertWord, ChangeWord, ClaimWord, ConfigWord, EventWord, IngressWord, LogWord, MetricWord, NamespacesWord,
    NodeAgentWord, NodeStateWord, NodeWord, PatchWord, PodsWord, ProbeResultWord, ScaleWord, ServiceWord, StateName,
    StateWord, StorageClassWord, TargetWord,
};
use super::stage::{Fault, Stage, merge};
use super::{Act, object};

/// The words with which a step can begin.
pub(super) const NAMES: &[&str] = &[
    "apply",
    "patch",
    "delete",
    "rollout",
    "undo",
    "restart",
    "scale",
    "pods",
    "node",
    "event",
    "log",
    "metric",
    "alert",
    "probe",
    "node_agent",
    "change",
    "dependencies",
    "freeze",
];

impl Stage {
    pub(super) fn act(&mut self, act: &Act) -> Result<(), Fault> {
        self.do_act(&act.name, &act.words).map_err(|what| Fault {
            line: act.line,
            what,
            hint: "`knowledge/scenarios/README.md` describes the format".into(),
        })
    }

    fn do_act(&mut self, name: &str, words: &Value) -> Result<(), String> {
        match name {
            "apply" => self.apply(words),
            "patch" => {
                let word: PatchWord = read(words)?;
                self.patch(&object(&word.object)?, &word.merge)
            }
            "delete" => {
                let text = words.as_str().ok_or("`delete` takes `Kind/namespace/name`")?;
                self.delete(&object(text)?)
            }
            "rollout" => self.rollout(&read(words)?),
            "undo" => {
                let name = self.target(words)?;
                self.undo(&name)
            }
            "restart" => {
                let name = self.target(words)?;
                self.restart(&name, None);
                Ok(())
            }
            "scale" => {
                let word: ScaleWord = read(words)?;
                let name = self.find_workload(&word.workload, word.namespace.as_deref(), word.kind.as_deref())?;
                self.scale(&name, word.replicas);
                Ok(())
            }
            "pods" => self.pods(&read(words)?),
            "node" => self.node_state(&read::<NodeStateWord>(words)?),
            "event" => self.say_event(&read::<EventWord>(words)?),
            "log" => self.log(&read::<LogWord>(words)?),
            "metric" => self.metric(&read::<MetricWord>(words)?),
            "alert" => self.alert(&read::<AlertWord>(words)?),
            "probe" => {
                self.probe_result(&read::<ProbeResultWord>(words)?);
                Ok(())
            }
            "node_agent" => self.node_agent(&read::<NodeAgentWord>(words)?),
            "change" => self.change(&read::<ChangeWord>(words)?),
            "freeze" => {
                let text = words.as_str().ok_or("`freeze` takes `Service/namespace/name`")?;
                let service = object(text)?;
                if !self.objects.contains_key(&service) {
                    return Err(format!("there is no `{service}` whose endpoints could stay as they are"));
                }
                self.frozen.insert(service);
                Ok(())
            }
            "dependencies" => {
                let pair: (String, String) =
                    read(words).map_err(|_| "`dependencies` takes pairs: `- [web, cart]`".to_owned())?;
                self.tell(None, Body::Dependencies { calls: vec![pair] });
                Ok(())
            }
            other => Err(format!("a step cannot do `{other}`; it can do {}", NAMES.join(", "))),
        }
    }

    /// One item: a shorthand, told by the word it begins with, or a plain manifest.
    fn apply(&mut self, words: &Value) -> Result<(), String> {
        let has = |word: &str| words.get(word).is_some();
        let namespace = words.get("namespace").and_then(Value::as_str).unwrap_or(&self.namespace).to_owned();
        if has("apiVersion") {
            return self.manifest(words.clone());
        }
        if has("namespaces") {
            self.namespaces(&read::<NamespacesWord>(words)?);
            return Ok(());
        }
        if has("node") {
            self.node(&read::<NodeWord>(words)?);
            return Ok(());
        }
        if has("storage_class") {
            self.storage_class(&read::<StorageClassWord>(words)?);
            return Ok(());
        }
        if has("workload") {
            return self.workload(read(words)?);
        }
        self.known_namespace(&namespace)?;
        if has("service") {
            self.service(&read::<ServiceWord>(words)?);
            Ok(())
        } else if has("config") || has("secret") {
            self.config(&read::<ConfigWord>(words)?)
        } else if has("claim") {
            self.claim(&read::<ClaimWord>(words)?);
            Ok(())
        } else if has("ingress") {
            self.ingress(&read::<IngressWord>(words)?)
        } else {
            Err("an object is a manifest with `apiVersion`, or begins with one of namespaces, node, workload, service, \
                 config, secret, claim, storage_class, ingress"
                .into())
        }
    }

    /// A plain manifest, its times moved as far as the script's start was.
    fn manifest(&mut self, mut object: Value) -> Result<(), String> {
        let kind = object["kind"].as_str().ok_or("a manifest needs `kind`")?.to_owned();
        let name = object["metadata"]["name"].as_str().ok_or("a manifest needs `metadata.name`")?.to_owned();
        let kind = model::qualified_kind(object["apiVersion"].as_str().unwrap_or_default(), &kind);
        let cluster_wide = crate::resource::by_kind(&kind).is_some_and(|r| !r.namespaced);
        let namespace = match object["metadata"]["namespace"].as_str() {
            _ if cluster_wide => String::new(),
            Some(namespace) => namespace.to_owned(),
            None => self.namespace.clone(),
        };
        if !namespace.is_empty() {
            object["metadata"]["namespace"] = namespace.clone().into();
        }
        shift(&mut object, self.base.0 - self.script_start.0);
        if object["metadata"].get("creationTimestamp").is_none() {
            object["metadata"]["creationTimestamp"] = super::stage::text(self.ago(None)).into();
        }
        self.put(ObjectRef::new(kind, namespace, name), object);
        Ok(())
    }

    pub(crate) fn patch(&mut self, subject: &ObjectRef, patch: &Value) -> Result<(), String> {
        let Some(mut object) = self.objects.get(subject).cloned() else {
            return Err(format!("there is no `{subject}` to change"));
        };
        let metadata = patch.get("metadata");
        if !patch.is_object() || metadata.is_some_and(|m| !m.is_object()) {
            return Err("a merge patch is an object, and so is its `metadata`".into());
        }
        if self.workloads.contains_key(subject) || subject.kind == "Pod" || subject.kind == "ReplicaSet" {
            self.overlays.entry(subject.clone()).or_default().push(patch.clone());
        }
        merge(&mut object, patch);
        self.put(subject.clone(), object);
        Ok(())
    }

    pub(crate) fn delete(&mut self, subject: &ObjectRef) -> Result<(), String> {
        if let Some(mut workload) = self.workloads.remove(subject) {
            let names: Vec<String> = workload.pods.iter().map(|p| p.name.clone()).collect();
            for name in names {
                self.remove_pod(&mut workload, &name);
            }
            for revision in &workload.revisions {
                let set = workload.owner_of_pods(&revision.hash);
                self.remove(&set);
            }
            self.remove(subject);
            return Ok(());
        }
        let owner = self.workloads.iter().find(|(o, w)| {
            subject.kind == "Pod" && o.namespace == subject.namespace && w.pods.iter().any(|p| p.name == subject.name)
        });
        if let Some((owner, _)) = owner {
            let owner = owner.clone();
            if let Some(mut workload) = self.workloads.remove(&owner) {
                self.remove_pod(&mut workload, &subject.name);
                self.workloads.insert(owner, workload);
            }
            return Ok(());
        }
        if !self.objects.contains_key(subject) {
            return Err(format!("there is no `{subject}` to delete"));
        }
        self.remove(subject);
        if subject.kind == "Service" {
            self.remove(&ObjectRef::new("Endpoints", &subject.namespace, &subject.name));
            let slice = format!("{}-{}", subject.name, self.hash(5, &["slice", &subject.to_string()]));
            self.remove(&ObjectRef::new("EndpointSlice", &subject.namespace, slice));
        }
        Ok(())
    }

    fn target(&self, words: &Value) -> Result<ObjectRef, String> {
        match words.as_str() {
            Some(name) => self.find_workload(name, None, None),
            None => {
                let word: TargetWord = read(words)?;
                self.find_workload(&word.workload, word.namespace.as_deref(), word.kind.as_deref())
            }
        }
    }

    /// As `kubectl rollout undo`: the template of the revision before the current one.
    pub(crate) fn undo(&mut self, name: &ObjectRef) -> Result<(), String> {
        let Some(workload) = self.workloads.get(name) else { return Ok(()) };
        let before = workload.revisions.len().checked_sub(2).and_then(|at| workload.revisions.get(at));
        let Some(before) = before.map(|r| r.template.clone()) else {
            return Err(format!("`{name}` has no earlier revision to go back to"));
        };
        self.roll_out_template(name, before, None);
        Ok(())
    }

    fn pods(&mut self, word: &PodsWord) -> Result<(), String> {
        let name = self.find_workload(&word.workload, word.namespace.as_deref(), word.kind.as_deref())?;
        let state = word.state.state();
        let Some(mut workload) = self.workloads.remove(&name) else { return Ok(()) };
        // The state that a new pod gets: nobody is evicted twice.
        let next = match state.state {
            StateName::Evicted => StateWord::Name(StateName::Ready).state(),
            _ => state.clone(),
        };
        if state.only.is_none()
            && let Some(revision) = workload.revisions.last_mut()
        {
            revision.state = next;
        }
        let many = state.only.unwrap_or(usize::MAX);
        let names: Vec<String> =
            workload.newest_pods().into_iter().filter(|p| p.counts()).take(many).map(|p| p.name.clone()).collect();
        for pod_name in names {
            let Some(at) = workload.pods.iter().position(|p| p.name == pod_name) else { continue };
            let mut pod = workload.pods[at].clone();
            if self.restate(&workload, &mut pod, state.clone()) {
                workload.pods[at] = pod;
            } else {
                let ordinal = pod.ordinal;
                self.remove_pod(&mut workload, &pod_name);
                if workload.object.kind == "StatefulSet" {
                    self.add_pod(&mut workload, ordinal);
                }
            }
        }
        self.workloads.insert(name, workload);
        Ok(())
    }

    /// The image of a pod's container.
    pub(super) fn image_of(&self, workload: &super::actor::Workload, pod: &super::actor::Pod) -> String {
        workload
            .revision_of(&pod.hash)
            .and_then(|r| r.template.pointer("/spec/containers/0/image"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    /// Whether the image is on the node already; from now on it is.
    pub(super) fn already_pulled(&mut self, image: &str, node: &str) -> bool {
        !self.images.insert((image.to_owned(), node.to_owned()))
    }
}

fn read<T: DeserializeOwned>(words: &Value) -> Result<T, String> {
    serde_json::from_value(words.clone()).map_err(|error| error.to_string())
}

/// Moves every RFC 3339 text in a manifest.
fn shift(value: &mut Value, by: i64) {
    match value {
        Value::String(text) if text.len() >= 20 && text.as_bytes()[4] == b'-' && text.contains('T') => {
            if let Ok(at) = text.parse::<Time>() {
                *text = super::stage::text(Time(at.0.saturating_add(by)));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Value::Object(map) => map.values_mut().for_each(|item| shift(item, by)),
        _ => {}
    }
}
