//! What a path and its query ask for.

use std::collections::BTreeMap;

use crate::resource::Resource;
use crate::selector::Selector;
use crate::status::Refusal;
use crate::store::Store;

/// Where a path leads.
pub(super) enum Place {
    Object(Asked),
    /// A review that is posted and answered: its kind.
    Review(String),
    /// metrics.k8s.io.
    Usage(Asked),
}

/// A question about objects of one kind.
pub(super) struct Asked {
    pub resource: Resource,
    /// The kind as the store has it.
    pub kind: String,
    /// Empty: all namespaces.
    pub namespace: String,
    /// Empty: a list.
    pub name: String,
    pub sub: String,
    /// What follows a `proxy`.
    pub rest: String,
    pub query: BTreeMap<String, String>,
}

impl Asked {
    pub fn parse(store: &Store, path: &str, query: &str) -> Result<Place, Refusal> {
        let mut parts: Vec<String> = path.split('/').filter(|p| !p.is_empty()).map(decoded).collect();
        let group = match parts.first().map(String::as_str) {
            Some("api") if parts.len() >= 3 => {
                parts.drain(..2);
                String::new()
            }
            Some("apis") if parts.len() >= 4 => {
                let group = parts[1].clone();
                let review = (parts.len() == 4).then(|| parts[3].clone());
                if let ("authorization.k8s.io" | "authentication.k8s.io", Some(kind)) = (group.as_str(), review) {
                    return Ok(Place::Review(kind));
                }
                parts.drain(..3);
                group
            }
            _ => return Err(Refusal::no_such_path()),
        };
        let version = path.split('/').filter(|p| !p.is_empty()).nth(if group.is_empty() { 1 } else { 2 });
        let version = version.unwrap_or_default().to_owned();
        let mut namespace = String::new();
        // `namespaces/x` alone is the namespace itself, `namespaces/x/pods` what is in it.
        if parts.len() >= 3 && parts[0] == "namespaces" && !matches!(parts[2].as_str(), "status" | "finalize") {
            namespace = parts[1].clone();
            parts.drain(..2);
        }
        let mut parts = parts.into_iter();
        let plural = parts.next().unwrap_or_default();
        let name = parts.next().unwrap_or_default();
        let sub = parts.next().unwrap_or_default();
        let rest = parts.collect::<Vec<_>>().join("/");
        let query = pairs(query);
        if group == "metrics.k8s.io" {
            let namespaced = plural == "pods";
            let resource = Resource::custom(
                "metrics.k8s.io/v1beta1",
                if namespaced { "PodMetrics" } else { "NodeMetrics" },
                namespaced,
            );
            let kind = if namespaced { "Pod" } else { "Node" }.to_owned();
            return Ok(Place::Usage(Asked { resource, kind, namespace, name, sub, rest, query }));
        }
        let resource = store.read(|kept| {
            kept.resources().find(|r| r.group == group && r.version == version && r.plural == plural).cloned()
        });
        let resource = resource.ok_or_else(Refusal::no_such_path)?;
        if !resource.namespaced && !namespace.is_empty() {
            return Err(Refusal::no_such_path());
        }
        let kind = if resource.kind == "Event" { "Event".to_owned() } else { resource.reference_kind() };
        Ok(Place::Object(Asked { resource, kind, namespace, name, sub, rest, query }))
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    pub fn flag(&self, name: &str) -> bool {
        matches!(self.text(name), Some("true" | "1"))
    }

    pub fn is_watch(&self) -> bool {
        self.flag("watch")
    }

    pub fn dry_run(&self) -> bool {
        self.text("dryRun") == Some("All")
    }

    /// The selectors of the query; a watch or list of one name selects it.
    pub fn selector(&self) -> Result<Selector, Refusal> {
        let selector =
            Selector::parse(self.text("labelSelector"), self.text("fieldSelector")).map_err(Refusal::bad_request)?;
        selector.check(&self.kind).map_err(Refusal::bad_request)?;
        Ok(selector)
    }

    pub fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let parse = |text: &str| {
            text.parse::<u64>().map_err(|_| Refusal::bad_request(format!("`{name}` is not a number: `{text}`")))
        };
        self.text(name).map(parse).transpose()
    }
}

pub(super) fn pairs(query: &str) -> BTreeMap<String, String> {
    query
        .split('&')
        .filter(|p| !p.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(&name.replace('+', " ")), decoded(&value.replace('+', " ")))
        })
        .collect()
}

/// Percent-encoding undone.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = match tail {
            [a, b, ..] if *first == b'%' => {
                std::str::from_utf8(&[*a, *b]).ok().and_then(|h| u8::from_str_radix(h, 16).ok())
            }
            _ => None,
        };
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
