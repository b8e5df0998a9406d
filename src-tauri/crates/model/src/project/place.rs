//! The projection as a question that is asked of every field while an object is read, so that what is dropped is never
//! in memory.

use super::{NOISY_ANNOTATIONS, is_token};
use crate::Doc;

/// Where in an object a value stands, as far as that decides what is kept of it. What is read from [`Place::of_kind`] on
/// is what [`super::project`] makes of the whole, but for the values of ConfigMaps and Secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// All of it is kept.
    Anywhere,
    Object,
    Pod,
    Node,
    Metadata,
    Annotations,
    PodSpec,
    PodContainers,
    PodContainer,
    Volumes,
    Mounts,
    PodStatus,
    Conditions,
    Condition,
    ContainerStatuses,
    ContainerStatus,
    ContainerState,
    Ended,
    NodeStatus,
}

impl Place {
    /// An object as a whole.
    pub fn of_kind(kind: &str) -> Place {
        match kind {
            "Pod" => Place::Pod,
            "Node" => Place::Node,
            _ => Place::Object,
        }
    }

    /// The place of a field's value; `None` where the field is dropped.
    pub fn field(self, name: &str) -> Option<Place> {
        Some(match (self, name) {
            (Place::Object | Place::Pod | Place::Node, "metadata") => Place::Metadata,
            (Place::Metadata, "managedFields" | "selfLink") => return None,
            (Place::Metadata, "annotations") => Place::Annotations,
            (Place::Annotations, name) if NOISY_ANNOTATIONS.contains(&name) => return None,
            (Place::Pod, "spec") => Place::PodSpec,
            (Place::PodSpec, "volumes") => Place::Volumes,
            (Place::PodSpec, "containers" | "initContainers" | "ephemeralContainers") => Place::PodContainers,
            (Place::PodContainer | Place::ContainerStatus, "volumeMounts") => Place::Mounts,
            (Place::Pod, "status") => Place::PodStatus,
            (Place::PodStatus, "conditions") => Place::Conditions,
            (Place::PodStatus, "containerStatuses" | "initContainerStatuses" | "ephemeralContainerStatuses") => {
                Place::ContainerStatuses
            }
            (Place::ContainerStatus | Place::Ended, "containerID") => return None,
            (Place::ContainerStatus, "state" | "lastState") => Place::ContainerState,
            (Place::ContainerState, "terminated") => Place::Ended,
            (Place::Node, "status") => Place::NodeStatus,
            (Place::NodeStatus, "images") => return None,
            _ => Place::Anywhere,
        })
    }

    /// The place of a list's items.
    pub(crate) fn item(self) -> Place {
        match self {
            Place::PodContainers => Place::PodContainer,
            Place::Conditions => Place::Condition,
            Place::ContainerStatuses => Place::ContainerStatus,
            _ => Place::Anywhere,
        }
    }

    /// Whether a field that was read is kept.
    pub(crate) fn keeps_field(self, name: &str, value: &Doc) -> bool {
        match self {
            Place::Metadata => name != "annotations" || value.as_object().is_none_or(|fields| !fields.is_empty()),
            Place::Condition => !value.is_null(),
            _ => true,
        }
    }

    /// Whether an item that was read is kept. A list that loses all of its items this way is dropped.
    pub(crate) fn keeps_item(self, item: &Doc) -> bool {
        let token = || item["name"].as_str().is_some_and(is_token);
        match self {
            Place::Volumes => !(item["projected"].is_object() && token()),
            Place::Mounts => !token(),
            _ => true,
        }
    }

    /// Fields that are dropped when they say no more than another one: a list of addresses that has only the main one.
    pub(crate) fn repeats(self) -> &'static [(&'static str, &'static str)] {
        if self == Place::PodStatus { super::ADDRESSES } else { &[] }
    }
}
