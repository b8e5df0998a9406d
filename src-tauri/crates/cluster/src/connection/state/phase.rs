//! The state machine of a connection. Pure: [`fold`] takes a phase and an event and gives the next phase.

use serde::Serialize;

use crate::TroubleKind;

/// How a connection stands.
///
/// ```text
///                  ┌────────────── the engineer allows it ─────────────┐
///                  │                                                   ▼
/// Connecting ─► AwaitingTrust    a plugin runs: LoggingIn ─► Connecting ─► Live ◄─► Degraded
///     │                                  │                      ▲            │         │
///     │            no credential         ▼       renewed        │            │         │
///     ├────────────────────────────► LoggedOut ─────────────────┤◄───────────┴─────────┤ 401, plugin failed
///     │            no answer                    answers again   │                      │
///     ├────────────────────────────► Unreachable ───────────────┤◄─────────────────────┤ no watch is answered
///     │            anything else                                │                      │
///     └────────────────────────────► Failed ────────────────────┘◄─────────────────────┘
/// any ──close──► Closed
/// ```
///
/// What was seen stays shown in every phase; [`super::ConnectionState::watches`] says how old it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionPhase {
    /// Asking what is served and what is allowed, listing for the first time.
    Connecting,
    /// The kubeconfig's credential plugin may not run yet. Nothing is contacted.
    AwaitingTrust,
    /// The credential plugin runs, perhaps with a browser that waits for a person.
    LoggingIn,
    /// Every watch that may live does.
    Live,
    /// Some watches live, others do not just now.
    Degraded,
    /// The cluster is there and takes no credential of ours, or the plugin gives none. A person's to solve.
    LoggedOut,
    /// No answer, or none that can be trusted. Tried again by itself.
    Unreachable,
    /// Something else keeps every watch from living; the message says what.
    Failed,
    /// Closed by the engineer. The end.
    Closed,
}

/// What keeps a connection from living, as far as its phase is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Obstacle {
    /// The least that a person can do something about stands last.
    Trust,
    Login,
    Other,
    Network,
    Refused,
}

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A credential plugin was started.
    LoginStarted,
    /// It ended, well or not; what follows tells which.
    LoginEnded,
    /// The cluster could not be asked what it serves.
    Stopped(Obstacle),
    /// A watch changed; this is how all of them stand.
    Watched(Tally),
    /// Everything starts again: a person asked, or the machine woke up.
    Restarted,
    Closed,
}

/// How the watches of a connection stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub live: usize,
    pub listing: usize,
    pub failed: usize,
    pub refused: usize,
    /// Watches of any phase that have been listed whole before.
    pub listed: usize,
    /// The worst of what keeps watches from living.
    pub obstacle: Option<Obstacle>,
}

impl Obstacle {
    pub(crate) fn of(kind: TroubleKind) -> Self {
        match kind {
            TroubleKind::Untrusted => Obstacle::Trust,
            TroubleKind::Plugin | TroubleKind::Credential => Obstacle::Login,
            TroubleKind::Network | TroubleKind::Tls | TroubleKind::Proxy => Obstacle::Network,
            TroubleKind::Refused => Obstacle::Refused,
            TroubleKind::Missing
            | TroubleKind::Gone
            | TroubleKind::Busy
            | TroubleKind::Kubeconfig
            | TroubleKind::Server => Obstacle::Other,
        }
    }

    fn phase(self) -> ConnectionPhase {
        match self {
            Obstacle::Trust => ConnectionPhase::AwaitingTrust,
            Obstacle::Login => ConnectionPhase::LoggedOut,
            Obstacle::Network => ConnectionPhase::Unreachable,
            Obstacle::Refused | Obstacle::Other => ConnectionPhase::Failed,
        }
    }
}

impl Tally {
    /// The phase that the watches alone ask for; `None` where there is nothing to tell it by.
    pub(super) fn phase(self) -> Option<ConnectionPhase> {
        match self {
            Tally { live: 0, listing: 0, obstacle: Some(obstacle), .. } => Some(obstacle.phase()),
            Tally { live: 0, listing: 0, obstacle: None, .. } => None,
            // The first of several kinds that fail at once is no news of the rest.
            Tally { live: 0, listed: 0, .. } => Some(ConnectionPhase::Connecting),
            Tally { failed: 0, live: 0, .. } => Some(ConnectionPhase::Connecting),
            Tally { failed: 0, .. } => Some(ConnectionPhase::Live),
            Tally { .. } => Some(ConnectionPhase::Degraded),
        }
    }
}

/// The next phase. Every pair of a phase and an event is written out; what an event cannot change stays as it is.
pub(crate) fn fold(phase: ConnectionPhase, event: Event) -> ConnectionPhase {
    use ConnectionPhase::{
        AwaitingTrust, Closed, Connecting, Degraded, Failed, Live, LoggedOut, LoggingIn, Unreachable,
    };
    match (phase, event) {
        (
            Closed,
            Event::LoginStarted | Event::LoginEnded | Event::Stopped(_) | Event::Watched(_) | Event::Restarted,
        ) => Closed,
        (
            Connecting | AwaitingTrust | LoggingIn | Live | Degraded | LoggedOut | Unreachable | Failed | Closed,
            Event::Closed,
        ) => Closed,

        // A login beside watches that live is a renewal and hides nothing.
        (Live | Degraded, Event::LoginStarted | Event::LoginEnded) => phase,
        (Connecting | AwaitingTrust | LoggingIn | LoggedOut | Unreachable | Failed, Event::LoginStarted) => LoggingIn,
        (LoggingIn, Event::LoginEnded) => Connecting,
        (Connecting | AwaitingTrust | LoggedOut | Unreachable | Failed, Event::LoginEnded) => phase,

        // Only who has no watch yet stops for this; the watches of the others tell by themselves.
        (Live | Degraded, Event::Stopped(_)) => phase,
        (Connecting | AwaitingTrust | LoggingIn | LoggedOut | Unreachable | Failed, Event::Stopped(obstacle)) => {
            obstacle.phase()
        }

        // While the plugin runs, watches that have not begun say nothing.
        (LoggingIn, Event::Watched(tally)) if tally.live == 0 && tally.listing > 0 => LoggingIn,
        (
            Connecting | AwaitingTrust | LoggingIn | Live | Degraded | LoggedOut | Unreachable | Failed,
            Event::Watched(tally),
        ) => tally.phase().unwrap_or(phase),

        (Live | Degraded | LoggingIn | Connecting, Event::Restarted) => phase,
        (AwaitingTrust | LoggedOut | Unreachable | Failed, Event::Restarted) => Connecting,
    }
}
