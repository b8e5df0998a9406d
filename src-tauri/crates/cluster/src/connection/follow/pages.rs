//! What makes a list in pages quick: the next page is on its way while one comes, and objects are read on every processor.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use model::ChangeKind;
use redact::Redactor;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::{Asked, Follow, Question};
use crate::Kind;
use crate::arrival::{Decoder, How, Incoming};
use crate::connection::ask::Answer;
use crate::connection::watch::NEXT_PAGES;

/// Bytes of objects that are read together: about a millisecond's work, some ten pods.
const BATCH: usize = 128 << 10;
/// So many batches of a page are read at once: one for each processor, and few on the largest machine.
static AT_ONCE: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, |processors| processors.get().min(4)));
/// Objects of a list that comes slowly are not kept waiting for others.
const SHOWN_AFTER: Duration = Duration::from_millis(20);

/// The next page, asked for while the one before it still comes, so that the server encodes while we read. It waits
/// unread, in the buffers of its connection.
pub(super) struct Ahead {
    from: String,
    /// One task; dropped, it ends.
    asked: JoinSet<Asked>,
}

impl Ahead {
    /// The answer, where it is one to this question.
    pub(super) async fn answers(self, question: &Question) -> Option<Asked> {
        let Ahead { from, mut asked } = self;
        match question {
            Question::Page { from: Some(wanted), .. } if *wanted == from => asked.join_next().await?.ok(),
            Question::Page { .. } | Question::StreamAll { .. } | Question::Changes { .. } => None,
        }
    }
}

/// An object, or what is odd about it.
type Read = Result<Incoming, String>;

/// Objects of a page between their last byte and being taken in, in order.
pub(super) struct Readers {
    kind: Arc<Kind>,
    redactor: Arc<Redactor>,
    bytes: Vec<u8>,
    /// Where each object ends.
    ends: Vec<usize>,
    /// When the first of them came.
    since: Option<Instant>,
    busy: VecDeque<JoinHandle<Vec<Read>>>,
}

impl Readers {
    pub(super) fn new(kind: &Kind, redactor: &Arc<Redactor>) -> Self {
        Readers {
            kind: Arc::new(kind.clone()),
            redactor: redactor.clone(),
            bytes: Vec::new(),
            ends: Vec::new(),
            since: None,
            busy: VecDeque::new(),
        }
    }

    pub(super) fn push(&mut self, object: &[u8]) {
        self.since.get_or_insert_with(Instant::now);
        self.bytes.extend_from_slice(object);
        self.ends.push(self.bytes.len());
    }

    /// When what waits is to be read, even if nothing more comes.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + SHOWN_AFTER)
    }

    /// Forgets what belongs to a list that nobody waits for any more.
    pub(super) fn forget(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.since = None;
        self.busy.clear();
    }

    fn begin(&mut self) {
        self.since = None;
        if self.ends.is_empty() {
            return;
        }
        let (bytes, ends) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.ends));
        let (kind, redactor) = (self.kind.clone(), self.redactor.clone());
        self.busy.push_back(tokio::spawn(async move {
            let decoder = Decoder { kind: &kind, redactor: &redactor };
            let mut from = 0;
            let objects = ends.into_iter().map(|end| {
                let object = &bytes[from..end];
                from = end;
                decoder.item(object).map_err(|error| error.to_string())
            });
            objects.collect()
        }));
    }

    /// The oldest batch, once it is read: any with `all`, otherwise only as many as there are too many of.
    async fn next(&mut self, all: bool) -> Option<Vec<Read>> {
        if all || self.bytes.len() >= BATCH {
            self.begin();
        }
        let wanted = all || self.busy.len() > *AT_ONCE || self.busy.front().is_some_and(JoinHandle::is_finished);
        let batch = if wanted { self.busy.front_mut()?.await } else { return None };
        self.busy.pop_front();
        // A reader that panicked is no reason to say that its objects were not there.
        Some(batch.unwrap_or_else(|error| vec![Err(format!("it was not read to its end: {error}"))]))
    }
}

impl Follow {
    /// Asks for the page after the one that comes, as soon as that says that there is one.
    pub(super) fn ask_ahead(&mut self, answer: &mut Answer) {
        if let Some(from) = answer.next_page() {
            let mut asked = JoinSet::new();
            asked.spawn(self.asking(Question::Page { limit: NEXT_PAGES, from: Some(from.clone()) }));
            self.ahead = Some(Ahead { from, asked });
        }
    }

    /// Takes in what was read of a page; with `all`, everything that came of it.
    pub(super) async fn take_in_read(&mut self, all: bool) {
        while let Some(batch) = self.readers.next(all).await {
            for object in batch {
                match object {
                    Ok(incoming) => self.arrive(incoming, How::Listed, ChangeKind::Present).await,
                    Err(odd) => self.issue(&format!("an object could not be read: {odd}")),
                }
            }
        }
    }
}
