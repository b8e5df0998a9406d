//! Scenarios to practise on, and runs of the whole suite: what the page of scenarios asks for.

mod kept;
mod rows;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use desk::{Desk, DeskError};
use evals::{Comparison, Engine, Golden, Report, Verdict, judge};
use history::History;
use model::CaseId;
use playground::{Scenario, all_built_in, built_in};

pub use rows::{
    CategoryScore, ComparedRuns, DifferenceRow, EvalsView, PlayScenario, RunRow, RunView, RunningEvals, ScenarioRow,
    ScenarioVerdict, StartEvals, TwoRuns,
};

use crate::rows::{ClusterRow, Update};

/// A run tells of its progress so often at most: a window has better things to draw.
const TOLD: Duration = Duration::from_millis(400);

/// The suite's runs: the one that goes on, and those that are kept.
#[derive(Default)]
pub(crate) struct Trials {
    running: Mutex<Option<Running>>,
}

struct Running {
    row: RunningEvals,
    stop: Arc<AtomicBool>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is told of a scenario, and what stays with the program.
struct Listed {
    name: String,
    title: String,
    twin: Option<String>,
    healthy: bool,
    several: bool,
    failure_mode: Option<String>,
    /// The truth in a sentence.
    says: String,
}

/// Every built-in scenario by its name; those that cannot be read are left out here, `caseboard eval` names them. Each is
/// played once to be read, so all are read once.
fn listed() -> &'static [Listed] {
    static LISTED: OnceLock<Vec<Listed>> = OnceLock::new();
    LISTED.get_or_init(|| {
        let row = |scenario: Scenario| Listed {
            name: scenario.name,
            title: scenario.title,
            twin: scenario.twin,
            healthy: scenario.truth.healthy,
            several: !scenario.truth.others.is_empty(),
            failure_mode: scenario.truth.failure_mode,
            says: scenario.truth.says,
        };
        let mut all: Vec<Listed> = all_built_in().into_iter().flatten().map(row).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    })
}

/// The scenarios without their truth.
pub(crate) fn scenarios(desk: &Desk) -> Vec<ScenarioRow> {
    let library = desk.library();
    let row = |one: &Listed| ScenarioRow {
        cluster: Golden::cluster_of(&one.name),
        category: one.failure_mode.as_deref().and_then(|m| library.failure_mode(m)).map(|mode| mode.category),
        healthy: one.healthy,
        several: one.several,
        twin: one.twin.clone(),
        title: one.title.clone(),
        name: one.name.clone(),
    };
    listed().iter().map(row).collect()
}

fn golden(desk: &Desk, name: &str) -> Result<Golden, DeskError> {
    let scenario: Scenario = built_in(name).map_err(|broken| DeskError {
        code: "not_found",
        what: format!("There is no scenario `{name}` that can be played: {broken}"),
        hint: "Choose another one.".into(),
    })?;
    Ok(Golden::of(&scenario, &desk.library()))
}

/// Lays a scenario's recording beside the clusters, as it stood when somebody was called.
pub(crate) fn play(desk: &Desk, name: &str) -> Result<ClusterRow, DeskError> {
    let golden = golden(desk, name)?;
    if let Ok(row) = desk.cluster(&golden.cluster) {
        return Ok(row);
    }
    let history = History::in_memory(golden.cluster.clone())?;
    history.append(&golden.observations)?;
    // Its name would tell what is wrong.
    let name = format!("practice {}", &golden.cluster.as_str()[golden.cluster.as_str().len().saturating_sub(4)..]);
    let known = golden.blueprints.clone();
    desk.add_practice(golden.cluster.clone(), name, "a scenario".into(), Arc::new(history), known);
    desk.cluster(&golden.cluster)
}

/// How a case on a scenario compares with the truth; `None` where the case is about something else or has no conclusion.
pub(crate) fn score(desk: &Desk, case: CaseId) -> Result<Option<ScenarioVerdict>, DeskError> {
    let view = desk.case(case)?;
    let of = listed().iter().find(|one| Golden::cluster_of(&one.name) == view.cluster);
    let Some(of) = of else { return Ok(None) };
    if !view.events.iter().any(|event| matches!(event.fact, model::CaseFact::Concluded { .. })) {
        return Ok(None);
    }
    let golden = golden(desk, &of.name)?;
    let history = History::in_memory(golden.cluster.clone())?;
    history.append(&golden.observations)?;
    let snapshot = Arc::new(history.snapshot(golden.as_of)?);
    let verdict = judge(&golden, evals::answered(&golden, snapshot, &history, &view.events));
    Ok(Some(ScenarioVerdict::of(&verdict, of.says.clone())))
}

impl Trials {
    pub(crate) fn view(&self, desk: &Desk) -> Result<EvalsView, DeskError> {
        let running = lock(&self.running).as_ref().map(|running| running.row.clone());
        Ok(EvalsView { running, runs: kept::list(desk.paths())? })
    }

    /// Starts a run over the scenarios whose name contains `only`. One at a time.
    pub(crate) fn start(self: &Arc<Self>, desk: &Arc<Desk>, request: StartEvals) -> Result<EvalsView, DeskError> {
        let names = listed().iter().map(|one| one.name.as_str());
        let scenarios: Vec<&str> = names.filter(|name| name.contains(request.only.trim())).collect();
        if scenarios.is_empty() {
            return Err(DeskError::bad_request(
                format!("No scenario has `{}` in its name.", request.only.trim()),
                "Leave the words out to run all.",
            ));
        }
        let stop = Arc::new(AtomicBool::new(false));
        {
            let mut running = lock(&self.running);
            if running.is_some() {
                return Err(DeskError {
                    code: "unavailable",
                    what: "A run is already going on.".into(),
                    hint: "Wait for it, or stop it.".into(),
                });
            }
            let row = RunningEvals {
                only: request.only.trim().to_owned(),
                done: 0,
                of: scenarios.len() as u32,
                now: scenarios[0].to_owned(),
                right: 0,
                began_at: desk.about().now,
            };
            *running = Some(Running { row, stop: Arc::clone(&stop) });
        }
        let (trials, of_desk) = (Arc::clone(self), Arc::clone(desk));
        let runtime = tokio::runtime::Handle::current();
        // Thinking all the time: not on a thread that answers the window.
        tokio::task::spawn_blocking(move || {
            let ended = runtime.block_on(trials.go(&of_desk, &scenarios, &stop));
            if let Err(error) = ended {
                of_desk.warn(error.problem());
            }
            *lock(&trials.running) = None;
            of_desk.tell(progress(1, 1));
        });
        self.view(desk)
    }

    pub(crate) fn stop(&self) {
        if let Some(running) = lock(&self.running).as_ref() {
            running.stop.store(true, Ordering::Relaxed);
        }
    }

    /// A run that was stopped keeps nothing: its figures could be compared with no other.
    async fn go(&self, desk: &Arc<Desk>, scenarios: &[&str], stop: &AtomicBool) -> Result<(), DeskError> {
        let library = desk.library();
        let engine = evals::Workbench::new(Arc::clone(&library), Arc::clone(desk.redactor()))
            .with_blueprints(desk.blueprint_list()?);
        let mut verdicts: Vec<Verdict> = Vec::with_capacity(scenarios.len());
        let mut told = Instant::now();
        for name in scenarios {
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            self.tell(desk, &mut told, name, &verdicts);
            let golden = golden(desk, name)?;
            let began = Instant::now();
            let mut verdict = judge(&golden, engine.answer(&golden).await);
            verdict.seconds = began.elapsed().as_secs_f64();
            verdicts.push(verdict);
        }
        let only = lock(&self.running).as_ref().map(|running| running.row.only.clone()).unwrap_or_default();
        kept::keep(desk.paths(), desk.about().now, only, library.digest(), &Report::of(verdicts))
    }

    fn tell(&self, desk: &Desk, told: &mut Instant, name: &str, verdicts: &[Verdict]) {
        let mut running = lock(&self.running);
        let Some(running) = running.as_mut() else { return };
        running.row.done = verdicts.len() as u32;
        running.row.right = verdicts.iter().filter(|verdict| verdict.is_right_with_fix()).count() as u32;
        running.row.now = name.to_owned();
        if told.elapsed() >= TOLD {
            *told = Instant::now();
            desk.tell(progress(running.row.done, running.row.of));
        }
    }

    pub(crate) fn run(&self, desk: &Desk, id: &str) -> Result<RunView, DeskError> {
        let kept = kept::read(desk.paths(), id)?;
        Ok(RunView::of(kept.row(id), &kept.report))
    }

    pub(crate) fn compare(&self, desk: &Desk, two: &TwoRuns) -> Result<ComparedRuns, DeskError> {
        let (before, now) = (kept::read(desk.paths(), &two.before)?, kept::read(desk.paths(), &two.now)?);
        Ok(ComparedRuns::of(&Comparison::between(&before.report, &now.report)))
    }

    pub(crate) fn remove(&self, desk: &Desk, id: &str) -> Result<EvalsView, DeskError> {
        kept::remove(desk.paths(), id)?;
        self.view(desk)
    }
}

fn progress(done: u32, of: u32) -> Update {
    Update::Progress { what: "evals".into(), done: u64::from(done), of: Some(u64::from(of)) }
}
