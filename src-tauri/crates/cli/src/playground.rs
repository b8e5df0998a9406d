use std::path::{Path, PathBuf};

use clap::Args;
use desk::{DeskError, Paths};
use playground::{BUILT_IN, Pace, Scenario, Served, Settings, Source, built_in};

use crate::{Failed, out};

#[derive(Args)]
pub struct Playground {
    /// Which scenario: a built-in name, or a file.
    #[arg(long, default_value = "demo")]
    scenario: String,
    /// The port on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// List the built-in scenarios and stop.
    #[arg(long)]
    list: bool,
}

impl Playground {
    pub async fn run(self) -> Result<(), Failed> {
        if self.list {
            for (name, _) in BUILT_IN {
                let title = built_in(name).map(|scenario| scenario.title).unwrap_or_default();
                out::line(&format!("{name:<28} {title}"));
            }
            return Ok(());
        }
        let folder = Paths::of_this_machine()?.state().join("playground");
        let served = serve(&self.scenario, self.port, &folder).await?;
        out::line(&served.kubeconfig.display().to_string());
        out::say(&format!(
            "serving `{}` on https://{} — for example: kubectl --kubeconfig {} get pods -A\nCtrl-C stops it",
            self.scenario,
            served.address,
            served.kubeconfig.display()
        ));
        let _ = tokio::signal::ctrl_c().await;
        served.stop();
        Ok(())
    }
}

/// A scenario, by name or by file.
pub fn script(scenario: &str) -> Result<Scenario, Failed> {
    let path = Path::new(scenario);
    let script = if path.extension().is_some() { Scenario::open(path) } else { built_in(scenario) };
    script.map_err(|broken| {
        Failed::Act(DeskError {
            code: "not_found",
            what: format!("Could not play the scenario `{scenario}`: {broken}."),
            hint: "`caseboard playground --list` names the built-in ones.".into(),
        })
    })
}

/// Serves a scenario, by name or by file.
pub async fn serve(scenario: &str, port: u16, folder: &Path) -> Result<Served, Failed> {
    let script = script(scenario)?;
    let settings = Settings { port, folder: folder.to_owned(), name: script.name.clone(), history: None };
    let served = playground::serve(Source::Scenario(Box::new(script), Pace::Happened), settings).await;
    served.map_err(|error| {
        let what = error.to_string();
        let what = what.strip_prefix("could").map_or_else(|| what.clone(), |rest| format!("Could{rest}"));
        Failed::Act(DeskError { code: "unavailable", what, hint: String::new() })
    })
}

/// A folder for the kubeconfig of a playground that lives as long as this value.
pub struct Aside(PathBuf);

impl Aside {
    pub fn make() -> Result<Self, Failed> {
        let playgrounds = Paths::of_this_machine()?.state().join("playground");
        forget_the_dead(&playgrounds);
        Ok(Aside(playgrounds.join(std::process::id().to_string())))
    }

    pub fn folder(&self) -> &Path {
        &self.0
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a program left behind that was killed. Where it cannot be told whether one still runs, its folder stays.
fn forget_the_dead(playgrounds: &Path) {
    let processes = Path::new("/proc");
    if !processes.join(std::process::id().to_string()).exists() {
        return;
    }
    for entry in std::fs::read_dir(playgrounds).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_process = name.to_str().is_some_and(|name| name.parse::<u32>().is_ok());
        if is_process && !processes.join(&name).exists() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
