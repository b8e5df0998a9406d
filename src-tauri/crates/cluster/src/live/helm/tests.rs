#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn packed(release: &Value) -> Value {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(release.to_string().as_bytes()).unwrap();
    let helms = STANDARD.encode(gzip.finish().unwrap());
    json!({"kind": "Secret", "type": "helm.sh/release.v1", "data": {"release": STANDARD.encode(helms)}})
}

fn release() -> Value {
    let manifest = "---\n# Source: web/templates/secret.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  \
                    word: aHVudGVyMi1odW50ZXIy\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  \
                    dsn: pg://app:hunter2-hunter2@db/shop\n  colour: green\n";
    let hook = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n";
    json!({
        "name": "web", "namespace": "shop", "version": 3,
        "info": {"status": "deployed", "description": "Upgrade complete", "last_deployed": "2026-11-01T10:00:00Z"},
        "chart": {"metadata": {"name": "web", "version": "1.2.3", "appVersion": "4.5"}, "values": {"a": 1}},
        "config": {"replicas": 2, "db": {"word": "hunter2-hunter2", "password": "x"}},
        "hooks": [{"name": "migrate", "kind": "Job", "events": ["pre-upgrade"], "manifest": hook}],
        "manifest": manifest,
    })
}

#[test]
fn a_release_is_told_without_any_value_of_its_secrets() {
    let told = told(&packed(&release()), &Redactor::new([3; 32])).unwrap();
    assert_eq!(told["chart"]["version"], "1.2.3");
    assert_eq!((&told["revision"], &told["status"]), (&json!(3), &json!("deployed")));
    assert_eq!(told["values"]["replicas"], 2);
    assert_eq!(told["hooks"][0]["manifest"][0]["metadata"]["name"], "migrate");
    assert_eq!(told["manifest"][0]["data"]["word"], MASK, "the key stays, the value does not");
    assert_eq!(told["manifest"][1]["data"]["colour"], "green");
    let text = told.to_string();
    assert!(!text.contains("hunter2") && !text.contains("aHVudGVy"), "{text}");
    assert!(!told["values"]["db"]["password"].to_string().contains('x'), "{text}");
}

#[test]
fn a_part_that_is_not_yaml_is_left_out_because_nobody_knows_what_it_holds() {
    let mut broken = release();
    broken["manifest"] = "kind: Secret\n\tdata: {word: hunter2-hunter2".into();
    let told = told(&packed(&broken), &Redactor::new([3; 32])).unwrap();
    assert_eq!(told["manifest"].as_array().unwrap().len(), 1);
    assert!(!told["manifest"].to_string().contains("hunter2"), "{told}");
}

#[test]
fn what_is_not_a_release_is_refused_without_a_word_of_it() {
    for value in [
        json!({}),
        json!({"data": {"release": "%%"}}),
        json!({"data": {"release": "aHVudGVyMg=="}}),
        packed(&json!({"a": "hunter2"})),
    ] {
        let why = told(&value, &Redactor::new([3; 32])).unwrap_err();
        assert!(!why.contains("hunter"), "{why}");
    }
}
