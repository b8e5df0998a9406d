use std::fmt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use kube::config::{AuthInfo, Cluster, Kubeconfig, NamedAuthInfo, NamedCluster, NamedContext};
use model::{ClusterId, digest_hex};
use serde::Serialize;

use super::file::ConfigFile;
use super::{Issue, SearchPath};
use crate::plugin::{self, PluginError};
use crate::trust::ExecCommand;

/// One context of one kubeconfig: something that can be opened.
#[derive(Clone, Serialize)]
pub struct Context {
    /// The digest of (source, name, server): same-named contexts in two files are two.
    pub id: ClusterId,
    pub name: String,
    /// The file that defines it, or the name of a pasted text.
    pub source: String,
    /// Empty where the kubeconfig does not say.
    pub server: String,
    pub user: String,
    /// The namespace that the context names, empty where it names none.
    pub namespace: String,
    /// How it logs in, as far as the kubeconfig says.
    pub credential: Credential,
    /// The credential plugin, where the login needs one.
    pub exec: Option<ExecCommand>,
    /// Whom the user acts as (`as`), where the kubeconfig says so.
    pub acts_as: Option<String>,
    /// The server's certificate is not checked, or the connection is not encrypted at all.
    pub insecure: bool,
    /// The proxy that the kubeconfig names, without its password.
    pub proxy: Option<String>,
    /// The one that kubectl would use.
    pub current: bool,
    /// What is wrong with it, as far as it can be told without contacting anything.
    pub problems: Vec<Issue>,
    /// This context alone, with its cluster and user.
    #[serde(skip)]
    pub(crate) config: Arc<Kubeconfig>,
}

/// How a kubeconfig has a user log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    ClientCertificate,
    Token,
    /// Read from a file, which may change at any time.
    TokenFile,
    Basic,
    /// A program that prints a token or a certificate.
    Exec,
    /// The logins that came before plugins; nothing supports them any more.
    AuthProvider,
    /// Requests are anonymous.
    None,
}

impl Credential {
    fn of(auth: &AuthInfo) -> Self {
        if auth.auth_provider.is_some() {
            Credential::AuthProvider
        } else if auth.token_file.is_some() {
            Credential::TokenFile
        } else if auth.token.is_some() {
            Credential::Token
        } else if auth.exec.is_some() {
            Credential::Exec
        } else if auth.username.is_some() {
            Credential::Basic
        } else if auth.client_certificate.is_some() || auth.client_certificate_data.is_some() {
            Credential::ClientCertificate
        } else {
            Credential::None
        }
    }
}

/// Leaves out what the kubeconfig holds: some of it is secret.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("source", &self.source)
            .field("server", &self.server)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

/// How a context stands among the files that are merged.
pub(super) struct Standing<'a> {
    /// An earlier file has a context of the same name.
    pub taken: bool,
    pub current: bool,
    /// The file that defines its user.
    pub user_source: &'a str,
}

pub(super) fn resolve(
    file: &ConfigFile,
    named: &NamedContext,
    merged: &Kubeconfig,
    standing: &Standing<'_>,
    search: &SearchPath,
    issues: &mut Vec<Issue>,
) -> Option<Context> {
    let Standing { taken, current, user_source } = *standing;
    let Some(context) = &named.context else {
        issues.push(Issue {
            source: file.source.clone(),
            line: None,
            what: format!("read the context `{}` of `{}`", named.name, file.source),
            why: "it has a name and nothing else".into(),
            hint: "Add `context: {cluster: …, user: …}` or remove the entry.".into(),
        });
        return None;
    };
    let (first, second) = if taken { (&file.config, merged) } else { (merged, &file.config) };
    let find_cluster = |config: &Kubeconfig| config.clusters.iter().find(|c| c.name == context.cluster).cloned();
    let find_user =
        |config: &Kubeconfig| config.auth_infos.iter().find(|u| Some(&u.name) == context.user.as_ref()).cloned();
    let cluster = find_cluster(first).or_else(|| find_cluster(second)).and_then(|c| c.cluster);
    let user = find_user(first).or_else(|| find_user(second));

    let mut problems = Problems { source: &file.source, context: &named.name, found: Vec::new() };
    if !taken {
        let own = find_cluster(&file.config).and_then(|c| c.cluster).and_then(|c| c.server);
        if own.is_some() && own != cluster.as_ref().and_then(|c| c.server.clone()) {
            problems.add(
                "use the cluster that its own file defines",
                format!(
                    "an earlier file of `KUBECONFIG` defines another cluster `{}`, and the first one wins",
                    context.cluster
                ),
                "Rename one of the two clusters if this is the wrong server.",
            );
        }
    }
    check_cluster(&context.cluster, cluster.as_ref(), &mut problems);
    if let (Some(name), None) = (&context.user, &user) {
        problems.add(
            "find its user",
            format!("no kubeconfig defines the user `{name}`"),
            "Log in again with your provider's tool, or add the user; requests are anonymous until then.",
        );
    }
    let auth = user.as_ref().and_then(|u| u.auth_info.clone()).unwrap_or_default();
    check_user(&auth, search, &mut problems);
    let problems = problems.found;

    let cluster = cluster.unwrap_or_default();
    let server = cluster.server.clone().unwrap_or_default();
    let user_name = context.user.clone().unwrap_or_default();
    Some(Context {
        id: ClusterId(format!(
            "cluster:{}",
            digest_hex(&[file.source.as_bytes(), named.name.as_bytes(), server.as_bytes()])
        )),
        name: named.name.clone(),
        source: file.source.clone(),
        namespace: context.namespace.clone().unwrap_or_default(),
        credential: Credential::of(&auth),
        exec: auth.exec.as_ref().map(|exec| ExecCommand::new(exec, user_source)),
        acts_as: auth.impersonate.clone(),
        insecure: cluster.insecure_skip_tls_verify.unwrap_or(false) || server.starts_with("http://"),
        proxy: cluster.proxy_url.as_deref().filter(|proxy| !proxy.is_empty()).map(without_password),
        current,
        problems,
        config: Arc::new(Kubeconfig {
            clusters: vec![NamedCluster {
                name: context.cluster.clone(),
                cluster: Some(cluster),
                ..NamedCluster::default()
            }],
            auth_infos: vec![NamedAuthInfo {
                name: user_name.clone(),
                auth_info: Some(auth),
                ..NamedAuthInfo::default()
            }],
            contexts: vec![named.clone()],
            current_context: Some(named.name.clone()),
            ..Kubeconfig::default()
        }),
        user: user_name,
        server,
    })
}

/// A proxy's URL may carry a login.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, _) | (_, None) => url.to_owned(),
    }
}

struct Problems<'a> {
    source: &'a str,
    context: &'a str,
    found: Vec<Issue>,
}

impl Problems<'_> {
    fn add(&mut self, act: &str, why: impl Into<String>, hint: impl Into<String>) {
        self.found.push(Issue {
            source: self.source.into(),
            line: None,
            what: format!("{act} (context `{}`)", self.context),
            why: why.into(),
            hint: hint.into(),
        });
    }

    fn check_file(&mut self, act: &str, path: Option<&String>, instead: bool) {
        if instead {
            return;
        }
        let Some(path) = path else { return };
        if let Err(error) = std::fs::metadata(Path::new(path)) {
            self.add(
                act,
                format!("`{path}`: {error}"),
                "Put the file back, or log in again with your provider's tool.",
            );
        }
    }

    fn check_base64(&mut self, act: &str, data: Option<&str>) {
        let Some(data) = data else { return };
        if base64::engine::general_purpose::STANDARD.decode(data.trim()).is_err() {
            self.add(act, "the data is not base64", "Log in again with your provider's tool, or export it again.");
        }
    }
}

fn check_cluster(name: &str, cluster: Option<&Cluster>, problems: &mut Problems<'_>) {
    let Some(cluster) = cluster else {
        let why = format!("no kubeconfig defines the cluster `{name}`");
        return problems.add("find its cluster", why, "Add the cluster, or remove the context.");
    };
    match cluster.server.as_deref().filter(|server| !server.is_empty()) {
        None => {
            problems.add("find its server", "the cluster has no `server`", "Add the API server's URL to the cluster.")
        }
        Some(server) => {
            let uri = server.parse::<http::Uri>();
            if !uri.as_ref().is_ok_and(|uri| {
                matches!(uri.scheme_str(), Some("https" | "http")) && uri.host().is_some_and(|h| !h.is_empty())
            }) {
                problems.add(
                    "read its server",
                    format!("`{server}` is not a URL such as https://host:6443"),
                    "Correct `server` in the kubeconfig.",
                );
            }
        }
    }
    let inline = cluster.certificate_authority_data.is_some();
    problems.check_file("read its certificate authority", cluster.certificate_authority.as_ref(), inline);
    problems.check_base64("read its certificate authority", cluster.certificate_authority_data.as_deref());
}

fn check_user(auth: &AuthInfo, search: &SearchPath, problems: &mut Problems<'_>) {
    if let Some(provider) = &auth.auth_provider {
        let PluginError { why, hint, .. } = plugin::no_longer_supported(&provider.name);
        problems.add("use its login", why, hint);
    }
    problems.check_file(
        "read its client certificate",
        auth.client_certificate.as_ref(),
        auth.client_certificate_data.is_some(),
    );
    problems.check_file("read its client key", auth.client_key.as_ref(), auth.client_key_data.is_some());
    problems.check_base64("read its client certificate", auth.client_certificate_data.as_deref());
    problems.check_file("read its token", auth.token_file.as_ref(), auth.token.is_some());
    if let Some(exec) = &auth.exec
        && let Err(missing) = plugin::locate(exec, search)
    {
        problems.add("find its credential plugin", missing.why, missing.hint);
    }
}
