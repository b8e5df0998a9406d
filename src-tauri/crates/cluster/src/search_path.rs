use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Where programs are looked for. A window that was started from a menu has not the `PATH` that the terminal has, so
/// what the program's own `PATH` does not find is looked for on the login shell's.
#[derive(Debug, Default)]
pub struct SearchPath {
    own: Option<OsString>,
    shell: Option<PathBuf>,
    home: Option<PathBuf>,
    login: OnceLock<Option<OsString>>,
}

/// A profile may be slow; nobody waits longer than this for it, and only once.
const SHELL_TAKES_AT_MOST: Duration = Duration::from_secs(3);

/// Where installers put plugins without telling any shell.
const USUAL_FOLDERS: &[&str] = &["/usr/local/bin", "/opt/homebrew/bin", "/snap/bin", "/usr/bin", "/bin"];
const USUAL_FOLDERS_AT_HOME: &[&str] =
    &[".local/bin", "bin", ".krew/bin", "google-cloud-sdk/bin", ".asdf/shims", ".nix-profile/bin"];

impl SearchPath {
    pub fn of_this_machine() -> Self {
        SearchPath {
            own: std::env::var_os("PATH"),
            shell: std::env::var_os("SHELL").map(PathBuf::from),
            home: std::env::var_os("HOME").map(PathBuf::from),
            login: OnceLock::new(),
        }
    }

    /// Exactly these folders, and no shell is asked.
    pub fn only(folders: &[PathBuf]) -> Self {
        let own = std::env::join_paths(folders).ok();
        SearchPath { own, login: OnceLock::from(None), ..SearchPath::default() }
    }

    #[cfg(test)]
    pub(crate) fn with_shell(shell: &Path) -> Self {
        SearchPath { shell: Some(shell.to_owned()), ..SearchPath::default() }
    }

    /// The program's file, or `None` where no folder has it. A name with a separator is a path.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        if program.contains(std::path::MAIN_SEPARATOR) {
            return Some(PathBuf::from(program)).filter(|path| is_program(path));
        }
        find_in(self.own.as_ref(), program)
            .or_else(|| find_in(self.login_path(), program))
            .or_else(|| self.usual_folders().map(|folder| folder.join(program)).find(|path| is_program(path)))
    }

    /// The `PATH` for a program that is run: everything above, the program's own folders first.
    pub fn joined(&self) -> OsString {
        let mut folders: Vec<PathBuf> = Vec::new();
        let listed = [self.own.as_ref(), self.login_path()].into_iter().flatten().flat_map(std::env::split_paths);
        for folder in listed.chain(self.usual_folders()) {
            if !folder.as_os_str().is_empty() && !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        std::env::join_paths(folders).unwrap_or_else(|_| self.own.clone().unwrap_or_default())
    }

    fn usual_folders(&self) -> impl Iterator<Item = PathBuf> {
        let at_home = self.home.iter().flat_map(|home| USUAL_FOLDERS_AT_HOME.iter().map(|folder| home.join(folder)));
        let elsewhere = USUAL_FOLDERS.iter().map(PathBuf::from).filter(|_| self.home.is_some());
        at_home.chain(elsewhere)
    }

    fn login_path(&self) -> Option<&OsString> {
        self.login.get_or_init(|| self.shell.as_deref().and_then(ask_shell)).as_ref()
    }
}

fn find_in(path: Option<&OsString>, program: &str) -> Option<PathBuf> {
    let names: Vec<String> = if cfg!(windows) && Path::new(program).extension().is_none() {
        ["exe", "cmd", "bat"].iter().map(|extension| format!("{program}.{extension}")).collect()
    } else {
        vec![program.to_owned()]
    };
    std::env::split_paths(path?)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    let Ok(metadata) = path.metadata() else { return false };
    #[cfg(unix)]
    let executable = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let executable = true;
    metadata.is_file() && executable
}

/// Asks the login shell, which reads the profile; not an interactive one, which may stop for a terminal.
fn ask_shell(shell: &Path) -> Option<OsString> {
    const MARK: &str = "caseboard-path=";
    let mut child = std::process::Command::new(shell)
        .args(["-l", "-c", &format!("printf '\\n{MARK}%s\\n' \"$PATH\"")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(_)) => break,
            Ok(None) if started.elapsed() < SHELL_TAKES_AT_MOST => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
    let output = child.wait_with_output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let path = text.lines().filter_map(|line| line.strip_prefix(MARK)).next_back()?;
    (!path.is_empty()).then(|| OsString::from(path))
}
