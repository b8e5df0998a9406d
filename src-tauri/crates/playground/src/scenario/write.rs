//! Writes from outside, and what they set off.

use model::{ObjectRef, Time};
use serde_json::Value;

use super::script::ReactionTo;
use super::stage::{Due, Stage};

impl Stage {
    /// Makes an object what somebody wrote; `after` is the object whole.
    pub(crate) fn write_object(&mut self, subject: &ObjectRef, after: &Value) -> Result<(), String> {
        if !self.workloads.contains_key(subject) {
            return self.write_plain(subject, after);
        }
        let name = &subject.name;
        let current =
            |stage: &Stage| stage.workloads.get(subject).and_then(|w| w.current().map(|r| r.template.clone()));
        let before = current(self).unwrap_or(Value::Null);
        let mut template = after["spec"]["template"].clone();
        if !template.is_object() {
            return Err("the pod template is not an object".into());
        }
        // A client that read the object sees a null where the template has nothing.
        if let Some(metadata) = template["metadata"].as_object_mut() {
            metadata.retain(|_, value| !value.is_null());
        }
        let mut acts = Vec::new();
        if template.is_object() && model::canonical_json(&template) != model::canonical_json(&before) {
            let known = self.workloads.get(subject).is_some_and(|w| {
                w.revisions.iter().any(|r| model::canonical_json(&r.template) == model::canonical_json(&template))
            });
            let restart = without_restart(&template) == without_restart(&before);
            self.roll_out_template(subject, template, None);
            acts.push(match (known, restart) {
                (true, _) => ReactionTo::Undo(name.to_string()),
                (false, true) => ReactionTo::Restart(name.to_string()),
                (false, false) => ReactionTo::Rollout(name.to_string()),
            });
        }
        if let Some(replicas) = after.pointer("/spec/replicas").and_then(Value::as_u64) {
            let was = self.workloads.get(subject).map(|w| u64::from(w.replicas));
            if was != Some(replicas) {
                self.scale(subject, replicas.min(10_000) as u32);
                acts.push(ReactionTo::Scale(name.to_string()));
            }
        }
        self.keep_metadata(subject, after);
        for act in acts {
            self.react(&subject.namespace, &act);
        }
        Ok(())
    }

    /// Labels and annotations that somebody set stay on an object that the simulation writes anew.
    fn keep_metadata(&mut self, subject: &ObjectRef, after: &Value) {
        let mut patch = serde_json::Map::new();
        for field in ["labels", "annotations"] {
            let (was, is) =
                (self.objects.get(subject).map_or(&Value::Null, |o| &o["metadata"][field]), &after["metadata"][field]);
            let mut changed = serde_json::Map::new();
            for (key, value) in is.as_object().into_iter().flatten() {
                if was.get(key) != Some(value) && key != "deployment.kubernetes.io/revision" {
                    changed.insert(key.clone(), value.clone());
                }
            }
            for (key, _) in was.as_object().into_iter().flatten() {
                if is.get(key).is_none() && !key.starts_with("deployment.kubernetes.io/") {
                    changed.insert(key.clone(), Value::Null);
                }
            }
            if !changed.is_empty() {
                patch.insert(field.into(), changed.into());
            }
        }
        if !patch.is_empty() {
            self.overlays.entry(subject.clone()).or_default().push(serde_json::json!({ "metadata": patch }));
        }
    }

    fn write_plain(&mut self, subject: &ObjectRef, after: &Value) -> Result<(), String> {
        let controlled = matches!(subject.kind.as_str(), "Pod" | "ReplicaSet");
        if controlled && self.objects.contains_key(subject) {
            self.keep_metadata(subject, after);
            return Ok(());
        }
        if matches!(subject.kind.as_str(), "Pod" | "ReplicaSet" | "Deployment" | "StatefulSet" | "DaemonSet" | "Job") {
            return Err(format!("the playground does not run new objects of kind {}", subject.kind));
        }
        self.put(subject.clone(), after.clone());
        self.react(&subject.namespace, &ReactionTo::Change(subject.to_string()));
        Ok(())
    }

    /// Puts the steps that a script has for this act on the agenda.
    fn react(&mut self, namespace: &str, act: &ReactionTo) {
        let now = self.now;
        let due: Vec<(Time, Due)> = self
            .reactions
            .iter()
            .filter(|(_, word)| word.on == *act && word.namespace.as_deref().unwrap_or(&self.namespace) == namespace)
            .flat_map(|(line, word)| word.steps.iter().filter_map(|words| super::step(words.clone(), *line).ok()))
            .flat_map(|step| step.acts.into_iter().map(move |act| (step.at, act)))
            .map(|(at, act)| (Time(now.0.saturating_add(at.0)), Due::Act(act)))
            .collect();
        for (at, due) in due {
            self.plan(at, due);
        }
    }
}

fn without_restart(template: &Value) -> String {
    let mut template = template.clone();
    if let Some(annotations) = template.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove("kubectl.kubernetes.io/restartedAt");
    }
    if template.pointer("/metadata/annotations").and_then(Value::as_object).is_some_and(serde_json::Map::is_empty)
        && let Some(metadata) = template["metadata"].as_object_mut()
    {
        metadata.remove("annotations");
    }
    model::canonical_json(&template)
}
