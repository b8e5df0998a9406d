//! What one plugin printed last, for everybody who runs it alike.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};
use http::header::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::plugin::{PluginError, PluginFault};

/// A token is renewed this long before it expires, or for the last quarter of a shorter life.
const EARLY: SignedDuration = SignedDuration::from_secs(60);
/// The plugin is not run again sooner after it failed, or after what it gave was refused.
pub(super) const PAUSE: Duration = Duration::from_secs(30);
/// Failing, or refused, again and again, it is run this seldom: each run may open a browser.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// The credentials that plugins printed. Connections that are given the same one log in once for all contexts that run
/// the same command of the same file: ten contexts of one user open one browser.
#[derive(Clone, Default)]
pub struct Logins(Arc<Mutex<HashMap<String, Weak<Account>>>>);

impl Logins {
    /// The account of that key; lives for as long as somebody has it.
    pub(super) fn account(&self, key: String) -> Arc<Account> {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|_, account| account.strong_count() > 0);
        if let Some(account) = accounts.get(&key).and_then(Weak::upgrade) {
            return account;
        }
        let account = Arc::new(Account::default());
        accounts.insert(key, Arc::downgrade(&account));
        account
    }
}

pub(super) type Printing = BoxFuture<'static, Result<Held, PluginError>>;
/// A run of the plugin that several wait for. It ends, and the program with it, when nobody waits any more.
pub(super) type Run = Shared<BoxFuture<'static, Result<(), PluginError>>>;

#[derive(Default)]
pub(super) struct Account {
    held: Mutex<Held>,
    running: Mutex<Option<Running>>,
}

struct Running {
    run: WeakShared<BoxFuture<'static, Result<(), PluginError>>>,
    /// Ends it for a newer attempt.
    stop: Arc<Notify>,
}

#[derive(Default)]
pub(super) struct Held {
    pub token: Option<HeaderValue>,
    pub certificate: Option<(String, String)>,
    pub expires_at: Option<Timestamp>,
    obtained_at: Option<Timestamp>,
    /// Counts what was obtained, so that several who were refused with the same credential renew it once.
    pub generation: u64,
    /// The last failure, which stands for a while.
    failed: Option<(Instant, PluginError)>,
    /// How often it failed in a row.
    failures: u32,
    /// Somebody says that what is held is no good.
    void: bool,
}

impl Held {
    /// What a plugin printed just now.
    pub(super) fn printed(
        token: Option<HeaderValue>,
        certificate: Option<(String, String)>,
        expires_at: Option<Timestamp>,
    ) -> Self {
        Held { token, certificate, expires_at, obtained_at: Some(Timestamp::now()), ..Held::default() }
    }

    pub(super) fn is_stale(&self) -> bool {
        let expiring = self.expires_at.zip(self.obtained_at).is_some_and(|(end, start)| {
            let early = EARLY.min(end.duration_since(start) / 4).max(SignedDuration::ZERO);
            Timestamp::now() + early >= end
        });
        self.generation == 0 || self.void || expiring
    }

    /// The last failure, for as long as nothing is to be tried again by itself.
    pub(super) fn standing(&self) -> Option<PluginError> {
        let (at, error) = self.failed.as_ref()?;
        let pause = match error.fault {
            // Nobody was there. Whoever comes asks.
            PluginFault::TimedOut => Duration::MAX,
            PluginFault::Failed => pause_after(self.failures),
            PluginFault::Missing | PluginFault::Untrusted | PluginFault::Overtaken => PAUSE,
        };
        (at.elapsed() < pause).then(|| error.clone())
    }

    fn failed(&mut self, error: &PluginError) {
        if error.fault != PluginFault::Overtaken {
            self.failed = Some((Instant::now(), error.clone()));
            self.failures += 1;
        }
    }
}

/// How long nothing is tried after so many attempts in a row that did not help.
pub(super) fn pause_after(attempts: u32) -> Duration {
    (PAUSE * 2u32.pow(attempts.saturating_sub(1).min(8))).min(LONGEST_PAUSE)
}

impl Account {
    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run that goes on just now.
    pub(super) fn run(&self) -> Option<Run> {
        self.running().as_ref().and_then(|running| running.run.upgrade())
    }

    /// Joins the run that goes on, or begins one that does `print`. `overtaken` is what it ends with when
    /// [`Account::retry`] stops it.
    pub(super) fn join_or_run(self: &Arc<Self>, print: Printing, overtaken: PluginError) -> Run {
        let mut running = self.running();
        if let Some(run) = running.as_ref().and_then(|running| running.run.upgrade()) {
            return run;
        }
        let stop = Arc::new(Notify::new());
        let (account, stopped) = (Arc::clone(self), Arc::clone(&stop));
        let run = async move {
            let printed = tokio::select! {
                printed = print => printed,
                () = stopped.notified() => Err(overtaken),
            };
            let mut running = account.running();
            // A newer run has the place of one that was overtaken.
            if running.as_ref().is_some_and(|running| Arc::ptr_eq(&running.stop, &stopped)) {
                *running = None;
            }
            let mut held = account.held();
            match printed {
                Ok(printed) => {
                    let generation = held.generation + 1;
                    *held = Held { generation, ..printed };
                    Ok(())
                }
                Err(error) => {
                    held.failed(&error);
                    Err(error)
                }
            }
        };
        let run = run.boxed().shared();
        *running = run.downgrade().map(|run| Running { run, stop });
        run
    }

    /// Somebody says that it is worth trying again now; `anew` with another credential, and in place of a plugin that
    /// runs just now.
    pub(super) fn retry(&self, anew: bool) {
        let stopped = if anew { self.running().take() } else { None };
        let mut held = self.held();
        (held.failed, held.failures) = (None, 0);
        held.void |= anew;
        drop(held);
        if let Some(running) = stopped {
            running.stop.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(fault: PluginFault) -> PluginError {
        PluginError { why: "no".into(), hint: String::new(), fault }
    }

    #[test]
    fn a_plugin_that_fails_runs_ever_more_seldom_and_one_that_nobody_answered_waits_for_somebody() {
        let mut held = Held::default();
        assert!(held.standing().is_none());
        let Some(half_an_hour_ago) = Instant::now().checked_sub(Duration::from_secs(1800)) else { return };
        let minute = Duration::from_secs(60);
        for (failures, stands_for_a_minute) in [(1, false), (2, false), (4, true), (30, true)] {
            held.failed = Some((half_an_hour_ago + 29 * minute, error(PluginFault::Failed)));
            held.failures = failures;
            assert_eq!(held.standing().is_some(), stands_for_a_minute, "{failures}");
            held.failed = Some((half_an_hour_ago, error(PluginFault::Failed)));
            assert!(held.standing().is_none(), "in the end it is tried again");
        }
        held.failed = Some((half_an_hour_ago, error(PluginFault::TimedOut)));
        assert!(held.standing().is_some());
        held.failed(&error(PluginFault::Overtaken));
        assert_eq!(held.standing(), Some(error(PluginFault::TimedOut)), "that it was stopped is no failure");
    }

    #[test]
    fn one_key_is_one_account_for_as_long_as_somebody_has_it() {
        let logins = Logins::default();
        let (mine, yours, other) = (logins.account("a".into()), logins.account("a".into()), logins.account("b".into()));
        assert!(Arc::ptr_eq(&mine, &yours) && !Arc::ptr_eq(&mine, &other));
        mine.held().generation = 3;
        drop((mine, yours));
        assert_eq!(logins.account("a".into()).held().generation, 0, "what nobody uses is not kept");
    }
}
