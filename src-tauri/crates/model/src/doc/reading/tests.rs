#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use serde_json::json;

use super::*;
use crate::project;

/// Reads an object whole, as a watch does.
struct Whole<'a, T>(Reading<'a, T>, Place);

impl<'de, T: Texts> Visitor<'de> for Whole<'_, T> {
    type Value = Doc;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Doc, A::Error> {
        let open = self.0.begin();
        while let Some(key) = map.next_key::<String>()? {
            self.0.field(self.1, &key, &mut map)?;
        }
        Ok(self.0.finish(open))
    }
}

fn read<T: Texts>(kind: &str, object: &Value, texts: T) -> Doc {
    let text = object.to_string();
    let pool = Pool::default();
    let whole = Whole(Reading::new(&pool, texts), Place::of_kind(kind));
    serde_json::Deserializer::from_str(&text).deserialize_map(whole).unwrap()
}

#[test]
fn an_object_that_is_read_is_the_projection_of_the_whole() {
    let pod = json!({
        "metadata": {"name": "cart-0", "managedFields": [{"manager": "kubelet"}], "selfLink": "/x",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}},
        "spec": {
            "volumes": [{"name": "data", "emptyDir": {}}, {"name": "kube-api-access-7xk2p", "projected": {"sources": []}}],
            "containers": [
                {"name": "app", "volumeMounts": [{"name": "kube-api-access-7xk2p", "mountPath": "/var/run"}]},
                {"name": "side", "volumeMounts": [{"name": "kube-api-access-7xk2p"}, {"name": "data"}], "args": []},
                {"name": "bare", "volumeMounts": []}],
            "initContainers": "odd"},
        "status": {
            "podIPs": [{"ip": "10.0.0.7"}], "podIP": "10.0.0.7", "hostIP": "10.1.0.1", "hostIPs": [{"ip": "fd00::1"}],
            "conditions": [{"type": "Ready", "status": "True", "lastProbeTime": null}, null, 7],
            "containerStatuses": [{"name": "app", "containerID": "containerd://1", "restartCount": 2,
                "volumeMounts": [{"name": "kube-api-access-7xk2p"}],
                "state": {"running": {"startedAt": "2026-05-01T11:30:00Z"}},
                "lastState": {"terminated": {"exitCode": 137, "containerID": "containerd://0"}}}]}});
    let node = json!({"metadata": {"name": "n1", "annotations": {"team": "shop"}},
        "status": {"images": [{"names": ["a"]}], "conditions": [{"type": "Ready", "lastProbeTime": null}]}});
    let odd = json!({"metadata": [{"managedFields": 1}], "spec": null, "status": {"podIPs": [{}], "conditions": {}}});
    for (kind, object) in [("Pod", &pod), ("Node", &node), ("Deployment", &pod), ("Pod", &odd), ("Pod", &json!({}))] {
        let mut projected = object.clone();
        project(kind, &mut projected);
        assert_eq!(read(kind, object, Verbatim).to_value(), projected, "{kind}");
    }
}

/// Says what it was asked, in the place of each text.
struct Asked;

impl Texts for Asked {
    fn text<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        Cow::Borrowed(text)
    }

    fn kind_of(&mut self, name: &str) -> Option<&'static str> {
        name.to_lowercase().contains("password").then_some("password")
    }

    fn secret<'t>(&mut self, text: &'t str, kind: &'static str) -> Cow<'t, str> {
        Cow::Owned(format!("{kind} of {}", text.len()))
    }
}

#[test]
fn what_stands_around_a_text_makes_it_a_secret_in_whatever_order_it_comes() {
    let object = json!({"spec": {
        "first": {"name": "DB_PASSWORD", "value": "hunter2"},
        "last": {"value": "hunter2", "name": "DB_PASSWORD"},
        "harmless": {"value": "info", "name": "LEVEL"}, "alone": {"value": "info"},
        "nested": {"name": {"name": "DB_PASSWORD"}, "value": "info"},
        "password": "hunter2", "passwords": {"a": "info"},
        "args": ["--password", "hunter2", "info", "--password", "--level", "info", "--password=x", "info"],
        "lists": ["--password", ["info"], "info"],
        "objects": [
            {"kind": "Secret", "data": {"a": "hunter2", "b": 7}},
            {"stringData": {"a": "hunter2"}, "kind": "Secret"},
            {"data": {"a": "info"}, "kind": "ConfigMap"}],
    }});
    let kept = json!({"spec": {
        "first": {"name": "DB_PASSWORD", "value": "password of 7"},
        "last": {"value": "password of 7", "name": "DB_PASSWORD"},
        "harmless": {"value": "info", "name": "LEVEL"}, "alone": {"value": "info"},
        "nested": {"name": {"name": "DB_PASSWORD"}, "value": "info"},
        "password": "password of 7", "passwords": {"a": "info"},
        "args": ["--password", "password of 7", "info", "--password", "--level", "info", "--password=x", "info"],
        "lists": ["--password", ["info"], "info"],
        "objects": [
            {"kind": "Secret", "data": {"a": "secret of 7", "b": 7}},
            {"stringData": {"a": "secret of 7"}, "kind": "Secret"},
            {"data": {"a": "info"}, "kind": "ConfigMap"}],
    }});
    assert_eq!(read("Widget", &object, Asked).to_value(), kept);
}
