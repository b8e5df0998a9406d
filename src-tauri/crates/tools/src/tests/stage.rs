use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use cluster::Reach;
use gate::{Approve, Call, Door, Permit, Policy, TryOut, Writes};
use history::{DeskFile, History};
use knowledge::Library;
use model::{
    Author, Body, CallId, CaseFact, CaseId, Clock, ClusterId, ObjectRef, Observation, Preview, Risk, Source, Time,
    ToolCall, Written,
};
use playground::Scenario;
use redact::Redactor;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Failure, Outcome, Surroundings, Toolbox};

const CASE: CaseId = CaseId(Uuid::from_u128(1));

/// A cluster with something for every tool to find.
pub(super) fn scenario() -> Scenario {
    let text = include_str!("../../../../../tests/fixtures/scenarios/every-evidence.yaml");
    Scenario::load("every-evidence.yaml", text).unwrap()
}

pub(super) fn redactor() -> Redactor {
    Redactor::new([9; 32])
}

/// The time at which the recording ends.
pub(super) fn end() -> Time {
    let scenario = scenario();
    scenario.end(Time::from_seconds(1_000_000))
}

/// The cluster as a recording.
pub(super) fn recording() -> Arc<History> {
    let cluster = ClusterId("cluster:every-evidence".into());
    let history = History::in_memory(cluster.clone()).unwrap();
    history.append(&scenario().observations(&cluster, Time::from_seconds(1_000_000))).unwrap();
    let shape = |at: i64, kind: &str, name: &str, values: Value| {
        let shape = redactor().shape(kind, &json!({ "data": values }));
        let at = Time::from_seconds(1_000_000 + at);
        let subject = ObjectRef::new(kind, "shop", name);
        Observation::new(cluster.clone(), at, at, Source::Import, Some(subject), Body::Shape(shape))
    };
    let shapes = [
        shape(100, "ConfigMap", "settings", json!({"currency": "EUR"})),
        shape(400, "ConfigMap", "settings", json!({"currency": "USD"})),
    ];
    history.append(&shapes).unwrap();
    Arc::new(history)
}

struct At(Time);

impl Clock for At {
    fn now(&self) -> Time {
        self.0
    }
}

/// What a call runs on.
pub(super) struct Stage {
    pub surroundings: Surroundings,
    pub toolbox: Toolbox,
    door: Door,
    calls: AtomicU64,
}

impl Stage {
    pub fn recorded() -> Self {
        let history = recording();
        Self::on(Reach::Recorded(Arc::clone(&history)), history, end(), false)
    }

    pub fn on(reach: Reach, history: Arc<History>, as_of: Time, writes_enabled: bool) -> Self {
        let desk = Arc::new(DeskFile::in_memory().unwrap());
        let clock: Arc<dyn Clock> = Arc::new(At(as_of.plus_seconds(60)));
        let door = Door::new(Arc::clone(&desk), Arc::clone(&clock));
        let opened = CaseFact::Opened {
            title: "a case".into(),
            cluster: history.cluster().clone(),
            cluster_name: "demo".into(),
            as_of,
            question: None,
            incidents: Vec::new(),
        };
        door.write(CASE, &[Written { at: as_of, author: Author::Program, fact: opened }]).unwrap();
        let surroundings = Surroundings {
            history,
            reach,
            desk,
            library: Library::builtin(),
            redactor: Arc::new(redactor()),
            clock,
            as_of,
            declared: Arc::default(),
            writes: Arc::new(AtomicBool::new(writes_enabled)),
        };
        Stage { surroundings, toolbox: Toolbox::standard(), door, calls: AtomicU64::new(1) }
    }

    pub fn call(&self, tool: &str, args: Value) -> ToolCall {
        ToolCall::new(tool, self.surroundings.history.cluster().clone(), args)
    }

    pub fn preview(&self, tool: &str, args: Value) -> Preview {
        self.toolbox.get(tool).unwrap().preview(&self.call(tool, args), &self.surroundings)
    }

    /// The preview as the door is given it: with what was worked out from the history.
    pub fn shown(&self, tool: &str, args: Value) -> Preview {
        let mut call = self.call(tool, args);
        let tool = self.toolbox.get(tool).unwrap();
        call.shown = tool.shown(&call, &self.surroundings);
        tool.preview(&call, &self.surroundings)
    }

    pub fn risk(&self, tool: &str, args: Value) -> Risk {
        self.toolbox.get(tool).unwrap().risk(&args)
    }

    pub fn permit(&self, call: ToolCall) -> Permit {
        let engineer = Author::Engineer { name: "engineer".into() };
        let (id, asked) = self.asked(call);
        self.door.approve(CASE, id, &asked.digest, engineer).unwrap();
        self.door.start(CASE, id).unwrap()
    }

    /// The right to try a call that waits.
    pub fn leave(&self, call: ToolCall) -> TryOut {
        let (id, _) = self.asked(call);
        self.door.try_out(CASE, id, Author::Engineer { name: "engineer".into() }).unwrap()
    }

    fn asked(&self, call: ToolCall) -> (CallId, Call) {
        let id = CallId(Uuid::from_u128(u128::from(self.calls.fetch_add(1, Ordering::Relaxed))));
        let preview = Preview { does: String::new(), diff: None, cost: String::new(), undo: None };
        let policy = Policy { approve: Approve::Ask, writes: Writes::On, ..Policy::default() };
        let investigator = Author::Investigator { name: "test".into() };
        let asked = self.door.propose(CASE, id, call, Risk::Write, preview, &policy, investigator).unwrap();
        (id, asked)
    }

    /// Runs an approved call.
    pub async fn run(&self, tool: &str, args: Value) -> Result<Outcome, Failure> {
        let mut call = self.call(tool, args);
        call.shown = self.toolbox.get(tool).unwrap().shown(&call, &self.surroundings);
        let permit = self.permit(call);
        self.toolbox.get(tool).unwrap().run(permit, &self.surroundings).await
    }

    /// The text that an approved call gives.
    pub async fn text(&self, tool: &str, args: Value) -> String {
        self.run(tool, args).await.unwrap().result.text
    }
}
