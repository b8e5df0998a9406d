//! What changed just before.

mod template;

use model::{Body, Doc, Held, ObjectRef, Time};

use self::template::{Difference, differences};
use crate::config::changed_keys;
use crate::found::Found;
use crate::json::{created, int, list, short, text};
use crate::scene::{Scene, Workload};

/// A change this long ago is no longer what happened just before.
const RECENT_SECONDS: f64 = 86_400.0;

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for workload in scene.workloads.values() {
        revisions(scene, workload, found);
    }
    // What changes of a pod is told by its workload.
    for (object, versions) in scene.snapshot.earlier.iter().filter(|(object, _)| object.kind != "Pod") {
        let Some(now) = scene.snapshot.get(object) else { continue };
        if scene.at.seconds_since(now.at) <= RECENT_SECONDS
            && let Some((before, at)) = last_different(now, versions)
        {
            version(scene, object, (before, at), now, found);
        }
    }
    unseen(scene, found);
    recorded(scene, found);
    drift(scene, found);
}

/// What changed while nobody looked is not known; that nothing is told to have changed then is no "no".
fn unseen(scene: &Scene, found: &mut Found) {
    for gap in scene.snapshot.gaps.iter().filter(|gap| scene.at.seconds_since(gap.until) <= RECENT_SECONDS) {
        found
            .fact("changed_recently", &ObjectRef::global("Cluster", ""))
            .arg("what", Vec::<String>::new())
            .arg("seconds_before", scene.at.seconds_since(gap.until).max(0.0) as i64)
            .arg("from", "")
            .arg("to", "")
            .arg("how", "unseen")
            .since(gap.from)
            .because(&gap.observation)
            .unknown(gap.reason.clone())
            .says(format!("whether anything changed from {} to {}", gap.from, gap.until));
    }
}

/// The newest earlier version whose spec is not the present one, and when the present one came: later versions differ in
/// their status only.
fn last_different<'s>(now: &Held, versions: &'s [Held]) -> Option<(&'s Held, Time)> {
    let place = versions.iter().rposition(|v| {
        v.object.get("spec") != now.object.get("spec") || v.object.get("keys") != now.object.get("keys")
    })?;
    Some((&versions[place], versions.get(place + 1).map_or(now.at, |next| next.at)))
}

struct Change<'s> {
    subject: ObjectRef,
    before: &'s Held,
    after: &'s Held,
    at: Time,
    how: &'static str,
}

/// The newest replica set's template against the one before it.
fn revisions(scene: &Scene, workload: &Workload, found: &mut Found) {
    if workload.object.kind != "Deployment" {
        return;
    }
    let mut sets: Vec<(i64, Option<Time>, &ObjectRef, &Held)> = scene
        .replica_sets(&workload.object)
        .iter()
        .map(|(set, held)| {
            let revision = int(&held.object, "/metadata/annotations/deployment.kubernetes.io~1revision").unwrap_or(0);
            (revision, created(&held.object), *set, *held)
        })
        .collect();
    sets.sort_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)));
    let Some((revision, born, _, newest)) = sets.last().copied() else { return };
    let Some(born) = born else { return };
    let age = scene.at.seconds_since(born);
    if age > RECENT_SECONDS || sets.len() < 2 {
        return;
    }
    let held = workload.held.unwrap_or(newest);
    let (_, _, _, before) = sets[sets.len() - 2];
    let change = Change { subject: workload.object.clone(), before, after: newest, at: born, how: "revision" };
    let all = differences(spec_of(before), spec_of(newest));
    // What was rolled out into trouble did not bring it; that it changed then is said all the same.
    if scene.in_trouble_before(workload, born).is_none() {
        found
            .fact("rolled_out_recently", &workload.object)
            .arg("revision", revision)
            .arg("seconds_before", age as i64)
            .arg("cause", text(&held.object, "/metadata/annotations/kubernetes.io~1change-cause"))
            .since(born)
            .because(&newest.observation)
            .says(format!("{} was rolled out {age:.0} s before (revision {revision})", workload.object.name));
    }
    say(scene, &change, &all, found);
}

fn spec_of(held: &Held) -> &Doc {
    held.object.pointer("/spec/template/spec").unwrap_or(Doc::null())
}

fn version(scene: &Scene, object: &ObjectRef, (before, at): (&Held, Time), now: &Held, found: &mut Found) {
    // Another object of the same name stands where the earlier one was.
    let how =
        if before.uid == now.uid || before.uid.is_empty() || now.uid.is_empty() { "version" } else { "recreated" };
    let change = Change { subject: object.clone(), before, after: now, at, how };
    let all = what_differs(&object.kind, &before.object, &now.object);
    if !all.is_empty() {
        say(scene, &change, &all, found);
    }
}

/// What differs between two versions of an object in what somebody set, in words: `limits.memory from 512Mi to 256Mi`.
/// Empty where nothing that is compared differs. Values of variables that look like secrets are not among them.
pub fn change_in_words(kind: &str, before: &Doc, after: &Doc) -> Vec<String> {
    let all = what_differs(kind, before, after);
    let mut containers: Vec<&str> = all.iter().map(|d| d.container.as_str()).filter(|name| !name.is_empty()).collect();
    containers.sort_unstable();
    containers.dedup();
    let said = |d: &Difference| match d.container.as_str() {
        name if !name.is_empty() && containers.len() > 1 => format!("{name}: {}", d.shown()),
        _ => d.shown(),
    };
    all.iter().map(said).collect()
}

fn what_differs(kind: &str, old: &Doc, new: &Doc) -> Vec<Difference> {
    let mut all = match (topology::pod_spec_of(kind, old), topology::pod_spec_of(kind, new)) {
        (Some(a), Some(b)) if kind != "Pod" => differences(a, b),
        _ => Vec::new(),
    };
    let text_of = |value: Option<&Doc>| {
        value.map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).unwrap_or_default()
    };
    for (pointer, what) in [
        ("/spec/replicas", "replicas"),
        ("/spec/selector", "selector"),
        ("/spec/ports", "ports"),
        ("/spec/podSelector", "selector"),
        ("/spec/ingress", "spec"),
        ("/spec/egress", "spec"),
        ("/spec/rules", "spec"),
        ("/spec/type", "spec"),
        ("/spec/unschedulable", "scheduling"),
        ("/spec/taints", "scheduling"),
        ("/spec/hard", "spec"),
        ("/spec/storageClassName", "spec"),
        ("/spec/maxReplicas", "replicas"),
    ] {
        let (a, b) = (old.pointer(pointer), new.pointer(pointer));
        // What the control plane taints a node with follows from its state; nobody changed anything.
        if pointer == "/spec/taints" && by_people(a).eq(by_people(b)) {
            continue;
        }
        if a != b && kind != "Pod" {
            all.push(Difference::plain(what, pointer.trim_start_matches("/spec/"), text_of(a), text_of(b)));
        }
    }
    let keys = changed_keys(old, new);
    if !keys.is_empty() {
        all.push(Difference::plain("config", &keys.join(", "), String::new(), String::new()));
    }
    all
}

/// The taints that somebody set, rather than the node controller.
fn by_people(taints: Option<&Doc>) -> impl Iterator<Item = &Doc> {
    let all = taints.and_then(Doc::as_array).unwrap_or(&[]).iter();
    all.filter(|taint| !text(taint, "/key").starts_with("node.kubernetes.io/"))
}

fn say(scene: &Scene, change: &Change, all: &[Difference], found: &mut Found) {
    let Some(first) = all.first() else { return };
    let seconds = scene.at.seconds_since(change.at).max(0.0) as i64;
    let workload = scene.workloads.get(&change.subject);
    if let Some(evidence) = workload.and_then(|workload| scene.in_trouble_before(workload, change.at)) {
        found
            .fact("changed_after_trouble", &change.subject)
            .arg("what", change.subject.to_string())
            .since(change.at)
            .because(&change.after.observation)
            .because(evidence)
            .says(format!(
                "{} was in trouble already when it changed {seconds} s before: {}",
                change.subject.name,
                first.shown()
            ));
        return;
    }
    let mut what: Vec<&str> = all.iter().map(|d| d.what).collect();
    what.sort_unstable();
    what.dedup();
    let name = &change.subject.name;
    let shown: Vec<String> = all.iter().take(3).map(Difference::shown).collect();
    found
        .fact("changed_recently", &change.subject)
        .arg("what", what.clone())
        .arg("seconds_before", seconds)
        .arg("from", short(&first.from, 120))
        .arg("to", short(&first.to, 120))
        .arg("how", change.how)
        .since(change.at)
        .because(&change.after.observation)
        .because(&change.before.observation)
        .says(format!("{name} changed {seconds} s before: {}", shown.join("; ")));
    for difference in all {
        let (fact, lowered) = match difference.what {
            "image" => ("image_changed", false),
            "env" => ("env_changed", false),
            "resources" => ("resources_changed", difference.is_lowered()),
            "probes" => ("probe_changed", false),
            _ => continue,
        };
        let draft = found
            .fact(fact, &change.subject)
            .arg("container", difference.container.clone())
            .arg("from", short(&difference.from, 200))
            .arg("to", short(&difference.to, 200))
            .arg("seconds_before", seconds);
        let draft = match fact {
            "image_changed" => draft.arg("only_tag", difference.only_tag()),
            "env_changed" => draft.arg("name", difference.field.clone()),
            "resources_changed" => draft.arg("field", difference.field.clone()).arg("lowered", lowered),
            _ => draft.arg("probe", difference.field.clone()),
        };
        draft
            .since(change.at)
            .because(&change.after.observation)
            .because(&change.before.observation)
            .says(format!("{name}: {}", difference.shown()));
    }
    for difference in all.iter().filter(|d| d.what == "probes") {
        let probe = difference.field.trim_end_matches("Probe").to_owned();
        let failing = found.named("probe_failing").any(|f| {
            f.subject == change.subject && f.args.get("probe").and_then(serde_json::Value::as_str) == Some(&probe)
        });
        if failing {
            found
                .fact("probe_differs_from_previous", &change.subject)
                .arg("container", difference.container.clone())
                .arg("probe", probe.clone())
                .arg("from", short(&difference.from, 200))
                .arg("to", short(&difference.to, 200))
                .since(change.at)
                .because(&change.after.observation)
                .because(&change.before.observation)
                .says(format!("the {probe} probe of {name}, which fails, was changed: {}", difference.shown()));
        }
    }
}

/// Commits and releases that somebody recorded, once they are released.
fn recorded(scene: &Scene, found: &mut Found) {
    for (observation, body) in scene.released(|body| match body {
        Body::Change { .. } => Some(body),
        _ => None,
    }) {
        let Body::Change { reference, author, message, diff } = body else { continue };
        let text = format!("{message}\n{}", diff.as_deref().unwrap_or(""));
        let words: std::collections::BTreeSet<&str> =
            text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|w| w.len() > 2).collect();
        let named: Vec<&ObjectRef> = match &observation.subject {
            Some(subject) => scene.workloads.keys().filter(|w| **w == scene.workload_told(subject)).collect(),
            None => scene.workloads.keys().filter(|w| words.contains(w.name.as_str())).collect(),
        };
        let everywhere = ObjectRef::global("Cluster", "");
        let subjects = if named.is_empty() { vec![&everywhere] } else { named };
        let seconds = scene.at.seconds_since(observation.at).max(0.0) as i64;
        for subject in subjects {
            found
                .fact("recorded_change", subject)
                .arg("reference", reference.clone())
                .arg("message", short(message, 240))
                .arg("author", author.clone())
                .arg("seconds_before", seconds)
                .arg(
                    "mentions",
                    if words.contains(subject.name.as_str()) { vec![subject.name.clone()] } else { Vec::new() },
                )
                .arg("touches", touches(&text))
                .arg("diff_lines", diff.as_ref().map_or(0, |d| d.lines().count()))
                .since(observation.at)
                .because(&observation.id)
                .says(format!("change {reference}, {seconds} s before: {}", short(message, 140)));
        }
    }
}

/// What a change's words say it is about, in the terms of `changed_recently`.
fn touches(text: &str) -> Vec<&'static str> {
    let lower = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    let mut all = Vec::new();
    for (what, words) in [
        ("image", &["image", "bump version", "upgrade to", "tag:"][..]),
        ("env", &["env", "cache_size", "variable", "_size", "_url", "_host", "_timeout"]),
        ("resources", &["memory", "cpu", "limit", "resources", "heap"]),
        ("probes", &["probe", "healthz", "liveness", "readiness"]),
        ("config", &["config", "configmap", "settings", ".properties", "feature flag"]),
        ("replicas", &["replicas", "scale"]),
        ("documentation", &["readme", "docs", "comment", "typo"]),
    ] {
        if has(words) {
            all.push(what);
        }
    }
    all
}

/// What GitOps controllers say of what they deploy.
fn drift(scene: &Scene, found: &mut Found) {
    for kind in ["Application", "HelmRelease", "Kustomization"] {
        for (object, held) in scene.snapshot.of_kind(kind) {
            let body = &held.object;
            let ready = crate::json::condition(body, "Ready");
            let (sync, health) = (text(body, "/status/sync/status"), text(body, "/status/health/status"));
            let failed = ready.is_some_and(|c| text(c, "/status") == "False");
            // Flux has no word for health; why it is not ready says whether it could not apply or what it applied is unwell.
            let health = match ready.filter(|_| failed && health.is_empty()).map(|c| text(c, "/reason")) {
                None => health,
                Some("HealthCheckFailed" | "Progressing" | "ProgressingWithRetry" | "DependencyNotReady") => {
                    "Unhealthy"
                }
                Some(_) => "Failed",
            };
            if !(failed || sync == "OutOfSync" || matches!(health, "Degraded" | "Missing")) {
                continue;
            }
            let message = ready
                .map(|c| text(c, "/message"))
                .filter(|m| !m.is_empty())
                .unwrap_or(text(body, "/status/operationState/message"));
            let revision = [
                text(body, "/status/sync/revision"),
                text(body, "/status/lastAppliedRevision"),
                text(body, "/status/lastAttemptedRevision"),
            ]
            .into_iter()
            .find(|r| !r.is_empty())
            .unwrap_or("");
            let mut targets: Vec<ObjectRef> = list(body, "/status/resources")
                .iter()
                .filter(|r| matches!(text(r, "/kind"), "Deployment" | "StatefulSet" | "DaemonSet"))
                .map(|r| ObjectRef::new(text(r, "/kind"), text(r, "/namespace"), text(r, "/name")))
                .collect();
            if targets.is_empty() {
                let place = text(body, "/spec/destination/namespace");
                let meant = |w: &&ObjectRef| {
                    (w.name == object.name
                        || object.name.strip_prefix(w.name.as_str()).is_some_and(|rest| rest.starts_with('-')))
                        && (place.is_empty() || w.namespace == place)
                };
                targets = scene.workloads.keys().filter(meant).cloned().collect();
            }
            for subject in std::iter::once(object).chain(&targets) {
                found
                    .fact("gitops_drift", subject)
                    .arg("by", object.to_string())
                    .arg("sync", sync)
                    .arg("health", health)
                    .arg("message", short(message, 240))
                    .arg("revision", revision)
                    .object("target", targets.first())
                    .since(held.at)
                    .because(&held.observation)
                    .says(format!("{kind} {} is {sync} {health} at {revision}", object.name).replace("  ", " "));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Body;
    use serde_json::json;

    use crate::sketch::{Sketch, ago, fact, has};

    fn set(name: &str, revision: &str, age: i64, image: &str, limit: &str) -> (String, serde_json::Value) {
        (
            format!("ReplicaSet/shop/{name}"),
            json!({
            "metadata": {"creationTimestamp": ago(age), "annotations": {"deployment.kubernetes.io/revision": revision},
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart", "controller": true}]},
            "spec": {"template": {"spec": {"containers": [{"name": "app", "image": image,
                "resources": {"limits": {"memory": limit}}}]}}}}),
        )
    }

    #[test]
    fn two_revisions_are_told_apart_field_by_field() {
        let (old, old_body) = set("cart-1", "1", 9000, "r.example/cart:1", "512Mi");
        let (new, new_body) = set("cart-2", "2", 120, "r.example/cart:2", "256Mi");
        let facts = Sketch::new()
            .deployment("cart")
            .without("ReplicaSet/shop/cart-abc")
            .with(&old, old_body)
            .with(&new, new_body)
            .facts();
        assert_eq!(fact(&facts, "image_changed", "Deployment/shop/cart").args["only_tag"], true);
        assert_eq!(fact(&facts, "resources_changed", "Deployment/shop/cart").args["lowered"], true);
        assert_eq!(
            fact(&facts, "changed_recently", "Deployment/shop/cart").args["what"],
            json!(["image", "resources"])
        );
        assert_eq!(fact(&facts, "rolled_out_recently", "Deployment/shop/cart").args["seconds_before"], 120);
    }

    #[test]
    fn a_first_revision_has_changed_nothing() {
        let (only, body) = set("cart-1", "1", 100, "r.example/cart:1", "512Mi");
        let facts = Sketch::new().deployment("cart").without("ReplicaSet/shop/cart-abc").with(&only, body).facts();
        assert!(!has(&facts, "changed_recently") && !has(&facts, "rolled_out_recently"));
    }

    #[test]
    fn an_earlier_version_of_a_service_tells_what_changed() {
        let facts = Sketch::new()
            .deployment("cart")
            .earlier(
                "Service/shop/cart",
                4000,
                json!({"spec": {"selector": {"app": "carts"}, "ports": [{"port": 80, "targetPort": 8080}]}}),
            )
            .facts();
        assert_eq!(fact(&facts, "changed_recently", "Service/shop/cart").args["what"], json!(["selector"]));
    }

    #[test]
    fn a_change_is_as_old_as_the_first_version_that_has_it() {
        let set = |image: &str, ready: i64| {
            json!({"spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "app", "image": image}]}}},
                "status": {"readyReplicas": ready}})
        };
        let facts = Sketch::new()
            .earlier("StatefulSet/shop/index", 9000, set("r.example/index:1", 1))
            .earlier("StatefulSet/shop/index", 4000, set("r.example/index:2", 1))
            .earlier("StatefulSet/shop/index", 3000, set("r.example/index:2", 0))
            .with("StatefulSet/shop/index", set("r.example/index:2", 1))
            .facts();
        assert_eq!(fact(&facts, "image_changed", "StatefulSet/shop/index").args["seconds_before"], 4000);
    }

    #[test]
    fn a_commit_is_put_to_the_workload_that_it_names() {
        let change = || Body::Change {
            reference: "9f2".into(),
            author: "A".into(),
            message: "cart: raise CACHE_SIZE".into(),
            diff: None,
        };
        let facts = Sketch::new().deployment("cart").released(None, change()).facts();
        fact(&facts, "recorded_change", "Deployment/shop/cart");
        assert!(!has(&Sketch::new().deployment("cart").facts(), "recorded_change"));
    }
}
