use async_trait::async_trait;
use gate::Permit;
use model::{Doc, Held, ObjectRef, ObservationId, Preview};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, from_history, recall, short, unstored};
use crate::scene::Scene;
use crate::typed::{Named, Typed};
use crate::{Surroundings, ToolError};

pub(crate) struct VolumeChain;

/// An argument: a claim, or who mounts claims.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// `PersistentVolumeClaim`, `Pod`, or a workload's kind.
    #[schemars(title = "Kind", length(min = 1))]
    pub kind: String,
    #[schemars(title = "Namespace", length(min = 1))]
    pub namespace: String,
    #[schemars(title = "Name", length(min = 1))]
    pub name: String,
}

impl Args {
    fn named(&self) -> Named {
        Named { kind: self.kind.clone(), namespace: self.namespace.clone(), name: self.name.clone() }
    }
}

/// One claim followed to the node: what each link says, and the first that does not hold.
#[derive(Default)]
struct Chain {
    lines: Vec<String>,
    evidence: Vec<ObservationId>,
    broken: Option<String>,
}

impl Chain {
    fn link(&mut self, text: impl Into<String>) {
        self.lines.push(format!("  {}", text.into()));
    }

    fn breaks(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.lines.push(format!("  BROKEN: {text}"));
        self.broken.get_or_insert(text);
    }
}

#[async_trait]
impl Typed for VolumeChain {
    type Args = Args;
    const NAME: &'static str = "volume_chain";
    const TITLE: &'static str = "From a claim to its disk";
    const DESCRIPTION: &'static str = "Follows claims link by link: claim, volume, storage class, attachment, the node's \
        CSI driver, and the pods that mount them; names the first link that is broken.";

    fn consistent(args: &Args) -> Result<(), String> {
        args.named().consistent()
    }

    fn would(&self, args: &Args, surroundings: &Surroundings) -> Preview {
        from_history(format!("Follows the volumes of `{}` as of {}.", args.named().object(), surroundings.as_of))
    }

    async fn answer(&self, args: Args, _permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let scene = Scene::of(surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        let object = args.named().object();
        let claims = claims_of(&scene, &object);
        if claims.is_empty() {
            let held = scene.view.snapshot.get(&object);
            if held.is_some() || scene.graph.knows(&object) {
                let evidence = recall(Self::NAME, held.map(|held| &held.observation), surroundings)?;
                return Ok(Answer::new(format!("{object} mounts no claim.")).resting_on(evidence));
            }
            return Err(ToolError {
                what: format!("{object} has no volumes"),
                why: "the inventory does not know it".into(),
                hint: "Check kind, namespace and name; `list` names those of a kind.".into(),
            });
        }
        let chains: Vec<(ObjectRef, Chain)> =
            claims.into_iter().map(|claim| (claim.clone(), follow(&scene, &claim))).collect();
        let broken: Vec<String> = chains
            .iter()
            .filter_map(|(claim, chain)| chain.broken.as_ref().map(|why| format!("{}: {why}", claim.name)))
            .collect();
        let summary = match (&broken[..], chains.len()) {
            ([], 1) => format!("The chain behind {} holds, as far as it is known.", chains[0].0),
            ([], n) => format!("The chains behind all {n} claims of {object} hold, as far as they are known."),
            (broken, n) => format!("{} of {n} chains broken. {}", broken.len(), broken.join("; ")),
        };
        let mut answer = Answer::new(summary);
        for (claim, chain) in &chains {
            answer = answer.part(format!("{claim}\n{}", chain.lines.join("\n")));
        }
        let evidence = recall(Self::NAME, chains.iter().flat_map(|(_, chain)| &chain.evidence), surroundings)?;
        Ok(answer.resting_on(evidence))
    }
}

/// The claims that an object is, or mounts.
fn claims_of(scene: &Scene, object: &ObjectRef) -> Vec<ObjectRef> {
    if object.kind.eq_ignore_ascii_case("PersistentVolumeClaim") || object.kind.eq_ignore_ascii_case("pvc") {
        let claim = ObjectRef::new("PersistentVolumeClaim", object.namespace.as_str(), object.name.as_str());
        let known = scene.view.snapshot.get(&claim).is_some() || scene.graph.knows(&claim);
        return if known { vec![claim] } else { Vec::new() };
    }
    let mut claims = Vec::new();
    let mut pods: Vec<ObjectRef> = scene.pods(object).into_iter().map(|state| state.pod).collect();
    pods.push(object.clone());
    for pod in pods {
        let Some(held) = scene.view.snapshot.get(&pod) else { continue };
        let spec = topology::pod_spec_of(&pod.kind, &held.object).unwrap_or(Doc::null());
        for volume in spec["volumes"].as_array().into_iter().flatten() {
            let named = volume["persistentVolumeClaim"]["claimName"].as_str().map(str::to_owned);
            let made = (!volume["ephemeral"].is_null())
                .then(|| format!("{}-{}", pod.name, volume["name"].as_str().unwrap_or_default()));
            let claim =
                named.or(made).map(|name| ObjectRef::new("PersistentVolumeClaim", pod.namespace.as_str(), name));
            claims.extend(claim.filter(|claim| !claims.contains(claim)));
        }
    }
    claims
}

fn text<'a>(doc: &'a Doc, pointer: &str) -> &'a str {
    doc.pointer(pointer).and_then(Doc::as_str).unwrap_or_default()
}

fn modes(doc: &Doc, pointer: &str) -> String {
    let list = doc.pointer(pointer).and_then(Doc::as_array).into_iter().flatten();
    list.filter_map(Doc::as_str).collect::<Vec<_>>().join(", ")
}

fn follow(scene: &Scene, claim: &ObjectRef) -> Chain {
    let mut chain = Chain::default();
    let snapshot = &scene.view.snapshot;
    let Some(held) = take(scene, &mut chain, claim) else {
        missing(scene, &mut chain, claim);
        return chain;
    };
    let object = &held.object;
    let phase = text(object, "/status/phase");
    let class = object.pointer("/spec/storageClassName").and_then(Doc::as_str);
    let asks = text(object, "/spec/resources/requests/storage");
    chain.link(format!(
        "claim: {} wants {asks} ({}), class {}",
        if phase.is_empty() { "?" } else { phase },
        modes(object, "/spec/accessModes"),
        class.map_or("the default".to_owned(), |class| format!("`{class}`"))
    ));
    for seen in snapshot.events_of(claim).iter().rev().take(2) {
        chain.link(format!("event: {}", short(&format!("{} {}", seen.event.reason, seen.event.message), 220)));
        chain.evidence.push(seen.observation.clone());
    }
    let driver = storage_class(scene, &mut chain, class);
    let volume = text(object, "/spec/volumeName");
    if volume.is_empty() {
        chain.breaks(if phase == "Lost" { "the claim has lost its volume" } else { "the claim is bound to no volume" });
        mounted_by(scene, &mut chain, claim);
        return chain;
    }
    let volume = ObjectRef::global("PersistentVolume", volume);
    let Some(held) = take(scene, &mut chain, &volume) else {
        missing(scene, &mut chain, &volume);
        mounted_by(scene, &mut chain, claim);
        return chain;
    };
    let body = &held.object;
    let (phase, own) = (text(body, "/status/phase"), text(body, "/spec/csi/driver"));
    let driver = if own.is_empty() { driver } else { Some(own.to_owned()) };
    chain.link(format!(
        "volume: {} {} of {} ({}), {}",
        volume.name,
        if phase.is_empty() { "?" } else { phase },
        text(body, "/spec/capacity/storage"),
        modes(body, "/spec/accessModes"),
        driver.as_deref().map_or("not by CSI".to_owned(), |driver| format!("driver `{driver}`"))
    ));
    let back = (text(body, "/spec/claimRef/namespace"), text(body, "/spec/claimRef/name"));
    if !back.1.is_empty() && back != (claim.namespace.as_str(), claim.name.as_str()) {
        chain.breaks(format!("the volume is bound to another claim, {}/{}", back.0, back.1));
    } else if matches!(phase, "Released" | "Failed") {
        chain.breaks(format!("the volume is {phase}"));
    }
    let nodes = mounted_by(scene, &mut chain, claim);
    attachments(scene, &mut chain, &volume, &nodes);
    if let Some(driver) = &driver {
        for node in &nodes {
            on_node(scene, &mut chain, driver, node);
        }
    }
    chain
}

fn take<'s>(scene: &'s Scene, chain: &mut Chain, object: &ObjectRef) -> Option<&'s Held> {
    let held = scene.view.snapshot.get(object)?;
    chain.evidence.push(held.observation.clone());
    Some(held)
}

fn missing(scene: &Scene, chain: &mut Chain, object: &ObjectRef) {
    let snapshot = &scene.view.snapshot;
    match snapshot.deleted.get(object) {
        Some(held) => {
            chain.evidence.push(held.observation.clone());
            chain.breaks(format!("{object} was deleted at {}", held.at));
        }
        None if snapshot.absence_is_known(&object.kind, &object.namespace) => {
            chain.breaks(format!("{object} does not exist"));
        }
        None => chain.link(format!("{object} is not known here; its kind is not watched")),
    }
}

/// The class of a claim, and the driver that makes its volumes.
fn storage_class(scene: &Scene, chain: &mut Chain, class: Option<&str>) -> Option<String> {
    let snapshot = &scene.view.snapshot;
    if class == Some("") {
        chain.link("class: none, so only a volume that somebody made fits");
        return None;
    }
    let is_default = |held: &Held| {
        let annotations = held.object.pointer("/metadata/annotations").and_then(Doc::as_object);
        annotations
            .is_some_and(|a| a.iter().any(|(k, v)| k.ends_with("is-default-class") && v.as_str() == Some("true")))
    };
    let named = class.map(|class| ObjectRef::global("StorageClass", class));
    let object =
        named.or_else(|| snapshot.of_kind("StorageClass").find(|(_, h)| is_default(h)).map(|(o, _)| o.clone()));
    let Some(object) = object else {
        if snapshot.absence_is_known("StorageClass", "") {
            chain.breaks("the claim names no class, and no class is the default one");
        }
        return None;
    };
    let Some(held) = take(scene, chain, &object) else {
        missing(scene, chain, &object);
        return None;
    };
    let provisioner = text(&held.object, "/provisioner");
    let binding = text(&held.object, "/volumeBindingMode");
    let waits = if binding == "WaitForFirstConsumer" { ", binds when a pod is scheduled" } else { "" };
    let grows = if held.object["allowVolumeExpansion"] == true { ", can grow" } else { "" };
    chain.link(format!("class: {} by `{provisioner}`{waits}{grows}", object.name));
    Some(provisioner.to_owned())
}

/// The pods that mount a claim; gives the nodes that they are on.
fn mounted_by(scene: &Scene, chain: &mut Chain, claim: &ObjectRef) -> Vec<String> {
    let mut nodes = Vec::new();
    let mut any = false;
    for (pod, held) in scene.view.snapshot.in_namespace("Pod", &claim.namespace) {
        if !claims_of(scene, pod).contains(claim) {
            continue;
        }
        any = true;
        chain.evidence.push(held.observation.clone());
        let node = text(&held.object, "/spec/nodeName").to_owned();
        let phase = text(&held.object, "/status/phase");
        chain.link(format!("pod: {} {phase} on {}", pod.name, if node.is_empty() { "no node" } else { &node }));
        if !node.is_empty() && !matches!(phase, "Succeeded" | "Failed") && !nodes.contains(&node) {
            nodes.push(node);
        }
    }
    if !any {
        chain.link("pod: none that is known mounts it");
    }
    nodes
}

fn attachments(scene: &Scene, chain: &mut Chain, volume: &ObjectRef, nodes: &[String]) {
    let snapshot = &scene.view.snapshot;
    let mut on = Vec::new();
    for (_, held) in snapshot.of_kind("VolumeAttachment") {
        let object = &held.object;
        if text(object, "/spec/source/persistentVolumeName") != volume.name {
            continue;
        }
        chain.evidence.push(held.observation.clone());
        let node = text(object, "/spec/nodeName").to_owned();
        let attached = object["status"]["attached"] == true;
        chain.link(format!("attachment: {} {node}", if attached { "attached to" } else { "NOT attached to" }));
        for field in ["attachError", "detachError"] {
            let error = object["status"][field]["message"].as_str().unwrap_or_default();
            if !error.is_empty() {
                chain.breaks(format!("{field} on {node}: {}", short(error, 240)));
            }
        }
        if !nodes.is_empty() && !nodes.contains(&node) {
            chain.breaks(format!("it is attached to {node}, and its pods are on {}", nodes.join(", ")));
        } else if !attached {
            chain.breaks(format!("it is not attached to {node} yet"));
        }
        on.push(node);
    }
    if on.is_empty() && !nodes.is_empty() {
        let known = snapshot.absence_is_known("VolumeAttachment", "");
        let words = if known { "none (a driver may need none)" } else { "not known here" };
        chain.link(format!("attachment: {words}"));
    }
}

fn on_node(scene: &Scene, chain: &mut Chain, driver: &str, node: &str) {
    let object = ObjectRef::global("CSINode", node);
    let Some(held) = take(scene, chain, &object) else {
        if scene.view.snapshot.absence_is_known("CSINode", "") {
            chain.link(format!("node: {node} has registered no CSI driver at all"));
        }
        return;
    };
    let drivers = held.object["spec"]["drivers"].as_array().into_iter().flatten();
    let mut names: Vec<&str> = Vec::new();
    for one in drivers {
        let name = one["name"].as_str().unwrap_or_default();
        if name == driver {
            let most = one["allocatable"]["count"].as_i64();
            let most = most.map(|most| format!(", {most} volumes at most")).unwrap_or_default();
            chain.link(format!("node: {node} has the driver{most}"));
            return;
        }
        names.push(name);
    }
    // In-tree provisioners keep their old names where CSI does the work.
    if driver.starts_with("kubernetes.io/") {
        return;
    }
    let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    chain.breaks(format!("the driver `{driver}` is not registered on {node} (there: {there})"));
}
