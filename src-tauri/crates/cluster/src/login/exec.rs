use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use http::header::{AUTHORIZATION, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use kube::client::Body;
use kube::config::{Cluster, ExecConfig};
use redact::Redactor;
use tokio::sync::Notify;
use tower::filter::AsyncPredicate;

use super::Step;
use crate::plugin::{self, PluginError, PluginFault};
use crate::trust::{ExecCommand, Terms, Trust};
use crate::{SearchPath, Trouble, TroubleKind};

/// A token is renewed this long before it expires, or for the last quarter of a shorter life.
const EARLY: SignedDuration = SignedDuration::from_secs(60);
/// The plugin is not run again sooner after it failed, or after what it gave was refused.
const PAUSE: Duration = Duration::from_secs(30);
/// Failing again and again, it is run this seldom: each run may open a browser.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// The list of a cluster's extensions has this one for plugins.
const PLUGINS_EXTENSION: &str = "client.authentication.k8s.io/exec";

/// A credential plugin and what it printed last.
pub(super) struct Exec {
    config: ExecConfig,
    command: ExecCommand,
    /// What it is told of the cluster, where the kubeconfig asks for that.
    cluster: Option<serde_json::Value>,
    terms: Terms,
    search: Arc<SearchPath>,
    redactor: Arc<Redactor>,
    takes_at_most: Duration,
    tell: Arc<dyn Fn(Step) + Send + Sync>,
    held: Mutex<Held>,
    /// Two dozen watches that need a login at once get one.
    turn: tokio::sync::Mutex<()>,
    /// Stops the plugin that runs just now.
    overtaken: Notify,
}

#[derive(Default)]
pub(super) struct Held {
    pub token: Option<HeaderValue>,
    pub certificate: Option<(String, String)>,
    pub expires_at: Option<Timestamp>,
    obtained_at: Option<Timestamp>,
    /// Counts what was obtained, so that several who were refused with the same credential renew it once.
    pub generation: u64,
    /// When it was last renewed because the cluster refused it.
    renewed: Option<Instant>,
    /// The last failure, which stands for a while.
    failed: Option<(Instant, PluginError)>,
    /// How often it failed in a row.
    failures: u32,
    /// Somebody says that what is held is no good.
    void: bool,
}

impl Held {
    pub(super) fn is_stale(&self) -> bool {
        let expiring = self.expires_at.zip(self.obtained_at).is_some_and(|(end, start)| {
            let early = EARLY.min(end.duration_since(start) / 4).max(SignedDuration::ZERO);
            Timestamp::now() + early >= end
        });
        self.generation == 0 || self.void || expiring
    }

    /// The last failure, for as long as nothing is to be tried again by itself.
    fn standing(&self) -> Option<PluginError> {
        let (at, error) = self.failed.as_ref()?;
        let pause = match error.fault {
            // Nobody was there. Whoever comes asks.
            PluginFault::TimedOut => Duration::MAX,
            PluginFault::Failed => (PAUSE * 2u32.pow(self.failures.saturating_sub(1).min(8))).min(LONGEST_PAUSE),
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

impl Exec {
    pub(super) fn new(
        config: ExecConfig,
        command: ExecCommand,
        cluster: Option<&Cluster>,
        parts: &super::Parts,
    ) -> Arc<Exec> {
        let cluster = config.provide_cluster_info.then(|| about(cluster));
        Arc::new(Exec {
            config,
            command,
            cluster,
            terms: parts.terms.clone(),
            search: Arc::clone(&parts.search),
            redactor: Arc::clone(&parts.redactor),
            takes_at_most: parts.takes_at_most,
            tell: Arc::clone(&parts.tell),
            held: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            overtaken: Notify::new(),
        })
    }

    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the plugin where what is held is too old, as `is_old` says it.
    pub(super) async fn obtain(&self, is_old: impl Fn(&Held) -> bool) -> Result<(), PluginError> {
        let _turn = self.turn.lock().await;
        {
            let held = self.held();
            if !is_old(&held) {
                return Ok(());
            }
            if let Some(error) = held.standing() {
                return Err(error);
            }
        }
        self.allowed()?;
        (self.tell)(Step::Running(self.command.line()));
        let result = tokio::select! {
            result = self.run() => result,
            () = self.overtaken.notified() => Err(PluginError {
                why: format!("`{}` was stopped for a new login", self.command.line()),
                hint: String::new(),
                fault: PluginFault::Overtaken,
            }),
        };
        (self.tell)(Step::Ended);
        if let Err(error) = &result {
            self.held().failed(error);
        }
        result
    }

    /// Refused without running anything where the engineer has not said that it may run.
    fn allowed(&self) -> Result<(), PluginError> {
        let line = self.command.line();
        let untrusted = |why, hint: &str| Err(PluginError { why, hint: hint.into(), fault: PluginFault::Untrusted });
        match (self.terms.trust)(&self.command) {
            Trust::Trusted => Ok(()),
            Trust::Undecided => untrusted(
                format!("the kubeconfig `{}` runs `{line}` to log in, which was not allowed yet", self.command.source),
                "Look at the command and allow it, then it runs.",
            ),
            Trust::Refused => untrusted(
                format!(
                    "the kubeconfig `{}` runs `{line}` to log in, and you said that it must not",
                    self.command.source
                ),
                "Allow it after all, or remove the kubeconfig.",
            ),
        }
    }

    async fn run(&self) -> Result<(), PluginError> {
        let credential =
            plugin::run(&self.config, self.cluster.clone(), &self.search, &self.redactor, self.takes_at_most).await?;
        let token = match credential.token {
            Some(token) => Some(super::bearer(&token).ok_or_else(|| PluginError {
                why: format!("`{}` printed a token with forbidden characters", self.command.line()),
                hint: "Run it in a terminal to see.".into(),
                fault: PluginFault::Failed,
            })?),
            None => None,
        };
        let mut held = self.held();
        *held = Held {
            token,
            certificate: credential.certificate,
            expires_at: credential.expires_at,
            obtained_at: Some(Timestamp::now()),
            generation: held.generation + 1,
            renewed: held.renewed,
            failed: None,
            failures: 0,
            void: false,
        };
        Ok(())
    }

    /// Obtains a new credential because the cluster refused the one of `generation`. A cluster that refuses every
    /// credential does not have the plugin run, and perhaps a browser open, again and again.
    pub(super) async fn renew(&self, generation: u64) -> Result<(), PluginError> {
        {
            let mut held = self.held();
            let lately = held.renewed.is_some_and(|at| at.elapsed() < PAUSE);
            if held.generation != generation || lately {
                return Ok(());
            }
            held.renewed = Some(Instant::now());
        }
        self.obtain(|held| held.generation == generation).await
    }

    /// Somebody says that it is worth trying again now; `anew` with another credential.
    pub(super) fn retry(&self, anew: bool) {
        let mut held = self.held();
        (held.renewed, held.failed, held.failures) = (None, None, 0);
        if anew {
            held.void = true;
            drop(held);
            self.overtaken.notify_waiters();
        }
    }
}

fn about(cluster: Option<&Cluster>) -> serde_json::Value {
    let Some(cluster) = cluster else { return serde_json::json!({}) };
    let authority = cluster.certificate_authority_data.clone().or_else(|| {
        let bytes = std::fs::read(cluster.certificate_authority.as_ref()?).ok()?;
        Some(super::base64(&bytes))
    });
    let extensions = cluster.extensions.iter().flatten();
    let config = extensions.filter(|e| e.name == PLUGINS_EXTENSION).map(|e| e.extension.clone()).next();
    let mut told = serde_json::Map::new();
    let mut tell = |key: &str, value: Option<serde_json::Value>| {
        if let Some(value) = value {
            told.insert(key.into(), value);
        }
    };
    tell("server", cluster.server.clone().map(Into::into));
    tell("tls-server-name", cluster.tls_server_name.clone().map(Into::into));
    tell("insecure-skip-tls-verify", cluster.insecure_skip_tls_verify.map(Into::into));
    tell("certificate-authority-data", authority.map(Into::into));
    tell("proxy-url", cluster.proxy_url.clone().map(Into::into));
    tell("config", config);
    told.into()
}

/// Adds the plugin's token to every request, renewing it first where it is about to expire.
#[derive(Clone)]
pub(super) struct Carry {
    pub exec: Arc<Exec>,
    /// The generation whose certificate the client was made with.
    pub made_with: u64,
}

impl AsyncPredicate<http::Request<Body>> for Carry {
    type Future = BoxFuture<'static, Result<http::Request<Body>, tower::BoxError>>;
    type Request = http::Request<Body>;

    fn check(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let Carry { exec, made_with } = self.clone();
        Box::pin(async move {
            let stale = exec.held().is_stale();
            if stale {
                exec.obtain(Held::is_stale).await?;
            }
            let held = exec.held();
            if held.certificate.is_some() && held.generation != made_with {
                // A certificate belongs to the connection: this client has the old one.
                let why = "the client certificate was renewed meanwhile";
                return Err(Trouble::new(TroubleKind::Credential, why, "It connects again by itself.").into());
            }
            if let Some(token) = &held.token {
                request.headers_mut().insert(AUTHORIZATION, token.clone());
            }
            Ok(request)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_fails_runs_ever_more_seldom_and_one_that_nobody_answered_waits_for_somebody() {
        let error = |fault| PluginError { why: "no".into(), hint: String::new(), fault };
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
}
