use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Request, Uri};
use kube::Client;
use serde_json::Value;

use super::{BackEndKind, BackEndPlace};
use crate::connection::Inner;
use crate::live::{answer_of, refusal, segment, status_of};
use crate::{ReadError, Trouble, TroubleKind};

/// An answer may be so large: sixty series of a week, a page of logs.
const MOST: usize = 64 << 20;
/// Queries are sent in the URL, for the service proxy grants `get` apart from `create`.
const LONGEST_URL: usize = 16 << 10;

/// The way to one back end.
pub(super) struct Door {
    client: Way,
    /// In front of every path.
    base: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// `Prometheus (Service x/y:z)`.
    pub name: String,
}

enum Way {
    /// The API server's client, which carries the user's own credential.
    Proxy(Arc<Inner>),
    Direct(Client),
}

impl Door {
    pub async fn open(
        inner: &Arc<Inner>,
        kind: BackEndKind,
        place: &BackEndPlace,
        headers: &[(String, String)],
    ) -> Result<Door, ReadError> {
        let name = format!("{} ({place})", kind.name());
        let wrong = |why: String| {
            ReadError::not_available(format!("an answer of {name}"), why, "Correct it in the cluster's settings.")
        };
        let mut parsed = Vec::new();
        for (header, value) in headers {
            let header = header.parse::<HeaderName>().map_err(|_| wrong(format!("`{header}` is no header's name")))?;
            let mut value = HeaderValue::from_str(value.trim())
                .map_err(|_| wrong(format!("the value of `{header}` holds what a header cannot")))?;
            value.set_sensitive(true);
            parsed.push((header, value));
        }
        let (client, base) = match place {
            BackEndPlace::Service { namespace, name, port, https, path } => {
                let scheme = if *https { "https:" } else { "" };
                let (namespace, name) = (segment(namespace), segment(name));
                let path = path.trim_matches('/');
                let under = if path.is_empty() { String::new() } else { format!("/{path}") };
                let base = format!("/api/v1/namespaces/{namespace}/services/{scheme}{name}:{port}/proxy{under}");
                (Way::Proxy(inner.clone()), base)
            }
            BackEndPlace::Address { url, ca_file } => {
                let uri: Uri = url.trim().parse().map_err(|_| wrong(format!("`{url}` is no address")))?;
                if !matches!(uri.scheme_str(), Some("http" | "https")) {
                    return Err(wrong(format!("`{url}` does not begin with http:// or https://")));
                }
                let base = uri.path().trim_end_matches('/').to_owned();
                let mut parts = uri.into_parts();
                parts.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
                let uri = Uri::from_parts(parts).map_err(|_| wrong(format!("`{url}` is no address")))?;
                crate::install_crypto();
                let mut config = kube::Config::new(uri);
                config.proxy_url = inner.login.proxy_to(&config.cluster_url).await.map_err(|t| wrong(t.why))?;
                if let Some(file) = ca_file.as_deref().map(str::trim).filter(|file| !file.is_empty()) {
                    config.root_cert = Some(inner.login.authorities(Path::new(file)).await.map_err(wrong)?);
                }
                config.connect_timeout = Some(Duration::from_secs(10));
                config.default_retry = false;
                let client = Client::try_from(config).map_err(|error| wrong(error.to_string()))?;
                (Way::Direct(client), base)
            }
        };
        Ok(Door { client, base, headers: parsed, name })
    }

    /// The JSON that is answered to a GET of this path with its query.
    pub async fn json(&self, path: &str, what: &str) -> Result<Value, ReadError> {
        self.ask(path).await.map_err(|trouble| {
            let Trouble { kind, why, hint } = trouble;
            // A missing path or a strange answer of the back end is not an object that does not exist.
            let kind = if kind == TroubleKind::Missing { TroubleKind::Server } else { kind };
            Trouble { kind, why: format!("{}: {why}", self.name), hint }.reading(what)
        })
    }

    async fn ask(&self, path: &str) -> Result<Value, Trouble> {
        let path = format!("{}{path}", self.base);
        if path.len() > LONGEST_URL {
            return Err(server("the question is too long", "Ask for one object, or write a shorter query."));
        }
        let request = || {
            let request = Request::get(&path).header(http::header::ACCEPT, "application/json");
            self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
        };
        let answer = match &self.client {
            Way::Proxy(inner) => inner.answered(request, MOST).await?,
            Way::Direct(client) => answer_of(client.clone(), request(), MOST).await?,
        };
        let text = &answer.text.text;
        let code = answer.status.as_u16();
        // The API server itself says so: no right to use the proxy, no endpoints.
        if matches!(self.client, Way::Proxy(_)) && !answer.status.is_success() && status_of(text).is_some() {
            let mut trouble = refusal(answer.status, text);
            match trouble.kind {
                TroubleKind::Refused => {
                    trouble.hint =
                        "Ask for `get` on `services/proxy` in its namespace, or configure its address.".into();
                }
                TroubleKind::Busy | TroubleKind::Server => {
                    trouble.hint = "Look whether the pods behind its Service are ready.".into();
                }
                _ => {}
            }
            return Err(trouble);
        }
        match code {
            200..=299 => serde_json::from_str(text).map_err(|_| {
                if answer.text.cut {
                    return server("the answer is too large", "Ask for one object or a shorter time.");
                }
                server(
                    &format!("it answers with something that is not JSON: `{}`", beginning(text)),
                    "Check that this is the API and not a page for people: some stand under a path such as `/prometheus`.",
                )
            }),
            300..=399 => {
                let to = answer.location.unwrap_or_else(|| "somewhere else".into());
                Err(server(
                    &format!("{code}: it sends on to `{}`, most likely a page to log in", beginning(&to)),
                    "Configure the header that lets a program in, or its Service, which has no log-in in front.",
                ))
            }
            401 | 403 => Err(Trouble {
                kind: if code == 401 { TroubleKind::Credential } else { TroubleKind::Refused },
                why: format!("{code}: {}", beginning(text)),
                hint: "Configure the header that it takes, such as `Authorization`, in the cluster's settings.".into(),
            }),
            _ => {
                let said: Option<Value> = serde_json::from_str(text).ok();
                let said = said.as_ref().and_then(|said| said["error"].as_str().or_else(|| said["message"].as_str()));
                let why = format!("{code}: {}", said.map_or_else(|| beginning(text), beginning));
                let hint = match code {
                    400 | 422 => "Correct the query.",
                    404 => "Check its path: some stand under a path such as `/prometheus`.",
                    429 | 503 | 504 => "It has too much to do: ask for less, or later.",
                    _ => "Look at its own log, or go on without it.",
                };
                Err(server(&why, hint))
            }
        }
    }
}

fn server(why: &str, hint: &str) -> Trouble {
    Trouble { kind: TroubleKind::Server, why: why.to_owned(), hint: hint.to_owned() }
}

fn beginning(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let short: String = line.chars().take(200).collect();
    if short.len() < line.len() { format!("{short}…") } else { short }
}
