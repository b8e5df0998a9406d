//! Who may do what: everybody who has the token may read, and write where writes take effect.

use axum::response::Response;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Site, protobuf};
use crate::status::Refusal;

/// The name under which the holder of the token is known.
pub(super) const USER: &str = "playground";

const READS: [&str; 3] = ["get", "list", "watch"];
const WRITES: [&str; 5] = ["create", "delete", "patch", "update", "deletecollection"];

pub(super) fn review(site: &Site, kind: &str, method: &Method, body: &[u8]) -> Result<Response, Refusal> {
    if method != Method::POST {
        return Err(Refusal::method_not_allowed(method.as_str()));
    }
    let read = protobuf::read(body).map_or_else(|| serde_json::from_slice(body), Ok);
    let mut review: Value = read.map_err(|error| Refusal::bad_request(format!("the review is not JSON: {error}")))?;
    if !review.is_object() {
        return Err(Refusal::bad_request("the review is not an object"));
    }
    let writable = site.world.takes_writes();
    let status = match kind {
        "selfsubjectaccessreviews" => {
            let resource = &review["spec"]["resourceAttributes"];
            let verb = resource["verb"].as_str().or(review["spec"]["nonResourceAttributes"]["verb"].as_str());
            let (allowed, reason) =
                allows(verb.unwrap_or_default(), resource["resource"].as_str().unwrap_or_default(), writable);
            let mut status = json!({ "allowed": allowed });
            if !reason.is_empty() {
                status["reason"] = reason.into();
            }
            status
        }
        "selfsubjectrulesreviews" => {
            let verbs: Vec<&str> = if writable { READS.into_iter().chain(WRITES).collect() } else { READS.to_vec() };
            json!({
                "resourceRules": [
                    { "apiGroups": ["*"], "resources": ["*"], "verbs": verbs },
                    { "apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], "verbs": ["create"] },
                ],
                "nonResourceRules": [{ "nonResourceURLs": ["*"], "verbs": ["get"] }],
                "incomplete": false,
            })
        }
        "selfsubjectreviews" => {
            json!({ "userInfo": { "username": USER, "groups": ["caseboard:playground", "system:authenticated"] } })
        }
        _ => return Err(Refusal::no_such_path()),
    };
    review["status"] = status;
    Ok(super::json(StatusCode::CREATED, &review))
}

/// Whether a verb is allowed, and why not.
pub(super) fn allows(verb: &str, resource: &str, writable: bool) -> (bool, &'static str) {
    if READS.contains(&verb) || (verb == "create" && resource.starts_with("selfsubject")) {
        return (true, "");
    }
    match (WRITES.contains(&verb) || verb == "*", writable) {
        (true, true) => (verb != "deletecollection", ""),
        (true, false) => (false, "this cluster is a recording"),
        (false, _) => (false, "the playground does not know this verb"),
    }
}
