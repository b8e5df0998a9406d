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
            || name
                .split_once('.')
                .is_some_and(|(kind, group)| !group.is_empty() && kind == self.kind && group == self.group)
    }

    /// Never fetched whole by a watch: a Secret's values, and schemas that are a hundred times what is asked of them.
    pub(crate) fn metadata_only(&self) -> bool {
        self.is_definition() || self.group.is_empty() && self.kind == "Secret"
    }

    /// Of a custom kind.
    pub(crate) fn is_definition(&self) -> bool {
        self.group == "apiextensions.k8s.io" && self.kind == "CustomResourceDefinition"
    }

    pub(crate) fn is_pod(&self) -> bool {
        self.group.is_empty() && self.kind == "Pod"
    }

    /// Of which a large cluster has the most, by far. They are listed in pages: an API server encodes each object of a
    /// stream by itself and takes twice as long for it (measured on 1.36: 2.1 s of processor for 10,000 pods, 1.0 s in
    /// pages), and the next page is on its way while one is read.
    pub(crate) fn is_numerous(&self) -> bool {
        matches!((&*self.group, &*self.kind), ("", "Pod" | "Event") | ("apps", "ReplicaSet"))
    }

    /// Of the core group, whose one version every API server serves.
    pub(crate) fn is_always_served(&self) -> bool {
        self.group.is_empty() && self.version == "v1"
    }

    pub(crate) fn is_node(&self) -> bool {
        self.group.is_empty() && self.kind == "Node"
    }

    pub(crate) fn is_event(&self) -> bool {
        self.group.is_empty() && self.kind == "Event"
    }
}

/// What an opened cluster's watches follow, in the order in which they are listed: what a triage cannot do without
/// first. `discover` may find other versions of them.
pub(crate) fn watched() -> Vec<Kind> {
    const WATCHED: &[(&str, &str, &str, &str, bool)] = &[
        ("", "v1", "Pod", "pods", true),
        ("", "v1", "Node", "nodes", false),
        ("", "v1", "Event", "events", true),
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
        ("networking.k8s.io", "v1", "IngressClass", "ingressclasses", false),
        ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true),
        ("", "v1", "ConfigMap", "configmaps", true),
        ("", "v1", "Secret", "secrets", true),
        ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true),
        ("", "v1", "PersistentVolume", "persistentvolumes", false),
        ("storage.k8s.io", "v1", "StorageClass", "storageclasses", false),
        ("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", false),
        ("storage.k8s.io", "v1", "CSINode", "csinodes", false),
        ("storage.k8s.io", "v1", "CSIDriver", "csidrivers", false),
        ("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true),
        ("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true),
        ("", "v1", "ResourceQuota", "resourcequotas", true),
        ("", "v1", "LimitRange", "limitranges", true),
        ("", "v1", "ServiceAccount", "serviceaccounts", true),
        ("", "v1", "Namespace", "namespaces", false),
        (
            "admissionregistration.k8s.io",
            "v1",
            "ValidatingWebhookConfiguration",
            "validatingwebhookconfigurations",
            false,
        ),
        ("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false),
        ("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", false),
        ("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false),
    ];
    kinds(WATCHED)
}

/// Kinds that a cluster has only where somebody installed them: followed where they are served, no word about them where
/// they are not.
pub(crate) fn watched_where_installed() -> Vec<Kind> {
    const WATCHED: &[(&str, &str, &str, &str, bool)] = &[
        ("gateway.networking.k8s.io", "v1", "GatewayClass", "gatewayclasses", false),
        ("gateway.networking.k8s.io", "v1", "Gateway", "gateways", true),
        ("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", true),
        ("gateway.networking.k8s.io", "v1", "GRPCRoute", "grpcroutes", true),
        ("gateway.networking.k8s.io", "v1beta1", "ReferenceGrant", "referencegrants", true),
        ("snapshot.storage.k8s.io", "v1", "VolumeSnapshotClass", "volumesnapshotclasses", false),
        ("snapshot.storage.k8s.io", "v1", "VolumeSnapshot", "volumesnapshots", true),
        ("snapshot.storage.k8s.io", "v1", "VolumeSnapshotContent", "volumesnapshotcontents", false),
        ("argoproj.io", "v1alpha1", "Application", "applications", true),
        ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations", true),
        ("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases", true),
    ];
    kinds(WATCHED)
}

fn kinds(rows: &[(&str, &str, &str, &str, bool)]) -> Vec<Kind> {
    rows.iter()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_ends_in_a_dot_is_no_kinds_name() {
        let secret = watched().into_iter().find(|kind| kind.kind == "Secret").expect("it is watched");
        assert!(secret.is_called("Secret"));
        assert!(!secret.is_called("Secret."));
        let deployment = watched().into_iter().find(|kind| kind.kind == "Deployment").expect("it is watched");
        assert!(deployment.is_called("Deployment.apps"));
    }
}
