//! Backstage's catalogue files, read as blueprints and written from them.
//!
//! A Component or Resource becomes a blueprint of its workload, a System one of its namespace; an API is no blueprint: who
//! consumes it depends on who provides it. What Backstage has no words for travels in one annotation, so that nothing is lost
//! on the way there and back; what was edited there wins.

use std::collections::{BTreeMap, BTreeSet};

use model::{Blueprint, Declared, ObjectRef, Scope};
use serde_json::{Map, Value, json};

use crate::Issue;

/// What a catalogue file gave: blueprints, and what could not be taken over, with its line.
#[derive(Debug, Default)]
pub struct Catalogue {
    pub blueprints: Vec<Blueprint>,
    pub issues: Vec<Issue>,
}

/// Where an entity runs, in Backstage's own annotations.
const ID: &str = "backstage.io/kubernetes-id";
const NAMESPACE: &str = "backstage.io/kubernetes-namespace";
const CLUSTER: &str = "backstage.io/kubernetes-cluster";
/// The workload's kind, where it is not the usual one.
const KIND: &str = "caseboard/kind";
/// What Backstage has no words for, as JSON.
const REST: &str = "caseboard/blueprint";

/// Types of a Resource that run in the cluster as StatefulSets, more often than not.
const STATEFUL: [&str; 8] =
    ["database", "cache", "queue", "message-queue", "broker", "message-broker", "kafka", "search"];

struct Entity {
    line: u32,
    kind: String,
    namespace: String,
    name: String,
    value: Value,
}

impl Entity {
    fn text(&self, pointer: &str) -> &str {
        self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn annotation(&self, name: &str) -> &str {
        let annotations = self.value.pointer("/metadata/annotations");
        annotations.and_then(|a| a.get(name)).and_then(Value::as_str).unwrap_or_default()
    }

    fn list(&self, field: &str) -> impl Iterator<Item = &str> {
        let items = self.value.pointer(&format!("/spec/{field}")).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str)
    }

    fn reference(&self) -> String {
        format!("{}:{}/{}", self.kind, self.namespace, self.name)
    }

    /// The workload behind it; `None` where it is none in a cluster.
    fn object(&self) -> Option<ObjectRef> {
        let named = |annotation: &str, otherwise: &str| match self.annotation(annotation) {
            "" => otherwise.to_owned(),
            text => text.to_owned(),
        };
        let kind = match (self.annotation(KIND), self.kind.as_str()) {
            ("", "component") => "Deployment",
            ("", "resource") if STATEFUL.contains(&self.text("/spec/type")) => "StatefulSet",
            ("", "resource") if !self.annotation(ID).is_empty() => "StatefulSet",
            ("", _) => return None,
            (kind, _) => kind,
        };
        Some(ObjectRef::new(kind, named(NAMESPACE, &self.namespace).as_str(), named(ID, &self.name).as_str()))
    }
}

/// Reads the entities of a catalogue file. One that is broken leaves the others as they are.
pub fn read_catalogue(path: &str, text: &str) -> Catalogue {
    let mut catalogue = Catalogue::default();
    let entities = entities(path, text, &mut catalogue.issues);
    let mut places: BTreeMap<String, Option<ObjectRef>> = BTreeMap::new();
    let mut providers: BTreeMap<String, Vec<&Entity>> = BTreeMap::new();
    for entity in &entities {
        places.insert(entity.reference(), entity.object());
        for api in entity.list("providesApis") {
            providers.entry(reference(api, "api", &entity.namespace)).or_default().push(entity);
        }
    }
    let mut names = BTreeSet::new();
    for entity in &entities {
        let Some(mut blueprint) = blueprint(path, entity, &mut catalogue.issues) else { continue };
        if !names.insert(blueprint.name.clone()) {
            blueprint.name = format!("{}-{}", blueprint.name, entity.kind);
            names.insert(blueprint.name.clone());
        }
        if let Some(from) = entity.object() {
            let mut needs = Vec::new();
            for named in entity.list("dependsOn") {
                let wanted = reference(named, "component", &entity.namespace);
                let to = match places.get(&wanted) {
                    Some(to) => to.clone(),
                    None => elsewhere(&wanted, &from),
                };
                needs.push((to, format!("the catalogue says that it depends on {named}"), wanted));
            }
            for api in entity.list("consumesApis") {
                let wanted = reference(api, "api", &entity.namespace);
                let by = providers.get(&wanted).map_or(&[][..], Vec::as_slice);
                if by.is_empty() {
                    needs.push((None, String::new(), wanted.clone()));
                }
                needs.extend(by.iter().map(|p| (p.object(), format!("it consumes the API {api}"), wanted.clone())));
            }
            for (to, why, wanted) in needs {
                let Some(to) = to else {
                    let what = format!("`{}` needs `{wanted}`, which is no workload that this file names", entity.name);
                    let hint = "Name its workload with `backstage.io/kubernetes-id`, or leave it: it is outside of the cluster.";
                    catalogue.issues.push(Issue::new(entity.line, what, hint).at(path));
                    continue;
                };
                let to = to.to_string();
                if to != from.to_string() && !blueprint.dependencies.iter().any(|known| known.to == to) {
                    blueprint.dependencies.push(Declared { from: from.to_string(), to, why });
                }
            }
        }
        catalogue.blueprints.push(blueprint);
    }
    catalogue
}

/// Documents one by one, so that a broken one is only itself.
fn entities(path: &str, text: &str, issues: &mut Vec<Issue>) -> Vec<Entity> {
    let mut documents: Vec<(u32, String)> = vec![(1, String::new())];
    for (number, line) in (1_u32..).zip(text.lines()) {
        if line.trim_end() == "---" {
            documents.push((number + 1, String::new()));
        } else if let Some((_, document)) = documents.last_mut() {
            document.push_str(line);
            document.push('\n');
        }
    }
    let mut entities = Vec::new();
    for (line, document) in documents {
        let blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
        if document.lines().all(blank) {
            continue;
        }
        let value: Value = match serde_saphyr::from_str(&document) {
            Ok(value) => value,
            Err(error) => {
                let at = error.location().map_or(line, |l| line + l.line() as u32 - 1);
                let what = format!("an entity cannot be read: {}", error.without_snippet());
                issues.push(Issue::new(at, what, "Correct the YAML; the other entities were read.").at(path));
                continue;
            }
        };
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (kind, name) = (text("/kind").to_lowercase(), text("/metadata/name"));
        if !text("/apiVersion").starts_with("backstage.io/") || name.is_empty() {
            let what = "a document is no entity of a Backstage catalogue";
            issues.push(
                Issue::new(line, what, "It needs `apiVersion: backstage.io/…`, `kind` and `metadata.name`.").at(path),
            );
            continue;
        }
        let namespace = Some(text("/metadata/namespace")).filter(|n| !n.is_empty()).unwrap_or_else(|| "default".into());
        entities.push(Entity { line, kind, namespace, name, value });
    }
    entities
}

/// `[kind:][namespace/]name` in full, in small letters.
fn reference(text: &str, kind: &str, namespace: &str) -> String {
    let (kind, rest) = text.split_once(':').unwrap_or((kind, text));
    let (namespace, name) = rest.split_once('/').unwrap_or((namespace, rest));
    format!("{kind}:{namespace}/{name}").to_lowercase()
}

/// What another file declares is taken for a Deployment beside whoever needs it, where it is a component.
fn elsewhere(wanted: &str, from: &ObjectRef) -> Option<ObjectRef> {
    let (_, name) = wanted.strip_prefix("component:")?.split_once('/')?;
    Some(ObjectRef::new("Deployment", from.namespace.as_str(), name))
}

fn blueprint(path: &str, entity: &Entity, issues: &mut Vec<Issue>) -> Option<Blueprint> {
    let rest = entity.annotation(REST);
    let mut blueprint: Blueprint = match serde_json::from_str(rest) {
        Ok(blueprint) => blueprint,
        Err(error) => {
            if !rest.is_empty() {
                let what = format!("the annotation `{REST}` of `{}` cannot be read: {error}", entity.name);
                issues.push(Issue::new(entity.line, what, "Export the blueprint again.").at(path));
            }
            Blueprint::default()
        }
    };
    blueprint.name.clone_from(&entity.name);
    let owner = entity.text("/spec/owner");
    blueprint.owner = owner.rsplit(['/', ':']).next().unwrap_or(owner).to_owned();
    blueprint.summary = match (entity.text("/metadata/description"), entity.text("/metadata/title")) {
        ("", title) => title.to_owned(),
        (description, _) => description.to_owned(),
    };
    match entity.kind.as_str() {
        "component" | "resource" => match entity.object() {
            Some(object) => {
                blueprint.scope = Some(Scope::Workload {
                    namespace: object.namespace.to_string(),
                    kind: object.kind.to_string(),
                    name: object.name.to_string(),
                });
            }
            // A bucket or a domain is nothing that runs in a cluster.
            None => return None,
        },
        "system" => match (entity.annotation(NAMESPACE), &blueprint.scope) {
            ("", None) => {
                let what = format!("the system `{}` names no namespace", entity.name);
                let hint = "Annotate it with `backstage.io/kubernetes-namespace`.";
                issues.push(Issue::new(entity.line, what, hint).at(path));
                return None;
            }
            ("", Some(_)) => {}
            (namespace, _) => blueprint.scope = Some(Scope::Namespace { namespace: namespace.to_owned() }),
        },
        "domain" if !rest.is_empty() => {
            let cluster = entity.annotation(CLUSTER);
            if !cluster.is_empty() {
                blueprint.scope = Some(Scope::Cluster { cluster: cluster.to_owned() });
            }
        }
        _ => return None,
    }
    if blueprint.notes.is_empty() {
        blueprint.notes = notes(entity);
    }
    Some(blueprint)
}

/// What people want to know and nothing else has a place for: system, life cycle, links.
fn notes(entity: &Entity) -> String {
    let mut lines = Vec::new();
    for (word, pointer) in [("System", "/spec/system"), ("Life cycle", "/spec/lifecycle")] {
        let text = entity.text(pointer);
        if !text.is_empty() {
            lines.push(format!("- {word}: {text}"));
        }
    }
    for link in entity.value.pointer("/metadata/links").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| link.get(name).and_then(Value::as_str).unwrap_or_default();
        let title = Some(text("title")).filter(|t| !t.is_empty()).unwrap_or("Link");
        lines.push(format!("- {title}: {}", text("url")));
    }
    lines.join("\n")
}

/// The blueprints as a catalogue file. [`read_catalogue`] gives the same blueprints again.
pub fn write_catalogue(blueprints: &[Blueprint]) -> String {
    let by_object: BTreeMap<String, &Blueprint> = blueprints
        .iter()
        .filter_map(|blueprint| match &blueprint.scope {
            Some(Scope::Workload { namespace, kind, name }) => {
                Some((ObjectRef::new(kind.as_str(), namespace.as_str(), name.as_str()).to_string(), blueprint))
            }
            _ => None,
        })
        .collect();
    let documents = blueprints.iter().map(|blueprint| {
        let mut annotations = Map::new();
        let mut spec = Map::new();
        let owner = if blueprint.owner.is_empty() { "unknown" } else { &blueprint.owner };
        spec.insert("owner".into(), json!(owner));
        let kind = match &blueprint.scope {
            Some(Scope::Workload { namespace, kind, name }) => {
                annotations.insert(ID.into(), json!(name));
                annotations.insert(NAMESPACE.into(), json!(namespace));
                annotations.insert(KIND.into(), json!(kind));
                spec.insert("type".into(), json!("service"));
                spec.insert("lifecycle".into(), json!("production"));
                // Only what this file declares too can be looked up by whoever reads it.
                let needs = blueprint.dependencies.iter().filter_map(|d| by_object.get(&d.to));
                let needs: BTreeSet<String> = needs.map(|other| format!("component:{}", other.name)).collect();
                if !needs.is_empty() {
                    spec.insert("dependsOn".into(), json!(needs));
                }
                "Component"
            }
            Some(Scope::Namespace { namespace }) => {
                annotations.insert(NAMESPACE.into(), json!(namespace));
                "System"
            }
            Some(Scope::Cluster { cluster }) => {
                annotations.insert(CLUSTER.into(), json!(cluster));
                "Domain"
            }
            None | Some(Scope::Fleet) => "Domain",
        };
        let rest = Blueprint { name: String::new(), owner: String::new(), summary: String::new(), ..blueprint.clone() };
        annotations.insert(REST.into(), json!(serde_json::to_string(&rest).unwrap_or_default()));
        let entity = json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": kind,
            "metadata": {"name": blueprint.name, "description": blueprint.summary, "annotations": annotations},
            "spec": spec,
        });
        serde_saphyr::to_string(&entity).unwrap_or_else(|_| entity.to_string())
    });
    documents.map(|text| format!("---\n{}\n", text.trim_end())).collect()
}
