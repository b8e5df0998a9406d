use model::Risk;
use serde_json::{Value, json};

use super::stage::Stage;
use crate::Toolbox;

fn refusal(tool: &str, args: Value) -> String {
    let error = Toolbox::standard().get(tool).unwrap().check(&args).unwrap_err();
    format!("{}. {}", error.why, error.hint)
}

#[test]
fn every_argument_has_a_title_a_type_and_no_null_in_its_schema() {
    for spec in Toolbox::standard().specs() {
        let schema = &spec.schema;
        assert_eq!(schema["type"], "object", "{}", spec.name);
        assert_eq!(schema["additionalProperties"], false, "{}", spec.name);
        assert!(!spec.title.is_empty() && spec.description.ends_with('.'), "{}", spec.name);
        for (name, property) in schema["properties"].as_object().unwrap() {
            assert!(property["title"].is_string(), "{}.{name}: {property}", spec.name);
            assert!(property["type"].is_string(), "{}.{name}: {property}", spec.name);
            // Only what a map holds may be taken away by `null`.
            let mut property = property.clone();
            property
                .as_object_mut()
                .unwrap()
                .retain(|field, _| !matches!(field.as_str(), "additionalProperties" | "description"));
            assert!(!property.to_string().contains("null"), "{}.{name}: {property}", spec.name);
        }
    }
}

#[test]
fn names_of_tools_are_unique_and_known() {
    let names: Vec<String> = Toolbox::standard().specs().into_iter().map(|spec| spec.name).collect();
    let mut sorted = names.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), names.len());
    for name in names {
        assert!(Toolbox::standard().get(&name).is_some());
    }
}

#[test]
fn a_refusal_names_the_argument_and_what_the_tool_takes() {
    let unknown = refusal("logs", json!({"namespace": "shop", "pod": "a", "lines": 5}));
    assert!(unknown.contains("`lines`") && unknown.contains("`tail` (optional)"), "{unknown}");
    let missing = refusal("logs", json!({"pod": "a"}));
    assert!(missing.contains("`namespace`"), "{missing}");
    let kind = refusal("logs", json!({"namespace": "shop", "pod": "a", "tail": "many"}));
    assert!(kind.contains("`tail`") && kind.contains("many"), "{kind}");
    let choice = refusal("scale", json!({"kind": "Pod", "namespace": "shop", "name": "a", "replicas": 1}));
    assert!(choice.contains("`kind`") && choice.contains("StatefulSet"), "{choice}");
}

#[test]
fn arguments_that_do_not_go_together_are_refused() {
    let neither = refusal("logs", json!({"namespace": "shop"}));
    assert!(neither.contains("`pod`") && neither.contains("`workload`"), "{neither}");
    assert!(refusal("logs", json!({"namespace": "shop", "pod": "a", "workload": "b"})).contains("both"));
    // What a form hands over for a field that was left empty is no value.
    assert!(refusal("logs", json!({"namespace": "shop", "pod": " ", "workload": ""})).contains("neither"));
    assert!(refusal("what_changed", json!({"from": "yesterday"})).contains("RFC 3339"));
    let backwards = json!({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"});
    assert!(refusal("what_changed", backwards).contains("after"));
    assert!(refusal("metrics", json!({"object": "checkout"})).contains("Kind/namespace/name"));
    assert!(refusal("neighbours", json!({"kind": "Pod", "name": "a", "hops": 9})).contains("1 to 3"));
}

#[test]
fn risk_follows_the_arguments_and_is_highest_where_they_do_not_parse() {
    let stage = Stage::recorded();
    assert_eq!(stage.risk("logs", json!({"namespace": "shop", "pod": "a"})), Risk::Read);
    assert_eq!(stage.risk("secret_shape", json!({"namespace": "shop"})), Risk::ReadSensitive);
    assert_eq!(stage.risk("config_shape", json!({"namespace": "shop", "name": "a"})), Risk::Read);
    let secret = json!({"namespace": "shop", "kind": "Secret", "name": "a"});
    assert_eq!(stage.risk("config_shape", secret), Risk::ReadSensitive);
    assert_eq!(stage.risk("config_shape", json!({"nonsense": 1})), Risk::ReadSensitive);
    assert_eq!(
        stage.risk("get_object", json!({"kind": "Secret", "namespace": "shop", "name": "a"})),
        Risk::ReadSensitive
    );
    assert_eq!(stage.risk("get_object", json!({"kind": "Certificate", "namespace": "shop", "name": "a"})), Risk::Read);
    let scale = |replicas: Value| json!({"namespace": "shop", "name": "checkout", "replicas": replicas});
    assert_eq!(stage.risk("scale", scale(json!(3))), Risk::Write);
    assert_eq!(stage.risk("scale", scale(json!(0))), Risk::Destructive);
    assert_eq!(stage.risk("scale", scale(json!("all"))), Risk::Destructive);
    let patch = |kind: &str, form: &str, patch: Value| {
        stage.risk("patch", json!({"kind": kind, "namespace": "shop", "name": "a", "form": form, "patch": patch}))
    };
    assert_eq!(patch("Deployment", "merge", json!({"spec": {"replicas": 2}})), Risk::Write);
    assert_eq!(patch("Deployment", "merge", json!({"spec": {"replicas": 0}})), Risk::Destructive);
    let none = json!([{"op": "replace", "path": "/spec/replicas", "value": 0}]);
    assert_eq!(patch("Deployment", "json", none), Risk::Destructive);
    assert_eq!(patch("RoleBinding", "merge", json!({"metadata": {"labels": {"a": "b"}}})), Risk::Destructive);
    assert_eq!(patch("Deployment", "merge", json!({"metadata": {"finalizers": []}})), Risk::Destructive);
    let everywhere = json!({"kind": "ClusterRole", "name": "a", "form": "merge", "patch": {"rules": []}});
    assert_eq!(stage.risk("patch", everywhere), Risk::Destructive);
}

#[tokio::test]
async fn a_tool_does_not_run_on_another_tools_or_another_clusters_permit() {
    let stage = Stage::recorded();
    let permit = stage.permit(stage.call("alerts", json!({})));
    let error = stage.toolbox.get("logs").unwrap().run(permit, &stage.surroundings).await.unwrap_err();
    assert!(error.why.contains("`alerts`"), "{error}");

    let mut call = stage.call("alerts", json!({}));
    call.cluster = model::ClusterId("cluster:production".into());
    let permit = stage.permit(call);
    let error = stage.toolbox.get("alerts").unwrap().run(permit, &stage.surroundings).await.unwrap_err();
    assert!(error.why.contains("cluster:production"), "{error}");
}
