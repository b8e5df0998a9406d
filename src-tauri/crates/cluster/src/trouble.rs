use std::error::Error as StdError;
use std::io;

use serde::Serialize;

use crate::ReadError;
use crate::plugin::{PluginError, PluginFault};

/// What kept a request from its answer, told apart by what a person has to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// 401: the cluster does not accept the credential, or there is none.
    Credential,
    /// The credential plugin is missing or failed.
    Plugin,
    /// The credential plugin was not allowed to run.
    Untrusted,
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
    /// A proxy in between refuses, or asks for a login of its own (407).
    Proxy,
    /// The server was reached and its certificate is not trusted, or it does not trust ours.
    Tls,
    /// The kubeconfig names something that cannot be used.
    Kubeconfig,
    /// Anything else that the server answered.
    Server,
}

impl TroubleKind {
    /// For programs.
    pub fn code(self) -> &'static str {
        match self {
            TroubleKind::Credential => "credential",
            TroubleKind::Plugin => "plugin",
            TroubleKind::Untrusted => "untrusted",
            TroubleKind::Refused => "refused",
            TroubleKind::Missing => "missing",
            TroubleKind::Gone => "gone",
            TroubleKind::Busy => "busy",
            TroubleKind::Network => "network",
            TroubleKind::Proxy => "proxy",
            TroubleKind::Tls => "tls",
            TroubleKind::Kubeconfig => "kubeconfig",
            TroubleKind::Server => "server",
        }
    }
}

/// A trouble with the words for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{why}")]
pub struct Trouble {
    pub kind: TroubleKind,
    pub why: String,
    /// What to do next.
    pub hint: String,
}

impl Trouble {
    pub(crate) fn new(kind: TroubleKind, why: impl Into<String>, hint: impl Into<String>) -> Self {
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
                LOGIN_PAGE,
            ),
            kube::Error::RustlsTls(error) => Trouble::new(
                TroubleKind::Kubeconfig,
                format!("its certificates cannot be used: {error}"),
                "Export the kubeconfig again, or log in again with your provider's tool.",
            ),
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
            407 => proxy_wants_a_login("407"),
            code @ 300..=399 => Trouble::new(
                TroubleKind::Server,
                format!("{code}: it sends us elsewhere, which an API server does not"),
                LOGIN_PAGE,
            ),
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
        let mut through_proxy = false;
        while let Some(current) = link.filter(|_| depth < 16) {
            if let Some(trouble) = current.downcast_ref::<Trouble>() {
                return trouble.clone();
            }
            if let Some(plugin) = current.downcast_ref::<PluginError>() {
                return Trouble::of_plugin(plugin);
            }
            if let Some(error) = current.downcast_ref::<kube::Error>()
                && depth > 0
            {
                return Trouble::of(error);
            }
            if let Some(error) = current.downcast_ref::<rustls::Error>() {
                return of_tls(error);
            }
            let said = current.to_string();
            through_proxy |= said.starts_with("tunnel error") || said.starts_with("SOCKS error");
            if said.contains("proxy authorization required") {
                return proxy_wants_a_login("407");
            }
            innermost = current.to_string();
            // An I/O error hides what it wraps from `source`.
            let wrapped = current.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            link = wrapped.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| current.source());
            depth += 1;
        }
        if through_proxy {
            return Trouble::new(
                TroubleKind::Proxy,
                format!("the proxy in between does not let us through ({})", short(&innermost)),
                "Check `proxy-url` in the kubeconfig, HTTPS_PROXY and NO_PROXY, and that the proxy runs. It is tried again by itself.",
            );
        }
        let text = innermost.to_lowercase();
        if text.contains("certificate") || text.contains("tls") || text.contains("handshake") {
            return tls(innermost);
        }
        let hint = if text.contains("dns") || text.contains("lookup") || text.contains("name or service not known") {
            "The server's name does not resolve: check the network and the VPN. It is tried again by itself."
        } else if text.contains("timed out") || text.contains("deadline") || text.contains("timeout") {
            "Nobody answers: a firewall, or a VPN that is down. It is tried again by itself."
        } else if text.contains("reset") || text.contains("closed") || text.contains("eof") {
            "The connection is cut by the server or by something in between, such as a VPN or a proxy. It is tried again by itself."
        } else if text.contains("refused") {
            "Nothing listens there: check that the cluster runs and that the server's address is right. It is tried again by itself."
        } else {
            "Check the network and the VPN. It is tried again by itself."
        };
        Trouble::new(TroubleKind::Network, short(&innermost), hint)
    }

    pub(crate) fn of_plugin(error: &PluginError) -> Self {
        let kind = match error.fault {
            PluginFault::Untrusted => TroubleKind::Untrusted,
            PluginFault::Missing | PluginFault::Failed | PluginFault::TimedOut => TroubleKind::Plugin,
            PluginFault::Overtaken => TroubleKind::Busy,
        };
        Trouble::new(kind, error.why.clone(), error.hint.clone())
    }

    /// As the error of a read of `what`.
    pub(crate) fn reading(self, what: impl Into<String>) -> ReadError {
        let Trouble { kind, why, hint } = self;
        let what = what.into();
        match kind {
            TroubleKind::Credential | TroubleKind::Plugin | TroubleKind::Untrusted => {
                ReadError::NotLoggedIn { what, why, hint }
            }
            TroubleKind::Refused => ReadError::Refused { what, why, hint },
            TroubleKind::Missing => ReadError::Missing { what, why, hint },
            TroubleKind::Network | TroubleKind::Proxy | TroubleKind::Tls => ReadError::Unreachable { what, why, hint },
            TroubleKind::Gone | TroubleKind::Busy | TroubleKind::Kubeconfig | TroubleKind::Server => {
                ReadError::Failed { what, why, hint }
            }
        }
    }
}

const LOGIN_PAGE: &str =
    "Check that the server of this context is a Kubernetes API server and not a proxy's login page.";

fn proxy_wants_a_login(code: &str) -> Trouble {
    Trouble::new(
        TroubleKind::Proxy,
        format!("{code}: the proxy in between wants a login of its own"),
        "Put it into `proxy-url` of the cluster in the kubeconfig, or into HTTPS_PROXY: http://user:password@host:port.",
    )
}

/// Who refused whom: an alert is the server's word about our certificate, everything else is ours about its.
fn of_tls(error: &rustls::Error) -> Trouble {
    use rustls::AlertDescription as Alert;
    let ours = matches!(
        error,
        rustls::Error::AlertReceived(
            Alert::CertificateRequired
                | Alert::CertificateExpired
                | Alert::CertificateRevoked
                | Alert::CertificateUnknown
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::UnknownCA
                | Alert::AccessDenied
        )
    );
    if ours {
        return Trouble::new(
            TroubleKind::Credential,
            format!("the server does not accept our client certificate ({error})"),
            "It is missing, has expired, or is another cluster's: log in again with your provider's tool, then connect again.",
        );
    }
    // An authority's own certificate, as small clusters made by hand have it; the library has no words for it.
    if format!("{error:?}").contains("CaUsedAsEndEntity") {
        return Trouble::new(
            TroubleKind::Tls,
            "the server shows the certificate of an authority as its own",
            "It was made with `CA:TRUE`, which no server's certificate may be: have it made anew, or set `insecure-skip-tls-verify` for a cluster that is yours alone.",
        );
    }
    tls(error.to_string())
}

fn tls(why: String) -> Trouble {
    let text = why.to_lowercase();
    let hint = if text.contains("expired") {
        "A certificate has expired: log in again for a new client certificate, or tell whoever runs the cluster."
    } else if text.contains("notvalidforname") || text.contains("not valid for") {
        "The server's certificate is for another name: check `server` and `tls-server-name` in the kubeconfig."
    } else if ["unknownissuer", "unknown issuer", "unknownca", "badsignature"].iter().any(|word| text.contains(word)) {
        "The server's certificate is not signed by the kubeconfig's certificate authority: a company's proxy that opens TLS (then allow this machine's certificates for the cluster, in its settings), or a cluster that was made anew (then log in again to get the new one)."
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
