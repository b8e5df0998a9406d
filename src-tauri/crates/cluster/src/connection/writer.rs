use std::sync::Arc;
use std::time::Duration;

use history::History;
use model::{Clock, Observation};
use tokio::sync::oneshot;

/// How long a listing waits before it asks again whether there is room.
const ROOM_AGAIN: Duration = Duration::from_millis(10);

/// Hands observations to the history's writer, which never keeps a watch waiting.
#[derive(Clone)]
pub(super) struct Writer {
    /// `None` where the system gave no thread to write on.
    thread: Option<history::Writer>,
    history: Arc<History>,
    /// How often somebody waited for everything to be written.
    #[cfg(test)]
    pub flushed: Arc<std::sync::atomic::AtomicUsize>,
}

impl Writer {
    pub(super) fn keep(&self, observation: Observation) {
        match &self.thread {
            Some(thread) => thread.keep(observation),
            None => {
                if let Err(error) = self.history.append(std::slice::from_ref(&observation)) {
                    tracing::error!(%error, "an observation is lost");
                }
            }
        }
    }

    /// Waits until a listing may hand over more: it brings thousands at once, and can wait.
    pub(super) async fn room(&self) {
        while self.thread.as_ref().is_some_and(|thread| !thread.has_room()) {
            tokio::time::sleep(ROOM_AGAIN).await;
        }
    }

    /// Returns when everything that was handed over before can be read from the history.
    pub(super) async fn flush(&self) {
        #[cfg(test)]
        self.flushed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let Some(thread) = &self.thread else { return };
        let (done, wait) = oneshot::channel();
        thread.flush(move |_| {
            let _ = done.send(());
        });
        let _ = wait.await;
    }
}

/// Starts the thread. It ends, after a last write, when every [`Writer`] is gone. `tell` hears whether writing works.
pub(super) fn start(
    history: Arc<History>,
    clock: Arc<dyn Clock>,
    tell: impl Fn(Option<String>) + Send + 'static,
) -> Writer {
    let thread = history::Writer::start(Arc::clone(&history), clock, tell)
        .inspect_err(|error| tracing::error!(%error, "no thread for the history; every observation is written at once"))
        .ok();
    Writer {
        thread,
        history,
        #[cfg(test)]
        flushed: Arc::default(),
    }
}
