#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use model::{ClusterId, Time};
use serde_json::json;

use super::*;

fn labels(text: &str) -> Labels {
    let pair = |pair: &str| pair.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())).unwrap();
    text.split_whitespace().map(pair).collect()
}

/// As kube-prometheus-stack scrapes kube-state-metrics, which keeps the labels of what it tells.
const STATE: &str = "job=kube-state-metrics endpoint=http instance=10.0.0.9:8080 \
    service=kps-kube-state-metrics severity=warning";
/// Its own pod, where a series has none.
const ITSELF: &str = "container=kube-state-metrics pod=kps-kube-state-metrics-7c9f8-x2x4z";

#[test]
fn the_usual_alerts_are_about_their_object_and_not_about_the_exporter_that_told_of_it() {
    for (series, expected) in [
        // KubeDeploymentReplicasMismatch, KubeStatefulSetReplicasMismatch, KubeDaemonSetRolloutStuck
        (format!("{STATE} {ITSELF} namespace=shop deployment=cart"), "Deployment/shop/cart"),
        (format!("{STATE} {ITSELF} namespace=shop statefulset=db"), "StatefulSet/shop/db"),
        (format!("{STATE} {ITSELF} namespace=shop daemonset=agent"), "DaemonSet/shop/agent"),
        // KubeJobFailed, KubeHpaMaxedOut
        (format!("{STATE} {ITSELF} namespace=shop job_name=backup-1 condition=true"), "Job/shop/backup-1"),
        (format!("{STATE} {ITSELF} namespace=shop cronjob=backup"), "CronJob/shop/backup"),
        (format!("{STATE} {ITSELF} namespace=shop horizontalpodautoscaler=cart"), "HorizontalPodAutoscaler/shop/cart"),
        // KubeNodeNotReady: the namespace is the exporter's too
        (format!("{STATE} {ITSELF} namespace=monitoring node=n1 condition=Ready status=true"), "Node//n1"),
        (format!("{STATE} {ITSELF} namespace=monitoring persistentvolume=pv-1 phase=Failed"), "PersistentVolume//pv-1"),
        (format!("{STATE} {ITSELF} namespace=shop resourcequota=small resource=pods"), "ResourceQuota/shop/small"),
        // KubePodCrashLooping, KubePodNotReady (a sum without its container)
        (format!("{STATE} namespace=shop pod=cart-1 container=app reason=CrashLoopBackOff uid=u"), "Pod/shop/cart-1"),
        ("job=kube-state-metrics namespace=shop pod=cart-1".into(), "Pod/shop/cart-1"),
        // An exporter whose own pod is what is wrong
        (
            format!("{STATE} namespace=monitoring pod=kps-node-exporter-abcde container=node-exporter"),
            "Pod/monitoring/kps-node-exporter-abcde",
        ),
        // Scraped without `honorLabels`
        (
            "job=kube-state-metrics container=kube-state-metrics pod=ksm-1 namespace=monitoring \
             exported_namespace=shop exported_pod=cart-1 exported_container=app"
                .into(),
            "Pod/shop/cart-1",
        ),
        (
            "job=kubernetes-pods pod=ksm-1 namespace=monitoring exported_namespace=shop deployment=cart".into(),
            "Deployment/shop/cart",
        ),
        // The chart without the operator: by the Service's endpoints, with the exporter's own node
        (
            "job=kubernetes-service-endpoints app_kubernetes_io_name=kube-state-metrics service=ksm node=n9 \
             namespace=shop deployment=cart"
                .into(),
            "Deployment/shop/cart",
        ),
        // KubePersistentVolumeFillingUp, told by the kubelet
        (
            "job=kubelet node=n1 namespace=shop persistentvolumeclaim=data-db-0 metrics_path=/metrics".into(),
            "PersistentVolumeClaim/shop/data-db-0",
        ),
        // KubeletTooManyPods; CPUThrottlingHigh, whose series have the node too
        ("job=kubelet node=n1 instance=10.0.0.1:10250".into(), "Node//n1"),
        ("job=kubelet namespace=shop pod=cart-1 container=app node=n1".into(), "Pod/shop/cart-1"),
        // NodeFilesystemSpaceFillingUp where the node is a label
        (
            "job=node-exporter container=node-exporter pod=kps-node-exporter-abcde namespace=monitoring node=n1 \
             instance=10.0.0.1:9100 mountpoint=/"
                .into(),
            "Node//n1",
        ),
        // OpenTelemetry tells every owner of one pod
        (
            "k8s_namespace_name=shop k8s_deployment_name=cart k8s_pod_name=cart-1 k8s_node_name=n1".into(),
            "Pod/shop/cart-1",
        ),
        // One program's word about another's workload
        ("job=argo-rollouts namespace=shop pod=argo-1 deployment=cart".into(), "Deployment/shop/cart"),
        ("namespace=shop service=cart".into(), "Service/shop/cart"),
        ("namespace=shop".into(), "Namespace//shop"),
    ] {
        let told = subject_of(&labels(&series)).map(|subject| subject.to_string());
        assert_eq!(told.as_deref(), Some(expected), "{series}");
    }
}

#[test]
fn a_nodes_alert_without_its_name_is_about_the_node_that_the_exporter_runs_on() {
    let alert = "job=node-exporter container=node-exporter pod=exporter-abcde namespace=monitoring \
        instance=10.0.0.1:9100 service=kps-prometheus-node-exporter device=/dev/sda1";
    assert_eq!(subject_of(&labels(alert)), None, "not the exporter, and not its namespace");
    let history = history::History::in_memory(ClusterId("c".into())).unwrap();
    let object = |subject: ObjectRef, object: serde_json::Value| {
        let body = model::Body::Object {
            api_version: "v1".into(),
            uid: subject.name.clone(),
            resource_version: "1".into(),
            change: model::ChangeKind::Present,
            object: object.into(),
        };
        let now = Time::from_seconds(1_800_000_000);
        model::Observation::new(ClusterId("c".into()), now, now, model::Source::Watch, Some(subject), body)
    };
    let pod = object(ObjectRef::new("Pod", "monitoring", "exporter-abcde"), json!({"spec": {"nodeName": "n1"}}));
    let node = json!({"status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.2"}]}});
    history.append(&[pod, object(ObjectRef::global("Node", "n2"), node)]).unwrap();
    let snapshot = history.present(Time::from_seconds(1_800_000_001)).unwrap();
    let node = |series: &str| node_of_exporter(&labels(series), &snapshot).map(|node| node.to_string());
    assert_eq!(node(alert).as_deref(), Some("Node//n1"));
    assert_eq!(node("job=node-exporter instance=10.0.0.2:9100").as_deref(), Some("Node//n2"));
    assert_eq!(node("job=node-exporter instance=n2:9100").as_deref(), Some("Node//n2"));
    assert_eq!(node("job=other instance=10.0.0.2:9100"), None);
}
