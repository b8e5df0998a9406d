//! The few writes, for the tools: each takes a permit, can be tried first, and is bound to the object and the version
//! that were looked at.

use std::sync::atomic::{AtomicBool, Ordering};

use gate::{Leave, Permit};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, StatusCode};
use model::{ClusterId, ObjectRef};
use serde_json::{Value, json};

use crate::live::{path, words};
use crate::reach::check;
use crate::{Connection, Kind, ReadError, Trouble, TroubleKind};

/// A change to one object, as the API server takes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// RFC 7386: lists are replaced whole.
    Merge(Value),
    /// Kubernetes' own: lists are merged by their keys, as containers by name. Built-in kinds only.
    Strategic(Value),
    /// RFC 6902: a list of operations.
    Json(Vec<Value>),
    Delete,
}

/// What of an object is read and changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    /// The number of its pods, which the API server serves and guards apart.
    Scale,
}

impl Part {
    /// In the middle of a sentence about the object.
    pub fn words(self) -> &'static str {
        match self {
            Part::Whole => "it",
            Part::Scale => "its `scale`",
        }
    }

    /// Behind the object's own path.
    fn path(self) -> &'static str {
        match self {
            Part::Whole => "",
            Part::Scale => "/scale",
        }
    }

    /// The part alone, whether the server gave it or the whole.
    fn of(self, object: Value) -> Value {
        match self {
            Part::Whole => object,
            Part::Scale => {
                let metadata = &object["metadata"];
                json!({
                    "metadata": {
                        "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"],
                        "resourceVersion": metadata["resourceVersion"],
                    },
                    // What an API server leaves out is none.
                    "spec": {"replicas": object["spec"]["replicas"].as_u64().unwrap_or(0)},
                })
            }
        }
    }
}

/// An object as the server has it, whole or a part, for working out a change. Its values are not redacted: it is not kept, not
/// shown and not logged. A Secret comes without its values.
pub struct Target {
    pub object: Value,
    pub uid: String,
    pub resource_version: String,
    pub part: Part,
}

/// What a change makes of an object; without values, redacted.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    pub before: Value,
    /// `Null` where the change deletes it.
    pub after: Value,
    /// Nothing but the server's own bookkeeping differs: it is so already.
    pub same: bool,
}

/// Whether the user may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    pub allowed: bool,
    /// What the authorisation says of it; often nothing.
    pub reason: String,
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// 409: it is not the object, or not the version, that was looked at.
    #[error("{what} was changed by somebody else meanwhile ({why})")]
    Conflict { what: String, why: String },
    /// It was sent, and what came back does not tell whether it was done: nothing, a connection that broke, or a word of
    /// something in between.
    #[error("{what} may have been changed, and may not: {why}")]
    Open { what: String, why: String },
    #[error(transparent)]
    Other(#[from] ReadError),
}

impl Connection {
    /// Asks the cluster whether its user may do this. Changes nothing and reads nothing.
    pub async fn can(
        &self,
        leave: &impl Leave,
        verb: &str,
        object: &ObjectRef,
        part: Part,
    ) -> Result<Access, ReadError> {
        allowed_here(leave, self.cluster())?;
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
                "subresource": part.path().trim_start_matches('/'),
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

    /// The object, or a part of it, as it is now. Who may change a part and not read it reads it of the whole.
    pub async fn target(&self, leave: &impl Leave, object: &ObjectRef, part: Part) -> Result<Target, ReadError> {
        allowed_here(leave, self.cluster())?;
        let what = words(object);
        let kind = self.changed_kind(object, &what).await?;
        let place = path(&kind, object);
        let read = async |place: String| self.send(Request::get(place), &Value::Null).await;
        let value = match read(format!("{place}{}", part.path())).await {
            Err(trouble) if trouble.kind == TroubleKind::Refused && part != Part::Whole => read(place).await,
            read => read,
        };
        let mut value = part.of(value.map_err(|t| t.reading(&what))?);
        if kind.metadata_only()
            && let Some(map) = value.as_object_mut()
        {
            map.retain(|field, _| matches!(field.as_str(), "apiVersion" | "kind" | "metadata" | "type"));
        }
        let text = |field: &str| value["metadata"][field].as_str().unwrap_or_default().to_owned();
        Ok(Target { uid: text("uid"), resource_version: text("resourceVersion"), object: value, part })
    }

    /// The kind of what is to be changed. How far a change reaches is told from the namespace that it names: one that the
    /// kind has no use for, or that is missing, is not passed over as it is by reads.
    async fn changed_kind(&self, object: &ObjectRef, what: &str) -> Result<Kind, ReadError> {
        let kind = self.kind_of(object, what).await?;
        let (why, hint) = match (kind.namespaced, object.namespace.is_empty()) {
            (true, false) | (false, true) => return Ok(kind),
            (false, false) => (
                format!("a {} is in no namespace, and `{}` was named", kind.kind, object.namespace),
                "Leave the namespace out: it is a change for the whole cluster.",
            ),
            (true, true) => (format!("a {} is in a namespace, and none was named", kind.kind), "Name its namespace."),
        };
        Err(ReadError::not_available(what, why, hint))
    }

    /// The objects of a kind in a namespace that a plan needs besides its target, such as the revisions of a workload.
    pub async fn beside(&self, leave: &impl Leave, kind: &str, namespace: &str) -> Result<Vec<Value>, ReadError> {
        allowed_here(leave, self.cluster())?;
        let all = ObjectRef::new(kind, namespace, "");
        let what = words(&all);
        let kind = self.kind_of(&all, &what).await?;
        if kind.metadata_only() {
            return Err(ReadError::not_available(what, "values of Secrets are never listed", ""));
        }
        let mut list = self.send(Request::get(path(&kind, &all)), &Value::Null).await.map_err(|t| t.reading(&what))?;
        Ok(match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        })
    }

    /// Asks the API server what the change would do to the target, and changes nothing.
    pub async fn try_change(
        &self,
        leave: &impl Leave,
        object: &ObjectRef,
        change: &Change,
        target: &Target,
    ) -> Result<Changed, WriteError> {
        allowed_here(leave, self.cluster())?;
        self.apply(object, change, target, true).await
    }

    /// Changes the target if it is still the same object in the same version.
    pub async fn change(
        &self,
        permit: &Permit,
        object: &ObjectRef,
        change: &Change,
        target: &Target,
    ) -> Result<Changed, WriteError> {
        check(permit, self.cluster())?;
        self.apply(object, change, target, false).await
    }

    async fn apply(
        &self,
        object: &ObjectRef,
        change: &Change,
        target: &Target,
        dry_run: bool,
    ) -> Result<Changed, WriteError> {
        let what = words(object);
        let kind = self.changed_kind(object, &what).await?;
        let place = path(&kind, object);
        let query = if dry_run { "dryRun=All&" } else { "" };
        let (content, body) = bound(change, target);
        let request = match change {
            Change::Delete => Request::delete(place),
            Change::Merge(_) | Change::Strategic(_) | Change::Json(_) => {
                Request::patch(format!("{place}{}?{query}fieldManager=caseboard", target.part.path()))
            }
        };
        let mut body = body;
        if dry_run && *change == Change::Delete {
            body["dryRun"] = json!(["All"]);
        }
        let answer =
            self.write(request.header(CONTENT_TYPE, content), &body, &what).await.map_err(|error| match error {
                // What was only tried changed nothing, whatever became of the answer.
                WriteError::Open { why, .. } if dry_run => {
                    let what = format!("the answer to a change of {what}");
                    ReadError::Failed { what, why, hint: "Try again.".into() }.into()
                }
                error => error,
            })?;
        let mut after = if *change == Change::Delete { Value::Null } else { target.part.of(answer) };
        let same = same(&target.object, &after);
        let mut before = target.object.clone();
        self.show(&kind, &mut before);
        self.show(&kind, &mut after);
        Ok(Changed { before, after, same })
    }

    /// As it may be shown and kept. A ConfigMap's values are told apart by their digests.
    fn show(&self, kind: &Kind, object: &mut Value) {
        let shape =
            (kind.group.is_empty() && kind.kind == "ConfigMap").then(|| self.inner.redactor.shape("ConfigMap", object));
        self.inner.arrivals.reduce(kind, object);
        if let (Some(shape), Some(map)) = (shape, object.as_object_mut()) {
            map.remove("keys");
            let told = |key: &model::KeyShape| {
                let digest = key.digest.get(..10).unwrap_or(&key.digest);
                (key.key.clone(), Value::from(format!("{} bytes, digest {digest}", key.bytes)))
            };
            map.insert("data".into(), Value::Object(shape.keys.iter().map(told).collect()));
        }
    }

    /// What the server answers to a write; a conflict is told apart by its code.
    async fn write(&self, request: http::request::Builder, body: &Value, what: &str) -> Result<Value, WriteError> {
        self.send_raw(request, body).await.map_err(|error| match error {
            Sent::Status(status) if status.code == StatusCode::CONFLICT.as_u16() => {
                WriteError::Conflict { what: what.to_owned(), why: status.message.clone() }
            }
            // Behind these the change may still be made, or was: a gateway gave up waiting, a store did not answer in time.
            Sent::Status(status) if status.code >= StatusCode::INTERNAL_SERVER_ERROR.as_u16() => {
                WriteError::Open { what: what.to_owned(), why: Trouble::of(&kube::Error::Api(status)).why }
            }
            Sent::Status(status) => {
                Trouble::of(&kube::Error::Api(status)).reading(format!("the answer to a change of {what}")).into()
            }
            Sent::Not(trouble) => trouble.reading(format!("the answer to a change of {what}")).into(),
            Sent::Unanswered(trouble) => WriteError::Open { what: what.to_owned(), why: trouble.why },
        })
    }

    async fn send(&self, request: http::request::Builder, body: &Value) -> Result<Value, Trouble> {
        self.send_raw(request, body).await.map_err(|error| match error {
            Sent::Status(status) => Trouble::of(&kube::Error::Api(status)),
            Sent::Not(trouble) | Sent::Unanswered(trouble) => trouble,
        })
    }

    async fn send_raw(&self, request: http::request::Builder, body: &Value) -> Result<Value, Sent> {
        let seconds = 30;
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = request.header(ACCEPT, "application/json").body(body);
        let request = request.map_err(|error| Sent::Not(Trouble::of(&kube::Error::HttpError(error))))?;
        let is_out = AtomicBool::new(false);
        let exchange = async {
            let client = self.inner.client().await.map_err(Sent::Not)?;
            let generation = self.inner.login.generation();
            is_out.store(true, Ordering::Relaxed);
            match client.request_text(request.clone()).await {
                // What was not let in has done nothing.
                Err(kube::Error::Api(status)) if status.code == 401 => {
                    is_out.store(false, Ordering::Relaxed);
                    if !self.inner.renew(generation).await.unwrap_or(false) {
                        return Err(Sent::Status(status));
                    }
                    let client = self.inner.client().await.map_err(Sent::Not)?;
                    is_out.store(true, Ordering::Relaxed);
                    client.request_text(request).await
                }
                answer => answer,
            }
            .map_err(Sent::of)
        };
        let text =
            tokio::time::timeout(std::time::Duration::from_secs(seconds), exchange).await.unwrap_or_else(|_| {
                let trouble = Trouble::timed_out(seconds);
                Err(if is_out.load(Ordering::Relaxed) { Sent::Unanswered(trouble) } else { Sent::Not(trouble) })
            })?;
        serde_json::from_str(&text).map_err(|_| {
            Sent::Unanswered(Trouble {
                kind: TroubleKind::Server,
                why: "the answer is not JSON".into(),
                hint: "Check that the server of this context is a Kubernetes API server.".into(),
            })
        })
    }
}

/// Why a request has no answer.
enum Sent {
    /// The server's own word.
    Status(Box<kube::core::Status>),
    /// It never reached anybody who could have acted on it.
    Not(Trouble),
    /// It left, and nobody said what became of it.
    Unanswered(Trouble),
}

impl Sent {
    fn of(error: kube::Error) -> Sent {
        let error = match error {
            kube::Error::Api(status) => return Sent::Status(status),
            error => error,
        };
        let trouble = Trouble::of(&error);
        let never_left = match trouble.kind {
            TroubleKind::Credential
            | TroubleKind::Plugin
            | TroubleKind::Untrusted
            | TroubleKind::Proxy
            | TroubleKind::Tls
            | TroubleKind::Kubeconfig => true,
            TroubleKind::Refused
            | TroubleKind::Missing
            | TroubleKind::Gone
            | TroubleKind::Busy
            | TroubleKind::Network
            | TroubleKind::Server => was_no_connection(&error),
        };
        if never_left { Sent::Not(trouble) } else { Sent::Unanswered(trouble) }
    }
}

/// Whether there never was a connection over which anything could have left.
fn was_no_connection(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            return error.is_connect();
        }
        next = error.source();
    }
    false
}

/// The request's content type and body, with the target's uid and version as preconditions.
fn bound(change: &Change, target: &Target) -> (&'static str, Value) {
    let Target { uid, resource_version, .. } = target;
    let with_metadata = |patch: &Value| {
        let mut patch = patch.clone();
        if let Some(map) = patch.as_object_mut() {
            // A patch whose metadata is no object is refused by the server.
            if let Some(metadata) = map.entry("metadata").or_insert_with(|| json!({})).as_object_mut() {
                metadata.insert("uid".into(), uid.as_str().into());
                metadata.insert("resourceVersion".into(), resource_version.as_str().into());
            }
        }
        patch
    };
    match change {
        Change::Merge(patch) => ("application/merge-patch+json", with_metadata(patch)),
        Change::Strategic(patch) => ("application/strategic-merge-patch+json", with_metadata(patch)),
        Change::Json(operations) => {
            // Set, not tested: the server answers a test that fails as if the patch were wrong, and this as a conflict.
            let mut all = operations.clone();
            all.push(json!({"op": "add", "path": "/metadata/uid", "value": uid}));
            all.push(json!({"op": "add", "path": "/metadata/resourceVersion", "value": resource_version}));
            ("application/json-patch+json", Value::Array(all))
        }
        Change::Delete => {
            let preconditions = json!({"uid": uid, "resourceVersion": resource_version});
            let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions});
            ("application/json", options)
        }
    }
}

/// Whether two versions differ in nothing but what the server keeps about them.
fn same(before: &Value, after: &Value) -> bool {
    let bare = |value: &Value| {
        let mut value = value.clone();
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|field, _| !matches!(field.as_str(), "managedFields" | "resourceVersion" | "generation"));
        }
        if let Some(map) = value.as_object_mut() {
            map.remove("status");
        }
        value
    };
    bare(before) == bare(after)
}

/// The cluster is part of what was asked.
fn allowed_here(leave: &impl Leave, here: &ClusterId) -> Result<(), ReadError> {
    let approved = &leave.what().cluster;
    if approved == here {
        Ok(())
    } else {
        Err(ReadError::WrongCluster { approved: approved.clone(), here: here.clone() })
    }
}
