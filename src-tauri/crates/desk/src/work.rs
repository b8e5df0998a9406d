//! The investigations that go on in this program: one task for each case, woken by every decision.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use gate::{Approve, CallState, Policy};
use investigate::{
    Brief, BuiltIn, Conversation, Debate, Investigator, Now, OnWrite, Pause, Release, Runner, Setting, Speaking,
    Standing, started_as_of, started_by,
};
use model::{Budget, CallFact, CallStep, CaseEvent, CaseFact, CaseId, ClusterId, Time};
use tokio::sync::{Notify, watch};
use tools::Surroundings;

use crate::clusters::Opened;
use crate::desk::lock;
use crate::rows::{Leaves, Update};
use crate::{Desk, DeskError};

/// One case that is worked on.
pub(crate) struct Work {
    pub cluster: ClusterId,
    pub policy: Arc<RwLock<Policy>>,
    /// Who investigates: `built-in`, or a model's name.
    investigator: String,
    /// What was sent to the model last.
    leaves: Arc<Mutex<Option<String>>>,
    /// Whether anything may be sent to it yet.
    may_leave: Arc<AtomicBool>,
    /// Where it goes, by digest: what was let out to there is asked about again for any other place.
    destination: String,
    wake: Notify,
    /// Whether the engineer stopped it, and the word that nothing needs to be waited for.
    ends: Arc<AtomicBool>,
    give_up: Notify,
    pause: watch::Sender<Option<Result<Pause, DeskError>>>,
    task: OnceLock<tokio::task::AbortHandle>,
}

/// Why an investigation ended that the engineer stopped.
const STOPPED: &str = "the engineer stopped it";

/// The name of the investigator that needs no model.
pub const BUILT_IN: &str = "built-in";

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
    /// A model's name, or `built-in`; `None`: whoever led it before, and `built-in` where nobody did. Another one than
    /// before begins a new investigation in the case.
    pub investigator: Option<String>,
    /// For a model; `None`: as before, or the usual one.
    pub budget: Option<Budget>,
    /// The first request to a model on another machine is shown before it leaves, and waits ([`Desk::send`]). Once it was
    /// sent from this desk, the same case goes on without: to the same model of the same provider at the same address.
    pub show_first: bool,
}

impl Default for Lead {
    /// Every call and every result waits for the engineer.
    fn default() -> Self {
        Lead { approve: Approve::Ask, release: Release::Ask, investigator: None, budget: None, show_first: false }
    }
}

impl Desk {
    /// Starts the investigator of a case, or goes on where it stopped. Already going on: nothing happens, unless another one
    /// is wanted.
    pub fn start_investigation(self: &Arc<Self>, case: CaseId, lead: Lead) -> Result<(), DeskError> {
        let leads = |work: &Arc<Work>| lead.investigator.as_ref().is_none_or(|wanted| *wanted == work.investigator);
        if let Some(work) = lock(&self.work).get(&case).filter(|work| leads(work)) {
            work.wake();
            return Ok(());
        }
        let events = self.file.events(case, 0)?;
        let (before, has_left) = (started_by(&events), has_left(&events));
        let investigator =
            lead.investigator.clone().or(before.clone().map(|(name, _)| name)).unwrap_or_else(|| BUILT_IN.to_owned());
        let before = before.filter(|(name, _)| *name == investigator);
        let goes_on = before.is_some();
        // The keyring may wait for a person: nothing else waits with it.
        let leaves = Arc::default();
        let may_leave = Arc::new(AtomicBool::new(!lead.show_first));
        let (speaking, destination) = match investigator.as_str() {
            BUILT_IN => (None, String::new()),
            name => {
                // What it was led with before stays.
                self.limit_counts(name, before.and_then(|(_, led)| led).or(lead.budget).as_ref())?;
                let (speaking, destination) = self.speaking(case, name, &leaves, &may_leave)?;
                (Some(speaking), destination)
            }
        };
        if goes_on && has_left && self.was_sent(case, &destination)? {
            may_leave.store(true, Ordering::Release);
        }
        let mut works = lock(&self.work);
        if let Some(work) = works.get(&case) {
            if leads(work) {
                work.wake();
                return Ok(());
            }
            // What it was running is found interrupted; what waits is taken back when the next one begins.
            if let Some(task) = work.task.get() {
                task.abort();
            }
            works.remove(&case);
        }
        if let Err(error) = self.take_up(case) {
            tracing::warn!(%case, %error, "what an earlier run left behind stays as it is");
        }
        let events = self.file.events(case, 0)?;
        let cluster = crate::cases::opened_fact(&events)?.cluster;
        let writes = self.writes_policy(&cluster);
        let context = self.name_of(&cluster);
        let own = Policy { approve: lead.approve, writes, context, ..Policy::default() };
        let policy = Arc::new(RwLock::new(own));
        let mut runner = self.runner(case, &events, &investigator, &lead, self.standing(&policy), speaking)?;
        let ends = runner.ends();
        let work = Arc::new(Work {
            cluster,
            policy,
            investigator,
            leaves,
            may_leave,
            destination,
            wake: Notify::new(),
            ends,
            give_up: Notify::new(),
            pause: watch::Sender::new(None),
            task: OnceLock::new(),
        });
        works.insert(case, Arc::clone(&work));
        drop(works);
        let desk = Arc::downgrade(self);
        let own = Arc::clone(&work);
        let task = tokio::spawn(async move {
            let work = own;
            // Once for each call: a cluster that does not answer is not asked at every step.
            let mut tried = std::collections::HashSet::new();
            loop {
                let pause = tokio::select! {
                    pause = runner.advance() => pause.map_err(DeskError::from),
                    () = work.give_up.notified() => Err(investigate::RunnerError::Stopped.into()),
                };
                let Some(desk) = desk.upgrade() else { break };
                let stopped = work.ends.load(Ordering::Acquire);
                let pause = if stopped { Err(investigate::RunnerError::Stopped.into()) } else { pause };
                if stopped {
                    if let Err(error) = desk.put_down_stop(case) {
                        tracing::error!(%case, %error, "the investigation was stopped, and the case does not say so");
                    }
                } else if let Err(error) = &pause {
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
                    let mut works = lock(&desk.work);
                    if works.get(&case).is_some_and(|known| Arc::ptr_eq(known, &work)) {
                        works.remove(&case);
                    }
                    break;
                }
                drop(desk);
                tokio::select! {
                    () = work.wake.notified() => {}
                    () = work.give_up.notified() => {}
                }
            }
        });
        let _ = work.task.set(task.abort_handle());
        Ok(())
    }

    /// Stops the investigator of a case. What waits for the engineer is taken back; a call that runs ends first, so that what it
    /// did is known; a model that still answers is no longer listened to. [`Desk::start_investigation`] goes on from there.
    pub fn stop_investigation(&self, case: CaseId) -> Result<(), DeskError> {
        let work = lock(&self.work).get(&case).cloned();
        let events = self.file.events(case, 0)?;
        let nothing = || DeskError::bad_request("No investigation goes on in this case.", "Start one.");
        let Some(work) = work else {
            // What an earlier run of the program left waiting.
            return match events.iter().rev().find_map(ends) {
                None | Some(CaseFact::Concluded { .. }) => Err(nothing()),
                Some(_) => self.put_down_stop(case),
            };
        };
        if matches!(&*work.pause.borrow(), Some(Ok(Pause::Concluded))) {
            return Err(nothing());
        }
        work.ends.store(true, Ordering::Release);
        let calls = gate::fold_case(&events).unwrap_or_default();
        if !calls.iter().any(|call| call.state == CallState::Running) {
            work.give_up.notify_one();
        }
        Ok(())
    }

    fn put_down_stop(&self, case: CaseId) -> Result<(), DeskError> {
        investigate::stop(&self.door, &self.file, case, self.clock.now(), self.engineer(), STOPPED)?;
        self.tell(Update::CaseChanged { case, seq: 0 });
        Ok(())
    }

    /// The policy of a case with the rules of the files, which are read anew each time.
    fn standing(self: &Arc<Self>, own: &Arc<RwLock<Policy>>) -> Standing {
        let (desk, own) = (Arc::downgrade(self), Arc::clone(own));
        Arc::new(move || {
            let own = own.read().unwrap_or_else(PoisonError::into_inner).clone();
            match desk.upgrade() {
                Some(desk) => desk.with_rules(own),
                None => Policy { broken: Some("the program is closing".into()), ..own },
            }
        })
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
        events: &[CaseEvent],
        investigator: &str,
        lead: &Lead,
        policy: Standing,
        speaking: Option<Speaking>,
    ) -> Result<Runner, DeskError> {
        let opened = crate::cases::opened_fact(events)?;
        let cluster = opened.cluster.clone();
        let access = self.opened(&cluster)?;
        let before = started_by(events);
        let anew = before.as_ref().is_some_and(|(name, _)| name != investigator);
        let as_of = started_as_of(events).unwrap_or(opened.as_of);
        let library = self.library();
        let brief = Brief {
            question: opened.question.clone(),
            incidents: opened.incidents.iter().map(|incident| incident.id.clone()).collect(),
            blueprints: self.own_blueprints(&cluster)?,
            grouping: self.grouping_of(&cluster)?,
            unanswerable: unanswerable(&access, events, as_of)?,
            // By when things were learnt: what arrives later about earlier changes nothing that was already reasoned.
            ..Brief::new(Arc::new(access.history.snapshot_as_known(as_of)?), Arc::clone(&library))
        };
        let arguing: Box<dyn Investigator> = if investigator == BUILT_IN {
            Box::new(BuiltIn::new(brief))
        } else {
            let led = before.filter(|_| !anew).and_then(|(_, budget)| budget);
            let debate = Debate {
                brief,
                model: investigator.to_owned(),
                toolbox: self.toolbox_for(&cluster),
                writes: self.writes_policy(&cluster) == gate::Writes::On,
                redactor: Arc::clone(&self.redactor),
                // What it was led with before stays: a case that is taken up again must go the same way.
                budget: led.or(lead.budget).unwrap_or_default(),
            };
            Box::new(Conversation::new(debate))
        };
        let surroundings = Surroundings { library, ..self.surroundings(case)? };
        let setting = Setting {
            case,
            door: Arc::clone(&self.door),
            toolbox: self.toolbox_for(&cluster),
            surroundings,
            now: self.now_in(&cluster, as_of),
            policy,
            release: lead.release.clone(),
            ids: Arc::new(self.ids),
            on_write: Some(self.on_write(case)),
            speaking,
            anew,
        };
        Ok(Runner::new(setting, arguing)?)
    }

    /// The model that answers, and where what leaves for it is held to be shown.
    fn speaking(
        self: &Arc<Self>,
        case: CaseId,
        name: &str,
        leaves: &Arc<Mutex<Option<String>>>,
        may_leave: &Arc<AtomicBool>,
    ) -> Result<(Speaking, String), DeskError> {
        let leaves = Arc::clone(leaves);
        let model = self.model(name)?;
        let destination = destination(model.endpoint());
        let model =
            self.under_pseudonyms(&crate::cases::opened_fact(&self.file.events(case, 0)?)?.cluster, Arc::new(model))?;
        let desk = Arc::downgrade(self);
        let speaking = Speaking {
            may_leave: model.is_remote().then(|| Arc::clone(may_leave)),
            hears: Some(Arc::new(move |heard| {
                if let Some(desk) = desk.upgrade() {
                    // A window counts text as its language does.
                    let from = u32::try_from(heard.before.encode_utf16().count()).unwrap_or(u32::MAX);
                    let (speaker, text) = (heard.speaker.to_owned(), heard.more.to_owned());
                    desk.tell(Update::Answering { case, speaker, turn: heard.turn, from, text });
                }
            })),
            model,
            price: self.model_price(name)?,
            leaves: Some(Arc::new(move |text: &str| *lock(&leaves) = Some(text.to_owned()))),
        };
        Ok((speaking, destination))
    }

    /// What was sent last to the model of a case, in this run of the program, exactly as it left.
    pub fn leaves(&self, case: CaseId) -> Leaves {
        let work = lock(&self.work).get(&case).cloned();
        let text = work.as_ref().and_then(|work| lock(&work.leaves).clone());
        let waits = work.is_some_and(|work| matches!(&*work.pause.borrow(), Some(Ok(Pause::AwaitingSend))));
        Leaves { bytes: text.as_ref().map_or(0, |text| text.len() as u64), text, waits }
    }

    /// Lets the first request to a case's model leave, which was shown.
    pub fn send(&self, case: CaseId) -> Result<(), DeskError> {
        let work = lock(&self.work).get(&case).cloned();
        let work = work.ok_or_else(|| DeskError::not_found("Nobody is working on this case."))?;
        self.file.set_setting(&sent(case), &work.destination)?;
        work.may_leave.store(true, Ordering::Release);
        work.wake();
        self.tell(Update::CaseChanged { case, seq: 0 });
        Ok(())
    }

    /// Whether this desk let a request of this case out to this place.
    fn was_sent(&self, case: CaseId, destination: &str) -> Result<bool, DeskError> {
        Ok(self.file.setting(&sent(case))?.is_some_and(|sent| sent == destination))
    }

    /// The present of a cluster; `else_at` where the program is closing.
    fn now_in(self: &Arc<Self>, cluster: &ClusterId, else_at: Time) -> Now {
        let (desk, cluster) = (Arc::downgrade(self), cluster.clone());
        Arc::new(move || desk.upgrade().and_then(|desk| desk.now_of(&cluster).ok()).unwrap_or(else_at))
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
            declared: self.blueprints_for(&opened.cluster)?.dependencies(&opened.cluster).into(),
            writes: self.switch(&opened.cluster),
        })
    }
}

/// Under which it is kept where a case's first request was let out to. It stays on this desk: a case that comes from
/// another one brings no such word.
fn sent(case: CaseId) -> String {
    format!("sent.{case}")
}

/// A model's name says nothing of where it is.
fn destination(endpoint: &llm::Endpoint) -> String {
    model::digest_hex(&[endpoint.provider.word().as_bytes(), endpoint.base.as_bytes(), endpoint.model.as_bytes()])
}

/// What begins or ends an investigation.
fn ends(event: &CaseEvent) -> Option<&CaseFact> {
    let fact = &event.fact;
    let marks =
        matches!(fact, CaseFact::InvestigationStarted { .. } | CaseFact::Concluded { .. } | CaseFact::Said { .. });
    marks.then_some(fact)
}

/// Whether a model was asked in the case's last investigation.
fn has_left(events: &[CaseEvent]) -> bool {
    let start = events.iter().rposition(|event| matches!(event.fact, CaseFact::InvestigationStarted { .. }));
    let since = start.map_or(&[][..], |start| &events[start..]);
    since.iter().any(|event| matches!(event.fact, CaseFact::ModelAnswered { .. }))
}

/// The tools that no answer can come of. Of a cluster that is read live more may come to be known; of a recording nothing
/// does. What the case asked for where it was opened first stays asked for, so that it goes the same way when it is taken up.
fn unanswerable(
    access: &Opened,
    events: &[CaseEvent],
    as_of: Time,
) -> Result<Vec<(&'static str, &'static str)>, DeskError> {
    if access.connection.is_some() {
        return Ok(Vec::new());
    }
    let asked = |tool: &str| {
        events.iter().any(|event| {
            matches!(&event.fact, CaseFact::Call(CallFact { step: CallStep::Proposed { call, .. }, .. }) if call.tool == tool)
        })
    };
    let mut lacking = cluster::unanswerable(&access.history, as_of)?;
    lacking.retain(|(tool, _)| !asked(tool));
    Ok(lacking)
}

#[cfg(test)]
mod tests;
