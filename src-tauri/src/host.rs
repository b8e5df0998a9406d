//! Carries `wire` over Tauri: `call` for every command, one channel for the stream of updates.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, RunEvent, State, WebviewUrl};
use tokio::sync::watch;
use wire::rows::Update;
use wire::{Router, WireError, Workbench};

use crate::notice::{self, Said};
use crate::tray::{self, Tray};
use crate::{link, windows};

type Desk = Arc<Router<Workbench>>;

/// The core, which opens while the window is painted already; who asks it before waits.
struct Core(watch::Receiver<Option<Result<Desk, WireError>>>);

impl Core {
    /// Begins to open it, on threads of its own.
    fn begin() -> Self {
        let (told, heard) = watch::channel(None);
        tauri::async_runtime::spawn(async move {
            let opened = Workbench::open().await.map(|workbench| Arc::new(Router::new(workbench)));
            let _ = told.send(Some(opened.map_err(|error| {
                tracing::error!(%error, "the desk could not be opened");
                WireError::from(error)
            })));
        });
        Core(heard)
    }

    /// The core once it is open, or why it cannot be.
    async fn opened(&self) -> Result<Desk, WireError> {
        let mut heard = self.0.clone();
        let opened = heard.wait_for(Option::is_some).await.ok().and_then(|told| told.clone());
        opened.unwrap_or_else(|| {
            Err(WireError {
                code: "failed".into(),
                title: "The core of Caseboard ended while it was opened.".into(),
                hint: "Restart Caseboard; its log says more.".into(),
            })
        })
    }
}

/// The one command. `name` is a command of the wire's list, `request` its request as JSON.
#[tauri::command]
async fn call(core: State<'_, Core>, name: String, request: Value) -> Result<Value, WireError> {
    core.opened().await?.call(&name, request).await
}

/// A window is woken ten times a second at most.
const PAUSE: Duration = Duration::from_millis(100);

/// The one stream. A window that falls behind is told that everything may have changed.
#[tauri::command]
async fn subscribe(core: State<'_, Core>, updates: Channel<Vec<Update>>) -> Result<(), WireError> {
    let window = updates;
    let waited = core.0.borrow().is_none();
    let mut updates = core.opened().await?.commands().updates();
    if waited {
        // The first answers may be older than this subscription.
        let _ = window.send(vec![Update::ClustersChanged, Update::CasesChanged]);
    }
    tauri::async_runtime::spawn(async move {
        loop {
            let gathered = match updates.gathered(PAUSE).await {
                Ok(gathered) => gathered,
                Err(wire::Lost::Behind) => vec![Update::ClustersChanged, Update::CasesChanged],
                Err(wire::Lost::Closed) => break,
            };
            if window.send(gathered).is_err() {
                break;
            }
        }
    });
    Ok(())
}

/// Opens a window of its own on a place, `#/case/…`: both windows follow this desk.
#[tauri::command]
async fn window_open(handle: AppHandle, hash: String) -> Result<(), WireError> {
    windows::open(&handle, &hash).map_err(|error| WireError {
        code: "refused".into(),
        title: format!("Could not open another window: {error}."),
        hint: "Go on in this one.".into(),
    })
}

/// A notification of the desktop about one thing, said once; a click on it leads to `place`. Whether it was said now.
#[tauri::command]
async fn notice_say(
    handle: AppHandle,
    said: State<'_, Said>,
    about: String,
    title: String,
    body: String,
    place: Option<String>,
) -> Result<bool, ()> {
    Ok(notice::say(&handle, &said, &about, &title, &body, place.as_deref()))
}

/// The sign in the tray: its words and count, or none. Whether there is one.
#[tauri::command]
async fn tray_say(handle: AppHandle, words: Option<String>, count: u32) -> Result<bool, ()> {
    let (told, shown) = tokio::sync::oneshot::channel();
    let asked = handle.clone();
    // The toolkit's parts are made on its own thread.
    let sent = handle.run_on_main_thread(move || {
        let _ = told.send(tray::say(&asked, words.as_deref(), count));
    });
    Ok(sent.is_ok() && shown.await.unwrap_or(false))
}

/// Opens the window and stays until it is closed. With a link that an open window of this desk takes, it ends at once.
pub fn run() -> anyhow::Result<()> {
    let socket = Workbench::window_socket();
    let link = link::given();
    if let (Some(link), Some(socket)) = (&link, &socket)
        && link::hand_over(socket, link)
    {
        return Ok(());
    }
    let app = tauri::Builder::default()
        .invoke_handler(tauri::generate_handler![call, subscribe, window_open, notice_say, tray_say])
        .manage(Said::default())
        .manage(Tray::default())
        .setup(move |app| {
            app.manage(Core::begin());
            let mut config = app.config().app.windows.first().cloned().unwrap_or_default();
            if let Some(hash) = link.as_deref().and_then(link::hash_of) {
                config.url = WebviewUrl::App(format!("index.html{hash}").into());
            }
            tauri::WebviewWindowBuilder::from_config(app, &config)?.build()?;
            if let Some(socket) = &socket {
                link::take(app.handle(), socket);
            }
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(|handle, event| {
        if let RunEvent::Exit = event {
            close(handle);
        }
    });
    Ok(())
}

fn close(handle: &AppHandle) {
    // What is still being opened holds nothing that must be closed in order.
    let opened = handle.state::<Core>().0.borrow().clone();
    if let Some(Ok(router)) = opened {
        tauri::async_runtime::block_on(router.commands().close());
    }
}
