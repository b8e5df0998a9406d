//! Writes: checked as an API server checks them, tried with a dry run, or done to the scenario.

use std::sync::Arc;

use axum::response::Response;
use http::{Method, StatusCode};
use model::ObjectRef;
use serde_json::{Value, json};

use super::request::Asked;
use super::{Site, access, now, protobuf};
use crate::accept::{Form, form};
use crate::patch::{json_patch, merge, strategic};
use crate::status::Refusal;

pub(super) fn answer(
    site: &Site,
    asked: &Asked,
    method: &Method,
    accept: Option<&str>,
    content: &str,
    body: &[u8],
) -> Result<Response, Refusal> {
    if asked.resource.namespaced && asked.namespace.is_empty() {
        return Err(Refusal::method_not_allowed(method.as_str()));
    }
    permitted(site, asked, method)?;
    match (method.as_str(), asked.sub.as_str()) {
        ("DELETE", "") if !asked.name.is_empty() => delete(site, asked, body),
        ("POST", "eviction") if asked.resource.kind == "Pod" => delete(site, asked, body),
        ("POST", "") if asked.name.is_empty() => create(site, asked, accept, content, body),
        ("PATCH" | "PUT", "scale") => scale(site, asked, method, content, body),
        ("PATCH" | "PUT", "" | "status") if !asked.name.is_empty() => {
            let before = existing(site, asked)?;
            let after = changed(asked, method, content, body, &before)?;
            let after = checked(asked, &before, after)?;
            if asked.dry_run() {
                return respond(asked, accept, StatusCode::OK, &Arc::new(after));
            }
            write(site, asked, &after)?;
            respond(asked, accept, StatusCode::OK, &existing(site, asked)?)
        }
        _ => Err(Refusal::method_not_allowed(method.as_str())),
    }
}

fn respond(asked: &Asked, accept: Option<&str>, code: StatusCode, object: &Arc<Value>) -> Result<Response, Refusal> {
    let form = form(accept).unwrap_or(Form::Json);
    Ok(super::json(code, &super::list::single(asked, form, object)?))
}

fn permitted(site: &Site, asked: &Asked, method: &Method) -> Result<(), Refusal> {
    let verb = match method.as_str() {
        "PATCH" => "patch",
        "PUT" => "update",
        "POST" => "create",
        _ if asked.name.is_empty() => "deletecollection",
        _ => "delete",
    };
    let (allowed, reason) = access::allows(verb, &asked.resource.plural, site.world.takes_writes());
    if allowed {
        return Ok(());
    }
    let place = if asked.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace \"{}\"", asked.namespace)
    };
    let sub = if asked.sub.is_empty() { String::new() } else { format!("/{}", asked.sub) };
    let message = format!(
        "{} \"{}\" is forbidden: User \"{}\" cannot {verb} resource \"{}{sub}\" in API group \"{}\" {place}: {reason}",
        asked.resource.qualified(),
        asked.name,
        access::USER,
        asked.resource.plural,
        asked.resource.group,
    );
    Err(Refusal::forbidden(&asked.resource, &asked.name, message))
}

fn existing(site: &Site, asked: &Asked) -> Result<Arc<Value>, Refusal> {
    let found = site.world.store.read(|kept| kept.get(&asked.kind, &asked.namespace, &asked.name).cloned());
    found.ok_or_else(|| Refusal::not_found(&asked.resource, &asked.name))
}

fn read(body: &[u8], content: &str) -> Result<Value, Refusal> {
    if content.contains("protobuf") || content.contains("cbor") {
        return Err(Refusal::unsupported_media_type(content));
    }
    let value = if content.contains("yaml") {
        std::str::from_utf8(body).ok().and_then(|text| serde_saphyr::from_str::<Value>(text).ok())
    } else {
        serde_json::from_slice(body).ok()
    };
    value.ok_or_else(|| Refusal::bad_request("the body of the request could not be read"))
}

/// What the object becomes.
fn changed(asked: &Asked, method: &Method, content: &str, body: &[u8], before: &Value) -> Result<Value, Refusal> {
    let sent = read(body, content)?;
    if method == Method::PUT {
        return Ok(sent);
    }
    let mut after = before.clone();
    match content.split(';').next().unwrap_or_default().trim() {
        "application/merge-patch+json" | "application/apply-patch+yaml" => merge(&mut after, &sent),
        "application/strategic-merge-patch+json" => strategic(&mut after, &sent),
        "application/json-patch+json" => json_patch(&mut after, &sent).map_err(|why| {
            let mut refusal = Refusal::invalid(&asked.resource, &asked.name, &[]);
            refusal.message = format!("the server rejected our request due to an error in our request: {why}");
            refusal
        })?,
        other => return Err(Refusal::unsupported_media_type(other)),
    }
    Ok(after)
}

/// The rules that an API server keeps for every object, and a few for those that people change here.
fn checked(asked: &Asked, before: &Value, mut after: Value) -> Result<Value, Refusal> {
    let (resource, name) = (&asked.resource, asked.name.as_str());
    if !after.is_object() || !after["metadata"].is_object() {
        return Err(Refusal::bad_request("the object has no metadata"));
    }
    let text = |object: &Value, field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    let (given, current) = (text(&after, "resourceVersion"), text(before, "resourceVersion"));
    if !given.is_empty() && given != current {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Refusal::conflict(resource, name, why));
    }
    let (given, current) = (text(&after, "uid"), text(before, "uid"));
    if !given.is_empty() && given != current {
        let why = format!("Precondition failed: UID in precondition: {given}, UID in object meta: {current}");
        return Err(Refusal::conflict(resource, name, &why));
    }
    let mut causes = Vec::new();
    for (field, message) in [("name", "field is immutable"), ("namespace", "field is immutable")] {
        if !text(&after, field).is_empty() && text(&after, field) != text(before, field) {
            causes
                .push((format!("metadata.{field}"), format!("Invalid value: \"{}\": {message}", text(&after, field))));
        }
    }
    let selector = "/spec/selector";
    if matches!(&*resource.kind, "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        && after.pointer(selector) != before.pointer(selector)
    {
        let shown = after.pointer(selector).cloned().unwrap_or_default();
        causes.push(("spec.selector".into(), format!("Invalid value: {shown}: field is immutable")));
    }
    if let Some(replicas) = after.pointer("/spec/replicas").and_then(Value::as_i64).filter(|n| *n < 0) {
        causes.push(("spec.replicas".into(), format!("Invalid value: {replicas}: must be greater than or equal to 0")));
    }
    if matches!(&*resource.kind, "Deployment" | "StatefulSet" | "DaemonSet") {
        causes.extend(template_causes(&after["spec"]["template"]));
    }
    if !causes.is_empty() {
        return Err(Refusal::invalid(resource, name, &causes));
    }
    for field in ["uid", "creationTimestamp", "resourceVersion", "name", "namespace"] {
        if let Some(value) = before["metadata"].get(field) {
            after["metadata"][field] = value.clone();
        }
    }
    // Status is written through its own path, and by nobody here.
    match before.get("status") {
        Some(status) => after["status"] = status.clone(),
        None => {
            after.as_object_mut().map(|map| map.remove("status"));
        }
    }
    if after["spec"] != before["spec"]
        && let Some(generation) = before.pointer("/metadata/generation").and_then(Value::as_u64)
    {
        after["metadata"]["generation"] = (generation + 1).into();
    }
    Ok(after)
}

/// What is wrong with a pod template, as far as the simulation relies on it.
fn template_causes(template: &Value) -> Vec<(String, String)> {
    let mut causes = Vec::new();
    let at = "spec.template";
    if !template["metadata"]["labels"].is_object() {
        causes.push((format!("{at}.metadata.labels"), "Required value: must match the selector".into()));
    }
    let metadata = &template["metadata"]["annotations"];
    if !metadata.is_null() && !metadata.is_object() {
        causes.push((format!("{at}.metadata.annotations"), "Invalid value: must be a map".into()));
    }
    let containers = template["spec"]["containers"].as_array().map_or(&[][..], Vec::as_slice);
    if containers.is_empty() {
        causes.push((format!("{at}.spec.containers"), "Required value".into()));
    }
    for (number, container) in containers.iter().enumerate() {
        for field in ["name", "image"] {
            if container[field].as_str().is_none_or(str::is_empty) {
                causes.push((format!("{at}.spec.containers[{number}].{field}"), "Required value".into()));
            }
        }
    }
    causes
}

fn reference(asked: &Asked, name: &str) -> ObjectRef {
    ObjectRef::new(&asked.kind, &asked.namespace, name)
}

fn write(site: &Site, asked: &Asked, after: &Value) -> Result<(), Refusal> {
    let name = after["metadata"]["name"].as_str().unwrap_or(&asked.name);
    let subject = reference(asked, name);
    let done = site.world.act(now(), |stage| stage.write_object(&subject, after));
    done.map_err(|error| Refusal::internal(error.to_string()))?.map_err(|why| {
        Refusal::forbidden(
            &asked.resource,
            name,
            format!("{} \"{name}\" is forbidden: {why}", asked.resource.qualified()),
        )
    })
}

fn create(site: &Site, asked: &Asked, accept: Option<&str>, content: &str, body: &[u8]) -> Result<Response, Refusal> {
    let mut object = read(body, content)?;
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if name.is_empty() {
        let causes = [("metadata.name".to_owned(), "Required value: name or generateName is required".to_owned())];
        return Err(Refusal::invalid(&asked.resource, "", &causes));
    }
    if site.world.store.read(|kept| kept.get(&asked.kind, &asked.namespace, &name).is_some()) {
        return Err(Refusal::already_exists(&asked.resource, &name));
    }
    object["apiVersion"] = asked.resource.api_version().into();
    object["kind"] = asked.resource.kind.as_ref().into();
    if asked.resource.namespaced {
        object["metadata"]["namespace"] = asked.namespace.clone().into();
    }
    if asked.dry_run() {
        return respond(asked, accept, StatusCode::CREATED, &Arc::new(object));
    }
    write(site, asked, &object)?;
    let made = site.world.store.read(|kept| kept.get(&asked.kind, &asked.namespace, &name).cloned());
    respond(asked, accept, StatusCode::CREATED, &made.unwrap_or_else(|| Arc::new(object)))
}

fn delete(site: &Site, asked: &Asked, body: &[u8]) -> Result<Response, Refusal> {
    let before = existing(site, asked)?;
    let mut options = protobuf::read(body).unwrap_or_else(|| serde_json::from_slice(body).unwrap_or_default());
    if asked.sub == "eviction" {
        options = options["deleteOptions"].take();
    }
    let preconditions = &options["preconditions"];
    for (field, shown) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
        let (given, current) = (&preconditions[field], &before["metadata"][field]);
        if let Some(given) = given.as_str().filter(|g| Some(*g) != current.as_str()) {
            let current = current.as_str().unwrap_or_default();
            let why =
                format!("Precondition failed: {shown} in precondition: {given}, {shown} in object meta: {current}");
            return Err(Refusal::conflict(&asked.resource, &asked.name, &why));
        }
    }
    let dry = asked.dry_run() || options["dryRun"].as_array().is_some_and(|all| all.iter().any(|v| v == "All"));
    if !dry {
        let subject = reference(asked, &asked.name);
        site.world
            .act(now(), |stage| stage.delete(&subject))
            .map_err(|error| Refusal::internal(error.to_string()))?
            .map_err(|_| Refusal::not_found(&asked.resource, &asked.name))?;
    }
    let mut details = json!({ "name": asked.name, "kind": asked.resource.plural, "uid": before["metadata"]["uid"] });
    if !asked.resource.group.is_empty() {
        details["group"] = asked.resource.group.as_ref().into();
    }
    let status =
        json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details });
    Ok(super::json(
        StatusCode::OK,
        if asked.resource.kind == "Pod" && asked.sub.is_empty() { &before } else { &status },
    ))
}

fn scale_object(object: &Value) -> Value {
    let selector: Vec<String> = object
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let metadata = &object["metadata"];
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"], "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": { "replicas": object["spec"]["replicas"] },
        "status": { "replicas": object["status"]["replicas"].as_u64().unwrap_or_default(), "selector": selector.join(",") },
    })
}

pub(super) fn scale_of(site: &Site, asked: &Asked) -> Result<Response, Refusal> {
    let object = existing(site, asked)?;
    if object.pointer("/spec/replicas").is_none() {
        return Err(Refusal::no_such_path());
    }
    Ok(super::json(StatusCode::OK, &scale_object(&object)))
}

fn scale(site: &Site, asked: &Asked, method: &Method, content: &str, body: &[u8]) -> Result<Response, Refusal> {
    let before = existing(site, asked)?;
    let scaled = changed(asked, method, content, body, &scale_object(&before))?;
    let Some(replicas) = scaled.pointer("/spec/replicas").and_then(Value::as_i64) else {
        return Err(Refusal::bad_request("the scale has no `spec.replicas`"));
    };
    let mut after = (*before).clone();
    after["spec"]["replicas"] = replicas.into();
    if let Some(version) = scaled["metadata"]["resourceVersion"].as_str() {
        after["metadata"]["resourceVersion"] = version.into();
    }
    let after = checked(asked, &before, after)?;
    if asked.dry_run() {
        return Ok(super::json(StatusCode::OK, &scale_object(&after)));
    }
    write(site, asked, &after)?;
    scale_of(site, asked)
}
