//! The few writes, for the tools: each takes a permit, can be tried first, and is bound to the version that was looked
//! at.

use gate::Permit;
use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE};
use model::ObjectRef;
use serde_json::{Value, json};

use crate::live::{path, words};
use crate::reach::check;
use crate::{Connection, ReadError, Trouble};

/// A change to one object, as the API server takes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// RFC 7386: lists are replaced whole.
    Merge(Value),
    /// Kubernetes' own: lists are merged by their keys, as containers by name. Built-in kinds only.
    Strategic(Value),
}

/// What a change makes of an object; without values, redacted.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    pub before: Value,
    pub after: Value,
    /// The version that `before` is; a later change carries it so that it meets what was looked at.
    pub resource_version: String,
    pub uid: String,
}

/// Whether the user may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    pub allowed: bool,
    /// What the authorisation says of it; often nothing.
    pub reason: String,
}

impl Connection {
    /// Asks the API server what the change would do, and changes nothing.
    pub async fn patch_dry_run(
        &self,
        permit: &Permit,
        object: &ObjectRef,
        change: &Change,
    ) -> Result<Changed, ReadError> {
        check(permit, self.cluster())?;
        self.apply(object, change, None, true).await
    }

    /// Changes the object if it is still of `resource_version`.
    pub async fn patch(
        &self,
        permit: &Permit,
        object: &ObjectRef,
        change: &Change,
        resource_version: &str,
    ) -> Result<Changed, ReadError> {
        check(permit, self.cluster())?;
        self.apply(object, change, Some(resource_version), false).await
    }

    /// Deletes the object if it is still the one of this uid.
    pub async fn delete(&self, permit: &Permit, object: &ObjectRef, uid: &str) -> Result<(), ReadError> {
        check(permit, self.cluster())?;
        let what = format!("the deletion of {}", words(object));
        let kind = self.kind_of(object, &what).await?;
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}});
        let request = Request::delete(path(&kind, object)).header(CONTENT_TYPE, "application/json");
        self.send(request, &options).await.map_err(|trouble| trouble.reading(what))?;
        Ok(())
    }

    /// Asks the cluster whether its user may do this. Changes nothing and reads nothing.
    pub async fn can(&self, permit: &Permit, verb: &str, object: &ObjectRef) -> Result<Access, ReadError> {
        check(permit, self.cluster())?;
        let what = format!("whether you may `{verb}` {}", words(object));
        let kind = self.kind_of(object, &what).await?;
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "verb": verb,
                "group": kind.group,
                "version": kind.version,
                "resource": kind.plural,
                "namespace": object.namespace,
                "name": object.name,
            }},
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let request = Request::post(path).header(CONTENT_TYPE, "application/json");
        let answer = self.send(request, &review).await.map_err(|trouble| trouble.reading(what))?;
        Ok(Access {
            allowed: answer["status"]["allowed"] == true,
            reason: answer["status"]["reason"].as_str().unwrap_or_default().to_owned(),
        })
    }

    async fn apply(
        &self,
        object: &ObjectRef,
        change: &Change,
        resource_version: Option<&str>,
        dry_run: bool,
    ) -> Result<Changed, ReadError> {
        let what = format!("a change of {}", words(object));
        let kind = self.kind_of(object, &what).await?;
        let place = path(&kind, object);
        let read = Request::get(&place);
        let mut before = self.send(read, &Value::Null).await.map_err(|trouble| trouble.reading(&what))?;
        let text = |value: &Value, field: &str| value["metadata"][field].as_str().unwrap_or_default().to_owned();
        let (version, uid) = (text(&before, "resourceVersion"), text(&before, "uid"));

        let (content, patch) = match change {
            Change::Merge(patch) => ("application/merge-patch+json", patch),
            Change::Strategic(patch) => ("application/strategic-merge-patch+json", patch),
        };
        let mut patch = patch.clone();
        if let Some(expected) = resource_version
            && let Some(map) = patch.as_object_mut()
        {
            let metadata = map.entry("metadata").or_insert_with(|| json!({}));
            metadata["resourceVersion"] = expected.into();
        }
        let query = if dry_run { "dryRun=All&" } else { "" };
        let request = Request::patch(format!("{place}?{query}fieldManager=caseboard")).header(CONTENT_TYPE, content);
        let mut after = self.send(request, &patch).await.map_err(|trouble| match trouble.why.starts_with("409") {
            true => ReadError::Failed {
                what: what.clone(),
                why: format!("it was changed by somebody else meanwhile ({})", trouble.why),
                hint: "Look at it again and propose the change anew.".into(),
            },
            false => trouble.reading(&what),
        })?;
        for value in [&mut before, &mut after] {
            self.inner.arrivals.reduce(&kind, value);
        }
        Ok(Changed { before, after, resource_version: version, uid })
    }

    async fn send(&self, request: http::request::Builder, body: &Value) -> Result<Value, Trouble> {
        let seconds = 30;
        let exchange = async {
            let client = self.inner.client().await?;
            let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
            let request = request.header(ACCEPT, "application/json").body(body);
            let request = request.map_err(|error| Trouble::of(&kube::Error::HttpError(error)))?;
            client.request_text(request).await.map_err(|error| Trouble::of(&error))
        };
        let text = tokio::time::timeout(std::time::Duration::from_secs(seconds), exchange)
            .await
            .unwrap_or_else(|_| Err(Trouble::timed_out(seconds)))?;
        serde_json::from_str(&text).map_err(|_| Trouble {
            kind: crate::TroubleKind::Server,
            why: "the answer is not JSON".into(),
            hint: "Check that the server of this context is a Kubernetes API server.".into(),
        })
    }
}
