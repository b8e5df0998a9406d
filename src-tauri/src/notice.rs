//! Notifications of the desktop. The window decides about what and when; here each is said once, however many windows ask.

use std::collections::HashSet;
use std::sync::Mutex;

use tauri::AppHandle;

use crate::windows;

/// What was said in this run of the program.
#[derive(Default)]
pub struct Said(Mutex<HashSet<String>>);

impl Said {
    /// Whether nobody was told about this yet; then it counts as told.
    fn is_new(&self, about: &str) -> bool {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(about.to_owned())
    }
}

/// Says it, unless it was said. False where it was, or where the desktop takes no notifications. Whoever clicks it is led to
/// `place`, `#/cluster/…`.
pub fn say(handle: &AppHandle, said: &Said, about: &str, title: &str, body: &str, place: Option<&str>) -> bool {
    if !said.is_new(about) {
        return false;
    }
    let mut notification = notify_rust::Notification::new();
    notification.appname("Caseboard").summary(title).body(&escaped(body)).icon("caseboard-desktop");
    let place = place.filter(|place| windows::is_place(place));
    if place.is_some() {
        // What desktops do when the notification itself is clicked.
        notification.action("default", "Open");
    }
    match notification.show() {
        Ok(shown) => {
            if let Some(place) = place {
                lead_when_clicked(handle.clone(), shown, place.to_owned());
            }
            true
        }
        Err(error) => {
            tracing::warn!(%error, "the desktop took no notification");
            false
        }
    }
}

/// Waits, on a thread of its own, until the notification is clicked or gone.
#[cfg(all(unix, not(target_os = "macos")))]
fn lead_when_clicked(handle: AppHandle, shown: notify_rust::NotificationHandle, place: String) {
    std::thread::spawn(move || {
        shown.wait_for_action(|action| {
            if action == "default" && !windows::lead(&handle, &place) {
                tracing::warn!(place, "a notification was clicked and no window is open");
            }
        });
    });
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn lead_when_clicked(_: AppHandle, _: notify_rust::NotificationHandle, _: String) {}

/// Desktops read a body as a little HTML; cluster text is no HTML.
fn escaped(body: &str) -> String {
    if cfg!(target_os = "linux") {
        body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    } else {
        body.to_owned()
    }
}
