//! `caseboard://` links: the program's argument, as the desktop entry gives it. A window that is open on this desk shows it;
//! without one, the new window begins there.

use std::path::Path;

use tauri::AppHandle;

const SCHEME: &str = "caseboard://";

/// The link that the program was started with.
pub fn given() -> Option<String> {
    std::env::args().skip(1).find(|argument| hash_of(argument).is_some())
}

/// Where in the window a link leads: the part of the address after `#`. `None` for what is no link of ours.
pub fn hash_of(link: &str) -> Option<String> {
    let scheme = link.get(..SCHEME.len())?;
    let place = &link[SCHEME.len()..];
    let is_plain = place.len() < 4096 && !place.chars().any(char::is_control);
    (scheme.eq_ignore_ascii_case(SCHEME) && is_plain).then(|| format!("#/{place}"))
}

/// Hands the link to a window that is open on this desk; false where there is none.
#[cfg(unix)]
pub fn hand_over(socket: &Path, link: &str) -> bool {
    use std::io::{Read, Write};
    let Ok(mut open) = std::os::unix::net::UnixStream::connect(socket) else { return false };
    let _ = open.set_read_timeout(Some(std::time::Duration::from_secs(5)));
    let mut heard = [0; 2];
    writeln!(open, "{link}").is_ok() && open.read_exact(&mut heard).is_ok() && &heard == b"ok"
}

/// Takes links of later starts for as long as the program runs. A socket that cannot be had costs only this.
#[cfg(unix)]
pub fn take(handle: &AppHandle, socket: &Path) {
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::{UnixListener, UnixStream};
    if UnixStream::connect(socket).is_ok() {
        // Another window of this desk takes them.
        return;
    }
    let _ = std::fs::remove_file(socket);
    let listener = match UnixListener::bind(socket) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(path = %socket.display(), %error, "links open in a window of their own");
            return;
        }
    };
    let handle = handle.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.set_read_timeout(Some(std::time::Duration::from_secs(5)));
            let mut line = String::new();
            let read = BufReader::new(&stream).read_line(&mut line);
            if read.is_ok() && show(&handle, line.trim()) {
                let _ = stream.write_all(b"ok");
            }
        }
    });
}

#[cfg(not(unix))]
pub fn hand_over(_: &Path, _: &str) -> bool {
    false
}

#[cfg(not(unix))]
pub fn take(_: &AppHandle, _: &Path) {}

#[cfg(unix)]
fn show(handle: &AppHandle, link: &str) -> bool {
    hash_of(link).is_some_and(|hash| crate::windows::lead(handle, &hash))
}
