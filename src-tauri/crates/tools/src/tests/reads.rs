use model::{Body, ObjectRef, Observation, Time};
use serde_json::{Value, json};

use super::stage::Stage;

fn logs_of_checkout() -> Value {
    json!({"namespace": "shop", "workload": "checkout"})
}

#[tokio::test]
async fn logs_of_a_workload_are_those_of_its_worst_pods_with_their_previous_runs() {
    let stage = Stage::recorded();
    let preview = stage.preview("logs", logs_of_checkout());
    assert!(preview.does.contains("previous run"), "{}", preview.does);
    let outcome = stage.run("logs", logs_of_checkout()).await.unwrap();
    assert!(outcome.result.text.contains("lookup db-eu"), "{}", outcome.result.text);
    let runs: Vec<bool> = outcome
        .observations
        .iter()
        .filter_map(|o| match &o.body {
            Body::Log(log) => Some(log.previous),
            _ => None,
        })
        .collect();
    assert!(runs.contains(&true) && runs.contains(&false), "{runs:?}");
    assert_eq!(outcome.result.observations.len(), outcome.observations.len());
}

#[tokio::test]
async fn a_token_in_a_log_is_marked_and_does_not_leave() {
    let stage = Stage::recorded();
    let outcome = stage.run("logs", logs_of_checkout()).await.unwrap();
    assert!(!outcome.result.text.contains("ghp_0123456789"), "{}", outcome.result.text);
    assert!(outcome.result.text.contains("[redacted: "), "{}", outcome.result.text);
    assert!(outcome.result.redactions.iter().map(|(_, count)| count).sum::<u32>() > 0);
}

#[tokio::test]
async fn logs_of_a_pod_that_has_none_say_so_and_what_to_do() {
    let stage = Stage::recorded();
    let error = stage.run("logs", json!({"namespace": "shop", "pod": "nobody"})).await.unwrap_err();
    assert!(error.why.contains("`shop/nobody`") && !error.hint.is_empty(), "{error} {}", error.hint);
    let error = stage.run("logs", json!({"namespace": "shop", "workload": "nobody"})).await.unwrap_err();
    assert!(error.why.contains("no pod of `nobody`"), "{error}");
}

#[tokio::test]
async fn metrics_of_a_workload_include_those_of_its_pods_and_show_what_moved_first() {
    let stage = Stage::recorded();
    let text = stage.text("metrics", json!({"object": "Deployment/shop/checkout"})).await;
    assert!(text.contains("container_memory_working_set_bytes"), "{text}");
    assert!(!text.contains("http_requests_error_ratio"), "web's series is not checkout's: {text}");
    let all = stage.text("metrics", json!({"namespace": "shop"})).await;
    let first = all.lines().find(|line| line.contains("usual")).unwrap();
    assert!(first.contains("http_requests_error_ratio"), "it moved most: {all}");
    let none = stage.text("metrics", json!({"name": "no_such_metric"})).await;
    assert!(none.contains("no series"), "{none}");
}

#[tokio::test]
async fn alerts_are_told_by_name_with_their_words() {
    let stage = Stage::recorded();
    let text = stage.text("alerts", json!({"namespace": "shop"})).await;
    assert!(text.starts_with("1 alert fires"), "{text}");
    assert!(text.contains("CheckoutDown") && text.contains("nobody can pay"), "{text}");
}

#[tokio::test]
async fn a_probe_tells_whether_the_port_answers() {
    let stage = Stage::recorded();
    let text = stage.text("probe", json!({"namespace": "shop", "service": "checkout", "port": 80})).await;
    assert!(text.contains("does not accept connections"), "{text}");
    let error = stage.run("probe", json!({"namespace": "shop", "service": "web"})).await.unwrap_err();
    assert!(error.why.contains("nobody made one"), "{error}");
}

#[tokio::test]
async fn node_agents_that_are_down_come_first() {
    let stage = Stage::recorded();
    let text = stage.text("node_agents", json!({})).await;
    assert!(text.lines().next().unwrap().contains("`containerd` on worker-1 is inactive"), "{text}");
    assert!(text.contains("kubelet: active"), "{text}");
}

#[tokio::test]
async fn shapes_of_all_secrets_name_the_one_that_differs_and_hold_no_value() {
    let stage = Stage::recorded();
    let outcome = stage.run("secret_shape", json!({"namespace": "shop"})).await.unwrap();
    let text = &outcome.result.text;
    assert!(text.contains("`db-d` differs in `password` from the 3 of 4"), "{text}");
    assert!(!text.contains("same") && !text.contains(": other"), "{text}");
    assert_eq!(outcome.observations.len(), 4);
}

#[tokio::test]
async fn a_shape_that_changed_tells_which_key_and_when() {
    let stage = Stage::recorded();
    let text = stage.text("config_shape", json!({"namespace": "shop", "name": "settings"})).await;
    assert!(text.contains("`currency` has another value"), "{text}");
}

#[tokio::test]
async fn an_object_of_any_kind_is_shown_and_an_unknown_one_is_not_invented() {
    let stage = Stage::recorded();
    let certificate = json!({"kind": "Certificate", "namespace": "shop", "name": "shop-tls"});
    let text = stage.text("get_object", certificate).await;
    assert!(text.contains("the issuer is gone"), "{text}");
    let list = stage.text("get_object", json!({"kind": "Certificate", "namespace": "shop"})).await;
    assert!(list.contains("shop-tls"), "{list}");
    let error =
        stage.run("get_object", json!({"kind": "Issuer", "namespace": "shop", "name": "ca"})).await.unwrap_err();
    assert!(error.why.contains("Issuer"), "{error}");
}

#[tokio::test]
async fn what_changed_tells_the_commit_with_its_diff_and_the_new_revision_with_its_fields() {
    let stage = Stage::recorded();
    let outcome = stage.run("what_changed", json!({"namespace": "shop"})).await.unwrap();
    let text = &outcome.result.text;
    assert!(text.contains("shop-deploy 1a2b3c4") && text.contains("value: db-eu"), "{text}");
    assert!(text.contains("was rolled out as revision 5"), "{text}");
    assert!(text.contains("env[DB_HOST].value: `db` → `db-eu`"), "{text}");
    assert!(outcome.observations.iter().any(|o| matches!(o.body, Body::Change { .. })));
    assert!(outcome.observations.iter().any(|o| matches!(o.body, Body::Object { .. })));
}

#[tokio::test]
async fn what_changed_before_the_rollout_does_not_tell_it() {
    let stage = Stage::recorded();
    let to = Time::from_seconds(1_000_000 + 120).to_string();
    let text = stage.text("what_changed", json!({"namespace": "shop", "to": to})).await;
    assert!(!text.contains("db-eu"), "{text}");
}

#[tokio::test]
async fn what_changed_tells_versions_that_a_snapshot_no_longer_holds() {
    let stage = Stage::recorded();
    let history = &stage.surroundings.history;
    let versions: Vec<Observation> = (1..=40)
        .map(|replicas| {
            let at = Time::from_seconds(1_000_000 + i64::from(replicas));
            let object = json!({"metadata": {"name": "hot", "namespace": "shop"}, "spec": {"replicas": replicas}});
            let body = Body::Object {
                api_version: "apps/v1".into(),
                uid: "hot".into(),
                resource_version: replicas.to_string().into(),
                change: model::ChangeKind::Present,
                object: object.into(),
            };
            let subject = ObjectRef::new("Deployment", "shop", "hot");
            Observation::new(history.cluster().clone(), at, at, model::Source::Watch, Some(subject), body)
        })
        .collect();
    history.append(&versions).unwrap();
    let args = json!({"namespace": "shop", "to": Time::from_seconds(1_000_040).to_string()});
    let text = stage.text("what_changed", args).await;
    let told = |before: i32| text.contains(&format!("spec.replicas: {before} → {}", before + 1));
    assert!((1..40).all(told), "{text}");
}

#[tokio::test]
async fn dependencies_tell_recorded_calls_and_those_that_variables_name() {
    let stage = Stage::recorded();
    let text = stage.text("dependencies", json!({"namespace": "shop"})).await;
    assert!(text.contains("web -> checkout") && text.contains("checkout -> db"), "{text}");
    assert!(text.contains("Told by the objects"), "{text}");
}

#[tokio::test]
async fn describe_tells_conditions_containers_events_and_relations() {
    let stage = Stage::recorded();
    let text = stage.text("describe", json!({"kind": "Deployment", "namespace": "shop", "name": "checkout"})).await;
    for word in ["What is so", "Conditions", "Related", "DB_HOST"] {
        assert!(text.contains(word), "no {word}: {text}");
    }
    let error =
        stage.run("describe", json!({"kind": "Deployment", "namespace": "shop", "name": "chekout"})).await.unwrap_err();
    assert!(error.hint.contains("checkout"), "it names those that exist: {}", error.hint);
}

#[tokio::test]
async fn events_of_a_workload_include_those_of_its_pods() {
    let stage = Stage::recorded();
    let args = json!({"namespace": "shop", "kind": "Deployment", "name": "checkout", "warnings_only": true});
    let text = stage.text("events", args).await;
    assert!(text.contains("BackOff"), "{text}");
    assert!(!text.contains("Normal"), "{text}");
}

#[tokio::test]
async fn neighbours_tell_what_depends_on_an_object() {
    let stage = Stage::recorded();
    let text = stage.text("neighbours", json!({"kind": "Deployment", "namespace": "shop", "name": "checkout"})).await;
    assert!(text.contains("Deployment/shop/web"), "{text}");
    assert!(text.contains("Secret/shop/db-a"), "{text}");
    let error = stage.run("neighbours", json!({"kind": "Pod", "name": "nobody"})).await.unwrap_err();
    assert!(error.why.contains("does not know it"), "{error}");
}

#[tokio::test]
async fn a_search_of_the_knowledge_can_be_cited() {
    let stage = Stage::recorded();
    let outcome = stage.run("knowledge_search", json!({"query": "image pull"})).await.unwrap();
    assert!(outcome.result.text.contains("failure mode `"), "{}", outcome.result.text);
    let [observation] = &outcome.observations[..] else { panic!("{:?}", outcome.observations) };
    assert!(stage.surroundings.history.get(&observation.id).unwrap().is_some());
    let nothing = stage.text("knowledge_search", json!({"query": "xyzzy"})).await;
    assert!(nothing.contains("nothing about `xyzzy`"), "{nothing}");
}

#[tokio::test]
async fn every_preview_is_one_sentence_made_without_asking_anybody() {
    let stage = Stage::recorded();
    let some = [
        ("logs", logs_of_checkout()),
        ("metrics", json!({"object": "Deployment/shop/checkout"})),
        ("alerts", json!({})),
        ("probe", json!({"namespace": "shop", "service": "checkout"})),
        ("node_agents", json!({"node": "worker-1"})),
        ("config_shape", json!({"namespace": "shop"})),
        ("secret_shape", json!({"namespace": "shop"})),
        ("get_object", json!({"kind": "Node"})),
        ("what_changed", json!({})),
        ("dependencies", json!({})),
        ("describe", json!({"kind": "Node", "name": "worker-1"})),
        ("events", json!({"namespace": "shop"})),
        ("neighbours", json!({"kind": "Node", "name": "worker-1"})),
        ("knowledge_search", json!({"query": "quota"})),
    ];
    for (tool, args) in some {
        let preview = stage.preview(tool, args);
        assert!(preview.does.ends_with('.') && !preview.does.starts_with("Nothing"), "{tool}: {}", preview.does);
        assert!(preview.diff.is_none() && !preview.cost.is_empty(), "{tool}");
    }
}

#[tokio::test]
async fn every_id_of_a_result_is_in_the_history() {
    let stage = Stage::recorded();
    for (tool, args) in [
        ("logs", logs_of_checkout()),
        ("metrics", json!({})),
        ("what_changed", json!({})),
        ("neighbours", json!({"kind": "Deployment", "namespace": "shop", "name": "checkout", "hops": 2})),
    ] {
        let outcome = stage.run(tool, args).await.unwrap();
        assert!(!outcome.result.observations.is_empty(), "{tool}");
        for id in &outcome.result.observations {
            assert!(stage.surroundings.history.get(id).unwrap().is_some(), "{tool}: {id}");
        }
    }
}

#[tokio::test]
async fn a_helm_release_is_told_from_what_was_read_with_what_changed_since_the_revision_before() {
    let stage = Stage::recorded();
    let read = |revision: u64, image: &str| {
        let text = json!({
            "name": "web", "namespace": "shop", "revision": revision, "status": "deployed", "last_deployed": "then",
            "chart": {"name": "web", "version": "1.2.3", "app_version": "4"}, "values": {"image": image},
            "hooks": [], "manifest": [{"kind": "Deployment", "metadata": {"name": "web"}, "image": image}],
        });
        let subject = ObjectRef::new("Secret", "shop", format!("sh.helm.release.v1.web.v{revision}"));
        let at = Time::from_seconds(1_000_010);
        let body = Body::ToolResult { tool: "helm_release".into(), text: text.to_string() };
        let cluster = stage.surroundings.history.cluster().clone();
        model::Observation::new(cluster, at, at, model::Source::Read, Some(subject), body)
    };
    stage.surroundings.history.append(&[read(1, "web:1"), read(2, "web:2")]).unwrap();
    let args = json!({"namespace": "shop", "release": "web", "revision": 2, "against": 1});
    let text = stage.text("helm_release", args).await;
    assert!(text.contains("chart web-1.2.3 (app 4), revision 2"), "{text}");
    assert!(text.contains("-image: web:1") && text.contains("+image: web:2"), "{text}");
    let unread = stage.run("helm_release", json!({"namespace": "shop", "release": "web", "revision": 9})).await;
    assert!(unread.unwrap_err().why.contains("nobody read it"), "a recording reads nothing by itself");
    for (tool, args) in [("helm_release", json!({"namespace": "shop"})), ("secret_shape", json!({"namespace": "shop"}))]
    {
        assert_eq!(stage.risk(tool, args), model::Risk::ReadSensitive, "{tool} asks every time");
    }
}
