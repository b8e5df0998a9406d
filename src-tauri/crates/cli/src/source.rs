use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use desk::rows::ClusterPhase;
use desk::{Desk, DeskError, Opening, Paths};
use model::ClusterId;

use crate::{Failed, out};

/// How long the first lists of a cluster may take before what is there is used.
const FIRST_LISTS: Duration = Duration::from_secs(60);

/// What to look at: a context, or a path, or a practice cluster.
#[derive(Args, Clone)]
pub struct Source {
    /// A support bundle (folder or .tar.gz) or a .case file.
    #[arg(value_name = "PATH", required_unless_present_any = ["context", "playground"], conflicts_with_all = ["context", "playground"])]
    path: Option<PathBuf>,
    /// A context of the kubeconfigs.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// Kubeconfig files, instead of $KUBECONFIG and ~/.kube/config.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    kubeconfig: Vec<PathBuf>,
    /// Let the program run that the kubeconfig names for the login, this time only; `caseboard trust` keeps it.
    #[arg(long, requires = "context")]
    trust_exec: bool,
    /// Serve this practice scenario and look at it over HTTP, as at any cluster.
    #[arg(long, value_name = "SCENARIO", conflicts_with = "context", num_args = 0..=1, default_missing_value = "demo")]
    playground: Option<String>,
}

/// A desk with the source opened on it.
pub struct Opened {
    pub desk: Arc<Desk>,
    pub cluster: ClusterId,
    /// The source as it was named.
    pub name: String,
    /// Ends with the practice cluster when dropped, and takes its kubeconfig away.
    _playground: Option<(playground::Served, crate::playground::Aside)>,
}

/// A desk for the command line.
pub fn desk(in_memory: bool, kubeconfig: &[PathBuf]) -> Result<Arc<Desk>, Failed> {
    let kubeconfigs = if kubeconfig.is_empty() {
        cluster::Sources::of_this_machine()
    } else {
        cluster::Sources { files: kubeconfig.to_vec(), ..cluster::Sources::default() }
    };
    desk_of(in_memory, kubeconfigs, kubeconfig.is_empty())
}

/// The same with the kubeconfigs given; `with_added` also those that the engineer added to the desk.
pub fn desk_of(in_memory: bool, kubeconfigs: cluster::Sources, with_added: bool) -> Result<Arc<Desk>, Failed> {
    let variable = std::env::var("CASEBOARD_KNOWLEDGE").ok();
    let opening = Opening {
        paths: Paths::of_this_machine()?,
        in_memory,
        knowledge: knowledge::Shelf::folders_from(variable.as_deref()),
        kubeconfigs,
        with_added,
    };
    let desk = Desk::open(opening)?;
    for problem in desk.about().warnings.into_iter().chain(desk.knowledge_problems()) {
        out::say(&format!("caseboard: {problem}"));
    }
    Ok(desk)
}

/// A desk in memory groups as the engineer decided on the desk of this machine, where there is one.
fn remember(in_memory: &Desk) -> Result<(), Failed> {
    if Paths::of_this_machine()?.desk_file().is_file() {
        for rule in desk(false, &[])?.grouping_rules()? {
            in_memory.add_grouping(rule.cluster, rule.grouping, &rule.because)?;
        }
    }
    Ok(())
}

impl Source {
    /// Whether it is looked at in memory and leaves nothing behind: a file, a folder, a practice cluster.
    pub fn is_aside(&self) -> bool {
        self.path.is_some() || self.playground.is_some()
    }

    /// Opens it. A path is looked at in memory and leaves nothing behind; a context's history and case are kept.
    pub async fn open(&self) -> Result<Opened, Failed> {
        if let Some(path) = &self.path {
            let desk = desk(true, &self.kubeconfig)?;
            remember(&desk)?;
            let opened = desk.open_path(path)?;
            if let Some(report) = &opened.report {
                out::say(&format!(
                    "{} of {} files read, {} not",
                    report.files_read,
                    report.files_present,
                    report.unread.len()
                ));
                for (file, why) in &report.unread {
                    out::say(&format!("  not read: {file}: {why}"));
                }
            }
            return Ok(Opened { desk, cluster: opened.cluster, name: path.display().to_string(), _playground: None });
        }
        let mut served = None;
        let (desk, cluster, name) = match (&self.playground, &self.context) {
            (Some(scenario), _) => {
                let aside = crate::playground::Aside::make()?;
                let started = crate::playground::serve(scenario, 0, aside.folder()).await?;
                let desk = desk(true, std::slice::from_ref(&started.kubeconfig))?;
                for blueprint in &crate::playground::script(scenario)?.blueprints {
                    desk.put_blueprint(blueprint)?;
                }
                let row = desk.clusters().into_iter().next();
                let row =
                    row.ok_or_else(|| DeskError::not_found("The practice cluster's kubeconfig has no context."))?;
                served = Some((started, aside));
                (desk, row.id, format!("playground {scenario}"))
            }
            (None, Some(context)) => {
                let desk = desk(false, &self.kubeconfig)?;
                for problem in desk.kubeconfig_problems() {
                    out::say(&format!("caseboard: {problem}"));
                }
                let cluster = desk.cluster_of_context(context)?;
                if self.trust_exec {
                    desk.trust_all_for_now();
                }
                (desk, cluster, context.clone())
            }
            (None, None) => {
                return Err(Failed::Usage {
                    what: "There is nothing to look at.".into(),
                    hint: "Give a path or --context.".into(),
                });
            }
        };
        desk.open_cluster(&cluster)?;
        let state = desk.synced(&cluster, FIRST_LISTS).await?;
        match state.phase {
            ClusterPhase::AwaitingTrust
            | ClusterPhase::LoggedOut
            | ClusterPhase::Unreachable
            | ClusterPhase::Failed
            | ClusterPhase::Closed => {
                let hint = match state.phase {
                    ClusterPhase::AwaitingTrust => {
                        let files: String = self.kubeconfig.iter().map(|file| format!(" {}", file.display())).collect();
                        let files = if files.is_empty() { files } else { format!(" --kubeconfig{files}") };
                        format!(
                            "If it is what you expect, allow it: `caseboard trust {name}{files}` for good, --trust-exec \
                             for this time."
                        )
                    }
                    _ => state.hint,
                };
                Err(Failed::Act(DeskError { code: "unavailable", what: state.message, hint }))
            }
            phase => {
                if phase != ClusterPhase::Live {
                    out::say(&format!("caseboard: {} {}", state.message, state.hint));
                }
                Ok(Opened { desk, cluster, name, _playground: served })
            }
        }
    }
}
