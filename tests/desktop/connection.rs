//! A login that expires and a cluster that goes away: both are told, what was seen stays, both come back.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use caseboard_tests::process::eventually;
use caseboard_tests::window::Window;
use playground::{Pace, Served, Settings, Source};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::person::Stage;

const SOON: Duration = Duration::from_secs(20);

pub async fn away_and_back(stage: Stage) -> anyhow::Result<()> {
    let company = Company::new(stage.home().join("company"))?;
    let served = company.serve("before").await?;
    company.log_in(&served)?;
    let road = Road::open(0, served.address).await?;
    let port = road.port;
    let kubeconfig = company.kubeconfig(port)?;
    let environment = [("KUBECONFIG", kubeconfig.display().to_string())];
    let window = stage.window_with("demo", stage.home(), &environment).await?;

    // The login's program is shown whole before it runs for the first time.
    window.find_css("[data-name=\"night\"] [data-testid=\"cluster-open\"]").await?.click().await?;
    let asked = window.text_that("trust", |text| text.contains("company-login")).await?;
    ensure!(asked.contains("--profile") && asked.contains("oncall"), "each argument is shown: {asked}");
    ensure!(!company.was_run(), "nothing ran before it was allowed");
    window.find_css("[data-testid=\"trust\"][data-settled=\"true\"]").await?;
    window.keys("t").await?;
    window.find("incident-row").await?;
    stage.show("1-trusted.png")?;

    // The session ends: the server wants another token, and the program has none to give.
    company.expire()?;
    let served = company.serve("after").await?;
    drop(road);
    let road = Road::open(port, served.address).await?;
    window.find_css("[data-testid=\"stale\"][data-phase=\"logged_out\"]").await?;
    let told = window.text_that("stale", |text| text.contains("session has expired")).await?;
    ensure!(told.contains("as of"), "the age of what is shown is told: {told}");
    ensure!(window.shows("incident-row").await?, "what was seen stays");
    stage.show("2-expired.png")?;

    // Logged in with the company's tool, and renewed in place.
    company.log_in(&served)?;
    window.click("connection-renew").await?;
    window.gone("stale").await?;
    window.find_css("[data-testid=\"cluster-bar\"][data-phase=\"live\"]").await?;
    stage.show("3-renewed.png")?;

    // The cluster goes away, and comes back by itself.
    drop(road);
    window.find_css("[data-testid=\"stale\"][data-phase=\"unreachable\"]").await?;
    ensure!(window.shows("incident-row").await?, "what was seen stays");
    stage.show("4-away.png")?;
    let _road = Road::open(port, served.address).await?;
    window.find_css("[data-testid=\"cluster-bar\"][data-phase=\"live\"]").await?;
    window.gone("stale").await?;
    stage.show("5-back.png")?;

    revoke(&window).await?;
    stage.show("6-revoked.png")?;
    window.close().await
}

/// The program is trusted no longer: in the settings, found by keys alone.
async fn revoke(window: &Window) -> anyhow::Result<()> {
    window.keys("gs").await?;
    window.find_css("[data-testid=\"settings-part\"][data-part=\"logins\"]").await?.click().await?;
    window.find_css("[data-testid=\"login-row\"][data-trust=\"trusted\"]").await?;
    window.click("login-revoke").await?;
    window.find_css("[data-testid=\"login-row\"][data-trust=\"undecided\"]").await?;
    Ok(())
}

/// A company with a cluster and a login program of its own, whose sessions end.
struct Company {
    folder: PathBuf,
}

impl Company {
    fn new(folder: PathBuf) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let script = folder.join("company-login");
        let text = format!(
            "#!/bin/sh\ncd '{}' && touch was-run\nif [ -e token ]; then\n  printf '{{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{{\"token\":\"%s\"}}}}' \"$(cat token)\"\nelse\n  echo 'The session has expired. Run `company-login --sso`.' >&2; exit 1\nfi\n",
            folder.display()
        );
        std::fs::write(&script, text)?;
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
        Ok(Company { folder })
    }

    /// The practice cluster; each that is served takes another token.
    async fn serve(&self, name: &str) -> anyhow::Result<Served> {
        let source = Source::Scenario(Box::new(playground::built_in("demo")?), Pace::Happened);
        let settings = Settings { port: 0, folder: self.folder.clone(), name: name.to_owned(), history: None };
        Ok(playground::serve(source, settings).await?)
    }

    /// Puts the token that the cluster takes now where the login program finds it.
    fn log_in(&self, served: &Served) -> anyhow::Result<()> {
        let written: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&served.kubeconfig)?)?;
        let token = written["users"][0]["user"]["token"].as_str().context("the kubeconfig has no token")?;
        Ok(std::fs::write(self.folder.join("token"), token)?)
    }

    fn expire(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.folder.join("token"))?)
    }

    fn was_run(&self) -> bool {
        self.folder.join("was-run").exists()
    }

    fn kubeconfig(&self, port: u16) -> anyhow::Result<PathBuf> {
        let path = self.folder.join("night.yaml");
        std::fs::write(&path, kubeconfig(port, &self.folder.join("company-login")))?;
        Ok(path)
    }
}

/// What lies between this machine and the cluster: a port that leads there until it is dropped, and everybody with it.
struct Road {
    port: u16,
    open: JoinHandle<()>,
}

impl Road {
    async fn open(port: u16, to: SocketAddr) -> anyhow::Result<Self> {
        let listener =
            eventually(SOON, "the port of the road", || async { Ok(TcpListener::bind(("127.0.0.1", port)).await?) })
                .await?;
        let port = listener.local_addr()?.port();
        let open = tokio::spawn(async move {
            let mut travellers = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                travellers.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(to).await {
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        Ok(Road { port, open })
    }
}

impl Drop for Road {
    fn drop(&mut self) {
        self.open.abort();
    }
}

fn kubeconfig(port: u16, login: &Path) -> String {
    format!(
        "apiVersion: v1
kind: Config
clusters:
- {{name: night, cluster: {{server: 'https://127.0.0.1:{port}', insecure-skip-tls-verify: true}}}}
contexts:
- {{name: night, context: {{cluster: night, user: oncall}}}}
users:
- name: oncall
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: {}
      args: [--profile, oncall]
      interactiveMode: Never
",
        login.display()
    )
}
