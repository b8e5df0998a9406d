use model::qualified_kind;

/// A kind as an API server serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub group: String,
    pub version: String,
    pub kind: String,
    pub plural: String,
    pub namespaced: bool,
    /// Whether it can be listed and watched; a few kinds can only be created.
    pub listable: bool,
}

impl Kind {
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// As RBAC and kubectl name it: `pods`, `deployments.apps`.
    pub(crate) fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// As an object reference carries it.
    pub(crate) fn name(&self) -> String {
        qualified_kind(&self.api_version(), &self.kind)
    }

    /// Whether an object reference's kind means this one: `Deployment`, or `Service.serving.knative.dev`.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name() == name
            || name.split_once('.').is_some_and(|(kind, group)| kind == self.kind && group == self.group)
    }

    /// Never fetched with its values by a watch.
    pub(crate) fn metadata_only(&self) -> bool {
        self.group.is_empty() && self.kind == "Secret"
    }

    pub(crate) fn is_event(&self) -> bool {
        self.group.is_empty() && self.kind == "Event"
    }
}

/// What an opened cluster's watches follow, most telling first. `discover` may find other versions of them.
pub(crate) fn watched() -> Vec<Kind> {
    const WATCHED: &[(&str, &str, &str, &str, bool)] = &[
        ("", "v1", "Pod", "pods", true),
        ("", "v1", "Event", "events", true),
        ("", "v1", "Node", "nodes", false),
        ("apps", "v1", "Deployment", "deployments", true),
        ("apps", "v1", "ReplicaSet", "replicasets", true),
        ("apps", "v1", "StatefulSet", "statefulsets", true),
        ("apps", "v1", "DaemonSet", "daemonsets", true),
        ("batch", "v1", "Job", "jobs", true),
        ("batch", "v1", "CronJob", "cronjobs", true),
        ("", "v1", "Service", "services", true),
        ("", "v1", "Endpoints", "endpoints", true),
        ("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true),
        ("networking.k8s.io", "v1", "Ingress", "ingresses", true),
        ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true),
        ("", "v1", "ConfigMap", "configmaps", true),
        ("", "v1", "Secret", "secrets", true),
        ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true),
        ("", "v1", "PersistentVolume", "persistentvolumes", false),
        ("storage.k8s.io", "v1", "StorageClass", "storageclasses", false),
        ("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true),
        ("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true),
        ("", "v1", "ResourceQuota", "resourcequotas", true),
        ("", "v1", "LimitRange", "limitranges", true),
        ("", "v1", "ServiceAccount", "serviceaccounts", true),
        ("", "v1", "Namespace", "namespaces", false),
    ];
    WATCHED
        .iter()
        .map(|&(group, version, kind, plural, namespaced)| Kind {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            plural: plural.into(),
            namespaced,
            listable: true,
        })
        .collect()
}
