use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use caseboard_tests::window::Window;
use fantoccini::key::Key;

use crate::person::Stage;

const ARROW_LEFT: Key = Key::Left;

/// Opens the practice cluster, its worst incident, and a case on it.
pub async fn open_case(window: &Window) -> anyhow::Result<()> {
    window.click("cluster-open").await?;
    window.click("incident-row").await?;
    window.click("case-open").await?;
    window.find("case-screen").await?;
    Ok(())
}

/// What the investigation wants next.
#[derive(Debug, PartialEq, Eq)]
pub enum Wants {
    Decision,
    Release,
    Nothing,
}

pub async fn wants(window: &Window) -> anyhow::Result<Wants> {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if window.shows("pending-result").await? {
            return Ok(Wants::Release);
        }
        if window.shows("pending-call").await? {
            return Ok(Wants::Decision);
        }
        if window.shows("conclusion").await? {
            return Ok(Wants::Nothing);
        }
        if Instant::now() > end {
            bail!("neither a question nor a conclusion came");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What is asked now, as one word that changes with every question.
pub async fn question(window: &Window) -> anyhow::Result<String> {
    for id in ["pending-call", "pending-result"] {
        if let Some(element) = window.all(id).await?.first() {
            // It may be answered and gone between the two lines.
            let call = element.attr("data-id").await.ok().flatten().unwrap_or_default();
            let digest = element.attr("data-digest").await.ok().flatten().unwrap_or_default();
            return Ok(format!("{id} {call} {digest}"));
        }
    }
    Ok(String::new())
}

/// Does something, then waits until the question is another one.
pub async fn answer(window: &Window, keys: &str) -> anyhow::Result<()> {
    let before = question(window).await?;
    // No key answers a question that has only just come.
    window.find_css("[data-testid=\"dock\"][data-seen=\"true\"]").await?;
    window.keys(keys).await?;
    moved_on(window, &before).await
}

pub async fn moved_on(window: &Window, before: &str) -> anyhow::Result<()> {
    let end = Instant::now() + Duration::from_secs(30);
    while question(window).await? == before {
        ensure!(Instant::now() < end, "the question `{before}` stays");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Approves and releases whatever comes, by keys.
pub async fn to_the_end(window: &Window) -> anyhow::Result<u32> {
    for answered in 0.. {
        match wants(window).await? {
            Wants::Decision => answer(window, "a").await?,
            Wants::Release => answer(window, "r").await?,
            Wants::Nothing => return Ok(answered),
        }
    }
    unreachable!("the loop ends by itself")
}

pub async fn first_start(stage: Stage) -> anyhow::Result<()> {
    let window = stage.window("demo").await?;
    window.click("cluster-open").await?;
    window.find("incident-row").await?;
    stage.show("1-incidents.png")?;
    window.click("incident-row").await?;
    window.click("case-open").await?;
    window.find("graph-canvas").await?;
    window.find("timeline-canvas").await?;
    stage.show("2-case.png")?;

    // Investigate by a click; the first call is edited, in the form's other face, with a reason.
    window.click("investigate").await?;
    ensure!(wants(&window).await? == Wants::Decision, "the first call waits for a decision");
    stage.show("3-call.png")?;
    let card = window.text("pending-call").await?;
    ensure!(card.contains("playground"), "the card names the cluster: {card}");
    edit_lines(&window).await?;
    ensure!(wants(&window).await? == Wants::Release, "the edited call ran and its result waits");
    stage.show("4-result.png")?;

    // The result: a line is taken out before release.
    let shown = window.text("result-text").await?;
    ensure!(!shown.is_empty(), "the result card shows the text that would go to the investigator");
    let before = question(&window).await?;
    window.keys("t").await?;
    window.find("release-text").await?;
    window.fill("release-text", "Only this goes to the investigator.").await?;
    window.fill("release-why", "the rest is not needed").await?;
    window.click("release-edited").await?;
    moved_on(&window, &before).await?;
    let told = window.text_that("conversation", |text| text.contains("Only this goes to the investigator.")).await?;
    ensure!(told.contains("the rest is not needed"), "the transcript keeps why");

    // Whatever else is asked is approved and released by keys.
    to_the_end(&window).await?;
    stage.show("5-conclusion.png")?;

    // The conclusion cites evidence, and a citation leads to the observation.
    let conclusion = window.text("conclusion").await?;
    ensure!(conclusion.contains("checkout"), "the cause is in checkout: {conclusion}");
    let chip = window.find_css("[data-testid=\"conclusion\"] [data-testid=\"chip\"]").await?;
    chip.click().await?;
    let evidence = window.text_that("observation-text", |text| !text.is_empty()).await?;
    ensure!(!evidence.is_empty(), "the observation is shown");
    stage.show("6-evidence.png")?;
    window.click("inspector-close").await?;

    scrub(&window, &stage).await?;
    save_and_open(&window, &stage, &conclusion).await?;
    window.close().await
}

/// Changes an argument of the waiting call through the JSON face of the form, and approves it as edited.
async fn edit_lines(window: &Window) -> anyhow::Result<()> {
    let before = question(window).await?;
    window.keys("e").await?;
    window.find("edit-form").await?;
    // What was not given waits behind a fold.
    window.find_css("[data-testid=\"edit-form\"] summary").await?.click().await?;
    let tail = window.find_css("[data-testid=\"edit-form\"] [data-argument=\"tail\"]").await?;
    tail.click().await?;
    tail.send_keys(&format!("{}a{}", char::from(Key::Control), char::from(Key::Null))).await?;
    tail.send_keys("25").await?;
    window.fill("edit-why", "a few lines are enough").await?;
    window.click("edit-approve").await?;
    moved_on(window, &before).await?;
    window.text_that("conversation", |text| text.contains("a few lines are enough")).await?;
    Ok(())
}

/// Moves the whole screen back in time, and to the present again.
async fn scrub(window: &Window, stage: &Stage) -> anyhow::Result<()> {
    let scrubber = window.find("scrubber").await?;
    scrubber.click().await?;
    for _ in 0..12 {
        scrubber.send_keys(&char::from(ARROW_LEFT).to_string()).await?;
    }
    window.text_that("shown-time", |text| text.contains("as of")).await?;
    window.find("conversation-until").await?;
    ensure!(!window.shows("conclusion").await?, "the conclusion was not known then");
    stage.show("7-scrubbed.png")?;
    window.click("back-to-now").await?;
    window.find("conclusion").await?;
    Ok(())
}

/// Saves the case to a file and opens it on another machine, where the same is seen.
async fn save_and_open(window: &Window, stage: &Stage, conclusion: &str) -> anyhow::Result<()> {
    let path = stage.home().join("night.case");
    window.click("case-save").await?;
    window.fill("case-save-path", &path.display().to_string()).await?;
    window.click("case-save-confirm").await?;
    window.find("case-saved").await?;
    ensure!(path.is_file(), "the file is there");

    let elsewhere = tempfile::tempdir()?;
    let other = stage.window_with("demo", elsewhere.path(), &[]).await?;
    other.click("nav-cases").await?;
    other.fill("case-import-path", &path.display().to_string()).await?;
    other.click("case-import").await?;
    other.find("case-screen").await?;
    let same = other.text_that("conclusion", |text| !text.is_empty()).await?;
    ensure!(same == conclusion, "the same conclusion on another machine:\n{same}\nnot\n{conclusion}");
    other.find("graph-canvas").await?;
    other.find("timeline-canvas").await?;
    stage.show("8-elsewhere.png")?;
    other.close().await
}

pub async fn killed(stage: Stage) -> anyhow::Result<()> {
    let window = stage.window("demo").await?;
    open_case(&window).await?;
    window.keys("i").await?;
    ensure!(wants(&window).await? == Wants::Decision, "a call waits");
    let before = question(&window).await?;
    window.kill_program()?;

    let window = stage.window("demo").await?;
    window.click("nav-cases").await?;
    window.click("case-row").await?;
    window.find("case-screen").await?;
    ensure!(wants(&window).await? == Wants::Decision, "the call still waits");
    let after = question(&window).await?;
    ensure!(after == before, "it is the same question: `{after}`, before `{before}`");
    stage.show("1-after-the-kill.png")?;
    // Nothing is contacted before it is opened, after a restart too.
    window.click("nav-incidents").await?;
    window.click("cluster-open").await?;
    window.find("incident-row").await?;
    window.click("nav-cases").await?;
    window.click("case-row").await?;
    ensure!(
        question(&window).await? == before || wants(&window).await? == Wants::Decision,
        "the call waits all the while"
    );
    // It is denied with words, by keys; whatever else is asked is approved and released.
    let before = question(&window).await?;
    window.keys("d").await?;
    window.fill("deny-reason", "not now, it would wake the cache").await?;
    window.click("deny-confirm").await?;
    moved_on(&window, &before).await?;
    window.text_that("conversation", |text| text.contains("it would wake the cache")).await?;
    to_the_end(&window).await?;
    ensure!(!window.text("conversation").await?.contains("has changed since"), "it went on where it stood");
    window.close().await
}

pub async fn knowledge(stage: Stage) -> anyhow::Result<()> {
    let library = tempfile::tempdir()?;
    std::fs::create_dir_all(library.path().join("articles"))?;
    let article = library.path().join("articles/night.md");
    std::fs::write(&article, "---\nid: night\ntitle: What to do at night\n---\nBreathe.\n")?;
    let folder = library.path().display().to_string();
    let window = stage.window_with(AMBIGUOUS, stage.home(), &[("CASEBOARD_KNOWLEDGE", folder)]).await?;

    // An edited file is there without a restart.
    window.click("nav-library").await?;
    window.fill("library-search", "night").await?;
    window.text_that("library-entry", |text| text.contains("What to do at night")).await?;
    std::fs::write(&article, "---\nid: night\ntitle: What to do at three in the night\n---\nBreathe.\n")?;
    window.text_that("library-entry", |text| text.contains("three in the night")).await?;
    // A broken one is named, and its last good version stays.
    std::fs::write(&article, "---\nid: night\ntitel: wrong\n---\nBreathe.\n")?;
    let issue = window.text_that("library-issue", |text| text.contains("titel")).await?;
    ensure!(issue.contains("night.md"), "the file is named: {issue}");
    window.text_that("library-entry", |text| text.contains("three in the night")).await?;

    // Two causes are possible; the team's blueprint says which is the likelier here.
    window.click("nav-incidents").await?;
    open_case(&window).await?;
    window.keys("i").await?;
    to_the_end(&window).await?;
    let first = leading(&window).await?;
    window.click("nav-blueprints").await?;
    window.click("blueprint-new").await?;
    let other = if first.starts_with(TWO_CAUSES[0]) { TWO_CAUSES[1] } else { TWO_CAUSES[0] };
    let yaml = format!(
        "name: night-shift\nscope: {{level: fleet}}\nowner: platform\nodds: [{{failure_mode: {other}, when: '', ratio: 400, because: seen here every week}}]\n"
    );
    type_yaml(&window, &yaml).await?;
    window.click("blueprint-save").await?;
    window.find("blueprint-saved").await?;
    stage.show("1-blueprint.png")?;

    // A new case on the same incident, by a question, with the blueprint in force.
    window.click("nav-cases").await?;
    window.click("nav-incidents").await?;
    window.click("incident-row").await?;
    ask(&window).await?;
    window.find("case-screen").await?;
    window.keys("i").await?;
    to_the_end(&window).await?;
    let second = leading(&window).await?;
    stage.show("2-with-blueprint.png")?;
    ensure!(second.starts_with(other), "the blueprint put `{other}` first, not `{second}` (before: `{first}`)");
    window.close().await
}

/// The scenario whose error has two possible causes, and the failure modes that compete for it.
const AMBIGUOUS: &str = "oom-either";
const TWO_CAUSES: [&str; 2] = ["oom-limit-too-low", "memory-leak"];

async fn leading(window: &Window) -> anyhow::Result<String> {
    let first = window.find_css("[data-testid=\"hypothesis\"][data-rank=\"1\"]").await?;
    first.attr("data-id").await?.context("the hypothesis has an id")
}

async fn type_yaml(window: &Window, yaml: &str) -> anyhow::Result<()> {
    let editor = window.find_css("[data-testid=\"blueprint-text\"] .cm-content").await?;
    editor.click().await?;
    window.keys(&format!("{}a{}", char::from(Key::Control), char::from(Key::Null))).await?;
    window.keys(&char::from(Key::Backspace).to_string()).await?;
    // The driver types a line feed as a character of its own; a person presses Enter.
    window.keys(&yaml.replace('\n', &char::from(Key::Enter).to_string())).await?;
    Ok(())
}

async fn ask(window: &Window) -> anyhow::Result<()> {
    window.fill("case-question", "why is it killed?").await?;
    window.click("case-open").await
}
