use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use kube::client::Body;
use kube::config::{Cluster, ExecConfig};
use redact::Redactor;
use tower::filter::AsyncPredicate;

use super::Step;
use super::account::{self, Account, Held};
use crate::plugin::{self, PluginError, PluginFault};
use crate::trust::{ExecCommand, Terms, Trust};
use crate::{SearchPath, Trouble, TroubleKind};

/// The list of a cluster's extensions has this one for plugins.
const PLUGINS_EXTENSION: &str = "client.authentication.k8s.io/exec";

/// One connection's way to a credential plugin. What the plugin printed is in the account, which other connections of the
/// same user have too.
pub(super) struct Exec {
    config: ExecConfig,
    command: ExecCommand,
    /// What it is told of the cluster, where the kubeconfig asks for that.
    cluster: Option<serde_json::Value>,
    terms: Terms,
    search: Arc<SearchPath>,
    redactor: Arc<Redactor>,
    takes_at_most: std::time::Duration,
    tell: Arc<dyn Fn(Step) + Send + Sync>,
    /// How many of this connection wait for the plugin.
    waiting: AtomicUsize,
    account: Arc<Account>,
    refused: Mutex<Refused>,
}

/// How often this cluster refused what the plugin gave, and when it did last.
#[derive(Default)]
struct Refused {
    at: Option<Instant>,
    times: u32,
}

impl Refused {
    fn is_too_soon(&self) -> bool {
        self.at.is_some_and(|at| at.elapsed() < account::pause_after(self.times))
    }

    fn once_more(&mut self) {
        // What was good for a while was no useless renewal.
        let helped = self.at.is_none_or(|at| at.elapsed() > 2 * account::pause_after(self.times));
        self.times = if helped { 1 } else { self.times + 1 };
        self.at = Some(Instant::now());
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
        // Asked otherwise, it may answer otherwise.
        let told = cluster.as_ref().map(ToString::to_string).unwrap_or_default();
        let version = config.api_version.as_deref().unwrap_or_default();
        let key = model::digest_hex(&[command.digest.as_bytes(), version.as_bytes(), told.as_bytes()]);
        Arc::new(Exec {
            config,
            command,
            cluster,
            terms: parts.terms.clone(),
            search: Arc::clone(&parts.search),
            redactor: Arc::clone(&parts.redactor),
            takes_at_most: parts.takes_at_most,
            tell: Arc::clone(&parts.tell),
            waiting: AtomicUsize::new(0),
            account: parts.terms.logins.account(key),
            refused: Mutex::default(),
        })
    }

    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.account.held()
    }

    /// Runs the plugin where what is held is too old, as `is_old` says it; waits for it where somebody else has it run.
    pub(super) async fn obtain(&self, is_old: impl Fn(&Held) -> bool) -> Result<(), PluginError> {
        if !is_old(&self.held()) {
            return Ok(());
        }
        let standing = self.held().standing();
        if let (None, Some(error)) = (self.account.run(), standing) {
            return Err(error);
        }
        self.allowed()?;
        let overtaken = PluginError {
            why: format!("`{}` was stopped for a new login", self.command.line()),
            hint: String::new(),
            fault: PluginFault::Overtaken,
        };
        let run = {
            let run = self.account.join_or_run(self.print().boxed(), overtaken);
            // Somebody else's run may have ended since it was looked at.
            if !is_old(&self.held()) {
                return Ok(());
            }
            run
        };
        let _waiting = Waiting::begin(self);
        run.await
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

    /// Runs the plugin and gives what it printed.
    fn print(&self) -> impl Future<Output = Result<Held, PluginError>> + Send + 'static {
        let (config, cluster, line) = (self.config.clone(), self.cluster.clone(), self.command.line());
        let (search, redactor, takes_at_most) =
            (Arc::clone(&self.search), Arc::clone(&self.redactor), self.takes_at_most);
        async move {
            let credential = plugin::run(&config, cluster, &search, &redactor, takes_at_most).await?;
            let token = match credential.token {
                Some(token) => Some(super::bearer(&token).ok_or_else(|| PluginError {
                    why: format!("`{line}` printed a token with forbidden characters"),
                    hint: "Run it in a terminal to see.".into(),
                    fault: PluginFault::Failed,
                })?),
                None => None,
            };
            Ok(Held::printed(token, credential.certificate, credential.expires_at))
        }
    }

    /// Obtains a new credential because the cluster refused the one of `generation`; gives whether there is another one
    /// now. A cluster that refuses every credential does not have the plugin run, and perhaps a browser open, again and
    /// again.
    pub(super) async fn renew(&self, generation: u64) -> Result<bool, PluginError> {
        if self.held().generation != generation {
            return Ok(true);
        }
        if self.account.run().is_none() {
            let mut refused = self.refused();
            if refused.is_too_soon() {
                return Ok(false);
            }
            refused.once_more();
        }
        self.obtain(|held| held.generation == generation).await?;
        Ok(true)
    }

    fn refused(&self) -> MutexGuard<'_, Refused> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody says that it is worth trying again now; `anew` with another credential.
    pub(super) fn retry(&self, anew: bool) {
        *self.refused() = Refused::default();
        self.account.retry(anew);
    }
}

/// Tells that this connection waits for the plugin, whoever has it run.
struct Waiting<'e>(&'e Exec);

impl<'e> Waiting<'e> {
    fn begin(exec: &'e Exec) -> Self {
        if exec.waiting.fetch_add(1, Ordering::SeqCst) == 0 {
            (exec.tell)(Step::Running(exec.command.line()));
        }
        Waiting(exec)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.0.waiting.fetch_sub(1, Ordering::SeqCst) == 1 {
            (self.0.tell)(Step::Ended);
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
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_cluster_that_refuses_what_was_renewed_has_it_renewed_ever_more_seldom() {
        let Some(long_ago) = Instant::now().checked_sub(Duration::from_secs(3600)) else { return };
        let mut refused = Refused::default();
        assert!(!refused.is_too_soon(), "the first refusal is answered at once");
        refused.once_more();
        assert!(refused.is_too_soon());
        refused.at = Some(long_ago + Duration::from_secs(3600) - account::PAUSE);
        assert!(!refused.is_too_soon());
        refused.once_more();
        refused.at = Some(long_ago + Duration::from_secs(3600) - account::PAUSE);
        assert!(refused.is_too_soon(), "the renewal did not help");
        refused.at = Some(long_ago);
        refused.once_more();
        assert_eq!(refused.times, 1, "what was good for an hour was a good renewal");
    }
}
