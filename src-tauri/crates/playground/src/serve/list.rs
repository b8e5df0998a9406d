//! Lists and single objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::request::Asked;
use super::{Site, now};
use crate::accept::{Form, form};
use crate::resource::Resource;
use crate::status::Refusal;
use crate::store::{Kept, Key};
use crate::table::{Include, partial, table};

/// A page may hold so many at most, whatever is asked.
const MOST_ITEMS: u64 = 50_000;

pub(super) fn get(site: &Site, asked: &Asked, accept: Option<&str>) -> Result<Response, Refusal> {
    let form = form(accept)?;
    if asked.resource.namespaced && asked.namespace.is_empty() {
        return Err(Refusal::no_such_path());
    }
    let found = site.world.store.read(|kept| kept.get(&asked.kind, &asked.namespace, &asked.name).cloned());
    let found = found.or_else(|| renewed(site, asked));
    let found = found.ok_or_else(|| Refusal::not_found(&asked.resource, &asked.name))?;
    Ok(super::json(StatusCode::OK, &single(asked, form, &found)?))
}

/// A living node renews its lease every few seconds, which no history keeps; a recording has no living nodes.
fn renewed(site: &Site, asked: &Asked) -> Option<Arc<Value>> {
    if asked.kind != "Lease" || asked.namespace != "kube-node-lease" || !site.world.takes_writes() {
        return None;
    }
    let node = site.world.store.read(|kept| kept.get("Node", "", &asked.name).cloned())?;
    let mut lease = crate::scenario::lease(&asked.name, now());
    for field in ["creationTimestamp", "resourceVersion"] {
        lease["metadata"][field] = node["metadata"][field].clone();
    }
    Some(Arc::new(lease))
}

/// One object in the form that was asked for.
pub(super) fn single(asked: &Asked, form: Form, object: &Arc<Value>) -> Result<Value, Refusal> {
    let version = object["metadata"]["resourceVersion"].clone();
    Ok(match form {
        Form::Json => (*shown(&asked.resource, object)).clone(),
        Form::Partial => partial(object),
        Form::Table => {
            let metadata = json!({ "resourceVersion": version });
            table(&asked.kind, std::slice::from_ref(object), metadata, include(asked)?, now(), true)
        }
        Form::Discovery => return Err(Refusal::not_acceptable()),
    })
}

/// The object as this resource gives it: Events have two forms.
pub(super) fn shown(resource: &Resource, object: &Arc<Value>) -> Arc<Value> {
    if resource.group == "events.k8s.io" { Arc::new(crate::event::modern(object)) } else { object.clone() }
}

pub(super) fn include(asked: &Asked) -> Result<Include, Refusal> {
    match asked.text("includeObject") {
        None | Some("Metadata") => Ok(Include::Metadata),
        Some("None") => Ok(Include::None),
        Some("Object") => Ok(Include::Object),
        Some(other) => Err(Refusal::bad_request(format!("unrecognized includeObject value: \"{other}\""))),
    }
}

pub(super) fn list(site: &Site, asked: &Asked, accept: Option<&str>) -> Result<Response, Refusal> {
    let form = form(accept)?;
    let selector = asked.selector()?;
    let limit = asked.number("limit")?.filter(|limit| *limit > 0).unwrap_or(MOST_ITEMS).min(MOST_ITEMS);
    let token = asked.text("continue").map(Token::read).transpose()?;
    let page = site.world.store.read(|kept| {
        let (objects, revision) = version(kept, asked, token.as_ref())?;
        let wanted = |(key, object): &(&Key, &Arc<Value>)| {
            (asked.namespace.is_empty() || key.0 == asked.namespace)
                && token.as_ref().is_none_or(|t| **key > t.after)
                && selector.matches(object)
        };
        let mut items = Vec::new();
        let (mut last, mut more) = (None, 0_u64);
        for (key, object) in objects.iter().filter(wanted) {
            if items.len() as u64 == limit {
                more += 1;
                continue;
            }
            last = Some(key.clone());
            items.push(shown(&asked.resource, object));
        }
        Ok::<_, Refusal>((items, revision, last.filter(|_| more > 0), more))
    })?;
    let (items, revision, last, more) = page;
    let mut metadata = json!({ "resourceVersion": revision.to_string() });
    if let Some(after) = last {
        metadata["continue"] = Token { revision, after }.write().into();
        // As a real server, which cannot count what a selector has not yet been tried on.
        if selector.is_empty() {
            metadata["remainingItemCount"] = more.into();
        }
    }
    let list = match form {
        Form::Json => {
            let items: Vec<Value> = items
                .iter()
                .map(|item| {
                    let mut item = (**item).clone();
                    // Items of a typed list do not repeat their kind.
                    if let Some(map) = item.as_object_mut().filter(|_| !is_custom(&asked.resource)) {
                        map.remove("kind");
                        map.remove("apiVersion");
                    }
                    item
                })
                .collect();
            json!({
                "kind": format!("{}List", asked.resource.kind),
                "apiVersion": asked.resource.api_version(),
                "metadata": metadata,
                "items": items,
            })
        }
        Form::Partial => json!({
            "kind": "PartialObjectMetadataList",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "items": items.iter().map(|i| json!({ "metadata": i["metadata"] })).collect::<Vec<_>>(),
        }),
        Form::Table => {
            // Rows are made from the core form, whichever group was asked.
            let rows: Vec<Arc<Value>> = match asked.resource.group.as_ref() {
                "events.k8s.io" => site.world.store.read(|kept| {
                    items
                        .iter()
                        .filter_map(|i| {
                            let text = |field: &str| i["metadata"][field].as_str().unwrap_or_default().to_owned();
                            kept.get("Event", &text("namespace"), &text("name")).cloned()
                        })
                        .collect()
                }),
                _ => items,
            };
            table(&asked.kind, &rows, metadata, include(asked)?, now(), true)
        }
        Form::Discovery => return Err(Refusal::not_acceptable()),
    };
    Ok(super::json(StatusCode::OK, &list))
}

fn is_custom(resource: &Resource) -> bool {
    crate::resource::by_kind(&resource.reference_kind()).is_none()
}

/// The objects at the version that the query asks for.
fn version(kept: &Kept, asked: &Asked, token: Option<&Token>) -> Result<(BTreeMap<Key, Arc<Value>>, u64), Refusal> {
    let current = kept.revision();
    let at = |revision: u64| kept.all_at(&asked.kind, revision);
    let now = || (kept.all(&asked.kind).map(|(k, v)| (k.clone(), v.clone())).collect(), current);
    if let Some(token) = token {
        return at(token.revision).map(|objects| (objects, token.revision)).ok_or_else(Refusal::continue_expired);
    }
    let Some(wanted) = asked.number("resourceVersion")? else { return Ok(now()) };
    let rule = asked.text("resourceVersionMatch");
    match (wanted, rule) {
        (0, Some("Exact")) => {
            Err(Refusal::bad_request("resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\""))
        }
        (0, _) => Ok(now()),
        (wanted, _) if wanted > current => Err(Refusal::too_large(wanted, current)),
        (wanted, Some("Exact")) => {
            at(wanted).map(|objects| (objects, wanted)).ok_or_else(|| Refusal::expired(wanted, kept.compacted()))
        }
        // Without a limit an old version means "not older than"; with one it is exact, as it has always been.
        (wanted, None) if asked.text("limit").is_some() => {
            at(wanted).map(|objects| (objects, wanted)).ok_or_else(|| Refusal::expired(wanted, kept.compacted()))
        }
        _ => Ok(now()),
    }
}

/// Where a list goes on: its version and the last key it gave.
struct Token {
    revision: u64,
    after: Key,
}

impl Token {
    fn write(&self) -> String {
        let text = json!([self.revision, self.after.0, self.after.1]).to_string();
        crate::scenario::base64(text.as_bytes()).replace('+', "-").replace('/', "_").replace('=', "")
    }

    fn read(text: &str) -> Result<Token, Refusal> {
        let broken = || Refusal::bad_request("continue key is not valid: it was not given by this server");
        let bytes = unbase64(text).ok_or_else(broken)?;
        let (revision, namespace, name): (u64, String, String) =
            serde_json::from_slice(&bytes).map_err(|_| broken())?;
        Ok(Token { revision, after: (namespace, name) })
    }
}

/// Base64 of either alphabet, with or without padding.
pub(super) fn unbase64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes().filter(|b| *b != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(out)
}
