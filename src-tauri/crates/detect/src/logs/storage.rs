//! What a storage driver's own pods say of the calls that they could not do.

use model::{LogBody, ObjectRef, Observation};
use topology::containers;

use crate::found::Found;
use crate::json::{short, text};
use crate::scene::Scene;

/// Containers that stand beside every CSI driver's controller (the Kubernetes CSI sidecars), in image names.
const SIDECARS: &[&str] = &["csi-attacher", "csi-provisioner", "csi-resizer", "csi-snapshotter"];

/// Whether a workload is the controller of a storage driver.
pub(crate) fn is_controller(scene: &Scene, workload: &ObjectRef) -> bool {
    let Some(spec) = scene.workloads.get(workload).and_then(|w| w.pod_spec) else { return false };
    containers(spec).any(|(c, _)| {
        let image = text(c, "/image");
        SIDECARS.iter().any(|sidecar| image.contains(sidecar))
    })
}

/// The newest refusal that a driver's log gives a reason for. That a deadline was exceeded is what the Event says already.
pub(super) fn refusals(
    scene: &Scene,
    observation: &Observation,
    log: &LogBody,
    workload: &ObjectRef,
    found: &mut Found,
) {
    if !log.text.contains("rpc error: code = ") || !is_controller(scene, workload) {
        return;
    }
    let told = log.text.lines().rev().find_map(|line| {
        let (_, rest) = line.split_once("rpc error: code = ")?;
        let code = rest.split(' ').next()?;
        (!matches!(code, "DeadlineExceeded" | "Canceled" | "Aborted")).then_some((line, rest, code))
    });
    let Some((line, rest, code)) = told else { return };
    found
        .fact("csi_error", workload)
        .arg("driver", "")
        .arg("message", short(line, 240))
        .arg("code", code)
        .arg("source", "log")
        .arg("controller_namespace", workload.namespace.as_str())
        .arg("controller_name", workload.name.as_str())
        .since(observation.at)
        .because(&observation.id)
        .says(format!("the log of the storage driver {} says {code}: {}", workload.name, short(rest, 180)));
}
