use std::collections::{BTreeMap, BTreeSet, HashSet};

use model::{Body, ClusterId, CoverageState, ObjectRef, Observation, Source, Time};
use redact::Redactor;
use serde_json::Value;

use super::{ImportReport, Imported, kinds};

/// Why a file could not be used, for the report.
pub(super) type Reason = String;

/// What has been read of a bundle so far.
pub(super) struct Reading<'a> {
    pub cluster: ClusterId,
    pub collected_at: Time,
    pub redactor: &'a Redactor,
    pub report: ImportReport,
    observations: Vec<Observation>,
    /// Objects by name, to tell what a metric, a probe or a log line is about.
    by_name: BTreeMap<String, Vec<ObjectRef>>,
    /// Containers of the pods.
    containers: BTreeMap<ObjectRef, Vec<String>>,
    coverage: BTreeMap<(String, String), CoverageState>,
    /// `plural.group` of a custom resource to its API version and kind.
    pub custom_kinds: BTreeMap<String, (String, String)>,
}

impl<'a> Reading<'a> {
    pub fn new(cluster: ClusterId, collected_at: Time, redactor: &'a Redactor) -> Self {
        Reading {
            cluster,
            collected_at,
            redactor,
            report: ImportReport::default(),
            observations: Vec::new(),
            by_name: BTreeMap::new(),
            containers: BTreeMap::new(),
            coverage: BTreeMap::new(),
            custom_kinds: BTreeMap::new(),
        }
    }

    pub fn note(&mut self, at: Time, subject: Option<ObjectRef>, body: Body) {
        let observation =
            Observation::new(self.cluster.clone(), at, self.collected_at.max(at), Source::Import, subject, body);
        self.observations.push(observation);
    }

    /// Text as it may be kept.
    pub fn redacted(&self, text: &str) -> String {
        self.redactor.text(text).as_str().to_owned()
    }

    pub fn know(&mut self, object: &ObjectRef, value: &Value) {
        let known = self.by_name.entry(object.name.to_string()).or_default();
        if !known.contains(object) {
            known.push(object.clone());
        }
        if object.kind == "Pod" {
            let names = ["containers", "initContainers", "ephemeralContainers"]
                .into_iter()
                .filter_map(|list| value.pointer("/spec").and_then(|spec| spec.get(list))?.as_array())
                .flatten()
                .filter_map(|c| c["name"].as_str().map(str::to_owned));
            self.containers.entry(object.clone()).or_default().extend(names);
        }
    }

    pub fn containers_of(&self, pod: &ObjectRef) -> &[String] {
        self.containers.get(pod).map_or(&[], Vec::as_slice)
    }

    /// The object of this name whose kind comes first in `kinds`; with a namespace only objects in it.
    pub fn find(&self, name: &str, namespace: Option<&str>, kinds: &[&str]) -> Option<ObjectRef> {
        let known = self.by_name.get(name)?;
        kinds.iter().find_map(|kind| {
            known.iter().find(|o| o.kind == *kind && namespace.is_none_or(|n| o.namespace == n)).cloned()
        })
    }

    /// The known object whose name is the longest beginning of `text` that ends at a separator, and what follows it.
    pub fn find_prefix<'t>(&self, text: &'t str, kinds: &[&str]) -> Option<(ObjectRef, &'t str)> {
        let mut ends: Vec<usize> = text.match_indices(['-', '_', '/', '.', ':', '|', ' ']).map(|(at, _)| at).collect();
        ends.reverse();
        ends.into_iter().find_map(|end| Some((self.find(&text[..end], None, kinds)?, &text[end + 1..])))
    }

    /// Pods of a namespace whose name begins with `prefix-`.
    pub fn pods_with_prefix(&self, namespace: &str, prefix: &str) -> Vec<ObjectRef> {
        self.containers
            .keys()
            .filter(|p| {
                p.namespace == namespace && p.name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'))
            })
            .cloned()
            .collect()
    }

    /// Namespaces that hold pods.
    pub fn pod_namespaces(&self) -> BTreeSet<&str> {
        self.containers.keys().map(|pod| pod.namespace.as_str()).collect()
    }

    /// A list that was complete is never made less by a second, partial source.
    pub fn cover(&mut self, kind: &str, namespace: &str, state: CoverageState) {
        let held = self.coverage.entry((kind.to_owned(), namespace.to_owned())).or_insert(state);
        if state == CoverageState::Listed {
            *held = state;
        }
    }

    pub fn finish(mut self, name: String) -> Imported {
        for kind in kinds::WATCHED {
            if !self.coverage.keys().any(|(covered, _)| covered == kind) {
                self.cover(kind, "", CoverageState::NotAsked);
            }
        }
        for ((kind, namespace), state) in std::mem::take(&mut self.coverage) {
            self.note(self.collected_at, None, Body::Coverage { kind, namespace, state });
        }
        let mut seen = HashSet::new();
        self.observations.retain(|o| seen.insert(o.id.clone()));
        for observation in &self.observations {
            if let (Body::Object { .. }, Some(subject)) = (&observation.body, &observation.subject) {
                *self.report.objects.entry(subject.kind.to_string()).or_default() += 1;
            }
        }
        // Collecting takes minutes: what was fetched last can be younger than the time that `version.yaml` gives.
        let latest_event = self
            .observations
            .iter()
            .filter(|o| matches!(o.body, Body::Event(_)))
            .map(|o| o.at)
            .filter(|at| at.seconds_since(self.collected_at) < 86_400.0)
            .max();
        self.report.unread.sort();
        Imported {
            cluster: self.cluster,
            name,
            collected_at: latest_event.map_or(self.collected_at, |at| at.max(self.collected_at)),
            observations: self.observations,
            report: self.report,
        }
    }
}
