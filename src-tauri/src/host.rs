//! Carries `wire` over Tauri: `call` for every command, one channel for the stream of updates.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, RunEvent, State, WebviewUrl};
use wire::rows::Update;
use wire::{Router, WireError, Workbench};

use crate::link;

type Desk = Arc<Router<Workbench>>;

/// The one command. `name` is a command of the wire's list, `request` its request as JSON.
#[tauri::command]
async fn call(router: State<'_, Desk>, name: String, request: Value) -> Result<Value, WireError> {
    let router = Arc::clone(&router);
    router.call(&name, request).await
}

/// A window is woken ten times a second at most.
const PAUSE: Duration = Duration::from_millis(100);

/// The one stream. A window that falls behind is told that everything may have changed.
#[tauri::command]
async fn subscribe(router: State<'_, Desk>, updates: Channel<Vec<Update>>) -> Result<(), WireError> {
    let window = updates;
    let mut updates = router.commands().updates();
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
        .invoke_handler(tauri::generate_handler![call, subscribe])
        .setup(move |app| {
            let workbench = tauri::async_runtime::block_on(Workbench::open())?;
            app.manage(Arc::new(Router::new(workbench)));
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
    let router = Arc::clone(&handle.state::<Desk>());
    tauri::async_runtime::block_on(router.commands().close());
}
