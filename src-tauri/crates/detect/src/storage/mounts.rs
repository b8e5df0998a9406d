//! Attaching and mounting.

use model::ObjectRef;

use crate::found::Found;
use crate::json::{list, short, text};
use crate::scene::{Pod, Scene, Told};

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for pod in scene.pods.iter().filter(|p| !p.is_finished()) {
        let mut events = scene.events_of_pod(pod).peekable();
        if events.peek().is_none() {
            continue;
        }
        let started = pod.containers().iter().any(|c| c.status.pointer("/state/running").is_some());
        for told in events {
            match told.event.reason.as_str() {
                "FailedAttachVolume" => attach(scene, pod, told, started, found),
                "FailedMount" | "FailedMapVolume" | "FailedMountOnFilesystemMismatch" => {
                    mount(scene, pod, told, started, found)
                }
                _ => {}
            }
        }
    }
    for (attachment, held) in scene.snapshot.of_kind("VolumeAttachment") {
        let error = text(&held.object, "/status/attachError/message");
        let volume = ObjectRef::global("PersistentVolume", text(&held.object, "/spec/source/persistentVolumeName"));
        // One that was deleted and still says that it is attached keeps the volume where it is.
        let detach = text(&held.object, "/status/detachError/message");
        let going = text(&held.object, "/metadata/deletionTimestamp").parse().ok();
        let kept = going.is_some_and(|at: model::Time| scene.at.seconds_since(at) > 120.0)
            && held.object.pointer("/status/attached").and_then(model::Doc::as_bool) == Some(true);
        if error.is_empty() && kept {
            let node = text(&held.object, "/spec/nodeName");
            found
                .fact("volume_attach_failed", &volume)
                .arg("volume", volume.name.clone())
                .arg("node", "")
                .arg("answer", "not_detached")
                .arg("message", short(detach, 240))
                .arg("other_node", node)
                .arg("ongoing", true)
                .since(going.unwrap_or(held.at))
                .because(&held.observation)
                .says(format!("{} is not let go by {node}: {}", volume.name, short(detach, 140)));
        }
        if error.is_empty() {
            continue;
        }
        found
            .fact("volume_attach_failed", &volume)
            .arg("volume", volume.name.clone())
            .arg("node", text(&held.object, "/spec/nodeName"))
            .arg("answer", attach_answer(error))
            .arg("message", short(error, 240))
            .arg("other_node", "")
            .arg("ongoing", true)
            .since(held.at)
            .because(&held.observation)
            .says(format!(
                "{} cannot be attached to {}: {}",
                volume.name,
                text(&held.object, "/spec/nodeName"),
                short(error, 160)
            ));
        let _ = attachment;
    }
    drivers(scene, found);
}

fn attach_answer(message: &str) -> &'static str {
    let text = message.to_ascii_lowercase();
    if text.contains("multi-attach")
        || text.contains("already exclusively attached")
        || text.contains("already used by")
        || text.contains("already attached")
    {
        "multi_attach"
    } else if text.contains("limit") || text.contains("maximum") || text.contains("too many") {
        "limit"
    } else if text.contains("not found") || text.contains("does not exist") {
        "not_found"
    } else if text.contains("timeout") || text.contains("timed out") || text.contains("deadline exceeded") {
        "timeout"
    } else if text.contains("rpc error: code =") || text.contains("driver") || text.contains("csinode") {
        "driver"
    } else {
        "other"
    }
}

fn volume_in(message: &str) -> String {
    message.split("volume \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("").to_owned()
}

fn attach(scene: &Scene, pod: &Pod, told: &Told, started: bool, found: &mut Found) {
    let message = &told.event.message;
    let other = message.split("node ").nth(1).and_then(|r| r.split([' ', '"']).find(|w| !w.is_empty())).unwrap_or("");
    found
        .fact("volume_attach_failed", &pod.workload)
        .arg("volume", volume_in(message))
        .arg("node", pod.node_name())
        .arg("answer", attach_answer(message))
        .arg("message", short(message, 240))
        .arg("other_node", if attach_answer(message) == "multi_attach" { other } else { "" })
        .arg("ongoing", !started)
        .since(told.event.first_at)
        .because(told.id)
        .because(&pod.held.observation)
        .says(format!(
            "a volume of {} cannot be attached to {}: {}",
            pod.object.name,
            pod.node_name(),
            short(message, 160)
        ));
    csi(scene, pod, told, found);
}

fn mount(scene: &Scene, pod: &Pod, told: &Told, started: bool, found: &mut Found) {
    let message = &told.event.message;
    let answer = classify(message);
    found
        .fact("volume_mount_failed", &pod.workload)
        .arg("volume", volume_in(message))
        .arg("answer", answer)
        .arg("message", short(message, 240))
        .arg("ongoing", !started)
        .since(told.event.first_at)
        .because(told.id)
        .because(&pod.held.observation)
        .says(format!("a volume of {} cannot be mounted ({answer}): {}", pod.object.name, short(message, 160)));
    if answer == "filesystem" {
        found
            .fact("volume_filesystem_damaged", &pod.workload)
            .arg("volume", volume_in(message))
            .arg("message", short(message, 240))
            .since(told.event.first_at)
            .because(told.id)
            .says(format!("the file system of a volume of {} is damaged: {}", pod.object.name, short(message, 160)));
    }
    csi(scene, pod, told, found);
}

fn classify(message: &str) -> &'static str {
    let text = message.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| text.contains(w));
    if has(&["failed to fetch token", "failed to get service account token", "kube-api-access"]) {
        "token"
    } else if (has(&["configmap"]) || has(&["secret"]) || has(&["references non-existent"]))
        && has(&["not found", "non-existent", "couldn't find key", "failed to sync"])
    {
        "config_missing"
    } else if has(&[
        "fsck",
        "structure needs cleaning",
        "bad superblock",
        "wrong fs type",
        "superblock",
        "corrupt",
        "input/output error",
        "ext4-fs error",
        "xfs_repair",
    ]) {
        "filesystem"
    } else if has(&["subpath"]) {
        "subpath"
    } else if has(&[
        "not found in the list of registered csi drivers",
        "driver name",
        "no volume plugin matched",
        "csi driver",
    ]) && has(&["not found", "no volume plugin"])
    {
        "driver_missing"
    } else if has(&["nfs", "mount.nfs", "stale file handle", "access denied by server"]) {
        "nfs"
    } else if has(&["read-only file system"]) {
        "read_only"
    } else if has(&["permission denied", "operation not permitted", "access denied"]) {
        "permission"
    } else if has(&["no such file or directory", "does not exist", "not found", "hostpath type check failed"]) {
        "not_found"
    } else if has(&["timed out", "timeout", "deadline exceeded"]) {
        "timeout"
    } else {
        "other"
    }
}

/// A storage driver's own answer inside a message.
fn csi(scene: &Scene, pod: &Pod, told: &Told, found: &mut Found) {
    let message = &told.event.message;
    let Some((_, rest)) = message.split_once("rpc error: code = ") else { return };
    let code = rest.split(' ').next().unwrap_or("");
    let controller = controller_of(scene, &pod.workload);
    found
        .fact("csi_error", &pod.workload)
        .arg("driver", "")
        .arg("message", short(message, 240))
        .arg("code", code)
        .arg("source", "event")
        .arg("controller_namespace", controller.as_ref().map_or("", |c| c.namespace.as_str()))
        .arg("controller_name", controller.as_ref().map_or("", |c| c.name.as_str()))
        .since(told.event.first_at)
        .because(told.id)
        .says(format!("the storage driver answered {code} for {}: {}", pod.object.name, short(rest, 140)));
}

/// The workload that runs the controller of the driver behind a workload's claims: of several the one that names the driver.
fn controller_of(scene: &Scene, workload: &ObjectRef) -> Option<ObjectRef> {
    let mut controllers: Vec<&ObjectRef> =
        scene.workloads.keys().filter(|w| crate::logs::is_storage_controller(scene, w)).collect();
    if controllers.len() > 1 {
        let claims = scene.graph.dependencies(workload).into_iter().filter(|e| e.to.kind == "PersistentVolumeClaim");
        let volumes = claims.filter_map(|e| {
            let claim = scene.snapshot.get(e.to)?;
            scene.snapshot.get(&ObjectRef::global("PersistentVolume", text(&claim.object, "/spec/volumeName")))
        });
        let drivers: Vec<&str> = volumes.map(|v| text(&v.object, "/spec/csi/driver")).collect();
        // `ebs.csi.aws.com` is run by `ebs-csi-controller`.
        let named = |w: &&&ObjectRef| {
            let short =
                drivers.iter().map(|d| d.split('.').next().unwrap_or("")).filter(|s| !s.is_empty() && *s != "csi");
            short.into_iter().any(|s| w.name.contains(s))
        };
        let of_driver: Vec<&ObjectRef> = controllers.iter().filter(named).copied().collect();
        controllers = of_driver;
    }
    match &controllers[..] {
        [one] => Some((*one).clone()),
        _ => None,
    }
}

/// Drivers that volumes of a node's pods need and that its CSINode does not list.
fn drivers(scene: &Scene, found: &mut Found) {
    if scene.snapshot.of_kind("CSINode").next().is_none() {
        return;
    }
    for pod in scene.pods.iter().filter(|p| !p.node_name().is_empty() && !p.is_finished()) {
        if list(pod.spec(), "/volumes").iter().all(|v| v.get("persistentVolumeClaim").is_none()) {
            continue;
        }
        let node = ObjectRef::global("CSINode", pod.node_name());
        let Some(csi_node) = scene.snapshot.get(&node) else { continue };
        let registered: Vec<&str> = list(&csi_node.object, "/spec/drivers").iter().map(|d| text(d, "/name")).collect();
        for volume in list(pod.spec(), "/volumes") {
            let claim = text(volume, "/persistentVolumeClaim/claimName");
            let claim = ObjectRef::new("PersistentVolumeClaim", pod.object.namespace.as_str(), claim);
            let Some(held) = scene.snapshot.get(&claim) else { continue };
            let bound = ObjectRef::global("PersistentVolume", text(&held.object, "/spec/volumeName"));
            let Some(volume) = scene.snapshot.get(&bound) else { continue };
            let driver = text(&volume.object, "/spec/csi/driver");
            if !driver.is_empty() && !registered.contains(&driver) {
                found
                    .fact("csi_driver_missing", &pod.workload)
                    .arg("driver", driver)
                    .arg("node", pod.node_name())
                    .since(pod.created())
                    .because(&csi_node.observation)
                    .because(&volume.observation)
                    .because(&pod.held.observation)
                    .says(format!(
                        "driver {driver}, which {} needs, is not registered on {}",
                        pod.object.name,
                        pod.node_name()
                    ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_failures_are_told_apart() {
        for (message, answer) in [
            ("MountVolume.SetUp failed for volume \"c\" : configmap \"app\" not found", "config_missing"),
            ("MountVolume.SetUp failed for volume \"s\" : secret \"tls\" not found", "config_missing"),
            (
                "MountVolume.MountDevice failed for volume \"pv\" : 'fsck' found errors on device /dev/sda but could not correct them",
                "filesystem",
            ),
            ("mount failed: exit status 32: mount.nfs: access denied by server while mounting", "nfs"),
            (
                "kubernetes.io/csi: attacher failed: driver name x.csi not found in the list of registered CSI drivers",
                "driver_missing",
            ),
            (
                "Unable to attach or mount volumes: unmounted volumes=[d]: timed out waiting for the condition",
                "timeout",
            ),
            ("MountVolume.SetUp failed for volume \"kube-api-access-1\" : failed to fetch token: Post x", "token"),
        ] {
            assert_eq!(classify(message), answer, "{message}");
        }
        assert_eq!(
            attach_answer("Multi-Attach error for volume \"pv\" Volume is already exclusively attached to one node"),
            "multi_attach"
        );
    }
}
