mod account;
mod exec;
mod files;
mod token_file;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use http::Uri;
use http::header::{AUTHORIZATION, HeaderValue, USER_AGENT};
use kube::client::{Body, ClientBuilder};
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use redact::Redactor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tower::filter::{AsyncFilterLayer, FilterLayer};

use crate::plugin::{self, PluginError};
use crate::trust::Terms;
use crate::{Context, SearchPath, Trouble, proxy};
use account::Held;
pub use account::Logins;
use exec::{Carry, Exec};
use files::Files;
use token_file::TokenFile;

/// Makes clients for one context, and keeps the credential that its plugin printed.
pub(crate) struct Login {
    parts: Parts,
    now: RwLock<Arc<Credentials>>,
}

/// A client with what it was made of.
#[derive(Clone)]
pub(crate) struct LoggedIn {
    pub client: Client,
    /// Of the credential that it carries.
    pub generation: u64,
    /// Of the files that it was made of.
    files: u64,
}

/// What a login is made of besides the kubeconfig.
struct Parts {
    terms: Terms,
    search: Arc<SearchPath>,
    redactor: Arc<Redactor>,
    takes_at_most: Duration,
    tell: Arc<dyn Fn(Step) + Send + Sync>,
    /// What this machine trusts, DER.
    machine: fn() -> Vec<Vec<u8>>,
}

/// What a login tells while it goes on.
pub(crate) enum Step {
    /// A plugin runs, perhaps with a browser that waits for a person.
    Running(String),
    /// It ended, well or not.
    Ended,
}

/// What a kubeconfig says of one context. Replaced whole when the kubeconfig changes.
struct Credentials {
    /// Without what is done here: plugins and token files.
    config: Kubeconfig,
    /// As it was read, to tell whether it changed.
    written: Arc<Kubeconfig>,
    way: Way,
    files: Files,
    /// Generations go on from here, so that none comes twice.
    first_generation: u64,
}

enum Way {
    /// The client library does it: certificates, tokens, passwords, nothing.
    AsWritten,
    File(Arc<TokenFile>),
    Exec(Arc<Exec>),
}

impl Credentials {
    fn new(context: &Context, first_generation: u64, parts: &Parts) -> Self {
        let mut config = (*context.config).clone();
        let cluster = config.clusters.first().and_then(|named| named.cluster.clone());
        let mut way = Way::AsWritten;
        if let Some(auth) = auth_of(&mut config) {
            let (exec, file) = (auth.exec.take(), auth.token_file.take());
            // As kubectl: a token that the kubeconfig holds goes before a plugin, a token file before both.
            if let Some(file) = file {
                let inline = serde_json::to_value(&*auth).ok().and_then(|auth| bearer(auth["token"].as_str()?));
                auth.token = None;
                way = Way::File(Arc::new(TokenFile::new(PathBuf::from(file), inline)));
            } else if let (Some(exec), None, Some(command)) = (exec, &auth.token, context.exec.clone()) {
                way = Way::Exec(Exec::new(exec, command, cluster.as_ref(), parts));
            }
        }
        let files = Files::of(&config);
        Credentials { config, written: Arc::clone(&context.config), way, files, first_generation }
    }

    fn generation(&self) -> u64 {
        self.first_generation
            + match &self.way {
                Way::Exec(exec) => exec.held().generation,
                Way::File(file) => file.generation(false),
                Way::AsWritten => 0,
            }
    }
}

impl Login {
    pub(crate) fn new(
        context: &Context,
        terms: Terms,
        search: Arc<SearchPath>,
        redactor: Arc<Redactor>,
        tell: impl Fn(Step) + Send + Sync + 'static,
    ) -> Self {
        let (takes_at_most, tell) = (plugin::TAKES_AT_MOST, Arc::new(tell));
        let parts = Parts { terms, search, redactor, takes_at_most, tell, machine: machine_certificates };
        let now = RwLock::new(Arc::new(Credentials::new(context, 0, &parts)));
        Login { parts, now }
    }

    fn now(&self) -> Arc<Credentials> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes what the kubeconfig says now; gives whether it is anything new.
    pub(crate) fn replace(&self, context: &Context) -> bool {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        let same = serde_json::to_value(&*now.written).ok() == serde_json::to_value(&*context.config).ok();
        if !same {
            *now = Arc::new(Credentials::new(context, now.generation() + 1, &self.parts));
        }
        !same
    }

    /// Who the cluster sees, for people and to compare: the kubeconfig's name of the user, whom one acts as, and the beginning
    /// of a keyed digest of all that says so. A token that was renewed for the same user changes nothing; what a plugin prints
    /// is not known before it ran, so the plugin stands for it.
    pub(crate) fn user(&self) -> String {
        let credentials = self.now();
        let Some(named) = credentials.written.auth_infos.first() else { return "nobody".to_owned() };
        let mut says = serde_json::to_value(&named.auth_info).unwrap_or_default();
        if let Some(claims) = says["token"].as_str().and_then(claims) {
            says["token"] = claims;
        }
        // Of a file's token that says nothing the file's name is what stays.
        if let Way::File(file) = &credentials.way
            && let Some(claims) = file.token().as_deref().and_then(claims)
        {
            says["tokenFile"] = claims;
        }
        let acts_as = says["as"].as_str().map(|who| format!(" as {who}")).unwrap_or_default();
        let digest = self.parts.redactor.digest(model::canonical_json(&says).as_bytes());
        format!("{}{acts_as} ({})", named.name, digest.get(..12).unwrap_or(&digest))
    }

    /// A client with the newest credential. Runs the plugin where there is none yet; contacts nothing itself.
    pub(crate) async fn client(&self) -> Result<LoggedIn, Trouble> {
        let credentials = self.now();
        let files = credentials.files.version();
        let mut kubeconfig = credentials.config.clone();
        let mut expires_at = None;
        if let Some(provider) = auth_of(&mut kubeconfig).and_then(|auth| auth.auth_provider.as_ref()) {
            return Err(Trouble::of_plugin(&plugin::no_longer_supported(&provider.name)));
        }
        let mut made_with = 0;
        if let Way::Exec(exec) = &credentials.way {
            exec.obtain(Held::is_stale).await.map_err(|error| Trouble::of_plugin(&error))?;
            let held = exec.held();
            (expires_at, made_with) = (held.expires_at, held.generation);
            if let (Some((certificate, key)), Some(auth)) = (&held.certificate, auth_of(&mut kubeconfig)) {
                (auth.client_certificate, auth.client_key) = (None, None);
                auth.client_certificate_data = Some(base64(certificate.as_bytes()));
                auth.client_key_data = Some(base64(key.as_bytes()).into());
            }
        }
        let generation = credentials.first_generation + made_with;
        let builder = ClientBuilder::try_from(self.config(kubeconfig).await?).map_err(|error| Trouble::of(&error))?;
        let client = match &credentials.way {
            // The filter needs a service that can be cloned, which a buffer is.
            Way::Exec(exec) => builder
                .with_layer(&tower::buffer::BufferLayer::new(1024))
                .with_layer(&AsyncFilterLayer::new(Carry { exec: Arc::clone(exec), made_with }))
                .with_valid_until(expires_at)
                .build(),
            Way::File(file) => {
                let file = Arc::clone(file);
                let carry = move |mut request: http::Request<Body>| {
                    let token = file.header()?;
                    request.headers_mut().insert(AUTHORIZATION, token);
                    Ok::<_, Trouble>(request)
                };
                builder.with_layer(&FilterLayer::new(carry)).build()
            }
            Way::AsWritten => builder.build(),
        };
        Ok(LoggedIn { client, generation, files })
    }

    /// Whether a client is made of what there is now: the files are as they were, and so is the certificate of a plugin.
    pub(crate) fn is_current(&self, made: &LoggedIn) -> bool {
        let credentials = self.now();
        let same_certificate = match &credentials.way {
            Way::Exec(exec) => {
                let held = exec.held();
                held.certificate.is_none() || credentials.first_generation + held.generation == made.generation
            }
            Way::File(_) | Way::AsWritten => true,
        };
        same_certificate && credentials.files.version() == made.files
    }

    /// Changes whenever a file is written that a login is read from: a token, a certificate, a key.
    pub(crate) fn version_of_files(&self) -> (u64, u64) {
        let credentials = self.now();
        let token = match &credentials.way {
            Way::File(file) => file.generation(false),
            Way::Exec(_) | Way::AsWritten => 0,
        };
        (credentials.first_generation + token, credentials.files.version())
    }

    async fn config(&self, mut kubeconfig: Kubeconfig) -> Result<Config, Trouble> {
        let cluster = kubeconfig.clusters.first_mut().and_then(|named| named.cluster.as_mut());
        let own_proxy = cluster.and_then(|cluster| cluster.proxy_url.take());
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
        let mut config = config.map_err(|error| Trouble::of(&kube::Error::InferKubeconfig(error)))?;
        config.proxy_url = self.proxy(own_proxy, &config.cluster_url).await?;
        if self.parts.terms.machine_certificates
            && let Some(roots) = &mut config.root_cert
        {
            // The whole store is read from files.
            roots.extend(tokio::task::spawn_blocking(self.parts.machine).await.unwrap_or_default());
        }
        config.connect_timeout = Some(Duration::from_secs(10));
        // Refusals and outages are states that the window shows; the watches wait by themselves.
        config.default_retry = false;
        let agent = concat!("caseboard/", env!("CARGO_PKG_VERSION"));
        config.headers.push((USER_AGENT, HeaderValue::from_static(agent)));
        Ok(config)
    }

    /// The proxy to something beside the cluster: the one that the kubeconfig names for the cluster, which leads to where
    /// it stands, or else the environment's; none to this machine.
    pub(crate) async fn proxy_to(&self, server: &Uri) -> Result<Option<Uri>, Trouble> {
        let credentials = self.now();
        let cluster = credentials.config.clusters.first().and_then(|named| named.cluster.as_ref());
        let own = cluster.and_then(|cluster| cluster.proxy_url.clone()).filter(|_| !proxy::is_here(server));
        self.proxy(own, server).await
    }

    /// The authorities of a PEM file, and those of this machine. The error is a reason.
    pub(crate) async fn authorities(&self, file: &Path) -> Result<Vec<Vec<u8>>, String> {
        let (file, machine) = (file.to_owned(), self.parts.machine);
        let read = move || {
            let name = file.display();
            let found = CertificateDer::pem_file_iter(&file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let found = found.map_err(|error| format!("its authorities in `{name}` cannot be read: {error}"))?;
            if found.is_empty() {
                return Err(format!("`{name}` holds no certificate"));
            }
            Ok(found.into_iter().map(|certificate| certificate.to_vec()).chain(machine()).collect())
        };
        tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(error.to_string()))
    }

    /// The login shell may be asked for it, and its profile may be slow.
    async fn proxy(&self, own: Option<String>, server: &Uri) -> Result<Option<Uri>, Trouble> {
        let (search, server) = (Arc::clone(&self.parts.search), server.clone());
        let chosen = tokio::task::spawn_blocking(move || proxy::of(own.as_deref(), &server, &search)).await;
        chosen.unwrap_or(Ok(None))
    }

    /// What credential a client made now would carry.
    pub(crate) fn generation(&self) -> u64 {
        self.now().generation()
    }

    /// Obtains a new credential because the cluster refused the one of `generation`; gives whether there is another one
    /// now: of a plugin, which runs, or of a token file, which is read. Without either there is nothing to renew here;
    /// certificates are read anew with the next client.
    pub(crate) async fn renew(&self, generation: u64) -> Result<bool, PluginError> {
        let credentials = self.now();
        if generation < credentials.first_generation {
            return Ok(true);
        }
        match &credentials.way {
            Way::Exec(exec) => exec.renew(generation - credentials.first_generation).await,
            Way::File(file) => Ok(file.generation(true) != generation - credentials.first_generation),
            Way::AsWritten => Ok(false),
        }
    }

    /// Somebody says that it is worth trying again now; `anew` with another credential even where the one that is held
    /// looks good, and in place of a plugin that runs just now.
    pub(crate) fn retry(&self, anew: bool) {
        if let Way::Exec(exec) = &self.now().way {
            exec.retry(anew);
        }
    }
}

/// What this machine's trust store vouches for, without what cannot be read of it.
fn machine_certificates() -> Vec<Vec<u8>> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a certificate of this machine's trust store cannot be read");
    }
    let usable = |certificate: &_| rustls::RootCertStore::empty().add(Clone::clone(certificate)).is_ok();
    found.certs.into_iter().filter(usable).map(|certificate| certificate.to_vec()).collect()
}

fn auth_of(config: &mut Kubeconfig) -> Option<&mut AuthInfo> {
    config.auth_infos.first_mut()?.auth_info.as_mut()
}

/// What a JWT says of its user: the claims that stay when it is issued anew (RFC 7519 §4.1 and OpenID Connect Core §2 name
/// those that move). `None` for any other token.
fn claims(token: &str) -> Option<serde_json::Value> {
    const MOVE: [&str; 7] = ["exp", "iat", "nbf", "jti", "auth_time", "at_hash", "nonce"];
    let [_, payload, _] = token.split('.').collect::<Vec<_>>()[..] else { return None };
    let decoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?;
    let mut claims: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&decoded).ok()?;
    claims.retain(|name, _| !MOVE.contains(&name.as_str()));
    Some(claims.into())
}

/// The header for a token, `None` where it has characters that no token has.
fn bearer(token: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails says where")]
mod tests;
