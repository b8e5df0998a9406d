use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use arcstr::ArcStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;

/// Text that never changes, behind a thin pointer: a clone shares it. 8 bytes here, and 16 bytes more than its length
/// wherever it lies; nothing where it is empty or the name of a built-in kind.
#[derive(Clone, Default, TS)]
#[ts(type = "string")]
pub struct Text(ArcStr);

impl Text {
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether both are one piece of memory.
    pub fn is_same(&self, other: &Text) -> bool {
        ArcStr::ptr_eq(&self.0, &other.0)
    }

    /// How many hold it; `None` where it is part of the program.
    pub(crate) fn holders(&self) -> Option<usize> {
        ArcStr::strong_count(&self.0)
    }
}

/// Words that are part of the program.
macro_rules! words {
    ($($word:literal)*) => {
        /// A word of this list as a text that costs nothing.
        fn word(text: &str) -> Option<ArcStr> {
            match text {
                $($word => Some(arcstr::literal!($word)),)*
                _ => None,
            }
        }
    };
}

words! {
    "ConfigMap" "ControllerRevision" "CronJob" "CSIDriver" "CSINode" "CustomResourceDefinition" "DaemonSet" "Deployment"
    "Endpoints" "EndpointSlice" "Event" "Gateway" "HTTPRoute" "HorizontalPodAutoscaler" "Ingress" "IngressClass" "Job"
    "Lease" "LimitRange" "MutatingWebhookConfiguration" "Namespace" "NetworkPolicy" "Node" "PersistentVolume"
    "PersistentVolumeClaim" "Pod" "PodDisruptionBudget" "PriorityClass" "ReplicaSet" "ReplicationController"
    "ResourceQuota" "Role" "RoleBinding" "ClusterRole" "ClusterRoleBinding" "RuntimeClass" "Secret" "Service"
    "ServiceAccount" "StatefulSet" "StorageClass" "ValidatingWebhookConfiguration" "VolumeAttachment" "VolumeSnapshot"
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        match text.as_bytes().first() {
            None => Text::default(),
            // Kubernetes writes kinds with a capital letter, and never names or namespaces.
            Some(first) if first.is_ascii_uppercase() => Text(word(text).unwrap_or_else(|| ArcStr::from(text))),
            Some(_) => Text(ArcStr::from(text)),
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Text::from(text.as_str())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Text::from(text.as_str())
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        Text::from(&*text)
    }
}

impl From<&Text> for Text {
    fn from(text: &Text) -> Self {
        text.clone()
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}

impl From<&Text> for String {
    fn from(text: &Text) -> Self {
        text.as_str().to_owned()
    }
}

impl From<Text> for serde_json::Value {
    fn from(text: Text) -> Self {
        text.as_str().into()
    }
}

impl From<&Text> for serde_json::Value {
    fn from(text: &Text) -> Self {
        text.as_str().into()
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.is_same(other) { Ordering::Equal } else { self.as_str().cmp(other.as_str()) }
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

macro_rules! equals {
    ($($other:ty),*) => {$(
        impl PartialEq<$other> for Text {
            fn eq(&self, other: &$other) -> bool {
                let other: &str = other.as_ref();
                self.as_str() == other
            }
        }
        impl PartialEq<Text> for $other {
            fn eq(&self, other: &Text) -> bool {
                let this: &str = self.as_ref();
                this == other.as_str()
            }
        }
    )*};
}

equals!(str, &str, String, Cow<'_, str>);

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <Cow<'_, str>>::deserialize(deserializer).map(Text::from)
    }
}

impl PartialEq<Text> for serde_json::Value {
    fn eq(&self, other: &Text) -> bool {
        self.as_str() == Some(other.as_str())
    }
}

impl PartialEq<Text> for crate::Doc {
    fn eq(&self, other: &Text) -> bool {
        self.as_str() == Some(other.as_str())
    }
}
