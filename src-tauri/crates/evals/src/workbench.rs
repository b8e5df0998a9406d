use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cluster::Reach;
use detect::facts;
use gate::{Door, Policy, fold_case};
use history::{DeskFile, History};
use investigate::{Brief, BuiltIn, Conversation, Debate, Ids, Investigator, Pause, Release, Runner, Setting, Speaking};
use knowledge::{Blueprints, Library};
use model::{
    Author, BlueprintVersion, Body, Budget, CallId, CaseEvent, CaseFact, CaseId, Clock, Conclusion, Decision,
    Observation, Risk, Spent, Time, View, Written,
};
use redact::Redactor;
use tools::{Surroundings, Toolbox};
use topology::Graph;

use crate::{Answer, Engine, Golden, Without};

/// The workbench itself, with an engineer who approves every reading call and no other.
pub struct Workbench {
    library: Arc<Library>,
    redactor: Arc<Redactor>,
    toolbox: Toolbox,
    blueprints: Vec<BlueprintVersion>,
    speaking: Option<(Speaking, Budget)>,
    without: Option<Without>,
}

impl Workbench {
    pub fn new(library: Arc<Library>, redactor: Arc<Redactor>) -> Self {
        let (speaking, without) = (None, None);
        Workbench { library, redactor, toolbox: Toolbox::standard(), blueprints: Vec::new(), speaking, without }
    }

    /// With what a team knows of its own system.
    pub fn with_blueprints(self, blueprints: Vec<BlueprintVersion>) -> Self {
        Workbench { blueprints, ..self }
    }

    /// With a language model that argues with the built-in investigator, within this budget for each recording.
    pub fn with_model(self, speaking: Speaking, budget: Budget) -> Self {
        Workbench { speaking: Some((speaking, budget)), ..self }
    }

    /// With one eye closed.
    pub fn without(self, without: Without) -> Self {
        Workbench { without: Some(without), ..self }
    }

    async fn investigate(&self, golden: &Golden) -> Result<Answer, Failed> {
        let history = History::in_memory(golden.cluster.clone())?;
        history.append(&golden.observations)?;
        let snapshot = Arc::new(history.snapshot(golden.as_of)?);
        let history = Arc::new(history);
        let desk = Arc::new(DeskFile::in_memory()?);
        let clock: Arc<dyn Clock> = Arc::new(Stopped(golden.as_of));
        let door = Arc::new(Door::new(Arc::clone(&desk), Arc::clone(&clock)));
        let case = CaseId(uuid::Uuid::from_u128(1));
        let opened = CaseFact::Opened {
            title: golden.name.clone(),
            cluster: golden.cluster.clone(),
            cluster_name: golden.name.clone(),
            as_of: golden.as_of,
            question: golden.question.clone(),
            incidents: Vec::new(),
        };
        door.write(case, &[Written { at: golden.as_of, author: engineer(), fact: opened }])?;
        let known = self.blueprints.iter().chain(&golden.blueprints).cloned();
        let blueprints: Vec<_> = known.filter(|_| self.without != Some(Without::Blueprints)).collect();
        let told = Blueprints::new(self.library.blueprints().into_iter().chain(blueprints.iter().cloned()));
        let brief = Brief {
            blueprints,
            question: golden.question.clone(),
            unanswerable: cluster::unanswerable(&history, golden.as_of)?,
            ..Brief::new(Arc::clone(&snapshot), Arc::clone(&self.library))
        };
        let investigator: Box<dyn Investigator> = match (&self.speaking, self.without) {
            (Some((speaking, budget)), _) => Box::new(Conversation::new(Debate {
                brief,
                model: speaking.model.name().to_owned(),
                toolbox: self.toolbox.clone(),
                writes: false,
                redactor: Arc::clone(&self.redactor),
                budget: *budget,
            })),
            (None, None) => Box::new(BuiltIn::new(brief)),
            (None, Some(without)) => {
                Box::new(BuiltIn::looking(brief, Box::new(move |view, declared| without.look(view, declared))))
            }
        };
        let as_of = golden.as_of;
        let setting = Setting {
            case,
            door: Arc::clone(&door),
            toolbox: self.toolbox.clone(),
            surroundings: Surroundings {
                history: Arc::clone(&history),
                reach: Reach::Recorded(Arc::clone(&history)),
                desk: Arc::clone(&desk),
                library: Arc::clone(&self.library),
                redactor: Arc::clone(&self.redactor),
                clock,
                as_of: golden.as_of,
                declared: told.dependencies(&golden.cluster).into(),
                writes: Arc::default(),
            },
            now: Arc::new(move || as_of),
            policy: Arc::new(Policy::default),
            release: Release::ByRule("evaluation".into()),
            ids: Arc::new(Counted(AtomicU64::new(1))),
            on_write: None,
            speaking: self.speaking.as_ref().map(|(speaking, _)| speaking.clone()),
            anew: false,
        };
        let mut runner = Runner::new(setting, investigator)?;
        loop {
            match runner.advance().await? {
                Pause::AwaitingDecision(call) => decide(&door, case, call)?,
                Pause::AwaitingRelease(call) => drop(door.release(case, call, None, &[], engineer())?),
                Pause::AwaitingSend | Pause::Concluded => break,
            }
        }
        let events = desk.events(case, 0)?;
        answer(golden, snapshot, &history, &events)
    }
}

impl Engine for Workbench {
    async fn answer(&self, golden: &Golden) -> Result<Answer, String> {
        self.investigate(golden).await.map_err(|failed| failed.to_string())
    }

    fn facts(&self, golden: &Golden) -> Vec<model::Fact> {
        let read = || {
            let history = History::in_memory(golden.cluster.clone())?;
            history.append(&golden.observations)?;
            history.snapshot(golden.as_of)
        };
        let snapshot = match read() {
            Ok(snapshot) => snapshot,
            Err(error) => {
                tracing::warn!(scenario = golden.name, %error, "the recording could not be kept");
                return Vec::new();
            }
        };
        let mut view = View::inventory(Arc::new(snapshot));
        let inventory =
            |o: &&Observation| matches!(o.body, Body::Object { .. } | Body::Event(_) | Body::Coverage { .. });
        view.released = golden.observations.iter().filter(|o| !inventory(o)).cloned().map(Arc::new).collect();
        let graph = Graph::build(&view, &[]);
        let mut facts = facts(&view, &graph);
        let blueprints = knowledge::Blueprints::new(golden.blueprints.iter().cloned());
        facts.extend(blueprints.broken(&golden.cluster, &view.snapshot, |object| graph.pods_of(object), &facts));
        facts
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the recording could not be kept: {0}")]
    Store(#[from] history::Error),
    #[error("the gate refused: {0}")]
    Refused(#[from] gate::Refused),
    #[error("the calls of the case do not fold: {0}")]
    Fold(#[from] gate::FoldError),
    #[error("the investigation could not go on: {0}")]
    Runner(#[from] investigate::RunnerError),
    #[error("the investigation ended without a conclusion")]
    NoConclusion,
}

fn decide(door: &Door, case: CaseId, call: CallId) -> Result<(), gate::Refused> {
    let waiting = door.call(case, call)?;
    if waiting.risk <= Risk::ReadSensitive {
        door.approve(case, call, &waiting.digest, engineer())?;
    } else {
        door.deny(case, call, "an evaluation changes nothing", engineer())?;
    }
    Ok(())
}

fn answer(
    golden: &Golden,
    snapshot: Arc<model::Snapshot>,
    history: &History,
    events: &[CaseEvent],
) -> Result<Answer, Failed> {
    let conclusion: Conclusion = events
        .iter()
        .rev()
        .find_map(|event| match &event.fact {
            CaseFact::Concluded { conclusion } => Some(conclusion.clone()),
            _ => None,
        })
        .ok_or(Failed::NoConclusion)?;
    let calls: Vec<(String, Decision)> =
        fold_case(events)?.into_iter().map(|call| (call.call.tool, call.decision)).collect();
    let mut view = View::inventory(snapshot);
    let released = events.iter().filter_map(|event| match &event.fact {
        CaseFact::Call(call) => match &call.step {
            model::CallStep::Released { observations, .. } | model::CallStep::ReleasedEdited { observations, .. } => {
                Some(observations)
            }
            _ => None,
        },
        _ => None,
    });
    for id in released.flatten() {
        view.released.extend(history.get(id)?.map(Arc::<Observation>::new));
    }
    let graph = Graph::build(&view, &[]);
    let mut facts = facts(&view, &graph);
    // An incident that no hypothesis fits wakes a person all the same.
    let incidents = detect::triage(&view, &graph, &facts).incidents.len();
    let blueprints = knowledge::Blueprints::new(golden.blueprints.iter().cloned());
    facts.extend(blueprints.broken(&golden.cluster, &view.snapshot, |object| graph.pods_of(object), &facts));
    let spent = spent(events);
    Ok(Answer { incidents, calls, facts, conclusion, spent })
}

/// What a language model took, where one was asked.
fn spent(events: &[CaseEvent]) -> Option<Spent> {
    let mut spent: Option<Spent> = None;
    for event in events {
        if let CaseFact::ModelAnswered { answer } = &event.fact {
            *spent.get_or_insert_default() += answer.spent;
        }
    }
    spent
}

fn engineer() -> Author {
    Author::Engineer { name: "evaluation".into() }
}

/// A recording's present is its end.
struct Stopped(Time);

impl Clock for Stopped {
    fn now(&self) -> Time {
        self.0
    }
}

/// 1, 2, 3, …: the same recording gives the same transcript.
struct Counted(AtomicU64);

impl Ids for Counted {
    fn call(&self) -> CallId {
        CallId(uuid::Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed))))
    }
}

/// What a case answered that a person led through a golden scenario, to be judged like any other.
pub fn answered(
    golden: &Golden,
    snapshot: Arc<model::Snapshot>,
    history: &History,
    events: &[CaseEvent],
) -> Result<Answer, String> {
    answer(golden, snapshot, history, events).map_err(|failed| failed.to_string())
}
