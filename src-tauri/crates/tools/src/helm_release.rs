use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use gate::Permit;
use model::{Body, Doc, Observation, ObservationId, Preview, Risk, Snapshot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::{Answer, count, keep, recall, unread, unstored, yaml};
use crate::typed::Typed;
use crate::{Surroundings, ToolError};

/// Documents of a manifest are told by name where it is not compared.
const MOST_DOCUMENTS: usize = 60;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    #[schemars(title = "Namespace", length(min = 1))]
    pub namespace: String,
    /// Empty: lists the releases of the namespace, which reads no Secret.
    #[serde(default)]
    #[schemars(title = "Release")]
    pub release: String,
    /// Left out: the newest revision.
    #[serde(default)]
    #[schemars(title = "Revision", range(min = 1))]
    pub revision: Option<u64>,
    /// The revision to compare with; left out: the one before, where it is kept.
    #[serde(default)]
    #[schemars(title = "Compared with revision", range(min = 1))]
    pub against: Option<u64>,
}

pub(crate) struct HelmRelease;

/// What the metadata of a release's Secrets tells.
struct Kept {
    status: String,
    observation: ObservationId,
}

type Revisions = BTreeMap<u64, Kept>;

#[async_trait]
impl Typed for HelmRelease {
    type Args = Args;
    const NAME: &'static str = "helm_release";
    const TITLE: &'static str = "A Helm release";
    const DESCRIPTION: &'static str = "Reads chart, version, status, history, values and hooks of a Helm release, and what \
        its manifest changed between two revisions; redacted, and never a value of a Secret.";
    const RISK: Risk = Risk::ReadSensitive;

    fn consistent(args: &Args) -> Result<(), String> {
        match (args.namespace.trim(), args.release.trim()) {
            ("", _) => Err("`namespace` is empty".into()),
            (_, "") if args.revision.or(args.against).is_some() => {
                Err("`release` is empty, and a revision is given".into())
            }
            _ if args.revision == Some(0) || args.against == Some(0) => Err("revisions begin at 1".into()),
            _ => Ok(()),
        }
    }

    fn would(&self, args: &Args, _surroundings: &Surroundings) -> Preview {
        let namespace = args.namespace.trim();
        let does = match args.release.trim() {
            "" => format!("Lists the Helm releases of `{namespace}` from the metadata of their Secrets."),
            release => format!(
                "Reads the Secrets in which Helm keeps the release `{namespace}/{release}`; they hold its values. Secrets \
                 are taken out where it is read."
            ),
        };
        let cost = if args.release.trim().is_empty() { "nothing is read" } else { "one or two Secrets" };
        Preview { does, diff: None, cost: cost.into(), undo: None }
    }

    async fn answer(&self, args: Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let snapshot = surroundings.history.snapshot(surroundings.as_of).map_err(|e| unstored(Self::NAME, &e))?;
        let namespace = args.namespace.trim();
        let releases = releases(&snapshot, namespace);
        let release = args.release.trim();
        if release.is_empty() {
            return listed(namespace, &releases, surroundings);
        }
        let none = Revisions::new();
        let revisions = releases.get(release).unwrap_or(&none);
        let Some(revision) = args.revision.or_else(|| revisions.keys().next_back().copied()) else {
            let known: Vec<&str> = releases.keys().map(String::as_str).collect();
            let hint = match known.as_slice() {
                [] => "No release is known there. Secrets may not be watched; then name a revision.".to_owned(),
                known => format!("There are: {}.", known.join(", ")),
            };
            return Err(ToolError {
                what: "`helm_release` has no answer".into(),
                why: format!("no Helm release `{release}` is known in `{namespace}`"),
                hint,
            });
        };
        let against = args.against.or_else(|| revisions.range(..revision).next_back().map(|(revision, _)| *revision));
        let read =
            |revision| surroundings.reach.helm_release(&permit, namespace, release, revision, surroundings.as_of);
        let now = keep(Self::NAME, read(revision).await.map_err(|e| unread(Self::NAME, &e))?, surroundings)?;
        let (before, missing) = match against.filter(|against| *against != revision) {
            None => (Vec::new(), None),
            Some(against) => match read(against).await {
                Ok(found) => (keep(Self::NAME, found, surroundings)?, None),
                Err(error) => (Vec::new(), Some(format!("revision {against} to compare with: {error}"))),
            },
        };
        let Some(newest) = parsed(&now) else {
            return Err(ToolError {
                what: "`helm_release` has no answer".into(),
                why: "what was read is no release".into(),
                hint: "Name another revision.".into(),
            });
        };
        let metadata = recall(Self::NAME, revisions.values().map(|kept| &kept.observation), surroundings)?;
        let answer = told(&newest, parsed(&before).as_ref(), revisions);
        Ok(answer
            .cut_if(missing.is_some(), missing.unwrap_or_default())
            .resting_on(now)
            .resting_on(before)
            .resting_on(metadata))
    }
}

/// Releases by name with their revisions, from the metadata of Secrets: no value is needed for that.
fn releases(snapshot: &Snapshot, namespace: &str) -> BTreeMap<String, Revisions> {
    let mut releases: BTreeMap<String, Revisions> = BTreeMap::new();
    for (object, held) in snapshot.in_namespace("Secret", namespace) {
        let Some((release, revision)) = named(&object.name) else { continue };
        let status = held.object.pointer("/metadata/labels/status").and_then(Doc::as_str).unwrap_or("unknown");
        let kept = Kept { status: status.to_owned(), observation: held.observation.clone() };
        releases.entry(release.to_owned()).or_default().insert(revision, kept);
    }
    releases
}

/// Release and revision of a Secret that Helm keeps one in.
fn named(secret: &str) -> Option<(&str, u64)> {
    let (release, revision) = secret.strip_prefix("sh.helm.release.v1.")?.rsplit_once(".v")?;
    Some((release, revision.parse().ok()?))
}

fn listed(
    namespace: &str,
    releases: &BTreeMap<String, Revisions>,
    surroundings: &Surroundings,
) -> Result<Answer, ToolError> {
    let mut lines = Vec::new();
    let mut newest = Vec::new();
    for (release, revisions) in releases {
        if let Some((revision, kept)) = revisions.iter().next_back() {
            let all = count(revisions.len(), "revision kept", "revisions kept");
            lines.push(format!("{release}: revision {revision}, {}; {all}", kept.status));
            newest.push(&kept.observation);
        }
    }
    let rests = recall(HelmRelease::NAME, newest, surroundings)?;
    let summary = format!("{} in `{namespace}`.", count(releases.len(), "Helm release", "Helm releases"));
    Ok(Answer::new(summary).part(lines.join("\n")).resting_on(rests))
}

fn parsed(read: &[Arc<Observation>]) -> Option<Value> {
    read.iter().rev().find_map(|o| match &o.body {
        Body::ToolResult { tool, text } if tool == HelmRelease::NAME => serde_json::from_str(text).ok(),
        _ => None,
    })
}

fn told(release: &Value, before: Option<&Value>, revisions: &Revisions) -> Answer {
    let word = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "?".into(),
        other => other.to_string(),
    };
    let chart = &release["chart"];
    let mut answer = Answer::new(format!(
        "`{}` in `{}`: chart {}-{} (app {}), revision {}, {} since {}. {}",
        word(&release["name"]),
        word(&release["namespace"]),
        word(&chart["name"]),
        word(&chart["version"]),
        word(&chart["app_version"]),
        word(&release["revision"]),
        word(&release["status"]),
        word(&release["last_deployed"]),
        release["description"].as_str().unwrap_or_default(),
    ));
    if !revisions.is_empty() {
        let lines: Vec<String> =
            revisions.iter().map(|(revision, kept)| format!("{revision}: {}", kept.status)).collect();
        answer = answer.part(format!("Revisions that are kept:\n{}", lines.join("\n")));
    }
    if let Some(before) = before {
        let old = &before["chart"];
        let title = format!(
            "From revision {} (chart {}-{}):",
            word(&before["revision"]),
            word(&old["name"]),
            word(&old["version"])
        );
        let values = difference("values", &yaml(&before["values"]), &yaml(&release["values"]));
        let manifest = difference("manifest", &manifest(before), &manifest(release));
        let same = if values.is_empty() && manifest.is_empty() { "\nneither values nor manifest differ" } else { "" };
        answer = answer.part(format!("{title}{same}")).part(values).part(manifest);
    }
    let values = match &release["values"] {
        Value::Object(map) if !map.is_empty() => yaml(&release["values"]),
        _ => "none; the chart's own apply".to_owned(),
    };
    answer = answer.part(format!("Values that were set:\n{values}"));
    let hooks: Vec<String> = release["hooks"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|hook| {
            let events: Vec<&str> = hook["events"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            format!(
                "{}/{} at {}: {}",
                word(&hook["kind"]),
                word(&hook["name"]),
                events.join(", "),
                word(&hook["phase"])
            )
        })
        .collect();
    if !hooks.is_empty() {
        answer = answer.part(format!("Hooks:\n{}", hooks.join("\n")));
    }
    if before.is_none() {
        let objects: Vec<String> = release["manifest"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|object| format!("{}/{}", word(&object["kind"]), word(&object["metadata"]["name"])))
            .collect();
        let shown = objects.iter().take(MOST_DOCUMENTS).cloned().collect::<Vec<_>>().join("\n");
        let more = objects.len().saturating_sub(MOST_DOCUMENTS);
        answer = answer.part(format!("Its objects:\n{shown}")).cut_if(more > 0, format!("{more} objects"));
    }
    answer
}

fn manifest(release: &Value) -> String {
    let documents = release["manifest"].as_array().into_iter().flatten();
    documents.map(|document| format!("---\n{}", yaml(document))).collect()
}

fn difference(what: &str, before: &str, after: &str) -> String {
    similar::TextDiff::from_lines(before, after).unified_diff().header(what, what).to_string()
}
