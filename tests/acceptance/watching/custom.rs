//! Kinds that only this cluster has.

use caseboard_tests::controlplane::{ApiServer, kubectl};
use caseboard_tests::process::eventually;
use model::ObjectRef;
use serde_json::{Value, json};

use super::{PATIENCE, Watched, apply, programs};

fn definition() -> Value {
    let open = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "baskets.shop.example.com" },
        "spec": {
            "group": "shop.example.com", "scope": "Namespaced",
            "names": { "plural": "baskets", "singular": "basket", "kind": "Basket", "listKind": "BasketList" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": { "type": "object", "properties": { "spec": open, "status": open } } } }],
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_kind_is_watched_when_somebody_asks_for_it_with_its_conditions() -> anyhow::Result<()> {
    let test = "a_custom_kind_is_watched_when_somebody_asks_for_it_with_its_conditions";
    let Some(programs) = programs(test) else { return Ok(()) };
    let server = ApiServer::shared(programs).await?;
    let watched = Watched::listed(&server.kubeconfig).await?;
    let error = watched.desk.watch_kind(&watched.cluster, "Basket").await.err().map(|error| error.what);
    assert!(error.is_some_and(|what| what.contains("`Basket`")), "nobody has installed it yet");

    // Installed while the cluster is open.
    apply(&server, &server.kubeconfig, &[definition()]).await?;
    let ready = ["wait", "--for=condition=Established", "crd/baskets.shop.example.com", "--timeout=60s"];
    kubectl(&server.kubectl, &server.kubeconfig, &ready).await?;
    let basket = json!({
        "apiVersion": "shop.example.com/v1", "kind": "Basket",
        "metadata": { "name": "fruit", "namespace": "default" }, "spec": { "size": 3 },
    });
    eventually(PATIENCE, "the new kind to be served", || async {
        apply(&server, &server.kubeconfig, std::slice::from_ref(&basket)).await
    })
    .await?;
    eventually(PATIENCE, "the new kind to be watched", || async {
        Ok(watched.desk.watch_kind(&watched.cluster, "Basket").await.map(drop)?)
    })
    .await?;
    let fruit = ObjectRef::new("Basket", "default", "fruit");
    watched.comes_to_see(&fruit).await?;

    let status = json!({ "status": { "conditions": [{
        "type": "Ready", "status": "False", "reason": "NoApples", "message": "the orchard is empty",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }] } })
    .to_string();
    let patch = ["patch", "basket", "fruit", "-n", "default", "--subresource=status", "--type=merge", "-p", &status];
    kubectl(&server.kubectl, &server.kubeconfig, &patch).await?;
    eventually(PATIENCE, "its condition to be seen", || async {
        let look = watched.look()?;
        let held = look.snapshot.get(&fruit).ok_or_else(|| anyhow::anyhow!("it is gone"))?;
        let condition = &held.object["status"]["conditions"][0];
        anyhow::ensure!(condition["reason"] == *"NoApples", "{}", held.object);
        anyhow::ensure!(condition["status"] == *"False", "{}", held.object);
        Ok(())
    })
    .await?;
    let state = watched.state()?;
    let baskets = state.watches.iter().find(|watch| watch.kind == "Basket");
    assert!(baskets.is_some_and(|watch| watch.phase == "live" && watch.objects == 1), "{baskets:?}");

    // Who asked for it once has it the next time too.
    watched.desk.close_cluster(&watched.cluster).await?;
    watched.desk.open_cluster(&watched.cluster)?;
    eventually(PATIENCE, "the kind to be watched again", || async {
        let state = watched.state()?;
        let baskets = state.watches.iter().find(|watch| watch.kind == "Basket");
        anyhow::ensure!(baskets.is_some_and(|watch| watch.phase == "live" && watch.objects == 1), "{baskets:?}");
        Ok(())
    })
    .await?;
    Ok(())
}
