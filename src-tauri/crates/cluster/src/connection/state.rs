use model::Time;
use serde::Serialize;

use crate::{Trouble, TroubleKind};

/// How a connection stands. The state machine:
///
/// ```text
/// Connecting ──first watch live──► Live ◄──every watch live, refused or not served──► Degraded
///     │                             │                                                    │
///     └──no watch can live──────────┴───────────► Failed ◄──no watch lives any more──────┘
///                                                    └──a retry succeeds──► Live or Degraded
/// any ──close──► Closed
/// ```
///
/// What was seen stays shown in every phase; [`ConnectionState::watches`] says how old it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionPhase {
    /// Logging in, asking what is served, listing for the first time.
    Connecting,
    /// Every watch that may live does.
    Live,
    /// Some watches live, others do not just now.
    Degraded,
    /// No watch lives. It is tried again by itself unless the trouble is a person's to solve.
    Failed,
    /// Closed by the engineer.
    Closed,
}

/// How one watch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchPhase {
    /// The first list is not complete.
    Listing,
    /// Listed whole, changes arrive.
    Live,
    /// The cluster refused; asked again every two minutes.
    Refused,
    /// The cluster does not serve the kind.
    NotServed,
    /// Broken off; tried again by itself.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WatchState {
    pub kind: String,
    /// Empty: the whole cluster.
    pub namespace: String,
    pub phase: WatchPhase,
    /// Since when it has been in this phase.
    pub since: Time,
    /// When the server last said anything on it, a bookmark too: what is shown of the kind is as of then.
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
    pub(crate) fn new(kind: String, namespace: String, phase: WatchPhase, now: Time) -> Self {
        WatchState {
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionState {
    pub phase: ConnectionPhase,
    /// In a sentence: how it stands and why.
    pub message: String,
    /// What to do next; empty where there is nothing to do.
    pub hint: String,
    /// What keeps it from living, told apart by what a person has to do.
    pub trouble: Option<Trouble>,
    pub watches: Vec<WatchState>,
    /// Observations that could not be kept (a full disk, a locked file), and why.
    pub unkept: Option<String>,
    /// What the server says it is.
    pub server_version: String,
}

impl ConnectionState {
    pub(crate) fn connecting(server: &str) -> Self {
        ConnectionState {
            phase: ConnectionPhase::Connecting,
            message: format!("Connecting to {server}."),
            hint: String::new(),
            trouble: None,
            watches: Vec::new(),
            unkept: None,
            server_version: String::new(),
        }
    }

    /// Every watch has listed, was refused, or has nothing to list.
    pub fn is_synced(&self) -> bool {
        !self.watches.is_empty()
            && self
                .watches
                .iter()
                .all(|w| w.listed || matches!(w.phase, WatchPhase::Live | WatchPhase::Refused | WatchPhase::NotServed))
    }

    /// When the newest thing shown was learnt.
    pub fn last_event_at(&self) -> Option<Time> {
        self.watches.iter().filter_map(|w| w.last_event_at).max()
    }

    /// Objects that are there and not shown because they could not be read.
    pub fn unreadable(&self) -> u64 {
        self.watches.iter().map(|watch| watch.issues).sum()
    }

    /// Settles phase, message and hint from the watches.
    pub(crate) fn settle(&mut self, server: &str) {
        if self.phase == ConnectionPhase::Closed || self.watches.is_empty() {
            return;
        }
        let in_phase = |phase: WatchPhase| self.watches.iter().filter(move |w| w.phase == phase);
        let (live, listing) = (in_phase(WatchPhase::Live).count(), in_phase(WatchPhase::Listing).count());
        let refused: Vec<&WatchState> = in_phase(WatchPhase::Refused).collect();
        let failed: Vec<&WatchState> = in_phase(WatchPhase::Failed).collect();
        // A trouble that only a person can solve is the one to show.
        let worst = failed.iter().chain(&refused).filter_map(|w| w.error.as_ref()).min_by_key(|t| match t.kind {
            TroubleKind::Plugin | TroubleKind::Credential | TroubleKind::Kubeconfig => 0,
            TroubleKind::Tls => 1,
            TroubleKind::Network => 2,
            TroubleKind::Server | TroubleKind::Busy | TroubleKind::Gone | TroubleKind::Missing => 3,
            TroubleKind::Refused => 4,
        });
        let refused_kinds = kinds(&refused);
        let (phase, message, hint) = match (live, listing, worst) {
            (0, 0, Some(trouble)) => {
                let act = match trouble.kind {
                    TroubleKind::Refused => format!("{server} refuses everything that would be watched"),
                    TroubleKind::Plugin | TroubleKind::Credential => format!("Could not log in to {server}"),
                    TroubleKind::Network | TroubleKind::Tls => format!("Could not reach {server}"),
                    _ => format!("Could not watch {server}"),
                };
                (ConnectionPhase::Failed, format!("{act}: {}.", trouble.why), trouble.hint.clone())
            }
            (_, _, Some(trouble)) if !failed.is_empty() && live + listing > 0 => {
                let message = format!(
                    "Not followed just now: {} ({}). What is shown of them is old.",
                    kinds(&failed),
                    trouble.why
                );
                (ConnectionPhase::Degraded, message, trouble.hint.clone())
            }
            (0, _, _) => (ConnectionPhase::Connecting, format!("Listing what {server} has."), String::new()),
            (_, _, Some(_)) if !refused.is_empty() => {
                let message = format!("Connected. The cluster refuses to show {refused_kinds}.");
                (ConnectionPhase::Live, message, "Ask for `list` and `watch` on them, or go on without them.".into())
            }
            (_, 0, _) => (ConnectionPhase::Live, "Connected.".into(), String::new()),
            (_, _, _) => {
                (ConnectionPhase::Live, format!("Connected; {listing} kinds are still being listed."), String::new())
            }
        };
        let trouble =
            matches!(phase, ConnectionPhase::Failed | ConnectionPhase::Degraded).then(|| worst.cloned()).flatten();
        (self.phase, self.message, self.hint, self.trouble) = (phase, message, hint, trouble);
    }
}

fn kinds(watches: &[&WatchState]) -> String {
    let mut names: Vec<&str> = watches.iter().map(|w| w.kind.as_str()).collect();
    names.dedup();
    match names.len() {
        0..=4 => names.join(", "),
        count => format!("{} and {} more kinds", names[..3].join(", "), count - 3),
    }
}
