//! How much is sent for a case, compared with the raw JSON of the same tools, and whether what decides is in it.
//!
//! On the recorded incidents: the built-in investigator works, the model asks for three more looks at what it suspects and
//! concludes. The same conversation is then counted with each result replaced by what `kubectl` prints for it (`-o json`, whole
//! logs), and the first look by the lists of the namespaces that the incidents are in. Both have the same instructions and
//! tools, and both send the whole conversation with each question.
//!
//! What decides is asked of code, not of the answer: the facts that are signals of the labelled cause on a labelled object
//! when everything in the recording is seen. One of them has to stand in what was sent.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use caseboard_tests::captures;
use detect::facts;
use gate::Policy;
use history::History;
use knowledge::Library;
use llm::{Message, Request};
use model::{Budget, Fact, ObjectRef, Observation, Time, View};
use redact::Redactor;
use serde_json::{Value, json};
use tools::Toolbox;
use topology::Graph;

use super::talk::{Talk, Talked, answer};

#[derive(Default)]
pub struct Measured {
    /// Sent, and what the same tools' raw JSON would have been, in bytes, for each case.
    pub cases: Vec<(String, usize, usize)>,
    /// Cases whose deciding evidence is known to code, and in how many of them it was sent.
    pub judged: usize,
    pub kept: usize,
    pub lost: Vec<String>,
}

impl Measured {
    /// Sent of raw, at this share of the cases.
    pub fn ratio_at(&self, share: f64) -> f64 {
        at(self.cases.iter().map(|(_, sent, raw)| *sent as f64 / (*raw).max(1) as f64).collect(), share)
    }

    pub fn sent_at(&self, share: f64) -> f64 {
        at(self.cases.iter().map(|(_, sent, _)| *sent as f64).collect(), share)
    }
}

fn at(mut all: Vec<f64>, share: f64) -> f64 {
    all.sort_by(f64::total_cmp);
    let place = ((all.len() as f64 * share).ceil() as usize).clamp(1, all.len().max(1)) - 1;
    all.get(place).copied().unwrap_or_default()
}

/// All recorded incidents, or every `every`th of them.
pub async fn run(every: usize) -> Result<Measured> {
    let folder = captures::folder().map_err(anyhow::Error::msg)?;
    let labels = captures::labels(&folder.join("dev-labels.jsonl"))?;
    let aliases: Value = serde_json::from_str(include_str!("../aliases.json"))?;
    let library = Library::builtin();
    let mut measured = Measured::default();
    for path in captures::cases(&folder)?.into_iter().step_by(every.max(1)) {
        let id = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(label) = labels.iter().find(|label| label["id"] == id.as_str()) else { continue };
        if let Err(why) = case(&mut measured, &id, &path, label, &aliases, &library).await {
            eprintln!("{id} is left out: {why:#}");
        }
    }
    Ok(measured)
}

async fn case(
    measured: &mut Measured,
    id: &str,
    path: &Path,
    label: &Value,
    aliases: &Value,
    library: &Arc<Library>,
) -> Result<()> {
    let redactor = Arc::new(Redactor::new([7; 32]));
    let imported = history::import::bundle(path, &redactor).context("it cannot be read")?;
    let history = Arc::new(History::in_memory(imported.cluster.clone())?);
    history.append(&imported.observations)?;
    let end = imported.observations.iter().map(|o| o.seen_at.max(o.at)).max().unwrap_or(Time(0));
    let talk = Talk {
        history: Arc::clone(&history),
        as_of: end,
        question: label["question"].as_str().filter(|q| !q.is_empty()).map(str::to_owned),
        library: Arc::clone(library),
        toolbox: Toolbox::standard(),
        redactor,
        policy: Policy::default(),
        approves: |_| true,
        budget: Budget::default(),
    };
    let mut round = 0;
    let talked = talk
        .lead(Box::new(move |request| {
            round += 1;
            answer("", &next(round, request))
        }))
        .await?;
    if talked.bodies.is_empty() {
        // Nothing is wrong and nobody asked: nothing was sent.
        return Ok(());
    }
    let sent: usize = talked.bodies.iter().map(String::len).sum();
    let raw = raw(path, &talked);
    measured.cases.push((id.to_owned(), sent, raw));
    let deciding = deciding(&imported.observations, &history, end, label, aliases, library)?;
    if !deciding.is_empty() {
        measured.judged += 1;
        let text = even(&talked.bodies.last().map(|_| told(&talked.requests)).unwrap_or_default());
        if deciding.iter().any(|fact| text.contains(&even(&fact.says))) {
            measured.kept += 1;
        } else {
            measured.lost.push(format!("{id}: {}", deciding[0].says));
        }
    }
    Ok(())
}

/// Three looks at what the first hypothesis is about, then the conclusion.
fn next(round: usize, request: &Request) -> Vec<(String, Value)> {
    let suspect = suspect(request);
    if let (1, Some(object)) = (round, &suspect) {
        let named = json!({"kind": &*object.kind, "namespace": &*object.namespace, "name": &*object.name});
        let mut calls = vec![("describe".to_owned(), named)];
        if !object.namespace.is_empty() {
            calls.push(("events".to_owned(), json!({"namespace": &*object.namespace})));
            calls.push(("logs".to_owned(), json!({"namespace": &*object.namespace, "workload": &*object.name})));
        }
        return calls;
    }
    let unknown = json!({
        "verdict": "unknown", "mechanism": "", "chain": [], "against": [], "not_checked": [], "fixes": [], "settles": [],
    });
    vec![("conclude".to_owned(), unknown)]
}

/// The object of the first hypothesis that the model was told of.
fn suspect(request: &Request) -> Option<ObjectRef> {
    let Some(Message::Said { text }) = request.messages.first() else { return None };
    let at = text.as_str().find(" % ")?;
    let rest = text.as_str()[at..].split(" @ ").nth(1)?;
    rest.split(": ").next()?.trim().parse().ok()
}

fn told(requests: &[Request]) -> String {
    let mut text = String::new();
    for message in requests.iter().flat_map(|request| &request.messages) {
        if let Message::Said { text: said } | Message::Result { text: said, .. } = message {
            text.push_str(said.as_str());
            text.push('\n');
        }
    }
    text
}

/// Bytes of the same conversation with the raw JSON of the same tools.
fn raw(path: &Path, talked: &Talked) -> usize {
    let resources = path.join("cluster-resources");
    let namespaces: BTreeSet<String> = talked
        .conclusion
        .iter()
        .flat_map(|conclusion| &conclusion.hypotheses)
        .map(|hypothesis| hypothesis.object.namespace.to_string())
        .chain(talked.calls.iter().filter_map(|call| call.call.args["namespace"].as_str().map(str::to_owned)))
        .filter(|namespace| !namespace.is_empty())
        .collect();
    // The first look: what `kubectl get` lists of these namespaces and of the nodes.
    let mut first = size(&resources.join("nodes.json"));
    for kind in kinds(&resources) {
        first += namespaces.iter().map(|ns| size(&resources.join(&kind).join(format!("{ns}.json")))).sum::<usize>();
    }
    let fixed: usize = talked.requests.first().map_or(0, |request| {
        let tools: usize =
            request.tools.iter().map(|tool| tool.description.len() + tool.schema.to_string().len()).sum();
        request.instructions.as_str().len() + tools
    });
    let ran: Vec<usize> = talked.calls.iter().map(|call| raw_of(path, &resources, &call.call)).collect();
    // The calls before the first question are in every request, the later ones in all but the first.
    let asked_later = talked.requests.last().map_or(0, |request| {
        request.messages.iter().filter(|message| matches!(message, Message::Result { .. })).count()
    });
    let early: usize = ran.iter().take(ran.len().saturating_sub(asked_later)).sum();
    let later: usize = ran.iter().skip(ran.len().saturating_sub(asked_later)).sum();
    let questions = talked.requests.len();
    (fixed + first + early) * questions + later * questions.saturating_sub(1)
}

/// What `kubectl`, or the back end itself, prints for the same question.
fn raw_of(path: &Path, resources: &Path, call: &model::ToolCall) -> usize {
    let namespace = call.args["namespace"].as_str().unwrap_or_default();
    let of = |key: &str| call.args[key].as_str().unwrap_or_default().to_owned();
    match call.tool.as_str() {
        "logs" => {
            let wanted = [of("workload"), of("pod")].into_iter().find(|name| !name.is_empty()).unwrap_or_default();
            let wanted = wanted.rsplit('/').next().unwrap_or_default().to_owned();
            let folder = resources.join("pods/logs").join(namespace);
            let pods = fs::read_dir(folder).into_iter().flatten().flatten();
            pods.filter(|pod| pod.file_name().to_string_lossy().starts_with(&wanted)).map(|pod| all(&pod.path())).sum()
        }
        "metrics" => all(&path.join("metrics")),
        "alerts" => size(&path.join("alerts.json")),
        "probe" => all(&path.join("probes")),
        "node_agents" => all(&path.join("host-collectors")),
        "dependencies" => all(&path.join("dependencies")),
        "what_changed" => {
            size(&resources.join("replicasets").join(format!("{namespace}.json"))) + all(&path.join("changes"))
        }
        "events" => size(&resources.join("events").join(format!("{namespace}.json"))),
        "config_shape" => size(&resources.join("configmaps").join(format!("{namespace}.json"))),
        "describe" | "get_object" | "neighbours" => {
            one(resources, &of("kind"), namespace, &of("name")) + events_of(resources, namespace, &of("name"))
        }
        _ => 0,
    }
}

fn one(resources: &Path, kind: &str, namespace: &str, name: &str) -> usize {
    let plural = format!("{}s", kind.to_lowercase());
    let files = [resources.join(format!("{plural}.json")), resources.join(&plural).join(format!("{namespace}.json"))];
    items(&files).into_iter().filter(|item| item["metadata"]["name"] == name).map(|item| pretty(&item)).sum()
}

fn events_of(resources: &Path, namespace: &str, name: &str) -> usize {
    let files = [resources.join("events").join(format!("{namespace}.json"))];
    let about = |item: &Value| item["involvedObject"]["name"].as_str().is_some_and(|about| about.starts_with(name));
    items(&files).into_iter().filter(|item| !name.is_empty() && about(item)).map(|item| pretty(&item)).sum()
}

fn items(files: &[std::path::PathBuf]) -> Vec<Value> {
    let read = |path: &std::path::PathBuf| {
        let value: Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        Some(value["items"].as_array().cloned().unwrap_or_default())
    };
    files.iter().filter_map(read).flatten().collect()
}

/// As `kubectl get -o json` prints it.
fn pretty(value: &Value) -> usize {
    serde_json::to_string_pretty(value).map_or(0, |text| text.len())
}

fn kinds(resources: &Path) -> Vec<String> {
    let found = fs::read_dir(resources).into_iter().flatten().flatten();
    let folders =
        found.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().to_string_lossy().into_owned());
    // Logs are not listed, and rights and service accounts are seldom asked for.
    const NOT_LISTED: [&str; 6] =
        ["pods-logs", "secrets", "roles", "rolebindings", "serviceaccounts", "auth-cani-list"];
    folders.filter(|kind| !NOT_LISTED.contains(&kind.as_str())).collect()
}

fn size(path: &Path) -> usize {
    fs::metadata(path).map_or(0, |found| usize::try_from(found.len()).unwrap_or(0))
}

fn all(path: &Path) -> usize {
    if path.is_file() {
        return size(path);
    }
    fs::read_dir(path).into_iter().flatten().flatten().map(|entry| all(&entry.path())).sum()
}

/// Facts that are signals of the labelled cause on a labelled object, when all of the recording is seen.
fn deciding(
    observations: &[Observation],
    history: &History,
    end: Time,
    label: &Value,
    aliases: &Value,
    library: &Library,
) -> Result<Vec<Fact>> {
    let cause = label["cause"].as_str().unwrap_or_default();
    let modes: BTreeSet<&str> = aliases["causes"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, causes)| causes.as_array().is_some_and(|causes| causes.iter().any(|one| one == cause)))
        .map(|(mode, _)| mode.as_str())
        .collect();
    let accept: Vec<&str> = label["accept"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut view = View::inventory(Arc::new(history.snapshot(end)?));
    view.released = observations.iter().filter(|o| !o.is_inventory()).cloned().map(Arc::new).collect();
    let found = facts(&view, &Graph::build(&view, &[]));
    let is_accepted = |object: &ObjectRef| {
        accept.iter().any(|one| one.eq_ignore_ascii_case(&format!("{}/{}", object.kind, object.name)))
    };
    let signals = |fact: &Fact| library.modes_of_fact(&fact.name).into_iter().any(|mode| modes.contains(mode));
    Ok(found.into_iter().filter(|fact| is_accepted(&fact.subject) && signals(fact)).collect())
}

fn even(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
