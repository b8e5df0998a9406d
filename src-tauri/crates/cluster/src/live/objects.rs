use model::{Body, ChangeKind, ObjectRef, Observation, Source};
use serde_json::Value;

use super::{Answer, segment};
use crate::{Connection, Kind, ReadError};

const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
/// A list for a person or a model; more is asked for by name.
const MOST_OBJECTS: usize = 500;

impl Connection {
    /// One object, or with an empty name the objects of a kind. Secrets come as metadata, ConfigMaps without values.
    pub(crate) async fn object(&self, object: &ObjectRef) -> Answer {
        let what = words(object);
        let kind = self.kind_of(object, &what).await?;
        let path = path(&kind, object);
        if object.name.is_empty() {
            let accept = if kind.metadata_only() { METADATA_LIST } else { "application/json" };
            let path = format!("{path}?limit={MOST_OBJECTS}");
            let list = self.inner.get_json_as(&path, accept).await.map_err(|t| t.reading(&what))?;
            let items = list["items"].as_array().cloned().unwrap_or_default();
            return Ok(items.into_iter().filter_map(|item| self.read_object(&kind, item)).collect());
        }
        let accept = if kind.metadata_only() { METADATA } else { "application/json" };
        let value = self.inner.get_json_as(&path, accept).await.map_err(|t| t.reading(&what))?;
        Ok(self.read_object(&kind, value).into_iter().collect())
    }

    /// Keys, sizes and keyed digests. The values are in memory for the length of this function.
    pub(crate) async fn shape(&self, kind: &str, namespace: &str, name: &str) -> Answer {
        let object = ObjectRef::new(kind, namespace, name);
        let what = format!("the contents of {}", words(&object));
        let plural = if kind == "Secret" { "secrets" } else { "configmaps" };
        let path = format!("/api/v1/namespaces/{}/{plural}/{}", segment(namespace), segment(name));
        let value = self.inner.get_json(&path).await.map_err(|trouble| trouble.reading(what))?;
        let shape = self.inner.redactor.shape(kind, &value);
        drop(value);
        Ok(vec![self.inner.read_now(object, Body::Shape(shape))])
    }

    pub(crate) async fn kind_of(&self, object: &ObjectRef, what: &str) -> Result<Kind, ReadError> {
        let served = self.inner.served_kind(&object.kind).await.map_err(|trouble| trouble.reading(what))?;
        let watched = || crate::kind::watched().into_iter().find(|kind| kind.is_called(&object.kind));
        served.or_else(watched).ok_or_else(|| {
            ReadError::not_available(
                what,
                format!("the cluster serves no kind `{}`", object.kind),
                "Write the kind as `kubectl api-resources` shows it in its column KIND.",
            )
        })
    }

    fn read_object(&self, kind: &Kind, mut value: Value) -> Option<Observation> {
        let inner = &self.inner;
        let subject = crate::arrival::Arrivals::reference(kind, &value)?;
        let text = |field: &str| value["metadata"][field].as_str().unwrap_or_default().to_owned();
        let (uid, resource_version) = (text("uid"), text("resourceVersion"));
        inner.arrivals.reduce(kind, &mut value);
        let body = Body::Object {
            api_version: kind.api_version().into(),
            uid: uid.into(),
            resource_version: resource_version.into(),
            change: ChangeKind::Present,
            object: value.into(),
        };
        let now = inner.clock.now();
        Some(Observation::new(inner.arrivals.cluster.clone(), now, now, Source::Read, Some(subject), body))
    }
}

pub(crate) fn words(object: &ObjectRef) -> String {
    match (object.namespace.is_empty(), object.name.is_empty()) {
        (true, true) => format!("all objects of kind {}", object.kind),
        (true, false) => format!("{} `{}`", object.kind, object.name),
        (false, true) => format!("all objects of kind {} in `{}`", object.kind, object.namespace),
        (false, false) => format!("{} `{}/{}`", object.kind, object.namespace, object.name),
    }
}

/// Where the API server has an object, or with an empty name its kind.
pub(crate) fn path(kind: &Kind, object: &ObjectRef) -> String {
    let mut path = match kind.group.as_str() {
        "" => format!("/api/{}", kind.version),
        group => format!("/apis/{group}/{}", kind.version),
    };
    if kind.namespaced && !object.namespace.is_empty() {
        path.push_str(&format!("/namespaces/{}", segment(&object.namespace)));
    }
    path.push_str(&format!("/{}", kind.plural));
    if !object.name.is_empty() {
        path.push_str(&format!("/{}", segment(&object.name)));
    }
    path
}
