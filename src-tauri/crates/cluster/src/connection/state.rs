//! How a connection stands, for whoever shows it.

mod phase;

use model::Time;
use serde::Serialize;

pub use phase::ConnectionPhase;
pub(crate) use phase::{Event, Obstacle, Tally, fold};

use crate::{Trouble, TroubleKind};

/// How one watch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchPhase {
    /// The first list is not complete.
    Listing,
    /// Listed whole, changes arrive.
    Live,
    /// It fell behind and is listed again. What was known stays shown; what was deleted meanwhile does too, until the
    /// list is whole.
    Relisting,
    /// The cluster refused; asked again every two minutes.
    Refused,
    /// The cluster does not serve the kind.
    NotServed,
    /// Broken off; tried again by itself.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WatchState {
    /// Which watch of its connection it is, in the order in which they were begun; never given twice.
    #[serde(skip)]
    pub(crate) number: usize,
    pub kind: String,
    /// Empty: the whole cluster.
    pub namespace: String,
    pub phase: WatchPhase,
    /// Since when it has been in this phase.
    pub since: Time,
    /// When the server last said anything on it, a bookmark too: what is shown of the kind is as of then. While it is
    /// listed anew, that is as before: half a list tells of no deletion.
    pub last_event_at: Option<Time>,
    /// Whether the last list was asked for as a stream instead of in pages.
    pub streamed: bool,
    /// How many objects it holds.
    pub objects: u64,
    /// How often it was opened again other than at its regular end.
    pub restarts: u32,
    /// Objects that could not be read and are not shown; never silently.
    pub issues: u64,
    pub last_issue: Option<String>,
    /// Whether it has been listed whole at least once.
    pub listed: bool,
    pub error: Option<Trouble>,
}

impl WatchState {
    pub(crate) fn new(number: usize, kind: String, namespace: String, phase: WatchPhase, now: Time) -> Self {
        WatchState {
            number,
            kind,
            namespace,
            phase,
            since: now,
            last_event_at: None,
            streamed: false,
            objects: 0,
            restarts: 0,
            issues: 0,
            last_issue: None,
            listed: false,
            error: None,
        }
    }
}

/// Something of a cluster that this login does not see: it is not known whether there is any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unseen {
    pub kind: String,
    /// Where it is seen nevertheless; empty: nowhere.
    pub except_in: Vec<String>,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionState {
    pub phase: ConnectionPhase,
    /// Since when it has been in this phase.
    pub since: Time,
    /// In a sentence: how it stands and why.
    pub message: String,
    /// What to do next; empty where there is nothing to do.
    pub hint: String,
    /// What keeps it from living, told apart by what a person has to do.
    pub trouble: Option<Trouble>,
    pub watches: Vec<WatchState>,
    /// It is still being found out which kinds there are to watch besides these.
    pub finding_kinds: bool,
    /// Namespaces that this login may see too, or of which that was not asked, and that are not watched: there are too
    /// many.
    pub left_out: Vec<String>,
    /// Observations that could not be kept (a full disk, a locked file), and why.
    pub unkept: Option<String>,
    /// What the server says it is.
    pub server_version: String,
    /// The plugin that runs just now, as a command line.
    pub logging_in: Option<String>,
}

impl ConnectionState {
    pub(crate) fn connecting(server: &str, now: Time) -> Self {
        ConnectionState {
            phase: ConnectionPhase::Connecting,
            since: now,
            message: format!("Connecting to {server}."),
            hint: String::new(),
            trouble: None,
            watches: Vec::new(),
            finding_kinds: false,
            left_out: Vec::new(),
            unkept: None,
            server_version: String::new(),
            logging_in: None,
        }
    }

    /// The watch of that number, unless it was retired.
    pub(crate) fn watch_mut(&mut self, number: usize) -> Option<&mut WatchState> {
        let index = self.watches.binary_search_by_key(&number, |watch| watch.number).ok()?;
        self.watches.get_mut(index)
    }

    /// Every watch has listed, was refused, or has nothing to list.
    pub fn is_synced(&self) -> bool {
        !self.finding_kinds
            && !self.watches.is_empty()
            && self
                .watches
                .iter()
                .all(|w| w.listed || matches!(w.phase, WatchPhase::Live | WatchPhase::Refused | WatchPhase::NotServed))
    }

    /// Nothing more comes by itself soon: waiting for it is waiting for a person or for the network.
    pub fn has_stopped(&self) -> bool {
        match self.phase {
            ConnectionPhase::AwaitingTrust
            | ConnectionPhase::LoggedOut
            | ConnectionPhase::Unreachable
            | ConnectionPhase::Failed
            | ConnectionPhase::Closed => true,
            ConnectionPhase::Connecting
            | ConnectionPhase::LoggingIn
            | ConnectionPhase::Live
            | ConnectionPhase::Degraded => false,
        }
    }

    /// When the newest thing shown was learnt.
    pub fn last_event_at(&self) -> Option<Time> {
        self.watches.iter().filter_map(|w| w.last_event_at).max()
    }

    /// Objects that are there and not shown because they could not be read.
    pub fn unreadable(&self) -> u64 {
        self.watches.iter().map(|watch| watch.issues).sum()
    }

    /// What this login does not see, by kind in the order of the watches.
    pub fn unseen(&self) -> Vec<Unseen> {
        let mut unseen: Vec<Unseen> = Vec::new();
        for watch in &self.watches {
            let refused = watch.phase == WatchPhase::Refused;
            if unseen.iter().any(|u| u.kind == watch.kind) || (!refused && watch.namespace.is_empty()) {
                continue;
            }
            let of_kind = || self.watches.iter().filter(|w| w.kind == watch.kind);
            let except_in = of_kind()
                .filter(|w| !w.namespace.is_empty() && w.phase != WatchPhase::Refused)
                .map(|w| w.namespace.clone())
                .collect();
            let why = of_kind().find_map(|w| w.error.as_ref().filter(|_| w.phase == WatchPhase::Refused));
            let mut why = why.map_or_else(|| "may not be listed in the whole cluster".to_owned(), |t| t.why.clone());
            if !watch.namespace.is_empty() && !self.left_out.is_empty() {
                why.push_str(&self.of_left_out());
            }
            unseen.push(Unseen { kind: watch.kind.clone(), except_in, why });
        }
        unseen
    }

    fn of_left_out(&self) -> String {
        const NAMED: usize = 5;
        let named = self.left_out.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = match self.left_out.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("; {named}{more} may be seen too and are too many to watch by themselves: add those that matter")
    }

    /// Takes an event in, and says in a sentence how it stands then.
    pub(crate) fn apply(&mut self, event: Event, server: &str, now: Time) {
        let phase = fold(self.phase, event);
        if phase != self.phase {
            (self.phase, self.since) = (phase, now);
        }
        match phase {
            ConnectionPhase::Closed => self.say("Closed.", "", None),
            ConnectionPhase::LoggingIn => {
                let line = self.logging_in.clone().unwrap_or_default();
                let hint = "It may wait for you in a browser.";
                self.say(format!("Waiting for `{line}` to log in to {server}."), hint, None);
            }
            ConnectionPhase::Connecting if self.watches.is_empty() => {
                self.say(format!("Connecting to {server}."), "", None);
            }
            ConnectionPhase::Connecting
            | ConnectionPhase::AwaitingTrust
            | ConnectionPhase::Live
            | ConnectionPhase::Degraded
            | ConnectionPhase::LoggedOut
            | ConnectionPhase::Unreachable
            | ConnectionPhase::Failed => self.say_of_watches(server),
        }
    }

    /// Before there are watches: why there are none.
    pub(crate) fn stop(&mut self, trouble: &Trouble, server: &str, now: Time) {
        self.apply(Event::Stopped(Obstacle::of(trouble.kind)), server, now);
        if self.watches.is_empty() && self.phase != ConnectionPhase::Closed {
            let message = could_not(trouble, server);
            self.say(message, trouble.hint.clone(), Some(trouble.clone()));
        }
    }

    /// Settles phase, message and hint from the watches.
    pub(crate) fn settle(&mut self, server: &str, now: Time) {
        if !self.watches.is_empty() {
            let tally = self.tally();
            self.apply(Event::Watched(tally), server, now);
        }
    }

    fn say(&mut self, message: impl Into<String>, hint: impl Into<String>, trouble: Option<Trouble>) {
        (self.message, self.hint, self.trouble) = (message.into(), hint.into(), trouble);
    }

    fn tally(&self) -> Tally {
        let count = |phase: WatchPhase| self.watches.iter().filter(|w| w.phase == phase).count();
        Tally {
            // What it shows has an age like any other's; a moment later it is as young as they.
            live: count(WatchPhase::Live) + count(WatchPhase::Relisting),
            listing: count(WatchPhase::Listing),
            failed: count(WatchPhase::Failed),
            refused: count(WatchPhase::Refused),
            listed: self.watches.iter().filter(|w| w.listed).count(),
            obstacle: self.worst().map(|trouble| Obstacle::of(trouble.kind)),
        }
    }

    /// A trouble that only a person can solve is the one to show; what a plugin said tells more than the refusal that made
    /// it run.
    fn worst(&self) -> Option<&Trouble> {
        let stopped = |w: &&WatchState| matches!(w.phase, WatchPhase::Failed | WatchPhase::Refused);
        let troubles = self.watches.iter().filter(stopped).filter_map(|w| w.error.as_ref());
        troubles.min_by_key(|trouble| (Obstacle::of(trouble.kind), trouble.kind == TroubleKind::Credential))
    }

    fn say_of_watches(&mut self, server: &str) {
        let in_phase = |phase: WatchPhase| self.watches.iter().filter(move |w| w.phase == phase).collect::<Vec<_>>();
        let (failed, refused) = (in_phase(WatchPhase::Failed), in_phase(WatchPhase::Refused));
        let listing = in_phase(WatchPhase::Listing).len();
        let again = in_phase(WatchPhase::Relisting);
        let worst = self.worst().cloned();
        let (message, hint, trouble) = match (self.phase, worst) {
            (ConnectionPhase::Degraded, Some(trouble)) => {
                let of_failed = format!(
                    "Not followed just now: {} ({}). What is shown of them is old.",
                    kinds(&failed),
                    trouble.why
                );
                (of_failed, trouble.hint.clone(), Some(trouble))
            }
            (ConnectionPhase::Live, _) if !refused.is_empty() => (
                format!("Connected. The cluster refuses to show {}.", kinds(&refused)),
                "Ask for `list` and `watch` on them, or go on without them.".into(),
                None,
            ),
            (ConnectionPhase::Live | ConnectionPhase::Degraded, _) if !again.is_empty() => {
                let which = kinds(&again);
                let message = format!("Connected; {which}: listed again. What was deleted meanwhile shows until then.");
                (message, String::new(), None)
            }
            (ConnectionPhase::Live | ConnectionPhase::Degraded, _) if listing == 0 => {
                ("Connected.".into(), String::new(), None)
            }
            (ConnectionPhase::Live | ConnectionPhase::Degraded, _) => {
                (format!("Connected; {listing} kinds are still being listed."), String::new(), None)
            }
            (ConnectionPhase::Connecting, _) => (format!("Listing what {server} has."), String::new(), None),
            (
                ConnectionPhase::AwaitingTrust
                | ConnectionPhase::LoggedOut
                | ConnectionPhase::Unreachable
                | ConnectionPhase::Failed,
                Some(trouble),
            ) => (could_not(&trouble, server), trouble.hint.clone(), Some(trouble)),
            // What was said before still holds.
            (
                ConnectionPhase::AwaitingTrust
                | ConnectionPhase::LoggingIn
                | ConnectionPhase::LoggedOut
                | ConnectionPhase::Unreachable
                | ConnectionPhase::Failed
                | ConnectionPhase::Closed,
                _,
            ) => return,
        };
        self.say(message, hint, trouble);
    }
}

fn could_not(trouble: &Trouble, server: &str) -> String {
    let act = match Obstacle::of(trouble.kind) {
        Obstacle::Trust => format!("Did not log in to {server}"),
        Obstacle::Login => format!("Could not log in to {server}"),
        Obstacle::Network => format!("Could not reach {server}"),
        Obstacle::Refused => format!("{server} refuses everything that would be watched"),
        Obstacle::Other => format!("Could not watch {server}"),
    };
    format!("{act}: {}.", trouble.why.trim_end_matches('.'))
}

fn kinds(watches: &[&WatchState]) -> String {
    let mut names: Vec<&str> = watches.iter().map(|w| w.kind.as_str()).collect();
    names.dedup();
    match names.len() {
        0..=4 => names.join(", "),
        count => format!("{} and {} more kinds", names[..3].join(", "), count - 3),
    }
}

#[cfg(test)]
mod tests;
