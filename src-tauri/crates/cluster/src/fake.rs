//! A small API server on the loopback, for tests: it lists in pages, watches, forgets, refuses.

mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::sync::broadcast;

pub(crate) use script::{Script, Then, Wanted};

use crate::kubeconfig::{Context, Sources, discover};
use crate::{Kind, SearchPath};

#[derive(Default)]
pub(crate) struct Shelf {
    /// By plural, namespace and name.
    objects: BTreeMap<(String, String, String), Value>,
    log: Vec<(u64, String, Value)>,
    version: u64,
    /// Versions up to this one can no longer be watched from.
    pub forgotten: u64,
    /// Watches are answered with HTTP 410 instead of an event.
    pub gone_as_status: bool,
    pub refused: BTreeSet<String>,
    /// Refused in the whole cluster, allowed in these namespaces, with commas between them.
    pub allowed_only_in: Option<String>,
    pub token: Option<String>,
    pub unserved: BTreeSet<String>,
    pub answers: BTreeMap<String, (u16, String)>,
    /// What is passed on to a real server: the beginning of the path, and where it goes.
    pub forwards: BTreeMap<String, String>,
    pub requests: Vec<Seen>,
    pub page: usize,
    pub aggregated: bool,
    pub allowed: bool,
    /// Changes are made, and this is answered instead of what came of them: a status; 0 breaks the connection.
    pub after_change: Option<u16>,
    /// No question is answered and no change is told, and no connection is closed.
    pub deaf: bool,
    /// Whether lists can be asked for as streams.
    pub streams: bool,
    /// What is answered instead, each once, in this order for each plural.
    pub scripts: Vec<(String, Script)>,
    /// What SelfSubjectRulesReview answers for a namespace, those of "" everywhere; empty: it is not served.
    pub rules: BTreeMap<String, Vec<Value>>,
    pub rules_incomplete: bool,
    cuts: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub method: String,
    pub path: String,
    pub query: String,
    pub accept: String,
    pub agent: String,
    pub body: String,
}

#[derive(Clone)]
pub(crate) struct Fake {
    shelf: Arc<Mutex<Shelf>>,
    changed: broadcast::Sender<()>,
    /// Ends every open watch.
    cut: broadcast::Sender<()>,
    pub address: SocketAddr,
}

impl Fake {
    pub(crate) async fn start() -> Fake {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (changed, _) = broadcast::channel(1024);
        let (cut, _) = broadcast::channel(16);
        let fake = Fake { shelf: Arc::default(), changed, cut, address };
        fake.shelf().page = 2;
        fake.shelf().aggregated = true;
        fake.shelf().streams = true;
        let app = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        fake
    }

    pub(crate) fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn put(&self, plural: &str, mut object: Value) {
        let mut shelf = self.shelf();
        shelf.version += 1;
        let version = shelf.version;
        object["metadata"]["resourceVersion"] = version.to_string().into();
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
        let key = (plural.to_owned(), text("namespace"), text("name"));
        let kind = if shelf.objects.insert(key, object.clone()).is_some() { "MODIFIED" } else { "ADDED" };
        shelf.log.push((version, plural.to_owned(), json!({"type": kind, "object": object})));
        let _ = self.changed.send(());
    }

    pub(crate) fn delete(&self, plural: &str, namespace: &str, name: &str) {
        let mut shelf = self.shelf();
        shelf.version += 1;
        let version = shelf.version;
        let mut object = shelf.objects.remove(&(plural.into(), namespace.into(), name.into())).unwrap();
        object["metadata"]["resourceVersion"] = version.to_string().into();
        shelf.log.push((version, plural.to_owned(), json!({"type": "DELETED", "object": object})));
        let _ = self.changed.send(());
    }

    /// Forgets the past, so that a watch from before must list again.
    pub(crate) fn forget(&self) {
        let mut shelf = self.shelf();
        shelf.forgotten = shelf.version;
        shelf.log.clear();
    }

    /// Breaks every open watch.
    pub(crate) fn cut(&self) {
        self.shelf().cuts += 1;
        let _ = self.cut.send(());
    }

    pub(crate) fn seen(&self, part: &str) -> Vec<Seen> {
        self.shelf().requests.iter().filter(|seen| seen.path.contains(part)).cloned().collect()
    }

    pub(crate) fn kubeconfig(&self, user: &str, namespace: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {{server: 'http://{}'}}\n\
             users:\n- name: u\n  user: {user}\ncontexts:\n- name: here\n  context: {{cluster: c, user: u{}}}\n",
            self.address,
            if namespace.is_empty() { String::new() } else { format!(", namespace: {namespace}") }
        )
    }

    pub(crate) fn context(&self, user: &str, namespace: &str) -> Context {
        let pasted = vec![("a test".into(), self.kubeconfig(user, namespace))];
        let found = discover(&Sources { pasted, ..Sources::default() }, &SearchPath::only(&[]));
        assert_eq!(found.issues, []);
        found.contexts.into_iter().next().unwrap()
    }
}

fn status(code: u16, reason: &str, message: &str) -> Response {
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
        "reason": reason, "message": message});
    (StatusCode::from_u16(code).unwrap(), [("content-type", "application/json")], body.to_string()).into_response()
}

fn json_of(value: &Value) -> Response {
    ([("content-type", "application/json")], value.to_string()).into_response()
}

async fn answer(State(fake): State<Fake>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let seen = Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        accept: header("accept"),
        agent: header("user-agent"),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    if fake.shelf().deaf {
        std::future::pending::<()>().await;
    }
    let forward = fake.shelf().forwards.iter().find_map(|(from, to)| {
        let rest = seen.path.strip_prefix(from.as_str())?;
        Some(format!("{to}{rest}?{}", seen.query))
    });
    if let Some(to) = forward {
        fake.shelf().requests.push(seen.clone());
        return pass_on(&to).await;
    }
    fake.shelf().requests.push(seen.clone());
    if let Some(script) = scripted(&fake, &seen) {
        if script.status == 0 {
            std::future::pending::<()>().await;
        }
        return script.answer();
    }
    let mut shelf = fake.shelf();
    if shelf.token.as_ref().is_some_and(|token| header("authorization") != format!("Bearer {token}")) {
        return status(401, "Unauthorized", "Unauthorized");
    }
    // An answer may be for one container alone.
    let container = seen.query.split('&').find(|pair| pair.starts_with("container=")).unwrap_or_default();
    let of_container = shelf.answers.get(&format!("{}?{container}", seen.path));
    if let Some((code, text)) = of_container.or_else(|| shelf.answers.get(&seen.path)) {
        return (StatusCode::from_u16(*code).unwrap(), text.clone()).into_response();
    }
    match seen.path.as_str() {
        "/version" => {
            return json_of(&json!({"major": "1", "minor": "36", "gitVersion": "v1.36.2", "gitCommit": "",
            "gitTreeState": "", "buildDate": "", "goVersion": "", "compiler": "", "platform": ""}));
        }
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews" if !shelf.rules.is_empty() => {
            let review: Value = serde_json::from_str(&seen.body).unwrap_or_default();
            let namespace = review["spec"]["namespace"].as_str().unwrap_or_default();
            let of = |namespace: &str| shelf.rules.get(namespace).cloned().unwrap_or_default();
            let rules: Vec<Value> = of("").into_iter().chain(of(namespace)).collect();
            return json_of(&json!({"status": {"resourceRules": rules, "nonResourceRules": [],
                "incomplete": shelf.rules_incomplete}}));
        }
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
            return json_of(&json!({"status": {"allowed": shelf.allowed, "reason": "RBAC says so"}}));
        }
        _ => {}
    }
    if let Some(found) = discovery(&shelf, &seen.path) {
        return json_of(&found);
    }
    let Some((kind, namespace, name)) = place(&seen.path) else {
        return status(404, "NotFound", "the server could not find the requested resource");
    };
    if shelf.unserved.contains(&kind.plural) {
        return status(404, "NotFound", "the server could not find the requested resource");
    }
    let narrow = shelf.allowed_only_in.as_ref().is_some_and(|only| only.split(',').all(|one| one != namespace));
    if shelf.refused.contains(&kind.plural) || narrow {
        return status(403, "Forbidden", &format!("{} is forbidden: User \"u\" cannot list it", kind.plural));
    }
    if !name.is_empty() {
        return one(&mut shelf, &kind, &namespace, &name, &seen);
    }
    let query: BTreeMap<&str, &str> = seen.query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let wanted = wanted(&query);
    if wanted == Wanted::Stream && !shelf.streams {
        return status(
            422,
            "Invalid",
            "sendInitialEvents is forbidden for watch unless the WatchList feature gate is on",
        );
    }
    if wanted != Wanted::Page {
        let from: u64 = query.get("resourceVersion").and_then(|v| v.parse().ok()).unwrap_or(0);
        if from < shelf.forgotten && shelf.gone_as_status {
            return status(410, "Expired", "too old resource version");
        }
        let cuts = shelf.cuts;
        let initial = (wanted == Wanted::Stream).then(|| shelf_lines(&shelf, &kind, &namespace, &seen.accept));
        let from = if wanted == Wanted::Stream { shelf.version } else { from };
        drop(shelf);
        return watch(fake, kind, namespace, from, cuts, initial);
    }
    list(&shelf, &kind, &namespace, &query)
}

/// As the API server's service proxy does it.
async fn pass_on(to: &str) -> Response {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    match client.get(to).send().await {
        Ok(answer) => {
            let (status, headers) = (answer.status(), answer.headers().clone());
            let location = headers.get("location").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
            let body = answer.bytes().await.unwrap_or_default();
            (status, [("location", location)], body).into_response()
        }
        Err(error) => status(503, "ServiceUnavailable", &format!("error trying to reach service: {error}")),
    }
}

fn wanted(query: &BTreeMap<&str, &str>) -> Wanted {
    match (query.get("watch"), query.get("sendInitialEvents")) {
        (None, _) => Wanted::Page,
        (Some(_), Some(_)) => Wanted::Stream,
        (Some(_), None) => Wanted::Changes,
    }
}

/// The next scripted answer to such a request.
fn scripted(fake: &Fake, seen: &Seen) -> Option<Script> {
    if seen.path.ends_with("/log") {
        let mut shelf = fake.shelf();
        let index = shelf.scripts.iter().position(|(of, _)| of == "log")?;
        return Some(shelf.scripts.remove(index).1);
    }
    let (kind, _, name) = place(&seen.path)?;
    let query: BTreeMap<&str, &str> = seen.query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let wanted = wanted(&query);
    let mut shelf = fake.shelf();
    let is = |(plural, script): &(String, Script)| *plural == kind.plural && script.to == wanted && name.is_empty();
    let index = shelf.scripts.iter().position(is)?;
    Some(shelf.scripts.remove(index).1)
}

fn metadata_only(seen: &str, object: &Value) -> Value {
    if seen.contains("PartialObjectMetadata") {
        json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
    } else {
        object.clone()
    }
}

fn one(shelf: &mut Shelf, kind: &Kind, namespace: &str, name: &str, seen: &Seen) -> Response {
    let key = (kind.plural.clone(), namespace.to_owned(), name.to_owned());
    let Some(object) = shelf.objects.get(&key).cloned() else {
        return status(404, "NotFound", &format!("{} \"{name}\" not found", kind.plural));
    };
    match seen.method.as_str() {
        "GET" => json_of(&metadata_only(&seen.accept, &object)),
        "PATCH" => {
            let patch: Value = serde_json::from_str(&seen.body).unwrap();
            let expected = patch["metadata"]["resourceVersion"].as_str();
            if expected.is_some_and(|v| v != object["metadata"]["resourceVersion"]) {
                return status(409, "Conflict", "the object has been modified");
            }
            let mut after = object;
            merge(&mut after, &patch);
            if !seen.query.contains("dryRun=All") {
                shelf.objects.insert(key, after.clone());
                match shelf.after_change {
                    Some(0) => return Script::to(Wanted::Page, "{", Then::Break).answer(),
                    Some(code) => return status(code, "Timeout", "the gateway gave up"),
                    None => {}
                }
            }
            json_of(&after)
        }
        "DELETE" => {
            let options: Value = serde_json::from_str(&seen.body).unwrap_or_default();
            if options["preconditions"]["uid"] != object["metadata"]["uid"] {
                return status(409, "Conflict", "the UID in the precondition does not match");
            }
            shelf.objects.remove(&key);
            json_of(&json!({"kind": "Status", "status": "Success"}))
        }
        _ => status(405, "MethodNotAllowed", "no"),
    }
}

fn merge(into: &mut Value, patch: &Value) {
    match (into.as_object_mut(), patch.as_object()) {
        (Some(map), Some(patch)) => {
            for (key, value) in patch {
                merge(map.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        _ => *into = patch.clone(),
    }
}

fn place(path: &str) -> Option<(Kind, String, String)> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, rest) = match parts[..] {
        ["api", _, ref rest @ ..] => ("", rest),
        ["apis", group, _, ref rest @ ..] => (group, rest),
        _ => return None,
    };
    let (namespace, plural, name) = match *rest {
        ["namespaces", namespace, plural] => (namespace, plural, ""),
        ["namespaces", namespace, plural, name] => (namespace, plural, name),
        [plural] => ("", plural, ""),
        [plural, name] => ("", plural, name),
        _ => return None,
    };
    let kind = kinds().into_iter().find(|k| k.group == group && k.plural == plural)?;
    Some((kind, namespace.to_owned(), name.to_owned()))
}

fn kinds() -> Vec<Kind> {
    let mut kinds = crate::kind::watched();
    kinds.extend(crate::kind::watched_where_installed());
    for (group, version, kind, plural) in
        [("shop.example", "v1beta1", "Basket", "baskets"), ("metrics.k8s.io", "v1beta1", "PodMetrics", "pods")]
    {
        kinds.push(Kind {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            plural: plural.into(),
            namespaced: true,
            listable: true,
        });
    }
    kinds
}

fn discovery(shelf: &Shelf, path: &str) -> Option<Value> {
    let served: Vec<Kind> = kinds().into_iter().filter(|k| !shelf.unserved.contains(&k.plural)).collect();
    let groups: BTreeSet<&str> = served.iter().map(|k| k.group.as_str()).collect();
    let verbs = json!(["get", "list", "watch"]);
    let aggregated = |group: &str| {
        let of = served.iter().filter(|k| k.group == group);
        let resources: Vec<Value> = of
            .map(|k| {
                json!({"resource": k.plural, "responseKind": {"kind": k.kind}, "verbs": verbs,
                "scope": if k.namespaced { "Namespaced" } else { "Cluster" }})
            })
            .collect();
        let version = served.iter().find(|k| k.group == group).map_or("v1", |k| k.version.as_str());
        json!({"metadata": {"name": group}, "versions": [{"version": version, "resources": resources}]})
    };
    match path.trim_matches('/').split('/').collect::<Vec<_>>()[..] {
        ["api"] if shelf.aggregated => Some(json!({"kind": "APIGroupDiscoveryList", "items": [aggregated("")]})),
        ["apis"] if shelf.aggregated => {
            let items: Vec<Value> = groups.iter().filter(|g| !g.is_empty()).map(|g| aggregated(g)).collect();
            Some(json!({"kind": "APIGroupDiscoveryList", "items": items}))
        }
        ["api"] => Some(json!({"kind": "APIVersions", "versions": ["v1"]})),
        ["apis"] => {
            let groups = groups.iter().filter(|g| !g.is_empty()).map(|g| {
                let version = served.iter().find(|k| k.group == **g).map_or("v1", |k| k.version.as_str());
                json!({"name": g, "preferredVersion": {"version": version}, "versions": [{"version": version}]})
            });
            Some(json!({"kind": "APIGroupList", "groups": groups.collect::<Vec<_>>()}))
        }
        ["api", _] | ["apis", _, _] => {
            let group = path.strip_prefix("/apis/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
            let resources = served
                .iter()
                .filter(|k| k.group == group)
                .map(|k| json!({"name": k.plural, "kind": k.kind, "namespaced": k.namespaced, "verbs": verbs}));
            Some(json!({"kind": "APIResourceList", "resources": resources.collect::<Vec<_>>()}))
        }
        _ => None,
    }
}

fn list(shelf: &Shelf, kind: &Kind, namespace: &str, query: &BTreeMap<&str, &str>) -> Response {
    let all: Vec<&Value> = shelf
        .objects
        .iter()
        .filter(|((plural, of, _), _)| *plural == kind.plural && (namespace.is_empty() || of == namespace))
        .map(|(_, object)| object)
        .collect();
    let start: usize = query.get("continue").and_then(|c| c.parse().ok()).unwrap_or(0);
    let end = (start + shelf.page).min(all.len());
    let rest = if end < all.len() { end.to_string() } else { String::new() };
    let seen = shelf.requests.last().map(|seen| seen.accept.clone()).unwrap_or_default();
    let items: Vec<Value> = all[start.min(end)..end].iter().map(|object| metadata_only(&seen, object)).collect();
    json_of(&json!({"kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(),
        "metadata": {"resourceVersion": shelf.version.to_string(), "continue": rest}, "items": items}))
}

/// What is there as a streamed list sends it, and its end.
fn shelf_lines(shelf: &Shelf, kind: &Kind, namespace: &str, accept: &str) -> String {
    let lines = shelf
        .objects
        .iter()
        .filter(|((plural, of, _), _)| *plural == kind.plural && (namespace.is_empty() || of == namespace))
        .map(|(_, object)| json!({"type": "ADDED", "object": metadata_only(accept, object)}));
    let end = json!({"type": "BOOKMARK", "object": {"kind": kind.kind, "metadata": {
        "resourceVersion": shelf.version.to_string(), "annotations": {"k8s.io/initial-events-end": "true"}}}});
    lines.chain([end]).map(|line| format!("{line}\n")).collect()
}

fn watch(fake: Fake, kind: Kind, namespace: String, from: u64, cuts: u64, initial: Option<String>) -> Response {
    let changed = fake.changed.subscribe();
    let cut = fake.cut.subscribe();
    let initial = futures::stream::iter(initial).map(|lines| Ok::<_, Infallible>(Bytes::from(lines)));
    let stream = futures::stream::unfold((fake, changed, cut, from, false), move |state| {
        let (plural, namespace) = (kind.plural.clone(), namespace.clone());
        async move {
            let (fake, mut changed, mut cut, from, over) = state;
            if over {
                return None;
            }
            loop {
                let (lines, last) = {
                    let shelf = fake.shelf();
                    if shelf.cuts != cuts {
                        return None;
                    }
                    if from < shelf.forgotten {
                        let gone = json!({"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1",
                            "metadata": {}, "status": "Failure", "code": 410, "reason": "Expired",
                            "message": "too old resource version"}});
                        let line = Bytes::from(format!("{gone}\n"));
                        drop(shelf);
                        return Some((Ok::<_, Infallible>(line), (fake, changed, cut, from, true)));
                    }
                    let accept = shelf.requests.iter().rev().find(|s| s.path.ends_with(&plural)).map(|s| &s.accept);
                    let accept = accept.cloned().unwrap_or_default();
                    let lines: String = shelf
                        .log
                        .iter()
                        .filter(|(version, of, event)| {
                            let ns = event["object"]["metadata"]["namespace"].as_str().unwrap_or_default();
                            *version > from && *of == plural && (namespace.is_empty() || ns == namespace)
                        })
                        .map(|(_, _, event)| {
                            let object = metadata_only(&accept, &event["object"]);
                            format!("{}\n", json!({"type": event["type"], "object": object}))
                        })
                        .collect();
                    (lines, shelf.version)
                };
                if !lines.is_empty() && !fake.shelf().deaf {
                    return Some((Ok(Bytes::from(lines)), (fake, changed, cut, last, false)));
                }
                tokio::select! {
                    _ = changed.recv() => {}
                    _ = cut.recv() => return None,
                    () = tokio::time::sleep(Duration::from_secs(100)) => return None,
                }
            }
        }
    });
    ([("content-type", "application/json")], Body::from_stream(initial.chain(stream))).into_response()
}
