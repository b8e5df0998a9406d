//! Claims, volumes, classes, attachments, mounts, snapshots.

mod mounts;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use model::{Doc, Held, ObjectRef};
use topology::{Relation, labels_of, matches_selector};

use crate::found::{Draft, Found};
use crate::json::{created, entries, flag, list, short, text};
use crate::quantity;
use crate::scene::{Existence, Scene};

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for (claim, held) in scene.snapshot.of_kind("PersistentVolumeClaim") {
        match text(&held.object, "/status/phase") {
            "Lost" => {
                found
                    .fact("claim_lost", claim)
                    .arg("volume", text(&held.object, "/spec/volumeName"))
                    .since(held.at)
                    .because(&held.observation)
                    .says(format!(
                        "the volume {} behind {} is gone",
                        text(&held.object, "/spec/volumeName"),
                        claim.name
                    ));
            }
            "Pending" => pending(scene, claim, held, found),
            _ => {}
        }
        shared(scene, claim, held, found);
        resize(scene, claim, held, found);
    }
    claims_missing(scene, found);
    snapshots(scene, found);
    mounts::facts(scene, found);
}

fn users(scene: &Scene, claim: &ObjectRef) -> Vec<ObjectRef> {
    let edges = scene.graph.dependents(claim).into_iter().filter(|e| e.relation == Relation::Mounts);
    let users: BTreeSet<ObjectRef> = edges.map(|e| scene.graph.workload_of(e.from)).collect();
    users.into_iter().collect()
}

fn modes(value: &Doc, pointer: &str) -> Vec<String> {
    list(value, pointer).iter().filter_map(Doc::as_str).map(str::to_owned).collect()
}

/// Why a claim and a volume do not fit, in the order in which the binder looks.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Misfit {
    Taken,
    Class,
    AccessMode,
    Selector,
    Capacity,
}

struct Candidate<'s> {
    volume: &'s ObjectRef,
    held: &'s Held,
    misfits: Vec<Misfit>,
}

fn class_of(object: &Doc) -> Option<&str> {
    object.pointer("/spec/storageClassName").and_then(Doc::as_str)
}

/// The class a claim ends up with: its own, or the default one where it names none.
fn effective_class<'s>(scene: &'s Scene, claim: &'s Doc) -> Option<&'s str> {
    class_of(claim).or_else(|| {
        let default = scene.snapshot.of_kind("StorageClass").find(|(_, held)| {
            entries(&held.object, "/metadata/annotations").any(|(k, v)| k.ends_with("is-default-class") && v == "true")
        });
        default.map(|(class, _)| class.name.as_str())
    })
}

fn candidates<'s>(scene: &'s Scene, claim: &ObjectRef, object: &'s Doc) -> Vec<Candidate<'s>> {
    let wanted = modes(object, "/spec/accessModes");
    let class = effective_class(scene, object).unwrap_or("");
    let size = quantity::of(object.pointer("/spec/resources/requests/storage"));
    let named = text(object, "/spec/volumeName");
    let mut all: Vec<Candidate> = scene
        .snapshot
        .of_kind("PersistentVolume")
        .filter(|(volume, _)| named.is_empty() || volume.name == named)
        .map(|(volume, held)| {
            let body = &held.object;
            let mut misfits = Vec::new();
            let bound_to = (text(body, "/spec/claimRef/namespace"), text(body, "/spec/claimRef/name"));
            let other = !bound_to.1.is_empty() && bound_to != (claim.namespace.as_str(), claim.name.as_str());
            // A reference by uid to a former claim of the same name holds the volume, too.
            let released = text(body, "/status/phase") == "Released";
            if other || released || text(body, "/status/phase") == "Failed" {
                misfits.push(Misfit::Taken);
            }
            if class_of(body).unwrap_or("") != class {
                misfits.push(Misfit::Class);
            }
            let offered = modes(body, "/spec/accessModes");
            if !wanted.iter().all(|mode| offered.contains(mode)) {
                misfits.push(Misfit::AccessMode);
            }
            if object.pointer("/spec/selector").is_some_and(|s| !matches_selector(s, labels_of(body))) {
                misfits.push(Misfit::Selector);
            }
            let has = quantity::of(body.pointer("/spec/capacity/storage"));
            if size.zip(has).is_some_and(|(size, has)| size > has) {
                misfits.push(Misfit::Capacity);
            }
            Candidate { volume, held, misfits }
        })
        .collect();
    // The nearest is the one that one change would make fit; a name in common says that it was meant.
    let affinity = |c: &Candidate| {
        let stem = |name: &str| name.trim_end_matches("-pvc").trim_end_matches("-pv").to_owned();
        let meant =
            text(&c.held.object, "/spec/claimRef/name") == claim.name || stem(&c.volume.name) == stem(&claim.name);
        (c.misfits.len(), !meant, c.misfits.contains(&Misfit::Taken), c.volume.name.clone())
    };
    all.sort_by_key(affinity);
    all
}

struct Verdict<'s> {
    reason: &'static str,
    volume: Option<&'s Candidate<'s>>,
    wanted: String,
    offered: String,
}

fn judge<'s>(scene: &Scene, object: &Doc, candidates: &'s [Candidate<'s>], told: &str) -> Verdict<'s> {
    let verdict = |reason, volume, wanted: String, offered: String| Verdict { reason, volume, wanted, offered };
    let class = class_of(object);
    let class_exists = class.is_some_and(|c| !c.is_empty() && scene.exists("StorageClass", "", c) == Existence::There);
    let class_absent = class.is_some_and(|c| {
        !c.is_empty()
            && (scene.exists("StorageClass", "", c) == Existence::Absent
                || told.contains("not found") && told.contains(c))
    });
    let named = text(object, "/spec/volumeName");
    if !named.is_empty() && candidates.is_empty() && scene.exists("PersistentVolume", "", named) == Existence::Absent {
        return verdict("volume_missing", None, named.to_owned(), String::new());
    }
    let provisioner = class.and_then(|c| scene.snapshot.get(&ObjectRef::global("StorageClass", c)));
    let dynamic = provisioner.is_some_and(|held| text(&held.object, "/provisioner") != "kubernetes.io/no-provisioner");
    let waits = provisioner.is_some_and(|held| text(&held.object, "/volumeBindingMode") == "WaitForFirstConsumer");
    if let Some(nearest) = candidates.first().filter(|c| c.misfits.len() == 1 || !class_absent && !dynamic) {
        let body = &nearest.held.object;
        match nearest.misfits.first() {
            Some(Misfit::AccessMode) => {
                return verdict(
                    "access_mode",
                    Some(nearest),
                    modes(object, "/spec/accessModes").join(","),
                    modes(body, "/spec/accessModes").join(","),
                );
            }
            Some(Misfit::Selector) => {
                let selector = object.pointer("/spec/selector").map(Doc::to_string).unwrap_or_default();
                let labels = serde_json::to_string(&labels_of(body)).unwrap_or_default();
                return verdict("selector", Some(nearest), selector, labels);
            }
            Some(Misfit::Capacity) => {
                return verdict(
                    "capacity",
                    Some(nearest),
                    text(object, "/spec/resources/requests/storage").to_owned(),
                    text(body, "/spec/capacity/storage").to_owned(),
                );
            }
            Some(Misfit::Taken) if !dynamic => {
                let bound = format!("{}/{}", text(body, "/spec/claimRef/namespace"), text(body, "/spec/claimRef/name"));
                return verdict("volume_taken", Some(nearest), String::new(), bound);
            }
            Some(Misfit::Class) if !class_exists || !dynamic => {
                let reason = if class_absent { "class_missing" } else { "class_differs" };
                return verdict(
                    reason,
                    Some(nearest),
                    effective_class(scene, object).unwrap_or("").to_owned(),
                    class_of(body).unwrap_or("").to_owned(),
                );
            }
            _ => {}
        }
    }
    if class_absent {
        return verdict("class_missing", None, class.unwrap_or("").to_owned(), String::new());
    }
    let no_class = class.is_none_or(str::is_empty) && effective_class(scene, object).is_none_or(str::is_empty);
    if told.contains("no storage class is set") || no_class && candidates.is_empty() {
        return verdict("no_class", None, String::new(), String::new());
    }
    if waits && (told.is_empty() || told.contains("first consumer")) {
        return verdict("waiting_for_consumer", None, String::new(), String::new());
    }
    if dynamic || told.contains("provision") {
        return verdict("provisioner", None, String::new(), String::new());
    }
    verdict(if candidates.is_empty() { "no_volume" } else { "unknown" }, None, String::new(), String::new())
}

fn pending(scene: &Scene, claim: &ObjectRef, held: &Held, found: &mut Found) {
    let object = &held.object;
    let told = scene.events(claim).iter().rfind(|t| {
        matches!(
            t.event.reason.as_str(),
            "FailedBinding"
                | "ProvisioningFailed"
                | "ProvisioningFailedClaim"
                | "WaitForFirstConsumer"
                | "ExternalProvisioning"
                | "VolumeMismatch"
        )
    });
    let message = told.map_or("", |t| t.event.message.as_str());
    let candidates = candidates(scene, claim, object);
    let verdict = judge(scene, object, &candidates, message);
    let since = created(object).unwrap_or(held.at);
    let seconds = scene.seconds_so(since, held);
    let users = users(scene, claim);
    if verdict.reason == "waiting_for_consumer" && users.is_empty() {
        return;
    }
    let volume = verdict.volume.map(|c| c.volume);
    let says = sentence(claim, &verdict, message);
    let class = class_of(object).unwrap_or("");
    let volumes_known = scene.snapshot.absence_is_known("PersistentVolume", "") || !candidates.is_empty();
    let fill = |draft: Draft<'_>| {
        draft
            .arg("claim", claim.to_string())
            .arg("reason", verdict.reason)
            .arg("class", class)
            .object("volume", volume)
            .arg("wanted", verdict.wanted.clone())
            .arg("offered", verdict.offered.clone())
            .objects("used_by", &users)
            .arg("for_seconds", seconds)
            .arg("message", short(message, 240))
            .since(since)
            .because(&held.observation)
            .because_all(told.map(|t| t.id))
            .because_all(verdict.volume.map(|c| &c.held.observation))
            .says(says.clone());
    };
    fill(found.fact("claim_pending", claim));
    for user in &users {
        fill(found.fact("claim_unbound_for", user));
    }
    let particular = match verdict.reason {
        "access_mode" => "access_mode_mismatch",
        "selector" => "claim_selector_mismatch",
        "capacity" => "capacity_mismatch",
        "class_differs" => "storage_class_mismatch",
        "class_missing" => "storage_class_missing",
        "volume_taken" => "volume_bound_elsewhere",
        _ => "",
    };
    let existing: Vec<String> = scene.snapshot.of_kind("StorageClass").map(|(c, _)| c.name.to_string()).collect();
    for subject in std::iter::once(claim).chain(&users) {
        if particular.is_empty() {
            break;
        }
        let body = verdict.volume.map(|c| &c.held.object).unwrap_or(Doc::null());
        let mut names = vec![particular];
        // A class that does not exist and a volume of another class beside it are both true.
        if particular == "storage_class_missing" && verdict.volume.is_some() {
            names.push("storage_class_mismatch");
        }
        for name in names {
            found
                .fact(name, subject)
                .arg("claim", claim.to_string())
                .object("volume", volume)
                .arg("wanted", verdict.wanted.clone())
                .arg("offered", verdict.offered.clone())
                .arg("class", class)
                .arg("class_exists", scene.exists("StorageClass", "", class) == Existence::There)
                .arg("existing", existing.clone())
                .arg("selector", object.pointer("/spec/selector").map(Doc::to_string).unwrap_or_default())
                .arg("labels", serde_json::to_string(&labels_of(body)).unwrap_or_default())
                .arg(
                    "bound_to",
                    format!("{}/{}", text(body, "/spec/claimRef/namespace"), text(body, "/spec/claimRef/name")),
                )
                .arg("phase", text(body, "/status/phase"))
                .since(since)
                .because(&held.observation)
                .because_all(verdict.volume.map(|c| &c.held.observation))
                .because_all(told.map(|t| t.id))
                .says(says.clone());
        }
    }
    if verdict.reason == "unknown" && !volumes_known {
        found
            .fact("volume_bound_elsewhere", claim)
            .arg("claim", claim.to_string())
            .arg("volume", "")
            .arg("bound_to", "")
            .arg("phase", "")
            .since(since)
            .because(&held.observation)
            .unknown("persistent volumes were not listed")
            .says(format!("whether a volume fits {} is not known", claim.name));
    }
    provisioning(scene, claim, class, found);
}

fn sentence(claim: &ObjectRef, verdict: &Verdict, message: &str) -> String {
    let volume = verdict.volume.map_or("", |c| c.volume.name.as_str());
    let (wanted, offered) = (&verdict.wanted, &verdict.offered);
    match verdict.reason {
        "access_mode" => format!("{} wants {wanted}, volume {volume} offers {offered}", claim.name),
        "selector" => format!("{} selects {wanted}, volume {volume} has labels {offered}", claim.name),
        "capacity" => format!("{} wants {wanted}, volume {volume} has {offered}", claim.name),
        "class_differs" => format!("{} asks for class `{wanted}`, volume {volume} has class `{offered}`", claim.name),
        "class_missing" => format!("{} asks for storage class {wanted}, which does not exist", claim.name),
        "volume_taken" => format!("volume {volume}, which {} needs, is bound to {offered}", claim.name),
        "volume_missing" => format!("{} names volume {wanted}, which does not exist", claim.name),
        "no_class" => format!("{} names no storage class, there is no default one and no volume fits", claim.name),
        "waiting_for_consumer" => format!("{} waits for a pod that uses it to be placed", claim.name),
        _ if message.is_empty() => format!("{} is not bound", claim.name),
        _ => format!("{} is not bound: {}", claim.name, short(message, 160)),
    }
}

fn provisioning(scene: &Scene, claim: &ObjectRef, class: &str, found: &mut Found) {
    let Some(told) = scene.events(claim).iter().rfind(|t| t.event.reason.starts_with("ProvisioningFailed")) else {
        return;
    };
    let message = told.event.message.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| message.contains(w));
    let answer = if message.contains("storageclass") && message.contains("not found") {
        "class_missing"
    } else if has(&["quota", "exceeded", "limit", "out of space", "resourceexhausted", "no space", "insufficient"]) {
        "quota"
    } else if has(&["permission", "denied", "unauthorized", "forbidden", "credentials", "accessdenied"]) {
        "permission"
    } else if has(&["invalid", "parameter", "not supported", "unsupported"]) {
        "parameters"
    } else if has(&["timeout", "deadline exceeded", "timed out"]) {
        "timeout"
    } else {
        "other"
    };
    let provisioner = scene.snapshot.get(&ObjectRef::global("StorageClass", class));
    found
        .fact("provisioning_failed", claim)
        .arg("provisioner", provisioner.map_or("", |h| text(&h.object, "/provisioner")))
        .arg("class", class)
        .arg("message", short(&told.event.message, 240))
        .arg("answer", answer)
        .since(told.event.first_at)
        .because(told.id)
        .says(format!("no volume could be provisioned for {}: {}", claim.name, short(&told.event.message, 160)));
}

fn claims_missing(scene: &Scene, found: &mut Found) {
    for workload in scene.workloads.values() {
        let Some(spec) = workload.pod_spec else { continue };
        let namespace = workload.object.namespace.as_str();
        for volume in list(spec, "/volumes") {
            let Some(name) = volume.pointer("/persistentVolumeClaim/claimName").and_then(Doc::as_str) else {
                continue;
            };
            let told = scene.events(&workload.object).iter().rfind(|t| {
                t.event.message.contains("persistentvolumeclaim")
                    && t.event.message.contains("not found")
                    && t.event.message.contains(name)
            });
            let existence = scene.exists("PersistentVolumeClaim", namespace, name);
            if existence == Existence::There || (existence == Existence::Unknown && told.is_none()) {
                continue;
            }
            let quota_full = found.named("quota_full").any(|f| {
                f.subject.name == namespace
                    && f.args
                        .get("resource")
                        .and_then(serde_json::Value::as_str)
                        .is_some_and(|r| r.contains("storage") || r.contains("persistentvolumeclaims"))
            });
            found
                .fact("claim_missing", &workload.object)
                .arg("claim", ObjectRef::new("PersistentVolumeClaim", namespace, name).to_string())
                .arg("quota_full", quota_full)
                .since(told.map_or(workload.spec_held.at, |t| t.event.first_at))
                .because(&workload.spec_held.observation)
                .because_all(told.map(|t| t.id))
                .says(format!("{} mounts claim {name}, which does not exist", workload.object.name));
        }
    }
}

fn shared(scene: &Scene, claim: &ObjectRef, held: &Held, found: &mut Found) {
    let users = users(scene, claim);
    let pods = scene.pods_with_claim(claim).into_iter();
    let nodes: BTreeSet<&str> = pods.map(|p| p.node_name()).filter(|n| !n.is_empty()).collect();
    if users.len() < 2 && nodes.len() < 2 {
        return;
    }
    let modes = modes(&held.object, "/spec/accessModes").join(",");
    let nodes: Vec<&str> = nodes.into_iter().collect();
    found
        .fact("volume_shared", claim)
        .objects("workloads", &users)
        .arg("access_mode", modes.clone())
        .arg("nodes", nodes.clone())
        .since(held.at)
        .because(&held.observation)
        .says(format!(
            "claim {} ({modes}) is used by {} on {}",
            claim.name,
            users.iter().map(|u| u.name.as_str()).collect::<Vec<_>>().join(", "),
            nodes.join(", ")
        ));
}

fn resize(scene: &Scene, claim: &ObjectRef, held: &Held, found: &mut Found) {
    let told = scene.events(claim).iter().rfind(|t| {
        matches!(t.event.reason.as_str(), "VolumeResizeFailed" | "FileSystemResizeFailed" | "ExternalExpanding")
    });
    let condition =
        crate::json::condition(&held.object, "ControllerResizeError").filter(|c| text(c, "/status") == "True");
    let Some(message) = told
        .filter(|t| t.event.event_type == "Warning")
        .map(|t| t.event.message.as_str())
        .or(condition.map(|c| text(c, "/message")))
    else {
        return;
    };
    found
        .fact("volume_resize_failed", claim)
        .arg("message", short(message, 240))
        .since(told.map_or(held.at, |t| t.event.first_at))
        .because(&held.observation)
        .because_all(told.map(|t| t.id))
        .says(format!("{} cannot be resized: {}", claim.name, short(message, 160)));
}

fn snapshots(scene: &Scene, found: &mut Found) {
    for kind in ["VolumeSnapshot", "VolumeSnapshotContent", "Backup", "Restore"] {
        for (object, held) in scene.snapshot.of_kind(kind) {
            let error = text(&held.object, "/status/error/message");
            let phase = text(&held.object, "/status/phase");
            let failed = !error.is_empty() || matches!(phase, "Failed" | "PartiallyFailed" | "FailedValidation");
            let since = created(&held.object).unwrap_or(held.at);
            let stuck = kind == "VolumeSnapshot"
                && held.object.get("status").is_none_or(|_| !flag(&held.object, "/status/readyToUse"))
                && scene.at.seconds_since(since) > 600.0;
            if !failed && !stuck {
                continue;
            }
            let told = scene.events(object).iter().rfind(|t| t.event.event_type == "Warning");
            let message = if error.is_empty() { told.map_or(phase, |t| t.event.message.as_str()) } else { error };
            found
                .fact("snapshot_failed", object)
                .arg("message", short(message, 240))
                .arg("source", text(&held.object, "/spec/source/persistentVolumeClaimName"))
                .since(since)
                .because(&held.observation)
                .because_all(told.map(|t| t.id))
                .says(format!("{kind} {} did not complete: {}", object.name, short(message, 160)));
        }
    }
}
