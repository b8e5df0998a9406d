use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use async_trait::async_trait;
use cluster::Reach;
use gate::{Approve, Call, Door, Permit, Policy, fold_case};
use history::{DeskFile, History};
use knowledge::Library;
use model::{
    Author, CallId, CallStep, CaseEvent, CaseFact, CaseId, Citation, Clock, ClusterId, Conclusion, Hypothesis,
    IncidentId, ObjectRef, Observation, Preview, ResultView, Risk, Terms, Time, ToolCall, ToolSpec, Written,
};
use redact::Redactor;
use serde_json::{Value, json};
use tools::{Failure, Outcome, Surroundings, Tool, ToolError, Toolbox};
use uuid::Uuid;

use crate::{Ids, Investigator, Move, Pause, Release, Runner, Seen, Setting};

pub(super) const CASE: CaseId = CaseId(Uuid::from_u128(0xca5e));
const AS_OF: Time = Time::from_seconds(1_000_000);

pub(super) fn cluster() -> ClusterId {
    ClusterId("cluster:demo".into())
}

pub(super) fn engineer() -> Author {
    Author::Engineer { name: "engineer".into() }
}

pub(super) fn call(tool: &str, args: Value) -> ToolCall {
    ToolCall {
        tool: tool.into(),
        cluster: cluster(),
        args,
        reason: "to tell".into(),
        expects: "one or the other".into(),
        tainted: Vec::new(),
        shown: None,
        definition: None,
        user: None,
    }
}

/// Time goes on by a second whenever somebody looks.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Time {
        Time::from_seconds(2_000_000 + self.0.fetch_add(1, Ordering::Relaxed))
    }
}

struct Counting(AtomicU64);

impl Ids for Counting {
    fn call(&self) -> CallId {
        CallId(Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed))))
    }
}

/// A tool that writes down the arguments it ran with; `{"fail": true}` fails, `n` must be a number.
pub(super) struct Notebook {
    pub ran: Arc<Mutex<Vec<Value>>>,
    pub risk: Risk,
    /// What the tool is said to be; another program may say something else later.
    pub words: Arc<Mutex<String>>,
}

#[async_trait]
impl Tool for Notebook {
    fn spec(&self) -> ToolSpec {
        let description = self.words.lock().unwrap().clone();
        ToolSpec { name: "notebook".into(), title: String::new(), description, schema: json!({}) }
    }

    fn risk(&self, _args: &Value) -> Risk {
        self.risk
    }

    fn check(&self, args: &Value) -> Result<(), ToolError> {
        if args["n"].is_number() {
            return Ok(());
        }
        Err(ToolError {
            what: "the arguments do not fit".into(),
            why: "`n` is not a number".into(),
            hint: "Give a number.".into(),
        })
    }

    fn preview(&self, _call: &ToolCall, _surroundings: &Surroundings) -> Preview {
        Preview { does: "Writes it down.".into(), diff: None, cost: String::new(), undo: None }
    }

    async fn run(&self, permit: Permit, _surroundings: &Surroundings) -> Result<Outcome, Failure> {
        let args = permit.what().args.clone();
        self.ran.lock().unwrap().push(args.clone());
        if args["hang"] == true {
            std::future::pending::<()>().await;
        }
        if args["fail"] == true {
            let error = ToolError { what: "no".into(), why: "it failed".into(), hint: "Try n.".into() };
            return Err(error.into());
        }
        if args["silent"] == true {
            let error = ToolError { what: "it may be noted".into(), why: "no answer".into(), hint: String::new() };
            return Err(Failure::Unknown(error));
        }
        let result = ResultView {
            text: format!("noted {}", args["n"]),
            redactions: Vec::new(),
            cut: None,
            observations: Vec::new(),
            next: Vec::new(),
        };
        Ok(Outcome { result, observations: Vec::new() })
    }
}

/// Makes its moves one after the other whatever it sees, and concludes citing everything that was released to it.
pub(super) struct Script {
    moves: std::collections::VecDeque<Move>,
    pub seen: Arc<Mutex<Vec<Seen>>>,
    released: Vec<Arc<Observation>>,
}

impl Script {
    pub fn new(moves: Vec<Move>) -> Self {
        Script { moves: moves.into(), seen: Arc::default(), released: Vec::new() }
    }
}

impl Investigator for Script {
    fn name(&self) -> &str {
        "script"
    }

    fn knowledge_digest(&self) -> String {
        "none".into()
    }

    fn next(&mut self, seen: Seen) -> Move {
        self.seen.lock().unwrap().push(seen.clone());
        match seen {
            Seen::Released { observations, .. } => self.released.extend(observations),
            Seen::Said { text } => return Move::Narrate { text: format!("You said: {text}") },
            _ => {}
        }
        self.moves.pop_front().unwrap_or_else(|| Move::Conclude(concluding(&self.released)))
    }
}

fn concluding(released: &[Arc<Observation>]) -> Conclusion {
    let evidence: Vec<Citation> =
        released.iter().map(|o| Citation { id: o.id.clone(), quote: "what it says".into() }).collect();
    let hypothesis = Hypothesis {
        id: "x @ y".into(),
        rank: 1,
        incident: IncidentId("incident:1".into()),
        object: ObjectRef::new("Deployment", "shop", "cart"),
        failure_mode: "x".into(),
        mechanism: "it broke".into(),
        probability: 0.7,
        evidence,
        against: Vec::new(),
        fix: None,
        open_checks: Vec::new(),
    };
    Conclusion {
        abstained: released.is_empty(),
        summary: "done".into(),
        hypotheses: vec![hypothesis],
        not_checked: Vec::new(),
        argument: None,
    }
}

/// What everything happens on: files that outlive a runner.
pub(super) struct Stage {
    pub desk: Arc<DeskFile>,
    pub history: Arc<History>,
    pub door: Arc<Door>,
    pub policy: Arc<RwLock<Policy>>,
    pub ran: Arc<Mutex<Vec<Value>>>,
    /// What the notebook's definition says.
    pub words: Arc<Mutex<String>>,
    pub risk: Risk,
    pub release: Release,
    pub told: Arc<Mutex<Vec<u64>>>,
    /// The time that the case looks at.
    pub as_of: Time,
    pub speaking: Option<crate::Speaking>,
    clock: Arc<Ticking>,
    ids: Arc<Counting>,
}

impl Stage {
    pub fn new() -> Self {
        let stage = Self::without_case();
        let opened = CaseFact::Opened {
            title: "a case".into(),
            cluster: cluster(),
            cluster_name: "demo".into(),
            as_of: AS_OF,
            question: None,
            incidents: Vec::new(),
        };
        stage.write(opened);
        stage
    }

    /// With these events in its desk file: what a killed program left behind.
    pub fn with(events: &[CaseEvent]) -> Self {
        let stage = Self::without_case();
        stage.ids.0.store(1_000, Ordering::Relaxed);
        for event in events {
            let CaseEvent { at, author, fact, .. } = event.clone();
            stage.desk.append(CASE, &[Written { at, author, fact }]).unwrap();
        }
        stage
    }

    fn without_case() -> Self {
        let desk = Arc::new(DeskFile::in_memory().unwrap());
        let clock = Arc::new(Ticking(AtomicI64::new(0)));
        let door = Arc::new(Door::new(Arc::clone(&desk), Arc::clone(&clock) as Arc<dyn Clock>));
        Stage {
            desk,
            history: Arc::new(History::in_memory(cluster()).unwrap()),
            door,
            policy: Arc::new(RwLock::new(Policy { writes: gate::Writes::On, ..Policy::default() })),
            ran: Arc::default(),
            words: Arc::default(),
            risk: Risk::Read,
            release: Release::Ask,
            told: Arc::default(),
            as_of: AS_OF,
            speaking: None,
            clock,
            ids: Arc::new(Counting(AtomicU64::new(1))),
        }
    }

    pub fn write(&self, fact: CaseFact) {
        let at = self.clock.now();
        self.door.write(CASE, &[Written { at, author: engineer(), fact }]).unwrap();
    }

    pub fn approving(self, approve: Approve) -> Self {
        self.policy.write().unwrap().approve = approve;
        self
    }

    pub fn surroundings(&self) -> Surroundings {
        Surroundings {
            history: Arc::clone(&self.history),
            reach: Reach::Recorded(Arc::clone(&self.history)),
            desk: Arc::clone(&self.desk),
            library: Library::builtin(),
            redactor: Arc::new(Redactor::new([7; 32])),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            as_of: self.as_of,
            declared: Arc::default(),
            writes: Arc::default(),
        }
    }

    /// A fresh program on the same files.
    pub fn runner(&self, investigator: impl Investigator + 'static) -> Runner {
        let notebook = Notebook { ran: Arc::clone(&self.ran), risk: self.risk, words: Arc::clone(&self.words) };
        let told = Arc::clone(&self.told);
        let setting = Setting {
            case: CASE,
            door: Arc::clone(&self.door),
            toolbox: Toolbox::standard().with(Arc::new(notebook)),
            surroundings: self.surroundings(),
            now: {
                let as_of = self.as_of;
                let history = Arc::clone(&self.history);
                Arc::new(move || history.span().unwrap().map_or(as_of, |(_, last)| last.max(as_of)))
            },
            policy: {
                let policy = Arc::clone(&self.policy);
                Arc::new(move || policy.read().unwrap().clone())
            },
            release: self.release.clone(),
            ids: Arc::clone(&self.ids) as Arc<dyn Ids>,
            on_write: Some(Arc::new(move |seq| told.lock().unwrap().push(seq))),
            speaking: self.speaking.clone(),
            anew: false,
        };
        Runner::new(setting, Box::new(investigator)).unwrap()
    }

    pub fn events(&self) -> Vec<CaseEvent> {
        self.desk.events(CASE, 0).unwrap()
    }

    pub fn calls(&self) -> Vec<Call> {
        fold_case(&self.events()).unwrap()
    }

    pub fn steps(&self) -> Vec<CallStep> {
        let steps = self.events().into_iter().filter_map(|event| match event.fact {
            CaseFact::Call(fact) => Some(fact.step),
            _ => None,
        });
        steps.collect()
    }

    pub fn conclusions(&self) -> Vec<Conclusion> {
        let concluded = self.events().into_iter().filter_map(|event| match event.fact {
            CaseFact::Concluded { conclusion } => Some(conclusion),
            _ => None,
        });
        concluded.collect()
    }

    pub fn narrated(&self) -> Vec<String> {
        let narrated = self.events().into_iter().filter_map(|event| match event.fact {
            CaseFact::Narrated { text } => Some(text),
            _ => None,
        });
        narrated.collect()
    }

    pub fn approve(&self, id: CallId) {
        let digest = self.door.call(CASE, id).unwrap().digest;
        self.door.approve(CASE, id, &digest, engineer()).unwrap();
    }

    pub fn release(&self, id: CallId) {
        self.door.release(CASE, id, None, &[], engineer()).unwrap();
    }

    pub fn deny(&self, id: CallId, why: &str) {
        self.door.deny(CASE, id, why, engineer()).unwrap();
    }

    pub fn withhold(&self, id: CallId, why: &str) {
        self.door.withhold(CASE, id, why, engineer()).unwrap();
    }

    pub fn stop(&self, why: &str) {
        let surroundings = self.surroundings();
        crate::stop(&self.door, &surroundings.desk, CASE, surroundings.clock.now(), engineer(), why).unwrap();
    }

    pub fn tool_of(&self, id: CallId) -> String {
        self.door.call(CASE, id).unwrap().call.tool
    }

    pub fn edit(&self, id: CallId, args: Value, why: &str) {
        let preview = Preview { does: String::new(), diff: None, cost: String::new(), undo: None };
        let policy = self.policy.read().unwrap().clone();
        self.door
            .edit(CASE, id, args, why, self.risk, preview, None, Terms::default(), &policy, true, engineer())
            .unwrap();
    }

    /// Works on, approving and releasing everything, until the investigator has concluded.
    pub async fn say_yes(&self, runner: &mut Runner) {
        loop {
            match runner.advance().await.unwrap() {
                Pause::AwaitingDecision(id) => self.approve(id),
                Pause::AwaitingRelease(id) => self.release(id),
                Pause::AwaitingSend | Pause::Concluded => break,
            }
        }
    }

    /// Works on, refusing everything.
    pub async fn say_no(&self, runner: &mut Runner) {
        loop {
            match runner.advance().await.unwrap() {
                Pause::AwaitingDecision(id) => self.deny(id, "not now"),
                Pause::AwaitingRelease(id) => panic!("{id} ran and was refused"),
                Pause::AwaitingSend | Pause::Concluded => break,
            }
        }
    }
}
