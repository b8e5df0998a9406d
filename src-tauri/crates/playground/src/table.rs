//! Objects as rows, with the columns that a real API server gives for their kind: what `kubectl get` prints.

mod age;
mod cluster;
mod network;
mod storage;
mod workload;

use std::sync::Arc;

use model::Time;
use serde_json::{Value, json};

pub use age::human;

/// A column: its name, type, format and priority (1: only with `-o wide`).
type Column = (&'static str, &'static str, u8);

/// The columns of a kind and the cells of one object.
type Printer = (&'static [Column], fn(&Row<'_>) -> Vec<Value>);

/// An object about to become a row.
pub(crate) struct Row<'a> {
    object: &'a Value,
    now: Time,
}

/// How much of each object a row carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Include {
    None,
    Metadata,
    Object,
}

const NAME_AND_AGE: Printer = (&[("Name", "string", 0), ("Age", "string", 0)], |row| vec![row.name(), row.age()]);
const NAME_AND_CREATION: Printer =
    (&[("Name", "string", 0), ("Created At", "date", 0)], |row| vec![row.name(), row.created()]);

fn printer(kind: &str) -> Printer {
    workload::printer(kind)
        .or_else(|| network::printer(kind))
        .or_else(|| storage::printer(kind))
        .or_else(|| cluster::printer(kind))
        .unwrap_or(NAME_AND_AGE)
}

/// A `Table` of objects of one kind; `headed` is false for the later events of a watch.
pub fn table(kind: &str, objects: &[Arc<Value>], metadata: Value, include: Include, now: Time, headed: bool) -> Value {
    let (columns, cells) = printer(kind);
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let mut row = json!({ "cells": cells(&Row { object, now }) });
            if kind == "Pod" {
                match object.pointer("/status/phase").and_then(Value::as_str) {
                    Some("Succeeded") => {
                        row["conditions"] = condition("Succeeded", "The pod has completed successfully.");
                    }
                    Some("Failed") => row["conditions"] = condition("Failed", "The pod failed."),
                    _ => {}
                }
            }
            match include {
                Include::None => {}
                Include::Metadata => row["object"] = partial(object),
                Include::Object => row["object"] = (**object).clone(),
            }
            row
        })
        .collect();
    let definitions: Vec<Value> = columns
        .iter()
        .map(|(name, form, priority)| {
            let format = if *name == "Name" { "name" } else { "" };
            json!({ "name": name, "type": form, "format": format, "description": "", "priority": priority })
        })
        .collect();
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": if headed { definitions } else { Vec::new() },
        "rows": rows,
    })
}

fn condition(reason: &str, message: &str) -> Value {
    json!([{ "type": "Completed", "status": "True", "reason": reason, "message": message }])
}

/// The metadata of an object, in the form of metadata-only clients.
pub fn partial(object: &Value) -> Value {
    json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] })
}

impl Row<'_> {
    fn at(&self, pointer: &str) -> &Value {
        self.object.pointer(pointer).unwrap_or(&Value::Null)
    }

    fn text(&self, pointer: &str) -> &str {
        self.at(pointer).as_str().unwrap_or_default()
    }

    fn or_none(&self, pointer: &str) -> Value {
        or(self.text(pointer), "<none>")
    }

    fn number(&self, pointer: &str) -> i64 {
        self.at(pointer).as_i64().unwrap_or_default()
    }

    fn list(&self, pointer: &str) -> &[Value] {
        self.at(pointer).as_array().map_or(&[], Vec::as_slice)
    }

    fn name(&self) -> Value {
        self.at("/metadata/name").clone()
    }

    fn created(&self) -> Value {
        self.at("/metadata/creationTimestamp").clone()
    }

    fn age(&self) -> Value {
        self.since("/metadata/creationTimestamp")
    }

    /// How long ago the time at `pointer` was.
    fn since(&self, pointer: &str) -> Value {
        self.ago(self.at(pointer)).into()
    }

    fn ago(&self, time: &Value) -> String {
        time.as_str()
            .and_then(|t| t.parse::<Time>().ok())
            .map_or_else(|| "<unknown>".to_owned(), |at| human(self.now.seconds_since(at)))
    }

    /// Names and images of a pod template's containers.
    fn containers(&self, pointer: &str) -> (String, String) {
        let all = self.list(pointer);
        let field = |name: &str| all.iter().map(|c| c[name].as_str().unwrap_or_default()).collect::<Vec<_>>().join(",");
        (field("name"), field("image"))
    }

    /// A label selector in its text form.
    fn selector(&self, pointer: &str) -> String {
        selector(self.at(pointer))
    }

    /// A map as `a=1,b=2`.
    fn pairs(&self, pointer: &str) -> String {
        pairs(self.at(pointer))
    }
}

fn or(text: &str, otherwise: &str) -> Value {
    if text.is_empty() { otherwise.into() } else { text.into() }
}

fn pairs(map: &Value) -> String {
    let mut pairs: Vec<String> = map
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    pairs.sort();
    if pairs.is_empty() { "<none>".into() } else { pairs.join(",") }
}

fn selector(selector: &Value) -> String {
    // In the order of keys, as the API server's own text form has it.
    let mut terms: Vec<(String, String)> = selector["matchLabels"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), format!("{key}={}", value.as_str().unwrap_or_default())))
        .collect();
    for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
        let key = expression["key"].as_str().unwrap_or_default();
        let mut values: Vec<&str> =
            expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        values.sort_unstable();
        let term = match expression["operator"].as_str().unwrap_or_default() {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        };
        terms.push((key.to_owned(), term));
    }
    terms.sort_by(|a, b| a.0.cmp(&b.0));
    let terms: Vec<String> = terms.into_iter().map(|(_, term)| term).collect();
    if terms.is_empty() { "<none>".into() } else { terms.join(",") }
}

/// At most `most` of a list, and how many more there are.
fn shortened(list: &[String], most: usize, count: usize, separator: &str) -> String {
    let shown = list.iter().take(most).cloned().collect::<Vec<_>>().join(separator);
    if count > most { format!("{shown} + {} more...", count - most) } else { shown }
}
