//! The desktop shell: windows, one command to the core, one stream, and what only a desktop has: a tray and notifications.
//! No logic of its own.
//!
//! Deliberately not here: anything that knows clusters, cases or knowledge (crate `wire` carries all of it).
//! Start with [`host`].

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod host;
mod link;
mod notice;
mod tray;
mod windows;

#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> anyhow::Result<()> {
    // Without a GPU WebKit's DMA-BUF renderer only costs memory; set before any thread starts.
    if cfg!(target_os = "linux") && std::env::var_os("WEBKIT_DISABLE_DMABUF_RENDERER").is_none() {
        #[expect(unsafe_code, reason = "nothing else runs yet; the process has one thread")]
        unsafe {
            std::env::set_var("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
        }
    }
    refuse_automation()?;
    host::run()
}

/// `TAURI_AUTOMATION` opens the window to any program of this user: right for tests, wrong for a shipped program.
fn refuse_automation() -> anyhow::Result<()> {
    let asked = ["TAURI_AUTOMATION", "TAURI_WEBVIEW_AUTOMATION"].iter().find(|name| std::env::var_os(name).is_some());
    match asked {
        Some(name) if !cfg!(debug_assertions) => {
            anyhow::bail!(
                "`{name}` is set, and a release build does not let other programs drive its window. Unset it."
            )
        }
        _ => Ok(()),
    }
}
