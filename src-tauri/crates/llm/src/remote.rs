use std::collections::VecDeque;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redact::{Own, Redactor};
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use crate::{Answering, Decoder, Delta, Endpoint, Key, Model, ModelError, Outgoing, Request, encode, refusal};

/// How much of a refusal, or of an answer in one piece, is read.
const MOST_OF_A_BODY: usize = 4 << 20;

/// A model at an address.
pub struct Remote {
    endpoint: Endpoint,
    key: Option<Key>,
    http: reqwest::Client,
    redactor: Arc<Redactor>,
    patience: Patience,
}

/// How long is waited, and how often asked again. Only before the first byte of an answer: what was said once is not
/// asked for twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    pub connect: Duration,
    /// Until the first byte of the answer: a long request on a laptop takes minutes to read.
    pub first: Duration,
    /// Between two bytes of it.
    pub between: Duration,
    /// How often it is asked in all.
    pub tries: u32,
    /// Before the second time; twice as long before each further one.
    pub pause: Duration,
    /// A server that wants more is not waited for; the engineer is told.
    pub longest_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            connect: Duration::from_secs(10),
            first: Duration::from_secs(300),
            between: Duration::from_secs(120),
            tries: 3,
            pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(30),
        }
    }
}

impl Remote {
    /// `authority` is a certificate in PEM that is trusted besides the system's, for a gateway of the company's own.
    pub fn new(
        endpoint: Endpoint,
        key: Option<Key>,
        redactor: Arc<Redactor>,
        patience: Patience,
        authority: Option<&[u8]>,
    ) -> Result<Remote, ModelError> {
        // The only error is that there is a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let wrong = |why: String| ModelError::Unreachable { why, hint: "Correct the settings of the model.".into() };
        let is_address = ["http://", "https://"].iter().any(|scheme| endpoint.base.starts_with(scheme));
        if !is_address || endpoint.host().is_empty() {
            return Err(wrong(format!("`{}` is no address; one begins with https:// or http://", endpoint.base)));
        }
        if key.is_some() && endpoint.base.starts_with("http://") && !endpoint.is_local() {
            return Err(wrong(format!("a key is not sent to `{}` in the clear", endpoint.base)));
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("caseboard/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(patience.connect);
        if endpoint.is_local() {
            builder = builder.no_proxy();
        }
        if let Some(pem) = authority {
            let certificates = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|error| wrong(format!("the certificate of the model's authority cannot be read: {error}")))?;
            builder = builder.tls_certs_merge(certificates);
        }
        let http = builder.build().map_err(|error| wrong(format!("no connection can be made: {error}")))?;
        Ok(Remote { endpoint, key, http, redactor, patience })
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The names of the models that the server says it has.
    pub async fn offered(&self) -> Result<Vec<String>, ModelError> {
        let url = self.endpoint.models_url();
        let mut asked = self.http.get(&url).timeout(Duration::from_secs(30));
        if self.endpoint.provider.format() == crate::Format::Messages {
            asked = asked.header("anthropic-version", "2023-06-01");
        }
        let response = self.with_key(asked).send().await.map_err(|error| self.unreached(&error))?;
        let response = self.succeeded(response).await?;
        let content = content_type(response.headers());
        let body = text_of(response).await;
        let Ok(value) = serde_json::from_str::<Value>(&body) else {
            return Err(self.hidden(refusal::wrong_content(&self.endpoint, &content, &body)));
        };
        let listed = value["data"].as_array().or(value["models"].as_array()).into_iter().flatten();
        let names = listed.filter_map(|model| model["id"].as_str().or(model["name"].as_str()));
        Ok(names.map(|name| name.trim_start_matches("models/").to_owned()).collect())
    }

    /// Sends once. An answer that began has the status that says so.
    async fn send(&self, outgoing: &Outgoing) -> Result<Response, ModelError> {
        let mut asked = self.http.post(&outgoing.url);
        for (name, value) in &outgoing.headers {
            asked = asked.header(*name, value);
        }
        let sent = self.with_key(asked).body(outgoing.body.clone()).send();
        let response = match tokio::time::timeout(self.patience.first, sent).await {
            Ok(sent) => sent.map_err(|error| self.unreached(&error))?,
            Err(_) => return Err(self.silent(self.patience.first)),
        };
        self.succeeded(response).await
    }

    fn with_key(&self, asked: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let (header, before) = self.endpoint.provider.key_header();
        match &self.key {
            Some(key) => {
                let value = reqwest::header::HeaderValue::from_str(&format!("{before}{}", key.reveal()));
                match value {
                    Ok(mut value) => {
                        value.set_sensitive(true);
                        asked.header(header, value)
                    }
                    // A key is checked when it is made.
                    Err(_) => asked,
                }
            }
            None => asked,
        }
    }

    async fn succeeded(&self, response: Response) -> Result<Response, ModelError> {
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let body = text_of(response).await;
        Err(self.hidden(refusal::of(&self.endpoint, status, retry_after, &body)))
    }

    /// One try: until the first piece of the answer is there.
    async fn begun(&self, outgoing: &Outgoing, request: &Request) -> Result<Reading, ModelError> {
        let response = self.send(outgoing).await?;
        let content = content_type(response.headers());
        let mut decoder = Decoder::new(&self.endpoint, request);
        let is_stream = content.starts_with("text/event-stream") || content.is_empty();
        if content.starts_with("application/json") {
            let body = tokio::time::timeout(self.patience.first, text_of(response)).await;
            let body = body.map_err(|_| self.silent(self.patience.first))?;
            let pieces = decoder.whole(body.as_bytes()).map_err(|error| self.hidden(error))?;
            return Ok(self.reading(None, decoder, pieces));
        }
        if !is_stream {
            let body = tokio::time::timeout(self.patience.between, text_of(response)).await.unwrap_or_default();
            return Err(self.hidden(refusal::wrong_content(&self.endpoint, &content, &body)));
        }
        let mut reading = self.reading(Some(response), decoder, Vec::new());
        reading.wait(self.patience.first).await?;
        Ok(reading)
    }

    fn reading(&self, response: Option<Response>, decoder: Decoder, pieces: Vec<Delta>) -> Reading {
        Reading {
            response,
            decoder,
            pieces: pieces.into(),
            between: self.patience.between,
            host: self.endpoint.host().to_owned(),
            redactor: Arc::clone(&self.redactor),
        }
    }

    /// How long to wait before it is asked again; `None` where asking again helps nobody.
    fn pause(&self, error: &ModelError, tried: u32) -> Option<Duration> {
        if tried >= self.patience.tries {
            return None;
        }
        let own = self.patience.pause.saturating_mul(1 << (tried - 1).min(16));
        let pause = match error {
            ModelError::Busy { after_seconds, .. } => after_seconds.map_or(own, Duration::from_secs).max(own),
            ModelError::Unreachable { .. } => own,
            ModelError::Untrusted { .. }
            | ModelError::NotAllowed { .. }
            | ModelError::UnknownModel { .. }
            | ModelError::TooLong { .. }
            | ModelError::Rejected { .. }
            | ModelError::NotAModel { .. }
            | ModelError::Broken { .. }
            | ModelError::Held { .. } => return None,
        };
        (pause <= self.patience.longest_pause).then_some(pause)
    }

    fn unreached(&self, error: &reqwest::Error) -> ModelError {
        let host = self.endpoint.host();
        let mut deepest = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            deepest = inner.to_string();
            let tls = inner.downcast_ref::<rustls::Error>();
            match tls {
                Some(rustls::Error::InvalidCertificate(why)) => {
                    return ModelError::Untrusted {
                        why: format!("{host}: {why}"),
                        hint:
                            "If the server is your own, add the certificate of its authority to the model's settings."
                                .into(),
                    };
                }
                Some(tls) => {
                    return ModelError::NotAModel {
                        why: format!("{host} does not speak TLS as it should ({tls})"),
                        hint: "Check the address: a local server is often at http://, not https://.".into(),
                    };
                }
                // An I/O error hides the one it wraps from `source`, and may wrap another.
                None => {
                    source = match inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
                        Some(wrapped) => Some(wrapped),
                        None => inner.source(),
                    }
                }
            }
        }
        if error.is_timeout() {
            return self.silent(self.patience.connect);
        }
        let hint = match self.endpoint.is_local() {
            true => format!("Start {}, or correct the address.", self.endpoint.provider.word()),
            false => "Check the network and the address, and ask again.".to_owned(),
        };
        ModelError::Unreachable { why: format!("{host}: {deepest}"), hint }
    }

    fn silent(&self, waited: Duration) -> ModelError {
        ModelError::Unreachable {
            why: format!("{} said nothing for {} s", self.endpoint.host(), waited.as_secs()),
            hint: "Ask again, or choose a quicker model.".into(),
        }
    }

    /// A server may repeat in its error what it was sent, and the key as well.
    fn hidden(&self, error: ModelError) -> ModelError {
        hidden(&self.redactor, error)
    }
}

fn hidden(redactor: &Redactor, mut error: ModelError) -> ModelError {
    match &mut error {
        ModelError::Unreachable { why, .. }
        | ModelError::Untrusted { why, .. }
        | ModelError::NotAllowed { why, .. }
        | ModelError::UnknownModel { why, .. }
        | ModelError::Busy { why, .. }
        | ModelError::TooLong { why, .. }
        | ModelError::Rejected { why, .. }
        | ModelError::NotAModel { why, .. }
        | ModelError::Broken { why, .. }
        | ModelError::Held { why, .. } => *why = redactor.text(why).into_string(),
    }
    error
}

#[async_trait]
impl Model for Remote {
    fn name(&self) -> &str {
        &self.endpoint.name
    }

    fn is_remote(&self) -> bool {
        !self.endpoint.is_local()
    }

    fn leaves(&self, request: &Request) -> Option<String> {
        Some(request.leaves(&self.endpoint))
    }

    async fn ask(&self, request: &Request) -> Result<Box<dyn Answering>, ModelError> {
        let outgoing = encode(&self.endpoint, request);
        let kept = request.kept().flat_map(|part| part.texts()).map(Own::Text);
        // What a provider calls its calls is as random as a token; it goes back to the model as an id, and only as one.
        let ids = request.calls().map(|call| Own::Id(&call.id));
        let own: Vec<Own<'_>> = kept.chain(ids).collect();
        if let Some(leak) = self.redactor.leaks(&outgoing.body, &own).first() {
            return Err(ModelError::Held {
                why: format!("what looks like a {} stands in it, at `{}`", leak.kind, leak.at),
                hint: "Look at what leaves, and take it out.".into(),
            });
        }
        let mut tried = 0;
        loop {
            tried += 1;
            match self.begun(&outgoing, request).await {
                Ok(reading) => return Ok(Box::new(reading)),
                Err(error) => match self.pause(&error, tried) {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(error),
                },
            }
        }
    }
}

struct Reading {
    /// `None` when there is nothing more to come.
    response: Option<Response>,
    decoder: Decoder,
    pieces: VecDeque<Delta>,
    between: Duration,
    host: String,
    redactor: Arc<Redactor>,
}

impl Reading {
    /// Reads until there is a piece, or an end.
    async fn wait(&mut self, patience: Duration) -> Result<(), ModelError> {
        let mut patience = patience;
        while self.pieces.is_empty() {
            let Some(response) = &mut self.response else { return Ok(()) };
            let read = match tokio::time::timeout(patience, response.chunk()).await {
                Ok(Ok(Some(bytes))) => self.decoder.feed(&bytes),
                Ok(Ok(None)) => {
                    self.response = None;
                    self.decoder.finish()
                }
                Ok(Err(error)) => {
                    let mut why = error.to_string();
                    let mut source = error.source();
                    while let Some(inner) = source {
                        why = inner.to_string();
                        source = inner.source();
                    }
                    Err(ModelError::broken(format!("the connection to {} broke: {why}", self.host)))
                }
                Err(_) => {
                    Err(ModelError::broken(format!("{} said nothing more for {} s", self.host, patience.as_secs())))
                }
            };
            patience = self.between;
            match read {
                Ok(pieces) => self.pieces.extend(pieces),
                Err(error) => {
                    self.response = None;
                    return Err(hidden(&self.redactor, error));
                }
            }
            if matches!(self.pieces.back(), Some(Delta::End { .. })) {
                self.response = None;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Answering for Reading {
    async fn next(&mut self) -> Option<Result<Delta, ModelError>> {
        if let Err(error) = self.wait(self.between).await {
            return Some(Err(error));
        }
        self.pieces.pop_front().map(Ok)
    }
}

fn content_type(headers: &HeaderMap) -> String {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
}

/// In seconds; a date is not worked out, there is no clock here.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let milliseconds = headers.get("retry-after-ms").and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    seconds.or(milliseconds.map(|ms| ms.div_ceil(1_000)))
}

async fn text_of(mut response: Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(bytes)) = response.chunk().await {
        body.extend_from_slice(&bytes);
        if body.len() > MOST_OF_A_BODY {
            break;
        }
    }
    String::from_utf8_lossy(&body).into_owned()
}

#[cfg(test)]
mod tests;
