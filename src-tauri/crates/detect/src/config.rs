//! ConfigMaps, Secrets and variables: there or not, changed or not, pointing somewhere or not.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use model::{Doc, Fields, Held, ObjectRef, Time, is_builtin_kind};
use topology::{ConfigUse, config_uses};

use crate::found::Found;
use crate::json::{list, short, text, time};
use crate::scene::{Existence, Scene, Told, Workload};

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for workload in scene.workloads.values() {
        let Some(spec) = workload.pod_spec else { continue };
        let uses = config_uses(spec);
        missing(scene, workload, &uses, found);
        changed(scene, workload, &uses, found);
        account(scene, workload, spec, found);
        empty(workload, spec, found);
        skipped(scene, workload, found);
    }
    differing(scene, found);
}

/// What the kubelet said about an object that it could not find.
fn told_missing<'s>(scene: &'s Scene, workload: &Workload, used: &ConfigUse) -> Option<&'s Told<'s>> {
    let kind = used.kind.to_ascii_lowercase();
    scene.events(&workload.object).iter().rfind(|t| {
        let message = t.event.message.to_ascii_lowercase();
        message.contains(&kind)
            && message.contains(&format!("\"{}\"", used.name.to_ascii_lowercase()))
            && (message.contains("not found") || message.contains("couldn't find key"))
    })
}

/// The waiting message of a container that lacks its configuration.
fn waiting_message<'s>(scene: &'s Scene, workload: &'s Workload) -> Option<(&'s str, &'s Held)> {
    scene.pods_of(workload).find_map(|pod| {
        let containers = pod.containers();
        let container = containers.iter().find(|c| c.waiting() == "CreateContainerConfigError")?;
        Some((text(container.status, "/state/waiting/message"), pod.held))
    })
}

/// Keys of a ConfigMap or Secret that were to become variables and whose names the kubelet does not take.
fn skipped(scene: &Scene, workload: &Workload, found: &mut Found) {
    for told in scene.events(&workload.object).iter().filter(|t| t.event.reason == "InvalidEnvironmentVariableNames") {
        // `Keys [a.b, 1c] from the EnvFrom configMap shop/settings were skipped since they are considered invalid …`
        let message = &told.event.message;
        let keys = message.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("", |(keys, _)| keys);
        let source = message.split_once("EnvFrom ").map_or("", |(_, rest)| rest);
        let mut words = source.split_whitespace();
        let kind =
            if words.next().is_some_and(|kind| kind.eq_ignore_ascii_case("secret")) { "Secret" } else { "ConfigMap" };
        let name = words.next().unwrap_or("").rsplit('/').next().unwrap_or("");
        found
            .fact("env_names_skipped", &workload.object)
            .arg("kind", kind)
            .arg("name", name)
            .arg("keys", keys.split(',').map(str::trim).filter(|key| !key.is_empty()).collect::<Vec<_>>())
            .since(told.event.first_at)
            .because(told.id)
            .says(format!(
                "{} gets no variables for {keys} of {kind} {name}: no such name is taken",
                workload.object.name
            ));
    }
}

/// Where operators write which Secret or ConfigMap they make: External Secrets, cert-manager, the Vault operator; sealed
/// ones, and most others, make one of their own name.
const MAKES: [&str; 4] = ["/spec/target/name", "/spec/secretName", "/spec/destination/name", "/spec/secretRef/name"];

/// The custom object that should make a Secret or ConfigMap of this name and says itself that it does not.
pub(crate) fn failing_maker<'s>(
    scene: &Scene<'s>,
    namespace: &str,
    name: &str,
) -> Option<(&'s ObjectRef, &'s Held, &'s Doc)> {
    let custom = scene.snapshot.objects.iter().filter(|(object, held)| {
        object.namespace == *namespace
            && !is_builtin_kind(&object.kind)
            && (object.name == *name || MAKES.iter().any(|place| text(&held.object, place) == name))
    });
    custom.into_iter().find_map(|(object, held)| {
        crate::conditions::unmet_conditions(&held.object).next().map(|condition| (object, held, condition))
    })
}

/// Says that what should make an object of this kind and name does not.
pub(crate) fn source_failing(
    maker: &ObjectRef,
    held: &Held,
    condition: &Doc,
    (kind, name): (&str, &str),
    needed_by: &ObjectRef,
    found: &mut Found,
) {
    let (reason, message) = (text(condition, "/reason"), text(condition, "/message"));
    let said = if message.is_empty() { reason } else { message };
    found
        .fact("config_source_failing", maker)
        .arg("kind", kind)
        .arg("name", name)
        .arg("condition", text(condition, "/type"))
        .arg("reason", reason)
        .arg("message", short(message, 240))
        .object("needed_by", Some(needed_by))
        .since(time(condition, "/lastTransitionTime").unwrap_or(held.at))
        .because(&held.observation)
        .says(format!("{} {} should make {kind} {name} and does not: {}", maker.kind, maker.name, short(said, 160)));
}

fn missing(scene: &Scene, workload: &Workload, uses: &[ConfigUse], found: &mut Found) {
    let namespace = workload.object.namespace.as_str();
    let waits = (!workload.calm).then(|| waiting_message(scene, workload)).flatten();
    let mut told: BTreeSet<(&str, &str)> = BTreeSet::new();
    for used in uses.iter().filter(|u| !u.optional && u.used_as != "image_pull") {
        let existence = scene.exists(used.kind, namespace, &used.name);
        let event = told_missing(scene, workload, used);
        let waiting = waits.filter(|(message, _)| message.contains(&used.name));
        let lacks_key =
            |message: &str| message.contains("couldn't find key") || message.contains("non-existent config key");
        let by_message = event.map(|t| t.event.message.as_str()).or(waiting.map(|(m, _)| m));
        let absent = existence == Existence::Absent
            || (existence == Existence::Unknown
                && by_message.is_some_and(|m| m.contains("not found") && !lacks_key(m)));
        if absent && told.insert((used.kind, &used.name)) {
            let maker = failing_maker(scene, namespace, &used.name);
            if let Some((maker, held, condition)) = maker {
                source_failing(maker, held, condition, (used.kind, &used.name), &workload.object, found);
            }
            found
                .fact("config_object_missing", &workload.object)
                .arg("kind", used.kind)
                .arg("name", used.name.clone())
                .arg("used_as", used.used_as)
                .arg("container", used.container.clone())
                .object("made_by", maker.map(|(object, ..)| object))
                .since(event.map_or(workload.spec_held.at, |t| t.event.first_at))
                .because(&workload.spec_held.observation)
                .because_all(event.map(|t| t.id))
                .because_all(waiting.map(|(_, held)| &held.observation))
                .says(format!("{} needs {} {}, which does not exist", workload.object.name, used.kind, used.name));
            continue;
        }
        let Some(key) = &used.key else { continue };
        let object = ObjectRef::new(used.kind, namespace, used.name.as_str());
        let held = scene.snapshot.get(&object);
        let keys = held.and_then(|h| h.object.get("keys")).and_then(Doc::as_object).filter(|keys| !keys.is_empty());
        let without = keys.is_some_and(|keys| !keys.contains_key(key))
            || by_message.is_some_and(|m| lacks_key(m) && m.contains(key.as_str()));
        if without {
            found
                .fact("config_key_missing", &workload.object)
                .arg("kind", used.kind)
                .arg("name", used.name.clone())
                .arg("key", key.clone())
                .arg("container", used.container.clone())
                .arg("variable", used.target.clone())
                .since(event.map_or(workload.spec_held.at, |t| t.event.first_at))
                .because(&workload.spec_held.observation)
                .because_all(held.map(|h| &h.observation))
                .because_all(event.map(|t| t.id))
                .because_all(waiting.map(|(_, held)| &held.observation))
                .says(format!("{} {} has no key {key}, which {} needs", used.kind, used.name, workload.object.name));
        }
    }
}

/// When each container of a workload that runs now was started, oldest and newest.
fn starts(scene: &Scene, workload: &Workload) -> Vec<Time> {
    let pods = scene.pods_of(workload).filter(|p| !p.is_finished());
    let mut starts: Vec<Time> = pods
        .flat_map(|p| p.containers())
        .filter(|c| !c.init)
        .filter_map(|c| {
            time(c.status, "/state/running/startedAt").or_else(|| time(c.status, "/lastState/terminated/startedAt"))
        })
        .collect();
    starts.sort();
    starts
}

/// A change this long ago is no longer what happened just before.
const RECENT_SECONDS: f64 = 86_400.0;

fn changed(scene: &Scene, workload: &Workload, uses: &[ConfigUse], found: &mut Found) {
    let starts = LazyCell::new(|| starts(scene, workload));
    let mut seen: BTreeSet<ObjectRef> = BTreeSet::new();
    for used in uses.iter().filter(|u| u.used_as != "image_pull") {
        let object = ObjectRef::new(used.kind, workload.object.namespace.as_str(), used.name.as_str());
        let (Some(held), true) = (scene.snapshot.get(&object), seen.insert(object.clone())) else { continue };
        let Some(before) = scene.snapshot.earlier.get(&object).and_then(|all| all.last()) else { continue };
        let keys = changed_keys(&before.object, &held.object);
        if keys.is_empty() || scene.at.seconds_since(held.at) > RECENT_SECONDS {
            continue;
        }
        let config = object.to_string();
        // Each restart of a back-off comes after the change; what matters is what was there before it.
        if let Some(evidence) = scene.in_trouble_before(workload, held.at) {
            found
                .fact("changed_after_trouble", &workload.object)
                .arg("what", config)
                .since(held.at)
                .because(&held.observation)
                .because(evidence)
                .says(format!(
                    "{} changed ({}) when {} was in trouble already",
                    object.name,
                    keys.join(", "),
                    workload.object.name
                ));
            continue;
        }
        let restart = starts.iter().find(|start| **start >= held.at);
        match restart {
            Some(restart) => {
                found
                    .fact("config_changed_before_restart", &workload.object)
                    .arg("config", config)
                    .arg("keys", keys.clone())
                    .arg("seconds_before", restart.seconds_since(held.at) as i64)
                    .since(held.at)
                    .because(&held.observation)
                    .because(&before.observation)
                    .says(format!(
                        "{} changed ({}) {:.0} s before {} was started",
                        object.name,
                        keys.join(", "),
                        restart.seconds_since(held.at),
                        workload.object.name
                    ));
            }
            None if !starts.is_empty() => {
                let after = held.at.seconds_since(starts[starts.len() - 1]);
                for (name, wanted) in
                    [("config_changed_after_start", true), ("config_differs_from_running", used.used_as == "env")]
                {
                    if wanted {
                        let draft = found.fact(name, &workload.object).arg("config", config.clone());
                        let draft = if name == "config_changed_after_start" {
                            draft.arg("seconds_after", after as i64)
                        } else {
                            draft
                        };
                        draft.since(held.at).because(&held.observation).because(&before.observation).says(format!(
                            "{} changed ({}) after {} was started; it runs with what was before",
                            object.name,
                            keys.join(", "),
                            workload.object.name
                        ));
                    }
                }
            }
            None => {}
        }
    }
}

/// Keys whose digests or sizes differ between two versions of a ConfigMap or Secret.
pub(crate) fn changed_keys(before: &Doc, after: &Doc) -> Vec<String> {
    fn keys(object: &Doc) -> Fields<'_> {
        object.get("keys").and_then(Doc::as_object).unwrap_or_else(Fields::none)
    }
    let (before, after) = (keys(before), keys(after));
    let all: BTreeSet<&str> = before.keys().chain(after.keys()).collect();
    all.into_iter().filter(|key| before.get(key) != after.get(key)).map(str::to_owned).collect()
}

fn account(scene: &Scene, workload: &Workload, spec: &Doc, found: &mut Found) {
    let name = text(spec, "/serviceAccountName");
    let lacks_pods = workload.pods.is_empty();
    if name.is_empty() || name == "default" || !lacks_pods || workload.desired() == Some(0) {
        return;
    }
    if scene.exists("ServiceAccount", &workload.object.namespace, name) == Existence::Absent {
        found
            .fact("service_account_missing", &workload.object)
            .arg("account", name)
            .arg("ongoing", true)
            .since(workload.spec_held.at)
            .because(&workload.spec_held.observation)
            .says(format!("{} runs as service account {name}, which does not exist", workload.object.name));
    }
}

fn empty(workload: &Workload, spec: &Doc, found: &mut Found) {
    for container in list(spec, "/containers") {
        for variable in list(container, "/env") {
            if variable.get("value").and_then(Doc::as_str) == Some("") && variable.get("valueFrom").is_none() {
                found
                    .fact("env_value_empty", &workload.object)
                    .arg("variable", text(variable, "/name"))
                    .arg("container", text(container, "/name"))
                    .since(workload.spec_held.at)
                    .because(&workload.spec_held.observation)
                    .says(format!("variable {} of {} is empty", text(variable, "/name"), workload.object.name));
            }
        }
    }
}

/// Variables that one workload sets otherwise than all of at least three that share them.
fn differing(scene: &Scene, found: &mut Found) {
    let mut all: BTreeMap<(&str, &str), Vec<(&Workload, &str)>> = BTreeMap::new();
    for workload in scene.workloads.values() {
        let Some(spec) = workload.pod_spec else { continue };
        for container in list(spec, "/containers") {
            for variable in list(container, "/env") {
                if let Some(value) = variable.get("value").and_then(Doc::as_str) {
                    all.entry((&workload.object.namespace, text(variable, "/name")))
                        .or_default()
                        .push((workload, value));
                }
            }
        }
    }
    for ((_, variable), users) in all {
        let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, value) in &users {
            *tally.entry(value).or_default() += 1;
        }
        let Some((common, n)) = tally.iter().max_by_key(|(_, n)| **n) else { continue };
        if tally.len() != 2 || *n < 3 || *n + 1 != users.len() {
            continue;
        }
        for (workload, value) in users.iter().filter(|(_, v)| v != common) {
            found
                .fact("env_value_differs_from_siblings", &workload.object)
                .arg("variable", variable)
                .arg("value", *value)
                .arg("common", *common)
                .since(workload.spec_held.at)
                .because(&workload.spec_held.observation)
                .says(format!("{} sets {variable} to {value}, {n} others to {common}", workload.object.name));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::sketch::{Sketch, ago, fact, has};

    fn reads(kind: &str, name: &str, key: &str) -> impl FnOnce(&mut Value) {
        let field = if kind == "Secret" { "secretKeyRef" } else { "configMapKeyRef" };
        let variable = json!([{"name": "X", "valueFrom": {field: {"name": name, "key": key}}}]);
        move |d| d["spec"]["template"]["spec"]["containers"][0]["env"] = variable
    }

    #[test]
    fn a_missing_config_map_is_told_where_config_maps_were_listed_and_left_open_where_not() {
        let with =
            |sketch: Sketch| sketch.deployment("cart").but("Deployment/shop/cart", reads("ConfigMap", "settings", "a"));
        assert!(has(&with(Sketch::new()).facts(), "config_object_missing"));
        assert!(!has(&with(Sketch::unwatched()).facts(), "config_object_missing"));
        let there = with(Sketch::new()).with("ConfigMap/shop/settings", json!({"keys": {"a": {"bytes": 1}}}));
        assert!(!has(&there.facts(), "config_object_missing"));
    }

    #[test]
    fn what_should_make_a_missing_secret_is_told_where_it_says_itself_that_it_does_not() {
        let with = |spec: Value, status: &str| {
            let ready = json!({"type": "Ready", "status": status, "reason": "SecretSyncedError",
                "lastTransitionTime": ago(300), "message": "could not get secret data from provider"});
            let maker = json!({"spec": spec, "status": {"conditions": [ready]}});
            let sketch =
                Sketch::new().deployment("cart").but("Deployment/shop/cart", reads("Secret", "db", "password"));
            sketch.with("ExternalSecret/shop/from-vault", maker).facts()
        };
        let facts = with(json!({"target": {"name": "db"}}), "False");
        let told = fact(&facts, "config_source_failing", "ExternalSecret/shop/from-vault");
        assert_eq!(told.args["needed_by"], "Deployment/shop/cart");
        let missing = fact(&facts, "config_object_missing", "Deployment/shop/cart");
        assert_eq!(missing.args["made_by"], "ExternalSecret/shop/from-vault");
        for (spec, status) in
            [(json!({"target": {"name": "db"}}), "True"), (json!({"target": {"name": "tls"}}), "False")]
        {
            assert!(!has(&with(spec, status), "config_source_failing"));
        }
    }

    #[test]
    fn keys_whose_names_make_no_variable_are_told() {
        let message = "Keys [db.host, 2nd] from the EnvFrom configMap shop/settings were skipped since they are considered invalid environment variable names.";
        let sketch =
            Sketch::new().deployment("cart").event("Pod/shop/cart-abc-1", "InvalidEnvironmentVariableNames", message);
        let facts = sketch.facts();
        let told = fact(&facts, "env_names_skipped", "Deployment/shop/cart");
        assert_eq!((&told.args["keys"], &told.args["name"]), (&json!(["db.host", "2nd"]), &json!("settings")));
        assert_eq!(told.args["kind"], "ConfigMap");
    }

    #[test]
    fn a_missing_key_is_not_a_missing_object() {
        let facts = Sketch::new()
            .deployment("cart")
            .but("Deployment/shop/cart", reads("Secret", "db", "password"))
            .with("Secret/shop/db", json!({"keys": {"user": {"bytes": 4}}}))
            .facts();
        assert_eq!(fact(&facts, "config_key_missing", "Deployment/shop/cart").args["key"], "password");
        assert!(!has(&facts, "config_object_missing"));
    }

    #[test]
    fn a_change_that_came_when_it_crashed_already_is_told_as_that() {
        let with = |crashed: i64| {
            let end = json!({"exitCode": 1, "startedAt": ago(40), "finishedAt": ago(35)});
            Sketch::new()
                .broken("cart", "CrashLoopBackOff", "", end)
                .but("Deployment/shop/cart", reads("ConfigMap", "settings", "a"))
                .event_lasting(
                    "Pod/shop/cart-abc-1",
                    "BackOff",
                    "Back-off restarting failed container app",
                    crashed,
                    30,
                )
                .earlier("ConfigMap/shop/settings", 5000, json!({"keys": {"a": {"digest": "1"}}}))
                .with("ConfigMap/shop/settings", json!({"keys": {"a": {"digest": "2"}}}))
                .facts()
        };
        // Objects of a sketch have their present version since 600 s.
        let (already, since) = (with(1800), with(500));
        assert!(has(&already, "changed_after_trouble") && !has(&already, "config_changed_before_restart"));
        assert!(!has(&since, "changed_after_trouble") && has(&since, "config_changed_before_restart"));
    }

    #[test]
    fn a_change_counts_before_the_restart_and_not_after_it() {
        let with = |started: i64| {
            Sketch::new()
                .deployment("cart")
                .but("Deployment/shop/cart", reads("ConfigMap", "settings", "a"))
                .but("Pod/shop/cart-abc-1", |p| {
                    p["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = json!(ago(started))
                })
                .earlier("ConfigMap/shop/settings", 5000, json!({"keys": {"a": {"digest": "1"}}}))
                .with("ConfigMap/shop/settings", json!({"keys": {"a": {"digest": "2"}}}))
                .facts()
        };
        // Objects of a sketch have their present version since 600 s.
        let after = with(500);
        assert_eq!(fact(&after, "config_changed_before_restart", "Deployment/shop/cart").args["keys"], json!(["a"]));
        let before = with(3000);
        assert!(!has(&before, "config_changed_before_restart") && has(&before, "config_differs_from_running"));
    }
}
