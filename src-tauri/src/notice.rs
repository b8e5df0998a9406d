//! Notifications of the desktop. The window decides about what and when; here each is said once, however many windows ask.

use std::collections::HashSet;
use std::sync::Mutex;

/// What was said in this run of the program.
#[derive(Default)]
pub struct Said(Mutex<HashSet<String>>);

impl Said {
    /// Whether nobody was told about this yet; then it counts as told.
    fn is_new(&self, about: &str) -> bool {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(about.to_owned())
    }
}

/// Says it, unless it was said. False where it was, or where the desktop takes no notifications.
pub fn say(said: &Said, about: &str, title: &str, body: &str) -> bool {
    if !said.is_new(about) {
        return false;
    }
    let mut notification = notify_rust::Notification::new();
    notification.appname("Caseboard").summary(title).body(&escaped(body)).icon("caseboard-desktop");
    match notification.show() {
        Ok(_) => true,
        Err(error) => {
            tracing::warn!(%error, "the desktop took no notification");
            false
        }
    }
}

/// Desktops read a body as a little HTML; cluster text is no HTML.
fn escaped(body: &str) -> String {
    if cfg!(target_os = "linux") {
        body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    } else {
        body.to_owned()
    }
}
