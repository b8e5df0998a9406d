//! Events folded by what they are about and their reason, so that a storm of them costs little. Pure.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use model::{EventBody, ObjectRef, Time, digest_hex};

/// How many kinds of message are kept apart under one subject and reason. A probe's readiness and liveness are two, the
/// thousand addresses that a storm of them names are one.
const MOST_VARIANTS: usize = 8;
/// A fold that only grows is told again no sooner.
const TELL_AGAIN_SECONDS: f64 = 1.0;
/// API servers forget Events after an hour; one that is listed again is not counted twice for at least so long.
const FORGOTTEN_AFTER_SECONDS: f64 = 2.0 * 3600.0;

/// What is known of the Events of one cluster.
#[derive(Default)]
pub(crate) struct Events {
    /// By a hash of subject, its uid, type and reason.
    folds: HashMap<u64, Vec<Fold>>,
    /// Folds that have grown since they were told.
    untold: Vec<(u64, u64)>,
}

struct Fold {
    subject: ObjectRef,
    /// A hash of the message without its numbers.
    variant: u64,
    /// The count of each Event, by a hash of its uid; sorted.
    counts: Vec<(u64, u32)>,
    /// The newest message, the sum of the counts.
    body: EventBody,
    told_at: Option<Time>,
    untold: bool,
}

impl Events {
    /// Takes an Event in. What is to be told of it now, if anything; the rest is told by [`Events::due`].
    pub(crate) fn take(&mut self, subject: &ObjectRef, event: EventBody, now: Time) -> Option<EventBody> {
        let key = hash(&(subject, &event.subject_uid, &event.event_type, &event.reason));
        let variant = hash(&variant(&event.message));
        let variants = self.folds.entry(key).or_default();
        let place = variants.iter().position(|fold| fold.variant == variant);
        let place = place.or_else(|| {
            let full = variants.len() >= MOST_VARIANTS;
            let newest = || (0..variants.len()).max_by_key(|place| variants[*place].body.last_at);
            full.then(newest).flatten()
        });
        let Some(place) = place else {
            let mut body = event;
            let counts = vec![(hash(&body.uid), body.count)];
            body.uid = identity(subject, &body, variant).into();
            let told = body.clone();
            let subject = subject.clone();
            variants.push(Fold { subject, variant, counts, body, told_at: Some(now), untold: false });
            return Some(told);
        };
        let fold = &mut variants[place];
        if !fold.add(event) {
            return None;
        }
        let early = fold.told_at.is_some_and(|at| now.seconds_since(at) < TELL_AGAIN_SECONDS);
        if early {
            if !std::mem::replace(&mut fold.untold, true) {
                self.untold.push((key, fold.variant));
            }
            return None;
        }
        (fold.told_at, fold.untold) = (Some(now), false);
        Some(fold.body.clone())
    }

    /// Whether something waits to be told.
    pub(crate) fn wait(&self) -> bool {
        !self.untold.is_empty()
    }

    /// What has grown since it was told.
    pub(crate) fn due(&mut self, now: Time) -> Vec<(ObjectRef, EventBody)> {
        let mut due = Vec::new();
        for (key, variant) in std::mem::take(&mut self.untold) {
            let fold = self.folds.get_mut(&key).and_then(|all| all.iter_mut().find(|fold| fold.variant == variant));
            if let Some(fold) = fold.filter(|fold| fold.untold) {
                (fold.told_at, fold.untold) = (Some(now), false);
                due.push((fold.subject.clone(), fold.body.clone()));
            }
            self.drop_empty(key);
        }
        due
    }

    /// The server has forgotten an Event: it will not tell of it again.
    pub(crate) fn expired(&mut self, subject: &ObjectRef, event: &EventBody) {
        let key = hash(&(subject, &event.subject_uid, &event.event_type, &event.reason));
        let Some(variants) = self.folds.get_mut(&key) else { return };
        let uid = hash(&event.uid);
        for fold in variants.iter_mut() {
            fold.counts.retain(|(counted, _)| *counted != uid);
        }
        self.drop_empty(key);
    }

    /// Forgets the folds of which the server has no Event any more, once they were told.
    fn drop_empty(&mut self, key: u64) {
        let Some(variants) = self.folds.get_mut(&key) else { return };
        variants.retain(|fold| fold.untold || !fold.counts.is_empty());
        if variants.is_empty() {
            self.folds.remove(&key);
        }
    }

    /// Forgets what the server has forgotten too.
    pub(crate) fn forget(&mut self, now: Time) {
        self.folds.retain(|_, variants| {
            variants.retain(|fold| fold.untold || now.seconds_since(fold.body.last_at) < FORGOTTEN_AFTER_SECONDS);
            !variants.is_empty()
        });
    }

    pub(crate) fn len(&self) -> usize {
        self.folds.values().map(Vec::len).sum()
    }
}

impl Fold {
    /// Whether the Event tells anything new.
    fn add(&mut self, event: EventBody) -> bool {
        let uid = hash(&event.uid);
        let grown = match self.counts.binary_search_by_key(&uid, |(uid, _)| *uid) {
            Ok(at) => {
                let grown = event.count.saturating_sub(self.counts[at].1);
                self.counts[at].1 += grown;
                grown
            }
            Err(at) => {
                self.counts.insert(at, (uid, event.count));
                event.count
            }
        };
        let newer = event.last_at > self.body.last_at;
        if grown == 0 && !newer {
            return false;
        }
        self.body.count = self.body.count.saturating_add(grown);
        self.body.first_at = self.body.first_at.min(event.first_at);
        if event.last_at >= self.body.last_at {
            self.body.last_at = event.last_at;
            self.body.message = event.message;
            self.body.reporter = event.reporter;
        }
        true
    }
}

/// The same for the same cluster's Events whenever it is opened.
fn identity(subject: &ObjectRef, event: &EventBody, variant: u64) -> String {
    let subject = subject.to_string();
    let uid = event.subject_uid.as_deref().unwrap_or_default();
    let parts: [&[u8]; 5] = [
        subject.as_bytes(),
        uid.as_bytes(),
        event.event_type.as_bytes(),
        event.reason.as_bytes(),
        &variant.to_le_bytes(),
    ];
    format!("folded:{}", digest_hex(&parts))
}

/// A message without what differs from one time to the next: numbers, addresses, ids.
fn variant(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    for word in message.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        if bare.bytes().any(|byte| byte.is_ascii_digit()) {
            text.push('#');
            text.push_str(&word[bare.len()..]);
        } else {
            text.push_str(word);
        }
    }
    text
}

/// Without a random key, because [`identity`] is made from it.
fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
