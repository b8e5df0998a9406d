//! Carries `wire` over Tauri: `call` for every command, one channel for the stream of updates.

use std::sync::Arc;

use serde_json::Value;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, RunEvent, State};
use wire::rows::Update;
use wire::{Router, WireError, Workbench};

type Desk = Arc<Router<Workbench>>;

/// The one command. `name` is a command of the wire's list, `request` its request as JSON.
#[tauri::command]
async fn call(router: State<'_, Desk>, name: String, request: Value) -> Result<Value, WireError> {
    let router = Arc::clone(&router);
    router.call(&name, request).await
}

/// The one stream. A window that falls behind is told that everything may have changed.
#[tauri::command]
async fn subscribe(router: State<'_, Desk>, updates: Channel<Update>) -> Result<(), WireError> {
    let window = updates;
    let mut updates = router.commands().updates();
    tauri::async_runtime::spawn(async move {
        loop {
            let update = match updates.recv().await {
                Ok(update) => update,
                Err(wire::Lost::Behind) => Update::ClustersChanged,
                Err(wire::Lost::Closed) => break,
            };
            if window.send(update).is_err() {
                break;
            }
        }
    });
    Ok(())
}

/// Opens the window and stays until it is closed.
pub fn run() -> anyhow::Result<()> {
    let app = tauri::Builder::default()
        .invoke_handler(tauri::generate_handler![call, subscribe])
        .setup(|app| {
            let workbench = tauri::async_runtime::block_on(Workbench::open())?;
            app.manage(Arc::new(Router::new(workbench)));
            let config = app.config().app.windows.first().cloned().unwrap_or_default();
            tauri::WebviewWindowBuilder::from_config(app, &config)?.build()?;
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
