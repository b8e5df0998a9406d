use std::error::Error as StdError;
use std::io;

use serde::Serialize;

use crate::ReadError;
use crate::plugin::PluginError;

/// What kept a request from its answer, told apart by what a person has to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// 401: the cluster does not accept the credential, or there is none.
    Credential,
    /// The credential plugin is missing or failed.
    Plugin,
    /// 403: known, and not allowed.
    Refused,
    /// 404: the kind or the object is not there.
    Missing,
    /// 410: the watch fell behind and must list again.
    Gone,
    /// 429, 503, 504: later.
    Busy,
    /// The server was not reached.
    Network,
    /// The server was reached and its certificate is not trusted, or it does not trust ours.
    Tls,
    /// The kubeconfig names something that cannot be used.
    Kubeconfig,
    /// Anything else that the server answered.
    Server,
}

/// A trouble with the words for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    pub kind: TroubleKind,
    pub why: String,
    /// What to do next.
    pub hint: String,
}

impl Trouble {
    fn new(kind: TroubleKind, why: impl Into<String>, hint: impl Into<String>) -> Self {
        Trouble { kind, why: why.into(), hint: hint.into() }
    }

    pub(crate) fn of(error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Trouble::of_status(status),
            kube::Error::InferKubeconfig(error) => Trouble::new(
                TroubleKind::Kubeconfig,
                error.to_string(),
                "Correct the kubeconfig, or log in again with your provider's tool.",
            ),
            kube::Error::Auth(error) => Trouble::new(
                TroubleKind::Credential,
                error.to_string(),
                "Log in again with your provider's tool, then connect again.",
            ),
            kube::Error::SerdeError(error) => Trouble::new(
                TroubleKind::Server,
                format!("its answer is not what Kubernetes answers ({error})"),
                "Check that the server of this context is a Kubernetes API server and not a proxy's login page.",
            ),
            kube::Error::RustlsTls(error) => tls(error.to_string()),
            other => Trouble::of_chain(other),
        }
    }

    pub(crate) fn timed_out(seconds: u64) -> Self {
        let why = format!("no answer within {seconds} seconds");
        Trouble::new(TroubleKind::Network, why, "Check the network and the VPN, then try again.")
    }

    fn of_status(status: &kube::core::Status) -> Self {
        let why = if status.message.is_empty() { status.reason.clone() } else { short(&status.message) };
        match status.code {
            401 => Trouble::new(
                TroubleKind::Credential,
                format!("401: {why}"),
                "The login has expired or is wrong: log in again with your provider's tool, then connect again.",
            ),
            403 => Trouble::new(
                TroubleKind::Refused,
                format!("403: {why}"),
                "Ask whoever runs the cluster for this permission, or go on without it.",
            ),
            404 => Trouble::new(TroubleKind::Missing, format!("404: {why}"), "Check the name, or go on without it."),
            410 => Trouble::new(TroubleKind::Gone, format!("410: {why}"), "It is listed again by itself."),
            code @ (429 | 503 | 504) => Trouble::new(
                TroubleKind::Busy,
                format!("{code}: {why}"),
                "The cluster asks to wait; it is tried again by itself.",
            ),
            code => Trouble::new(TroubleKind::Server, format!("{code}: {why}"), "Try again, or go on without it."),
        }
    }

    /// Libraries wrap the reason several times; the innermost words are the ones to show.
    fn of_chain(error: &(dyn StdError + 'static)) -> Self {
        let mut innermost = error.to_string();
        let mut link = Some(error);
        let mut depth = 0;
        while let Some(current) = link.filter(|_| depth < 16) {
            if let Some(plugin) = current.downcast_ref::<PluginError>() {
                return Trouble::of_plugin(plugin);
            }
            if let Some(error) = current.downcast_ref::<kube::Error>()
                && depth > 0
            {
                return Trouble::of(error);
            }
            if let Some(error) = current.downcast_ref::<rustls::Error>() {
                return tls(error.to_string());
            }
            innermost = current.to_string();
            // An I/O error hides what it wraps from `source`.
            let wrapped = current.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            link = wrapped.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| current.source());
            depth += 1;
        }
        let text = innermost.to_lowercase();
        if text.contains("certificate") || text.contains("tls") || text.contains("handshake") {
            return tls(innermost);
        }
        let hint = if text.contains("dns") || text.contains("lookup") || text.contains("name or service not known") {
            "The server's name does not resolve: check the network and the VPN. It is tried again by itself."
        } else if text.contains("refused") {
            "Nothing listens there: check that the cluster runs and that the server's address is right. It is tried again by itself."
        } else {
            "Check the network and the VPN. It is tried again by itself."
        };
        Trouble::new(TroubleKind::Network, short(&innermost), hint)
    }

    pub(crate) fn of_plugin(error: &PluginError) -> Self {
        Trouble::new(TroubleKind::Plugin, error.why.clone(), error.hint.clone())
    }

    /// As the error of a read of `what`.
    pub(crate) fn reading(self, what: impl Into<String>) -> ReadError {
        let Trouble { kind, why, hint } = self;
        let what = what.into();
        match kind {
            TroubleKind::Credential | TroubleKind::Plugin => ReadError::NotLoggedIn { what, why, hint },
            TroubleKind::Refused => ReadError::Refused { what, why, hint },
            TroubleKind::Missing => ReadError::Missing { what, why, hint },
            TroubleKind::Network | TroubleKind::Tls => ReadError::Unreachable { what, why, hint },
            TroubleKind::Gone | TroubleKind::Busy | TroubleKind::Kubeconfig | TroubleKind::Server => {
                ReadError::Failed { what, why, hint }
            }
        }
    }
}

fn tls(why: String) -> Trouble {
    let text = why.to_lowercase();
    let hint = if text.contains("expired") {
        "A certificate has expired: log in again for a new client certificate, or tell whoever runs the cluster."
    } else if text.contains("notvalidforname") || text.contains("not valid for") {
        "The server's certificate is for another name: check `server` and `tls-server-name` in the kubeconfig."
    } else if text.contains("unknownissuer") || text.contains("unknown issuer") || text.contains("unknownca") {
        "The server's certificate is not signed by the kubeconfig's certificate authority: a proxy in between, or a cluster that was made anew. Log in again to get the new one."
    } else {
        "Check the certificate authority and the client certificate in the kubeconfig."
    };
    Trouble::new(TroubleKind::Tls, short(&why), hint)
}

fn short(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let cut: String = line.chars().take(300).collect();
    if cut.len() < line.len() { format!("{cut}…") } else { cut }
}
