use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Text;

/// Which object: `Kind/namespace/name`, the namespace empty for cluster-scoped objects.
///
/// The kind is Kubernetes' own word (`Deployment`). A custom resource whose kind shadows a built-in one is qualified by
/// its group as kubectl does it (`Service.serving.knative.dev`); see [`qualified_kind`]. A clone shares the texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub struct ObjectRef {
    #[ts(type = "string")]
    pub kind: Text,
    #[ts(type = "string")]
    pub namespace: Text,
    #[ts(type = "string")]
    pub name: Text,
}

impl ObjectRef {
    pub fn new(kind: impl Into<Text>, namespace: impl Into<Text>, name: impl Into<Text>) -> Self {
        ObjectRef { kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    /// A cluster-scoped object.
    pub fn global(kind: impl Into<Text>, name: impl Into<Text>) -> Self {
        ObjectRef::new(kind, "", name)
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
    }
}

/// The text is neither `Kind/namespace/name` nor `Kind/name`.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an object reference; write Kind/namespace/name")]
pub struct NotAnObject(String);

impl FromStr for ObjectRef {
    type Err = NotAnObject;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts[..] {
            [kind, namespace, name] if !kind.is_empty() && !name.is_empty() => {
                Ok(ObjectRef::new(kind, namespace, name))
            }
            [kind, name] if !kind.is_empty() && !name.is_empty() => Ok(ObjectRef::global(kind, name)),
            _ => Err(NotAnObject(text.to_owned())),
        }
    }
}

/// Kinds of Kubernetes' own API groups that the workbench knows by their bare name.
const BUILTIN_KINDS: &[&str] = &[
    "ConfigMap",
    "ControllerRevision",
    "CronJob",
    "CSIDriver",
    "CSINode",
    "CustomResourceDefinition",
    "DaemonSet",
    "Deployment",
    "Endpoints",
    "EndpointSlice",
    "Event",
    "HorizontalPodAutoscaler",
    "Ingress",
    "IngressClass",
    "Job",
    "Lease",
    "LimitRange",
    "MutatingWebhookConfiguration",
    "Namespace",
    "NetworkPolicy",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "PriorityClass",
    "ReplicaSet",
    "ReplicationController",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "ClusterRole",
    "ClusterRoleBinding",
    "RuntimeClass",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
    "StorageClass",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
];

pub fn is_builtin_kind(kind: &str) -> bool {
    BUILTIN_KINDS.contains(&kind)
}

/// The kind as an [`ObjectRef`] carries it: bare for built-in groups and for custom kinds that shadow nothing,
/// `Kind.group` for a custom kind that has a built-in's name.
pub fn qualified_kind(api_version: &str, kind: &str) -> String {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let builtin_group =
        matches!(group, "" | "apps" | "batch" | "autoscaling" | "policy" | "extensions") || group.ends_with(".k8s.io");
    if !builtin_group && is_builtin_kind(kind) { format!("{kind}.{group}") } else { kind.to_owned() }
}
