//! `caseboard record`: a cluster's watches into a file, for days, with nobody at the screen.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use cluster::{ConnectionPhase, ConnectionState, WatchPhase, WatchState};
use desk::{DeskError, Recorded};
use history::{Pins, Retention};
use serde_json::json;

use crate::quantity::{human, size, time};
use crate::{Failed, out, source};

/// How long the first lists may take before the recorder says how it stands and goes on.
const FIRST_LISTS: Duration = Duration::from_secs(60);
/// Between two lines of progress: on a terminal, and in a log.
const OFTEN: Duration = Duration::from_secs(5);
const SELDOM: Duration = Duration::from_secs(60);

const MANIFEST: &str = include_str!("../recorder/recorder.yaml");
/// Around what the manifest says of Secrets.
const SECRETS: [&str; 2] = ["# secrets: begin", "# secrets: end"];

#[derive(Args)]
pub struct Record {
    /// A context of the kubeconfigs.
    #[arg(long, value_name = "NAME", required_unless_present_any = ["in_cluster", "manifest"])]
    context: Option<String>,
    /// The cluster that this runs in as a pod, by the pod's service account.
    #[arg(long, conflicts_with_all = ["context", "kubeconfig"])]
    in_cluster: bool,
    /// Kubeconfig files, instead of $KUBECONFIG and ~/.kube/config.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    kubeconfig: Vec<PathBuf>,
    /// Record these namespaces alone; what is in none, such as nodes, is recorded as far as the login may see it.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    namespace: Vec<String>,
    /// The file to write; a recording of the same cluster is gone on with.
    #[arg(long, value_name = "FILE", required_unless_present = "manifest")]
    out: Option<PathBuf>,
    /// How long, such as 2d, 12h or 30m; without it, until it is stopped (Ctrl-C or SIGTERM).
    #[arg(long = "for", value_name = "TIME", value_parser = time)]
    length: Option<Duration>,
    /// What is older is forgotten; a gap in the recording says so. What still exists stays as it was then.
    #[arg(long, value_name = "TIME", default_value = "3d", value_parser = time)]
    keep_time: Duration,
    /// About how large the file may become; then its oldest is forgotten, but never of the last hour.
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = size)]
    keep_size: u64,
    /// Print a Deployment with read-only rights that records the cluster it runs in, and stop.
    #[arg(long)]
    manifest: bool,
    /// With --manifest: without any right on Secrets.
    #[arg(long, requires = "manifest")]
    without_secrets: bool,
    /// Print one JSON document about what was kept at the end.
    #[arg(long)]
    json: bool,
}

impl Record {
    pub async fn run(self) -> Result<(), Failed> {
        if self.manifest {
            out::line(manifest(!self.without_secrets).trim_end());
            return Ok(());
        }
        let Some(file) = &self.out else {
            return Err(Failed::Usage {
                what: "There is no file to write.".into(),
                hint: "Give one with --out.".into(),
            });
        };
        // From here on a signal ends it in good order, whatever it is doing.
        let stopped = stop_signal();
        tokio::pin!(stopped);
        let (desk, context) = match &self.context {
            Some(context) => (source::desk(false, &self.kubeconfig)?, context.clone()),
            None => {
                let sources = cluster::Sources::in_cluster().map_err(|why| DeskError {
                    code: "unavailable",
                    what: format!("This does not run as a pod of a cluster: {why}."),
                    hint: "Name a --context, or run it in a pod whose service account is mounted.".into(),
                })?;
                (source::desk_of(true, sources, false)?, "in-cluster".to_owned())
            }
        };
        for problem in desk.kubeconfig_problems() {
            out::say(&format!("caseboard: {problem}"));
        }
        let cluster = desk.cluster_of_context(&context)?;
        let retention = Retention { age: self.keep_time, bytes: self.keep_size, pins: Pins::default() };
        let recording = desk.record(&cluster, file, &self.namespace, retention)?;
        let first = tokio::select! {
            state = recording.begun(FIRST_LISTS) => Some(state),
            () = &mut stopped => None,
        };
        let mut because = "it was stopped";
        if let Some(state) = first {
            let nothing = || recording.recorded().is_ok_and(|recorded| recorded.observations == 0);
            if state.phase == ConnectionPhase::Failed && nothing() {
                recording.close().await?;
                return Err(Failed::Act(DeskError { code: "unavailable", what: state.message, hint: state.hint }));
            }
            let every = if std::io::stderr().is_terminal() { OFTEN } else { SELDOM };
            let until = self.length.and_then(|length| Instant::now().checked_add(length));
            let mut progress = Progress::new(&context);
            loop {
                let state = recording.state();
                for line in progress.told(&how(&state), unseen(&state), recording.recorded()) {
                    out::say(&line);
                }
                out::progress(&progress.line);
                let wait = until.map_or(every, |until| every.min(until.saturating_duration_since(Instant::now())));
                tokio::select! {
                    () = &mut stopped => break,
                    () = tokio::time::sleep(wait) => {}
                }
                if until.is_some_and(|until| Instant::now() >= until) {
                    because = "its time is over";
                    break;
                }
            }
        }
        let kept = recording.close().await?;
        self.told(&context, because, &kept)
    }

    fn told(&self, context: &str, because: &str, kept: &Recorded) -> Result<(), Failed> {
        let file = self.out.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
        if self.json {
            return out::json(&json!({
                "context": context, "file": file, "ended_because": because,
                "observations": kept.observations, "bytes": kept.bytes,
                "forgotten": kept.forgotten.as_ref().map(|gone| json!({
                    "observations": gone.count, "from": gone.from.to_string(), "until": gone.until.to_string(),
                    "because": gone.reason,
                })),
                "from": kept.span.map(|(from, _)| from.to_string()), "to": kept.span.map(|(_, to)| to.to_string()),
            }));
        }
        let span = kept.span.map(|(from, to)| format!(", from {from} to {to}")).unwrap_or_default();
        out::say(&format!("Recording `{context}` ended: {because}."));
        out::line(&format!("{file}: {} observations, {}{span}", kept.observations, human(kept.bytes)));
        if let Some(gone) = &kept.forgotten {
            out::line(&format!("forgotten: {} observations, up to {}: {}", gone.count, gone.until, gone.reason));
        }
        out::say(&format!("Look at it: caseboard diagnose {file}"));
        Ok(())
    }
}

/// What is not recorded just now, and why.
type Unseen = BTreeMap<(String, String), String>;

/// What may not be watched, or is not just now: it is missing in the recording, not empty.
fn unseen(state: &ConnectionState) -> Unseen {
    let missing = |watch: &&WatchState| matches!(watch.phase, WatchPhase::Refused | WatchPhase::Failed);
    let told = |watch: &WatchState| {
        let why = watch.error.as_ref().map(|trouble| trouble.why.clone()).unwrap_or_default();
        ((watch.kind.clone(), watch.namespace.clone()), why)
    };
    state.watches.iter().filter(missing).map(told).collect()
}

fn how(state: &ConnectionState) -> String {
    let live = state.watches.iter().filter(|watch| watch.phase == WatchPhase::Live).count();
    let how = match state.phase {
        ConnectionPhase::Live | ConnectionPhase::Degraded => format!("{live} of {} watches live", state.watches.len()),
        _ => state.message.clone(),
    };
    let unkept = state.unkept.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
    how + &unkept
}

/// What was told of a recording so far, so that each thing is told when it happens and not again.
struct Progress {
    context: String,
    unseen: Unseen,
    forgets: bool,
    unread: bool,
    /// How it stands, in a line.
    line: String,
}

impl Progress {
    fn new(context: &str) -> Self {
        let context = context.to_owned();
        Progress { context, unseen: Unseen::new(), forgets: false, unread: false, line: String::new() }
    }

    /// Takes in how it stands and gives what is news. A file that cannot be read just now is news like any other: what
    /// is watched goes on being written, or is counted as a gap.
    fn told(&mut self, how: &str, unseen: Unseen, recorded: Result<Recorded, DeskError>) -> Vec<String> {
        let mut news = Vec::new();
        let place = |(kind, namespace): &(String, String)| match namespace.as_str() {
            "" => kind.clone(),
            namespace => format!("{kind} in {namespace}"),
        };
        for (what, why) in &unseen {
            if self.unseen.get(what) != Some(why) {
                news.push(format!("caseboard: {} is not recorded: {why}", place(what)));
            }
        }
        for what in self.unseen.keys().filter(|what| !unseen.contains_key(*what)) {
            news.push(format!("caseboard: {} is recorded again.", place(what)));
        }
        self.unseen = unseen;
        let context = &self.context;
        match recorded {
            Ok(recorded) => {
                if std::mem::take(&mut self.unread) {
                    news.push("caseboard: the recording's file can be read again.".into());
                }
                if let (Some(forgotten), false) = (&recorded.forgotten, self.forgets) {
                    self.forgets = true;
                    news.push(format!(
                        "caseboard: the oldest is forgotten from now on ({}); a gap in the recording says what.",
                        forgotten.reason
                    ));
                }
                let gone = recorded.forgotten.map(|gone| format!(", {} older ones forgotten", gone.count));
                self.line = format!(
                    "recording {context}: {how}; {} observations{}, {}",
                    recorded.observations,
                    gone.unwrap_or_default(),
                    human(recorded.bytes)
                );
            }
            Err(error) => {
                if !std::mem::replace(&mut self.unread, true) {
                    news.push(format!("caseboard: {} The recording goes on. {}", error.what, error.hint));
                }
                self.line = format!("recording {context}: {how}; its file cannot be read just now");
            }
        }
        news
    }
}

/// Ends when somebody asks the program to. Signals are caught from the call on, not from the first wait.
#[cfg(unix)]
fn stop_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        tokio::select! {
            () = heard(terminate) => {}
            () = heard(interrupt) => {}
        }
    }
}

/// A signal that cannot be caught ends the program by itself.
#[cfg(unix)]
async fn heard(signal: std::io::Result<tokio::signal::unix::Signal>) {
    match signal {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn stop_signal() {
    let _ = tokio::signal::ctrl_c().await;
}

/// The manifest, with or without what is for Secrets.
fn manifest(secrets: bool) -> String {
    let mut within = false;
    let mut text = String::new();
    for line in MANIFEST.lines() {
        if SECRETS.contains(&line.trim()) {
            within = line.trim() == SECRETS[0];
        } else if secrets || !within {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.replace("VERSION", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests;
