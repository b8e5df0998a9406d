//! A container's log: patterns first, the last lines whole.

mod pattern;

use async_trait::async_trait;
use cluster::{LogQuestion, ReadError};
use gate::Permit;
use model::{Body, LogBody, ObjectRef, Observation, Preview};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::answer::{Answer, count, keep, short, unread, unstored};
use crate::scene::{Health, Scene, pods_with_logs};
use crate::typed::{Typed, blank_is_none};
use crate::{Surroundings, ToolError};
use pattern::patterns;

/// So many pods of a workload are read; a fourth seldom says what three did not.
const MOST_PODS: usize = 3;
const DEFAULT_TAIL: u32 = 1_000;
/// Patterns and last lines that one log shows in the result.
const SHOWN_PATTERNS: usize = 12;
const SHOWN_LINES: usize = 15;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    #[schemars(title = "Namespace", length(min = 1))]
    pub namespace: String,
    /// One pod. Either this or a workload.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Pod")]
    pub pod: Option<String>,
    /// A Deployment, StatefulSet, DaemonSet, Job or CronJob by name, or as `Kind/name`: its worst and newest pods are read.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Workload")]
    pub workload: Option<String>,
    /// The failing container, or else the first, where it is not named.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Container")]
    pub container: Option<String>,
    /// The log of the container's run before this one. Left out: that of containers that crash as well.
    #[serde(default)]
    #[schemars(title = "Previous run")]
    pub previous: Option<bool>,
    /// Only the last so many lines.
    #[serde(default)]
    #[schemars(title = "Lines from the end", range(min = 1, max = 100_000))]
    pub tail: Option<u32>,
}

pub(crate) struct Logs;

/// Which log of which pod.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    pod: ObjectRef,
    previous: bool,
    /// Read the current run's log where the previous one's is not there.
    or_current: bool,
    /// Its absence is no news: it was only worth a try.
    by_the_way: bool,
}

impl Logs {
    fn wanted(args: &Args, surroundings: &Surroundings) -> Result<(Vec<Wanted>, usize), history::Error> {
        let scene = Scene::of(surroundings)?;
        let namespace = args.namespace.trim();
        let pods = match (&args.pod, &args.workload) {
            (Some(pod), _) => vec![ObjectRef::new("Pod", namespace, pod.trim())],
            (None, Some(workload)) => {
                let known = scene.workload(namespace, workload.trim()).map(|w| scene.pods(&w)).unwrap_or_default();
                let mut started: Vec<ObjectRef> =
                    known.iter().filter(|p| p.health > Health::NotStarted).map(|p| p.pod.clone()).collect();
                if started.is_empty() {
                    started = pods_with_logs(surroundings, namespace, workload.trim())?;
                }
                if started.is_empty() { known.into_iter().map(|p| p.pod).collect() } else { started }
            }
            (None, None) => Vec::new(),
        };
        let more = pods.len().saturating_sub(MOST_PODS);
        let mut wanted = Vec::new();
        for pod in pods.into_iter().take(MOST_PODS) {
            let restarted = scene.pod(pod.clone()).is_some_and(|state| state.restarted);
            let one = |previous, or_current, by_the_way| Wanted { pod: pod.clone(), previous, or_current, by_the_way };
            match args.previous {
                Some(true) => wanted.push(one(true, true, false)),
                Some(false) => wanted.push(one(false, false, false)),
                None => {
                    wanted.push(one(false, false, false));
                    if restarted {
                        wanted.push(one(true, false, true));
                    }
                }
            }
        }
        Ok((wanted, more))
    }
}

#[async_trait]
impl Typed for Logs {
    type Args = Args;
    const NAME: &'static str = "logs";
    const TITLE: &'static str = "Logs";
    const DESCRIPTION: &'static str = "Reads the log of a pod, or of the worst and newest pods of a workload, as \
        patterns with counts and examples and the last lines as they are.";

    fn consistent(args: &Args) -> Result<(), String> {
        match (&args.pod, &args.workload) {
            _ if args.namespace.trim().is_empty() => Err("`namespace` is empty".into()),
            (None, None) => Err("neither `pod` nor `workload` is given".into()),
            (Some(_), Some(_)) => Err("`pod` and `workload` are both given; one of them is enough".into()),
            _ if args.tail == Some(0) => Err("`tail` is 0; it takes 1 or more".into()),
            _ => Ok(()),
        }
    }

    fn would(&self, args: &Args, surroundings: &Surroundings) -> Preview {
        let container = args.container.as_ref().map(|c| format!(", container `{c}`")).unwrap_or_default();
        let lines = args.tail.unwrap_or(DEFAULT_TAIL);
        let (does, logs) = match Self::wanted(args, surroundings) {
            Ok((wanted, _)) if wanted.is_empty() => {
                (format!("Reads nothing: no pod of it is known in `{}`.", args.namespace), 0)
            }
            Ok((wanted, more)) => {
                let names: Vec<String> = wanted
                    .iter()
                    .map(|w| format!("`{}`{}", w.pod.name, if w.previous { " (previous run)" } else { "" }))
                    .collect();
                let more = if more > 0 {
                    format!("; {} not read", count(more, "more pod is", "more pods are"))
                } else {
                    String::new()
                };
                let does = format!("Reads the log of {} in `{}`{container}{more}.", names.join(", "), args.namespace);
                (does, wanted.len())
            }
            Err(error) => {
                (format!("Reads logs in `{}`{container}; which pods could not be told: {error}.", args.namespace), 1)
            }
        };
        Preview {
            does,
            diff: None,
            cost: format!("{}, at most {lines} lines each", count(logs, "log", "logs")),
            undo: None,
        }
    }

    async fn answer(&self, args: Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let (wanted, more) = Self::wanted(&args, surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        if wanted.is_empty() {
            let workload = args.workload.as_deref().unwrap_or_default();
            return Err(ToolError {
                what: "no log was read".into(),
                why: format!("no pod of `{workload}` is known in `{}`", args.namespace),
                hint: "Check the name, or ask for `describe` to see why it has no pods.".into(),
            });
        }
        let mut read: Vec<Observation> = Vec::new();
        let mut unreadable: Vec<ReadError> = Vec::new();
        let mut notes: Vec<String> = Vec::new();
        for want in &wanted {
            let mut question = LogQuestion {
                namespace: want.pod.namespace.to_string(),
                pod: want.pod.name.to_string(),
                container: args.container.as_ref().map(|c| c.trim().to_owned()),
                previous: want.previous,
                tail: Some(args.tail.unwrap_or(DEFAULT_TAIL)),
                since: None,
            };
            let mut answer = surroundings.reach.logs(&permit, &question, surroundings.as_of).await;
            if want.or_current
                && let Err(error) = &answer
            {
                question.previous = false;
                let current = surroundings.reach.logs(&permit, &question, surroundings.as_of).await;
                if current.is_ok() {
                    notes.push(format!("{error}; the current run's log was read instead."));
                    answer = current;
                }
            }
            match answer {
                Ok(logs) => read.extend(logs),
                Err(_) if want.by_the_way => {}
                Err(error) => unreadable.push(error),
            }
        }
        if read.is_empty()
            && let Some(first) = unreadable.first()
        {
            return Err(unread(Self::NAME, first));
        }
        notes.extend(unreadable.iter().map(|error| format!("{error}.")));
        let logs = keep(Self::NAME, read, surroundings)?;
        Ok(told(&logs, args.tail, more, &notes))
    }
}

fn told(logs: &[Arc<Observation>], tail: Option<u32>, more_pods: usize, notes: &[String]) -> Answer {
    let mut lines_read = 0;
    let mut parts = Vec::new();
    let mut cuts = Vec::new();
    for log in logs {
        let Body::Log(body) = &log.body else { continue };
        lines_read += body.text.lines().count();
        let name = log.subject.as_ref().map_or("?", |pod| pod.name.as_str());
        let which =
            format!("{name}, container {}{}", body.container, if body.previous { ", previous run" } else { "" });
        parts.push(one_log(&which, body, tail));
        cuts.extend(body.cut.as_ref().map(|cut| format!("{which}: {cut}")));
    }
    let summary = format!("{} read, {}.", count(logs.len(), "log", "logs"), count(lines_read, "line", "lines"));
    let mut answer = Answer::new(summary).part(notes.join("\n"));
    for part in parts {
        answer = answer.part(part);
    }
    for cut in cuts {
        answer = answer.cut(cut);
    }
    let what = format!("{} not read", count(more_pods, "more pod was", "more pods were"));
    answer.cut_if(more_pods > 0, what).resting_on(logs.iter().cloned())
}

fn one_log(which: &str, body: &LogBody, tail: Option<u32>) -> String {
    let all: Vec<&str> = body.text.lines().filter(|line| !line.trim().is_empty()).collect();
    let lines = &all[all.len().saturating_sub(tail.unwrap_or(u32::MAX) as usize)..];
    if lines.is_empty() {
        return format!("== {which}: empty");
    }
    let mut text = format!("== {which}: {}", count(lines.len(), "line", "lines"));
    let patterns = patterns(lines.iter().copied());
    // Where every line is its own pattern, the lines themselves are shorter.
    if lines.len() > SHOWN_LINES {
        text.push_str("\nPatterns (numbers and ids masked), trouble first:");
        for pattern in patterns.iter().take(SHOWN_PATTERNS) {
            let span = match (&pattern.first, &pattern.last) {
                (Some(first), Some(last)) if first != last => format!(" from {first} to {last}"),
                (Some(at), _) => format!(" at {at}"),
                _ => String::new(),
            };
            text.push_str(&format!("\n  {}×{span}  {}", pattern.count, short(&pattern.example, 300)));
        }
        if patterns.len() > SHOWN_PATTERNS {
            let rest = &patterns[SHOWN_PATTERNS..];
            let covered: usize = rest.iter().map(|p| p.count).sum();
            text.push_str(&format!("\n  … {} more patterns over {covered} lines", rest.len()));
        }
    }
    let last = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
    text.push_str(&format!("\nThe last {}:", count(last.len(), "line", "lines")));
    for line in last {
        text.push_str(&format!("\n  {}", short(line, 400)));
    }
    text
}
