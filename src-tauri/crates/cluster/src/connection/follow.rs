mod pages;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use model::{Body, ChangeKind, CoverageState, ObjectRef, Observation, Ordered, Source};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::ask::{self, Answer, Question};
use super::watch::{Act, Failure, Happened, State, Watch};
use super::{Inner, Restarts, WatchPhase};
use crate::arrival::finished::{self, Verdict};
use crate::arrival::{Arrivals, Decoder, Events, How, Incoming, Known, Line};
use crate::split::Piece;
use crate::{Kind, Trouble, TroubleKind};
use pages::{Ahead, Readers};

/// Follows one kind, in the cluster or in one namespace, until the connection closes: does what [`Watch`] says and tells
/// it what came of it.
pub(super) struct Follow {
    pub inner: Arc<Inner>,
    pub kind: Kind,
    /// Its number among [`super::ConnectionState::watches`].
    pub row: usize,
    /// Empty: the whole cluster.
    pub namespace: String,
    pub known: Ordered<ObjectRef, Known>,
    pub coverage: Option<CoverageState>,
    /// Counts the lists, so that what one did not have can be told.
    pub listing: u32,
    /// Nothing is shown but what the list that comes has: it is as young as that.
    empty: bool,
    /// Known to be refused before it was asked for.
    pub refused: Option<Trouble>,
    events: Events,
    ahead: Option<Ahead>,
    readers: Readers,
}

/// The login's generation that a request carried, and its answer.
type Asked = (Option<u64>, Result<Answer, Happened>);

/// Last versions of what is gone are read so many at a time: some megabytes.
const READ_TOGETHER: usize = 256;
/// Events of a storm are told together.
const TELL_EVENTS_AFTER: Duration = Duration::from_secs(1);

/// What is being waited for.
enum Waiting {
    Pause(Instant),
    Answer(Box<Answer>),
}

impl Follow {
    pub(super) fn new(
        inner: Arc<Inner>,
        kind: Kind,
        row: usize,
        namespace: String,
        known: Ordered<ObjectRef, Known>,
        refused: Option<Trouble>,
    ) -> Self {
        let readers = Readers::new(&kind, &inner.redactor);
        let empty = known.is_empty();
        Follow {
            inner,
            kind,
            row,
            namespace,
            known,
            coverage: None,
            listing: 0,
            empty,
            refused,
            events: Events::default(),
            ahead: None,
            readers,
        }
    }

    pub(super) async fn run(mut self) {
        let mut restart = self.inner.restarts();
        let mut turn = None;
        loop {
            let mut watch = self.watch();
            let mut acts = VecDeque::from(match self.refused.take() {
                Some(trouble) => watch.rest(trouble),
                None => watch.next(Happened::PauseOver),
            });
            let mut waiting = Waiting::Pause(Instant::now());
            // Of the credential that the last request carried.
            let mut generation = None;
            loop {
                let mut question = None;
                let mut narrow = false;
                while let Some(act) = acts.pop_front() {
                    match act {
                        Act::BeginList => {
                            self.listing += 1;
                            self.ahead = None;
                            self.readers.forget();
                            // One list after the other of a few at a time; the first in the row are the first to show.
                            turn = self.turn(turn.take()).await;
                        }
                        Act::StreamAll if !self.inner.streams() => {
                            acts.extend(watch.next(Happened::StreamsForgone));
                        }
                        // Where nothing is known yet, what a server is late with does not look deleted: it comes next.
                        Act::StreamAll => {
                            let at_once = self.listing <= 1 && self.known.is_empty();
                            question = Some(Question::StreamAll { at_once });
                        }
                        Act::AskPage { limit, from } => question = Some(Question::Page { limit, from }),
                        Act::Follow { from } => question = Some(Question::Changes { from }),
                        Act::Pause(pause) => {
                            turn = None;
                            waiting = Waiting::Pause(Instant::now() + pause);
                        }
                        Act::ListIsWhole => {
                            turn = None;
                            self.reconcile().await;
                            self.empty = false;
                            self.heard(true);
                            self.cover(CoverageState::Listed).await;
                            if self.kind.is_numerous() {
                                // Who hears that it is listed looks, and is to find all of it.
                                self.inner.writer.flush().await;
                            }
                        }
                        Act::ForgoStreams => self.inner.forgo_streams(),
                        Act::Show(phase, error) => self.phase(phase, error),
                        Act::RenewLogin(failure) => {
                            let renewed = self.renew_login(generation, failure).await;
                            acts.extend(watch.next(renewed));
                        }
                        Act::Narrow => narrow = true,
                        Act::Refused(_) => {
                            // Listed and not watched: what is there is known, what came or went since is not.
                            let listed = self.coverage == Some(CoverageState::Listed);
                            self.have_rights_asked();
                            self.cover(if listed { CoverageState::Partial } else { CoverageState::Refused }).await;
                        }
                        Act::CountRestart => self.inner.change_watch_quietly(self.row, |watch| watch.restarts += 1),
                    }
                }
                if narrow {
                    self.narrow().await;
                    break;
                }
                let happened = match question {
                    Some(question) => tokio::select! {
                        answer = self.ask(question, &mut generation) => match answer {
                            Ok(answer) => {
                                waiting = Waiting::Answer(Box::new(answer));
                                vec![Happened::Answered]
                            }
                            Err(happened) => vec![happened],
                        },
                        happened = restarted(&mut restart) => vec![happened],
                    },
                    None => self.wait(&mut waiting, &watch.state, &mut restart).await,
                };
                for happened in happened {
                    tracing::trace!(kind = %self.kind.kind, state = ?watch.state, ?happened, "watch");
                    acts.extend(watch.next(happened));
                }
            }
        }
    }

    fn watch(&self) -> Watch {
        let narrowable = self.namespace.is_empty()
            && self.kind.namespaced
            && !self.inner.namespace.is_empty()
            && !self.inner.only_namespaces;
        let spread = u32::try_from(self.row).unwrap_or_default();
        let streams = self.inner.streams() && !self.kind.is_numerous();
        Watch::new(streams, narrowable, self.inner.patience.clone(), spread)
    }

    async fn turn(&self, held: Option<OwnedSemaphorePermit>) -> Option<OwnedSemaphorePermit> {
        match held {
            Some(held) => Some(held),
            None => self.inner.turns.clone().acquire_owned().await.ok(),
        }
    }

    async fn ask(&mut self, question: Question, generation: &mut Option<u64>) -> Result<Answer, Happened> {
        match question {
            Question::StreamAll { .. } => self.inner.change_watch_quietly(self.row, |watch| watch.streamed = true),
            Question::Page { .. } => self.inner.change_watch_quietly(self.row, |watch| watch.streamed = false),
            Question::Changes { .. } => {}
        }
        let asked = match self.ahead.take() {
            Some(ahead) => ahead.answers(&question).await,
            None => None,
        };
        let (of, answer) = match asked {
            Some(asked) => asked,
            None => self.asking(question).await,
        };
        *generation = of.or(*generation);
        answer
    }

    fn asking(&self, question: Question) -> impl Future<Output = Asked> + Send + use<> {
        let (inner, kind, namespace) = (self.inner.clone(), self.kind.clone(), self.namespace.clone());
        let patience = &inner.patience;
        let lasts = patience.watch + patience.watch * (self.row as u32 % 16) / 64;
        let within = match question {
            Question::StreamAll { .. } => patience.list,
            Question::Page { .. } | Question::Changes { .. } => patience.answer,
        };
        async move {
            let client = match inner.client().await {
                Ok(client) => client,
                Err(trouble) => return (None, Err(Happened::Failed(Failure::of(trouble)))),
            };
            let generation = Some(inner.login.generation());
            let asked = ask::ask(&client, &kind, &namespace, &question, lasts, inner.packed);
            let answer = tokio::time::timeout(within, asked).await;
            let answer = match (answer, question) {
                (Ok(answer), _) => answer.map_err(Happened::Failed),
                // What holds a stream back often holds back that it was accepted.
                (Err(_), Question::StreamAll { .. }) => Err(Happened::Silent),
                (Err(_), Question::Page { .. } | Question::Changes { .. }) => {
                    Err(Happened::Failed(Failure::of(Trouble::timed_out(within.as_secs()))))
                }
            };
            (generation, answer)
        }
    }

    /// Waits until something happens; takes objects in as they come.
    async fn wait(&mut self, waiting: &mut Waiting, state: &State, restart: &mut Restarts) -> Vec<Happened> {
        match waiting {
            Waiting::Pause(until) => tokio::select! {
                () = tokio::time::sleep_until(*until) => vec![Happened::PauseOver],
                happened = restarted(restart) => vec![happened],
            },
            Waiting::Answer(answer) => {
                let happened = self.take_in(answer, state).await;
                let told = |happened: &Happened| matches!(happened, Happened::Object(_) | Happened::Bookmark(_));
                if matches!(state, State::Following { .. }) && happened.iter().any(told) {
                    self.heard(true);
                }
                if !happened.is_empty() {
                    return happened;
                }
                self.ask_ahead(answer);
                let silence = match state {
                    State::Following { .. } => self.inner.patience.silence,
                    State::Streaming | State::Paging { .. } | State::Pausing { .. } | State::Resting => {
                        self.inner.patience.list
                    }
                };
                let due = self.readers.due();
                let happened = tokio::select! {
                    () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                        self.take_in_read(true).await;
                        Vec::new()
                    }
                    () = tokio::time::sleep(TELL_EVENTS_AFTER), if self.events.wait() => {
                        self.tell_events().await;
                        Vec::new()
                    }
                    more = tokio::time::timeout(silence, answer.more()) => match more {
                        Ok(Ok(Some(()))) => {
                            self.heard(self.empty);
                            Vec::new()
                        }
                        Ok(Ok(None)) => match (state, answer.page()) {
                            (State::Paging { .. }, Some((version, next))) => vec![Happened::Page { version, next }],
                            _ => vec![Happened::Ended],
                        },
                        Ok(Err(failure)) => vec![Happened::Failed(failure)],
                        Err(_) => vec![Happened::Silent],
                    },
                    happened = restarted(restart) => vec![happened],
                };
                if !happened.is_empty() {
                    self.take_in_read(true).await;
                }
                happened
            }
        }
    }

    /// Takes in what is here of an answer, up to what the watch has to decide on.
    async fn take_in(&mut self, answer: &mut Answer, state: &State) -> Vec<Happened> {
        let how = if matches!(state, State::Following { .. }) { How::Changed } else { How::Listed };
        let mut version = None;
        let mut decision = None;
        while decision.is_none() {
            let Some(piece) = answer.piece() else { break };
            let bytes = match piece {
                Piece::Object(bytes) => bytes,
                Piece::TooLarge { bytes } => {
                    self.issue(&format!("an object of {bytes} bytes was passed over: more than is kept of any"));
                    continue;
                }
            };
            if matches!(state, State::Paging { .. }) {
                self.readers.push(bytes);
                self.take_in_read(false).await;
                continue;
            }
            let inner = self.inner.clone();
            let decoder = Decoder { kind: &self.kind, redactor: &inner.redactor };
            match decoder.line(bytes) {
                Ok(Line::Added(incoming) | Line::Modified(incoming)) => {
                    version = Some(incoming.resource_version.to_string());
                    self.arrive(incoming, how, ChangeKind::Present).await;
                }
                Ok(Line::Deleted(incoming)) => {
                    version = Some(incoming.resource_version.to_string());
                    self.arrive(incoming, how, ChangeKind::Deleted).await;
                }
                Ok(Line::Bookmark { version, whole: false }) => decision = Some(Happened::Bookmark(version)),
                Ok(Line::Bookmark { version, whole: true }) => decision = Some(Happened::Whole(version)),
                Ok(Line::Error(status)) => decision = Some(Happened::Failed(failure_of(&status))),
                Err(error) => self.issue(&format!("an object could not be read: {error}")),
            }
        }
        let version = version.filter(|version| !version.is_empty()).map(Happened::Object);
        version.into_iter().chain(decision).collect()
    }

    /// Takes one object in.
    async fn arrive(&mut self, incoming: Incoming, how: How, change: ChangeKind) {
        if how == How::Listed {
            self.inner.writer.room().await;
        }
        let now = self.inner.clock.now();
        if self.kind.is_event() {
            let Some((subject, event)) = self.inner.arrivals.event(&incoming.event, now) else { return };
            if change == ChangeKind::Deleted {
                // An Event that expires at the server has still happened.
                self.events.expired(&subject, &event);
            } else if let Some(told) = self.events.take(&subject, event, now) {
                self.inner.writer.keep(self.inner.arrivals.told(subject, told, now));
            }
            return;
        }
        if self.kind.is_pod() {
            self.arrive_pod(incoming, how, change).await;
        } else {
            if self.kind.is_node() && change == ChangeKind::Present && super::lease::is_lost(&incoming.object) {
                super::lease::read(&self.inner, incoming.name.to_string());
            }
            if self.kind.is_definition() && how == How::Changed {
                self.inner.installed.notify_one();
            }
            self.keep(incoming, how, change).await;
        }
    }

    /// A pod that has finished is counted; of the failed ones the newest are kept, without their settings.
    async fn arrive_pod(&mut self, mut incoming: Incoming, how: How, change: ChangeKind) {
        let subject = Arrivals::subject(&self.kind, &incoming);
        let outcome = finished::outcome(&incoming.object).filter(|_| change == ChangeKind::Present);
        let Some(outcome) = outcome else {
            let was_counted = self.inner.finished().gone(&subject.namespace, &subject.name);
            if !was_counted || change == ChangeKind::Present || self.known.contains_key(&subject) {
                self.keep(incoming, how, change).await;
            }
            return;
        };
        let now = self.inner.clock.now();
        let ended_at = crate::arrival::ended_at(&incoming).unwrap_or(now);
        let owner = finished::owner(&incoming.object);
        let verdict = self.inner.finished().take(&subject, owner, outcome, ended_at, self.listing);
        let dropped = match verdict {
            Verdict::Count => Some(subject),
            Verdict::Keep { instead } => {
                incoming.object = finished::reduce(&incoming.object);
                self.keep(incoming, how, change).await;
                instead
            }
        };
        if let Some(dropped) = dropped
            && let Some(known) = self.known.remove(&dropped)
        {
            self.inner.writer.keep(self.inner.arrivals.counted(&self.kind, &dropped, &known, now));
        }
    }

    async fn keep(&mut self, incoming: Incoming, how: How, change: ChangeKind) {
        let now = self.inner.clock.now();
        let arrivals = &self.inner.arrivals;
        let subject = Arrivals::subject(&self.kind, &incoming);
        let known = self.known.get_mut(&subject);
        let arrived = arrivals.object(&self.kind, incoming, known.as_deref(), how, change, now);
        match (arrived, known) {
            (Some((mut new, observation)), known) => {
                new.listing = self.listing;
                match (change, known) {
                    (ChangeKind::Present, Some(known)) => *known = new,
                    (ChangeKind::Present, None) => {
                        self.known.insert(subject, new);
                    }
                    (ChangeKind::Deleted | ChangeKind::Counted, _) => {
                        self.known.remove(&subject);
                    }
                }
                self.inner.writer.keep(observation);
            }
            (None, Some(known)) => known.listing = self.listing,
            (None, None) => {}
        }
    }

    /// Tells what Events have grown to since they were told.
    async fn tell_events(&mut self) {
        let now = self.inner.clock.now();
        for (subject, event) in self.events.due(now) {
            self.inner.writer.keep(self.inner.arrivals.told(subject, event, now));
        }
    }

    /// After a whole list: what was known and is not in it is gone. Nothing is taken away before the list is whole.
    async fn reconcile(&mut self) {
        if self.kind.is_pod() {
            self.inner.finished().reconcile(&self.namespace, self.listing);
        }
        self.tell_events().await;
        self.events.forget(self.inner.clock.now());
        let gone: Vec<ObjectRef> =
            self.known.iter().filter(|(_, known)| known.listing != self.listing).map(|(o, _)| o.clone()).collect();
        if gone.is_empty() {
            return;
        }
        // After a long absence that is everything: written out once, and read some at a time.
        self.inner.writer.flush().await;
        let now = self.inner.clock.now();
        for gone in gone.chunks(READ_TOGETHER) {
            let last = self.inner.last_versions(gone.to_vec()).await;
            self.inner.writer.room().await;
            for (subject, last) in gone.iter().zip(last) {
                let Some(known) = self.known.remove(subject) else { continue };
                let deletion = self.inner.arrivals.vanished(&self.kind, subject, &known, last, now);
                self.inner.writer.keep(deletion);
            }
        }
    }

    /// After a refusal: a right was lost, or the namespaces that the engineer added are left to try.
    fn have_rights_asked(&self) {
        if self.coverage == Some(CoverageState::Listed) || !self.inner.namespaces.is_empty() {
            self.inner.refused.notify_one();
        }
    }

    async fn narrow(&mut self) {
        let namespace = self.inner.namespace.clone();
        self.have_rights_asked();
        // What is known of other namespaces is neither there nor gone: nobody may look.
        self.known.retain(|object, _| object.namespace == namespace);
        self.cover(CoverageState::Refused).await;
        self.coverage = None;
        self.inner.change_watch(self.row, |watch| watch.namespace.clone_from(&namespace));
        self.namespace = namespace;
    }

    /// Looks for another credential; without one, what kept it from that says more than the refusal.
    async fn renew_login(&self, generation: Option<u64>, failure: Failure) -> Happened {
        let Some(generation) = generation else { return Happened::NotRenewed(failure) };
        match self.inner.renew(generation).await {
            Ok(true) => Happened::Renewed,
            Ok(false) => Happened::NotRenewed(failure),
            Err(trouble) => Happened::NotRenewed(Failure { trouble, ..failure }),
        }
    }

    /// Says what was listed or refused, once for each change of that.
    async fn cover(&mut self, state: CoverageState) {
        if self.coverage == Some(state) {
            return;
        }
        self.coverage = Some(state);
        let now = self.inner.clock.now();
        let body = Body::Coverage { kind: self.kind.name(), namespace: self.namespace.clone(), state };
        let cluster = self.inner.arrivals.cluster.clone();
        self.inner.writer.keep(Observation::new(cluster, now, now, Source::Watch, None, body));
    }

    fn held(&self) -> u64 {
        (self.known.len() + self.events.len()) as u64
    }

    fn heard(&self, current: bool) {
        self.inner.heard(self.row, self.held(), current);
    }

    fn issue(&self, what: &str) {
        tracing::debug!(kind = %self.kind.kind, namespace = %self.namespace, what, "one object is not shown");
        self.inner.change_watch(self.row, |watch| {
            watch.issues += 1;
            watch.last_issue = Some(what.to_owned());
        });
    }

    fn phase(&self, phase: WatchPhase, error: Option<Trouble>) {
        let now = self.inner.clock.now();
        let objects = self.held();
        self.inner.change_watch(self.row, |watch| {
            if watch.phase != phase {
                watch.since = now;
            }
            watch.phase = phase;
            watch.listed |= phase == WatchPhase::Live;
            watch.objects = objects;
            watch.error = error;
        });
    }
}

/// Waits until somebody asks to start again, or says that the way to the server is gone.
async fn restarted(restart: &mut Restarts) -> Happened {
    match restart.next().await {
        None => Happened::Restart,
        Some(trouble) => Happened::Failed(Failure::of(trouble)),
    }
}

fn failure_of(status: &serde_json::Value) -> Failure {
    match serde_json::from_value(status.clone()) {
        Ok(status) => ask::failure(status),
        Err(_) => Failure::of(Trouble {
            kind: TroubleKind::Server,
            why: "the server reported an error that cannot be read".into(),
            hint: "It is tried again by itself.".into(),
        }),
    }
}
