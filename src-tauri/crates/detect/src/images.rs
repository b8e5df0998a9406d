//! Images that do not arrive or do not run.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use model::{Doc, Fact, ObjectRef, ObservationId, Time};
use serde_json::Value;
use topology::containers;

use crate::found::Found;
use crate::json::{list, short, text};
use crate::scene::{Container, Existence, Pod, Scene, Told, Workload};

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    let pulled = LazyCell::new(|| registries_that_answer(scene));
    for workload in scene.workloads.values() {
        if !workload.calm {
            pulls(scene, workload, &pulled, found);
            architecture(scene, workload, found);
        }
        let Some(spec) = workload.pod_spec else { continue };
        pull_secrets(scene, workload, spec, found);
        for (container, _) in containers(spec) {
            let image = Image::parse(text(container, "/image"));
            if !image.full.is_empty() && image.digest.is_empty() && matches!(image.tag.as_str(), "" | "latest") {
                found
                    .fact("image_tag_mutable", &workload.object)
                    .arg("image", image.full.clone())
                    .since(workload.spec_held.at)
                    .because(&workload.spec_held.observation)
                    .says(format!("image {} names no fixed version", image.full));
            }
        }
    }
    from_one_node(scene, found);
}

/// A way to a registry that only one node lacks: what fails there is pulled by others since.
fn from_one_node(scene: &Scene, found: &mut Found) {
    // A pull that was asked for before the first failure and answered after it counts; clocks of kubelets are apart.
    const APART_SECONDS: i64 = 60;
    // Of a rollout the pods are made within minutes, and an image that none of them had is pulled by each node.
    const ROLLOUT_SECONDS: i64 = 600;
    let text_of = |fact: &Fact, name: &str| fact.args.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    let lost = |f: &&Fact| matches!(text_of(f, "answer").as_str(), "refused" | "timeout" | "tls" | "dns");
    let mut by_registry: BTreeMap<String, Vec<Fact>> = BTreeMap::new();
    for fact in found.named("image_pull_failed").filter(lost) {
        by_registry.entry(text_of(fact, "registry")).or_default().push(fact.clone());
    }
    for (registry, failures) in by_registry {
        let nodes: BTreeSet<String> = failures.iter().map(|f| text_of(f, "node")).collect();
        let [node] = nodes.iter().collect::<Vec<_>>()[..] else { continue };
        let Some(since) = failures.iter().map(|f| f.since).min().filter(|_| !node.is_empty()) else { continue };
        let images: BTreeSet<String> = failures.iter().map(|f| text_of(f, "image")).collect();
        let arrived: Vec<(&str, &ObservationId)> = scene
            .pods
            .iter()
            .filter(|pod| !pod.node_name().is_empty())
            .filter_map(|pod| {
                let of_registry = |image: &str| Image::parse(image).registry == registry;
                let pulled = scene.events_of_pod(pod).find(|t| {
                    t.event.reason == "Pulled"
                        && t.event.message.starts_with("Successfully pulled")
                        && t.event.last_at >= since.plus_seconds(-APART_SECONDS)
                        && quoted_image(&t.event.message).is_some_and(|image| of_registry(&image))
                });
                let runs = pod.created() >= since.plus_seconds(-ROLLOUT_SECONDS)
                    && pod.containers().iter().any(|c| {
                        c.status.pointer("/state/running").is_some() && images.contains(text(c.spec, "/image"))
                    });
                let told = pulled.map(|t| t.id).or(runs.then_some(&pod.held.observation))?;
                Some((pod.node_name(), told))
            })
            .collect();
        // Where the node itself got something since, the way is there again.
        if arrived.is_empty() || arrived.iter().any(|(at, _)| at == node) {
            continue;
        }
        let pulled_on: BTreeSet<&str> = arrived.iter().map(|(at, _)| *at).collect();
        found
            .fact("node_cannot_pull", &ObjectRef::global("Node", node.as_str()))
            .arg("registry", registry.clone())
            .arg("answer", text_of(&failures[0], "answer"))
            .objects("workloads", failures.iter().map(|f| &f.subject))
            .arg("pulled_on", pulled_on.iter().copied().collect::<Vec<_>>())
            .since(since)
            .because_all(failures.iter().flat_map(|f| f.evidence.iter().take(2)))
            .because_all(arrived.iter().map(|(_, id)| *id).take(3))
            .says(format!(
                "{node} cannot pull from {registry}, and {} can",
                pulled_on.iter().copied().collect::<Vec<_>>().join(", ")
            ));
        for fact in found.all_mut().filter(|f| f.name == "image_pull_failed") {
            if fact.args.get("registry") == Some(&Value::from(registry.as_str())) {
                fact.args.insert("only_on".to_owned(), Value::from(node.as_str()));
            }
        }
    }
}

/// The parts of an image reference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Image {
    pub full: String,
    pub registry: String,
    pub repository: String,
    pub tag: String,
    pub digest: String,
}

impl Image {
    /// A first component with a dot, a port or `localhost` is a registry; otherwise it is Docker Hub's.
    pub(crate) fn parse(reference: &str) -> Self {
        let (rest, digest) = reference.split_once('@').unwrap_or((reference, ""));
        let (registry, path) = match rest.split_once('/') {
            Some((first, path)) if first.contains('.') || first.contains(':') || first == "localhost" => (first, path),
            _ => ("docker.io", rest),
        };
        let (repository, tag) = path.rsplit_once(':').unwrap_or((path, ""));
        Image {
            full: reference.to_owned(),
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.to_owned(),
            digest: digest.to_owned(),
        }
    }
}

impl Image {
    /// The part of the repository that names whose it is; empty for a registry without such parts.
    fn owner(&self) -> &str {
        self.repository.rsplit_once('/').map_or("", |(owner, _)| owner)
    }

    /// Whether it is one of Docker Hub's official images, which anybody may pull.
    fn is_official(&self) -> bool {
        self.registry == "docker.io" && (!self.repository.contains('/') || self.repository.starts_with("library/"))
    }
}

/// Registries whose images run here.
fn registries_that_answer(scene: &Scene) -> BTreeSet<String> {
    let running = scene.pods.iter().flat_map(Pod::containers).filter(|c| c.status.pointer("/state/running").is_some());
    let images: BTreeSet<&str> = running.map(|c| text(c.spec, "/image")).collect();
    images.into_iter().map(|image| Image::parse(image).registry).collect()
}

fn pulls(
    scene: &Scene,
    workload: &Workload,
    answering: &LazyCell<BTreeSet<String>, impl FnOnce() -> BTreeSet<String>>,
    found: &mut Found,
) {
    let subject = &workload.object;
    for pod in scene.pods_of(workload).filter(|p| !p.is_leaving()) {
        for container in pod.containers() {
            let waits = container.waiting();
            let by_status = matches!(
                waits,
                "ErrImagePull"
                    | "ImagePullBackOff"
                    | "InvalidImageName"
                    | "ErrImageNeverPull"
                    | "ImageInspectError"
                    | "RegistryUnavailable"
            );
            let image = Image::parse(text(container.spec, "/image"));
            let about = |t: &&Told| {
                t.event.message.contains("pull")
                    && (image.full.is_empty() || t.event.message.contains(&image.full) || pod.containers().len() == 1)
            };
            let events: Vec<&Told> = scene
                .events_of_pod(pod)
                .filter(|t| {
                    matches!(t.event.reason.as_str(), "Failed" | "BackOff" | "InspectFailed" | "ErrImageNeverPull")
                })
                .filter(about)
                .collect();
            let arrived = container.status.pointer("/state/running").is_some()
                || container.status.pointer("/lastState/terminated").is_some()
                || container.status.pointer("/state/terminated").is_some()
                || waits == "CrashLoopBackOff";
            let by_events = !events.is_empty() && !arrived && pod.phase() == "Pending";
            if !by_status && !by_events {
                continue;
            }
            let status_message = text(container.status, "/state/waiting/message");
            // The message with the registry's answer is the longest; `Error: ImagePullBackOff` says nothing.
            let message = events
                .iter()
                .filter(|t| t.event.reason == "Failed")
                .map(|t| t.event.message.as_str())
                .chain([status_message])
                .max_by_key(|m| (classify(m) != "unknown", m.len()))
                .unwrap_or("");
            let image = if image.full.is_empty() {
                quoted_image(message)
                    .or_else(|| events.iter().find_map(|t| quoted_image(&t.event.message)))
                    .map(|i| Image::parse(&i))
                    .unwrap_or(image)
            } else {
                image
            };
            let told = match waits {
                "InvalidImageName" => "invalid_name",
                "ErrImageNeverPull" => "not_present",
                _ => classify(message),
            };
            // Docker Hub and its mirrors refuse what they do not have; nobody needs credentials for an official image.
            let refused = matches!(told, "unauthorized" | "denied_or_absent");
            let answer = if refused && image.is_official() { "not_found" } else { told };
            let siblings = if answer == "denied_or_absent" { siblings(scene, &image) } else { Siblings::default() };
            let secrets = secrets_of(scene, workload, pod.spec());
            let since = events.iter().map(|t| t.event.first_at).min().unwrap_or_else(|| pod.created());
            found
                .fact("image_pull_failed", subject)
                .arg("container", container.name)
                .arg("image", image.full.clone())
                .arg("registry", image.registry.clone())
                .arg("repository", image.repository.clone())
                .arg("tag", image.tag.clone())
                .arg("answer", answer)
                .arg("told", told)
                .arg("node", pod.node_name())
                .arg("only_on", "")
                .arg("pull_secrets", secrets)
                .arg("registry_of_siblings", answering.contains(&image.registry))
                .arg("siblings_without_secret", siblings.without_secret)
                .arg("siblings_with_secret", siblings.with_secret)
                .arg("message", short(message, 300))
                .since(since)
                .because(&pod.held.observation)
                .because_all(siblings.told_by)
                .because_all(events.iter().map(|t| t.id))
                .says(format!("image {} of {} cannot be pulled: {}", image.full, subject.name, say(answer, &image)));
        }
    }
}

/// How running pods came by images of the same registry and owner.
#[derive(Default)]
struct Siblings<'s> {
    without_secret: bool,
    with_secret: bool,
    told_by: Vec<&'s ObservationId>,
}

fn siblings<'s>(scene: &'s Scene, image: &Image) -> Siblings<'s> {
    let mut all = Siblings::default();
    for pod in scene.pods.iter() {
        let alike = |c: &Container| {
            let other = Image::parse(text(c.spec, "/image"));
            c.status.pointer("/state/running").is_some()
                && other.registry == image.registry
                && other.owner() == image.owner()
                && other.repository != image.repository
        };
        if !pod.containers().iter().any(alike) {
            continue;
        }
        let known = scene.workloads.get(&pod.workload);
        let secrets = known.map(|w| secrets_of(scene, w, pod.spec()));
        let secret = secrets.is_some_and(|s| !s.is_empty());
        if !(if secret { all.with_secret } else { all.without_secret }) {
            all.told_by.push(&pod.held.observation);
        }
        all.with_secret |= secret;
        all.without_secret |= !secret;
    }
    all
}

fn say(answer: &str, image: &Image) -> String {
    match answer {
        "not_found" => format!("{} has no {}:{}", image.registry, image.repository, image.tag),
        "denied_or_absent" => {
            format!("{} has no {}, or gives it only to who may have it", image.registry, image.repository)
        }
        "unauthorized" => format!("{} refuses without valid credentials", image.registry),
        "rate_limited" => format!("{} limits the rate of pulls", image.registry),
        "dns" => format!("the name {} does not resolve", image.registry),
        "refused" => format!("{} refuses the connection", image.registry),
        "unavailable" => format!("{} answers with an error of its own", image.registry),
        "tls" => format!("the certificate of {} is not accepted", image.registry),
        "timeout" => format!("{} does not answer in time", image.registry),
        "invalid_name" => "the reference is not valid".to_owned(),
        "no_matching_platform" => "it has no build for this node's platform".to_owned(),
        "corrupt" => "a layer does not match its digest".to_owned(),
        "disk_full" => "the node has no room for it".to_owned(),
        "not_present" => "it is not on the node and may not be pulled".to_owned(),
        "unknown" => "the reason is not told".to_owned(),
        _ => "see the message".to_owned(),
    }
}

/// Whether a registry answered with this HTTP status, in the words of containerd, CRI-O and Docker.
fn status_is(message: &str, code: &str) -> bool {
    let said = ["status code ", "status code: ", "status: ", "status from ", "http "];
    said.iter().any(|word| {
        message.match_indices(word).any(|(at, _)| {
            let rest = &message[at + word.len()..];
            // `unexpected status from HEAD request to https://… : 503 Service Unavailable`
            let after_address = matches!(*word, "status from " | "status code ");
            rest.starts_with(code) || (after_address && rest.contains(&format!(": {code} ")))
        })
    })
}

/// The message without what it only quotes: references, digests, addresses and paths hold any word and any number.
fn without_references(message: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for word in message.split_whitespace() {
        let bare =
            word.trim_matches(['"', '\'', '`', '(', ')', '[', ']']).trim_end_matches([':', ',', '.', '"', '\'', '`']);
        let plain = bare.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:@%?=&+".contains(c));
        let named = word.starts_with('"') && matches!(kept.last(), Some(&("image" | "reference" | "name")));
        let composed = bare.contains(':') || bare.contains("/v2/") || (bare.contains('/') && bare.contains('.'));
        if named || bare.starts_with('/') || (plain && composed) {
            // What follows an address is kept apart from what stands before it.
            if word.ends_with(':') {
                kept.push(":");
            }
        } else {
            kept.push(word);
        }
    }
    kept.join(" ")
}

/// What the registry or the runtime answered. The order matters: a message tells of several steps, the deciding one last.
pub(crate) fn classify(message: &str) -> &'static str {
    let text = without_references(&message.to_ascii_lowercase());
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["no space left"]) {
        "disk_full"
    } else if has(&[
        "no match for platform",
        "no matching manifest",
        "does not match the specified platform",
        "no image found in image index for architecture",
    ]) {
        "no_matching_platform"
    } else if has(&["toomanyrequests", "too many requests", "rate limit", "pull limit", "pull qps exceeded"])
        || status_is(&text, "429")
    {
        "rate_limited"
    } else if has(&[
        "no such host",
        "server misbehaving",
        "temporary failure in name resolution",
        "name or service not known",
    ]) {
        "dns"
    } else if has(&["tls handshake timeout"]) {
        "timeout"
    } else if has(&["eof"]) && has(&["httpreadseeker", "do request"]) {
        // The connection broke off; what arrived of a layer is not damaged.
        "refused"
    } else if has(&["x509", "certificate", "tls:", "http response to https client", "tls handshake"]) {
        "tls"
    } else if has(&[
        "invalidimagename",
        "invalid reference format",
        "couldn't parse image",
        "failed to apply default image tag",
    ]) {
        "invalid_name"
    } else if has(&[
        "digest mismatch",
        "failed size validation",
        "unexpected commit digest",
        "failed to extract layer",
        "invalid tar header",
        "unexpected eof",
        "archive/tar",
        "failed to verify",
        "content digest",
        "corrupt",
    ]) {
        "corrupt"
    } else if has(&["repository does not exist or may require"])
        && !has(&["no basic auth credentials", "failed to fetch"])
    {
        // The one sentence for what is not there and for what is not shown to who asks.
        "denied_or_absent"
    } else if has(&[
        "unauthorized",
        "authentication required",
        "authorization failed",
        "403 forbidden",
        "denied",
        "no basic auth credentials",
        "failed to authorize",
        "insufficient_scope",
        "failed to fetch anonymous token",
        "failed to fetch oauth token",
    ]) || status_is(&text, "401")
        || status_is(&text, "403")
    {
        "unauthorized"
    } else if has(&["not found", "manifest unknown", "name unknown", "repository does not exist"])
        || status_is(&text, "404")
    {
        "not_found"
    } else if ["500", "502", "503", "504"].iter().any(|code| status_is(&text, code)) {
        "unavailable"
    } else if has(&["connection refused", "no route to host", "network is unreachable", "connection reset"]) {
        "refused"
    } else if has(&["i/o timeout", "deadline exceeded", "timed out", "timeout", "client.timeout"]) {
        "timeout"
    } else if has(&["is not present with pull policy of never"]) {
        "not_present"
    } else if text.is_empty()
        || text.starts_with("back-off")
        || text.trim() == "error: imagepullbackoff"
        || text.trim() == "error: errimagepull"
        || text.ends_with("imagepullbackoff")
    {
        "unknown"
    } else {
        "other"
    }
}

fn quoted_image(message: &str) -> Option<String> {
    let after = message.split("image ").nth(1)?;
    let name = after.trim_start_matches('"').split(['"', ' ']).next()?;
    let name = name.trim_end_matches([':', ',']);
    (!name.is_empty()).then(|| name.to_owned())
}

/// Pull secrets that the pod or its account names.
fn secrets_of(scene: &Scene, workload: &Workload, spec: &Doc) -> Vec<String> {
    let mut names: Vec<String> = list(spec, "/imagePullSecrets").iter().map(|s| text(s, "/name").to_owned()).collect();
    let account = Some(text(spec, "/serviceAccountName")).filter(|a| !a.is_empty()).unwrap_or("default");
    let account = ObjectRef::new("ServiceAccount", workload.object.namespace.as_str(), account);
    if let Some(held) = scene.snapshot.get(&account) {
        names.extend(list(&held.object, "/imagePullSecrets").iter().map(|s| text(s, "/name").to_owned()));
    }
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    names
}

fn pull_secrets(scene: &Scene, workload: &Workload, spec: &Doc, found: &mut Found) {
    let subject = &workload.object;
    let names = secrets_of(scene, workload, spec);
    let told: Vec<&Told> =
        scene.events(subject).iter().filter(|t| t.event.reason == "FailedToRetrieveImagePullSecret").collect();
    for name in &names {
        let existence = scene.exists("Secret", &subject.namespace, name);
        let kubelet: Vec<&&Told> = told.iter().filter(|t| t.event.message.contains(name.as_str())).collect();
        let missing = existence == Existence::Absent || (existence == Existence::Unknown && !kubelet.is_empty());
        if missing {
            let since = kubelet.iter().map(|t| t.event.first_at).min().unwrap_or(workload.spec_held.at);
            found
                .fact("image_pull_secret_missing", subject)
                .arg("secret", name.clone())
                .arg("has_other", names.len() > 1)
                .since(since)
                .because(&workload.spec_held.observation)
                .because_all(kubelet.iter().map(|t| t.id))
                .says(format!("pull secret {name} of {} does not exist", subject.name));
        }
    }
}

fn architecture(scene: &Scene, workload: &Workload, found: &mut Found) {
    for pod in scene.pods_of(workload) {
        for container in pod.containers() {
            let ends = [
                container.status.pointer("/state/terminated"),
                container.status.pointer("/lastState/terminated"),
                container.status.pointer("/state/waiting"),
            ];
            let message = ends.into_iter().flatten().map(|end| text(end, "/message")).find(|m| wrong_format(m));
            let told = scene.events_of_pod(pod).find(|t| wrong_format(&t.event.message));
            if message.is_none() && told.is_none() {
                continue;
            }
            let node = scene.node(pod.node_name());
            let architecture = node.map_or("", |n| text(n.json, "/status/nodeInfo/architecture"));
            let since: Time = told.map_or_else(|| pod.created(), |t| t.event.first_at);
            found
                .fact("image_architecture_mismatch", &workload.object)
                .arg("image", text(container.spec, "/image"))
                .arg("node", pod.node_name())
                .arg("architecture", architecture)
                .since(since)
                .because(&pod.held.observation)
                .because_all(told.map(|t| t.id))
                .because_all(node.map(|n| &n.held.observation))
                .says(format!(
                    "image {} is not built for {} ({architecture})",
                    text(container.spec, "/image"),
                    pod.node_name()
                ));
        }
    }
}

fn wrong_format(message: &str) -> bool {
    let text = message.to_ascii_lowercase();
    text.contains("exec format error")
        || text.contains("no match for platform")
        || text.contains("no matching manifest for")
}

#[cfg(test)]
mod tests {
    use model::Fact;
    use serde_json::{Value, json};

    use super::*;
    use crate::sketch::{Sketch, ago, fact, has};

    const TIMED_OUT: &str = "failed to pull and unpack image \"registry.example/app:1\": failed to do request: Head \"https://registry.example/v2/app/manifests/1\": dial tcp 10.0.9.4:443: i/o timeout";

    /// `cart` cannot be pulled on node-a for five minutes.
    fn cut_off() -> Sketch {
        Sketch::new()
            .broken("cart", "ErrImagePull", TIMED_OUT, Value::Null)
            .but("Pod/shop/cart-abc-1", |pod| pod["metadata"]["creationTimestamp"] = json!(ago(300)))
    }

    /// `web` was pulled on `node`, so long ago.
    fn pulled(sketch: Sketch, node: &str, seconds: i64) -> Vec<Fact> {
        let message = "Successfully pulled image \"registry.example/web:2\" in 1.2s (1.2s including waiting).";
        let sketch = sketch.deployment("web").but("Pod/shop/web-abc-1", |pod| {
            pod["spec"]["nodeName"] = json!(node);
            pod["metadata"]["creationTimestamp"] = json!(ago(86_400));
        });
        sketch.event_at("Pod/shop/web-abc-1", "Pulled", message, seconds, 1).facts()
    }

    #[test]
    fn what_others_pull_since_is_the_nodes_fault_that_cannot() {
        let facts = pulled(cut_off(), "node-b", 100);
        let told = fact(&facts, "node_cannot_pull", "Node/node-a");
        assert_eq!((&told.args["pulled_on"], &told.args["registry"]), (&json!(["node-b"]), &json!("registry.example")));
        assert_eq!(fact(&facts, "image_pull_failed", "Deployment/shop/cart").args["only_on"], "node-a");
    }

    #[test]
    fn the_registry_stays_suspected_where_nobody_pulled_since_or_two_nodes_cannot() {
        assert!(!has(&pulled(cut_off(), "node-b", 4000), "node_cannot_pull"), "before it began to fail");
        assert!(!has(&pulled(cut_off(), "node-a", 100), "node_cannot_pull"), "this node got something since");
        let two = cut_off()
            .broken("mail", "ErrImagePull", TIMED_OUT, Value::Null)
            .but("Pod/shop/mail-abc-1", |pod| pod["spec"]["nodeName"] = json!("node-c"));
        assert!(!has(&pulled(two, "node-b", 100), "node_cannot_pull"));
        let absent = Sketch::new().broken("cart", "ErrImagePull", "registry.example/app:1: not found", Value::Null);
        assert!(!has(&pulled(absent, "node-b", 100), "node_cannot_pull"), "the registry answered");
    }

    #[test]
    fn references_are_taken_apart() {
        let parts = |r: &str| {
            let i = Image::parse(r);
            (i.registry, i.repository, i.tag)
        };
        assert_eq!(parts("nginx"), ("docker.io".into(), "nginx".into(), "".into()));
        assert_eq!(parts("team/app:1"), ("docker.io".into(), "team/app".into(), "1".into()));
        assert_eq!(parts("localhost:5000/app:1"), ("localhost:5000".into(), "app".into(), "1".into()));
        assert_eq!(parts("r.example/a/b@sha256:00").0, "r.example");
    }

    #[test]
    fn every_answer_of_a_registry_has_its_class() {
        for (message, class) in [
            ("failed to resolve reference \"x\": x: not found", "not_found"),
            (
                "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
                "denied_or_absent",
            ),
            (
                "failed to resolve reference \"r.example/shop/api:1429\": r.example/shop/api:1429: not found",
                "not_found",
            ),
            ("failed to resolve reference \"api:2401\": docker.io/library/api:2401: not found", "not_found"),
            (
                "failed to resolve reference \"r.example/tls-certificate:1\": r.example/tls-certificate:1: not found",
                "not_found",
            ),
            ("unexpected status code https://r.example/v2/a/manifests/sha256:9429: 404 Not Found", "not_found"),
            ("unexpected status code [manifests 1]: 401 Unauthorized", "unauthorized"),
            (
                "failed to extract layer sha256:5f: mount callback failed on /var/lib/x: write /var/lib/x/opt: no space left on device: unknown",
                "disk_full",
            ),
            (
                "failed to copy: httpReadSeeker: failed open: failed to do request: Get \"https://r.example/v2/a/blobs/sha256:aa\": unexpected EOF",
                "refused",
            ),
            (
                "failed to do request: Head \"https://r.example/v2/a/manifests/1\": net/http: TLS handshake timeout",
                "timeout",
            ),
            ("failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden", "unauthorized"),
            (
                "429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit",
                "rate_limited",
            ),
            ("dial tcp: lookup r.example on 10.0.0.2:53: no such host", "dns"),
            ("tls: failed to verify certificate: x509: certificate signed by unknown authority", "tls"),
            ("Head \"https://r.example/v2/\": dial tcp 10.0.0.9:443: i/o timeout", "timeout"),
            ("dial tcp 10.0.0.9:443: connect: connection refused", "refused"),
            (
                "unexpected status from HEAD request to https://r.example/v2/a/manifests/1: 503 Service Unavailable",
                "unavailable",
            ),
            ("received unexpected HTTP status: 502 Bad Gateway", "unavailable"),
            ("unexpected status code 500 Internal Server Error", "unavailable"),
            ("no match for platform in manifest: not found", "no_matching_platform"),
            ("failed to extract layer sha256:1: unexpected EOF: unknown", "corrupt"),
            ("write /var/lib/containerd/x: no space left on device", "disk_full"),
            ("Back-off pulling image \"x\"", "unknown"),
            ("Error: ErrImagePull", "unknown"),
        ] {
            assert_eq!(classify(message), class, "{message}");
        }
    }
}
