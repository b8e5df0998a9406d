//! The API server: [`serve`] puts a scenario or a recording behind a port of this machine.

mod access;
mod change;
mod crowd;
mod discovery;
mod list;
mod log;
mod monitoring;
mod protobuf;
mod proxy;
mod request;
mod secured;
mod usage;
mod watch;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use history::History;
use http::{Method, Request, StatusCode, header};
use model::Time;
use tokio::sync::watch::Sender;

use crate::Scenario;
use crate::scenario::base64;
use crate::status::Refusal;
use crate::world::{Pace, World, cluster_of};
use request::{Asked, Place};

/// What to serve.
pub enum Source {
    Scenario(Box<Scenario>, Pace),
    /// A recording: an imported bundle, a `.case` file, an earlier watch.
    History(Arc<History>),
    /// A healthy cluster of so many made-up pods, for looking at the workbench under load.
    Crowd(u32),
}

/// How to serve it.
pub struct Settings {
    /// 0: any free one.
    pub port: u16,
    /// Where the kubeconfig is written.
    pub folder: PathBuf,
    /// The name of its context.
    pub name: String,
    /// Where a scenario is recorded; in memory where absent.
    pub history: Option<Arc<History>>,
}

/// A running server. Stops when it is dropped.
pub struct Served {
    pub address: SocketAddr,
    pub kubeconfig: PathBuf,
    pub context: String,
    pub history: Arc<History>,
    world: Arc<World>,
    stop: Sender<bool>,
}

/// What kept the server from starting.
#[derive(Debug, thiserror::Error)]
pub enum CannotServe {
    #[error("could not serve the playground on 127.0.0.1:{port}: {cause}. Choose another port, or 0 for any free one.")]
    Port { port: u16, cause: std::io::Error },
    #[error("could not write the playground's kubeconfig `{}`: {cause}. Choose a folder that you may write to.", path.display())]
    Kubeconfig { path: PathBuf, cause: std::io::Error },
    #[error("could not make a certificate for the playground: {0}. Try again; if it stays, report it.")]
    Certificate(String),
    #[error("could not play the scenario into its history: {0}")]
    History(#[from] history::Error),
}

/// Serves on 127.0.0.1 and writes a kubeconfig (mode 0600) by which any client reaches it.
pub async fn serve(source: Source, settings: Settings) -> Result<Served, CannotServe> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", settings.port))
        .await
        .map_err(|cause| CannotServe::Port { port: settings.port, cause })?;
    let address = listener.local_addr().map_err(|cause| CannotServe::Port { port: settings.port, cause })?;
    let world = tokio::task::spawn_blocking(move || open(source, settings.history)).await.map_err(|cause| {
        history::Error::Store { act: "play", path: "the scenario".into(), cause: cause.to_string() }
    })??;
    let world = Arc::new(world);
    let (config, authority) = secured::certificate().map_err(|error| CannotServe::Certificate(error.to_string()))?;
    let token = uuid::Uuid::now_v7().simple().to_string() + &uuid::Uuid::now_v7().simple().to_string();
    let path = settings.folder.join(format!("{}.kubeconfig", settings.name));
    write_kubeconfig(&path, &settings.name, address, &authority, &token)
        .map_err(|cause| CannotServe::Kubeconfig { path: path.clone(), cause })?;
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let site = Arc::new(Site { world: world.clone(), token, stopped: stopped.clone() });
    let router = Router::new().fallback(answer).with_state(site);
    let listener = secured::Secured::new(listener, address, config);
    tokio::spawn(async move {
        let finished = axum::serve(listener, router).with_graceful_shutdown(async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        });
        if let Err(error) = finished.await {
            tracing::warn!("the playground stopped: {error}");
        }
    });
    tokio::spawn(live(world.clone(), stop.subscribe()));
    tracing::info!(%address, "the playground serves");
    let history = world.history.clone();
    Ok(Served { address, kubeconfig: path, context: settings.name, history, world, stop })
}

impl Served {
    /// Forgets every version but the current one, as a real API server does from time to time: who still watches an old
    /// one is told 410 and has to list again.
    pub fn compact(&self) {
        self.world.store.write(crate::store::Kept::compact);
    }

    /// The made-up pods, where such are served.
    pub fn crowd(&self) -> Option<&crate::Crowd> {
        self.world.crowd.as_deref()
    }

    /// Makes the made-up pod at a place crash again and again; gives the pod, once the server shows it so.
    pub fn crash(&self, place: u32) -> Option<model::ObjectRef> {
        self.world.crowd.as_ref()?.crash(&self.world.store, place, now())
    }

    /// The made-up pod at a place runs again.
    pub fn heal(&self, place: u32) {
        if let Some(crowd) = &self.world.crowd {
            crowd.heal(&self.world.store, place, now());
        }
    }

    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop();
    }
}

fn open(source: Source, history: Option<Arc<History>>) -> Result<World, history::Error> {
    match source {
        Source::History(history) => World::of_history(history),
        Source::Crowd(pods) => World::of_crowd(pods, now()),
        Source::Scenario(scenario, pace) => {
            let history = match history {
                Some(history) => history,
                None => Arc::new(History::in_memory(cluster_of(&scenario.name))?),
            };
            World::of_scenario(&scenario, history, pace, now())
        }
    }
}

/// The one place of this crate that asks a clock.
pub(crate) fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Lets a scenario, or a crowd, live on.
async fn live(world: Arc<World>, mut stopped: tokio::sync::watch::Receiver<bool>) {
    if let Some(crowd) = world.crowd.clone() {
        let over = Arc::new(AtomicBool::new(false));
        let told = over.clone();
        std::thread::spawn(move || crate::crowd::live(&crowd, &world.store, &told));
        let _ = stopped.wait_for(|stopped| *stopped).await;
        over.store(true, Ordering::Relaxed);
        return;
    }
    loop {
        let playing = world.clone();
        let next = match tokio::task::spawn_blocking(move || playing.catch_up(now())).await {
            Ok(Ok(next)) => next,
            Ok(Err(error)) => {
                tracing::warn!("what happens in the playground could not be kept: {error}");
                None
            }
            Err(_) => return,
        };
        // A write can bring the next thing forward, so nobody sleeps long.
        let micros = next.map_or(500_000, |at| (at.0 - now().0).clamp(20_000, 500_000));
        let pause = Duration::from_micros(micros.unsigned_abs());
        tokio::select! {
            _ = tokio::time::sleep(pause) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

fn write_kubeconfig(path: &Path, name: &str, address: SocketAddr, authority: &str, token: &str) -> std::io::Result<()> {
    use std::io::Write;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Written beside and moved into place: nobody reads half of it, and its mode is right from the first byte.
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let config = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": name, "cluster": {
            "server": format!("https://{address}"),
            "certificate-authority-data": base64(authority.as_bytes()),
        } }],
        "users": [{ "name": name, "user": { "token": token } }],
        "contexts": [{ "name": name, "context": { "cluster": name, "user": name } }],
        "current-context": name,
    });
    options.open(&beside)?.write_all(format!("{config:#}\n").as_bytes())?;
    std::fs::rename(&beside, path)
}

/// What every answer needs.
pub(crate) struct Site {
    pub world: Arc<World>,
    token: String,
    pub stopped: tokio::sync::watch::Receiver<bool>,
}

/// The largest body of a request that is read.
const MOST_BYTES: usize = 3 << 20;

/// What a real server of this version says whenever somebody asks for Endpoints.
const ENDPOINTS_DEPRECATED: &str =
    "299 - \"v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\"";

async fn answer(State(site): State<Arc<Site>>, request: Request<Body>) -> Response {
    route(site, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn route(site: Arc<Site>, request: Request<Body>) -> Result<Response, Refusal> {
    let path = request.uri().path().to_owned();
    if matches!(path.as_str(), "/healthz" | "/livez" | "/readyz") {
        return Ok("ok".into_response());
    }
    authenticate(&site, &request)?;
    let method = request.method().clone();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let accept = header_text(&request, header::ACCEPT);
    let content = header_text(&request, header::CONTENT_TYPE).unwrap_or_default();
    if let Some(found) = discovery::answer(&site, &method, &path, accept.as_deref())? {
        return Ok(found);
    }
    let asked = Asked::parse(&site.world.store, &path, &query)?;
    let body = match method {
        Method::GET => bytes::Bytes::new(),
        _ => axum::body::to_bytes(request.into_body(), MOST_BYTES)
            .await
            .map_err(|_| Refusal::bad_request(format!("the body of the request is larger than {MOST_BYTES} bytes")))?,
    };
    match asked {
        Place::Review(kind) => access::review(&site, &kind, &method, &body),
        Place::Usage(asked) => usage::answer(&site, &asked, accept.as_deref()),
        Place::Object(asked) => {
            let deprecated = asked.kind == "Endpoints";
            let mut response = object(site, asked, &method, accept.as_deref(), &content, &body)?;
            if deprecated {
                response.headers_mut().insert(header::WARNING, header::HeaderValue::from_static(ENDPOINTS_DEPRECATED));
            }
            Ok(response)
        }
    }
}

fn object(
    site: Arc<Site>,
    asked: Asked,
    method: &Method,
    accept: Option<&str>,
    content: &str,
    body: &[u8],
) -> Result<Response, Refusal> {
    if let Some(crowd) = site.world.crowd.clone().filter(|_| asked.kind == "Pod") {
        return match (method.as_str(), asked.sub.as_str()) {
            ("GET", "" | "status") => crowd::answer(site, &crowd, asked, accept),
            ("GET", _) => Err(Refusal::no_such_path()),
            _ => Err(Refusal::method_not_allowed(method.as_str())),
        };
    }
    match (method.as_str(), asked.sub.as_str()) {
        ("GET", "log") if asked.resource.kind == "Pod" => log::answer(&site, &asked),
        ("GET" | "POST", "proxy") => proxy::answer(&site, &asked),
        ("GET", "") if asked.is_watch() => watch::answer(site, asked, accept),
        ("GET", "") if asked.name.is_empty() => list::list(&site, &asked, accept),
        ("GET", "" | "status") => list::get(&site, &asked, accept),
        ("GET", "scale") => change::scale_of(&site, &asked),
        ("PATCH" | "PUT" | "POST" | "DELETE", _) => change::answer(&site, &asked, method, accept, content, body),
        ("GET", _) => Err(Refusal::no_such_path()),
        _ => Err(Refusal::method_not_allowed(method.as_str())),
    }
}

fn header_text(request: &Request<Body>, name: header::HeaderName) -> Option<String> {
    request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn authenticate(site: &Site, request: &Request<Body>) -> Result<(), Refusal> {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let given = given.strip_prefix("Bearer ").unwrap_or_default().trim();
    // Compared whole, whatever the first difference, so that time tells nothing.
    let same = given.len() == site.token.len()
        && given.bytes().zip(site.token.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0;
    if same { Ok(()) } else { Err(Refusal::unauthorized()) }
}

/// An answer as JSON.
pub(crate) fn json(code: StatusCode, value: &serde_json::Value) -> Response {
    (code, axum::Json(value)).into_response()
}

#[cfg(test)]
mod tests;
