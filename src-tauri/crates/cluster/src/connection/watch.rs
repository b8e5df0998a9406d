//! What a watch does next. Pure: what happened in, what to do out.

use std::time::Duration;

use super::{Patience, WatchPhase};
use crate::{Trouble, TroubleKind};

/// How one kind is being followed, in the cluster or in one namespace. The state machine:
///
/// ```text
///        ┌──────────── no bytes, an error, not supported: remembered ───────────┐
/// Streaming ──all initial events──► Following ◄──last page── Paging ◄───────────┘
///     ▲                              │  │  ▲                   ▲ │
///     └──────── too old (410) ───────┤  │  └──server ended it──┘ └── a page ──► Paging
///                                    │  └──silent, cut──► Pausing ──► Following from where it was
///        refused, not served ──► Resting ──asked again──► Streaming
/// ```
///
/// What was listed stays until a new list is whole: no state ever takes rows away. A list after a 410 is shown as one
/// that is not whole ([`WatchPhase::Relisting`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Asked for everything as a stream of events; what came so far is not the whole.
    Streaming,
    /// Asked for a page.
    Paging { from: Option<String> },
    /// Listed whole; asked for the changes since `version`.
    Following {
        version: String,
        /// Whether the server said anything since it was asked.
        heard: bool,
    },
    /// Broken off; goes on after a pause.
    Pausing { then: Then },
    /// Refused or not served; asked again after a long while.
    Resting,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Then {
    List,
    /// The pages that came stand; the next is asked for again.
    Page(String),
    Follow(String),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    /// The server accepted the request.
    Answered,
    /// An object, as of a version.
    Object(String),
    /// Nothing changed up to a version.
    Bookmark(String),
    /// Every initial event was sent, as of a version.
    Whole(String),
    /// A page came to its end. Without `next` it was the last.
    Page {
        version: String,
        next: Option<String>,
    },
    /// The server ended the answer in good order.
    Ended,
    /// Nothing came for too long.
    Silent,
    /// The request was refused, or the answer broke off.
    Failed(Failure),
    PauseOver,
    /// Somebody asked to start again, or the machine slept.
    Restart,
    /// Another kind found out meanwhile that this server does not stream lists.
    StreamsForgone,
    /// There is another credential than the one that was not accepted.
    Renewed,
    /// There is none, and why.
    NotRenewed(Failure),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub trouble: Trouble,
    /// What the server asked to wait.
    pub retry_after: Option<Duration>,
    /// The version is from the future: the server was restored from a backup.
    pub version_unknown: bool,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A list begins: what will be in it is not known to be there yet.
    BeginList,
    StreamAll,
    AskPage {
        limit: u32,
        from: Option<String>,
    },
    Follow {
        from: String,
    },
    Pause(Duration),
    /// What was known and did not come is gone.
    ListIsWhole,
    /// No kind of this connection is listed by a stream any more.
    ForgoStreams,
    Show(WatchPhase, Option<Trouble>),
    /// The credential was not accepted: find out whether there is another one, and tell.
    RenewLogin(Failure),
    /// Look in one namespace instead of the cluster; the machine begins anew.
    Narrow,
    /// The cluster refused.
    Refused(Trouble),
    CountRestart,
}

/// The first page is small, so that rows show early; the rest are large, because each costs a round trip.
const FIRST_PAGE: u32 = 250;
pub(super) const NEXT_PAGES: u32 = 1000;
/// A list whose continuation expires this often is asked for whole.
const EXPIRED_AT_MOST: u32 = 2;

#[derive(Clone, Debug)]
pub(super) struct Watch {
    pub state: State,
    /// Whether lists may be asked for as streams.
    pub streams: bool,
    /// Whether a refusal leaves a namespace to look in.
    pub narrowable: bool,
    failures: u32,
    /// How often a list's continuation expired.
    expired: u32,
    /// How often a watch was too old since it last heard anything.
    behind: u32,
    patience: Patience,
    /// Spreads pauses, so that the watches of a connection do not all come back at once.
    spread: u32,
}

impl Watch {
    /// `spread` is any number, another one for each watch.
    pub fn new(streams: bool, narrowable: bool, patience: Patience, spread: u32) -> Self {
        Watch {
            state: State::Pausing { then: Then::List },
            streams,
            narrowable,
            failures: 0,
            expired: 0,
            behind: 0,
            patience,
            spread,
        }
    }

    pub fn next(&mut self, happened: Happened) -> Vec<Act> {
        let state = std::mem::replace(&mut self.state, State::Resting);
        match (state, happened) {
            (State::Pausing { then }, Happened::PauseOver | Happened::Renewed) => self.go(then),
            (State::Pausing { then }, Happened::NotRenewed(failure)) => self.pause(then, failure),
            (State::Resting, Happened::PauseOver | Happened::Restart) => {
                self.failures = 0;
                self.list()
            }
            // Not a new list: what changed meanwhile is told from the version on, or refused as too old.
            (State::Following { version, .. }, Happened::Restart) => {
                self.failures = 0;
                let mut acts = vec![Act::CountRestart];
                acts.extend(self.go(Then::Follow(version)));
                acts
            }
            (State::Pausing { then }, Happened::Restart) => {
                self.failures = 0;
                self.go(then)
            }
            (State::Streaming | State::Paging { .. }, Happened::Restart) => {
                self.failures = 0;
                self.list()
            }

            (State::Following { version, .. }, Happened::Answered) => {
                self.state = State::Following { version, heard: false };
                // A resumed watch may be silent for long; that it was answered is what says that it lives.
                vec![Act::Show(WatchPhase::Live, None)]
            }
            (state @ (State::Streaming | State::Paging { .. }), Happened::Answered) => self.stay(state),
            (State::Streaming, Happened::StreamsForgone) => {
                self.streams = false;
                self.page()
            }
            (
                state @ (State::Paging { .. } | State::Following { .. } | State::Pausing { .. } | State::Resting),
                Happened::StreamsForgone,
            ) => {
                self.streams = false;
                self.stay(state)
            }
            (state @ (State::Streaming | State::Paging { .. }), Happened::Object(_) | Happened::Bookmark(_)) => {
                self.stay(state)
            }
            (State::Following { .. }, Happened::Object(version) | Happened::Bookmark(version)) => {
                (self.failures, self.behind) = (0, 0);
                self.state = State::Following { version, heard: true };
                Vec::new()
            }

            (State::Streaming, Happened::Whole(version)) => {
                self.listed_whole();
                self.state = State::Following { version, heard: true };
                vec![Act::ListIsWhole, Act::Show(WatchPhase::Live, None)]
            }
            (state @ (State::Paging { .. } | State::Following { .. }), Happened::Whole(_)) => self.stay(state),
            (State::Paging { .. }, Happened::Page { next: Some(next), .. }) => {
                self.failures = 0;
                self.state = State::Paging { from: Some(next.clone()) };
                vec![Act::AskPage { limit: NEXT_PAGES, from: Some(next) }]
            }
            (State::Paging { .. }, Happened::Page { version, next: None }) => {
                self.listed_whole();
                let mut acts = vec![Act::ListIsWhole, Act::Show(WatchPhase::Live, None)];
                acts.extend(self.go(Then::Follow(version)));
                acts
            }
            (state @ (State::Streaming | State::Following { .. }), Happened::Page { .. }) => self.stay(state),

            // A list that ends before it is whole was held back or cut on the way.
            (State::Streaming, Happened::Ended | Happened::Silent) => self.forgo_streams(),
            (State::Paging { from }, Happened::Ended | Happened::Silent) => {
                let trouble = Trouble::timed_out(self.patience.list.as_secs());
                self.pause(paging(from), Failure::of(trouble))
            }
            (State::Following { version, heard }, Happened::Ended) => {
                if heard {
                    self.go(Then::Follow(version))
                } else {
                    // Ended before it said anything: not an error, and not to be repeated in a tight loop.
                    self.failures += 1;
                    self.state = State::Pausing { then: Then::Follow(version) };
                    vec![Act::Pause(self.delay(None))]
                }
            }
            (State::Following { version, .. }, Happened::Silent) => {
                let mut acts = vec![Act::CountRestart];
                acts.extend(self.go(Then::Follow(version)));
                acts
            }

            (State::Streaming, Happened::Failed(failure)) => match failure.trouble.kind {
                // An API server that cannot stream lists says so in many ways; pages tell what it really is.
                TroubleKind::Server | TroubleKind::Gone => self.forgo_streams(),
                // May list and not watch, perhaps.
                TroubleKind::Refused | TroubleKind::Missing => self.page(),
                TroubleKind::Busy => {
                    // A server that never finds the time for a stream may find it for a page.
                    self.streams &= self.failures == 0;
                    self.failed(Then::List, failure)
                }
                TroubleKind::Credential
                | TroubleKind::Plugin
                | TroubleKind::Untrusted
                | TroubleKind::Proxy
                | TroubleKind::Network
                | TroubleKind::Tls
                | TroubleKind::Kubeconfig => self.failed(Then::List, failure),
            },
            (State::Paging { from }, Happened::Failed(failure)) => match failure.trouble.kind {
                TroubleKind::Gone => {
                    self.expired += 1;
                    if self.expired > 2 * EXPIRED_AT_MOST { self.pause(Then::List, failure) } else { self.page() }
                }
                TroubleKind::Credential
                | TroubleKind::Plugin
                | TroubleKind::Untrusted
                | TroubleKind::Proxy
                | TroubleKind::Refused
                | TroubleKind::Missing
                | TroubleKind::Busy
                | TroubleKind::Network
                | TroubleKind::Tls
                | TroubleKind::Kubeconfig
                | TroubleKind::Server => self.failed(paging(from), failure),
            },
            (State::Following { version, heard }, Happened::Failed(failure)) => {
                let too_old = failure.trouble.kind == TroubleKind::Gone || failure.version_unknown;
                match (too_old, heard || self.behind == 0) {
                    (true, true) => {
                        self.behind += 1;
                        let mut acts = vec![Act::CountRestart, Act::Show(WatchPhase::Relisting, Some(failure.trouble))];
                        acts.extend(self.list());
                        acts
                    }
                    // Listed, and at once too old again.
                    (true, false) => self.pause(Then::List, failure),
                    (false, _) => self.failed(Then::Follow(version), failure),
                }
            }

            // Late news of an answer that nobody waits for any more.
            (
                state @ (State::Pausing { .. } | State::Resting),
                Happened::Answered
                | Happened::Object(_)
                | Happened::Bookmark(_)
                | Happened::Whole(_)
                | Happened::Page { .. }
                | Happened::Ended
                | Happened::Silent
                | Happened::Failed(_),
            )
            | (
                state @ (State::Streaming | State::Paging { .. } | State::Following { .. }),
                Happened::PauseOver | Happened::Renewed | Happened::NotRenewed(_),
            )
            | (state @ State::Resting, Happened::Renewed | Happened::NotRenewed(_)) => self.stay(state),
        }
    }

    fn stay(&mut self, state: State) -> Vec<Act> {
        self.state = state;
        Vec::new()
    }

    fn go(&mut self, then: Then) -> Vec<Act> {
        match then {
            Then::List => self.list(),
            Then::Page(from) => {
                self.state = State::Paging { from: Some(from.clone()) };
                vec![Act::AskPage { limit: NEXT_PAGES, from: Some(from) }]
            }
            Then::Follow(version) => {
                self.state = State::Following { version: version.clone(), heard: false };
                vec![Act::Follow { from: version }]
            }
        }
    }

    fn list(&mut self) -> Vec<Act> {
        if self.streams {
            self.state = State::Streaming;
            vec![Act::BeginList, Act::StreamAll]
        } else {
            self.page()
        }
    }

    fn page(&mut self) -> Vec<Act> {
        self.state = State::Paging { from: None };
        let limit = if self.expired > EXPIRED_AT_MOST { 0 } else { FIRST_PAGE };
        vec![Act::BeginList, Act::AskPage { limit, from: None }]
    }

    fn forgo_streams(&mut self) -> Vec<Act> {
        self.streams = false;
        let mut acts = vec![Act::ForgoStreams];
        acts.extend(self.page());
        acts
    }

    fn listed_whole(&mut self) {
        (self.failures, self.expired) = (0, 0);
    }

    /// Refused, or known to be refused before anything was asked: asked again after a long while.
    pub(super) fn rest(&mut self, trouble: Trouble) -> Vec<Act> {
        self.state = State::Resting;
        vec![
            Act::Refused(trouble.clone()),
            Act::Show(WatchPhase::Refused, Some(trouble)),
            Act::Pause(self.patience.refused),
        ]
    }

    fn failed(&mut self, then: Then, failure: Failure) -> Vec<Act> {
        match failure.trouble.kind {
            TroubleKind::Refused if self.narrowable => {
                self.narrowable = false;
                self.state = State::Pausing { then: Then::List };
                vec![Act::Narrow]
            }
            TroubleKind::Refused => self.rest(failure.trouble),
            TroubleKind::Missing => {
                self.state = State::Resting;
                vec![Act::Show(WatchPhase::NotServed, Some(failure.trouble)), Act::Pause(self.patience.refused)]
            }
            TroubleKind::Credential => {
                self.state = State::Pausing { then };
                vec![Act::RenewLogin(failure)]
            }
            TroubleKind::Plugin
            | TroubleKind::Untrusted
            | TroubleKind::Proxy
            | TroubleKind::Gone
            | TroubleKind::Busy
            | TroubleKind::Network
            | TroubleKind::Tls
            | TroubleKind::Kubeconfig
            | TroubleKind::Server => self.pause(then, failure),
        }
    }

    fn pause(&mut self, then: Then, failure: Failure) -> Vec<Act> {
        self.failures += 1;
        self.state = State::Pausing { then };
        let delay = self.delay(failure.retry_after);
        vec![Act::CountRestart, Act::Show(WatchPhase::Failed, Some(failure.trouble)), Act::Pause(delay)]
    }

    /// Doubles with every failure, spread by a quarter; never less than the server asked for.
    fn delay(&self, asked: Option<Duration>) -> Duration {
        let doubled = self.patience.first_retry.saturating_mul(1 << self.failures.saturating_sub(1).min(10));
        let spread = self.spread.wrapping_mul(2_654_435_761).wrapping_add(self.failures.wrapping_mul(40_503)) % 256;
        let delay = doubled.min(self.patience.last_retry);
        let delay = delay + delay * spread / 1024;
        asked.map_or(delay, |asked| asked.max(self.patience.first_retry) + delay * spread / 1024)
    }
}

impl Failure {
    pub fn of(trouble: Trouble) -> Self {
        Failure { trouble, retry_after: None, version_unknown: false }
    }
}

/// Where a list is taken up again after a pause: at the page that failed.
fn paging(from: Option<String>) -> Then {
    from.map_or(Then::List, Then::Page)
}

#[cfg(test)]
mod tests;
