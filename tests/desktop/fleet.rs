//! Many contexts: a folder of kubeconfigs, a search, several opened at once, and what the window says of each.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, ensure};
use caseboard_tests::process::{eventually, free_port};
use caseboard_tests::window::Window;
use fantoccini::key::Key;

use crate::person::Stage;

const OTHERS: usize = 160;

pub async fn fleet(stage: Stage) -> anyhow::Result<()> {
    let window = stage.window("demo").await?;
    window.find("cluster-row").await?;
    let folder = tempfile::tempdir()?;
    write_kubeconfigs(folder.path(), &playground_of(stage.home())?)?;

    // A folder, by its path; the list is there at once, and nothing of it was contacted.
    window.click("nav-fleet").await?;
    window.click("sources-open").await?;
    window.fill("source-path", &folder.path().display().to_string()).await?;
    window.click("source-add").await?;
    let added = format!("[data-testid=\"source-row\"][data-name=\"{}\"]", folder.path().display());
    let added = window.find_css(&added).await?;
    let words = added.text().await?;
    ensure!(words.contains(&format!("{} contexts", OTHERS + 2)), "the folder's contexts are counted: {words}");
    stage.show("1-sources.png")?;
    window.keys(&char::from(Key::Escape).to_string()).await?;
    window.gone("sources").await?;

    // Two of many, found by typing; the keys that move also choose, and Enter opens both.
    window.keys("/").await?;
    window.find_css("[data-testid=\"cluster-search\"]:focus").await?;
    window.keys("night").await?;
    eventually(std::time::Duration::from_secs(10), "two found", || async {
        let found = window.all("fleet-row").await?.len();
        ensure!(found == 2, "{found} rows are shown");
        Ok(())
    })
    .await?;
    let shift_down = format!("{}{}{}", char::from(Key::Shift), char::from(Key::Down), char::from(Key::Null));
    window.keys(&shift_down).await?;
    window.keys(&shift_down).await?;
    window.find_css("[data-testid=\"fleet-chosen\"][data-count=\"2\"]").await?;
    stage.show("2-chosen.png")?;
    window.keys(&char::from(Key::Enter).to_string()).await?;

    // One lives; the other one says what is wrong, beside itself, and holds nobody up.
    row(&window, "night-live", "live").await?;
    row(&window, "night-broken", "unreachable").await?;
    let trouble = window.text_that("fleet-trouble", |text| text.contains("refused")).await?;
    ensure!(trouble.contains("night-broken") || trouble.contains("127.0.0.1"), "the place is named: {trouble}");
    stage.show("3-opened.png")?;

    // The connection: every watch with its state and its age.
    window.find_css("[data-testid=\"cluster-row\"][data-name=\"night-live\"] a").await?.click().await?;
    window.find("incident-row").await?;
    window.click("tab-connection").await?;
    window.find_css("[data-testid=\"watch-row\"][data-kind=\"Pod\"][data-phase=\"live\"]").await?;
    let age = window.find_css("[data-kind=\"Pod\"] [data-testid=\"watch-age\"]").await?.text().await?;
    ensure!(age.contains("ago"), "the age of what is shown is told: {age}");
    stage.show("4-connection.png")?;
    window.find_css("[data-testid=\"cluster-row\"][data-name=\"night-broken\"] a").await?.click().await?;
    let words = window.text_that("picture-blank", |text| text.contains("refused")).await?;
    ensure!(words.contains("Retry") || words.contains("Reconnect"), "there is something to do: {words}");
    stage.show("5-broken.png")?;
    window.close().await
}

async fn row(window: &Window, name: &str, phase: &str) -> anyhow::Result<()> {
    let css = format!("[data-testid=\"fleet-row\"][data-name=\"{name}\"][data-phase=\"{phase}\"]");
    window.find_css(&css).await?;
    Ok(())
}

/// The kubeconfig of the playground that the program serves.
fn playground_of(home: &Path) -> anyhow::Result<String> {
    let path = home.join("playground/playground.kubeconfig");
    std::fs::read_to_string(&path).with_context(|| format!("there is no `{}`", path.display()))
}

/// A file with the playground under another name, and one with very many contexts of which none answers.
fn write_kubeconfigs(folder: &Path, playground: &str) -> anyhow::Result<()> {
    std::fs::write(folder.join("live.yaml"), playground.replace("playground", "night-live"))?;
    let port = free_port()?;
    let names = (0..OTHERS).map(|i| format!("store-{i:04}")).chain(["night-broken".to_owned()]);
    let (mut clusters, mut contexts) = (String::new(), String::new());
    for name in names {
        writeln!(clusters, "- {{name: {name}, cluster: {{server: 'https://127.0.0.1:{port}'}}}}")?;
        writeln!(contexts, "- {{name: {name}, context: {{cluster: {name}, user: nobody}}}}")?;
    }
    let text = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n{clusters}contexts:\n{contexts}users:\n- {{name: nobody, user: {{token: none}}}}\n"
    );
    std::fs::write(folder.join("stores.yaml"), text)?;
    Ok(())
}
