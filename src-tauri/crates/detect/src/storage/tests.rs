use serde_json::{Value, json};

use crate::sketch::{Sketch, fact, has};

fn claimed(claim: Value, volume: Value) -> Sketch {
    let mut pending = json!({"spec": {"storageClassName": "", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}, "status": {"phase": "Pending"}});
    let mut offered = json!({"spec": {"storageClassName": "", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}, "status": {"phase": "Available"}});
    for (into, from) in [(&mut pending, claim), (&mut offered, volume)] {
        for (key, value) in from.as_object().into_iter().flatten() {
            into["spec"][key] = value.clone();
        }
    }
    Sketch::new()
        .deployment("db")
        .but("Deployment/shop/db", |d| {
            d["spec"]["template"]["spec"]["volumes"] =
                json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}])
        })
        .with("PersistentVolumeClaim/shop/data", pending)
        .with("PersistentVolume/data", offered)
}

#[test]
fn what_keeps_a_claim_from_a_volume_is_named() {
    for (claim, volume, name) in [
        (json!({"accessModes": ["ReadWriteMany"]}), json!({}), "access_mode_mismatch"),
        (json!({"selector": {"matchLabels": {"tier": "fast"}}}), json!({}), "claim_selector_mismatch"),
        (json!({"resources": {"requests": {"storage": "5Gi"}}}), json!({}), "capacity_mismatch"),
        (json!({}), json!({"claimRef": {"namespace": "other", "name": "theirs"}}), "volume_bound_elsewhere"),
        (json!({"storageClassName": "gone"}), json!({}), "storage_class_missing"),
    ] {
        let facts = claimed(claim, volume).facts();
        fact(&facts, name, "PersistentVolumeClaim/shop/data");
        fact(&facts, name, "Deployment/shop/db");
    }
}

#[test]
fn a_bound_claim_is_no_fact_and_a_missing_one_is() {
    let bound = claimed(json!({}), json!({}))
        .but("PersistentVolumeClaim/shop/data", |c| c["status"]["phase"] = json!("Bound"))
        .facts();
    assert!(!has(&bound, "claim_pending") && !has(&bound, "claim_missing"));
    let gone = claimed(json!({}), json!({})).without("PersistentVolumeClaim/shop/data").facts();
    assert!(has(&gone, "claim_missing"));
    let open = Sketch::unwatched()
        .deployment("db")
        .but("Deployment/shop/db", |d| {
            d["spec"]["template"]["spec"]["volumes"] =
                json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}])
        })
        .facts();
    assert!(!has(&open, "claim_missing"), "claims were not listed");
}

#[test]
fn a_failed_attachment_and_a_failed_mount_are_told_and_a_mount_that_succeeded_is_over() {
    let facts = Sketch::new()
        .broken("db", "ContainerCreating", "", Value::Null)
        .event(
            "Pod/shop/db-abc-1",
            "FailedAttachVolume",
            "Multi-Attach error for volume \"pv-1\" Volume is already used by pod(s) other",
        )
        .facts();
    assert_eq!(fact(&facts, "volume_attach_failed", "Deployment/shop/db").args["answer"], "multi_attach");
    let over = Sketch::new()
        .deployment("db")
        .event("Pod/shop/db-abc-1", "FailedMount", "MountVolume.SetUp failed for volume \"v\" : timed out waiting")
        .facts();
    assert_eq!(fact(&over, "volume_mount_failed", "Deployment/shop/db").args["ongoing"], false);
}
