use serde_json::json;

use crate::sketch::{Sketch, ago, fact, has};

fn with(kind: &str, status: &str, reason: &str, message: &str) -> Vec<model::Fact> {
    let conditions =
        json!([{"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": ago(300)}]);
    Sketch::new().node("node-a", false).but("Node/node-a", move |n| n["status"]["conditions"] = conditions).facts()
}

#[test]
fn a_node_that_is_not_ready_says_what_is_down() {
    for (reason, message, cause) in [
        ("KubeletNotReady", "container runtime is down", "runtime_down"),
        (
            "KubeletNotReady",
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized",
            "network_plugin",
        ),
        ("NodeStatusUnknown", "Kubelet stopped posting node status.", "kubelet_silent"),
        ("KubeletNotReady", "PLEG is not healthy", "kubelet"),
    ] {
        assert_eq!(
            fact(&with("Ready", "False", reason, message), "node_not_ready", "Node/node-a").args["cause"],
            cause,
            "{message}"
        );
    }
    assert!(!has(&with("Ready", "True", "KubeletReady", ""), "node_not_ready"));
}

#[test]
fn pressure_and_other_peoples_conditions_are_told() {
    assert_eq!(
        fact(&with("DiskPressure", "True", "KubeletHasDiskPressure", ""), "node_pressure", "Node/node-a").args["kind"],
        "disk"
    );
    assert!(!has(&with("DiskPressure", "False", "", ""), "node_pressure"));
    assert_eq!(
        fact(&with("ReadonlyFilesystem", "True", "FilesystemIsReadOnly", ""), "node_problem", "Node/node-a").args["condition"],
        "ReadonlyFilesystem"
    );
    for good in ["KernelReady", "NetworkingReady", "StorageReady", "AcceleratedHardwareReady"] {
        assert!(!has(&with(good, "True", "IsReady", "Monitoring is active"), "node_problem"), "{good}");
        assert!(has(&with(good, "False", "XFSSmallAverageClusterSize", ""), "node_problem"), "{good}");
    }
    assert!(has(&with("RuntimeNotReady", "True", "", ""), "node_problem"));
    assert!(!has(&with("NetworkUnavailable", "False", "RouteCreated", ""), "node_problem"));
}

#[test]
fn a_lease_that_is_not_renewed_is_stale() {
    let with = |seconds: i64| {
        Sketch::new()
            .node("node-a", false)
            .with("Lease/kube-node-lease/node-a", json!({"spec": {"renewTime": ago(600 + seconds)}}))
            .facts()
    };
    assert!(has(&with(120), "node_lease_stale"), "it was seen 600 s ago");
    assert!(!has(&with(5), "node_lease_stale"));
}
