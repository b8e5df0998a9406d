//! The investigations that go on in this program: one task for each case, woken by every decision.

use std::sync::{Arc, RwLock};

use gate::{Approve, Policy};
use investigate::{Brief, BuiltIn, OnWrite, Pause, Release, Runner, Setting, started_as_of};
use model::{CaseFact, CaseId, ClusterId};
use tokio::sync::{Notify, watch};
use tools::Surroundings;

use crate::desk::lock;
use crate::rows::Update;
use crate::{Desk, DeskError};

/// One case that is worked on.
pub(crate) struct Work {
    pub cluster: ClusterId,
    pub policy: Arc<RwLock<Policy>>,
    wake: Notify,
    pause: watch::Sender<Option<Result<Pause, DeskError>>>,
}

impl Work {
    /// The investigator acts or thinks; what rests until somebody decides, and what is concluded, does not.
    pub fn is_going_on(&self) -> bool {
        self.pause.borrow().is_none()
    }

    pub fn wake(&self) {
        self.pause.send_replace(None);
        self.wake.notify_one();
    }
}

/// How an investigation is led.
#[derive(Clone, Debug)]
pub struct Lead {
    pub approve: Approve,
    pub release: Release,
}

impl Default for Lead {
    /// Every call and every result waits for the engineer.
    fn default() -> Self {
        Lead { approve: Approve::Ask, release: Release::Ask }
    }
}

impl Desk {
    /// Starts the investigator of a case, or goes on where it stopped. Already going on: nothing happens.
    pub fn start_investigation(self: &Arc<Self>, case: CaseId, lead: Lead) -> Result<(), DeskError> {
        let mut works = lock(&self.work);
        if let Some(work) = works.get(&case) {
            work.wake();
            return Ok(());
        }
        if let Err(error) = self.take_up(case) {
            tracing::warn!(%case, %error, "what an earlier run left behind stays as it is");
        }
        let cluster = crate::cases::opened_fact(&self.file.events(case, 0)?)?.cluster;
        let writes = self.writes_policy(&cluster);
        let policy = Arc::new(RwLock::new(Policy { approve: lead.approve, writes, ..Policy::default() }));
        let mut runner = self.runner(case, Arc::clone(&policy), lead.release)?;
        let work = Arc::new(Work { cluster, policy, wake: Notify::new(), pause: watch::Sender::new(None) });
        works.insert(case, Arc::clone(&work));
        drop(works);
        let desk = Arc::downgrade(self);
        tokio::spawn(async move {
            // Once for each call: a cluster that does not answer is not asked at every step.
            let mut tried = std::collections::HashSet::new();
            loop {
                let pause = runner.advance().await.map_err(DeskError::from);
                let Some(desk) = desk.upgrade() else { break };
                if let Err(error) = &pause {
                    tracing::error!(%case, %error, "the investigation stopped");
                    let stopped = CaseFact::Stopped { because: error.to_string() };
                    let _ = desk.write(case, desk.engineer_or_program(false), stopped);
                }
                if let Ok(Pause::AwaitingDecision(call)) = &pause
                    && tried.insert(*call)
                    && let Ok(call) = desk.door.call(case, *call)
                    && let Err(error) = desk.try_first(case, &call).await
                {
                    tracing::error!(%case, %error, "a change could not be tried first");
                }
                let ended = pause.is_err();
                work.pause.send_replace(Some(pause));
                desk.tell(Update::CaseChanged { case, seq: 0 });
                if ended {
                    lock(&desk.work).remove(&case);
                    break;
                }
                drop(desk);
                work.wake.notified().await;
            }
        });
        Ok(())
    }

    /// Waits until the investigator of a case rests, and says why it does.
    pub async fn paused(&self, case: CaseId) -> Result<Pause, DeskError> {
        let work = lock(&self.work).get(&case).cloned();
        let Some(work) = work else {
            return Err(DeskError::not_found("Nobody is working on this case."));
        };
        let mut pause = work.pause.subscribe();
        let seen =
            pause.wait_for(Option::is_some).await.map_err(|_| DeskError::not_found("The program is closing."))?;
        seen.clone().unwrap_or_else(|| Err(DeskError::not_found("Nobody is working on this case.")))
    }

    pub(crate) fn wake(&self, case: CaseId) {
        if let Some(work) = lock(&self.work).get(&case) {
            work.wake();
        }
    }

    fn runner(
        self: &Arc<Self>,
        case: CaseId,
        policy: Arc<RwLock<Policy>>,
        release: Release,
    ) -> Result<Runner, DeskError> {
        let events = self.file.events(case, 0)?;
        let opened = crate::cases::opened_fact(&events)?;
        let cluster = opened.cluster.clone();
        let access = self.opened(&cluster)?;
        let as_of = started_as_of(&events).unwrap_or(opened.as_of);
        let library = self.library();
        let investigator = BuiltIn::new(Brief {
            question: opened.question.clone(),
            incidents: opened.incidents.iter().map(|incident| incident.id.clone()).collect(),
            blueprints: self.file.blueprints()?,
            // By when things were learnt: what arrives later about earlier changes nothing that was already reasoned.
            ..Brief::new(Arc::new(access.history.snapshot_as_known(as_of)?), Arc::clone(&library))
        });
        let surroundings = Surroundings { library, ..self.surroundings(case)? };
        let setting = Setting {
            case,
            door: Arc::clone(&self.door),
            toolbox: self.toolbox.clone(),
            surroundings,
            policy,
            release,
            ids: Arc::new(self.ids),
            on_write: Some(self.on_write(case)),
        };
        Ok(Runner::new(setting, Box::new(investigator))?)
    }

    /// Tells the window of every step.
    fn on_write(self: &Arc<Self>, case: CaseId) -> OnWrite {
        let desk = Arc::downgrade(self);
        Arc::new(move |seq| {
            if let Some(desk) = desk.upgrade() {
                desk.tell(Update::CaseChanged { case, seq });
            }
        })
    }

    /// What a call's tool is given; for previews of edited arguments.
    pub(crate) fn surroundings(&self, case: CaseId) -> Result<Surroundings, DeskError> {
        let events = self.file.events(case, 0)?;
        let opened = crate::cases::opened_fact(&events)?;
        let access = self.opened(&opened.cluster)?;
        Ok(Surroundings {
            history: Arc::clone(&access.history),
            reach: access.reach(),
            desk: Arc::clone(&self.file),
            library: self.library(),
            redactor: Arc::clone(&self.redactor),
            clock: Arc::clone(&self.clock),
            as_of: started_as_of(&events).unwrap_or(opened.as_of),
            writes: self.switch(&opened.cluster),
        })
    }
}

#[cfg(test)]
mod tests;
