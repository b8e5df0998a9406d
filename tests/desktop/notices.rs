//! A notification of the desktop: what it says, and where a click on it leads. The desktop is a session bus of the test's own.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use anyhow::{Context, ensure};
use caseboard_tests::process::{Process, eventually};
use zbus::blocking::{Connection, connection};
use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

use crate::person::Stage;

const SOON: Duration = Duration::from_secs(30);
const PATH: &str = "/org/freedesktop/Notifications";
const NUMBER: u32 = 7;

/// What a desktop is told, as far as it matters here.
struct Told {
    summary: String,
    actions: Vec<String>,
}

struct Notifications(Sender<Told>);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    #[expect(clippy::too_many_arguments, reason = "the desktop's own specification")]
    fn notify(
        &self,
        _application: String,
        _replaces: u32,
        _icon: String,
        summary: String,
        _body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        let _ = self.0.send(Told { summary, actions });
        NUMBER
    }

    fn close_notification(&self, _number: u32) {}

    fn get_capabilities(&self) -> Vec<String> {
        vec!["actions".into(), "body".into()]
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        ("a desktop".into(), "tests".into(), "1".into(), "1.2".into())
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, number: u32, action: &str) -> zbus::Result<()>;
}

/// A session bus with somebody on it who takes notifications.
struct Desktop {
    address: String,
    connection: Connection,
    told: Receiver<Told>,
    _bus: Process,
}

impl Desktop {
    fn start() -> anyhow::Result<Self> {
        let mut command = Command::new("dbus-daemon");
        command.args(["--session", "--print-address", "--nofork"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut bus = Process::start(&mut command)?;
        let mut address = String::new();
        BufReader::new(bus.child().stdout.take().context("the bus has no output")?).read_line(&mut address)?;
        let address = address.trim().to_owned();
        let (sender, told) = channel();
        let connection = connection::Builder::address(address.as_str())?
            .name("org.freedesktop.Notifications")?
            .serve_at(PATH, Notifications(sender))?
            .build()?;
        Ok(Desktop { address, connection, told, _bus: bus })
    }

    /// Clicks the notification itself.
    fn click(&self) -> anyhow::Result<()> {
        let interface = self.connection.object_server().interface::<_, Notifications>(PATH)?;
        Ok(zbus::block_on(Notifications::action_invoked(interface.signal_emitter(), NUMBER, "default"))?)
    }
}

pub async fn clicked(stage: Stage) -> anyhow::Result<()> {
    let desktop = tokio::task::block_in_place(Desktop::start)?;
    let bus = [("DBUS_SESSION_BUS_ADDRESS", desktop.address.clone())];
    let window = stage.window_with("demo", stage.home(), &bus).await?;
    window.click("cluster-open").await?;
    window.find("incident-row").await?;
    window.keys("gs").await?;
    window.find_css("[data-testid=\"settings-part\"][data-part=\"notices\"]").await?.click().await?;
    window.click("notices-test").await?;
    let told =
        tokio::task::block_in_place(|| desktop.told.recv_timeout(SOON)).context("the desktop was told nothing")?;
    ensure!(told.summary == "Caseboard", "it is the notification: {}", told.summary);
    ensure!(told.actions.first().is_some_and(|action| action == "default"), "it can be clicked: {:?}", told.actions);
    // Whoever shows a notification begins to listen for its click a moment later.
    eventually(SOON, "the place that the click leads to", || async {
        tokio::task::block_in_place(|| desktop.click())?;
        let url = window.client().current_url().await?;
        ensure!(url.fragment() == Some("/incidents"), "the window shows {url}");
        Ok(())
    })
    .await?;
    window.find("incident-row").await?;
    window.close().await
}
