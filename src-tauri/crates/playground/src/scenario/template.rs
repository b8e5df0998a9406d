//! From a workload's words to its pod template.

use serde_json::{Map, Value, json};

use super::script::{ProbeWord, WorkloadWord};

/// The pod template that the words describe, with the defaults that an API server would have filled in.
pub(super) fn template(word: &WorkloadWord) -> Value {
    let mut labels = Map::new();
    labels.insert("app".into(), word.workload.clone().into());
    for (key, value) in word.labels.iter().flatten() {
        labels.insert(key.clone(), value.clone().into());
    }
    let mut metadata = json!({ "labels": labels });
    if let Some(annotations) = word.template_annotations.as_ref().filter(|a| !a.is_empty()) {
        metadata["annotations"] = json!(annotations);
    }
    let mut volumes = Vec::new();
    let mut mounts = Vec::new();
    for (path, from) in word.mount.iter().flatten() {
        let (kind, name) = from.split_once('/').unwrap_or((from.as_str(), "scratch"));
        let source = match kind {
            "config" => json!({ "configMap": { "name": name, "defaultMode": 420 } }),
            "secret" => json!({ "secret": { "secretName": name, "defaultMode": 420 } }),
            "claim" => json!({ "persistentVolumeClaim": { "claimName": name } }),
            _ => json!({ "emptyDir": {} }),
        };
        let mut volume = json!({ "name": name });
        super::stage::merge(&mut volume, &source);
        if !volumes.contains(&volume) {
            volumes.push(volume);
        }
        mounts.push(json!({ "name": name, "mountPath": path, "readOnly": matches!(kind, "config" | "secret") }));
    }
    let job = matches!(word.kind.as_deref(), Some("Job" | "CronJob"));
    let mut spec = json!({
        "containers": [container(word, mounts)],
        "restartPolicy": if job { "Never" } else { "Always" },
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    });
    if !volumes.is_empty() {
        spec["volumes"] = volumes.into();
    }
    if let Some(account) = &word.service_account {
        spec["serviceAccountName"] = account.clone().into();
        spec["serviceAccount"] = account.clone().into();
    }
    if let Some(secret) = &word.pull_secret {
        spec["imagePullSecrets"] = json!([{ "name": secret }]);
    }
    if let Some(selector) = &word.node_selector {
        spec["nodeSelector"] = json!(selector);
    }
    if let Some(patch) = &word.spec {
        super::stage::merge(&mut spec, patch);
    }
    json!({ "metadata": metadata, "spec": spec })
}

fn container(word: &WorkloadWord, mounts: Vec<Value>) -> Value {
    let mut container = json!({
        "name": word.workload,
        "image": word.image.clone().unwrap_or_else(|| format!("registry.internal/{}:1.0.0", word.workload)),
    });
    if let Some(command) = &word.command {
        container["command"] = json!(command);
    }
    if let Some(args) = &word.args {
        container["args"] = json!(args);
    }
    if let Some(port) = word.port {
        container["ports"] = json!([{ "name": "main", "containerPort": port, "protocol": "TCP" }]);
    }
    let mut env: Vec<Value> = Vec::new();
    for (name, value) in word.env.iter().flatten() {
        if let Some(value) = value {
            env.push(json!({ "name": name, "value": value.to_string() }));
        }
    }
    for (name, from) in word.env_secret.iter().flatten() {
        let (secret, key) = from.split_once('/').unwrap_or((from.as_str(), "password"));
        env.push(json!({ "name": name, "valueFrom": { "secretKeyRef": { "name": secret, "key": key } } }));
    }
    if !env.is_empty() {
        container["env"] = env.into();
    }
    if let Some(configs) = &word.env_config {
        container["envFrom"] =
            configs.iter().map(|name| json!({ "configMapRef": { "name": name } })).collect::<Vec<_>>().into();
    }
    let mut resources = json!({});
    for (field, amounts) in [("limits", &word.limits), ("requests", &word.requests)] {
        if let Some(amounts) = amounts.as_ref().filter(|a| !a.is_empty()) {
            resources[field] =
                amounts.iter().map(|(k, v)| (k.clone(), Value::from(v.to_string()))).collect::<Map<_, _>>().into();
        }
    }
    container["resources"] = resources;
    if let Some(word_probe) = &word.liveness {
        container["livenessProbe"] = probe(word_probe, word.port);
    }
    if let Some(word_probe) = &word.readiness {
        container["readinessProbe"] = probe(word_probe, word.port);
    }
    if !mounts.is_empty() {
        container["volumeMounts"] = mounts.into();
    }
    container["terminationMessagePath"] = "/dev/termination-log".into();
    container["terminationMessagePolicy"] = "File".into();
    container["imagePullPolicy"] = "IfNotPresent".into();
    if let Some(patch) = &word.container {
        super::stage::merge(&mut container, patch);
    }
    container
}

fn probe(word: &ProbeWord, port: Option<u16>) -> Value {
    let port = port.unwrap_or(8080);
    let (action, fields) = match word {
        ProbeWord::Path(path) => (json!({ "httpGet": { "path": path, "port": port, "scheme": "HTTP" } }), None),
        ProbeWord::Fields(f) => {
            let port = f.port.unwrap_or(port);
            let action = match (&f.command, f.tcp) {
                (Some(command), _) => json!({ "exec": { "command": command } }),
                (None, true) => json!({ "tcpSocket": { "port": port } }),
                (None, false) => {
                    json!({ "httpGet": { "path": f.path.as_deref().unwrap_or("/"), "port": port, "scheme": "HTTP" } })
                }
            };
            (action, Some(f))
        }
    };
    let mut probe = action;
    let rest = json!({
        "initialDelaySeconds": fields.and_then(|f| f.delay),
        "timeoutSeconds": fields.and_then(|f| f.timeout).unwrap_or(1),
        "periodSeconds": fields.and_then(|f| f.period).unwrap_or(10),
        "successThreshold": 1,
        "failureThreshold": fields.and_then(|f| f.failures).unwrap_or(3),
    });
    super::stage::merge(&mut probe, &rest);
    probe
}

/// What a rollout's words change; absent words stay, an environment variable set to null goes.
pub(super) fn changed(word: &WorkloadWord, change: &WorkloadWord) -> WorkloadWord {
    let mut next = word.clone();
    macro_rules! take {
        ($($field:ident),*) => { $(if change.$field.is_some() { next.$field = change.$field.clone(); })* };
    }
    take!(
        image,
        command,
        args,
        port,
        env_config,
        env_secret,
        mount,
        readiness,
        liveness,
        service_account,
        pull_secret,
        node_selector,
        strategy,
        on,
        pods
    );
    for (next, change) in [(&mut next.spec, &change.spec), (&mut next.container, &change.container)] {
        if let Some(change) = change {
            super::stage::merge(next.get_or_insert_default(), change);
        }
    }
    for (name, value) in change.env.iter().flatten() {
        next.env.get_or_insert_default().insert(name.clone(), value.clone());
    }
    for (name, value) in change.requests.iter().flatten() {
        next.requests.get_or_insert_default().insert(name.clone(), value.clone());
    }
    for (name, value) in change.limits.iter().flatten() {
        next.limits.get_or_insert_default().insert(name.clone(), value.clone());
    }
    for (name, value) in change.template_annotations.iter().flatten() {
        next.template_annotations.get_or_insert_default().insert(name.clone(), value.clone());
    }
    for (name, value) in change.labels.iter().flatten() {
        next.labels.get_or_insert_default().insert(name.clone(), value.clone());
    }
    next
}
