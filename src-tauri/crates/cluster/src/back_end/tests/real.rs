//! Against a real Prometheus and a real Alertmanager, through a service proxy and straight.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use model::{Body, ObjectRef, Time};
use serde_json::json;

use crate::back_end::{BackEndKind, BackEndPlace, ConfiguredBackEnd};
use crate::fake::Fake;
use crate::live::tests::live;
use crate::{Measure, MetricQuestion, Reach, ReadError};

const PATIENCE: Duration = Duration::from_secs(60);

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program that `TEST_ASSET_…` names or that stands in the path.
fn program(name: &str) -> Option<PathBuf> {
    let variable = format!("TEST_ASSET_{}", name.to_uppercase().replace('-', "_"));
    let named = std::env::var_os(variable).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = || std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    named.filter(|path| path.is_file()).or_else(found)
}

fn skip(test: &str, why: &str) {
    use std::io::Write;
    eprintln!("skipped {test}: {why}");
    let Some(path) = std::env::var_os("CASEBOARD_SKIPS") else { return };
    if let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(path) {
        let _ = writeln!(file, "{test}: {why}");
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A pod's metrics as cAdvisor and a web framework give them; it gets busier with each scrape.
async fn exporter() -> u16 {
    let scrapes = Arc::new(AtomicU64::new(0));
    let page = move || {
        let n = scrapes.fetch_add(1, Ordering::Relaxed);
        async move {
            let app = r#"namespace="shop",pod="cart-7d9c5b-x2x4z",container="app""#;
            let http = r#"namespace="shop",pod="cart-7d9c5b-x2x4z""#;
            let mut text = format!(
                "# TYPE container_cpu_usage_seconds_total counter\n\
                 container_cpu_usage_seconds_total{{{app}}} {}\n\
                 container_memory_working_set_bytes{{{app}}} {}\n\
                 container_cpu_cfs_throttled_periods_total{{{app}}} {}\n\
                 container_cpu_cfs_periods_total{{{app}}} {}\n\
                 kube_pod_container_status_restarts_total{{{app}}} 3\n\
                 http_requests_total{{{http},code=\"200\"}} {}\n\
                 http_requests_total{{{http},code=\"503\"}} {}\n",
                n as f64 * 0.1,
                100_000_000 + n * 1_000,
                n * 3,
                n * 4,
                n * 9,
                n,
            );
            for other in 0..80 {
                text.push_str(&format!("odd_series{{number=\"{other}\"}} {}\n", n * other));
            }
            text
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = Router::new().route("/metrics", get(page));
    tokio::spawn(async move { axum::serve(listener, app).await });
    port
}

struct Monitoring {
    prometheus: (u16, Ended),
    alertmanager: (u16, Ended),
    _folder: tempfile::TempDir,
}

async fn monitoring(prometheus: PathBuf, alertmanager: PathBuf) -> Monitoring {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    let exporter = exporter().await;
    let (port, alerts) = (free_port(), free_port());
    write("alertmanager.yml", "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n".into());
    write(
        "rules.yml",
        "groups:\n- name: shop\n  rules:\n  - alert: CartHoldsMemory\n    expr: container_memory_working_set_bytes > 1\n    \
         labels: {severity: warning}\n    annotations: {summary: the cart holds memory}\n"
            .into(),
    );
    write(
        "prometheus.yml",
        format!(
            "global: {{scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 300ms}}\n\
             rule_files: [rules.yml]\n\
             alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alerts}']}}]}}]}}\n\
             scrape_configs:\n- job_name: shop\n  honor_labels: true\n  static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]\n"
        ),
    );
    let run = |program: PathBuf, args: &[String]| {
        let mut command = Command::new(program);
        command.current_dir(folder.path()).args(args).stdout(Stdio::null()).stderr(Stdio::null());
        Ended(command.spawn().unwrap())
    };
    let alertmanager = run(
        alertmanager,
        &[
            "--config.file=alertmanager.yml".into(),
            "--storage.path=alerts".into(),
            "--cluster.listen-address=".into(),
            format!("--web.listen-address=127.0.0.1:{alerts}"),
        ],
    );
    let prometheus = run(
        prometheus,
        &[
            "--config.file=prometheus.yml".into(),
            "--storage.tsdb.path=data".into(),
            format!("--web.listen-address=127.0.0.1:{port}"),
        ],
    );
    Monitoring { prometheus: (port, prometheus), alertmanager: (alerts, alertmanager), _folder: folder }
}

async fn eventually<T>(what: &str, mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = attempt().await {
            return found;
        }
        assert!(Instant::now() < end, "waited for {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn of_cart(measure: Measure) -> MetricQuestion {
    MetricQuestion {
        object: Some(ObjectRef::new("Deployment", "shop", "cart")),
        measure: Some(measure),
        step: Some(1),
        ..MetricQuestion::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_and_its_alertmanager_answer_through_a_service_and_straight() {
    let test = "a_real_prometheus_and_its_alertmanager_answer_through_a_service_and_straight";
    let (Some(prometheus), Some(alertmanager)) = (program("prometheus"), program("prometheus-alertmanager")) else {
        skip(test, "there is no `prometheus` or no `prometheus-alertmanager`; Debian's packages have them");
        return;
    };
    let monitoring = monitoring(prometheus, alertmanager).await;
    let fake = Fake::start().await;
    for (name, label, port, to) in [
        ("prometheus-operated", "prometheus", 9090, monitoring.prometheus.0),
        ("alertmanager-main", "alertmanager", 9093, monitoring.alertmanager.0),
    ] {
        let labels = json!({"app.kubernetes.io/name": label});
        let spec = json!({"ports": [{"name": "web", "port": port}]});
        fake.put(
            "services",
            json!({"metadata": {"name": name, "namespace": "m", "uid": name, "labels": labels}, "spec": spec}),
        );
        let from = format!("/api/v1/namespaces/m/services/{name}:{port}/proxy");
        fake.shelf().forwards.insert(from, format!("http://127.0.0.1:{to}"));
    }
    let (reach, permit) = live(&fake).await;
    let Reach::Live(connection) = &reach else { panic!("live") };

    // Found through its Service; a rate needs two scrapes.
    let cpu = eventually("a rate", async || {
        let read = reach.metrics(&permit, &of_cart(Measure::Cpu), Time::MAX).await.ok()?;
        read.observations.into_iter().next()
    })
    .await;
    assert_eq!(cpu.subject, Some(ObjectRef::new("Pod", "shop", "cart-7d9c5b-x2x4z")));
    let Body::Metric(metric) = &cpu.body else { panic!("{cpu:?}") };
    assert_eq!((metric.name.as_str(), metric.unit.as_str()), ("container_cpu_usage_cores", "cores"));
    assert!(metric.points.iter().all(|point| point.value > 0.0), "{metric:?}");

    for (measure, name, holds) in [
        (Measure::Memory, "container_memory_working_set_bytes", 1e8..2e8),
        (Measure::Throttling, "container_cpu_cfs_throttled_ratio", 0.7..0.8),
        (Measure::Restarts, "kube_pod_container_status_restarts_total", 2.9..3.1),
        (Measure::HttpErrors, "http_requests_error_ratio", 0.05..0.15),
    ] {
        let read = reach.metrics(&permit, &of_cart(measure), Time::MAX).await.unwrap();
        let [seen] = &read.observations[..] else { panic!("{measure:?} {read:?}") };
        let Body::Metric(metric) = &seen.body else { panic!("{seen:?}") };
        let last = metric.points.last().unwrap().value;
        assert!(metric.name == name && holds.contains(&last), "{measure:?} {last} {}", metric.name);
    }
    let none = reach.metrics(&permit, &of_cart(Measure::VolumeUsage), Time::MAX).await.unwrap();
    assert!(none.observations.is_empty(), "asked, and there is none");

    // A query of one's own: as it is, at one time, with too many series, and wrong.
    let raw = |query: &str| MetricQuestion { query: Some(query.into()), step: Some(1), ..MetricQuestion::default() };
    let read = reach.metrics(&permit, &raw("count(odd_series)"), Time::MAX).await.unwrap();
    assert!(matches!(&read.observations[0].body, Body::Metric(m) if m.points.last().unwrap().value == 80.0));
    let now = Some(connection.inner.clock.now());
    let instant = MetricQuestion { from: now, until: now, ..raw("up") };
    let read = reach.metrics(&permit, &instant, Time::MAX).await.unwrap();
    assert!(matches!(&read.observations[0].body, Body::Metric(m) if m.points.len() == 1 && m.name == "up"));
    let read = reach.metrics(&permit, &raw("odd_series"), Time::MAX).await.unwrap();
    assert_eq!(read.observations.len(), 60);
    assert!(read.notes.iter().any(|note| note.contains("20 of 80 series")), "{:?}", read.notes);
    let error = reach.metrics(&permit, &raw("sum("), Time::MAX).await.unwrap_err();
    assert!(
        matches!(&error, ReadError::Failed { why, hint, .. } if why.contains("parse error") && hint.contains("Correct")),
        "{error:?}"
    );

    // Its rule fires, and the Alertmanager behind the other Service has it.
    let alert = eventually("the alert", async || {
        reach.alerts(&permit, Some("shop"), Time::MAX).await.ok()?.observations.into_iter().next()
    })
    .await;
    let Body::Alert(told) = &alert.body else { panic!("{alert:?}") };
    assert_eq!((told.name.as_str(), told.severity.as_str()), ("CartHoldsMemory", "warning"));
    assert_eq!(alert.subject, Some(ObjectRef::new("Pod", "shop", "cart-7d9c5b-x2x4z")));

    // Configured goes before found; straight, under an address that is wrong at first.
    let address = |path: &str| BackEndPlace::Address {
        url: format!("http://127.0.0.1:{}{path}", monitoring.prometheus.0),
        ca_file: None,
    };
    let configure = |place| {
        let headers = vec![("X-Scope-OrgID".to_owned(), "shop".to_owned())];
        connection.configure_back_ends(vec![ConfiguredBackEnd {
            kind: BackEndKind::Prometheus,
            place,
            headers,
            problem: None,
        }]);
    };
    configure(address("/wrong"));
    let error = connection.try_back_end(BackEndKind::Prometheus).await.unwrap_err();
    assert!(error.hint().contains("path"), "{error:?}");
    let state = connection.back_end_states().await.into_iter().next().unwrap();
    assert!(state.configured && state.trouble.is_some(), "{state:?}");
    configure(address(""));
    connection.try_back_end(BackEndKind::Prometheus).await.unwrap();
    let read = reach.metrics(&permit, &of_cart(Measure::Memory), Time::MAX).await.unwrap();
    assert_eq!(read.observations.len(), 1);
    let state = connection.back_end_states().await.into_iter().next().unwrap();
    assert!(state.trouble.is_none() && state.answered_at.is_some(), "{state:?}");

    // Without an Alertmanager its own alerts are better than none.
    fake.delete("services", "m", "alertmanager-main");
    let read = eventually("the Service to be gone", async || {
        let read = reach.alerts(&permit, None, Time::MAX).await.ok()?;
        read.notes.iter().any(|note| note.contains("silences")).then_some(read)
    })
    .await;
    assert_eq!(read.observations.len(), 1);

    // What does not answer says so, and is no empty answer.
    connection.configure_back_ends(Vec::new());
    drop(monitoring);
    let error = reach.metrics(&permit, &of_cart(Measure::Memory), Time::MAX).await.unwrap_err();
    assert!(error.could_not_look() && error.to_string().contains("prometheus-operated"), "{error}");
}
