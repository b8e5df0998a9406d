//! Another way through a case, compared with the first; an object found by its name; a case in a window of its own.

use std::time::Duration;

use anyhow::{Context, ensure};
use caseboard_tests::process::eventually;
use caseboard_tests::window::Window;
use fantoccini::Locator;
use fantoccini::key::Key;

use crate::person::Stage;
use crate::stories::{Wants, answer, moved_on, open_case, question, to_the_end, wants};

const SOON: Duration = Duration::from_secs(30);

pub async fn branches(stage: Stage) -> anyhow::Result<()> {
    let window = stage.window("demo").await?;
    open_case(&window).await?;
    window.keys("i").await?;
    to_the_end(&window).await?;
    let first = shown_case(&window).await?;

    // Back to before the first call, moment by moment; from there another way, in a case of its own.
    eventually(SOON, "a moment before the first call", || async {
        let calls = window.client().find_all(Locator::Css("[data-testid=\"entry\"][data-type=\"call\"]")).await?;
        if calls.is_empty() {
            return Ok(());
        }
        window.keys(",").await?;
        anyhow::bail!("{} calls are shown", calls.len())
    })
    .await?;
    window.keys("f").await?;
    window.click("branch-confirm").await?;
    let second = eventually(SOON, "the branch", || async {
        let shown = shown_case(&window).await?;
        ensure!(shown != first, "the first case is still shown");
        Ok(shown)
    })
    .await?;
    window.gone("branch").await?;
    ensure!(!window.shows("conclusion").await?, "the branch has no conclusion yet");
    stage.show("1-branch.png")?;

    // There the first call is denied; whatever else is asked is approved and released.
    if !window.shows("pending-call").await? {
        window.keys("i").await?;
    }
    ensure!(wants(&window).await? == Wants::Decision, "a call waits in the branch");
    let before = question(&window).await?;
    window.keys("d").await?;
    window.fill("deny-reason", "the other way: without this one").await?;
    window.click("deny-confirm").await?;
    moved_on(&window, &before).await?;
    to_the_end(&window).await?;

    // Both side by side: how each went, and which calls were denied.
    window.keys("c").await?;
    window.find("compared").await?;
    let compared = window.text_that("compared", |text| text.contains("in common")).await?;
    ensure!(compared.contains("denied"), "the denied call is told: {compared}");
    stage.show("2-compared.png")?;
    window.keys(&char::from(Key::Escape).to_string()).await?;
    window.gone("compared").await?;
    // The first one is what it was.
    window.click("nav-cases").await?;
    let row = format!("[data-testid=\"case-row\"][data-id=\"{first}\"]");
    window.find_css(&row).await?.click().await?;
    window.find("conclusion").await?;
    ensure!(!window.text("conversation").await?.contains("the other way"), "nothing of `{second}` is in it");
    window.close().await
}

pub async fn found_and_beside(stage: Stage) -> anyhow::Result<()> {
    let window = stage.window("demo").await?;
    window.click("cluster-open").await?;
    window.find("incident-row").await?;

    // A sign in the tray, on a desktop that has none: nothing happens, and nothing ends.
    window.keys("gs").await?;
    window.find_css("[data-testid=\"settings-part\"][data-part=\"notices\"]").await?.click().await?;
    window.click("notices-on").await?;
    window.click("tray-on").await?;
    window.find_css("[data-testid=\"tray-on\"]:checked").await?;
    stage.show("1-notices.png")?;

    // An object, by a few letters of what it is called.
    window.keys(&format!("{}k{}", char::from(Key::Control), char::from(Key::Null))).await?;
    window.fill("palette-input", "deploy checkout").await?;
    window
        .text_that("palette", |text| text.lines().any(|line| line.contains("Deployment") && line.contains("checkout")))
        .await?;
    eventually(SOON, "the object is what Enter takes", || async {
        let chosen = window.find_css("[role=option][aria-selected=true]").await?.text().await?;
        ensure!(chosen.contains("checkout"), "{chosen} is chosen");
        Ok(())
    })
    .await?;
    window.keys(&char::from(Key::Enter).to_string()).await?;
    let object = window.find("object-screen").await?.attr("data-id").await?.unwrap_or_default();
    ensure!(object.starts_with("Deployment/") && object.ends_with("/checkout"), "it is the object: {object}");
    window.text_that("object-yaml", |text| text.contains("checkout")).await?;
    stage.show("2-object.png")?;

    // A case, in a window of its own; what is decided there is decided here.
    window.keys("gi").await?;
    window.click("incident-row").await?;
    window.click("case-open").await?;
    window.find("case-screen").await?;
    window.keys("i").await?;
    ensure!(wants(&window).await? == Wants::Decision, "a call waits");
    let case = shown_case(&window).await?;
    let asked = question(&window).await?;
    let client = window.client();
    let here = client.window().await?;
    window.keys(&format!("{}w{}", char::from(Key::Shift), char::from(Key::Null))).await?;
    let beside = eventually(SOON, "the other window", || async {
        let handles = client.windows().await?;
        handles.into_iter().find(|handle| *handle != here).context("there is one window")
    })
    .await?;
    client.switch_to_window(beside).await?;
    window.find("case-screen").await?;
    ensure!(shown_case(&window).await? == case, "the other window shows the same case");
    ensure!(wants(&window).await? == Wants::Decision, "the call waits there too");
    ensure!(question(&window).await? == asked, "it is the same question");
    stage.show("3-beside.png")?;
    answer(&window, "a").await?;
    client.switch_to_window(here).await?;
    moved_on(&window, &asked).await?;
    stage.show("4-both.png")?;
    window.close().await
}

async fn shown_case(window: &Window) -> anyhow::Result<String> {
    let id = window.find("case-screen").await?.attr("data-id").await?;
    id.context("the case has an id")
}
