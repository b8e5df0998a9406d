//! Cases: opened on incidents, decided upon call by call, saved and opened again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gate::{Call, CallState, Rule, fold_case};
use history::case_file;
use model::{
    Author, CallId, CaseEvent, CaseFact, CaseId, CaseSummary, ClusterId, Incident, IncidentId, ObservationId, Time,
    Written,
};
use serde_json::Value;

use crate::desk::lock;
use crate::error::full_stop;
use crate::rows::{CaseView, Problem, Update};
use crate::{Desk, DeskError};

/// The fact a case begins with, taken apart.
pub struct OpenedFact {
    pub title: String,
    pub cluster: ClusterId,
    pub cluster_name: String,
    pub as_of: Time,
    pub question: Option<String>,
    pub incidents: Vec<Incident>,
}

/// What a case is opened about.
#[derive(Clone, Copy, Debug)]
pub enum About<'a> {
    /// Everything that is broken.
    All,
    /// Incidents by id.
    These(&'a [String]),
    /// Incidents with a subject in a namespace.
    Namespace(&'a str),
}

fn touches(incident: &Incident, namespace: &str) -> bool {
    incident.subjects.iter().chain(&incident.origin).any(|object| object.namespace == namespace)
}

fn overlap(one: &Incident, other: &Incident) -> bool {
    one.subjects.iter().any(|subject| other.subjects.contains(subject))
}

/// A case's first fact.
pub fn opened_fact(events: &[CaseEvent]) -> Result<OpenedFact, DeskError> {
    let opened = events.iter().find_map(|event| match &event.fact {
        CaseFact::Opened { title, cluster, cluster_name, as_of, question, incidents } => Some(OpenedFact {
            title: title.clone(),
            cluster: cluster.clone(),
            cluster_name: cluster_name.clone(),
            as_of: *as_of,
            question: question.clone(),
            incidents: incidents.clone(),
        }),
        _ => None,
    });
    opened.ok_or_else(|| DeskError::not_found("There is no such case on this desk."))
}

impl Desk {
    pub fn cases(&self) -> Result<Vec<CaseSummary>, DeskError> {
        Ok(self.file.cases()?)
    }

    /// Opens a case on incidents, or gives the one that is open about them.
    pub fn open_case(
        &self,
        cluster: &ClusterId,
        about: &About<'_>,
        question: Option<String>,
    ) -> Result<CaseId, DeskError> {
        self.case_about(cluster, about, question, true)
    }

    /// Opens a case of its own on incidents, whatever else is open about them.
    pub fn new_case(
        &self,
        cluster: &ClusterId,
        about: &About<'_>,
        question: Option<String>,
    ) -> Result<CaseId, DeskError> {
        self.case_about(cluster, about, question, false)
    }

    fn case_about(
        &self,
        cluster: &ClusterId,
        about: &About<'_>,
        question: Option<String>,
        open_one: bool,
    ) -> Result<CaseId, DeskError> {
        let look = self.look(cluster, None)?;
        let arrangement = self.arrangement(cluster, &look.triage);
        let now = &arrangement.incidents;
        let chosen: Vec<Incident> = match about {
            About::All => now.clone(),
            About::Namespace(namespace) => {
                now.iter().filter(|incident| touches(incident, namespace)).cloned().collect()
            }
            About::These(ids) => {
                let opened = self.opened(cluster)?;
                let shown = lock(&opened.shown);
                let mut chosen: Vec<Incident> = Vec::new();
                for id in *ids {
                    let incident = now
                        .iter()
                        .chain(&arrangement.aside)
                        .find(|incident| &incident.id.0 == id)
                        .or_else(|| {
                            // It was shown and has grown or moved since: the one that is about the same things.
                            let before = shown.get(&IncidentId(id.clone()))?;
                            Some(now.iter().find(|incident| overlap(incident, before)).unwrap_or(before))
                        })
                        .ok_or_else(|| DeskError::not_found("There is no such incident."))?;
                    if chosen.iter().all(|known| known.id != incident.id) {
                        chosen.push(incident.clone());
                    }
                }
                chosen
            }
        };
        let ids: Vec<_> = chosen.iter().map(|incident| incident.id.clone()).collect();
        if open_one
            && question.is_none()
            && let Some(open) =
                self.file.cases()?.into_iter().find(|case| &case.cluster == cluster && case.incidents == ids)
        {
            return Ok(open.id);
        }
        let title = match (&question, chosen.as_slice()) {
            (_, [incident]) => incident.title.clone(),
            (_, [first, rest @ ..]) => format!("{} and {} more", first.title, rest.len()),
            (Some(question), []) => question.clone(),
            (None, []) => "Nothing looks broken".into(),
        };
        let case = self.ids.case();
        let opened = CaseFact::Opened {
            title,
            cluster: cluster.clone(),
            cluster_name: self.name_of(cluster),
            as_of: look.snapshot.at,
            question,
            incidents: chosen,
        };
        self.write(case, self.engineer(), opened)?;
        self.tell(Update::CasesChanged);
        Ok(case)
    }

    /// The hashes of a case's events, first to last.
    pub fn hashes(&self, case: CaseId) -> Result<Vec<String>, DeskError> {
        Ok(self.file.hashes(case)?)
    }

    pub fn case(&self, case: CaseId) -> Result<CaseView, DeskError> {
        // A cluster that is not open tells nothing about what a call would do; the case is shown all the same.
        if let Err(error) = self.take_up(case) {
            tracing::warn!(%case, %error, "what an earlier run left behind stays as it is");
        }
        let events = self.file.events(case, 0)?;
        let opened = opened_fact(&events)?;
        Ok(CaseView {
            case,
            cluster: opened.cluster,
            events,
            running: lock(&self.work).get(&case).is_some_and(|work| work.is_going_on()),
            suggested_path: self.suggested_path(&opened.title).display().to_string(),
        })
    }

    /// The calls of a case, folded.
    pub fn calls(&self, case: CaseId) -> Result<Vec<Call>, DeskError> {
        fold_case(&self.file.events(case, 0)?).map_err(|error| investigate::RunnerError::from(error).into())
    }

    fn call(&self, case: CaseId, id: CallId) -> Result<Call, DeskError> {
        self.calls(case)?
            .into_iter()
            .find(|call| call.id == id)
            .ok_or_else(|| DeskError::not_found("There is no such call in this case."))
    }

    /// `digest` is the one that was shown.
    pub fn approve(self: &Arc<Self>, case: CaseId, call: CallId, digest: &str) -> Result<(), DeskError> {
        self.door.approve(case, call, digest, self.engineer())?;
        self.decided(case);
        if self.is_own(case, call)? {
            self.run_own(case, call);
        }
        Ok(())
    }

    /// Approves several waiting calls, each with the digest that was shown, and gives those that were: one that changed
    /// meanwhile stays as it is.
    pub fn approve_all(self: &Arc<Self>, case: CaseId, calls: &[(CallId, String)]) -> Vec<CallId> {
        let approved = |(call, digest): &&(CallId, String)| match self.approve(case, *call, digest) {
            Ok(()) => true,
            Err(error) => {
                tracing::info!(%call, %error, "a call was not approved with the others");
                false
            }
        };
        calls.iter().filter(approved).map(|(call, _)| *call).collect()
    }

    /// Replaces a call's arguments; `approve` lets the edited call run at once.
    pub fn edit(
        self: &Arc<Self>,
        case: CaseId,
        id: CallId,
        args: Value,
        why: &str,
        approve: bool,
    ) -> Result<(), DeskError> {
        let call = self.call(case, id)?;
        let tool = self.tool(&call.call.tool)?;
        tool.check(&args).map_err(|error| DeskError::bad_request(error.to_string(), error.hint))?;
        let mut edited = call.call.clone();
        edited.args = args.clone();
        let surroundings = self.surroundings_now(case)?;
        edited.shown = None;
        edited.shown = tool.shown(&edited, &surroundings);
        let terms = crate::acts::terms(tool.as_ref(), &surroundings);
        let preview = tool.preview(&edited, &surroundings);
        let policy = self.policy(case)?;
        let risk = tool.risk(&args);
        let engineer = self.engineer();
        let after =
            self.door.edit(case, id, args, why, risk, preview, edited.shown, terms, &policy, approve, engineer)?;
        self.decided(case);
        if matches!(after.state, CallState::Approved { .. }) && self.is_own(case, id)? {
            self.run_own(case, id);
        }
        Ok(())
    }

    pub fn deny(&self, case: CaseId, call: CallId, reason: &str) -> Result<(), DeskError> {
        self.door.deny(case, call, reason, self.engineer())?;
        self.decided(case);
        Ok(())
    }

    /// Hands a result to the investigator, as it is or with the engineer's text and words instead.
    pub fn release(
        &self,
        case: CaseId,
        call: CallId,
        edited: Option<(&str, &str)>,
        without: &[ObservationId],
    ) -> Result<(), DeskError> {
        // What was taken out of the text must not come in by its observations: a changed text stands for all of them.
        let held = match (&edited, self.call(case, call)?.state) {
            (Some(_), CallState::AwaitingRelease { result }) => result.observations,
            _ => without.to_vec(),
        };
        self.door.release(case, call, edited, &held, self.engineer())?;
        self.decided(case);
        Ok(())
    }

    pub fn withhold(&self, case: CaseId, call: CallId, reason: &str) -> Result<(), DeskError> {
        self.door.withhold(case, call, reason, self.engineer())?;
        self.decided(case);
        Ok(())
    }

    /// Lets reads of a case run without asking, within bounds; a call that already waits goes on waiting. The case says so
    /// before the rule counts.
    pub fn allow(&self, case: CaseId, rule: Rule) -> Result<(), DeskError> {
        let work = lock(&self.work).get(&case).cloned().ok_or_else(|| DeskError {
            code: "unavailable",
            what: "Nobody is working on this case.".into(),
            hint: "Start the investigation first.".into(),
        })?;
        self.write(case, self.engineer(), CaseFact::Noted { text: format!("Rule `{}`: {}", rule.name, rule.because) })?;
        work.policy.write().unwrap_or_else(std::sync::PoisonError::into_inner).rules.push(rule);
        self.decided(case);
        Ok(())
    }

    pub fn note(&self, case: CaseId, text: &str) -> Result<(), DeskError> {
        self.write(case, self.engineer(), CaseFact::Noted { text: text.to_owned() })
    }

    /// Speaks to the investigator.
    pub fn say(&self, case: CaseId, text: &str) -> Result<(), DeskError> {
        self.write(case, self.engineer(), CaseFact::Said { text: text.to_owned() })?;
        self.wake(case);
        Ok(())
    }

    pub(crate) fn policy(&self, case: CaseId) -> Result<gate::Policy, DeskError> {
        let cluster = opened_fact(&self.file.events(case, 0)?)?.cluster;
        let works = lock(&self.work);
        let policy = works
            .get(&case)
            .map(|work| work.policy.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone())
            .unwrap_or_default();
        drop(works);
        let (writes, context) = (self.writes_policy(&cluster), self.name_of(&cluster));
        Ok(self.with_rules(gate::Policy { writes, context, ..policy }))
    }

    pub(crate) fn write(&self, case: CaseId, author: Author, fact: CaseFact) -> Result<(), DeskError> {
        let receipt = self.door.write(case, &[Written { at: self.clock.now(), author, fact }])?;
        self.tell(Update::CaseChanged { case, seq: receipt.last_seq() });
        Ok(())
    }

    pub(crate) fn engineer_or_program(&self, engineer: bool) -> Author {
        if engineer { self.engineer() } else { Author::Program }
    }

    pub(crate) fn decided(&self, case: CaseId) {
        self.tell(Update::CaseChanged { case, seq: 0 });
        self.wake(case);
    }

    fn suggested_path(&self, title: &str) -> PathBuf {
        let mut name: String =
            title.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        while name.contains("--") {
            name = name.replace("--", "-");
        }
        name.truncate(60);
        let name = name.trim_matches('-');
        self.paths.cases().join(format!("{}.case", if name.is_empty() { "case" } else { name }))
    }

    /// Writes a case to one file (the suggested one where `path` is empty); gives the path and its size in bytes.
    pub fn save_case(&self, case: CaseId, path: &str) -> Result<(PathBuf, u64), DeskError> {
        let opened = opened_fact(&self.file.events(case, 0)?)?;
        let path = if path.trim().is_empty() { self.suggested_path(&opened.title) } else { PathBuf::from(path.trim()) };
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            crate::paths::create_private(folder).map_err(|error| DeskError {
                code: "failed",
                what: format!("Could not save to `{}`: {error}.", path.display()),
                hint: "Choose a folder that you can write to.".into(),
            })?;
        }
        let access = self.opened(&opened.cluster)?;
        case_file::export(&self.file, &access.history, case, &path)?;
        let bytes = std::fs::metadata(&path).map(|m| m.len()).unwrap_or(0);
        Ok((path, bytes))
    }

    /// Takes a `.case` file into this desk: its case, and its cluster as a recording.
    pub fn import_case(&self, path: &Path) -> Result<CaseId, DeskError> {
        let file = case_file::import(path, &self.file, &self.paths.clusters())?;
        let name = file.cluster_name.clone();
        self.add_recorded(file.cluster.clone(), name, path.display().to_string(), Arc::new(file.history));
        self.tell(Update::CasesChanged);
        Ok(file.case)
    }

    /// What the desk knows of broken knowledge, for lists.
    pub fn knowledge_problems(&self) -> Vec<Problem> {
        self.library()
            .issues()
            .iter()
            .map(|issue| {
                let line = if issue.line > 0 { format!(" (line {})", issue.line) } else { String::new() };
                let kept = if issue.kept_last_good { " Its last good version stays in use." } else { "" };
                Problem {
                    what: format!("Could not use the knowledge file `{}`{line}", issue.path),
                    why: format!("{}{kept}", full_stop(&issue.what)),
                    hint: issue.hint.clone(),
                }
            })
            .collect()
    }
}
