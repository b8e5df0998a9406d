use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use history::History;
use model::{Body, Clock, ClusterId, Observation, Source, Time};
use tokio::sync::{mpsc, oneshot};

const FLUSH_EVERY: Duration = Duration::from_millis(250);
const BATCH: usize = 500;
/// How many observations wait in memory while the history cannot be written; the oldest are dropped first, and counted.
const MOST_WAITING: usize = 50_000;

enum Message {
    Keep(Box<Observation>),
    Flush(oneshot::Sender<()>),
}

/// Hands observations to the task that writes them. Waiting for room slows a watch down; nothing is lost by it.
#[derive(Clone)]
pub(super) struct Writer {
    sender: mpsc::Sender<Message>,
}

impl Writer {
    pub(super) async fn keep(&self, observation: Observation) {
        // Fails only when the connection is closed, and then nobody waits for it.
        let _ = self.sender.send(Message::Keep(Box::new(observation))).await;
    }

    /// Returns when everything that was handed over before is in the history.
    pub(super) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.sender.send(Message::Flush(done)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

/// Starts the task. It ends, after a last write, when every [`Writer`] is gone. `tell` hears whether writing works.
pub(super) fn start(
    history: Arc<History>,
    clock: Arc<dyn Clock>,
    tell: impl Fn(Option<String>) + Send + Sync + 'static,
) -> Writer {
    let (sender, mut receiver) = mpsc::channel(BATCH);
    tokio::spawn(async move {
        let mut waiting = Waiting {
            cluster: history.cluster().clone(),
            queue: VecDeque::new(),
            failing: false,
            dropped: 0,
            dropped_from: None,
        };
        let mut tick = tokio::time::interval(FLUSH_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = receiver.recv() => match message {
                    Some(Message::Keep(observation)) => {
                        waiting.add(*observation);
                        // While writing fails, the tick tries again; every arrival trying would be a storm.
                        if waiting.queue.len() >= BATCH && !waiting.failing {
                            waiting.write(&history, &*clock, &tell).await;
                        }
                    }
                    Some(Message::Flush(done)) => {
                        waiting.write(&history, &*clock, &tell).await;
                        let _ = done.send(());
                    }
                    None => break,
                },
                _ = tick.tick() => waiting.write(&history, &*clock, &tell).await,
            }
        }
        waiting.write(&history, &*clock, &tell).await;
    });
    Writer { sender }
}

struct Waiting {
    cluster: ClusterId,
    queue: VecDeque<Observation>,
    failing: bool,
    dropped: u64,
    dropped_from: Option<Time>,
}

impl Waiting {
    fn add(&mut self, observation: Observation) {
        if self.queue.len() >= MOST_WAITING
            && let Some(lost) = self.queue.pop_front()
        {
            self.dropped += 1;
            self.dropped_from = self.dropped_from.or(Some(lost.seen_at));
        }
        self.queue.push_back(observation);
    }

    async fn write(&mut self, history: &Arc<History>, clock: &dyn Clock, tell: &impl Fn(Option<String>)) {
        while !self.queue.is_empty() {
            let count = self.queue.len().min(BATCH);
            let mut batch: Vec<Observation> = self.queue.drain(..count).collect();
            if let Some(from) = self.dropped_from {
                let now = clock.now();
                let reason = "the history could not be written for a while".into();
                let gap = Body::Gap { until: now, dropped: self.dropped, reason };
                batch.push(Observation::new(self.cluster.clone(), from, now, Source::Watch, None, gap));
            }
            let history = history.clone();
            let written = tokio::task::spawn_blocking(move || {
                let result = history.append(&batch);
                (batch, result)
            })
            .await;
            match written {
                Ok((_, Ok(_))) => {
                    (self.dropped, self.dropped_from) = (0, None);
                    if std::mem::take(&mut self.failing) {
                        tell(None);
                    }
                }
                Ok((mut batch, Err(error))) => {
                    batch.truncate(count);
                    for observation in batch.into_iter().rev() {
                        self.queue.push_front(observation);
                    }
                    self.failing = true;
                    tell(Some(error.to_string()));
                    return;
                }
                // The runtime is going down.
                Err(_) => return,
            }
        }
    }
}
