#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use model::{Doc, ObjectRef};
use serde_json::{Value, json};

use super::discover::among;
use super::*;
use crate::Reach;
use crate::fake::Fake;
use crate::live::tests::live;

fn service(namespace: &str, name: &str, labels: Value, ports: Value) -> (ObjectRef, Doc) {
    let object =
        json!({"metadata": {"name": name, "namespace": namespace, "labels": labels}, "spec": {"ports": ports}});
    (ObjectRef::new("Service", namespace, name), object.into())
}

fn found(services: &[(ObjectRef, Doc)]) -> BTreeMap<BackEndKind, String> {
    let found = among(services.iter().map(|(service, object)| (service, object)));
    found.into_iter().map(|(kind, place)| (kind, place.to_string())).collect()
}

#[test]
fn the_services_of_the_usual_charts_are_recognised() {
    let named = |name: &str| json!({"app.kubernetes.io/name": name});
    let port = |name: &str, port: u16| json!([{"name": name, "port": port}]);
    for (kind, is) in [
        (
            BackEndKind::Prometheus,
            service(
                "m",
                "kps-kube-prometheus-stack-prometheus",
                json!({"app": "kube-prometheus-stack-prometheus"}),
                json!([{"name": "http-web", "port": 9090}, {"name": "reloader-web", "port": 8080}]),
            ),
        ),
        (
            BackEndKind::Prometheus,
            service("m", "prometheus-operated", json!({"operated-prometheus": "true"}), port("http-web", 9090)),
        ),
        (BackEndKind::Prometheus, service("m", "prometheus-server", named("prometheus"), port("http", 80))),
        (BackEndKind::Prometheus, service("m", "vmsingle-vm", named("vmsingle"), port("http", 8429))),
        (
            BackEndKind::Prometheus,
            service(
                "m",
                "thanos-query",
                named("thanos-query"),
                json!([{"name": "grpc", "port": 10901}, {"name": "http", "port": 10902}]),
            ),
        ),
        (BackEndKind::Loki, service("l", "loki", named("loki"), port("http-metrics", 3100))),
        (
            BackEndKind::Loki,
            service(
                "l",
                "loki-gateway",
                json!({"app.kubernetes.io/name": "loki", "app.kubernetes.io/component": "gateway"}),
                port("http", 80),
            ),
        ),
        (BackEndKind::Alertmanager, service("m", "alertmanager-main", named("alertmanager"), port("web", 9093))),
    ] {
        let expected = format!("{}/{}:", is.0.namespace, is.0.name);
        let seen = found(std::slice::from_ref(&is));
        assert!(seen.get(&kind).is_some_and(|place| place.contains(&expected)), "{expected} {seen:?}");
    }
}

#[test]
fn relatives_that_answer_no_questions_are_left_alone() {
    let port = |port: u16| json!([{"name": "http", "port": port}]);
    let services = [
        service("m", "prometheus-operator", json!({"app.kubernetes.io/name": "prometheus-operator"}), port(8080)),
        service(
            "m",
            "prometheus-node-exporter",
            json!({"app.kubernetes.io/name": "prometheus-node-exporter"}),
            port(9100),
        ),
        service("m", "prometheus-pushgateway", json!({}), port(9091)),
        service("l", "loki-memberlist", json!({"app.kubernetes.io/name": "loki"}), port(7946)),
        service(
            "l",
            "loki-canary",
            json!({"app.kubernetes.io/name": "loki"}),
            json!([{"name": "http-metrics", "port": 3500}]),
        ),
        service("shop", "cart", json!({"app": "cart"}), port(9090)),
    ];
    assert_eq!(found(&services), BTreeMap::new());
}

#[test]
fn the_server_that_answers_for_more_is_chosen_and_the_same_each_time() {
    let port = |port: u16| json!([{"name": "http", "port": port}]);
    let mut services = vec![
        service("m", "prometheus-operated", json!({}), port(9090)),
        service("m", "prometheus-k8s", json!({"app.kubernetes.io/name": "prometheus"}), port(9090)),
        service("m", "thanos-query", json!({"app.kubernetes.io/name": "thanos-query"}), port(9090)),
    ];
    assert_eq!(found(&services)[&BackEndKind::Prometheus], "Service `m/thanos-query:9090`");
    services.pop();
    assert_eq!(found(&services)[&BackEndKind::Prometheus], "Service `m/prometheus-k8s:9090`");
    services.reverse();
    assert_eq!(found(&services)[&BackEndKind::Prometheus], "Service `m/prometheus-k8s:9090`");
}

#[test]
fn a_name_cannot_leave_its_place_in_a_query() {
    let question = MetricQuestion {
        object: Some(ObjectRef::new("Pod", "shop\"} or {x=\"", "a.b")),
        measure: Some(crate::Measure::Memory),
        ..MetricQuestion::default()
    };
    let queries = promql::queries(&question);
    let query = &queries[0].query;
    assert!(query.contains(r#"namespace="shop\"} or {x=\"""#), "{query}");
    assert!(query.contains(r#"pod=~"a\\.b""#), "{query}");
}

#[test]
fn every_measure_has_a_query_for_every_kind_of_object() {
    for kind in ["Pod", "Deployment", "StatefulSet", "Node", "Service", "PersistentVolumeClaim"] {
        for measure in crate::Measure::ALL {
            let question = MetricQuestion {
                object: Some(ObjectRef::new(kind, "shop", "cart")),
                measure: Some(measure),
                ..MetricQuestion::default()
            };
            let queries = promql::queries(&question);
            assert!(!queries.is_empty() && queries.iter().all(|q| !q.name.is_empty()), "{kind} {measure:?}");
            assert!(queries.iter().all(|q| q.query.contains("cart") || q.query.contains("shop")), "{queries:?}");
        }
    }
}

mod loki;
mod real;

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_back_end_that_is_wrong_says_what_is_wrong_whichever_it_is() {
    let fake = Fake::start().await;
    let (reach, _) = live(&fake).await;
    let Reach::Live(connection) = &reach else { panic!("live") };
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let at = |url: String| BackEndPlace::Address { url, ca_file: None };
    let service = |name: &str| BackEndPlace::Service {
        namespace: "m".into(),
        name: name.into(),
        port: 80,
        https: false,
        path: String::new(),
    };
    let proxy = |name: &str| format!("/api/v1/namespaces/m/services/{name}:80/proxy");
    let forbidden =
        json!({"kind": "Status", "code": 403, "message": "services \"closed\" is forbidden", "metadata": {}});
    let empty = json!({"kind": "Status", "code": 503, "message": "no endpoints available", "metadata": {}});
    for (kind, path) in [
        (BackEndKind::Prometheus, "/api/v1/query"),
        (BackEndKind::Loki, "/loki/api/v1/labels"),
        (BackEndKind::Alertmanager, "/api/v2/status"),
    ] {
        for (base, status, text) in [
            ("/page".to_owned(), 200, "<html>Please sign in</html>".to_owned()),
            ("/other".to_owned(), 404, "404 page not found".to_owned()),
            ("/shut".to_owned(), 401, "no".to_owned()),
            (proxy("closed"), 403, forbidden.to_string()),
            (proxy("empty"), 503, empty.to_string()),
        ] {
            fake.shelf().answers.insert(format!("{base}{path}"), (status, text));
        }
        for (place, word) in [
            (at(format!("http://{}/page", fake.address)), "page for people"),
            (at(format!("http://{}/other", fake.address)), "Check its path"),
            (at(format!("http://{}/shut", fake.address)), "Authorization"),
            (at(format!("http://{nobody}")), "Nothing listens there"),
            (service("closed"), "services/proxy"),
            (service("empty"), "pods behind its Service"),
        ] {
            let configured = ConfiguredBackEnd { kind, place: place.clone(), headers: Vec::new(), problem: None };
            connection.configure_back_ends(vec![configured]);
            let stands = async || connection.back_end_states().await.into_iter().find(|state| state.kind == kind);
            assert_eq!(stands().await.unwrap().trouble, None, "nobody has asked it yet");
            let error = connection.try_back_end(kind).await.unwrap_err();
            assert!(error.hint().contains(word), "{kind:?} at {place}: {error} {}", error.hint());
            let state = stands().await.unwrap();
            assert!(state.configured && state.answered_at.is_none() && state.trouble.is_some(), "{state:?}");
        }
    }
}
