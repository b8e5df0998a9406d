//! Logs of containers: patterns first, the last lines whole.

use async_trait::async_trait;
use cluster::{Containers, LogQuestion, Matching, Reach, ReadError};
use gate::Permit;
use model::{Body, LogBody, LogPattern, ObjectRef, Observation, Patterns, Preview, Time, time_in};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::answer::{Answer, count, keep, short, unread, unstored};
use crate::scene::{Health, Scene, pods_with_logs};
use crate::typed::{Typed, blank_is_none};
use crate::{Surroundings, ToolError};

/// So many pods of a workload are read; a fourth seldom says what three did not.
const MOST_PODS: usize = 3;
/// Patterns and last lines that one log shows in the result.
const SHOWN_PATTERNS: usize = 20;
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
    /// One container, or several with commas between them. The failing one, or else the first, where none is named.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Container")]
    pub container: Option<String>,
    /// Every container of the pod: init containers and those added for debugging too.
    #[serde(default)]
    #[schemars(title = "All containers")]
    pub all_containers: bool,
    /// The log of the container's run before this one. Left out: that of containers that crash as well.
    #[serde(default)]
    #[schemars(title = "Previous run")]
    pub previous: Option<bool>,
    /// Only the last so many lines; left out: the whole log, as far as the node still has it.
    #[serde(default)]
    #[schemars(title = "Lines from the end", range(min = 1, max = 100_000))]
    pub tail: Option<u32>,
    /// Only what was written since: a time such as `2026-01-31T03:14:00Z`, or how long ago, such as `15m` or `2h`.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Since")]
    pub since: Option<String>,
    /// Only what was written until then, in the same forms.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Until")]
    pub until: Option<String>,
    /// Only entries that hold this: a regular expression, or where it is none the text as it stands. The whole log is
    /// searched, not its end alone.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Matching")]
    pub matching: Option<String>,
    /// Go on following the log of one pod's container until somebody stops it.
    #[serde(default)]
    #[schemars(title = "Follow")]
    pub follow: bool,
}

impl Args {
    fn containers(&self) -> Containers {
        let names = self.container.iter().flat_map(|names| names.split(','));
        let names: Vec<String> = names.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        match (self.all_containers, names.is_empty()) {
            (true, _) => Containers::All,
            (false, true) => Containers::Telling,
            (false, false) => Containers::Named(names),
        }
    }

    /// Times as they are, counted from `now`.
    fn range(&self, now: Time) -> (Option<Time>, Option<Time>) {
        let time = |text: &Option<String>| text.as_ref().and_then(|text| moment(text, now).ok());
        (time(&self.since), time(&self.until))
    }

    fn question(&self, pod: &ObjectRef, previous: bool, now: Time) -> LogQuestion {
        let (since, until) = self.range(now);
        LogQuestion {
            namespace: pod.namespace.to_string(),
            pod: pod.name.to_string(),
            containers: self.containers(),
            previous,
            tail: self.tail,
            since,
            until,
            matching: self.matching.as_deref().map(Matching::new),
        }
    }

    /// What the arguments leave out of a log, in words.
    fn restriction(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.since.as_ref().map(|since| format!("since {since}")));
        parts.extend(self.until.as_ref().map(|until| format!("until {until}")));
        parts.extend(self.matching.as_ref().map(|text| match Matching::new(text).is_expression() {
            true => format!("where `{text}` is found"),
            false => format!("where `{text}` is found as it stands, for it is no regular expression"),
        }));
        parts.extend(self.tail.map(|tail| format!("the last {tail} lines")));
        if parts.is_empty() { String::new() } else { format!(", {}", parts.join(", ")) }
    }
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
            (None, _) if args.follow => Err("`follow` is of one pod; give `pod`".into()),
            _ if args.follow && args.previous == Some(true) => Err("a run that has ended cannot be followed".into()),
            _ => {
                for (name, text) in [("since", &args.since), ("until", &args.until)] {
                    if let Some(text) = text {
                        moment(text, Time(0)).map_err(|why| format!("`{name}`: {why}"))?;
                    }
                }
                Ok(())
            }
        }
    }

    fn would(&self, args: &Args, surroundings: &Surroundings) -> Preview {
        let container = match args.containers() {
            Containers::Telling => String::new(),
            Containers::All => ", every container".to_owned(),
            Containers::Named(names) => format!(", container `{}`", names.join("`, `")),
        } + &args.restriction();
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
                let verb = if args.follow { "Reads and follows" } else { "Reads" };
                let does = format!("{verb} the log of {} in `{}`{container}{more}.", names.join(", "), args.namespace);
                (does, wanted.len())
            }
            Err(error) => {
                (format!("Reads logs in `{}`{container}; which pods could not be told: {error}.", args.namespace), 1)
            }
        };
        Preview {
            does,
            diff: None,
            cost: format!("{} as far as the node has it, told by patterns", count(logs, "log", "logs")),
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
            let mut question = args.question(&want.pod, want.previous, now(surroundings));
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
                Ok(logs) => {
                    read.extend(logs.observations);
                    notes.extend(logs.notes.into_iter().filter(|_| !want.by_the_way));
                }
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
        if args.follow {
            let question = args.question(&wanted[0].pod, false, now(surroundings));
            notes.push(match surroundings.reach.follow(&permit, &question).await {
                Ok(state) => format!(
                    "Following {}, container {}, until it is stopped. What comes is kept in the history; read it with \
                     another call.",
                    state.pod, state.container
                ),
                Err(error) => format!("It is not followed: {error}."),
            });
        }
        let logs = keep(Self::NAME, read, surroundings)?;
        Ok(told(&logs, &args, now(surroundings), more, &notes))
    }
}

/// The time that "ago" counts from: the present, or in a recording the time that the case looks at.
pub(crate) fn now(surroundings: &Surroundings) -> Time {
    match surroundings.reach {
        Reach::Live(_) => surroundings.clock.now(),
        Reach::Recorded(_) => surroundings.as_of,
    }
}

/// A time, or how long before `now`.
pub(crate) fn moment(text: &str, now: Time) -> Result<Time, String> {
    let text = text.trim();
    let (amount, unit) = text.split_at(text.len() - text.chars().last().map_or(0, char::len_utf8));
    let seconds = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    if let (Some(seconds), Ok(amount)) = (seconds, amount.parse::<u32>()) {
        return Ok(now.plus_seconds(-i64::from(amount) * seconds));
    }
    let told = text.parse().ok().or_else(|| time_in(text).filter(|_| text.len() >= 19));
    told.ok_or_else(|| {
        format!("`{text}` is neither a time such as `2026-01-31T03:14:00Z` nor how long ago, such as `15m`")
    })
}

fn told(logs: &[Arc<Observation>], args: &Args, now: Time, more_pods: usize, notes: &[String]) -> Answer {
    let mut lines_read = 0;
    let mut parts = Vec::new();
    let mut cuts = Vec::new();
    for log in logs {
        let Body::Log(body) = &log.body else { continue };
        lines_read += usize::try_from(body.lines).unwrap_or(usize::MAX).max(body.text.lines().count());
        let name = log.subject.as_ref().map_or("?", |pod| pod.name.as_str());
        let which =
            format!("{name}, container {}{}", body.container, if body.previous { ", previous run" } else { "" });
        parts.push(one_log(&which, body, args, now));
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

/// The entries of a kept text that the arguments ask for. A live read was restricted where it was read; a recording holds
/// what somebody collected.
fn asked_for(text: &str, args: &Args, now: Time) -> String {
    let (since, until) = args.range(now);
    let matching = args.matching.as_deref().map(Matching::new);
    if since.is_none() && until.is_none() && matching.is_none() {
        return text.to_owned();
    }
    let mut entries = model::Entries::default();
    let mut kept = String::new();
    let mut take = |entry: String| {
        let at = time_in(&entry);
        let early = since.is_some_and(|since| at.is_some_and(|at| at < since));
        let late = until.is_some_and(|until| at.is_some_and(|at| at > until));
        if !early && !late && matching.as_ref().is_none_or(|matching| matching.is_in(&entry)) {
            kept.push_str(&entry);
            kept.push('\n');
        }
    };
    for line in text.lines() {
        if let Some(entry) = entries.add(line) {
            take(entry);
        }
    }
    if let Some(entry) = entries.rest() {
        take(entry);
    }
    kept
}

fn one_log(which: &str, body: &LogBody, args: &Args, now: Time) -> String {
    let text = asked_for(&body.text, args, now);
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let lines = &all[all.len().saturating_sub(args.tail.unwrap_or(u32::MAX) as usize)..];
    if lines.is_empty() {
        return format!("== {which}: empty");
    }
    let read = usize::try_from(body.lines).unwrap_or(usize::MAX).max(lines.len());
    let mut told = format!("== {which}: {}", count(read, "line", "lines"));
    // Where every line is its own pattern, the lines themselves are shorter.
    if read > SHOWN_LINES {
        let (patterns, more, rest) = patterns_of(body, lines);
        told.push_str("\nPatterns (what varies is masked), trouble first:");
        for pattern in &patterns {
            told.push_str(&line_of(pattern));
        }
        if more > 0 {
            told.push_str(&format!("\n  … {more} more patterns over {}", count(rest, "entry", "entries")));
        }
    }
    let last = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
    told.push_str(&format!("\nThe last {}:", count(last.len(), "line", "lines")));
    for line in last {
        told.push_str(&format!("\n  {}", short(line, 400)));
    }
    told
}

/// The patterns of all that was read where they were looked for then, else those of these lines; and what is not shown.
fn patterns_of(body: &LogBody, lines: &[&str]) -> (Vec<LogPattern>, usize, usize) {
    let all = if body.patterns.is_empty() {
        Patterns::of_text(&lines.join("\n")).found(usize::MAX, str::to_owned).0
    } else {
        body.patterns.clone()
    };
    let counted = |patterns: &[LogPattern]| patterns.iter().map(|p| usize::try_from(p.count).unwrap_or(0)).sum();
    let (shown, hidden) = all.split_at(all.len().min(SHOWN_PATTERNS));
    (shown.to_vec(), hidden.len(), counted(hidden))
}

fn line_of(pattern: &LogPattern) -> String {
    let span = match (pattern.first_at, pattern.last_at) {
        (Some(first), Some(last)) if first != last => format!(" from {first} to {last}"),
        (Some(at), _) | (None, Some(at)) => format!(" at {at}"),
        (None, None) => String::new(),
    };
    // The newest entry says more than its template; a trouble is told whole.
    let trouble = pattern.level.is_some_and(model::LogLevel::is_trouble);
    let example = short(&pattern.example, if trouble { 300 } else { 160 });
    format!("\n  {}×{span}  {example}", pattern.count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_given_as_such_or_by_how_long_ago_it_was() {
        let now = Time::from_seconds(1_000_000);
        assert_eq!(moment("15m", now), Ok(Time::from_seconds(999_100)));
        assert_eq!(moment(" 2h ", now), Ok(Time::from_seconds(992_800)));
        assert_eq!(moment("1970-01-01T00:00:05Z", now), Ok(Time::from_seconds(5)));
        assert_eq!(moment("1970-01-01 00:00:05", now), Ok(Time::from_seconds(5)));
        for wrong in ["", "m", "yesterday", "-5m", "5 weeks", "ü"] {
            assert!(moment(wrong, now).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_recorded_log_is_restricted_as_a_live_one_is() {
        let args = Args { matching: Some("boom".into()), since: Some("10s".into()), ..Args::default() };
        let text = "1970-01-01T00:00:01Z boom early\n1970-01-01T00:00:55Z boom\n\tat x.Y\n1970-01-01T00:00:56Z fine";
        assert_eq!(asked_for(text, &args, Time::from_seconds(60)), "1970-01-01T00:00:55Z boom\n\tat x.Y\n");
    }
}
