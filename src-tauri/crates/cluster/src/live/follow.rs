//! Logs as they are written: followed until somebody stops it, in bounded memory, and kept in pieces.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{Body, LogBody, ObjectRef, Time};
use serde::Serialize;
use tokio::task::AbortHandle;

use super::gathering::stamped;
use super::logs::{Lines, ask};
use crate::connection::{Inner, Restarts};
use crate::reach::{Containers, LogQuestion};
use crate::{Connection, ReadError, Trouble, TroubleKind};

/// Logs of one cluster that are followed at the same time.
const MOST_FOLLOWED: usize = 20;
/// What is held of one for the window; older lines are in the history alone.
const MOST_LINES: usize = 20_000;
const MOST_BYTES: usize = 4 << 20;
/// Lines from before that a following begins with, where no time is given.
const FROM_BEFORE: u32 = 200;
/// What came is appended to the history when it is this old or this much.
const PIECE_AFTER: Duration = Duration::from_secs(5);
const PIECE_OF: usize = 128 << 10;

/// A log that is followed, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FollowState {
    pub id: u64,
    pub namespace: String,
    pub pod: String,
    pub container: String,
    pub since: Time,
    /// Lines that came so far.
    pub lines: u64,
    /// When a line came last, or the server last said that it has the log open.
    pub heard_at: Option<Time>,
    /// Why nothing comes just now; it is tried again by itself.
    pub trouble: Option<String>,
    /// Why it goes on no longer.
    pub ended: Option<String>,
}

/// Lines of a followed log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FollowPage {
    pub state: FollowState,
    pub lines: Vec<String>,
    /// Ask for what comes after this.
    pub next: u64,
    /// So many lines between what was asked for and the first one here are no longer held; the history has them.
    pub missed: u64,
}

/// The followed logs of a connection. Dropped, all of them end.
#[derive(Default)]
pub(crate) struct Follows {
    last: AtomicU64,
    running: Mutex<BTreeMap<u64, (Arc<Followed>, AbortHandle)>>,
}

impl Drop for Follows {
    fn drop(&mut self) {
        self.stop_all();
    }
}

impl Follows {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, (Arc<Followed>, AbortHandle)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn stop_all(&self) {
        for (_, task) in std::mem::take(&mut *self.lock()).into_values() {
            task.abort();
        }
    }
}

struct Followed {
    id: u64,
    question: LogQuestion,
    container: String,
    since: Time,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    lines: VecDeque<String>,
    bytes: usize,
    /// The number of the first line that is held; they are counted from 0.
    first: u64,
    heard_at: Option<Time>,
    trouble: Option<String>,
    ended: Option<String>,
}

impl Held {
    fn push(&mut self, line: String) {
        self.bytes += line.len();
        self.lines.push_back(line);
        while self.lines.len() > MOST_LINES || self.bytes > MOST_BYTES {
            let Some(out) = self.lines.pop_front() else { break };
            self.bytes -= out.len();
            self.first += 1;
        }
    }
}

impl Followed {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, at: Time) {
        let mut held = self.held();
        held.heard_at = Some(at);
        held.trouble = None;
    }

    fn state(&self) -> FollowState {
        let held = self.held();
        FollowState {
            id: self.id,
            namespace: self.question.namespace.clone(),
            pod: self.question.pod.clone(),
            container: self.container.clone(),
            since: self.since,
            lines: held.first + held.lines.len() as u64,
            heard_at: held.heard_at,
            trouble: held.trouble.clone().filter(|_| held.ended.is_none()),
            ended: held.ended.clone(),
        }
    }
}

impl Connection {
    pub(crate) async fn follow(&self, question: &LogQuestion) -> Result<FollowState, ReadError> {
        let what = format!("the log of `{}/{}` as it is written", question.namespace, question.pod);
        let containers = self.containers(question, &what).await?;
        let [container] = &containers[..] else {
            return Err(ReadError::not_available(
                what,
                "a following is of one container, and several are meant",
                format!("Name one of them: `{}`.", containers.join("`, `")),
            ));
        };
        let mut running = self.follows.lock();
        let known = running.values().find(|(followed, _)| {
            let same = followed.question.namespace == question.namespace && followed.question.pod == question.pod;
            same && followed.container == *container && followed.held().ended.is_none()
        });
        if let Some((followed, _)) = known {
            return Ok(followed.state());
        }
        // What has ended makes room.
        if running.len() >= MOST_FOLLOWED {
            running.retain(|_, (followed, _)| followed.held().ended.is_none());
        }
        if running.len() >= MOST_FOLLOWED {
            return Err(ReadError::not_available(
                what,
                format!("{MOST_FOLLOWED} logs of this cluster are followed already"),
                "Stop one of them first.",
            ));
        }
        let followed = Arc::new(Followed {
            id: self.follows.last.fetch_add(1, Ordering::Relaxed) + 1,
            question: LogQuestion { containers: Containers::Named(vec![container.clone()]), ..question.clone() },
            container: container.clone(),
            since: self.inner.clock.now(),
            held: Mutex::default(),
        });
        let task = tokio::spawn(run(self.inner.clone(), followed.clone()));
        let state = followed.state();
        running.insert(followed.id, (followed, task.abort_handle()));
        Ok(state)
    }

    /// The logs that are followed, and those whose following ended by itself.
    pub fn followed(&self) -> Vec<FollowState> {
        self.follows.lock().values().map(|(followed, _)| followed.state()).collect()
    }

    /// At most `most` lines after number `after` (0: from the first that is held); `None` where nothing is followed
    /// under this number.
    pub fn followed_lines(&self, id: u64, after: u64, most: usize) -> Option<FollowPage> {
        let followed = self.follows.lock().get(&id).map(|(followed, _)| followed.clone())?;
        let state = followed.state();
        let held = followed.held();
        let from = after.max(held.first);
        let skip = usize::try_from(from - held.first).unwrap_or(usize::MAX);
        let lines: Vec<String> = held.lines.iter().skip(skip).take(most).cloned().collect();
        let next = from.min(held.first + held.lines.len() as u64) + lines.len() as u64;
        Some(FollowPage { state, lines, next, missed: from - after })
    }

    /// Ends a following; false where there is none of this number.
    pub fn stop_following(&self, id: u64) -> bool {
        let stopped = self.follows.lock().remove(&id);
        if let Some((_, task)) = &stopped {
            task.abort();
        }
        stopped.is_some()
    }
}

/// What came and is not in the history yet.
struct Piece {
    text: String,
    since: tokio::time::Instant,
}

impl Piece {
    fn new() -> Self {
        Piece { text: String::new(), since: tokio::time::Instant::now() }
    }
}

/// Up to where a log was read: asked for again, its lines of that instant and before come once more.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    at: Option<Time>,
    /// So many lines of that very instant.
    lines: u64,
}

impl Mark {
    fn pass(&mut self, at: Time) {
        if self.at == Some(at) {
            self.lines += 1;
        } else {
            *self = Mark { at: Some(at), lines: 1 };
        }
    }
}

/// Why a stream is read no further.
enum Stopped {
    /// The container ended, or whoever serves its log did.
    Ended,
    Broken(String),
    /// Nothing came for long: perhaps there is nothing, perhaps the way is gone and nobody told.
    Silent,
    /// The machine slept, the way is gone, or somebody asked to start again.
    Again(Option<Trouble>),
}

async fn run(inner: Arc<Inner>, followed: Arc<Followed>) {
    let mut question = followed.question.clone();
    let mut mark = Mark::default();
    let mut piece = Piece::new();
    let mut again = inner.restarts();
    let first = Duration::from_millis(500);
    let mut delay = first;
    let ended = loop {
        let tail = question.since.is_none().then_some(question.tail.unwrap_or(FROM_BEFORE));
        let path = ask(&question, &followed.container, tail) + "&follow=true";
        let mut pause = true;
        match inner.stream(&path, "*/*").await {
            Ok(stream) => {
                followed.hear(inner.clock.now());
                let before = mark;
                let stopped = pour(&inner, &followed, Lines::of(stream), &mut mark, &mut piece, &mut again).await;
                question.since = mark.at.or(question.since);
                if mark.at != before.at {
                    delay = first;
                }
                match stopped {
                    Stopped::Ended => {}
                    Stopped::Silent | Stopped::Again(None) => pause = false,
                    Stopped::Broken(why) => followed.held().trouble = Some(why),
                    Stopped::Again(Some(trouble)) => followed.held().trouble = Some(trouble.why),
                }
            }
            Err(trouble) => {
                if let Some(why) = for_good(&trouble) {
                    break why;
                }
                followed.held().trouble = Some(trouble.why);
            }
        }
        keep(&inner, &followed, &mut piece).await;
        if !pause {
            continue;
        }
        if let Some(why) = is_over(&inner, &followed).await {
            break why;
        }
        tokio::select! {
            () = tokio::time::sleep(delay) => delay = (delay * 2).min(Duration::from_secs(15)),
            _ = again.next() => delay = first,
        }
    };
    keep(&inner, &followed, &mut piece).await;
    followed.held().ended = Some(ended);
}

/// Why asking again would not help.
fn for_good(trouble: &Trouble) -> Option<String> {
    match trouble.kind {
        TroubleKind::Missing => Some("the pod does not exist any more".to_owned()),
        TroubleKind::Refused => Some(trouble.why.clone()),
        // The kubelet's 400 is about the question, such as a container that the pod does not have, unless it says that
        // the container has yet to start.
        TroubleKind::Server if trouble.why.starts_with("400") && !trouble.why.contains("waiting to start") => {
            Some(trouble.why.clone())
        }
        TroubleKind::Server
        | TroubleKind::Credential
        | TroubleKind::Plugin
        | TroubleKind::Untrusted
        | TroubleKind::Proxy
        | TroubleKind::Gone
        | TroubleKind::Busy
        | TroubleKind::Network
        | TroubleKind::Tls
        | TroubleKind::Kubeconfig => None,
    }
}

async fn pour<R: futures::AsyncRead + Unpin>(
    inner: &Arc<Inner>,
    followed: &Followed,
    mut lines: Lines<R>,
    mark: &mut Mark,
    piece: &mut Piece,
    again: &mut Restarts,
) -> Stopped {
    let mut beat = tokio::time::interval(Duration::from_secs(1));
    // Where it was resumed, lines of the last second come again.
    let resumed = *mark;
    let mut of_that_instant = 0;
    let mut heard = tokio::time::Instant::now();
    loop {
        let line = tokio::select! {
            line = lines.next() => match line {
                Ok(Some(line)) => String::from_utf8_lossy(line).into_owned(),
                Ok(None) => return Stopped::Ended,
                Err(error) => return Stopped::Broken(format!("the connection broke off: {error}")),
            },
            _ = beat.tick() => {
                if !piece.text.is_empty() && piece.since.elapsed() >= PIECE_AFTER {
                    keep(inner, followed, piece).await;
                }
                continue;
            }
            () = tokio::time::sleep_until(heard + inner.patience.log) => return Stopped::Silent,
            trouble = again.next() => return Stopped::Again(trouble),
        };
        heard = tokio::time::Instant::now();
        let (at, text) = stamped(&line);
        if let (Some(seen), Some(at)) = (resumed.at, at) {
            of_that_instant += u64::from(at == seen);
            if at < seen || (at == seen && of_that_instant <= resumed.lines) {
                continue;
            }
        }
        if let Some(at) = at {
            mark.pass(at);
        }
        followed.hear(inner.clock.now());
        if followed.question.matching.as_ref().is_some_and(|matching| !matching.is_in(text)) {
            continue;
        }
        let told = match at {
            Some(at) if model::time_in(text).is_none() => format!("{at} {text}"),
            _ => text.to_owned(),
        };
        if piece.text.is_empty() {
            piece.since = tokio::time::Instant::now();
        }
        piece.text.push_str(&told);
        piece.text.push('\n');
        followed.held().push(inner.redactor.text(&told).into_string());
        if piece.text.len() >= PIECE_OF {
            keep(inner, followed, piece).await;
        }
    }
}

/// Appends what came to the history. Where that fails the window still has it.
async fn keep(inner: &Arc<Inner>, followed: &Followed, piece: &mut Piece) {
    let text = std::mem::take(&mut piece.text);
    if text.is_empty() {
        return;
    }
    let body = LogBody {
        container: followed.container.clone(),
        text: inner.redactor.text(text.trim_end()).into_string(),
        cut: Some("a piece of a log that was followed".into()),
        lines: text.lines().count() as u64,
        ..LogBody::default()
    };
    let pod = ObjectRef::new("Pod", &followed.question.namespace, &followed.question.pod);
    let observation = inner.read_now(pod, Body::Log(body));
    let history = inner.history.clone();
    let appended = tokio::task::spawn_blocking(move || history.append(&[observation])).await;
    if let Ok(Err(error)) = appended {
        tracing::warn!(%error, "a piece of a followed log was not kept");
    }
}

/// Why nothing more will come: the pod is gone, or its container ended for good.
async fn is_over(inner: &Arc<Inner>, followed: &Followed) -> Option<String> {
    let LogQuestion { namespace, pod, .. } = &followed.question;
    let path = format!("/api/v1/namespaces/{}/pods/{}", super::segment(namespace), super::segment(pod));
    match inner.get_json(&path).await {
        Ok(pod) => {
            let phase = pod["status"]["phase"].as_str().unwrap_or_default();
            matches!(phase, "Succeeded" | "Failed").then(|| format!("the pod has ended ({phase})"))
        }
        Err(trouble) if trouble.kind == TroubleKind::Missing => Some("the pod does not exist any more".into()),
        Err(_) => None,
    }
}
