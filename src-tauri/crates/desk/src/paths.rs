use std::path::{Path, PathBuf};

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};
use model::ClusterId;

use crate::DeskError;

/// The name of a file of rules, in the state folder and in each knowledge folder.
pub(crate) const RULES: &str = "rules.yaml";

/// Where this desk keeps its files: `$CASEBOARD_HOME`, or the platform's own state folder.
#[derive(Clone, Debug)]
pub struct Paths {
    state: PathBuf,
}

impl Paths {
    /// The platform's folder, or `$CASEBOARD_HOME`.
    pub fn of_this_machine() -> Result<Self, DeskError> {
        if let Some(home) = std::env::var_os("CASEBOARD_HOME").filter(|home| !home.is_empty()) {
            return Paths::in_folder(Path::new(&home));
        }
        let strategy = choose_app_strategy(AppStrategyArgs {
            top_level_domain: "dev".into(),
            author: "caseboard".into(),
            app_name: "caseboard".into(),
        })
        .map_err(|error| DeskError {
            code: "failed",
            what: format!("Could not find a folder to keep cases in: {error}."),
            hint: "Set CASEBOARD_HOME to a folder that you can write to.".into(),
        })?;
        let state = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
        Paths::in_folder(&state)
    }

    /// Creates the folders, for this user only.
    pub fn in_folder(state: &Path) -> Result<Self, DeskError> {
        let paths = Paths { state: state.to_owned() };
        for folder in [paths.state.clone(), paths.clusters(), paths.logs()] {
            create_private(&folder).map_err(|error| DeskError {
                code: "failed",
                what: format!("Could not create the folder `{}`: {error}.", folder.display()),
                hint: "Make it writable, or set CASEBOARD_HOME to a folder that is.".into(),
            })?;
        }
        Ok(paths)
    }

    pub fn state(&self) -> &Path {
        &self.state
    }

    pub fn desk_file(&self) -> PathBuf {
        self.state.join("desk.db")
    }

    pub fn clusters(&self) -> PathBuf {
        self.state.join("clusters")
    }

    /// The history of one cluster.
    pub fn history(&self, cluster: &ClusterId) -> PathBuf {
        history::cluster_path(&self.clusters(), cluster)
    }

    pub fn logs(&self) -> PathBuf {
        self.state.join("logs")
    }

    pub fn key(&self) -> PathBuf {
        self.state.join("key")
    }

    /// The team's MCP servers, in the form that other programs use too.
    pub fn mcp_servers(&self) -> PathBuf {
        self.state.join("mcp.json")
    }

    /// The engineer's own rules; each knowledge folder may have a file of this name too.
    pub fn rules(&self) -> PathBuf {
        self.state.join(RULES)
    }

    pub fn cases(&self) -> PathBuf {
        self.state.join("cases")
    }
}

/// 32 random bytes that key the digests of secret values; made once for each installation, mode 0600.
pub(crate) fn digest_key(path: &Path) -> std::io::Result<[u8; 32]> {
    use std::io::{Read, Write};
    let mut key = [0; 32];
    if let Ok(mut file) = std::fs::File::open(path) {
        file.read_exact(&mut key)?;
        return Ok(key);
    }
    let (one, two) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    key[..16].copy_from_slice(one.as_bytes());
    key[16..].copy_from_slice(two.as_bytes());
    // Written whole under another name first: a program that starts at the same moment never reads half a key.
    let mut fresh = tempfile::Builder::new().prefix("key").tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
    fresh.write_all(&key)?;
    match fresh.persist_noclobber(path) {
        Ok(_) => {}
        // Another program of ours was faster.
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => return digest_key(path),
        Err(error) => return Err(error.error),
    }
    Ok(key)
}

pub(crate) fn create_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
