use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use http::header::{AUTHORIZATION, HeaderValue, USER_AGENT};
use jiff::{SignedDuration, Timestamp};
use kube::client::{Body, ClientBuilder};
use kube::config::{AuthInfo, ExecConfig, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use redact::Redactor;
use tokio::sync::Mutex;
use tower::filter::{AsyncFilterLayer, AsyncPredicate};

use crate::plugin::{self, PluginError};
use crate::{Context, SearchPath, proxy};

/// A token is renewed this long before it expires.
const EARLY: SignedDuration = SignedDuration::from_secs(60);
/// The plugin is not run again sooner after it failed, or after what it gave was refused.
const PAUSE: Duration = Duration::from_secs(30);

/// Makes clients for one context, and keeps the credential that its plugin printed.
pub(crate) struct Login {
    config: Arc<Kubeconfig>,
    exec: Option<Arc<Exec>>,
}

struct Exec {
    config: ExecConfig,
    cluster: Option<serde_json::Value>,
    search: Arc<SearchPath>,
    redactor: Arc<Redactor>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    token: Option<HeaderValue>,
    certificate: Option<(String, String)>,
    expires_at: Option<Timestamp>,
    /// Counts what was obtained, so that several who were refused with the same credential renew it once.
    generation: u64,
    /// When it was last renewed because the cluster refused it.
    renewed: Option<Instant>,
    /// The last failure, which stands for a while.
    failed: Option<(Instant, PluginError)>,
}

/// Adds the plugin's token to every request, renewing it first where it is about to expire.
#[derive(Clone)]
struct Bearer(Arc<Exec>);

impl AsyncPredicate<http::Request<Body>> for Bearer {
    type Future = BoxFuture<'static, Result<http::Request<Body>, tower::BoxError>>;
    type Request = http::Request<Body>;

    fn check(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let exec = self.0.clone();
        Box::pin(async move {
            let mut held = exec.held.lock().await;
            if held.is_stale() {
                exec.obtain(&mut held).await?;
            }
            if let Some(token) = &held.token {
                request.headers_mut().insert(AUTHORIZATION, token.clone());
            }
            Ok(request)
        })
    }
}

impl Held {
    fn is_stale(&self) -> bool {
        let expiring = self.expires_at.is_some_and(|at| Timestamp::now() + EARLY >= at);
        self.generation == 0 || expiring
    }
}

impl Exec {
    /// Runs the plugin; two dozen watches that need a login at once get one.
    async fn obtain(&self, held: &mut Held) -> Result<(), PluginError> {
        if let Some((at, error)) = &held.failed
            && at.elapsed() < PAUSE
        {
            return Err(error.clone());
        }
        let result = self.run(held).await;
        held.failed = result.as_ref().err().map(|error| (Instant::now(), error.clone()));
        result
    }

    async fn run(&self, held: &mut Held) -> Result<(), PluginError> {
        let credential = plugin::run(&self.config, self.cluster.clone(), &self.search, &self.redactor).await?;
        let token = match credential.token {
            Some(token) => {
                let mut header = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| PluginError {
                    why: format!("`{}` printed a token with forbidden characters", plugin::command_line(&self.config)),
                    hint: "Run it in a terminal to see.".into(),
                    missing: false,
                })?;
                header.set_sensitive(true);
                Some(header)
            }
            None => None,
        };
        *held = Held {
            token,
            certificate: credential.certificate,
            expires_at: credential.expires_at,
            generation: held.generation + 1,
            ..std::mem::take(held)
        };
        Ok(())
    }
}

impl Login {
    pub(crate) fn new(context: &Context, search: Arc<SearchPath>, redactor: Arc<Redactor>) -> Self {
        let mut config = (*context.config).clone();
        let cluster = config.clusters.first().and_then(|named| named.cluster.clone());
        let auth = config.auth_infos.first_mut().and_then(|named| named.auth_info.as_mut());
        let exec = auth.and_then(|auth| auth.exec.take()).map(|exec| {
            let tell = exec.provide_cluster_info.then(|| {
                let cluster = cluster.unwrap_or_default();
                serde_json::json!({
                    "server": cluster.server,
                    "certificate-authority-data": cluster.certificate_authority_data,
                    "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
                    "tls-server-name": cluster.tls_server_name,
                    "proxy-url": cluster.proxy_url,
                })
            });
            Arc::new(Exec { config: exec, cluster: tell, search, redactor, held: Mutex::default() })
        });
        Login { config: Arc::new(config), exec }
    }

    /// A client with the newest credential. Runs the plugin where there is none yet; contacts nothing itself.
    pub(crate) async fn client(&self) -> Result<Client, kube::Error> {
        let mut kubeconfig = (*self.config).clone();
        let mut expires_at = None;
        if let Some(provider) = auth_of(&mut kubeconfig).and_then(|auth| auth.auth_provider.as_ref()) {
            return Err(kube::Error::Service(Box::new(plugin::no_longer_supported(&provider.name))));
        }
        if let Some(exec) = &self.exec {
            let mut held = exec.held.lock().await;
            if held.is_stale() {
                exec.obtain(&mut held).await.map_err(|error| kube::Error::Service(Box::new(error)))?;
            }
            expires_at = held.expires_at;
            if let (Some((certificate, key)), Some(auth)) = (&held.certificate, auth_of(&mut kubeconfig)) {
                let base64 =
                    |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text.as_bytes());
                auth.client_certificate_data = Some(base64(certificate));
                auth.client_key_data = Some(base64(key).into());
            }
        }
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        let own_proxy = self.config.clusters.iter().any(|c| c.cluster.as_ref().is_some_and(|c| c.proxy_url.is_some()));
        if !own_proxy && proxy::is_bypassed(config.cluster_url.host().unwrap_or_default()) {
            config.proxy_url = None;
        }
        config.connect_timeout = Some(Duration::from_secs(10));
        // Refusals and outages are states that the window shows; the watches wait by themselves.
        config.default_retry = false;
        let agent = concat!("caseboard/", env!("CARGO_PKG_VERSION"));
        config.headers.push((USER_AGENT, HeaderValue::from_static(agent)));
        let builder = ClientBuilder::try_from(config)?;
        Ok(match &self.exec {
            // The filter needs a service that can be cloned, which a buffer is.
            Some(exec) => builder
                .with_layer(&tower::buffer::BufferLayer::new(1024))
                .with_layer(&AsyncFilterLayer::new(Bearer(exec.clone())))
                .with_valid_until(expires_at)
                .build(),
            None => builder.build(),
        })
    }

    /// What credential a client made now would carry.
    pub(crate) async fn generation(&self) -> u64 {
        match &self.exec {
            Some(exec) => exec.held.lock().await.generation,
            None => 0,
        }
    }

    /// Obtains a new credential because the cluster refused the one of `generation`. Without a plugin there is nothing to
    /// renew here; files are read anew with the next client. A cluster that refuses every credential does not have the
    /// plugin run, and perhaps a browser open, again and again.
    pub(crate) async fn renew(&self, generation: u64) -> Result<(), PluginError> {
        let Some(exec) = &self.exec else { return Ok(()) };
        let mut held = exec.held.lock().await;
        let lately = held.renewed.is_some_and(|at| at.elapsed() < PAUSE);
        if held.generation != generation || lately {
            return Ok(());
        }
        held.renewed = Some(Instant::now());
        exec.obtain(&mut held).await
    }

    /// Somebody says that it is worth trying again now.
    pub(crate) async fn retry(&self) {
        if let Some(exec) = &self.exec {
            let mut held = exec.held.lock().await;
            (held.renewed, held.failed) = (None, None);
        }
    }
}

fn auth_of(config: &mut Kubeconfig) -> Option<&mut AuthInfo> {
    config.auth_infos.first_mut()?.auth_info.as_mut()
}
