//! Label and field selectors as they stand in a query.

use serde_json::Value;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Requirement {
    In(String, Vec<String>),
    /// Also true where the label is absent.
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
    Above(String, i64),
    Below(String, i64),
}

impl Selector {
    pub fn parse(labels: Option<&str>, fields: Option<&str>) -> Result<Selector, String> {
        let mut selector = Selector::default();
        for term in split(labels.unwrap_or_default()) {
            selector.labels.push(requirement(&term).ok_or_else(|| {
                format!("unable to parse requirement: found '{term}', expected: a label selector such as app=web")
            })?);
        }
        for term in split(fields.unwrap_or_default()) {
            let (path, equal, value) = [("!=", false), ("==", true), ("=", true)]
                .into_iter()
                .find_map(|(sign, equal)| term.split_once(sign).map(|(p, v)| (p.to_owned(), equal, v.to_owned())))
                .ok_or_else(|| format!("invalid selector: '{term}'; can't understand '{term}'"))?;
            selector.fields.push((path, equal, value));
        }
        Ok(selector)
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Refuses fields that objects of this kind cannot be selected by, as the API server does.
    pub fn check(&self, kind: &str) -> Result<(), String> {
        for (path, _, _) in &self.fields {
            let known = matches!(path.as_str(), "metadata.name" | "metadata.namespace")
                || match kind {
                    "Pod" => matches!(
                        path.as_str(),
                        "spec.nodeName"
                            | "spec.restartPolicy"
                            | "spec.schedulerName"
                            | "spec.serviceAccountName"
                            | "spec.hostNetwork"
                            | "status.phase"
                            | "status.podIP"
                            | "status.nominatedNodeName"
                    ),
                    "Event" => {
                        matches!(
                            path.as_str(),
                            "type" | "reason" | "reportingComponent" | "reportingController" | "source"
                        ) || path.starts_with("involvedObject.")
                            || path.starts_with("regarding.")
                    }
                    "Node" => path == "spec.unschedulable",
                    "Secret" => path == "type",
                    "Namespace" => path == "status.phase",
                    "ReplicaSet" | "ReplicationController" => path == "status.replicas",
                    "Job" => path == "status.successful",
                    "Service" => matches!(path.as_str(), "spec.clusterIP" | "spec.type"),
                    _ => false,
                };
            if !known {
                return Err(format!("field label not supported: {path}"));
            }
        }
        Ok(())
    }

    pub fn matches(&self, object: &Value) -> bool {
        let labels = object.pointer("/metadata/labels");
        let label = |key: &str| labels.and_then(|l| l.get(key)).and_then(Value::as_str);
        let labels_match = self.labels.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => label(key).is_some_and(|v| values.iter().any(|w| w == v)),
            Requirement::NotIn(key, values) => label(key).is_none_or(|v| values.iter().all(|w| w != v)),
            Requirement::Exists(key) => label(key).is_some(),
            Requirement::Absent(key) => label(key).is_none(),
            Requirement::Above(key, bound) => {
                label(key).and_then(|v| v.parse::<i64>().ok()).is_some_and(|v| v > *bound)
            }
            Requirement::Below(key, bound) => {
                label(key).and_then(|v| v.parse::<i64>().ok()).is_some_and(|v| v < *bound)
            }
        });
        labels_match && self.fields.iter().all(|(path, equal, value)| (field(object, path) == *value) == *equal)
    }
}

fn field(object: &Value, path: &str) -> String {
    let path = match path {
        "source" => "source.component",
        "reportingController" => "reportingComponent",
        other => other,
    };
    // events.k8s.io names the involved object otherwise; both are kept in the core form.
    let path = path.strip_prefix("regarding.").map_or_else(|| path.to_owned(), |rest| format!("involvedObject.{rest}"));
    match object.pointer(&format!("/{}", path.replace('.', "/"))) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None if matches!(path.as_str(), "spec.unschedulable" | "spec.hostNetwork") => {
            "false".into()
        }
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// At commas outside parentheses.
fn split(text: &str) -> Vec<String> {
    let (mut terms, mut term, mut depth) = (Vec::new(), String::new(), 0);
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                terms.push(std::mem::take(&mut term));
                continue;
            }
            _ => {}
        }
        term.push(letter);
    }
    terms.push(term);
    terms.into_iter().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect()
}

fn requirement(term: &str) -> Option<Requirement> {
    let set = |rest: &str| -> Option<Vec<String>> {
        let inner = rest.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(inner.split(',').map(|v| v.trim().to_owned()).collect())
    };
    if let Some((key, rest)) =
        term.split_once(" notin ").or_else(|| term.split_once(" notin(").map(|(k, _)| (k, &term[k.len() + 6..])))
    {
        return Some(Requirement::NotIn(key.trim().into(), set(rest)?));
    }
    if let Some((key, rest)) =
        term.split_once(" in ").or_else(|| term.split_once(" in(").map(|(k, _)| (k, &term[k.len() + 3..])))
    {
        return Some(Requirement::In(key.trim().into(), set(rest)?));
    }
    if let Some((key, value)) = term.split_once("!=") {
        return Some(Requirement::NotIn(key.trim().into(), vec![value.trim().into()]));
    }
    if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        return Some(Requirement::In(key.trim().into(), vec![value.trim().into()]));
    }
    if let Some((key, value)) = term.split_once('>') {
        return Some(Requirement::Above(key.trim().into(), value.trim().parse().ok()?));
    }
    if let Some((key, value)) = term.split_once('<') {
        return Some(Requirement::Below(key.trim().into(), value.trim().parse().ok()?));
    }
    let key = |text: &str| -> Option<String> {
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        (!text.is_empty() && text.chars().all(fine)).then(|| text.to_owned())
    };
    match term.strip_prefix('!') {
        Some(absent) => Some(Requirement::Absent(key(absent.trim())?)),
        None => Some(Requirement::Exists(key(term)?)),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_select_what_the_api_server_would() {
        let pod = json!({
            "metadata": { "name": "a", "namespace": "n", "labels": { "app": "web", "tier": "3" } },
            "spec": { "nodeName": "w1" }, "status": { "phase": "Running" },
        });
        for (labels, fields, expected) in [
            ("app=web", "", true),
            ("app==web,tier=3", "", true),
            ("app!=web", "", false),
            ("zone!=a", "", true),
            ("app in (web, api)", "", true),
            ("app in (api)", "", false),
            ("app notin (api)", "", true),
            ("app", "", true),
            ("!app", "", false),
            ("!zone", "", true),
            ("tier>2", "", true),
            ("tier<3", "", false),
            ("", "spec.nodeName=w1,status.phase!=Succeeded", true),
            ("", "metadata.name==b", false),
            ("", "status.podIP=", true),
        ] {
            let selector = Selector::parse(Some(labels), Some(fields)).unwrap();
            assert!(selector.check("Pod").is_ok());
            assert_eq!(selector.matches(&pod), expected, "{labels} {fields}");
        }
        assert!(Selector::parse(Some("a b"), None).is_err());
        assert!(Selector::parse(None, Some("nonsense")).is_err());
        assert!(Selector::parse(None, Some("spec.x=1")).unwrap().check("Pod").is_err());
    }
}
