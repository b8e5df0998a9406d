use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt};
use model::{Body, ObjectRef, Observation, Time};
use serde_json::Value;

use super::gathering::{Gathering, Wanted, size};
use super::segment;
use crate::reach::{Containers, LogQuestion, Read};
use crate::{Connection, ReadError, Trouble, TroubleKind};

/// More of one log is not waited for, in bytes and in time; its end is then read apart.
const MOST_READ: u64 = 256 << 20;
const LONGEST: Duration = Duration::from_secs(60);
/// A stream that gives nothing for so long has stopped.
const SILENCE: Duration = Duration::from_secs(20);
/// Lines from the end that are read where the whole was not.
const LAST_LINES: u32 = 1_000;
/// A line that is longer is cut.
pub(super) const LONGEST_LINE: usize = 256 << 10;

impl Connection {
    /// The logs of a pod's containers; what could not be read is told beside what could.
    pub(crate) async fn logs(&self, question: &LogQuestion) -> Result<Read, ReadError> {
        let LogQuestion { namespace, pod, previous, .. } = question;
        let what = format!("the {}log of `{namespace}/{pod}`", if *previous { "previous " } else { "" });
        let containers = match self.containers(question, &what).await {
            Ok(containers) => containers,
            Err(error @ ReadError::Missing { .. }) => return self.logs_of_the_vanished(question, error).await,
            Err(error) => return Err(error),
        };
        let mut read = Read::default();
        let mut unread = Vec::new();
        for container in containers {
            match self.log_of(question, &container, &what).await {
                Ok(log) => read.observations.push(log),
                Err(error) => unread.push(error),
            }
        }
        if read.observations.is_empty() {
            return match unread.into_iter().next() {
                Some(error @ ReadError::Missing { .. }) => self.logs_of_the_vanished(question, error).await,
                Some(error) => Err(error),
                None => Ok(read),
            };
        }
        read.notes.extend(unread.into_iter().map(|error| format!("{error}.")));
        Ok(read)
    }

    /// The names of the containers that are asked for.
    pub(super) async fn containers(&self, question: &LogQuestion, what: &str) -> Result<Vec<String>, ReadError> {
        let all = match &question.containers {
            Containers::Named(names) => return Ok(names.clone()),
            Containers::All => true,
            Containers::Telling => false,
        };
        let path = format!("/api/v1/namespaces/{}/pods/{}", segment(&question.namespace), segment(&question.pod));
        let pod = self.inner.get_json(&path).await.map_err(|trouble| trouble.reading(what))?;
        let names = if all { every_container(&pod) } else { telling_container(&pod).into_iter().collect() };
        if names.is_empty() {
            return Err(ReadError::not_available(what, "the pod has no containers", "Look at its controller."));
        }
        Ok(names)
    }

    async fn log_of(&self, question: &LogQuestion, container: &str, what: &str) -> Result<Observation, ReadError> {
        let what = format!("{what}, container `{container}`");
        let mut gathering = Gathering::new(Wanted::by(question));
        // A filter must see the whole log, a limit of lines applies to what it left.
        let tail = question.tail.filter(|_| question.matching.is_none() && question.until.is_none());
        let asked = ask(question, container, tail);
        let mut more =
            self.pour(&asked, &mut gathering).await.map_err(|trouble| not_there(trouble, &what, question))?;
        if let Some(tail) = tail.filter(|tail| gathering.lines() >= u64::from(*tail)) {
            more.get_or_insert_with(|| format!("only the last {tail} lines were read"));
        } else if let Some(stopped) = &mut more {
            let mut end = Gathering::new(Wanted::by(question));
            let last = ask(question, container, Some(LAST_LINES));
            if self.pour(&last, &mut end).await.is_ok() {
                let end = end.done(container, question.previous, &self.inner.redactor, None);
                let body = gathering.done(container, question.previous, &self.inner.redactor, None);
                stopped.push_str(&format!("; its last {LAST_LINES} lines were read apart"));
                let cut = body.cut.into_iter().chain([stopped.clone()]).collect::<Vec<_>>().join("; ");
                let text = format!("{}\n… {stopped} …\n{}", body.text, end.text);
                let body = model::LogBody { text, cut: Some(cut), ..body };
                return Ok(self
                    .inner
                    .read_now(ObjectRef::new("Pod", &question.namespace, &question.pod), Body::Log(body)));
            }
        }
        let body = gathering.done(container, question.previous, &self.inner.redactor, more);
        Ok(self.inner.read_now(ObjectRef::new("Pod", &question.namespace, &question.pod), Body::Log(body)))
    }

    /// Reads to the end; why not to the end, where it was stopped before.
    async fn pour(&self, path: &str, into: &mut Gathering) -> Result<Option<String>, Trouble> {
        let began = tokio::time::Instant::now();
        let mut lines = Lines::of(self.inner.stream(path, "*/*").await?);
        loop {
            let line = match tokio::time::timeout(SILENCE, lines.next()).await {
                Ok(Ok(Some(line))) => line,
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(error)) => {
                    return Ok(Some(format!("the stream broke after {} ({error})", size(into.bytes()))));
                }
                Err(_) => {
                    let seconds = SILENCE.as_secs();
                    return Ok(Some(format!("nothing came for {seconds} seconds after {}", size(into.bytes()))));
                }
            };
            into.line(&String::from_utf8_lossy(line));
            if into.bytes() > MOST_READ {
                return Ok(Some(format!("reading was stopped after {}", size(MOST_READ))));
            }
            if began.elapsed() > LONGEST {
                let (seconds, bytes) = (LONGEST.as_secs(), size(into.bytes()));
                return Ok(Some(format!("reading was stopped after {seconds} seconds and {bytes}")));
            }
        }
    }

    /// The pod is gone: what a log store kept of it, or else what this history has.
    async fn logs_of_the_vanished(&self, question: &LogQuestion, error: ReadError) -> Result<Read, ReadError> {
        let name = format!("`{}/{}`", question.namespace, question.pod);
        if let Some((by, stored)) = self.stored_logs(question).await
            && let Ok(mut read) = stored
            && !read.observations.is_empty()
        {
            read.notes.insert(0, format!("The pod {name} does not exist any more; {by} kept its log."));
            return Ok(read);
        }
        let subject = Some(ObjectRef::new("Pod", &question.namespace, &question.pod));
        let history = self.inner.history.clone();
        let query = history::Query { types: vec!["log"], subject, ..history::Query::default() };
        let found = tokio::task::spawn_blocking(move || history.find(&query)).await;
        let mut found = found.map_err(|_| ReadError::not_available("the history", "the program is ending", ""))??;
        let newest = found.iter().map(|o| o.at).max();
        found.retain(|o| Some(o.at) == newest);
        match newest {
            Some(at) => Ok(Read {
                observations: found,
                notes: vec![format!("The pod {name} does not exist any more; this is what was read of it at {at}.")],
            }),
            None => match error {
                ReadError::Missing { what, why, .. } => Err(ReadError::Missing {
                    what,
                    why,
                    hint:
                        "The pod is gone, and its log with it. Read the pod that replaced it (the workload by name), \
                        or a log store such as Loki where there is one."
                            .into(),
                }),
                other => Err(other),
            },
        }
    }
}

/// The log's path with its question.
pub(super) fn ask(question: &LogQuestion, container: &str, tail: Option<u32>) -> String {
    let LogQuestion { namespace, pod, previous, since, .. } = question;
    let mut ask = format!(
        "/api/v1/namespaces/{}/pods/{}/log?container={}&timestamps=true&previous={previous}",
        segment(namespace),
        segment(pod),
        segment(container)
    );
    if let Some(tail) = tail {
        ask.push_str(&format!("&tailLines={tail}"));
    }
    if let Some(since) = since {
        ask.push_str(&format!("&sinceTime={}", whole_seconds(*since)));
    }
    ask
}

/// RFC 3339 as the API server takes it in a query.
pub(super) fn whole_seconds(at: Time) -> String {
    Time::from_seconds(at.seconds()).to_string()
}

/// 400 is how the kubelet says that there is no such log: not started yet, or never restarted.
fn not_there(trouble: Trouble, what: &str, question: &LogQuestion) -> ReadError {
    if trouble.kind == TroubleKind::Server && trouble.why.starts_with("400") {
        let hint =
            if question.previous { "Read the current log instead." } else { "Look at the pod's events instead." };
        return ReadError::not_available(what, trouble.why, hint);
    }
    trouble.reading(what)
}

/// Lines out of bytes, none of them longer than [`LONGEST_LINE`].
pub(super) struct Lines<R> {
    from: R,
    held: Vec<u8>,
    /// Where the next line begins in what is held.
    next: usize,
    ended: bool,
    chunk: Box<[u8]>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub fn of(from: R) -> Self {
        Lines { from, held: Vec::new(), next: 0, ended: false, chunk: vec![0; 32 << 10].into() }
    }

    /// Can be dropped while it waits; nothing is lost.
    pub async fn next(&mut self) -> std::io::Result<Option<&[u8]>> {
        let mut searched = self.next;
        loop {
            if let Some(length) = self.held[searched..].iter().position(|b| *b == b'\n') {
                let (from, to) = (self.next, searched + length);
                self.next = to + 1;
                let line = &self.held[from..to];
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                return Ok(Some(&line[..line.len().min(LONGEST_LINE)]));
            }
            if self.ended {
                let from = std::mem::replace(&mut self.next, self.held.len());
                let line = &self.held[from..];
                return Ok((!line.is_empty()).then(|| &line[..line.len().min(LONGEST_LINE)]));
            }
            self.held.drain(..self.next);
            self.next = 0;
            // The rest of an endless line is dropped as it comes.
            self.held.truncate(LONGEST_LINE);
            searched = self.held.len();
            match self.from.read(&mut self.chunk).await? {
                0 => self.ended = true,
                count => self.held.extend_from_slice(&self.chunk[..count]),
            }
        }
    }
}

fn named<'a>(pod: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    pod.pointer(field).and_then(Value::as_array).into_iter().flatten()
}

/// Every container that the pod has: those that prepare it, its own, and those that somebody added to look at it.
fn every_container(pod: &Value) -> Vec<String> {
    ["/spec/initContainers", "/spec/containers", "/spec/ephemeralContainers"]
        .into_iter()
        .flat_map(|field| named(pod, field))
        .filter_map(|container| container["name"].as_str().map(str::to_owned))
        .collect()
}

/// The container whose log says most: one that fails, an init container before the others; the first one otherwise.
fn telling_container(pod: &Value) -> Option<String> {
    let name = |value: &Value| value["name"].as_str().map(str::to_owned);
    let statuses = |field: &str| pod["status"][field].as_array().cloned().unwrap_or_default();
    let ended_badly = |status: &Value| {
        ["state", "lastState"].iter().any(|state| {
            let ended = &status[*state]["terminated"];
            ended.is_object() && ended["exitCode"].as_i64() != Some(0)
        }) || status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    };
    let restarted = |status: &Value| status["restartCount"].as_u64().unwrap_or(0) > 0;
    let init = statuses("initContainerStatuses");
    let main = statuses("containerStatuses");
    let unfinished = |status: &&Value| status["state"]["terminated"]["exitCode"].as_i64() != Some(0);
    let started = |status: &&Value| status["state"]["waiting"]["reason"] != "PodInitializing";
    init.iter()
        .filter(unfinished)
        .find(|s| ended_badly(s))
        .or_else(|| main.iter().find(|s| ended_badly(s)))
        .or_else(|| main.iter().find(|s| restarted(s)))
        .or_else(|| main.iter().filter(started).find(|s| s["ready"] == false))
        .or_else(|| init.iter().find(|s| s["state"]["running"].is_object()))
        .and_then(&name)
        .or_else(|| pod.pointer("/spec/containers/0").and_then(&name))
}
