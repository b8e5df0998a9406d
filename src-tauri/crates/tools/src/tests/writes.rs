use serde_json::json;

use super::stage::Stage;

#[tokio::test]
async fn a_write_shows_its_diff_its_reach_and_its_way_back_before_anybody_decides() {
    let stage = Stage::recorded();
    let preview = stage.shown("scale", json!({"namespace": "shop", "name": "checkout", "replicas": 5}));
    let diff = preview.diff.unwrap();
    assert!(diff.contains("@@ spec.replicas @@\n-replicas: 2\n+replicas: 5"), "{diff}");
    assert!(preview.cost.contains("Deployment/shop/web"), "{}", preview.cost);
    assert!(preview.cost.contains("the cluster was not asked"), "{}", preview.cost);
    assert!(preview.undo.unwrap().contains("to 2"));
    assert!(preview.does.contains("a recording cannot be changed"), "{}", preview.does);
}

#[tokio::test]
async fn an_undo_shows_the_template_of_the_revision_before() {
    let stage = Stage::recorded();
    let preview = stage.shown("rollout_undo", json!({"namespace": "shop", "name": "checkout"}));
    let diff = preview.diff.unwrap();
    assert!(diff.contains("+value: db\n") && diff.contains("-value: db-eu\n"), "{diff}");
    assert!(preview.does.contains("from revision 5 to the template of revision 4"), "{}", preview.does);
    let never = stage.preview("rollout_undo", json!({"namespace": "shop", "name": "checkout", "to_revision": 99}));
    assert!(never.does.contains("no revision 99") && never.does.contains("4, 5"), "{}", never.does);
}

#[tokio::test]
async fn a_recording_is_never_changed() {
    let stage = Stage::recorded();
    let on = json!({"namespace": "shop", "name": "checkout"});
    let scale = json!({"namespace": "shop", "name": "checkout", "replicas": 1});
    for (tool, args) in [("scale", scale), ("rollout_restart", on.clone()), ("rollout_undo", on)] {
        let error = stage.run(tool, args).await.unwrap_err();
        assert!(error.why.contains("a recording cannot be changed"), "{tool}: {error}");
        assert!(error.hint.contains("live cluster"), "{tool}: {}", error.hint);
    }
}
