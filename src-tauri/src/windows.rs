//! The windows of this desk: the first one, and those beside it that show one case each.

use std::sync::atomic::{AtomicU32, Ordering};

use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

/// The window that the program begins with.
pub const MAIN: &str = "main";
/// Labels of the others begin so; `capabilities/main.json` names them too.
const BESIDE: &str = "beside-";
/// So many windows at a time: each is a web view of its own.
const MOST: usize = 12;

static NUMBER: AtomicU32 = AtomicU32::new(1);

/// Opens a window of its own on a place of the address, `#/case/…`.
pub fn open(handle: &AppHandle, hash: &str) -> anyhow::Result<()> {
    anyhow::ensure!(is_place(hash), "`{hash}` is no place in the window");
    anyhow::ensure!(handle.webview_windows().len() < MOST, "{MOST} windows are open already; close one of them");
    let mut config = handle.config().app.windows.first().cloned().unwrap_or_default();
    config.label = format!("{BESIDE}{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    config.url = WebviewUrl::App(format!("index.html{hash}").into());
    WebviewWindowBuilder::from_config(handle, &config)?.build()?;
    Ok(())
}

/// Leads the window that is there to a place, and brings it to the front. False where no window is open.
pub fn lead(handle: &AppHandle, hash: &str) -> bool {
    let Some(window) = front(handle) else { return false };
    let Ok(text) = serde_json::to_string(hash) else { return false };
    let _ = window.unminimize();
    let _ = window.set_focus();
    window.eval(format!("location.hash = {text}")).is_ok()
}

/// The first window; where it was closed, any other.
fn front(handle: &AppHandle) -> Option<WebviewWindow> {
    handle.get_webview_window(MAIN).or_else(|| handle.webview_windows().into_values().next())
}

/// Only places of ours are opened, never an address.
pub fn is_place(hash: &str) -> bool {
    hash.starts_with("#/") && hash.len() < 4096 && !hash.chars().any(char::is_control)
}
