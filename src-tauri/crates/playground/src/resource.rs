//! The kinds that the server knows: what discovery, paths and tables are made from.

use std::borrow::Cow;

/// A kind of object as the API serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Empty for the core group.
    pub group: Cow<'static, str>,
    pub version: Cow<'static, str>,
    pub kind: Cow<'static, str>,
    pub plural: Cow<'static, str>,
    pub singular: Cow<'static, str>,
    pub short: &'static [&'static str],
    pub namespaced: bool,
    /// In `kubectl get all`.
    pub all: bool,
}

const fn resource(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    singular: &'static str,
    short: &'static [&'static str],
    namespaced: bool,
) -> Resource {
    Resource {
        group: Cow::Borrowed(group),
        version: Cow::Borrowed(version),
        kind: Cow::Borrowed(kind),
        plural: Cow::Borrowed(plural),
        singular: Cow::Borrowed(singular),
        short,
        namespaced,
        all: false,
    }
}

const fn in_all(mut resource: Resource) -> Resource {
    resource.all = true;
    resource
}

/// Core first, then the groups in the order in which discovery lists them.
pub static RESOURCES: &[Resource] = &[
    resource("", "v1", "ConfigMap", "configmaps", "configmap", &["cm"], true),
    resource("", "v1", "Endpoints", "endpoints", "endpoints", &["ep"], true),
    resource("", "v1", "Event", "events", "event", &["ev"], true),
    resource("", "v1", "LimitRange", "limitranges", "limitrange", &["limits"], true),
    resource("", "v1", "Namespace", "namespaces", "namespace", &["ns"], false),
    resource("", "v1", "Node", "nodes", "node", &["no"], false),
    resource("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "persistentvolumeclaim", &["pvc"], true),
    resource("", "v1", "PersistentVolume", "persistentvolumes", "persistentvolume", &["pv"], false),
    in_all(resource("", "v1", "Pod", "pods", "pod", &["po"], true)),
    resource("", "v1", "PodTemplate", "podtemplates", "podtemplate", &[], true),
    in_all(resource(
        "",
        "v1",
        "ReplicationController",
        "replicationcontrollers",
        "replicationcontroller",
        &["rc"],
        true,
    )),
    resource("", "v1", "ResourceQuota", "resourcequotas", "resourcequota", &["quota"], true),
    resource("", "v1", "Secret", "secrets", "secret", &[], true),
    resource("", "v1", "ServiceAccount", "serviceaccounts", "serviceaccount", &["sa"], true),
    in_all(resource("", "v1", "Service", "services", "service", &["svc"], true)),
    resource(
        "admissionregistration.k8s.io",
        "v1",
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        "mutatingwebhookconfiguration",
        &[],
        false,
    ),
    resource(
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        "validatingwebhookconfiguration",
        &[],
        false,
    ),
    resource(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "customresourcedefinition",
        &["crd", "crds"],
        false,
    ),
    resource("apps", "v1", "ControllerRevision", "controllerrevisions", "controllerrevision", &[], true),
    in_all(resource("apps", "v1", "DaemonSet", "daemonsets", "daemonset", &["ds"], true)),
    in_all(resource("apps", "v1", "Deployment", "deployments", "deployment", &["deploy"], true)),
    in_all(resource("apps", "v1", "ReplicaSet", "replicasets", "replicaset", &["rs"], true)),
    in_all(resource("apps", "v1", "StatefulSet", "statefulsets", "statefulset", &["sts"], true)),
    in_all(resource(
        "autoscaling",
        "v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        "horizontalpodautoscaler",
        &["hpa"],
        true,
    )),
    in_all(resource("batch", "v1", "CronJob", "cronjobs", "cronjob", &["cj"], true)),
    in_all(resource("batch", "v1", "Job", "jobs", "job", &[], true)),
    resource("coordination.k8s.io", "v1", "Lease", "leases", "lease", &[], true),
    resource("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", "endpointslice", &[], true),
    resource("events.k8s.io", "v1", "Event", "events", "event", &["ev"], true),
    resource("networking.k8s.io", "v1", "IngressClass", "ingressclasses", "ingressclass", &[], false),
    resource("networking.k8s.io", "v1", "Ingress", "ingresses", "ingress", &["ing"], true),
    resource("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "networkpolicy", &["netpol"], true),
    resource("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", "runtimeclass", &[], false),
    resource("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "poddisruptionbudget", &["pdb"], true),
    resource(
        "rbac.authorization.k8s.io",
        "v1",
        "ClusterRoleBinding",
        "clusterrolebindings",
        "clusterrolebinding",
        &[],
        false,
    ),
    resource("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", "clusterrole", &[], false),
    resource("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", "rolebinding", &[], true),
    resource("rbac.authorization.k8s.io", "v1", "Role", "roles", "role", &[], true),
    resource("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", "priorityclass", &["pc"], false),
    resource("storage.k8s.io", "v1", "CSIDriver", "csidrivers", "csidriver", &[], false),
    resource("storage.k8s.io", "v1", "CSINode", "csinodes", "csinode", &[], false),
    resource("storage.k8s.io", "v1", "StorageClass", "storageclasses", "storageclass", &["sc"], false),
    resource("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", "volumeattachment", &[], false),
];

/// The kinds by their names in references, each once.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    RESOURCES.iter().filter(|r| r.group != "events.k8s.io").map(|r| &*r.kind)
}

/// The resource of a kind as a reference names it.
pub fn by_kind(kind: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|r| r.kind == kind)
}

impl Resource {
    /// A custom kind that a history holds objects of; its plural is guessed as Kubernetes' own code generators do.
    pub fn custom(api_version: &str, kind: &str, namespaced: bool) -> Resource {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let singular = kind.to_lowercase();
        let plural = match singular.as_bytes() {
            [.., b'y'] => format!("{}ies", &singular[..singular.len() - 1]),
            [.., b's' | b'x'] | [.., b'c' | b's', b'h'] => format!("{singular}es"),
            _ => format!("{singular}s"),
        };
        Resource {
            group: Cow::Owned(group.to_owned()),
            version: Cow::Owned(version.to_owned()),
            kind: Cow::Owned(kind.to_owned()),
            plural: Cow::Owned(plural),
            singular: Cow::Owned(singular),
            short: &[],
            namespaced,
            all: false,
        }
    }

    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_string() } else { format!("{}/{}", self.group, self.version) }
    }

    /// As error messages name it: `deployments.apps`, `pods`.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_string() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// The kind as [`model::ObjectRef`] has it.
    pub fn reference_kind(&self) -> String {
        model::qualified_kind(&self.api_version(), &self.kind)
    }
}
