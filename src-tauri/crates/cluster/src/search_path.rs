mod login_shell;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock};

use login_shell::Said;

/// Where programs are looked for, and the environment that they are run with.
///
/// A window that was started from a menu or a dock has not the environment that the terminal has: what the program's own
/// `PATH` does not find is looked for on the login shell's, and the variables that say where clusters, proxies and
/// logins are ([`VARIABLES`]) are taken from it where the program's own environment does not have them. The shell is
/// asked once, and only when something is missing.
#[derive(Default)]
pub struct SearchPath {
    /// The program's own environment, without what an AppImage put there for itself.
    own: BTreeMap<OsString, OsString>,
    shell: Option<PathBuf>,
    home: Option<PathBuf>,
    login: Arc<OnceLock<Option<Said>>>,
    /// Descends from a terminal, and has its variables already.
    from_terminal: bool,
}

impl std::fmt::Debug for SearchPath {
    /// Never the values of variables: some are credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SearchPath").field("path", &self.own.get(OsStr::new("PATH"))).finish_non_exhaustive()
    }
}

/// What is taken of the login shell's environment: what kubectl, proxies and the providers' plugins go by.
pub(crate) const VARIABLES: &[&str] = &[
    "KUBECONFIG",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CA_BUNDLE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "CLOUDSDK_CONFIG",
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "CLOUDSDK_PYTHON",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AZURE_CONFIG_DIR",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AAD_LOGIN_METHOD",
    "OCI_CLI_PROFILE",
    "OCI_CLI_CONFIG_FILE",
    "DIGITALOCEAN_ACCESS_TOKEN",
    "TELEPORT_HOME",
    "VAULT_ADDR",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "SSH_AUTH_SOCK",
    "KREW_ROOT",
];

/// Where installers put plugins without telling any shell.
const USUAL_FOLDERS: &[&str] = &["/usr/local/bin", "/opt/homebrew/bin", "/snap/bin", "/usr/bin", "/bin"];
const USUAL_FOLDERS_AT_HOME: &[&str] =
    &[".local/bin", "bin", ".krew/bin", "google-cloud-sdk/bin", ".asdf/shims", ".nix-profile/bin"];

/// The login shell is asked once for the whole program.
static LOGIN: LazyLock<Arc<OnceLock<Option<Said>>>> = LazyLock::new(Arc::default);

impl SearchPath {
    pub fn of_this_machine() -> Self {
        let own = without_bundle(of_this_process());
        let set = |name: &str| own.get(OsStr::new(name)).filter(|value| !value.is_empty());
        SearchPath {
            shell: set("SHELL").map(PathBuf::from),
            home: set("HOME").map(PathBuf::from),
            // A session that begins without a terminal may have one of them.
            from_terminal: set("SHLVL").is_some() && set("TERM").is_some_and(|terminal| terminal != "dumb"),
            login: Arc::clone(&LOGIN),
            own,
        }
    }

    /// Exactly these folders, and no shell is asked.
    pub fn only(folders: &[PathBuf]) -> Self {
        let mut own = without_bundle(of_this_process());
        own.insert("PATH".into(), std::env::join_paths(folders).unwrap_or_default());
        SearchPath { own, login: Arc::new(OnceLock::from(None)), ..SearchPath::default() }
    }

    #[cfg(test)]
    pub(crate) fn with_shell(shell: &Path) -> Self {
        SearchPath { shell: Some(shell.to_owned()), ..SearchPath::default() }
    }

    /// The same in a program that was started with these variables.
    #[cfg(test)]
    pub(crate) fn started_with(self, variables: &[(&str, &str)]) -> Self {
        let all = self.own.into_iter().chain(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        SearchPath { own: without_bundle(all), ..self }
    }

    /// The program's file, or `None` where no folder has it. A name with a separator is a path.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        if program.contains(std::path::MAIN_SEPARATOR) {
            return Some(PathBuf::from(program)).filter(|path| is_program(path));
        }
        find_in(self.own_path(), program)
            .or_else(|| find_in(self.login_path(), program))
            .or_else(|| self.usual_folders().map(|folder| folder.join(program)).find(|path| is_program(path)))
    }

    /// The `PATH` for a program that is run: everything above, the program's own folders first.
    pub fn joined(&self) -> OsString {
        let mut folders: Vec<PathBuf> = Vec::new();
        let listed = [self.own_path(), self.login_path()].into_iter().flatten().flat_map(std::env::split_paths);
        for folder in listed.chain(self.usual_folders()) {
            if !folder.as_os_str().is_empty() && !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        std::env::join_paths(folders).unwrap_or_else(|_| self.own_path().cloned().unwrap_or_default())
    }

    /// One of [`VARIABLES`]: the program's own, or else the login shell's.
    pub fn variable(&self, name: &str) -> Option<OsString> {
        let own = self.own.get(OsStr::new(name)).cloned();
        own.or_else(|| self.said()?.variables.get(name).cloned()).filter(|value| !value.is_empty())
    }

    /// The whole environment of a program that is run.
    pub(crate) fn environment(&self) -> BTreeMap<OsString, OsString> {
        let login = self.said().into_iter().flat_map(|said| said.variables.iter());
        let mut all: BTreeMap<OsString, OsString> =
            login.map(|(name, value)| (OsString::from(name), value.clone())).collect();
        all.extend(self.own.clone());
        all.insert("PATH".into(), self.joined());
        all
    }

    fn usual_folders(&self) -> impl Iterator<Item = PathBuf> {
        let at_home = self.home.iter().flat_map(|home| USUAL_FOLDERS_AT_HOME.iter().map(|folder| home.join(folder)));
        let elsewhere = USUAL_FOLDERS.iter().map(PathBuf::from).filter(|_| self.home.is_some());
        at_home.chain(elsewhere)
    }

    fn own_path(&self) -> Option<&OsString> {
        self.own.get(OsStr::new("PATH"))
    }

    fn login_path(&self) -> Option<&OsString> {
        Some(&self.ask_shell()?.path)
    }

    /// What the shell said, where its variables can be other than the program's own.
    fn said(&self) -> Option<&Said> {
        if self.from_terminal { None } else { self.ask_shell() }
    }

    fn ask_shell(&self) -> Option<&Said> {
        let ask = || login_shell::ask(self.shell.as_deref()?, &self.own);
        self.login.get_or_init(ask).as_ref()
    }
}

/// On Windows names differ in nothing but their case, and `PATH` is written `Path`.
fn of_this_process() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().map(|(name, value)| (if cfg!(windows) { name.to_ascii_uppercase() } else { name }, value))
}

/// An environment without what an AppImage's start script put in front of everything for the program inside: libraries,
/// interpreters and modules under `APPDIR`, which break other programs.
fn without_bundle(variables: impl Iterator<Item = (OsString, OsString)>) -> BTreeMap<OsString, OsString> {
    let mut variables: BTreeMap<OsString, OsString> = variables.collect();
    let Some(bundle) = variables.get(OsStr::new("APPDIR")).filter(|folder| !folder.is_empty()).map(PathBuf::from)
    else {
        return variables;
    };
    variables.retain(|name, value| {
        if ["APPDIR", "APPIMAGE", "ARGV0", "OWD"].iter().any(|own| name == own) {
            return false;
        }
        let within = |entry: &PathBuf| entry.starts_with(&bundle);
        if !std::env::split_paths(value).any(|entry| within(&entry)) {
            return true;
        }
        let rest = std::env::split_paths(value).filter(|entry| !within(entry) && !entry.as_os_str().is_empty());
        *value = std::env::join_paths(rest).unwrap_or_default();
        !value.is_empty()
    });
    variables
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

#[cfg(all(test, unix))]
mod tests;
