//! What was set is set after a restart.

use anyhow::ensure;
use caseboard_tests::window::Window;

use crate::person::Stage;

pub async fn settings(stage: Stage) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(
        folder.path().join("team.yaml"),
        "apiVersion: v1\nkind: Config\nclusters: [{name: team-a, cluster: {server: 'https://127.0.0.1:1'}}]\ncontexts: [{name: team-a, context: {cluster: team-a, user: u}}]\nusers: [{name: u, user: {token: t}}]\n",
    )?;
    let window = stage.window("demo").await?;
    window.find("cluster-row").await?;

    // The look, first: a web view writes what a page keeps a while after it was set.
    window.keys("gs").await?;
    window.find("settings").await?;
    part(&window, "appearance").await?;
    window.find_css("[data-theme-choice=\"light\"]").await?.click().await?;
    window.find_css("html[data-theme=\"light\"]").await?;
    stage.show("1-light.png")?;

    // Kubeconfigs: a folder, by its path.
    part(&window, "sources").await?;
    window.fill("source-path", &folder.path().display().to_string()).await?;
    window.click("source-add").await?;
    let added = format!("[data-testid=\"source-row\"][data-name=\"{}\"]", folder.path().display());
    window.find_css(&added).await?;

    // One cluster's own settings.
    part(&window, "clusters").await?;
    let cluster = "[data-testid=\"settings-cluster\"][data-name=\"team-a\"]";
    window.find_css(cluster).await?.click().await?;
    window.fill("namespaces-input", "payments, payments-jobs").await?;
    window.click("namespaces-save").await?;
    window.click("machine-certificates").await?;
    window.find_css("[data-testid=\"machine-certificates\"]:checked").await?;
    stage.show("2-cluster.png")?;

    // How long history is kept.
    part(&window, "history").await?;
    window.fill("keep-days", "3").await?;
    window.click("keep-set").await?;
    window.text_that("settings", |text| text.contains("Back to 7 days")).await?;
    window.close().await?;

    let window = stage.window("demo").await?;
    window.find_css("html[data-theme=\"light\"]").await?;
    window.find("cluster-row").await?;
    window.keys("gs").await?;
    window.find_css(&added).await?;
    part(&window, "clusters").await?;
    window.find_css(cluster).await?.click().await?;
    window.find_css("[data-testid=\"machine-certificates\"]:checked").await?;
    let kept = window.find("namespaces-input").await?.prop("value").await?.unwrap_or_default();
    ensure!(kept == "payments, payments-jobs", "the namespaces are kept: {kept}");
    part(&window, "history").await?;
    let days = window.find("keep-days").await?.prop("value").await?.unwrap_or_default();
    ensure!(days == "3", "three days are kept: {days}");
    stage.show("3-again.png")?;
    window.close().await
}

async fn part(window: &Window, name: &str) -> anyhow::Result<()> {
    window.find_css(&format!("[data-testid=\"settings-part\"][data-part=\"{name}\"]")).await?.click().await?;
    window.find_css(&format!("section[data-part=\"{name}\"]")).await?;
    Ok(())
}
