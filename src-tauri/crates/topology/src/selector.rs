//! Label selectors as the API server reads them.

use model::{Doc, Fields};

/// An object's labels; empty where it has none.
pub fn labels_of(object: &Doc) -> Fields<'_> {
    object.pointer("/metadata/labels").and_then(Doc::as_object).unwrap_or_else(Fields::none)
}

/// Whether every pair of an equality selector (a Service's) is among the labels. An empty selector selects nothing here,
/// as it does for a Service.
pub fn matches_labels(selector: Fields<'_>, labels: Fields<'_>) -> bool {
    !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// Whether a `LabelSelector` (`matchLabels`, `matchExpressions`) matches. An empty selector matches everything.
pub fn matches_selector(selector: &Doc, labels: Fields<'_>) -> bool {
    let pairs = selector.get("matchLabels").and_then(Doc::as_object);
    if !pairs.is_none_or(|pairs| pairs.iter().all(|(key, value)| labels.get(key) == Some(value))) {
        return false;
    }
    let expressions = selector.get("matchExpressions").and_then(Doc::as_array);
    expressions.is_none_or(|all| all.iter().all(|expression| matches_expression(expression, labels)))
}

fn matches_expression(expression: &Doc, labels: Fields<'_>) -> bool {
    let key = expression.get("key").and_then(Doc::as_str).unwrap_or("");
    let label = labels.get(key);
    let listed = || {
        let values = expression.get("values").and_then(Doc::as_array);
        label.is_some_and(|label| values.is_some_and(|values| values.contains(label)))
    };
    match expression.get("operator").and_then(Doc::as_str).unwrap_or("") {
        "In" => listed(),
        "NotIn" => !listed(),
        "Exists" => label.is_some(),
        "DoesNotExist" => label.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn matches(selector: Value, labels: Value) -> bool {
        matches_selector(&selector.into(), Doc::from(labels).as_object().expect("labels"))
    }

    #[test]
    fn a_service_without_a_selector_selects_nothing_and_a_label_selector_without_terms_selects_all() {
        let pod = json!({"app": "cart"});
        let labels = Doc::from(&pod);
        assert!(!matches_labels(Fields::none(), labels.as_object().expect("labels")));
        assert!(matches(json!({}), pod));
    }

    #[test]
    fn expressions_are_read_as_the_api_server_reads_them() {
        let pod = json!({"app": "cart", "tier": "back"});
        let says = |operator: &str, key: &str, values: Value| {
            matches(json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]}), pod.clone())
        };
        assert!(says("In", "tier", json!(["back", "front"])));
        assert!(!says("In", "tier", json!(["front"])));
        assert!(says("NotIn", "tier", json!(["front"])));
        assert!(says("NotIn", "zone", json!(["a"])), "an absent label is not in any list");
        assert!(says("Exists", "app", json!([])));
        assert!(says("DoesNotExist", "zone", json!([])));
    }
}
