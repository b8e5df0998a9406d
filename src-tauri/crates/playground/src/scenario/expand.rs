//! Workloads: from a script's words to actors on the stage, and from actors to Deployments and their kin.

use model::{ObjectRef, Time};
use serde_json::{Value, json};

use super::actor::{Phase, Revision, Workload};
use super::controller::selector;
use super::script::{State, StateName, WorkloadWord};
use super::stage::{Stage, text};
use super::template::{changed, template};

const KINDS: &[&str] = &["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"];

impl Stage {
    /// A workload that the script names for the first time.
    pub(super) fn workload(&mut self, word: WorkloadWord) -> Result<(), String> {
        let kind = word.kind.clone().unwrap_or_else(|| "Deployment".into());
        if !KINDS.contains(&kind.as_str()) {
            return Err(format!("a workload cannot be a `{kind}`; it can be {}", KINDS.join(", ")));
        }
        let namespace = word.namespace.clone().unwrap_or_else(|| self.namespace.clone());
        self.known_namespace(&namespace)?;
        for node in word.on.iter().flatten() {
            if !self.objects.contains_key(&ObjectRef::global("Node", node)) {
                return Err(format!("there is no node `{node}` for `{}` to run on", word.workload));
            }
        }
        let created = self.ago(word.age);
        if kind == "CronJob" {
            return self.cron_job(word, &namespace, created);
        }
        let object = ObjectRef::new(&kind, &namespace, &word.workload);
        let uid = self.uid(&object);
        let state = word.pods.as_ref().map_or_else(|| well(&kind), super::script::StateWord::state);
        let rolled_out = word.rolled_out.map_or(created, |span| self.ago(Some(span)));
        let mut workload = Workload {
            uid,
            created,
            replicas: word.replicas.unwrap_or(1),
            generation: u64::from(word.revision.unwrap_or(1)),
            revisions: Vec::new(),
            pods: Vec::new(),
            born: 0,
            progressed: rolled_out.plus_seconds(12),
            stalled: false,
            rolled: true,
            deadline: None,
            available_since: created,
            was_available: None,
            refused: None,
            word: word.clone(),
            object: object.clone(),
        };
        self.add_revision(&mut workload, template(&word), state, word.revision.unwrap_or(1), rolled_out);
        self.unsettled.add(&object);
        self.workloads.insert(object, workload);
        if let Some(port) = word.service {
            self.service_of(&word, &namespace, port, created);
        }
        Ok(())
    }

    fn add_revision(&mut self, workload: &mut Workload, template: Value, state: State, number: u32, created: Time) {
        let written = model::canonical_json(&template);
        let length = if workload.object.kind == "Deployment" { 10 } else { 9 };
        let hash = self.hash(length, &[&workload.object.to_string(), &written]);
        let uid = self.uid(&workload.owner_of_pods(&hash));
        let word = workload.word.clone();
        workload.revisions.push(Revision { number, hash, template, created, uid, wanted: 0, state, word });
    }

    /// Rolls out what a script changes in the words of a workload.
    pub(super) fn rollout(&mut self, change: &WorkloadWord) -> Result<(), String> {
        let name = self.find_workload(&change.workload, change.namespace.as_deref(), change.kind.as_deref())?;
        let Some(workload) = self.workloads.get(&name) else { return Ok(()) };
        let word = changed(&workload.word, change);
        let state = change.pods.as_ref().map_or_else(|| well(&name.kind), super::script::StateWord::state);
        let next = template(&word);
        if let Some(workload) = self.workloads.get_mut(&name) {
            workload.word = word;
        }
        self.roll_out_template(&name, next, Some(state));
        Ok(())
    }

    /// Makes `next` the workload's template. An earlier revision with the same template comes back, as an undo does it;
    /// without a state its pods end up as they did then, and those of a new template as the current ones do.
    pub(crate) fn roll_out_template(&mut self, name: &ObjectRef, next: Value, state: Option<State>) {
        let Some(mut workload) = self.workloads.remove(name) else { return };
        let number = workload.current().map_or(0, |r| r.number) + 1;
        let current = workload.current().map(|r| r.state.clone());
        workload.generation += 1;
        workload.progressed = self.now;
        workload.stalled = false;
        workload.rolled = false;
        workload.deadline = None;
        match workload.revisions.iter().position(|r| model::canonical_json(&r.template) == model::canonical_json(&next))
        {
            Some(at) => {
                let mut revision = workload.revisions.remove(at);
                revision.number = number;
                if let Some(state) = state {
                    revision.state = state;
                }
                workload.word = revision.word.clone();
                workload.revisions.push(revision);
            }
            None => {
                let state = state.or(current).unwrap_or_else(|| State::of(StateName::Ready));
                let now = self.now;
                self.add_revision(&mut workload, next, state, number, now);
            }
        }
        self.workloads.insert(name.clone(), workload);
    }

    /// As `kubectl rollout restart`: the same template with the time of the restart in it.
    pub(crate) fn restart(&mut self, name: &ObjectRef, state: Option<State>) {
        let Some(workload) = self.workloads.get(name) else { return };
        let Some(mut next) = workload.current().map(|r| r.template.clone()) else { return };
        super::stage::merge(
            &mut next,
            &json!({ "metadata": { "annotations": { "kubectl.kubernetes.io/restartedAt": text(self.now) } } }),
        );
        self.roll_out_template(name, next, state);
    }

    pub(crate) fn scale(&mut self, name: &ObjectRef, replicas: u32) {
        if let Some(workload) = self.workloads.get_mut(name)
            && workload.replicas != replicas
        {
            workload.replicas = replicas;
            workload.generation += 1;
            workload.progressed = self.now;
        }
    }

    pub(super) fn find_workload(
        &self,
        name: &str,
        namespace: Option<&str>,
        kind: Option<&str>,
    ) -> Result<ObjectRef, String> {
        let (namespace, name) = match name.split_once('/') {
            Some((namespace, name)) => (namespace, name),
            None => (namespace.unwrap_or(&self.namespace), name),
        };
        self.workloads
            .keys()
            .find(|o| o.name == name && o.namespace == namespace && kind.is_none_or(|k| k == o.kind))
            .cloned()
            .ok_or_else(|| format!("there is no workload `{name}` in the namespace `{namespace}`"))
    }

    fn cron_job(&mut self, word: WorkloadWord, namespace: &str, created: Time) -> Result<(), String> {
        let subject = ObjectRef::new("CronJob", namespace, &word.workload);
        let last = Time(self.now.0 - word.rolled_out.map_or(3_600_000_000, |s| s.0.abs()));
        let minutes = last.seconds() / 60;
        let object = json!({
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": { "name": word.workload, "namespace": namespace, "creationTimestamp": text(created), "generation": 1 },
            "spec": {
                "schedule": word.annotations.as_ref().and_then(|a| a.get("schedule")).cloned().unwrap_or_else(|| "0 * * * *".into()),
                "concurrencyPolicy": "Forbid",
                "suspend": false,
                "successfulJobsHistoryLimit": 3,
                "failedJobsHistoryLimit": 1,
                "jobTemplate": { "metadata": {}, "spec": { "template": template(&word) } },
            },
            "status": { "lastScheduleTime": text(last), "lastSuccessfulTime": text(last.plus_seconds(26)) },
        });
        self.put(subject.clone(), object);
        let job = WorkloadWord {
            workload: format!("{}-{minutes}", word.workload),
            kind: Some("Job".into()),
            age: Some(super::Span(self.now.0 - last.0)),
            rolled_out: None,
            labels: Some([("app".to_owned(), word.workload.clone())].into()),
            ..word
        };
        let made = ObjectRef::new("Job", namespace, &job.workload);
        let owner = json!({ "metadata": { "ownerReferences": [{
            "apiVersion": "batch/v1", "kind": "CronJob", "name": subject.name, "uid": self.uid_of(&subject),
            "controller": true, "blockOwnerDeletion": true,
        }] } });
        self.overlays.entry(made).or_default().push(owner);
        self.workload(job)
    }

    pub(super) fn workload_object(&self, workload: &Workload) -> Value {
        let mut metadata = json!({
            "name": workload.object.name,
            "namespace": workload.object.namespace,
            "uid": workload.uid,
            "creationTimestamp": text(workload.created),
            "generation": workload.generation,
            "labels": { "app": workload.object.name },
        });
        for (key, value) in workload.word.labels.iter().flatten() {
            metadata["labels"][key] = value.clone().into();
        }
        for (key, value) in workload.word.annotations.iter().flatten() {
            metadata["annotations"][key] = value.clone().into();
        }
        let api_version = if workload.object.kind == "Job" { "batch/v1" } else { "apps/v1" };
        let template = workload.current().map_or(Value::Null, |r| r.template.clone());
        let mut spec = json!({ "selector": { "matchLabels": selector(workload) }, "template": template });
        let status = match workload.object.kind.as_str() {
            "Deployment" => {
                let number = workload.current().map_or(1, |r| r.number);
                metadata["annotations"]["deployment.kubernetes.io/revision"] = number.to_string().into();
                spec["replicas"] = workload.replicas.into();
                spec["revisionHistoryLimit"] = 10.into();
                spec["progressDeadlineSeconds"] = 600.into();
                spec["strategy"] = match workload.word.strategy.as_deref() {
                    Some("Recreate") => json!({ "type": "Recreate" }),
                    _ => {
                        json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": "25%" } })
                    }
                };
                self.deployment_status(workload)
            }
            "StatefulSet" => {
                spec["replicas"] = workload.replicas.into();
                spec["serviceName"] = workload.object.name.clone().into();
                spec["podManagementPolicy"] = "OrderedReady".into();
                spec["revisionHistoryLimit"] = 10.into();
                spec["updateStrategy"] = json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } });
                stateful_status(workload)
            }
            "DaemonSet" => {
                spec["revisionHistoryLimit"] = 10.into();
                spec["updateStrategy"] =
                    json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 0, "maxUnavailable": 1 } });
                daemon_status(workload)
            }
            _ => {
                spec["selector"] = json!({ "matchLabels": { "batch.kubernetes.io/job-name": workload.object.name } });
                for (field, value) in [
                    ("parallelism", json!(1)),
                    ("completions", json!(1)),
                    ("backoffLimit", json!(0)),
                    ("suspend", json!(false)),
                    ("completionMode", json!("NonIndexed")),
                ] {
                    spec[field] = value;
                }
                self.job_status(workload)
            }
        };
        json!({ "apiVersion": api_version, "kind": workload.object.kind, "metadata": metadata, "spec": spec, "status": status })
    }

    fn deployment_status(&self, workload: &Workload) -> Value {
        let live = || workload.pods.iter().filter(|p| p.counts());
        let current = workload.current().map_or("", |r| r.hash.as_str());
        let updated = live().filter(|p| p.hash == current).count();
        let ready = live().filter(|p| p.ready && !p.lost).count();
        let total = live().count();
        let replicas = workload.replicas as usize;
        let mut status = json!({ "observedGeneration": workload.generation });
        for (field, count) in
            [("replicas", total), ("updatedReplicas", updated), ("readyReplicas", ready), ("availableReplicas", ready)]
        {
            if count > 0 {
                status[field] = count.into();
            }
        }
        // A deployment counts missing pods against what it wants, surplus ones included.
        let unavailable = total.max(replicas).saturating_sub(ready);
        if unavailable > 0 {
            status["unavailableReplicas"] = unavailable.into();
        }
        let set = format!("{}-{current}", workload.object.name);
        let enough = workload.was_available.unwrap_or(true);
        let available = if enough {
            ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.".to_owned())
        } else {
            ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.".to_owned())
        };
        let progressing = if workload.stalled {
            ("False", "ProgressDeadlineExceeded", format!("ReplicaSet \"{set}\" has timed out progressing."))
        } else if workload.rolled {
            ("True", "NewReplicaSetAvailable", format!("ReplicaSet \"{set}\" has successfully progressed."))
        } else {
            ("True", "ReplicaSetUpdated", format!("ReplicaSet \"{set}\" is progressing."))
        };
        let condition = |kind: &str, (status, reason, message): (&str, &str, String), changed: Time, updated: Time| {
            json!({
                "type": kind, "status": status, "reason": reason, "message": message,
                "lastTransitionTime": text(changed), "lastUpdateTime": text(updated),
            })
        };
        let turned = if workload.stalled { workload.progressed.plus_seconds(600) } else { workload.created };
        status["conditions"] = json!([
            condition("Available", available, workload.available_since, workload.available_since),
            condition("Progressing", progressing, turned, workload.progressed.max(turned)),
        ]);
        if let Some((refused, since)) = workload.refusal() {
            let failure = condition("ReplicaFailure", ("True", "FailedCreate", refused.to_owned()), since, since);
            if let Some(conditions) = status["conditions"].as_array_mut() {
                conditions.push(failure);
            }
        }
        status
    }

    fn job_status(&self, workload: &Workload) -> Value {
        let pod = workload.pods.first();
        let finished = pod.and_then(|p| p.last_exit.as_ref()).map(|e| text(e.finished));
        let mut status = json!({ "startTime": text(workload.created), "uncountedTerminatedPods": {} });
        let condition = |kind: &str, reason: &str, message: &str| {
            json!({
                "type": kind, "status": "True", "lastProbeTime": finished, "lastTransitionTime": finished,
                "reason": reason, "message": message,
            })
        };
        match pod.map(|p| p.phase) {
            Some(Phase::Succeeded) => {
                status["succeeded"] = 1.into();
                status["ready"] = 0.into();
                status["completionTime"] = json!(finished);
                status["conditions"] = json!([
                    condition("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods"),
                    condition("Complete", "CompletionsReached", "Reached expected number of succeeded pods"),
                ]);
            }
            Some(Phase::Failed | Phase::Evicted) => {
                status["failed"] = 1.into();
                status["ready"] = 0.into();
                let message = "Job has reached the specified backoff limit";
                status["conditions"] = json!([
                    condition("FailureTarget", "BackoffLimitExceeded", message),
                    condition("Failed", "BackoffLimitExceeded", message),
                ]);
            }
            _ => {
                status["active"] = 1.into();
                status["ready"] = u32::from(pod.is_some_and(|p| p.ready)).into();
            }
        }
        status
    }
}

fn well(kind: &str) -> State {
    State::of(if kind == "Job" { StateName::Completed } else { StateName::Ready })
}

fn stateful_status(workload: &Workload) -> Value {
    let current = workload.current().map_or("", |r| r.hash.as_str());
    let ready = workload.pods.iter().filter(|p| p.counts() && p.ready && !p.lost).count();
    let updated = workload.pods.iter().filter(|p| p.counts() && p.hash == current).count();
    let total = workload.pods.iter().filter(|p| p.counts()).count();
    let revision = format!("{}-{current}", workload.object.name);
    json!({
        "observedGeneration": workload.generation, "replicas": total, "readyReplicas": ready, "currentReplicas": updated,
        "updatedReplicas": updated, "availableReplicas": ready, "currentRevision": revision, "updateRevision": revision,
        "collisionCount": 0,
    })
}

fn daemon_status(workload: &Workload) -> Value {
    let current = workload.current().map_or("", |r| r.hash.as_str());
    let live = || workload.pods.iter().filter(|p| p.counts());
    let ready = live().filter(|p| p.ready && !p.lost).count();
    let mut status = json!({
        "currentNumberScheduled": live().count(), "desiredNumberScheduled": workload.replicas, "numberMisscheduled": 0,
        "numberReady": ready, "updatedNumberScheduled": live().filter(|p| p.hash == current).count(),
        "observedGeneration": workload.generation,
    });
    if ready > 0 {
        status["numberAvailable"] = ready.into();
    }
    if (workload.replicas as usize) > ready {
        status["numberUnavailable"] = (workload.replicas as usize - ready).into();
    }
    status
}
