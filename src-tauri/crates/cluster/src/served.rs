//! What an API server serves. Read leniently: an aggregated API that is down costs only its own kinds.

use http::Request;
use http::header::ACCEPT;
use kube::Client;
use serde_json::Value;

use crate::{Kind, Trouble};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/// All kinds, and the groups that could not be asked, each with the reason.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served {
    pub kinds: Vec<Kind>,
    pub unknown: Vec<(String, Trouble)>,
}

impl Served {
    /// The kind of that name: built-in groups first, then the preferred version of the first group that has it.
    pub(crate) fn find(&self, name: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.is_called(name))
    }

    /// The served form of a kind that is watched: this version, or another one of the same group.
    pub(crate) fn of(&self, wanted: &Kind) -> Option<&Kind> {
        let same = |kind: &&Kind| kind.group == wanted.group && kind.kind == wanted.kind && kind.listable;
        self.kinds
            .iter()
            .filter(same)
            .find(|kind| kind.version == wanted.version)
            .or_else(|| self.kinds.iter().find(same))
    }

    /// Whether it is certain that the kind is not served.
    pub(crate) fn lacks(&self, wanted: &Kind) -> bool {
        self.of(wanted).is_none() && !self.unknown.iter().any(|(group, _)| *group == wanted.group || group == "*")
    }
}

/// Asks in two requests at once where the server can answer so, one for each group otherwise.
pub(crate) async fn ask(client: &Client) -> Result<Served, kube::Error> {
    let (core, groups) = tokio::join!(get(client, "/api"), get(client, "/apis"));
    let core = core?;
    let mut served = Served::default();
    if core["items"].is_array() {
        read_aggregated(&core, &mut served);
    } else {
        add_version(client, "", "v1", &mut served).await;
    }
    match groups {
        Ok(groups) if groups["items"].is_array() => read_aggregated(&groups, &mut served),
        Ok(groups) => {
            for group in groups["groups"].as_array().into_iter().flatten() {
                let Some(name) = group["name"].as_str() else { continue };
                let preferred = group["preferredVersion"]["version"].as_str();
                let versions = group["versions"].as_array().into_iter().flatten();
                let others = versions.filter_map(|v| v["version"].as_str()).filter(|v| Some(*v) != preferred);
                for version in preferred.into_iter().chain(others) {
                    add_version(client, name, version, &mut served).await;
                }
            }
        }
        Err(error) => served.unknown.push(("*".into(), Trouble::of(&error))),
    }
    Ok(served)
}

async fn get(client: &Client, path: &str) -> Result<Value, kube::Error> {
    let request = Request::get(path).header(ACCEPT, AGGREGATED).body(Vec::new()).map_err(kube::Error::HttpError)?;
    let text = client.request_text(request).await?;
    serde_json::from_str(&text).map_err(kube::Error::SerdeError)
}

async fn add_version(client: &Client, group: &str, version: &str, served: &mut Served) {
    let path = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
    match get(client, &path).await {
        Ok(list) => {
            for resource in list["resources"].as_array().into_iter().flatten() {
                let (Some(plural), Some(kind)) = (resource["name"].as_str(), resource["kind"].as_str()) else {
                    continue;
                };
                if plural.contains('/') {
                    continue;
                }
                let namespaced = resource["namespaced"].as_bool().unwrap_or(true);
                served.kinds.push(kind_of(group, version, kind, plural, namespaced, &resource["verbs"]));
            }
        }
        Err(error) => served.unknown.push((group.to_owned(), Trouble::of(&error))),
    }
}

fn read_aggregated(list: &Value, served: &mut Served) {
    for group in list["items"].as_array().into_iter().flatten() {
        let name = group["metadata"]["name"].as_str().unwrap_or_default();
        for version in group["versions"].as_array().into_iter().flatten() {
            let Some(number) = version["version"].as_str() else { continue };
            if version["freshness"] == "Stale" {
                let trouble = Trouble {
                    kind: crate::TroubleKind::Busy,
                    why: "the API server behind this group does not answer".into(),
                    hint: "Look at its APIService and the service behind it.".into(),
                };
                served.unknown.push((name.to_owned(), trouble));
            }
            for resource in version["resources"].as_array().into_iter().flatten() {
                let (Some(plural), Some(kind)) =
                    (resource["resource"].as_str(), resource["responseKind"]["kind"].as_str())
                else {
                    continue;
                };
                let namespaced = resource["scope"] != "Cluster";
                served.kinds.push(kind_of(name, number, kind, plural, namespaced, &resource["verbs"]));
            }
        }
    }
}

fn kind_of(group: &str, version: &str, kind: &str, plural: &str, namespaced: bool, verbs: &Value) -> Kind {
    let can = |verb: &str| verbs.as_array().is_none_or(|verbs| verbs.iter().any(|v| v == verb));
    Kind {
        group: group.into(),
        version: version.into(),
        kind: kind.into(),
        plural: plural.into(),
        namespaced,
        listable: can("list"),
    }
}
