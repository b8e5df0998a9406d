#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use history::History;
use model::{ClusterId, ObjectRef, Time};
use serde_json::{Value, json};

use super::{CannotServe, Served, Settings, Source, serve};
use crate::{Pace, Scenario, built_in};

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const PARTIAL: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

/// A server and a client that trusts it.
struct Desk {
    served: Served,
    client: reqwest::Client,
    base: String,
    token: String,
    _folder: tempfile::TempDir,
}

impl Desk {
    async fn of(source: Source) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { port: 0, folder: folder.path().to_owned(), name: "playground".into(), history: None };
        let served = serve(source, settings).await.unwrap();
        let config: Value = serde_json::from_str(&std::fs::read_to_string(&served.kubeconfig).unwrap()).unwrap();
        let pem =
            super::list::unbase64(config["clusters"][0]["cluster"]["certificate-authority-data"].as_str().unwrap());
        let mut roots = rustls::RootCertStore::empty();
        let der = rustls::pki_types::pem::PemObject::from_pem_slice(&pem.unwrap()).unwrap();
        roots.add(der).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Desk {
            base: config["clusters"][0]["cluster"]["server"].as_str().unwrap().to_owned(),
            token: config["users"][0]["user"]["token"].as_str().unwrap().to_owned(),
            client: reqwest::Client::builder().tls_backend_preconfigured(tls).build().unwrap(),
            served,
            _folder: folder,
        }
    }

    async fn scenario(name: &str) -> Desk {
        Desk::of(Source::Scenario(Box::new(built_in(name).unwrap()), Pace::Happened)).await
    }

    fn ask(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    async fn get(&self, path: &str) -> Value {
        self.answer(self.ask("GET", path)).await.1
    }

    async fn text(&self, path: &str) -> String {
        self.ask("GET", path).send().await.unwrap().text().await.unwrap()
    }

    async fn form(&self, path: &str, accept: &str) -> Value {
        self.answer(self.ask("GET", path).header("accept", accept)).await.1
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let response = request.send().await.unwrap();
        (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }

    async fn patch(&self, path: &str, form: &str, patch: &Value) -> (u16, Value) {
        let request = self.ask("PATCH", path).header("content-type", format!("application/{form}+json"));
        self.answer(request.body(patch.to_string())).await
    }

    /// The events of a watch that ends by itself.
    async fn watch(&self, path: &str) -> Vec<Value> {
        let text = self.text(path).await;
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn names(list: &Value) -> Vec<String> {
    let name = |item: &Value| item["metadata"]["name"].as_str().unwrap().to_owned();
    list["items"].as_array().unwrap().iter().map(name).collect()
}

fn version(list: &Value) -> u64 {
    list["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn nobody_without_the_token_is_answered() {
    let desk = Desk::scenario("refused-address").await;
    let request = desk.client.get(format!("{}/api/v1/pods", desk.base));
    let (code, status) = desk.answer(request).await;
    assert_eq!((code, status["reason"].as_str()), (401, Some("Unauthorized")));
    let (code, _) = desk.answer(desk.client.get(format!("{}/api/v1/pods", desk.base)).bearer_auth("wrong")).await;
    assert_eq!(code, 401);
}

#[cfg(unix)]
#[tokio::test]
async fn the_kubeconfig_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::scenario("refused-address").await;
    let mode = std::fs::metadata(&desk.served.kubeconfig).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let desk = Desk::scenario("refused-address").await;
    let port = desk.served.address.port();
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { port, folder: folder.path().to_owned(), name: "second".into(), history: None };
    let source = Source::Scenario(Box::new(built_in("refused-address").unwrap()), Pace::Happened);
    let error = serve(source, settings).await.err().unwrap();
    assert!(matches!(error, CannotServe::Port { .. }));
    let text = error.to_string();
    assert!(text.contains(&format!("127.0.0.1:{port}")) && text.contains("Choose another port"), "{text}");
    assert!(!folder.path().join("second.kubeconfig").exists());
}

#[tokio::test]
async fn discovery_names_the_same_kinds_in_both_forms() {
    let desk = Desk::scenario("refused-address").await;
    assert_eq!(desk.get("/version").await["gitVersion"], "v1.36.2");
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    let mut aggregated = Vec::new();
    for path in ["/api", "/apis"] {
        let list = desk.form(path, accept).await;
        for group in list["items"].as_array().unwrap() {
            for version in group["versions"].as_array().unwrap() {
                for resource in version["resources"].as_array().unwrap() {
                    let group = group["metadata"]["name"].as_str().unwrap_or_default();
                    aggregated.push(format!("{group}/{}/{}", version["version"], resource["resource"]));
                }
            }
        }
    }
    let mut older = Vec::new();
    let mut paths = vec![(String::new(), "v1".to_owned(), "/api/v1".to_owned())];
    for group in desk.get("/apis").await["groups"].as_array().unwrap() {
        let name = group["name"].as_str().unwrap();
        for version in group["versions"].as_array().unwrap() {
            let version = version["version"].as_str().unwrap();
            paths.push((name.to_owned(), version.to_owned(), format!("/apis/{name}/{version}")));
        }
    }
    for (group, version, path) in paths {
        for resource in desk.get(&path).await["resources"].as_array().unwrap() {
            if !resource["name"].as_str().unwrap().contains('/') {
                older.push(format!("{group}/\"{version}\"/{}", resource["name"]));
            }
        }
    }
    aggregated.sort();
    older.sort();
    assert!(aggregated.iter().any(|r| r == "apps/\"v1\"/\"deployments\""), "{aggregated:?}");
    assert!(aggregated.iter().any(|r| r == "metrics.k8s.io/\"v1beta1\"/\"pods\""), "{aggregated:?}");
    assert_eq!(aggregated, older);
}

#[tokio::test]
async fn pages_hold_together_while_the_cluster_changes() {
    let desk = Desk::scenario("refused-address").await;
    let all = names(&desk.get("/api/v1/namespaces/bank/events").await);
    let first = desk.get("/api/v1/namespaces/bank/events?limit=5").await;
    assert_eq!(names(&first), all[..5]);
    assert_eq!(first["metadata"]["remainingItemCount"], all.len() - 5);
    let pod = &names(&desk.get("/api/v1/namespaces/bank/pods").await)[0];
    let (code, _) = desk.answer(desk.ask("DELETE", &format!("/api/v1/namespaces/bank/pods/{pod}"))).await;
    assert_eq!(code, 200);
    assert!(desk.get("/api/v1/namespaces/bank/events").await["items"].as_array().unwrap().len() > all.len());
    let mut seen = names(&first);
    let mut token = first["metadata"]["continue"].as_str().map(str::to_owned);
    while let Some(next) = token {
        let page = desk.get(&format!("/api/v1/namespaces/bank/events?limit=5&continue={next}")).await;
        assert_eq!(version(&page), version(&first));
        seen.extend(names(&page));
        token = page["metadata"]["continue"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, all);
}

#[tokio::test]
async fn an_expired_version_is_410_as_an_answer_and_in_a_watch() {
    let desk = Desk::scenario("refused-address").await;
    let first = desk.get("/api/v1/namespaces/bank/pods?limit=1").await;
    let token = first["metadata"]["continue"].as_str().unwrap().to_owned();
    let old = version(&first) - 1;
    desk.served.compact();
    let expired = |path: String| desk.answer(desk.ask("GET", &path));
    let (code, status) =
        expired(format!("/api/v1/namespaces/bank/pods?limit=1&resourceVersion={old}&resourceVersionMatch=Exact")).await;
    assert_eq!((code, status["reason"].as_str()), (410, Some("Expired")));
    let (code, _) = expired(format!("/api/v1/pods?limit=1&resourceVersion={old}")).await;
    assert_eq!(code, 410);
    let events = desk.watch(&format!("/api/v1/pods?watch=true&resourceVersion={old}&timeoutSeconds=5")).await;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0]["type"].as_str(), events[0]["object"]["code"].as_u64()), (Some("ERROR"), Some(410)));
    // The token's version is the newest, so it lives until something else happens and is forgotten.
    let pods = names(&desk.get("/api/v1/namespaces/bank/pods").await);
    desk.answer(desk.ask("DELETE", &format!("/api/v1/namespaces/bank/pods/{}", pods[0]))).await;
    desk.served.compact();
    let (code, status) = expired(format!("/api/v1/namespaces/bank/pods?limit=1&continue={token}")).await;
    assert_eq!((code, status["reason"].as_str()), (410, Some("Expired")));
    let (code, _) = expired("/api/v1/pods?continue=nonsense".into()).await;
    assert_eq!(code, 400);
    let (code, status) = expired("/api/v1/pods?resourceVersion=99999999".into()).await;
    assert_eq!((code, status["reason"].as_str()), (504, Some("Timeout")));
}

#[tokio::test]
async fn a_streaming_list_gives_everything_then_a_bookmark_that_says_so() {
    let desk = Desk::scenario("refused-address").await;
    let events = desk
        .watch("/api/v1/namespaces/bank/configmaps?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1")
        .await;
    assert_eq!(events[0]["type"], "BOOKMARK");
    let path = "/apis/apps/v1/namespaces/bank/deployments?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1";
    let events = desk.watch(path).await;
    let added: Vec<&str> = events
        .iter()
        .take_while(|e| e["type"] == "ADDED")
        .map(|e| e["object"]["metadata"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(added, ["payments", "portal"]);
    let bookmark = &events[2];
    assert_eq!(bookmark["type"], "BOOKMARK");
    assert_eq!(bookmark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    assert_eq!(bookmark["object"]["kind"], "Deployment");
    // Before the server hangs up it says how far the client has come.
    assert_eq!(events.last().unwrap()["type"], "BOOKMARK");
    let (code, _) = desk.answer(desk.ask("GET", "/api/v1/pods?watch=true&sendInitialEvents=true")).await;
    assert_eq!(code, 400);
}

#[tokio::test]
async fn a_watch_tells_what_a_write_does_and_how_its_selector_sees_it() {
    let desk = Desk::scenario("refused-address").await;
    let list = desk.get("/apis/apps/v1/namespaces/bank/deployments").await;
    let from = version(&list);
    let scale = "/apis/apps/v1/namespaces/bank/deployments/portal/scale";
    let (code, scaled) = desk.patch(scale, "merge-patch", &json!({ "spec": { "replicas": 3 } })).await;
    assert_eq!((code, scaled["spec"]["replicas"].as_u64()), (200, Some(3)));
    let label = json!({ "metadata": { "labels": { "tier": "front" } } });
    desk.patch("/apis/apps/v1/namespaces/bank/deployments/portal", "merge-patch", &label).await;
    let gone = json!({ "metadata": { "labels": { "tier": null } } });
    desk.patch("/apis/apps/v1/namespaces/bank/deployments/portal", "merge-patch", &gone).await;
    let watch = |query: &str| {
        let path = format!(
            "/apis/apps/v1/namespaces/bank/deployments?watch=1&resourceVersion={from}&timeoutSeconds=1&{query}"
        );
        let desk = &desk;
        async move {
            let events = desk.watch(&path).await;
            events
                .iter()
                .filter(|e| e["object"]["metadata"]["name"] == "portal")
                .map(|e| e["type"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };
    let all = watch("").await;
    assert!(all.len() >= 3 && all.iter().all(|t| t == "MODIFIED"), "{all:?}");
    assert_eq!(watch("labelSelector=tier%3Dfront").await, ["ADDED", "DELETED"]);
    assert!(watch("fieldSelector=metadata.name%3Dpayments").await.is_empty());
}

#[tokio::test]
async fn selectors_choose_by_labels_and_by_the_fields_of_the_kind() {
    let desk = Desk::scenario("refused-address").await;
    let count = |path: &'static str| {
        let desk = &desk;
        async move { desk.get(path).await["items"].as_array().unwrap().len() }
    };
    assert_eq!(count("/api/v1/pods?labelSelector=app+in+(portal,ledger)").await, 3);
    assert_eq!(
        count("/api/v1/pods?fieldSelector=spec.nodeName%3Dworker-1").await
            + count("/api/v1/pods?fieldSelector=spec.nodeName%3Dworker-2").await,
        count("/api/v1/pods").await
    );
    assert_eq!(count("/api/v1/pods?fieldSelector=status.phase%3DFailed").await, 0);
    let events =
        desk.get("/api/v1/events?fieldSelector=involvedObject.kind%3DDeployment,involvedObject.name%3Dpayments").await;
    assert!(events["items"].as_array().unwrap().iter().all(|e| e["involvedObject"]["name"] == "payments"));
    assert!(!events["items"].as_array().unwrap().is_empty());
    let (code, status) = desk.answer(desk.ask("GET", "/api/v1/pods?fieldSelector=spec.color%3Dred")).await;
    assert_eq!(code, 400);
    assert_eq!(status["message"], "field label not supported: spec.color");
}

#[tokio::test]
async fn objects_come_whole_as_rows_or_as_metadata_only() {
    let desk = Desk::scenario("refused-address").await;
    let table = desk.form("/apis/apps/v1/namespaces/bank/deployments", TABLE).await;
    assert_eq!(table["kind"], "Table");
    let columns: Vec<&str> =
        table["columnDefinitions"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(columns[..5], ["Name", "Ready", "Up-to-date", "Available", "Age"]);
    let row = &table["rows"][0];
    assert_eq!(row["cells"].as_array().unwrap().len(), 8);
    assert_eq!((row["cells"][0].as_str(), row["cells"][1].as_str()), (Some("payments"), Some("0/2")));
    assert_eq!(row["object"]["kind"], "PartialObjectMetadata");
    let secrets = desk.form("/api/v1/secrets", PARTIAL).await;
    assert_eq!(secrets["kind"], "PartialObjectMetadataList");
    let pods = desk.form("/api/v1/pods?limit=1", PARTIAL).await;
    assert!(pods["items"][0].get("spec").is_none() && pods["items"][0]["metadata"]["uid"].is_string());
    let modern = desk.get("/apis/events.k8s.io/v1/namespaces/bank/events").await;
    assert!(modern["items"][0]["regarding"]["name"].is_string() && modern["items"][0].get("involvedObject").is_none());
    let (code, _) = desk.answer(desk.ask("GET", "/api/v1/pods").header("accept", "application/cbor")).await;
    assert_eq!(code, 406);
}

#[tokio::test]
async fn logs_are_cut_as_asked_and_refused_as_a_kubelet_would() {
    let desk = Desk::scenario("refused-address").await;
    let pods = names(&desk.get("/api/v1/namespaces/bank/pods?labelSelector=app%3Dpayments").await);
    let path = format!("/api/v1/namespaces/bank/pods/{}/log", pods[0]);
    assert_eq!(desk.text(&path).await.lines().count(), 3);
    assert_eq!(desk.text(&format!("{path}?tailLines=1")).await.lines().count(), 1);
    assert!(desk.text(&format!("{path}?previous=true")).await.contains("connection refused"));
    let stamped = desk.text(&format!("{path}?timestamps=true&tailLines=1")).await;
    assert!(stamped.split(' ').next().unwrap().parse::<Time>().is_ok());
    assert_eq!(desk.text(&format!("{path}?limitBytes=4")).await.len(), 4);
    assert_eq!(desk.text(&format!("{path}?sinceSeconds=5")).await, "");
    let wrong = desk.get(&format!("{path}?container=sidecar")).await;
    assert_eq!(wrong["message"], format!("container sidecar is not valid for pod {}", pods[0]));
    let portal = names(&desk.get("/api/v1/namespaces/bank/pods?labelSelector=app%3Dportal").await);
    let never = desk.get(&format!("/api/v1/namespaces/bank/pods/{}/log?previous=true", portal[0])).await;
    assert!(never["message"].as_str().unwrap().starts_with("previous terminated container \"portal\""));
}

#[tokio::test]
async fn what_is_not_there_is_refused_as_a_status() {
    let desk = Desk::scenario("refused-address").await;
    for (path, code, message) in [
        ("/api/v1/namespaces/bank/pods/nobody", 404, "pods \"nobody\" not found"),
        ("/apis/apps/v1/namespaces/bank/deployments/nobody", 404, "deployments.apps \"nobody\" not found"),
        ("/apis/nothing.example/v1/things", 404, "the server could not find the requested resource"),
        ("/apis/apps/v1/things", 404, "the server could not find the requested resource"),
        ("/api/v1/pods?limit=many", 400, "`limit` is not a number: `many`"),
    ] {
        let (given, status) = desk.answer(desk.ask("GET", path)).await;
        assert_eq!((given, status["message"].as_str()), (code, Some(message)), "{path}");
        assert_eq!((status["kind"].as_str(), status["status"].as_str()), (Some("Status"), Some("Failure")));
    }
}

#[tokio::test]
async fn a_dry_run_shows_the_change_and_changes_nothing() {
    let desk = Desk::scenario("refused-address").await;
    let path = "/apis/apps/v1/namespaces/bank/deployments/payments";
    let before = desk.get(path).await;
    let env = json!([{ "name": "LEDGER_PORT", "value": "5432" }]);
    let patch = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "payments", "env": env }] } } } });
    let (code, tried) = desk.patch(&format!("{path}?dryRun=All"), "strategic-merge-patch", &patch).await;
    assert_eq!(code, 200);
    assert_eq!(tried["metadata"]["generation"], before["metadata"]["generation"].as_u64().unwrap() + 1);
    assert_eq!(tried["spec"]["template"]["spec"]["containers"][0]["env"][1]["value"], "5432");
    let version = |o: &Value| o["spec"]["template"].clone();
    assert_eq!(version(&desk.get(path).await), version(&before));
    let mut stale = patch.clone();
    stale["metadata"] = json!({ "resourceVersion": "1" });
    let (code, status) = desk.patch(path, "strategic-merge-patch", &stale).await;
    assert_eq!((code, status["reason"].as_str()), (409, Some("Conflict")));
    let empty = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "payments", "image": "" }] } } } });
    let (code, status) = desk.patch(path, "strategic-merge-patch", &empty).await;
    assert_eq!((code, status["reason"].as_str()), (422, Some("Invalid")));
    let (code, _) = desk.patch(path, "nonsense", &patch).await;
    assert_eq!(code, 415);
}

#[tokio::test]
async fn an_undo_heals_the_workload_and_the_history_tells_it() {
    let desk = Desk::scenario("refused-address").await;
    let path = "/apis/apps/v1/namespaces/bank/deployments/payments";
    let sets = desk.get("/apis/apps/v1/namespaces/bank/replicasets?labelSelector=app%3Dpayments").await;
    let old = sets["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["spec"]["replicas"] == 0)
        .map(|s| s["spec"]["template"].clone())
        .unwrap();
    let mut template = old;
    template["metadata"]["labels"].as_object_mut().unwrap().remove("pod-template-hash");
    let patch = json!([{ "op": "replace", "path": "/spec/template", "value": template }]);
    let before = desk.served.history.len().unwrap();
    let (code, _) = desk.patch(path, "json-patch", &patch).await;
    assert_eq!(code, 200);
    for _ in 0..400 {
        if desk.get(path).await["status"]["readyReplicas"] == 2 && desk.get(path).await["status"]["replicas"] == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let healed = desk.get(path).await;
    assert_eq!(healed["status"]["readyReplicas"], 2);
    assert_eq!(healed["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "9");
    assert!(desk.served.history.len().unwrap() > before);
    let snapshot = desk.served.history.snapshot(Time::MAX).unwrap();
    let held = snapshot.get(&ObjectRef::new("Deployment", "bank", "payments")).unwrap();
    assert_eq!(held.object["status"]["readyReplicas"], 2);
}

#[tokio::test]
async fn a_recording_is_served_and_takes_no_writes() {
    let scenario = built_in("refused-address").unwrap();
    let cluster = ClusterId("cluster:test".into());
    let history = History::in_memory(cluster.clone()).unwrap();
    history.append(&scenario.observations(&cluster, scenario.start)).unwrap();
    let desk = Desk::of(Source::History(Arc::new(history))).await;
    let live = Desk::scenario("refused-address").await;
    let pods = |list: Value| {
        let mut names = names(&list);
        names.sort();
        names
    };
    assert_eq!(pods(desk.get("/api/v1/pods").await), pods(live.get("/api/v1/pods").await));
    assert!(!desk.get("/api/v1/namespaces/bank/events").await["items"].as_array().unwrap().is_empty());
    let pod = &names(&desk.get("/api/v1/namespaces/bank/pods?labelSelector=app%3Dpayments").await)[0];
    assert!(desk.text(&format!("/api/v1/namespaces/bank/pods/{pod}/log")).await.contains("connection refused"));
    let (code, status) = desk.answer(desk.ask("DELETE", &format!("/api/v1/namespaces/bank/pods/{pod}"))).await;
    assert_eq!(code, 403);
    assert!(status["message"].as_str().unwrap().contains("this cluster is a recording"), "{status}");
    let review = |verb: &str| json!({ "spec": { "resourceAttributes": { "verb": verb, "resource": "pods", "namespace": "bank" } } });
    let reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    for (desk, verb, allowed) in [(&desk, "list", true), (&desk, "delete", false), (&live, "delete", true)] {
        let (code, answer) = desk.answer(desk.ask("POST", reviews).body(review(verb).to_string())).await;
        assert_eq!((code, answer["status"]["allowed"].as_bool()), (201, Some(allowed)), "{verb}");
    }
}

#[tokio::test]
async fn a_scenario_can_play_from_its_beginning() {
    let text = "
name: quick
title: t
about: a
truth: {healthy: true}
start: 2026-01-01T00:00:00Z
length: 10m
objects:
  - {node: n1}
  - {namespaces: [default]}
  - {workload: web, image: \"web:1\"}
steps:
  - at: 9m
    rollout: {workload: web, image: \"web:2\"}
";
    let scenario = Scenario::load("quick.yaml", text).unwrap();
    let desk = Desk::of(Source::Scenario(Box::new(scenario), Pace::Playing(300.0))).await;
    let image = |d: &Value| d["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    let path = "/apis/apps/v1/namespaces/default/deployments/web";
    let first = desk.get(path).await;
    assert_eq!(image(&first), "web:1");
    let from = version(&first);
    let watch =
        format!("/apis/apps/v1/namespaces/default/deployments?watch=1&resourceVersion={from}&timeoutSeconds=10");
    let mut response = desk.ask("GET", &watch).send().await.unwrap();
    let mut seen = String::new();
    while !seen.contains("web:2") {
        match response.chunk().await.unwrap() {
            Some(chunk) => seen.push_str(&String::from_utf8_lossy(&chunk)),
            None => break,
        }
    }
    assert!(seen.contains("web:2"), "the rollout was not seen: {seen}");
}

#[tokio::test]
async fn what_stands_behind_the_cluster_answers_through_its_proxy() {
    let desk = Desk::scenario("refused-address").await;
    let (code, status) = desk.answer(desk.ask("GET", "/api/v1/namespaces/bank/services/payments:80/proxy/")).await;
    assert_eq!((code, status["message"].as_str()), (503, Some("no endpoints available for service \"payments:80\"")));
    assert_eq!(desk.text("/api/v1/namespaces/bank/services/ledger:5432/proxy/").await, "ledger answers\n");
    let (code, _) = desk.answer(desk.ask("GET", "/api/v1/namespaces/bank/services/ledger:5433/proxy/")).await;
    assert_eq!(code, 503);
    assert_eq!(desk.text("/api/v1/nodes/worker-1/proxy/healthz").await, "ok");
    let usage = desk.get("/apis/metrics.k8s.io/v1beta1/namespaces/bank/pods").await;
    assert_eq!(usage["items"][0]["containers"][0]["name"], "ledger");
}

#[tokio::test]
async fn odd_writes_are_refused_and_do_no_harm() {
    let desk = Desk::scenario("refused-address").await;
    let path = "/apis/apps/v1/namespaces/bank/deployments/payments";
    let before = desk.get(path).await;
    for patch in [
        json!([]),
        json!("text"),
        json!({ "metadata": "text" }),
        json!({ "metadata": null }),
        json!({ "spec": null }),
        json!({ "spec": "text" }),
        json!({ "spec": { "template": "text" } }),
        json!({ "spec": { "template": { "metadata": { "labels": "text" } } } }),
        json!({ "spec": { "template": { "metadata": { "annotations": [1] } } } }),
        json!({ "spec": { "template": { "spec": "text" } } }),
        json!({ "spec": { "template": { "spec": { "containers": [] } } } }),
        json!({ "spec": { "template": { "spec": { "containers": ["text"] } } } }),
        json!({ "spec": { "selector": { "matchLabels": { "app": "other" } } } }),
        json!({ "spec": { "replicas": -1 } }),
    ] {
        for form in ["merge-patch", "strategic-merge-patch"] {
            // A strategic patch has no way to empty a list that is merged by name.
            let nothing = form == "strategic-merge-patch" && patch.to_string().contains("\"containers\":[");
            let (code, answer) = desk.patch(path, form, &patch).await;
            assert!((400..500).contains(&code) || nothing, "{form} {patch}: {code} {answer}");
            assert!(!nothing || code == 200, "{form} {patch}: {code} {answer}");
        }
    }
    for body in ["", "{", "[]", "null", "{\"metadata\":{}}", "{\"metadata\":{\"name\":\"payments\"}}"] {
        let (code, answer) = desk.answer(desk.ask("PUT", path).body(body)).await;
        assert!((400..500).contains(&code), "{body}: {code} {answer}");
        let (code, answer) = desk.answer(desk.ask("POST", "/api/v1/namespaces/bank/configmaps").body(body)).await;
        assert!((400..500).contains(&code) || body.contains("payments"), "{body}: {code} {answer}");
    }
    let after = desk.get(path).await;
    assert_eq!(after["spec"], before["spec"]);
}
