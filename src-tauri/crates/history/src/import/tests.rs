#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

use model::{Body, CoverageState, LogBody, MetricBody, ObjectRef, Observation, Time};
use redact::Redactor;

use super::{Imported, bundle, dependencies};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/bundles/orders")
}

fn read(path: &Path) -> Imported {
    bundle(path, &Redactor::new([7; 32])).unwrap()
}

fn about<'a>(imported: &'a Imported, subject: &str) -> Vec<&'a Observation> {
    let subject: ObjectRef = subject.parse().unwrap();
    imported.observations.iter().filter(|o| o.subject.as_ref() == Some(&subject)).collect()
}

fn coverage(imported: &Imported, kind: &str, namespace: &str) -> Option<CoverageState> {
    imported.observations.iter().find_map(|o| match &o.body {
        Body::Coverage { kind: k, namespace: n, state } if k == kind && n == namespace => Some(*state),
        _ => None,
    })
}

fn logs(imported: &Imported, subject: &str) -> Vec<LogBody> {
    let logs = about(imported, subject).into_iter().filter_map(|o| match &o.body {
        Body::Log(log) => Some(log.clone()),
        _ => None,
    });
    logs.collect()
}

fn metric(imported: &Imported, subject: &str, name: &str) -> MetricBody {
    let mut found = about(imported, subject).into_iter().filter_map(|o| match &o.body {
        Body::Metric(metric) if metric.name == name => Some(metric.clone()),
        _ => None,
    });
    found.next().unwrap()
}

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

const POD: &str = "Pod/orders/ledger-6d8f9b7c5d-aa111";

#[test]
fn every_file_is_read_or_listed_with_a_reason() {
    let imported = read(&fixture());
    let report = &imported.report;
    assert_eq!(report.files_read + report.unread.len(), report.files_present, "{:#?}", report.unread);
    let unread: Vec<&str> = report.unread.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        unread,
        ["cluster-resources/statefulsets/orders.json", "mystery.bin", "probes/unclear-1.txt", "run-pod/own.txt"]
    );
}

#[test]
fn a_broken_file_costs_only_itself() {
    let imported = read(&fixture());
    let (_, why) = imported.report.unread.iter().find(|(path, _)| path.contains("statefulsets")).unwrap();
    assert!(why.contains("not JSON"), "{why}");
    // They were asked for; "not asked" would say something else.
    assert_eq!(coverage(&imported, "StatefulSet", "orders"), Some(CoverageState::Partial));
    assert_eq!(coverage(&imported, "StatefulSet", ""), None);
    assert_eq!(imported.report.objects["Pod"], 1);
}

#[test]
fn objects_are_versions_as_of_the_time_of_collection() {
    let imported = read(&fixture());
    let pod = about(&imported, POD).into_iter().find(|o| matches!(o.body, Body::Object { .. })).unwrap();
    assert_eq!(pod.at, at("2026-05-04T10:00:00Z"));
    let Body::Object { object, uid, .. } = &pod.body else { unreachable!() };
    assert_eq!(uid, "p-1");
    assert!(object.pointer("/metadata/managedFields").is_none());
}

#[test]
fn a_recording_ends_with_its_last_event() {
    assert_eq!(read(&fixture()).collected_at, at("2026-05-04T10:00:04Z"));
}

#[test]
fn yaml_lists_and_items_without_a_kind_are_read() {
    let imported = read(&fixture());
    let deployment = about(&imported, "Deployment/orders/ledger");
    assert!(deployment.iter().any(|o| matches!(&o.body, Body::Object { uid, .. } if uid == "d-1")));
    assert_eq!(imported.report.objects["Service"], 1);
}

#[test]
fn empty_lists_say_asked_and_none_and_refusals_say_refused() {
    let imported = read(&fixture());
    assert_eq!(coverage(&imported, "Ingress", "orders"), Some(CoverageState::Listed));
    assert_eq!(coverage(&imported, "PersistentVolumeClaim", "orders"), Some(CoverageState::Listed));
    assert_eq!(coverage(&imported, "Queue", "orders"), Some(CoverageState::Listed));
    assert_eq!(coverage(&imported, "NetworkPolicy", "orders"), Some(CoverageState::Refused));
    assert_eq!(coverage(&imported, "Secret", "orders"), Some(CoverageState::Partial));
    assert_eq!(coverage(&imported, "CronJob", ""), Some(CoverageState::NotAsked));
}

#[test]
fn a_custom_kind_that_shadows_a_built_in_one_is_told_apart() {
    let imported = read(&fixture());
    assert_eq!(about(&imported, "Service.mesh.test/orders/ledger").len(), 1);
}

#[test]
fn equal_events_are_folded_and_events_about_nobody_are_kept() {
    let imported = read(&fixture());
    let events: Vec<_> = about(&imported, POD)
        .into_iter()
        .filter_map(|o| match &o.body {
            Body::Event(event) => Some(event),
            _ => None,
        })
        .collect();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].count, events[0].first_at), (8, at("2026-05-04T09:40:00Z")));
    let node = about(&imported, "Node//green-1").into_iter().find(|o| matches!(o.body, Body::Event(_))).unwrap();
    assert_eq!(node.at, at("2026-05-04T09:25:00Z"));
    let nobody = imported.observations.iter().find(|o| matches!(&o.body, Body::Event(e) if e.reason == "Something"));
    assert_eq!(nobody.unwrap().subject, None);
}

#[test]
fn secret_values_can_be_compared_and_not_read() {
    let imported = read(&fixture());
    let digest = |subject: &str, key: &str| {
        let shape = about(&imported, subject).into_iter().find_map(|o| match &o.body {
            Body::Shape(shape) => Some(shape.clone()),
            _ => None,
        });
        shape.unwrap().keys.into_iter().find(|k| k.key == key).unwrap().digest
    };
    assert_eq!(digest("Secret/orders/ledger-db", "PASSWORD"), digest("Secret/orders/billing-db", "PASSWORD"));
    assert_eq!(digest("ConfigMap/orders/ledger-a", "mode"), digest("ConfigMap/orders/ledger-b", "mode"));
    let everything = serde_json::to_string(&imported.observations).unwrap();
    for secret in
        ["correct-horse", "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5", "the-same-value", "hunter2-hunter2", "ghp_abcdefghij"]
    {
        assert!(!everything.contains(secret), "`{secret}` is still there");
    }
    assert!(about(&imported, "Secret/orders/absent").is_empty());
}

#[test]
fn logs_go_to_their_container_and_run() {
    let imported = read(&fixture());
    let logs = logs(&imported, POD);
    assert!(logs.iter().any(|l| l.container == "app" && !l.previous && l.text.contains("started")));
    assert!(logs.iter().any(|l| l.container == "app" && l.previous && l.text.contains("out of patience")));
    assert!(logs.iter().any(|l| l.text.is_empty() && l.cut.as_ref().is_some_and(|c| c.contains("PodInitializing"))));
    assert!(logs.iter().any(|l| l.text.contains("could not write") && l.text.ends_with("at line 3")));
}

#[test]
fn what_nodes_say_is_theirs() {
    let imported = read(&fixture());
    let agents: Vec<_> = about(&imported, "Node//green-1")
        .into_iter()
        .filter_map(|o| match &o.body {
            Body::NodeAgent(agent) => Some((agent.service.as_str(), agent.state.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(agents, [("containerd", "inactive (dead)"), ("kubelet", "")]);
}

#[test]
fn metrics_find_their_subject_by_name() {
    let imported = read(&fixture());
    assert_eq!(metric(&imported, "Deployment/orders/ledger", "cpu").points.len(), 2);
    assert_eq!(metric(&imported, "Deployment/orders/ledger", "p90latency").points.len(), 1);
    assert_eq!(metric(&imported, "Node//green-1", "cpu").points[1].value, 3.6);
    let stranger = imported.observations.iter().find_map(|o| match &o.body {
        Body::Metric(m) if m.labels.get("object").is_some_and(|n| n == "stranger") => Some(m),
        _ => None,
    });
    assert_eq!(stranger.unwrap().name, "cpu");
    let memory = about(&imported, POD).into_iter().filter_map(|o| match &o.body {
        Body::Metric(m) if m.name == "container_memory_working_set_bytes" => Some(m.points.clone()),
        _ => None,
    });
    let mut lengths: Vec<usize> = memory.map(|points| points.len()).collect();
    lengths.sort_unstable();
    assert_eq!(lengths, [1, 2], "the kubelet's one point, the summary's first and last");
}

#[test]
fn alerts_probes_changes_and_calls_are_observations() {
    let imported = read(&fixture());
    let bodies: Vec<&Body> = imported.observations.iter().map(|o| &o.body).collect();
    assert!(bodies.iter().any(|b| matches!(b, Body::Alert(a) if a.name == "LedgerDown")));
    assert!(
        bodies
            .iter()
            .any(|b| matches!(b, Body::Probe(p) if !p.reachable && p.target == "orders/ledger:8080" && p.port == 8080))
    );
    let change = imported.observations.iter().find(|o| matches!(&o.body, Body::Change { .. })).unwrap();
    assert_eq!(change.at, at("2026-05-04T09:45:00Z"));
    assert!(matches!(&change.body, Body::Change { diff: Some(files), .. } if files == "deploy/ledger.yaml"));
    let calls = bodies.iter().find_map(|b| match b {
        Body::Dependencies { calls } => Some(calls.clone()),
        _ => None,
    });
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(calls.unwrap(), [pair("front", "ledger"), pair("front", "mail"), pair("ledger", "ledger-db")]);
}

#[test]
fn arrows_are_calls_too() {
    let calls = dependencies::calls("front -> cart\ncart → redis\n");
    assert_eq!(calls.len(), 2);
}

fn packed(fixture: &Path, inside: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    builder.append_dir_all(inside, fixture).unwrap();
    builder.into_inner().unwrap().finish().unwrap()
}

#[test]
fn an_archive_reads_like_its_folder_however_deep_it_lies() {
    let folder = read(&fixture());
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("orders.tar.gz");
    std::fs::write(&path, packed(&fixture(), "support-bundle-2026/orders")).unwrap();
    let archive = read(&path);
    assert_eq!(archive.cluster, folder.cluster);
    assert_eq!(archive.name, "orders");
    let ids = |i: &Imported| i.observations.iter().map(|o| o.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&archive), ids(&folder));
}

#[test]
fn an_archive_that_is_cut_gives_what_came_before_the_cut() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("orders.tgz");
    let whole = packed(&fixture(), "orders");
    std::fs::write(&path, &whole[..whole.len() * 3 / 4]).unwrap();
    let imported = read(&path);
    assert!(!imported.observations.is_empty());
    assert!(imported.report.unread.iter().any(|(_, why)| why.contains("ends early")), "{:#?}", imported.report.unread);
}

#[test]
fn what_is_no_bundle_is_refused_and_says_why() {
    let temporary = tempfile::tempdir().unwrap();
    let redactor = Redactor::new([7; 32]);
    let missing = bundle(&temporary.path().join("nowhere"), &redactor).unwrap_err().to_string();
    assert!(missing.contains("nowhere"), "{missing}");
    std::fs::write(temporary.path().join("note.txt"), "hello").unwrap();
    let folder = bundle(temporary.path(), &redactor).unwrap_err().to_string();
    assert!(folder.contains("version.yaml"), "{folder}");
    let file = bundle(&temporary.path().join("note.txt"), &redactor).unwrap_err().to_string();
    assert!(file.contains("not a tar archive"), "{file}");
    for name in ["a", "b"] {
        std::fs::create_dir(temporary.path().join(name)).unwrap();
        std::fs::write(temporary.path().join(name).join("version.yaml"), "kind: SupportBundle").unwrap();
    }
    let two = bundle(temporary.path(), &redactor).unwrap_err().to_string();
    assert!(two.contains("2 support bundles"), "{two}");
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_bundle_is_not_followed() {
    let temporary = tempfile::tempdir().unwrap();
    let outside = temporary.path().join("outside.log");
    std::fs::write(&outside, "not yours").unwrap();
    let root = temporary.path().join("bundle");
    let logs = root.join("cluster-resources/pods/logs/ns/pod");
    std::fs::create_dir_all(&logs).unwrap();
    std::fs::create_dir_all(root.join("collected/pod")).unwrap();
    std::fs::write(root.join("collected/pod/in.log"), "ours").unwrap();
    std::os::unix::fs::symlink(&outside, logs.join("out.log")).unwrap();
    std::os::unix::fs::symlink("../../../../../collected/pod/in.log", logs.join("in.log")).unwrap();
    let imported = read(&root);
    let all = serde_json::to_string(&imported.observations).unwrap();
    assert!(all.contains("ours") && !all.contains("not yours"));
    assert!(
        imported.report.unread.iter().any(|(path, why)| path.ends_with("out.log") && why.contains("out of the bundle"))
    );
}

#[test]
fn a_large_log_loses_its_middle_and_says_so() {
    let temporary = tempfile::tempdir().unwrap();
    let logs = temporary.path().join("cluster-resources/pods/logs/ns/pod");
    std::fs::create_dir_all(&logs).unwrap();
    let lines: String = (0..400_000).map(|n| format!("line {n}\n")).collect();
    std::fs::write(logs.join("app.log"), &lines).unwrap();
    let imported = read(temporary.path());
    let log = self::logs(&imported, "Pod/ns/pod").remove(0);
    assert!(log.text.starts_with("line 0\n") && log.text.ends_with("line 399999"));
    let kept: usize = log.text.lines().filter(|l| l.starts_with("line ")).map(|l| l.len() + 1).sum();
    let cut = log.cut.unwrap();
    assert!(cut.starts_with(&format!("{} bytes", lines.len() - kept)), "{cut}");
}
