//! A conversation over a recorded cluster, with everything that would leave written down.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use cluster::Reach;
use gate::{Call, CallState, Door, Policy, fold_case};
use history::{DeskFile, History};
use investigate::{Brief, Conversation, Debate, Ids, Pause, Release, Runner, Setting, Speaking};
use knowledge::Library;
use llm::{Delta, Endpoint, Finish, Provider, Request, Scripted, ToolMode, Usage};
use model::{Author, Budget, CallId, CaseEvent, CaseFact, CaseId, Clock, Conclusion, Time, Written};
use redact::Redactor;
use serde_json::Value;
use tools::{Surroundings, Toolbox};

pub const CASE: CaseId = CaseId(uuid::Uuid::from_u128(7));

/// What a conversation is led over, and how its engineer decides.
pub struct Talk {
    pub history: Arc<History>,
    pub as_of: Time,
    pub question: Option<String>,
    pub library: Arc<Library>,
    pub toolbox: Toolbox,
    pub redactor: Arc<Redactor>,
    pub policy: Policy,
    /// Whether a waiting call of this kind is approved.
    pub approves: fn(&Call) -> bool,
    pub budget: Budget,
}

/// What came of it.
pub struct Talked {
    pub events: Vec<CaseEvent>,
    pub calls: Vec<Call>,
    /// Every body that left, in OpenAI's format.
    pub bodies: Vec<String>,
    pub requests: Vec<Request>,
    pub conclusion: Option<Conclusion>,
}

type Decide = Box<dyn FnMut(&Request) -> Vec<Delta> + Send>;

impl Talk {
    pub async fn lead(&self, mut decide: Decide) -> Result<Talked> {
        let desk = Arc::new(DeskFile::in_memory()?);
        let clock: Arc<dyn Clock> = Arc::new(Ticking(AtomicI64::new(self.as_of.0)));
        let door = Arc::new(Door::new(Arc::clone(&desk), Arc::clone(&clock)));
        let cluster = self.history.cluster().clone();
        let opened = CaseFact::Opened {
            title: "measured".into(),
            cluster: cluster.clone(),
            cluster_name: "measured".into(),
            as_of: self.as_of,
            question: self.question.clone(),
            incidents: Vec::new(),
        };
        door.write(CASE, &[Written { at: self.as_of, author: engineer(), fact: opened }])?;
        let snapshot = Arc::new(self.history.snapshot(self.as_of)?);
        let writes = self.policy.writes == gate::Writes::On;
        let model = Arc::new(Scripted::deciding(move |request| Ok(decide(request))).in_the_place_of(endpoint()));
        let bodies: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&bodies);
        let investigator = Conversation::new(Debate {
            brief: Brief { question: self.question.clone(), ..Brief::new(snapshot, Arc::clone(&self.library)) },
            model: "scripted".into(),
            toolbox: self.toolbox.clone(),
            writes,
            redactor: Arc::clone(&self.redactor),
            budget: self.budget,
        });
        let setting = Setting {
            case: CASE,
            door: Arc::clone(&door),
            toolbox: self.toolbox.clone(),
            surroundings: Surroundings {
                history: Arc::clone(&self.history),
                reach: Reach::Recorded(Arc::clone(&self.history)),
                desk: Arc::clone(&desk),
                library: Arc::clone(&self.library),
                redactor: Arc::clone(&self.redactor),
                clock,
                as_of: self.as_of,
                declared: Arc::default(),
                writes: Arc::new(writes.into()),
            },
            now: {
                let as_of = self.as_of;
                Arc::new(move || as_of)
            },
            policy: {
                let policy = self.policy.clone();
                Arc::new(move || policy.clone())
            },
            release: Release::ByRule("measured".into()),
            ids: Arc::new(Counted(AtomicU64::new(1))),
            on_write: None,
            speaking: Some(Speaking {
                model: Arc::clone(&model) as Arc<dyn llm::Model>,
                price: None,
                leaves: Some(Arc::new(move |text: &str| {
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
                })),
                hears: None,
                may_leave: None,
            }),
            anew: false,
        };
        let mut runner = Runner::new(setting, Box::new(investigator))?;
        loop {
            match runner.advance().await? {
                Pause::AwaitingDecision(id) => {
                    let call = door.call(CASE, id)?;
                    if (self.approves)(&call) {
                        door.approve(CASE, id, &call.digest, engineer())?;
                    } else {
                        door.deny(CASE, id, "not this", engineer())?;
                    }
                }
                Pause::AwaitingRelease(id) => drop(door.release(CASE, id, None, &[], engineer())?),
                Pause::AwaitingSend | Pause::Concluded => break,
            }
        }
        let events = desk.events(CASE, 0)?;
        let conclusion = events.iter().rev().find_map(|event| match &event.fact {
            CaseFact::Concluded { conclusion } => Some(conclusion.clone()),
            _ => None,
        });
        let bodies = bodies.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Talked { calls: fold_case(&events)?, events, bodies, requests: model.asked(), conclusion })
    }
}

/// Whether a call ran, or may have.
pub fn ran(call: &Call) -> bool {
    match call.state {
        CallState::Running
        | CallState::AwaitingRelease { .. }
        | CallState::Released { .. }
        | CallState::Withheld { .. }
        | CallState::Failed { .. }
        | CallState::Interrupted { .. }
        | CallState::OutcomeUnknown { .. } => true,
        CallState::Proposed
        | CallState::Previewing
        | CallState::Forbidden { .. }
        | CallState::Allowed { .. }
        | CallState::AwaitingDecision { .. }
        | CallState::Approved { .. }
        | CallState::Edited { .. }
        | CallState::Denied { .. }
        | CallState::Withdrawn { .. }
        | CallState::Expired { .. }
        | CallState::Voided { .. } => false,
    }
}

/// An answer that asks for these calls.
pub fn answer(text: &str, calls: &[(String, Value)]) -> Vec<Delta> {
    let mut deltas = vec![Delta::Text(text.to_owned())];
    for (number, (tool, args)) in calls.iter().enumerate() {
        let id = format!("call-{number}-{tool}");
        deltas.push(Delta::CallBegins { id: id.clone(), tool: tool.clone() });
        deltas.push(Delta::CallArguments { id, text: args.to_string() });
    }
    deltas.push(Delta::End { finish: Finish::Calls, usage: Usage::default() });
    deltas
}

pub fn endpoint() -> Endpoint {
    Endpoint {
        name: "measured".into(),
        provider: Provider::OpenAi,
        base: "https://api.openai.com/v1".into(),
        model: "m".into(),
        tools: ToolMode::Native,
        thinks: false,
    }
}

pub fn engineer() -> Author {
    Author::Engineer { name: "measured".into() }
}

struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Time {
        Time(self.0.fetch_add(1_000_000, Ordering::Relaxed))
    }
}

struct Counted(AtomicU64);

impl Ids for Counted {
    fn call(&self) -> CallId {
        CallId(uuid::Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed))))
    }
}
