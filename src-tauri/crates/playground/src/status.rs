//! Refusals as the API server writes them.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use crate::resource::Resource;

/// A `Status` of failure.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub code: u16,
    pub reason: &'static str,
    pub message: String,
    pub details: Option<Value>,
}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Refusal { code, reason, message: message.into(), details: None }
    }

    fn about(mut self, resource: &Resource, name: &str) -> Self {
        let mut details = json!({ "name": name, "kind": resource.plural });
        if !resource.group.is_empty() {
            details["group"] = resource.group.as_ref().into();
        }
        self.details = Some(details);
        self
    }

    pub fn unauthorized() -> Self {
        Refusal::new(401, "Unauthorized", "Unauthorized")
    }

    pub fn no_such_path() -> Self {
        let mut refusal = Refusal::new(404, "NotFound", "the server could not find the requested resource");
        refusal.details = Some(json!({}));
        refusal
    }

    pub fn not_found(resource: &Resource, name: &str) -> Self {
        Refusal::new(404, "NotFound", format!("{} \"{name}\" not found", resource.qualified())).about(resource, name)
    }

    pub fn already_exists(resource: &Resource, name: &str) -> Self {
        Refusal::new(409, "AlreadyExists", format!("{} \"{name}\" already exists", resource.qualified()))
            .about(resource, name)
    }

    pub fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", resource.qualified());
        Refusal::new(409, "Conflict", message).about(resource, name)
    }

    pub fn method_not_allowed(method: &str) -> Self {
        Refusal::new(405, "MethodNotAllowed", format!("{method} is not supported on resources of this kind"))
    }

    pub fn forbidden(resource: &Resource, name: &str, message: String) -> Self {
        Refusal::new(403, "Forbidden", message).about(resource, name)
    }

    pub fn invalid(resource: &Resource, name: &str, causes: &[(String, String)]) -> Self {
        let joined: Vec<String> = causes.iter().map(|(field, says)| format!("{field}: {says}")).collect();
        let joined = if joined.len() == 1 { joined[0].clone() } else { format!("[{}]", joined.join(", ")) };
        let kind = if resource.group.is_empty() {
            resource.kind.to_string()
        } else {
            format!("{}.{}", resource.kind, resource.group)
        };
        let mut refusal =
            Refusal::new(422, "Invalid", format!("{kind} \"{name}\" is invalid: {joined}")).about(resource, name);
        if let Some(details) = &mut refusal.details {
            details["kind"] = resource.kind.as_ref().into();
            details["causes"] = causes
                .iter()
                .map(|(field, says)| json!({ "reason": "FieldValueInvalid", "message": says, "field": field }))
                .collect();
        }
        refusal
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Refusal::new(400, "BadRequest", message)
    }

    pub fn not_acceptable() -> Self {
        Refusal::new(406, "NotAcceptable", "only the following media types are accepted: application/json")
    }

    pub fn unsupported_media_type(sent: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format ({sent}) - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml"
        );
        Refusal::new(415, "UnsupportedMediaType", message)
    }

    /// The version asked for is no longer kept.
    pub fn expired(asked: u64, oldest: u64) -> Self {
        Refusal::new(410, "Expired", format!("too old resource version: {asked} ({oldest})"))
    }

    /// A continue token outlived what it continues.
    pub fn continue_expired() -> Self {
        let message = "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.";
        Refusal::new(410, "Expired", message)
    }

    pub fn too_large(asked: u64, current: u64) -> Self {
        let mut refusal =
            Refusal::new(504, "Timeout", format!("Too large resource version: {asked}, current: {current}"));
        refusal.details = Some(json!({
            "causes": [{ "reason": "ResourceVersionTooLarge", "message": "Too large resource version" }],
            "retryAfterSeconds": 1,
        }));
        refusal
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Refusal::new(500, "InternalError", format!("Internal error occurred: {}", message.into()))
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Refusal::new(503, "ServiceUnavailable", message)
    }

    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        });
        if let Some(details) = &self.details {
            status["details"] = details.clone();
        }
        status["code"] = self.code.into();
        status
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let code = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (code, axum::Json(self.status())).into_response()
    }
}
