//! The sign in the desktop's tray: how many incidents are open. A desktop without a tray goes without it.

use std::sync::Mutex;

use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Manager, Wry};

use crate::windows;

/// The sign, once it was asked for.
#[derive(Default)]
pub struct Tray(Mutex<Option<Shown>>);

struct Shown {
    icon: TrayIcon<Wry>,
    line: MenuItem<Wry>,
}

const INCIDENTS: &str = "incidents";
const NIGHT: &str = "night";
const QUIT: &str = "quit";

/// Shows `words` beside the sign, or takes the sign away. Gives back whether there is a sign now.
pub fn say(handle: &AppHandle, words: Option<&str>, count: u32) -> bool {
    let tray = handle.state::<Tray>();
    let mut shown = tray.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(words) = words else {
        if let Some(shown) = shown.take() {
            let _ = shown.icon.set_visible(false);
        }
        return false;
    };
    if shown.is_none() {
        *shown = make(handle);
    }
    let Some(Shown { icon, line }) = shown.as_ref() else { return false };
    let _ = icon.set_visible(true);
    let _ = line.set_text(words);
    let _ = icon.set_tooltip(Some(words));
    let _ = icon.set_title((count > 0).then(|| count.to_string()));
    true
}

fn make(handle: &AppHandle) -> Option<Shown> {
    if !is_possible() {
        tracing::info!("no library for a tray is installed, so there is no sign in it");
        return None;
    }
    match build(handle) {
        Ok(shown) => Some(shown),
        Err(error) => {
            tracing::warn!(%error, "there is no sign in the tray");
            None
        }
    }
}

fn build(handle: &AppHandle) -> tauri::Result<Shown> {
    let line = MenuItem::with_id(handle, INCIDENTS, "Incidents", true, None::<&str>)?;
    let night = MenuItem::with_id(handle, NIGHT, "3 a.m. mode", true, None::<&str>)?;
    let quit = MenuItem::with_id(handle, QUIT, "Quit", true, None::<&str>)?;
    let menu = Menu::with_items(handle, &[&line, &night, &PredefinedMenuItem::separator(handle)?, &quit])?;
    let mut builder =
        TrayIconBuilder::with_id("caseboard").menu(&menu).on_menu_event(|handle, event| match event.id().as_ref() {
            INCIDENTS => drop(windows::lead(handle, "#/incidents")),
            NIGHT => drop(windows::lead(handle, "#/night")),
            QUIT => handle.exit(0),
            _ => {}
        });
    if let Some(icon) = handle.default_window_icon() {
        builder = builder.icon(icon.clone());
    }
    Ok(Shown { icon: builder.build(handle)?, line })
}

/// On Linux the tray's library is loaded when it is first used, and its absence would end the program.
#[cfg(target_os = "linux")]
fn is_possible() -> bool {
    const NAMES: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];
    let given = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let usual = ["/usr/lib64", "/usr/lib", "/usr/local/lib", "/lib64", "/lib"].map(std::path::PathBuf::from);
    let multiarch = ["/usr/lib", "/lib"].map(|lib| {
        let triple = if cfg!(target_arch = "aarch64") { "aarch64-linux-gnu" } else { "x86_64-linux-gnu" };
        std::path::Path::new(lib).join(triple)
    });
    std::env::split_paths(&given)
        .chain(usual)
        .chain(multiarch)
        .any(|folder| NAMES.iter().any(|name| folder.join(name).exists()))
}

#[cfg(not(target_os = "linux"))]
fn is_possible() -> bool {
    true
}
