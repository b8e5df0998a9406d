//! Against a server that speaks Loki's query API as its documents describe it: selectors, line filters, limits, both
//! directions, an exclusive end, nanoseconds.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use model::{Body, Time};
use serde_json::json;

use crate::fake::Fake;
use crate::live::tests::live;
use crate::{Containers, LogQuestion, Matching};

const LINES: i64 = 12_000;
const FIRST: i64 = 1_700_000_000;

/// Two containers of one pod that is gone; lines of one of them share their nanosecond in pairs.
async fn query_range(Query(query): Query<BTreeMap<String, String>>) -> Response {
    let number = |name: &str| query.get(name).and_then(|value| value.parse::<i64>().ok());
    let (Some(text), Some(start), Some(end)) = (query.get("query"), number("start"), number("end")) else {
        return (StatusCode::BAD_REQUEST, "parse error: missing query").into_response();
    };
    let limit = usize::try_from(number("limit").unwrap_or(100)).unwrap();
    if limit > 5_000 {
        return (StatusCode::BAD_REQUEST, "max entries limit per query exceeded").into_response();
    }
    let (selector, filter) = text.split_once('}').unwrap();
    let wants = |label: &str, value: &str| {
        let matchers = selector.trim_start_matches('{').split(',').filter(|m| m.starts_with(label));
        matchers.clone().count() == 0
            || matchers.clone().all(|m| {
                let expression = m.split_once('"').unwrap().1.trim_end_matches('"');
                expression.split('|').any(|one| one == value)
            })
    };
    if !wants("namespace", "shop") || !wants("pod", "cart-gone") || selector.contains("k8s_") {
        return axum::Json(json!({"status": "success", "data": {"resultType": "streams", "result": []}}))
            .into_response();
    }
    let filter = filter.split_once('"').map(|(_, rest)| regex::Regex::new(rest.trim_end_matches('"')).unwrap());
    let mut found: Vec<(i64, &str, String)> = (0..LINES)
        .map(|n| {
            let container = if n % 10 == 0 { "mesh" } else { "app" };
            let at = (FIRST + n / 2) * 1_000_000_000;
            (at, container, if n == 77 { "panic: cart is full".to_owned() } else { format!("served {n}") })
        })
        .filter(|(at, container, line)| {
            *at >= start
                && *at < end
                && wants("container", container)
                && filter.as_ref().is_none_or(|f| f.is_match(line))
        })
        .collect();
    if query.get("direction").is_none_or(|direction| direction == "backward") {
        found.reverse();
    }
    found.truncate(limit);
    let mut streams: BTreeMap<&str, Vec<[String; 2]>> = BTreeMap::new();
    for (at, container, line) in found {
        streams.entry(container).or_default().push([at.to_string(), line]);
    }
    let result: Vec<_> = streams
        .into_iter()
        .map(|(container, values)| {
            json!({"stream": {"namespace": "shop", "pod": "cart-gone", "container": container}, "values": values})
        })
        .collect();
    axum::Json(json!({"status": "success", "data": {"resultType": "streams", "result": result, "stats": {}}}))
        .into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_vanished_is_read_from_the_log_store_page_by_page() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/loki/api/v1/query_range", get(query_range));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let fake = Fake::start().await;
    fake.put(
        "services",
        json!({"metadata": {"name": "loki", "namespace": "l", "uid": "l", "labels": {"app.kubernetes.io/name": "loki"}},
            "spec": {"ports": [{"name": "http-metrics", "port": 3100}]}}),
    );
    let from = "/api/v1/namespaces/l/services/loki:3100/proxy".to_owned();
    fake.shelf().forwards.insert(from, format!("http://{address}"));
    let (reach, permit) = live(&fake).await;
    let question = LogQuestion {
        namespace: "shop".into(),
        pod: "cart-gone".into(),
        containers: Containers::All,
        since: Some(Time::from_seconds(FIRST)),
        until: Some(Time::from_seconds(FIRST + LINES)),
        ..LogQuestion::default()
    };
    let read = reach.logs(&permit, &question, Time::MAX).await.unwrap();
    assert!(read.notes[0].contains("does not exist any more") && read.notes[0].contains("Loki"), "{:?}", read.notes);
    let lines: Vec<(String, u64)> = read
        .observations
        .iter()
        .map(|o| match &o.body {
            Body::Log(log) => (log.container.clone(), log.lines),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lines, [("app".into(), 10_800), ("mesh".into(), 1_200)], "each line once, over three pages");

    let named = LogQuestion {
        containers: Containers::Named(vec!["app".into()]),
        matching: Some(Matching::new("panic|boom")),
        ..question.clone()
    };
    let read = reach.logs(&permit, &named, Time::MAX).await.unwrap();
    let [one] = &read.observations[..] else { panic!("{read:?}") };
    assert!(matches!(&one.body, Body::Log(log) if log.text.ends_with("panic: cart is full") && log.lines == 1));

    let nobody = LogQuestion { pod: "nobody".into(), ..question };
    let error = reach.logs(&permit, &nobody, Time::MAX).await.unwrap_err();
    assert!(error.hint().contains("gone"), "{error:?}");
}
