//! kubectl prints the same of the playground as of a real API server that holds the same objects.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Once};

use anyhow::Context;
use caseboard_tests::controlplane::{ApiServer, kubectl};
use history::History;
use model::{Body, ChangeKind, ClusterId, EventBody, ObjectRef, Observation, Source, Time};
use serde_json::Value;

use crate::programs;

/// What is asked with `get -A -o wide`. Leases are left out: the real server writes its own all the time.
const KINDS: &[&str] = &[
    "pods",
    "nodes",
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "jobs",
    "cronjobs",
    "services",
    "endpoints",
    "endpointslices",
    "configmaps",
    "secrets",
    "persistentvolumeclaims",
    "persistentvolumes",
    "storageclasses",
    "namespaces",
    "ingresses",
    "ingressclasses",
    "networkpolicies",
    "horizontalpodautoscalers",
    "poddisruptionbudgets",
    "resourcequotas",
    "limitranges",
    "serviceaccounts",
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
    "priorityclasses",
    "csidrivers",
    "csinodes",
    "volumeattachments",
    "controllerrevisions",
    "replicationcontrollers",
];

/// What is asked with `describe`.
const DESCRIBED: &[&str] = &[
    "pods",
    "nodes",
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "jobs",
    "cronjobs",
    "services",
    "endpoints",
    "configmaps",
    "secrets",
    "persistentvolumeclaims",
    "persistentvolumes",
    "storageclasses",
    "namespaces",
    "ingresses",
    "networkpolicies",
    "horizontalpodautoscalers",
    "poddisruptionbudgets",
    "resourcequotas",
    "limitranges",
    "serviceaccounts",
];

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_prints_of_the_playground_what_it_prints_of_a_real_api_server() -> anyhow::Result<()> {
    let Some(assets) = programs("kubectl_prints_of_the_playground_what_it_prints_of_a_real_api_server") else {
        return Ok(());
    };
    let real = Real::start(assets).await?;
    real.fill().await?;
    let cluster = ClusterId("cluster:kubectl".into());
    let history = History::in_memory(cluster.clone())?;
    history.append(&real.observations(&cluster).await?)?;
    let folder = tempfile::tempdir()?;
    let settings =
        playground::Settings { port: 0, folder: folder.path().to_owned(), name: "playground".into(), history: None };
    let served = playground::serve(playground::Source::History(Arc::new(history)), settings).await?;
    let both = Both {
        program: real.server.kubectl.clone(),
        real: real.server.kubeconfig.clone(),
        ours: served.kubeconfig.clone(),
    };

    let mut differences = Vec::new();
    for kind in KINDS {
        both.compare(&["get", kind, "-A", "-o", "wide"], &mut differences).await?;
    }
    for arguments in [
        &["get", "events", "-A"][..],
        &["events", "-A", "--no-headers"],
        &["get", "all", "-n", "shop"],
        &["get", "pods", "-n", "shop", "-l", "app in (web,cart)", "--show-labels"],
        &["get", "pods", "-A", "--field-selector", "status.phase!=Running"],
        &["get", "deploy,svc", "-n", "shop", "-o", "name"],
        &["get", "pods", "-n", "corner", "-o", "custom-columns=N:.metadata.name,P:.status.phase"],
        &["get", "pods", "-A", "--chunk-size=3"],
        &["get", "pods", "-A", "--sort-by=.metadata.name"],
        &["get", "deploy,pods,cm,secrets", "-n", "shop", "-o", "yaml"],
        &["get", "pod", "nobody", "-n", "shop"],
        &["get", "things"],
        &["rollout", "history", "deploy/checkout", "-n", "shop"],
        &["rollout", "status", "deploy/web", "-n", "shop"],
        &["auth", "can-i", "list", "pods"],
    ] {
        both.compare(arguments, &mut differences).await?;
    }
    for kind in DESCRIBED {
        both.compare(&["describe", kind, "-A"], &mut differences).await?;
    }
    anyhow::ensure!(differences.is_empty(), "{} answers differ\n{}", differences.len(), differences.join("\n"));
    Ok(())
}

/// One kubectl and two clusters.
struct Both {
    program: PathBuf,
    real: PathBuf,
    ours: PathBuf,
}

impl Both {
    async fn compare(&self, arguments: &[&str], differences: &mut Vec<String>) -> anyhow::Result<()> {
        let (real, ours) = tokio::try_join!(
            kubectl(&self.program, &self.real, arguments),
            kubectl(&self.program, &self.ours, arguments)
        )?;
        anyhow::ensure!(!real.is_empty(), "kubectl {} prints nothing of the real server", arguments.join(" "));
        // Events have other names here, and a list comes in the order of names.
        let sorted = arguments.contains(&"events");
        let (real, ours) = (normal(&real, sorted), normal(&ours, sorted));
        if real != ours {
            let difference = first_difference(&real, &ours);
            differences.push(format!("== kubectl {}\n{difference}", arguments.join(" ")));
        }
        Ok(())
    }
}

/// The text without what time, column widths and the server's own count of versions make of it.
fn normal(text: &str, sorted: bool) -> Vec<String> {
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("resourceVersion:"))
        .map(|line| {
            line.split_whitespace().map(|word| if is_age(word) { "<age>" } else { word }).collect::<Vec<_>>().join(" ")
        })
        .collect();
    if sorted {
        lines.sort();
    }
    lines
}

/// `5s`, `2m30s`, `41d`, also in brackets or with a comma.
fn is_age(word: &str) -> bool {
    let word = word.trim_matches(['(', ')', ',']);
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let letters = word.len() - digits;
    digits > 0
        && (1..=2).contains(&letters)
        && word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_digit() || matches!(c, 's' | 'm' | 'h' | 'd' | 'y'))
        && word.ends_with(['s', 'm', 'h', 'd', 'y'])
}

fn first_difference(real: &[String], ours: &[String]) -> String {
    let at = real.iter().zip(ours).position(|(a, b)| a != b).unwrap_or_else(|| real.len().min(ours.len()));
    let line = |lines: &[String], at: usize| lines.get(at).cloned().unwrap_or_else(|| "(nothing)".into());
    let differing = real.iter().zip(ours).filter(|(a, b)| a != b).count();
    format!(
        "line {at} of {} and {} ({differing} differ), after `{}`\n  real: {}\n  ours: {}",
        real.len(),
        ours.len(),
        at.checked_sub(1).map(|before| line(real, before)).unwrap_or_default(),
        line(real, at),
        line(ours, at)
    )
}

struct Real {
    server: ApiServer,
    client: reqwest::Client,
}

static PROVIDER: Once = Once::new();

impl Real {
    async fn start(assets: [PathBuf; 3]) -> anyhow::Result<Real> {
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        // Its certificate is made by itself at each start; it listens on the loopback.
        let client =
            reqwest::Client::builder().tls_danger_accept_invalid_certs(true).user_agent("caseboard-tests").build()?;
        Ok(Real { server: ApiServer::start(assets).await?, client })
    }

    async fn send(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> anyhow::Result<(u16, Value)> {
        let mut request =
            self.client.request(method, format!("{}{path}", self.server.base)).bearer_auth(self.server.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await?;
        let code = response.status().as_u16();
        Ok((code, serde_json::from_str(&response.text().await?)?))
    }

    /// Puts the objects of the demo and one of every kind into the server, statuses included.
    async fn fill(&self) -> anyhow::Result<()> {
        let mut uids = BTreeMap::new();
        for mut object in objects()? {
            replaced(&mut object, &uids);
            let metadata = object["metadata"].as_object_mut().context("no metadata")?;
            let old = metadata.remove("uid").and_then(|uid| uid.as_str().map(str::to_owned));
            metadata.remove("resourceVersion");
            metadata.remove("creationTimestamp");
            let kind = object["kind"].as_str().unwrap_or_default().to_owned();
            if kind == "Job" {
                // The server makes its own, and labels the template with it.
                object["spec"].as_object_mut().map(|spec| spec.remove("selector"));
            }
            let place = place(&object)?;
            let (code, mut made) = self.send(reqwest::Method::POST, &place, Some(&object)).await?;
            let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            if code == 409 {
                made = self.send(reqwest::Method::GET, &format!("{place}/{name}"), None).await?.1;
            } else {
                anyhow::ensure!(code == 201, "could not create {kind} {name}: {made}");
            }
            if let (Some(old), Some(new)) = (old, made["metadata"]["uid"].as_str()) {
                uids.insert(old, new.to_owned());
            }
            if object.get("status").is_some() && kind != "Event" {
                made["status"] = object["status"].clone();
                let (code, answer) =
                    self.send(reqwest::Method::PUT, &format!("{place}/{name}/status"), Some(&made)).await?;
                anyhow::ensure!(code == 200, "could not set the status of {kind} {name}: {answer}");
            }
        }
        Ok(())
    }

    /// Everything the server holds, as a watch would have told it, but whole.
    async fn observations(&self, cluster: &ClusterId) -> anyhow::Result<Vec<Observation>> {
        let mut observations = Vec::new();
        for resource in playground::resource::RESOURCES.iter().filter(|r| r.group != "events.k8s.io") {
            let base = if resource.group.is_empty() {
                "/api/v1".to_owned()
            } else {
                format!("/apis/{}/{}", resource.group, resource.version)
            };
            let (code, list) = self.send(reqwest::Method::GET, &format!("{base}/{}", resource.plural), None).await?;
            anyhow::ensure!(code == 200, "could not list {}: {list}", resource.plural);
            for item in list["items"].as_array().into_iter().flatten() {
                let mut object = item.clone();
                object["apiVersion"] = resource.api_version().into();
                object["kind"] = resource.kind.as_ref().into();
                observations.push(observation(cluster, &object));
            }
        }
        Ok(observations)
    }
}

/// The demo's objects, owners before what they own, then the fixture's.
fn objects() -> anyhow::Result<Vec<Value>> {
    let demo = playground::built_in("demo")?;
    let base = demo.base_ending_at(now());
    let mut latest: BTreeMap<ObjectRef, Value> = BTreeMap::new();
    let mut events: BTreeMap<String, (ObjectRef, EventBody)> = BTreeMap::new();
    let happenings = demo.stage(base).advance(demo.end(base)).map_err(|fault| anyhow::anyhow!(fault.what))?;
    for happening in happenings {
        let Some(subject) = happening.subject else { continue };
        match happening.what {
            playground::What::Object { change: ChangeKind::Present, object } => {
                latest.insert(subject, (*object).clone());
            }
            playground::What::Object { change: ChangeKind::Deleted | ChangeKind::Counted, .. } => {
                latest.remove(&subject);
            }
            playground::What::Told(Body::Event(event)) => {
                events.insert(event.uid.to_string(), (subject, event));
            }
            playground::What::Told(_) => {}
        }
    }
    const FIRST: &[&str] =
        &["Namespace", "Node", "Service", "Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet"];
    let rank = |kind: &str| FIRST.iter().position(|k| *k == kind).unwrap_or(FIRST.len());
    let mut all: Vec<(ObjectRef, Value)> = latest.into_iter().collect();
    all.sort_by_key(|(subject, _)| rank(&subject.kind));
    let kinds: BTreeMap<ObjectRef, String> =
        all.iter().map(|(s, o)| (s.clone(), o["apiVersion"].as_str().unwrap_or_default().to_owned())).collect();
    let mut objects: Vec<Value> = all.into_iter().map(|(_, object)| object).collect();
    for (uid, (subject, event)) in events {
        let Some(api_version) = kinds.get(&subject) else { continue };
        let namespace = if subject.namespace.is_empty() { "default" } else { &subject.namespace };
        objects.push(serde_json::json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": { "name": format!("{}.{}", subject.name, uid.replace('-', "")), "namespace": namespace },
            "involvedObject": {
                "kind": subject.kind, "name": subject.name, "namespace": subject.namespace, "uid": event.subject_uid,
                "apiVersion": api_version,
            },
            "type": event.event_type, "reason": event.reason, "message": event.message, "count": event.count,
            "firstTimestamp": Time::from_seconds(event.first_at.seconds()).to_string(),
            "lastTimestamp": Time::from_seconds(event.last_at.seconds()).to_string(),
            "source": { "component": event.reporter },
        }));
    }
    let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kubectl/objects.yaml");
    let more: Vec<Value> = serde_saphyr::from_str(&std::fs::read_to_string(fixture)?)?;
    objects.extend(more);
    Ok(objects)
}

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time::from_seconds(since.as_secs() as i64)
}

fn place(object: &Value) -> anyhow::Result<String> {
    let api_version = object["apiVersion"].as_str().context("no apiVersion")?;
    let kind = object["kind"].as_str().context("no kind")?;
    let resource = playground::resource::by_kind(kind).with_context(|| format!("{kind} is not known"))?;
    let base = if api_version.contains('/') { format!("/apis/{api_version}") } else { format!("/api/{api_version}") };
    Ok(match object["metadata"]["namespace"].as_str() {
        Some(namespace) if resource.namespaced => format!("{base}/namespaces/{namespace}/{}", resource.plural),
        _ => format!("{base}/{}", resource.plural),
    })
}

/// Replaces the uids that the script made by those that the server made.
fn replaced(value: &mut Value, uids: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            if let Some(new) = uids.get(text) {
                *text = new.clone();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replaced(item, uids)),
        Value::Object(map) => map.values_mut().for_each(|item| replaced(item, uids)),
        _ => {}
    }
}

fn observation(cluster: &ClusterId, object: &Value) -> Observation {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let time = |pointer: &str| text(pointer).parse::<Time>().unwrap_or_default();
    let kind = text("/kind");
    if kind == "Event" {
        let subject = ObjectRef::new(
            text("/involvedObject/kind"),
            text("/involvedObject/namespace"),
            text("/involvedObject/name"),
        );
        let body = Body::Event(EventBody {
            uid: text("/metadata/uid").into(),
            event_type: text("/type").into(),
            reason: text("/reason").into(),
            message: text("/message").into(),
            count: object["count"].as_u64().unwrap_or(1) as u32,
            first_at: time("/firstTimestamp"),
            last_at: time("/lastTimestamp"),
            reporter: text("/source/component").into(),
            subject_uid: Some(text("/involvedObject/uid").into()),
        });
        return Observation::new(
            cluster.clone(),
            time("/lastTimestamp"),
            time("/lastTimestamp"),
            Source::Watch,
            Some(subject),
            body,
        );
    }
    let subject = ObjectRef::new(kind, text("/metadata/namespace"), text("/metadata/name"));
    let at = time("/metadata/creationTimestamp");
    let body = Body::Object {
        api_version: text("/apiVersion").into(),
        uid: text("/metadata/uid").into(),
        resource_version: text("/metadata/resourceVersion").into(),
        change: ChangeKind::Present,
        object: object.clone().into(),
    };
    Observation::new(cluster.clone(), at, at, Source::Watch, Some(subject), body)
}
