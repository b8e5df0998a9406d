use std::path::{Path, PathBuf};
use std::sync::Arc;

use caseboard_tests::window::{Screen, Window};
use tempfile::TempDir;

/// A screen, and the home folder of whoever sits in front of it.
pub struct Stage {
    screen: Arc<Screen>,
    home: TempDir,
    pictures: PathBuf,
}

impl Stage {
    pub fn new(name: &str) -> anyhow::Result<Self> {
        let pictures = std::env::var_os("CASEBOARD_PICTURES").map_or_else(std::env::temp_dir, PathBuf::from).join(name);
        std::fs::create_dir_all(&pictures)?;
        Ok(Stage { screen: Arc::new(Screen::start()?), home: tempfile::tempdir()?, pictures })
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn picture(&self, name: &str) -> PathBuf {
        self.pictures.join(name)
    }

    /// Opens the window on the practice cluster of a scenario.
    pub async fn window(&self, scenario: &str) -> anyhow::Result<Window> {
        self.window_with(scenario, self.home(), &[]).await
    }

    /// The same, at another machine (another home folder), with more in the environment.
    pub async fn window_with(&self, scenario: &str, home: &Path, more: &[(&str, String)]) -> anyhow::Result<Window> {
        let mut environment = vec![("CASEBOARD_SCENARIO", scenario.to_owned())];
        environment.extend(more.iter().cloned());
        Window::open(&self.screen, home, &environment, self.picture("failed.png")).await
    }

    pub fn show(&self, name: &str) -> anyhow::Result<()> {
        // Pictures are for people; a machine without `import` tells the story all the same.
        let _ = self.screen.screenshot(&self.picture(name));
        Ok(())
    }
}
