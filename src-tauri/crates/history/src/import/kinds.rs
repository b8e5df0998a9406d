//! How Troubleshoot names the files of each kind.

/// Files and folders that only the root of a bundle has.
pub(super) const ROOT_MARKS: &[&str] = &["version.yaml", "cluster-resources", "cluster-info", "host-collectors"];

/// Kinds of which the workbench says so when nobody asked for them.
pub(super) const WATCHED: &[&str] = &[
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "EndpointSlice",
    "Endpoints",
    "Event",
    "HorizontalPodAutoscaler",
    "Ingress",
    "Job",
    "LimitRange",
    "Namespace",
    "NetworkPolicy",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "ReplicaSet",
    "ResourceQuota",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
    "StorageClass",
    "VolumeAttachment",
];

/// API version and kind of a file or folder below `cluster-resources/`; names are compared without case, `-` and `_`,
/// so that `pvcs`, `resource-quota` and `clusterRoleBindings` are all found.
pub(super) fn of_name(name: &str) -> Option<(&'static str, &'static str)> {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase();
    let found = match plain.as_str() {
        "pods" | "pod" => ("v1", "Pod"),
        "services" | "service" => ("v1", "Service"),
        "endpoints" => ("v1", "Endpoints"),
        "endpointslices" | "endpointslice" => ("discovery.k8s.io/v1", "EndpointSlice"),
        "events" | "event" => ("v1", "Event"),
        "namespaces" | "namespace" => ("v1", "Namespace"),
        "nodes" | "node" => ("v1", "Node"),
        "pvcs" | "persistentvolumeclaims" => ("v1", "PersistentVolumeClaim"),
        "pvs" | "persistentvolumes" => ("v1", "PersistentVolume"),
        "configmaps" | "configmap" => ("v1", "ConfigMap"),
        "secrets" | "secret" => ("v1", "Secret"),
        "serviceaccounts" => ("v1", "ServiceAccount"),
        "resourcequota" | "resourcequotas" => ("v1", "ResourceQuota"),
        "limitranges" | "limitrange" => ("v1", "LimitRange"),
        "replicationcontrollers" => ("v1", "ReplicationController"),
        "deployments" | "deployment" => ("apps/v1", "Deployment"),
        "replicasets" | "replicaset" => ("apps/v1", "ReplicaSet"),
        "statefulsets" | "statefulset" => ("apps/v1", "StatefulSet"),
        "daemonsets" | "daemonset" => ("apps/v1", "DaemonSet"),
        "controllerrevisions" => ("apps/v1", "ControllerRevision"),
        "jobs" | "job" => ("batch/v1", "Job"),
        "cronjobs" | "cronjob" => ("batch/v1", "CronJob"),
        "horizontalpodautoscalers" | "hpa" | "hpas" => ("autoscaling/v2", "HorizontalPodAutoscaler"),
        "poddisruptionbudgets" | "pdb" | "pdbs" => ("policy/v1", "PodDisruptionBudget"),
        "ingress" | "ingresses" => ("networking.k8s.io/v1", "Ingress"),
        "ingressclasses" | "ingressclass" => ("networking.k8s.io/v1", "IngressClass"),
        "networkpolicy" | "networkpolicies" => ("networking.k8s.io/v1", "NetworkPolicy"),
        "storageclasses" | "storageclass" => ("storage.k8s.io/v1", "StorageClass"),
        "volumeattachments" | "volumeattachment" => ("storage.k8s.io/v1", "VolumeAttachment"),
        "csidrivers" => ("storage.k8s.io/v1", "CSIDriver"),
        "csinodes" => ("storage.k8s.io/v1", "CSINode"),
        "roles" => ("rbac.authorization.k8s.io/v1", "Role"),
        "rolebindings" => ("rbac.authorization.k8s.io/v1", "RoleBinding"),
        "clusterroles" => ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        "clusterrolebindings" => ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
        "leases" | "lease" => ("coordination.k8s.io/v1", "Lease"),
        "priorityclasses" | "priorityclass" => ("scheduling.k8s.io/v1", "PriorityClass"),
        "runtimeclasses" => ("node.k8s.io/v1", "RuntimeClass"),
        "customresourcedefinitions" | "crds" => ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        "validatingwebhookconfigurations" | "validatingwebhooks" => {
            ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")
        }
        "mutatingwebhookconfigurations" | "mutatingwebhooks" => {
            ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration")
        }
        _ => return None,
    };
    Some(found)
}

/// Whether objects of a kind live in no namespace.
pub(super) fn is_global(kind: &str) -> bool {
    matches!(
        kind,
        "Node"
            | "Namespace"
            | "PersistentVolume"
            | "StorageClass"
            | "VolumeAttachment"
            | "CSIDriver"
            | "CSINode"
            | "ClusterRole"
            | "ClusterRoleBinding"
            | "PriorityClass"
            | "RuntimeClass"
            | "IngressClass"
            | "CustomResourceDefinition"
            | "ValidatingWebhookConfiguration"
            | "MutatingWebhookConfiguration"
    )
}

/// Top-level folders and files whose meaning is known and which hold nothing that is used today, with what they are.
pub(super) fn set_aside(path: &str) -> Option<&'static str> {
    let first = path.split('/').next().unwrap_or(path);
    let what = match first {
        "exec" | "copy" | "run-pod" | "run" | "copyFromHost" | "copy-from-host" | "run-daemonset" => {
            "output of a custom collector, whose meaning only its author knows"
        }
        "registry" => "image checks of the registry collector",
        "http" | "http-requests" => "answers of the http collector",
        "postgresql" | "postgres" | "mysql" | "mssql" | "redis" => "a database collector's answer",
        "ceph" | "rook" | "longhorn" | "collectd" | "goldpinger" | "sonobuoy" | "velero" | "weave" | "etcd" | "dns" => {
            "an add-on collector's answer"
        }
        "helm" => "Helm releases, whose values are not kept",
        "certificates" => "certificate checks",
        "analysis.json" => "what Troubleshoot's own analyzers said",
        "execution-data" => "timings of the collection itself",
        _ => return None,
    };
    Some(what)
}
