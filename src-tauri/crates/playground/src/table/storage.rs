//! Rows of volumes, claims and what provides them.

use serde_json::{Value, json};

use super::{Printer, Row, or};

pub(super) fn printer(kind: &str) -> Option<Printer> {
    Some(match kind {
        "PersistentVolumeClaim" => (
            &[
                ("Name", "string", 0),
                ("Status", "string", 0),
                ("Volume", "string", 0),
                ("Capacity", "string", 0),
                ("Access Modes", "string", 0),
                ("StorageClass", "string", 0),
                ("VolumeAttributesClass", "string", 0),
                ("Age", "string", 0),
                ("VolumeMode", "string", 1),
            ],
            claim,
        ),
        "PersistentVolume" => (
            &[
                ("Name", "string", 0),
                ("Capacity", "string", 0),
                ("Access Modes", "string", 0),
                ("Reclaim Policy", "string", 0),
                ("Status", "string", 0),
                ("Claim", "string", 0),
                ("StorageClass", "string", 0),
                ("VolumeAttributesClass", "string", 0),
                ("Reason", "string", 0),
                ("Age", "string", 0),
                ("VolumeMode", "string", 1),
            ],
            volume,
        ),
        "StorageClass" => (
            &[
                ("Name", "string", 0),
                ("Provisioner", "string", 0),
                ("ReclaimPolicy", "string", 0),
                ("VolumeBindingMode", "string", 0),
                ("AllowVolumeExpansion", "string", 0),
                ("Age", "string", 0),
            ],
            class,
        ),
        "VolumeAttachment" => (
            &[
                ("Name", "string", 0),
                ("Attacher", "string", 0),
                ("PV", "string", 0),
                ("Node", "string", 0),
                ("Attached", "boolean", 0),
                ("Age", "string", 0),
            ],
            |row| {
                vec![
                    row.name(),
                    row.at("/spec/attacher").clone(),
                    row.text("/spec/source/persistentVolumeName").into(),
                    row.at("/spec/nodeName").clone(),
                    json!(row.at("/status/attached") == true),
                    row.age(),
                ]
            },
        ),
        "CSINode" => (&[("Name", "string", 0), ("Drivers", "integer", 0), ("Age", "string", 0)], |row| {
            vec![row.name(), row.list("/spec/drivers").len().into(), row.age()]
        }),
        "CSIDriver" => (
            &[
                ("Name", "string", 0),
                ("AttachRequired", "boolean", 0),
                ("PodInfoOnMount", "boolean", 0),
                ("StorageCapacity", "boolean", 0),
                ("TokenRequests", "string", 0),
                ("RequiresRepublish", "boolean", 0),
                ("Modes", "string", 0),
                ("Age", "string", 0),
            ],
            driver,
        ),
        _ => return None,
    })
}

fn claim(row: &Row<'_>) -> Vec<Value> {
    let bound = !row.text("/spec/volumeName").is_empty();
    let (capacity, modes) = match bound {
        true => (row.text("/status/capacity/storage").to_owned(), modes(row.list("/status/accessModes"))),
        false => (String::new(), String::new()),
    };
    let annotated = row.at("/metadata/annotations")["volume.beta.kubernetes.io/storage-class"].as_str();
    vec![
        row.name(),
        phase(row),
        row.text("/spec/volumeName").into(),
        capacity.into(),
        modes.into(),
        annotated.unwrap_or_else(|| row.text("/spec/storageClassName")).into(),
        or(row.text("/spec/volumeAttributesClassName"), "<unset>"),
        row.age(),
        or(row.text("/spec/volumeMode"), "<unset>"),
    ]
}

fn volume(row: &Row<'_>) -> Vec<Value> {
    let claim = match row.at("/spec/claimRef").is_object() {
        true => format!("{}/{}", row.text("/spec/claimRef/namespace"), row.text("/spec/claimRef/name")),
        false => String::new(),
    };
    vec![
        row.name(),
        or(row.text("/spec/capacity/storage"), "0"),
        modes(row.list("/spec/accessModes")).into(),
        row.at("/spec/persistentVolumeReclaimPolicy").clone(),
        phase(row),
        claim.into(),
        row.text("/spec/storageClassName").into(),
        or(row.text("/spec/volumeAttributesClassName"), "<unset>"),
        row.text("/status/reason").into(),
        row.age(),
        or(row.text("/spec/volumeMode"), "<unset>"),
    ]
}

fn phase(row: &Row<'_>) -> Value {
    if row.at("/metadata/deletionTimestamp").is_null() {
        row.text("/status/phase").into()
    } else {
        "Terminating".into()
    }
}

/// Access modes in their short form and their usual order.
fn modes(modes: &[Value]) -> String {
    [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")]
        .iter()
        .filter(|(long, _)| modes.iter().any(|m| m == long))
        .map(|(_, short)| *short)
        .collect::<Vec<_>>()
        .join(",")
}

fn class(row: &Row<'_>) -> Vec<Value> {
    let annotations = row.at("/metadata/annotations");
    let default = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
        .iter()
        .any(|a| annotations[*a] == "true");
    let name = row.text("/metadata/name");
    vec![
        if default { format!("{name} (default)").into() } else { name.into() },
        row.at("/provisioner").clone(),
        or(row.text("/reclaimPolicy"), "Delete"),
        or(row.text("/volumeBindingMode"), "Immediate"),
        json!(row.at("/allowVolumeExpansion") == true),
        row.age(),
    ]
}

fn driver(row: &Row<'_>) -> Vec<Value> {
    let modes: Vec<&str> = row.list("/spec/volumeLifecycleModes").iter().filter_map(Value::as_str).collect();
    let audiences: Vec<&str> = row.list("/spec/tokenRequests").iter().filter_map(|r| r["audience"].as_str()).collect();
    vec![
        row.name(),
        json!(row.at("/spec/attachRequired") != false),
        json!(row.at("/spec/podInfoOnMount") == true),
        json!(row.at("/spec/storageCapacity") == true),
        or(&audiences.join(","), "<unset>"),
        json!(row.at("/spec/requiresRepublish") == true),
        or(&modes.join(","), "<none>"),
        row.age(),
    ]
}
