use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::Request;
use kube::client::Body;
use model::Time;
use tokio::time::Instant;

use super::state::Event;
use super::{Again, Inner, WatchPhase};
use crate::{Trouble, TroubleKind};

/// Notices what no stream tells: that the machine slept, and that the way to the server is gone or is back.
///
/// After a sleep, and after a VPN was cut, open streams are dead and look alive. With nothing heard for a while the
/// server is asked for its version; without an answer every watch is opened again on new connections, which either works
/// or shows the trouble.
pub(super) async fn beat(inner: Arc<Inner>) {
    let patience = inner.patience.clone();
    let mut pulse = Pulse { wall: inner.clock.now(), own: Instant::now(), away: false, asked: Instant::now() };
    loop {
        tokio::time::sleep(patience.pulse).await;
        if let Some(slept) = pulse.jumped(inner.clock.now(), Instant::now(), patience.jump) {
            tracing::info!(seconds = slept.as_secs(), "the clock jumped; watches start again");
            inner.start_again().await;
            pulse.asked = Instant::now();
            continue;
        }
        let heard = inner.heard_at();
        let live = inner.any_watch(|watch| matches!(watch.phase, WatchPhase::Live | WatchPhase::Relisting));
        let unreachable = inner.any_watch(|watch| {
            watch.phase == WatchPhase::Failed && watch.error.as_ref().is_some_and(|e| e.kind == TroubleKind::Network)
        });
        let quiet = heard.max(pulse.asked).elapsed() >= patience.quiet;
        // Whoever heard something knows better.
        pulse.away &= heard <= pulse.asked;
        if !(pulse.away && unreachable || live && quiet) {
            continue;
        }
        let answered = is_there(&inner, patience.probe).await;
        pulse.asked = Instant::now();
        match (answered, pulse.away) {
            (true, false) => {}
            (true, true) => {
                tracing::info!("the server answers again; watches start again");
                pulse.away = false;
                inner.start_again().await;
            }
            (false, true) => {}
            (false, false) => {
                tracing::info!("the server does not answer; watches start again");
                pulse.away = true;
                inner.unreachable(Trouble::timed_out(patience.probe.as_secs())).await;
            }
        }
    }
}

/// Hears when everything that is open is to be opened again.
pub(crate) struct Restarts(tokio::sync::watch::Receiver<Again>);

impl Restarts {
    /// Waits for the next time; why what is open has no hope, or `None` where it is to be asked again at once.
    pub async fn next(&mut self) -> Option<Trouble> {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.0.borrow_and_update().unreachable.clone()
    }
}

struct Pulse {
    wall: Time,
    own: Instant,
    /// The server was asked and did not answer.
    away: bool,
    asked: Instant,
}

impl Pulse {
    /// How much further the wall clock went than the machine's own, where that is too much.
    fn jumped(&mut self, wall: Time, own: Instant, most: Duration) -> Option<Duration> {
        let by_wall = Duration::try_from_secs_f64(wall.seconds_since(self.wall)).unwrap_or_default();
        let ahead = by_wall.saturating_sub(own.duration_since(self.own));
        (self.wall, self.own) = (wall, own);
        (ahead > most).then_some(ahead)
    }
}

/// Any answer will do, a refusal too.
async fn is_there(inner: &Inner, within: Duration) -> bool {
    let asked = async {
        let client = inner.client().await.ok()?;
        let request = Request::get("/version").body(Body::empty()).ok()?;
        client.send(request).await.ok()
    };
    tokio::time::timeout(within, asked).await.is_ok_and(|answer| answer.is_some())
}

impl Inner {
    /// Opens every watch again, on new connections.
    pub(super) async fn start_again(&self) {
        *self.client.write().await = None;
        let now = self.clock.now();
        self.state.send_modify(|state| state.apply(Event::Restarted, &self.server, now));
        self.restart.send_replace(Again::default());
    }

    /// Ends every request, and has each tried again after a pause.
    async fn unreachable(&self, trouble: Trouble) {
        *self.client.write().await = None;
        self.restart.send_replace(Again { unreachable: Some(trouble) });
    }

    pub(crate) fn restarts(&self) -> Restarts {
        Restarts(self.restart.subscribe())
    }

    /// A watch heard something; with `current`, what is shown of it is as of now.
    pub(super) fn heard(&self, row: usize, objects: u64, current: bool) {
        let now = self.clock.now();
        self.heard_after.store(self.opened_at.elapsed().as_millis() as u64, Ordering::Relaxed);
        self.change_watch_quietly(row, |watch| {
            if current {
                watch.last_event_at = Some(now);
            }
            watch.objects = objects;
        });
    }

    fn heard_at(&self) -> Instant {
        self.opened_at + Duration::from_millis(self.heard_after.load(Ordering::Relaxed))
    }
}
