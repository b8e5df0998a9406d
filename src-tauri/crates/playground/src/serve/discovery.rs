//! What is served: version, groups, kinds, in the aggregated form and in the older one.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::Site;
use crate::accept::{Form, form};
use crate::resource::Resource;
use crate::status::Refusal;

/// The version that the server says it is; its answers follow this one's.
const MINOR: u32 = 36;

pub(super) fn answer(
    site: &Site,
    method: &Method,
    path: &str,
    accept: Option<&str>,
) -> Result<Option<Response>, Refusal> {
    if method != Method::GET {
        return Ok(None);
    }
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let found = match parts[..] {
        ["version"] => json!({
            "major": "1", "minor": MINOR.to_string(), "gitVersion": format!("v1.{MINOR}.2"), "gitCommit": "playground",
            "gitTreeState": "clean", "buildDate": "2026-06-11T00:00:00Z", "goVersion": "", "compiler": "",
            "platform": "caseboard/playground", "emulationMajor": "1", "emulationMinor": MINOR.to_string(),
            "minCompatibilityMajor": "1", "minCompatibilityMinor": (MINOR - 1).to_string(),
        }),
        ["openapi", "v3"] => json!({ "paths": {} }),
        ["openapi", ..] => return Err(Refusal::no_such_path()),
        ["api"] | ["apis"] if form(accept)? == Form::Discovery => {
            let mut response = axum::Json(aggregated(site, parts[0] == "api")).into_response();
            let kind = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
            response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
            return Ok(Some(response));
        }
        ["api"] => json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{ "clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1" }],
        }),
        ["apis"] => {
            let groups: Vec<Value> =
                groups(site).iter().filter(|(g, _)| !g.is_empty()).map(|(g, v)| group(g, v)).collect();
            json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
        }
        ["apis", name] => match groups(site).get(name) {
            Some(versions) => {
                let mut group = group(name, versions);
                group["kind"] = "APIGroup".into();
                group["apiVersion"] = "v1".into();
                group
            }
            None => return Err(Refusal::no_such_path()),
        },
        ["api", "v1"] => resource_list(site, "", "v1")?,
        ["apis", name, version] => resource_list(site, name, version)?,
        [] => {
            let mut paths = vec!["/api".to_owned(), "/api/v1".into(), "/apis".into()];
            for (group, versions) in groups(site).iter().filter(|(g, _)| !g.is_empty()) {
                paths.push(format!("/apis/{group}"));
                paths.extend(versions.keys().map(|v| format!("/apis/{group}/{v}")));
            }
            paths.push("/version".into());
            json!({ "paths": paths })
        }
        _ => return Ok(None),
    };
    Ok(Some(super::json(StatusCode::OK, &found)))
}

/// Kinds by group and version.
type Groups = BTreeMap<String, BTreeMap<String, Vec<Entry>>>;

/// A kind as discovery shows it.
struct Entry {
    resource: Resource,
    verbs: Vec<&'static str>,
    subs: Vec<Sub>,
}

/// A subresource: its name, the group, version and kind it answers with, its verbs.
type Sub = (&'static str, (&'static str, &'static str, &'static str), Vec<&'static str>);

fn groups(site: &Site) -> Groups {
    let mut groups = Groups::new();
    let writable = site.world.takes_writes();
    let mut add = |entry: Entry| {
        let versions = groups.entry(entry.resource.group.to_string()).or_default();
        versions.entry(entry.resource.version.to_string()).or_default().push(entry);
    };
    for resource in site.world.store.read(|kept| kept.resources().cloned().collect::<Vec<_>>()) {
        let mut verbs = vec!["get", "list", "watch"];
        if writable {
            verbs.extend(["create", "delete", "patch", "update"]);
        }
        verbs.sort_unstable();
        let mut subs: Vec<Sub> = Vec::new();
        let write = if writable { vec!["get", "patch", "update"] } else { vec!["get"] };
        match &*resource.kind {
            "Pod" => {
                subs.push(("log", ("", "v1", "Pod"), vec!["get"]));
                subs.push(("status", ("", "v1", "Pod"), vec!["get"]));
                if writable {
                    subs.push(("eviction", ("policy", "v1", "Eviction"), vec!["create"]));
                }
            }
            "Node" | "Service" => {
                let kind = if resource.kind == "Node" { "NodeProxyOptions" } else { "ServiceProxyOptions" };
                subs.push(("proxy", ("", "v1", kind), vec!["get"]));
            }
            "Deployment" | "ReplicaSet" | "StatefulSet" => {
                subs.push(("scale", ("autoscaling", "v1", "Scale"), write));
                subs.push(("status", ("apps", "v1", "Deployment"), vec!["get"]));
            }
            _ => {}
        }
        add(Entry { resource, verbs, subs });
    }
    for (group, kind, plural) in [
        ("authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews"),
        ("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews"),
        ("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews"),
    ] {
        let mut resource = Resource::custom(&format!("{group}/v1"), kind, false);
        resource.plural = plural.into();
        add(Entry { resource, verbs: vec!["create"], subs: Vec::new() });
    }
    if site.world.store.read(|kept| !kept.metrics.is_empty()) {
        for (kind, plural, namespaced) in [("NodeMetrics", "nodes", false), ("PodMetrics", "pods", true)] {
            let mut resource = Resource::custom("metrics.k8s.io/v1beta1", kind, namespaced);
            resource.plural = plural.into();
            add(Entry { resource, verbs: vec!["get", "list"], subs: Vec::new() });
        }
    }
    groups
}

fn group(name: &str, versions: &BTreeMap<String, Vec<Entry>>) -> Value {
    let version = |v: &String| json!({ "groupVersion": format!("{name}/{v}"), "version": v });
    let all: Vec<Value> = versions.keys().map(version).collect();
    json!({ "name": name, "versions": all, "preferredVersion": all.first() })
}

fn resource_list(site: &Site, name: &str, version: &str) -> Result<Value, Refusal> {
    let groups = groups(site);
    let entries = groups.get(name).and_then(|v| v.get(version)).ok_or_else(Refusal::no_such_path)?;
    let mut list = Vec::new();
    for Entry { resource, verbs, subs } in entries {
        let mut item = json!({
            "name": resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced,
            "kind": resource.kind, "verbs": verbs,
        });
        if !resource.short.is_empty() {
            item["shortNames"] = json!(resource.short);
        }
        if resource.all {
            item["categories"] = json!(["all"]);
        }
        list.push(item);
        for (sub, (group, sub_version, kind), verbs) in subs {
            let mut item = json!({
                "name": format!("{}/{sub}", resource.plural), "singularName": "", "namespaced": resource.namespaced,
                "kind": kind, "verbs": verbs,
            });
            if *group != resource.group {
                item["group"] = (*group).into();
                item["version"] = (*sub_version).into();
            }
            list.push(item);
        }
    }
    let group_version = if name.is_empty() { version.to_owned() } else { format!("{name}/{version}") };
    Ok(json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": list }))
}

fn aggregated(site: &Site, core: bool) -> Value {
    let items: Vec<Value> = groups(site)
        .iter()
        .filter(|(name, _)| name.is_empty() == core)
        .map(|(name, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|(version, entries)| {
                    let resources: Vec<Value> = entries.iter().map(discovered).collect();
                    json!({ "version": version, "resources": resources, "freshness": "Current" })
                })
                .collect();
            let mut metadata = json!({});
            if !name.is_empty() {
                metadata["name"] = name.clone().into();
            }
            json!({ "metadata": metadata, "versions": versions })
        })
        .collect();
    json!({ "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items })
}

fn discovered(Entry { resource, verbs, subs }: &Entry) -> Value {
    let kind = |(group, version, kind): (&str, &str, &str)| json!({ "group": group, "version": version, "kind": kind });
    let mut item = json!({
        "resource": resource.plural,
        "responseKind": kind((&resource.group, &resource.version, &resource.kind)),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": verbs,
    });
    if !resource.short.is_empty() {
        item["shortNames"] = json!(resource.short);
    }
    if resource.all {
        item["categories"] = json!(["all"]);
    }
    if !subs.is_empty() {
        item["subresources"] = subs
            .iter()
            .map(|(name, of, verbs)| json!({ "subresource": name, "responseKind": kind(*of), "verbs": verbs }))
            .collect();
    }
    item
}
