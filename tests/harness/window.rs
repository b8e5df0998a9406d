//! The real window: under a virtual display, driven through WebKit's own WebDriver.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::json;

use crate::process::{Process, built, eventually, free_port, has};

const PATIENCE: Duration = Duration::from_secs(40);

/// A virtual screen.
pub struct Screen {
    _server: Process,
    display: String,
}

impl Screen {
    /// Starts Xvfb on a display number of its own choice.
    pub fn start() -> anyhow::Result<Self> {
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "1480x940x24", "-nolisten", "tcp"]);
        let mut server = Process::start(command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let out = server.child().stdout.take().context("Xvfb has no output")?;
        let mut number = String::new();
        BufReader::new(out).read_line(&mut number)?;
        Ok(Screen { _server: server, display: format!(":{}", number.trim()) })
    }

    pub fn display(&self) -> &str {
        &self.display
    }

    /// What the screen shows, as a PNG: for a person, and for a test that failed.
    pub fn screenshot(&self, path: &Path) -> anyhow::Result<PathBuf> {
        let status =
            Command::new("import").args(["-window", "root"]).arg(path).env("DISPLAY", &self.display).status()?;
        anyhow::ensure!(status.success(), "`import` failed ({status})");
        Ok(path.to_owned())
    }
}

/// What the tests of the window need and this machine lacks.
pub fn missing() -> Option<String> {
    let absent: Vec<&str> = ["Xvfb", "WebKitWebDriver"].into_iter().filter(|program| !has(program)).collect();
    if !absent.is_empty() {
        return Some(format!("{} not installed", absent.join(", ")));
    }
    built("CASEBOARD_DESKTOP_BIN", "caseboard-desktop").err()
}

/// The program's window and a person in front of it.
pub struct Window {
    driver: Process,
    client: Client,
    screen: std::sync::Arc<Screen>,
    /// Where a picture goes if the story breaks off before the window is closed.
    last: Option<PathBuf>,
}

impl Window {
    /// Opens the program with its own home folder; `environment` is set on top.
    pub async fn open(
        screen: &std::sync::Arc<Screen>,
        home: &Path,
        environment: &[(&str, String)],
        last: PathBuf,
    ) -> anyhow::Result<Self> {
        let binary = built("CASEBOARD_DESKTOP_BIN", "caseboard-desktop").map_err(anyhow::Error::msg)?;
        let port = free_port()?;
        let mut command = Command::new("WebKitWebDriver");
        command
            .arg(format!("--port={port}"))
            .env("DISPLAY", &screen.display)
            .env("GDK_BACKEND", "x11")
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("CASEBOARD_HOME", home)
            .env("HOME", home)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env_remove("KUBECONFIG")
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        for (name, value) in environment {
            command.env(name, value);
        }
        let driver = Process::start_group(&mut command)?;
        let capabilities = json!({"webkitgtk:browserOptions": {"binary": binary, "args": []}});
        let capabilities = capabilities.as_object().cloned().unwrap_or_default();
        let url = format!("http://127.0.0.1:{port}");
        let client = eventually(PATIENCE, "the window", || async {
            Ok(ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
                .capabilities(capabilities.clone())
                .connect(&url)
                .await?)
        })
        .await?;
        Ok(Window { driver, client, screen: std::sync::Arc::clone(screen), last: Some(last) })
    }

    /// The program's process id.
    pub fn program(&self) -> anyhow::Result<u32> {
        // The driver starts it; a process's name has at most 15 letters.
        let listed =
            Command::new("pgrep").args(["-P", &self.driver.id().to_string(), "-x", "caseboard-deskt"]).output()?;
        let listed = String::from_utf8_lossy(&listed.stdout).trim().to_owned();
        listed.lines().next().and_then(|line| line.parse().ok()).context("the program is not running")
    }

    /// Kills the program with signal 9, in the middle of whatever it does.
    pub fn kill_program(mut self) -> anyhow::Result<()> {
        let program = self.program()?;
        self.last = None;
        Command::new("kill").args(["-9", &program.to_string()]).status()?;
        self.driver.kill();
        Ok(())
    }

    /// Closes the window as a person does.
    pub async fn close(mut self) -> anyhow::Result<()> {
        self.last = None;
        self.client.clone().close().await?;
        Ok(())
    }

    fn by(test_id: &str) -> String {
        format!("[data-testid=\"{test_id}\"]")
    }

    /// The element with a test id, once it is there and shown.
    pub async fn find(&self, test_id: &str) -> anyhow::Result<Element> {
        self.find_css(&Self::by(test_id)).await
    }

    pub async fn find_css(&self, css: &str) -> anyhow::Result<Element> {
        eventually(PATIENCE, css, || async {
            let element = self.client.find(Locator::Css(css)).await?;
            if element.is_displayed().await? { Ok(element) } else { bail!("it is not shown") }
        })
        .await
    }

    pub async fn all(&self, test_id: &str) -> anyhow::Result<Vec<Element>> {
        let css = Self::by(test_id);
        steady(|| async { Ok(self.client.find_all(Locator::Css(&css)).await?) }).await
    }

    pub async fn text(&self, test_id: &str) -> anyhow::Result<String> {
        steady(|| async { Ok(self.find(test_id).await?.text().await?) }).await
    }

    /// Whether anything with this test id is there now.
    pub async fn shows(&self, test_id: &str) -> anyhow::Result<bool> {
        Ok(!self.all(test_id).await?.is_empty())
    }

    /// Waits until the element's text satisfies a condition; gives the text.
    pub async fn text_that(&self, test_id: &str, holds: impl Fn(&str) -> bool) -> anyhow::Result<String> {
        eventually(PATIENCE, test_id, || async {
            let text = self.client.find(Locator::Css(&Self::by(test_id))).await?.text().await?;
            if holds(&text) { Ok(text) } else { bail!("it reads `{text}`") }
        })
        .await
    }

    /// Waits until nothing with this test id is there.
    pub async fn gone(&self, test_id: &str) -> anyhow::Result<()> {
        eventually(PATIENCE, test_id, || async {
            if self.shows(test_id).await? { bail!("it is still there") } else { Ok(()) }
        })
        .await
    }

    pub async fn click(&self, test_id: &str) -> anyhow::Result<()> {
        eventually(PATIENCE, test_id, || async {
            let element = self.client.find(Locator::Css(&Self::by(test_id))).await?;
            if !element.is_displayed().await? || !element.is_enabled().await? {
                bail!("it cannot be clicked");
            }
            Ok(element.click().await?)
        })
        .await
    }

    /// Types into an element, after what is there was cleared.
    pub async fn fill(&self, test_id: &str, text: &str) -> anyhow::Result<()> {
        let element = self.find(test_id).await?;
        element.click().await?;
        element.send_keys(&format!("{}a{}", char::from(Key::Control), char::from(Key::Null))).await?;
        element.send_keys(&char::from(Key::Backspace).to_string()).await?;
        element.send_keys(text).await?;
        Ok(())
    }

    /// Presses keys with nothing in particular chosen.
    pub async fn keys(&self, keys: &str) -> anyhow::Result<()> {
        steady(|| async {
            let focused = self.client.active_element().await?;
            Ok(focused.send_keys(keys).await?)
        })
        .await
    }

    pub fn client(&self) -> &Client {
        &self.client
    }
}

/// Tries again while an element is replaced between being found and being asked: the window goes on drawing meanwhile. Nothing
/// was done to an element that was gone.
async fn steady<T, F: Future<Output = anyhow::Result<T>>>(mut attempt: impl FnMut() -> F) -> anyhow::Result<T> {
    const TIMES: u32 = 20;
    for _ in 0..TIMES {
        match attempt().await {
            Err(error) if format!("{error:#}").to_lowercase().contains("stale element") => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            done => return done,
        }
    }
    attempt().await
}

impl Drop for Window {
    fn drop(&mut self) {
        if let Some(last) = self.last.take() {
            let _ = self.screen.screenshot(&last);
        }
    }
}
