use async_trait::async_trait;
use gate::Permit;
use model::{Doc, Held, ObjectRef, ObservationId, Preview};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, count, recall, unstored};
use crate::scene::Scene;
use crate::typed::Typed;
use crate::{Surroundings, ToolError};

/// Addresses that are named.
const SHOWN: usize = 20;
/// What kubeadm and every large offering use; a cluster with another domain says so in its pods' search list.
const DOMAIN: &str = "cluster.local";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// As the program asks for it: `cart`, `cart.shop`, `cart.shop.svc.cluster.local`, `db-0.db.shop`.
    #[schemars(title = "Name", length(min = 1))]
    pub name: String,
    /// The namespace of the pod that asks; its search list begins there.
    #[schemars(title = "Asked from namespace", length(min = 1))]
    pub from_namespace: String,
}

/// A name of the cluster: a Service, or a pod behind it.
struct Asked<'a> {
    host: Option<&'a str>,
    service: &'a str,
    namespace: &'a str,
}

pub(crate) struct DnsAnswer;

#[async_trait]
impl Typed for DnsAnswer {
    type Args = Args;
    const NAME: &'static str = "dns_answer";
    const TITLE: &'static str = "What the name resolves to";
    const DESCRIPTION: &'static str = "Tells what cluster DNS would answer for a name, worked out from Services and \
        endpoints as they are recorded: addresses, another name, or that there is no such name, and why.";

    fn consistent(args: &Args) -> Result<(), String> {
        let name = args.name.trim().trim_end_matches('.');
        let fine = |label: &str| {
            (1..=63).contains(&label.len())
                && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        };
        if name.split('.').all(fine) { Ok(()) } else { Err(format!("`name` is `{name}`, which is no host name")) }
    }

    fn would(&self, args: &Args, surroundings: &Surroundings) -> Preview {
        Preview {
            does: format!(
                "Works out what cluster DNS would answer a pod of `{}` for `{}` as of {}.",
                args.from_namespace.trim(),
                args.name.trim(),
                surroundings.as_of
            ),
            diff: None,
            cost: "nothing: from the history alone; nothing is resolved".into(),
            undo: None,
        }
    }

    async fn answer(&self, args: Args, _permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let scene = Scene::of(surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        let name = args.name.trim().trim_end_matches('.').to_ascii_lowercase();
        let own = args.from_namespace.trim();
        let tried = readings(&name, own);
        let mut evidence: Vec<ObservationId> = Vec::new();
        let mut why = Vec::new();
        for asked in &tried {
            let full = format!(
                "{}{}.{}.svc.{DOMAIN}",
                asked.host.map(|host| format!("{host}.")).unwrap_or_default(),
                asked.service,
                asked.namespace
            );
            match resolve(&scene, asked, &mut evidence) {
                Ok(told) => {
                    let mut lines = why;
                    lines.push(server(&scene, &mut evidence));
                    let evidence = recall(Self::NAME, &evidence, surroundings)?;
                    return Ok(Answer::new(format!("`{name}` is {full}: {told}"))
                        .part(lines.join("\n"))
                        .resting_on(evidence));
                }
                Err(none) => why.push(format!("{full}: {none}")),
            }
        }
        let outside = if tried.is_empty() || name.split('.').count() > 1 {
            "As a name outside of the cluster it goes to the servers above cluster DNS; what they answer is not recorded."
        } else {
            "No such name (NXDOMAIN)."
        };
        why.push(server(&scene, &mut evidence));
        let evidence = recall(Self::NAME, &evidence, surroundings)?;
        Ok(Answer::new(format!("`{name}`, asked from `{own}`, is no name of this cluster. {outside}"))
            .part(why.join("\n"))
            .resting_on(evidence))
    }
}

/// What a name may mean in the order of the search list: `<own>.svc`, `svc`, and the domain itself.
fn readings<'a>(name: &'a str, own: &'a str) -> Vec<Asked<'a>> {
    let bare =
        name.strip_suffix(DOMAIN).and_then(|rest| rest.strip_suffix(".svc.")).or_else(|| name.strip_suffix(".svc"));
    let parts: Vec<&str> = bare.unwrap_or(name).split('.').collect();
    let asked = |host, service, namespace| Asked { host, service, namespace };
    match (bare.is_some(), &parts[..]) {
        (false, [service]) => vec![asked(None, service, own)],
        (false, [first, second]) => vec![asked(Some(first), second, own), asked(None, first, second)],
        (true, [service, namespace]) => vec![asked(None, service, namespace)],
        (_, [host, service, namespace]) => vec![asked(Some(host), service, namespace)],
        _ => Vec::new(),
    }
}

fn resolve(scene: &Scene, asked: &Asked, evidence: &mut Vec<ObservationId>) -> Result<String, String> {
    let object = ObjectRef::new("Service", asked.namespace, asked.service);
    let snapshot = &scene.view.snapshot;
    let Some(held) = snapshot.get(&object) else {
        let sure = if snapshot.absence_is_known("Service", asked.namespace) { "" } else { " that is known here" };
        let gone = snapshot.deleted.get(&object).map(|held| {
            evidence.push(held.observation.clone());
            format!("; there was one until {}", held.at)
        });
        return Err(format!("there is no Service{sure}{}", gone.unwrap_or_default()));
    };
    evidence.push(held.observation.clone());
    let spec = &held.object["spec"];
    let cluster_ip = spec["clusterIP"].as_str().unwrap_or_default();
    if spec["type"] == "ExternalName" {
        return match asked.host {
            None => Ok(format!("another name, `{}` (CNAME).", spec["externalName"].as_str().unwrap_or("nothing"))),
            Some(_) => Err("the Service is another name (ExternalName) and has no hosts of its own".into()),
        };
    }
    if cluster_ip != "None" {
        if asked.host.is_some() {
            return Err("the Service has an address of its own; only a headless one has names for its pods".into());
        }
        let (ready, others) = addresses(scene, &object, evidence);
        let behind = match (ready.len(), others.len()) {
            (0, 0) => "behind it is NOTHING, so connections are refused or time out".to_owned(),
            (0, n) => format!("behind it no address is ready ({n} are not), so connections are refused or time out"),
            (n, 0) => format!("behind it {}", count(n, "address is ready", "addresses are ready")),
            (n, m) => format!("behind it {} and {m} not", count(n, "address is ready", "addresses are ready")),
        };
        let address = if cluster_ip.is_empty() { "no address yet".to_owned() } else { format!("`{cluster_ip}`") };
        return Ok(format!("{address}, the Service's own address; {behind}."));
    }
    let (mut ready, others) = addresses(scene, &object, evidence);
    if spec["publishNotReadyAddresses"] == true {
        ready.extend(others.iter().cloned());
    }
    if let Some(host) = asked.host {
        ready.retain(|(_, hostname)| hostname == host);
    }
    if ready.is_empty() {
        let not_ready =
            if others.is_empty() { String::new() } else { format!("; {} are there and not ready", others.len()) };
        return Err(format!("the Service is headless and has no ready address of that name{not_ready} (NXDOMAIN)"));
    }
    let shown: Vec<&str> = ready.iter().take(SHOWN).map(|(address, _)| address.as_str()).collect();
    let more = ready.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Ok(format!(
        "{} of pods: {}{more}. The Service is headless.",
        count(ready.len(), "address", "addresses"),
        shown.join(", ")
    ))
}

/// Address and host name of a Service's endpoints: those that are ready, and the others.
type Addresses = (Vec<(String, String)>, Vec<(String, String)>);

fn addresses(scene: &Scene, service: &ObjectRef, evidence: &mut Vec<ObservationId>) -> Addresses {
    const OF_SERVICE: &str = "kubernetes.io/service-name";
    let snapshot = &scene.view.snapshot;
    let (mut ready, mut others): Addresses = Default::default();
    let of_it =
        |held: &&Held| topology::labels_of(&held.object).get(OF_SERVICE).and_then(Doc::as_str) == Some(&service.name);
    let slices = snapshot.in_namespace("EndpointSlice", &service.namespace).map(|(_, held)| held);
    let mut any = false;
    for held in slices.filter(of_it) {
        any = true;
        evidence.push(held.observation.clone());
        for endpoint in held.object["endpoints"].as_array().into_iter().flatten() {
            let host = endpoint["hostname"].as_str().unwrap_or_default();
            let list = if endpoint["conditions"]["ready"] == false { &mut others } else { &mut ready };
            let found = endpoint["addresses"].as_array().into_iter().flatten().filter_map(Doc::as_str);
            list.extend(found.map(|address| (address.to_owned(), host.to_owned())));
        }
    }
    if any {
        return (ready, others);
    }
    let endpoints = ObjectRef::new("Endpoints", service.namespace.as_str(), service.name.as_str());
    if let Some(held) = snapshot.get(&endpoints) {
        evidence.push(held.observation.clone());
        for subset in held.object["subsets"].as_array().into_iter().flatten() {
            for (field, list) in [("addresses", &mut ready), ("notReadyAddresses", &mut others)] {
                for one in subset[field].as_array().into_iter().flatten() {
                    let text = |field: &str| one[field].as_str().unwrap_or_default().to_owned();
                    list.push((text("ip"), text("hostname")));
                }
            }
        }
    }
    (ready, others)
}

/// How the cluster's DNS itself stands.
fn server(scene: &Scene, evidence: &mut Vec<ObservationId>) -> String {
    let dns = ["kube-dns", "coredns", "rke2-coredns-rke2-coredns", "dns-default"];
    let mut services = dns
        .iter()
        .flat_map(|name| ["kube-system", "openshift-dns"].map(|namespace| ObjectRef::new("Service", namespace, *name)));
    match services.find(|service| scene.view.snapshot.get(service).is_some()) {
        None => "Cluster DNS itself is not among what is known here.".into(),
        Some(service) => {
            let (ready, others) = addresses(scene, &service, evidence);
            match (ready.len(), others.len()) {
                (0, n) => {
                    format!("Cluster DNS itself ({service}) has NO ready address ({n} not ready): nothing is answered.")
                }
                (n, m) => format!("Cluster DNS itself ({service}) has {n} ready, {m} not ready."),
            }
        }
    }
}
