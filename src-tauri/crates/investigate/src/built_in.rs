//! The deterministic investigator: competing hypotheses over failure-mode files.
//!
//! It reads nothing but its snapshot and what was released to it. Odds are prior × one likelihood ratio per family of
//! evidence × blueprint; a cause explains its symptoms away along dependency edges; the next call is the one with the
//! most expected information for its cost.

mod assessment;
mod complaint;
mod fact_map;
mod focus;
mod next_call;
mod second;
mod sight;
mod stores;
mod telling;
/// A call in words: `logs` (namespace `shop`, pod `cart-0`).
fn asked_for(call: &ToolCall) -> String {
    let word = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => model::canonical_json(other),
    };
    let given = call.args.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null() && *value != "");
    let args: Vec<String> =
        given.map(|(name, value)| format!("{} `{}`", name.replace('_', " "), word(value))).collect();
    if args.is_empty() { format!("`{}`", call.tool) } else { format!("`{}` ({})", call.tool, args.join(", ")) }
}

fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use knowledge::{Blueprints, Library};
use model::{
    BlueprintVersion, ClusterId, CoverageState, Grouping, Incident, IncidentId, NotChecked, ObjectRef, Snapshot,
    ToolCall, Triage, View, digest_hex,
};

use self::assessment::{Assessment, Frame};
use self::complaint::complaint;
use self::fact_map::FactMap;
use self::focus::Focus;
use self::next_call::{Asking, stands_clear};
pub use self::sight::Sight;
use self::telling::Telling;
use crate::{Investigator, Move, Seen};

/// What a built-in investigation starts from.
pub struct Brief {
    pub snapshot: Arc<Snapshot>,
    pub library: Arc<Library>,
    /// The desk's blueprints; the library's own are added.
    pub blueprints: Vec<BlueprintVersion>,
    /// How the engineer wants signals grouped.
    pub grouping: Vec<Grouping>,
    pub question: Option<String>,
    /// Incidents to look into; empty: all that the snapshot shows.
    pub incidents: Vec<IncidentId>,
    /// Tools that nobody can answer here, as of a recording that was made without them, with what is not there: they are
    /// not asked for, and the conclusion says so.
    pub unanswerable: Vec<(&'static str, &'static str)>,
    /// The most calls it may ask for.
    pub budget: u32,
}

impl Brief {
    pub fn new(snapshot: Arc<Snapshot>, library: Arc<Library>) -> Self {
        Brief {
            snapshot,
            library,
            blueprints: Vec::new(),
            grouping: Vec::new(),
            question: None,
            incidents: Vec::new(),
            unanswerable: Vec::new(),
            budget: 6,
        }
    }
}

/// How a view is looked at; another one only in tests.
pub type Look = Box<dyn Fn(&View, &[(ObjectRef, ObjectRef, String)]) -> Sight + Send>;

/// The investigator that needs no model.
pub struct BuiltIn {
    view: View,
    cluster: ClusterId,
    library: Arc<Library>,
    blueprints: Blueprints,
    declared: Vec<(ObjectRef, ObjectRef, String)>,
    grouping: Vec<Grouping>,
    question: Option<String>,
    only: Vec<IncidentId>,
    unanswerable: Vec<(&'static str, &'static str)>,
    budget: u32,
    look: Look,
    focus: Focus,
    /// As the snapshot showed them first; what is released may add some, but renames none.
    incidents: Vec<Incident>,
    assessment: Option<Assessment>,
    /// Digests of calls that need not be asked again.
    asked: BTreeSet<String>,
    /// Digests of calls whose results were released.
    answered: BTreeSet<String>,
    calls: u32,
    not_checked: Vec<NotChecked>,
    queue: VecDeque<Move>,
}

impl BuiltIn {
    pub fn new(brief: Brief) -> Self {
        Self::looking(brief, Box::new(Sight::of))
    }

    /// As [`BuiltIn::new`], seeing through other eyes.
    pub fn looking(brief: Brief, look: Look) -> Self {
        let cluster = brief.snapshot.cluster.clone();
        let blueprints = Blueprints::new(brief.library.blueprints().into_iter().chain(brief.blueprints));
        let declared = blueprints.dependencies(&cluster);
        BuiltIn {
            view: View::inventory(brief.snapshot),
            cluster,
            library: brief.library,
            blueprints,
            declared,
            grouping: brief.grouping,
            question: brief.question,
            only: brief.incidents,
            unanswerable: brief.unanswerable,
            budget: brief.budget,
            look,
            focus: Focus::default(),
            incidents: Vec::new(),
            assessment: None,
            asked: BTreeSet::new(),
            answered: BTreeSet::new(),
            calls: 0,
            not_checked: Vec::new(),
            queue: VecDeque::new(),
        }
    }

    /// The incidents as they are numbered in this investigation, with those that released evidence added.
    pub fn incidents(&self) -> &[Incident] {
        &self.incidents
    }

    fn assess(&mut self) {
        let sight = (self.look)(&self.view, &self.declared).with_rules(&self.view, &self.blueprints, &self.grouping);
        if let Some(question) = &self.question {
            self.focus = Focus::of(question, &self.view.snapshot, &sight.graph);
        }
        self.take_incidents(&sight.triage);
        self.take_complaints(&sight.facts);
        let released = self.view.released.iter().map(|o| o.id.clone()).collect();
        let harmless = assessment::harmless(&sight.triage.noise);
        let frame = Frame {
            harmless: &harmless,
            cluster: &self.cluster,
            library: &self.library,
            blueprints: &self.blueprints,
            focus: &self.focus,
            snapshot: &self.view.snapshot,
            answered: &self.answered,
            released: &released,
        };
        let map = FactMap::new(sight.facts, sight.graph);
        self.assessment = Some(Assessment::new(map, self.incidents.clone(), &frame));
    }

    /// Keeps the ids of incidents that were there and adds what is new; what was there and is seen wider now grows.
    fn take_incidents(&mut self, triage: &Triage) {
        let wanted = |i: &&Incident| self.only.is_empty() || self.only.contains(&i.id);
        if self.assessment.is_none() {
            self.incidents = triage.incidents.iter().filter(wanted).cloned().collect();
            return;
        }
        for seen in &triage.incidents {
            let same =
                |known: &&mut Incident| known.id == seen.id || seen.subjects.iter().any(|s| known.subjects.contains(s));
            match self.incidents.iter_mut().find(same) {
                Some(known) => {
                    let id = known.id.clone();
                    known.clone_from(seen);
                    known.id = id;
                }
                None if self.only.is_empty() => self.incidents.push(seen.clone()),
                None => {}
            }
        }
    }

    /// What was asked about and belongs to no incident may have one in its log. In a case of some incidents it must have been
    /// asked about by name.
    fn take_complaints(&mut self, facts: &[model::Fact]) {
        if !self.only.is_empty() && !self.focus.named {
            return;
        }
        for object in &self.focus.objects {
            let known = |i: &Incident| i.subjects.contains(object) || i.origin.as_ref() == Some(object);
            if self.incidents.iter().any(known) {
                continue;
            }
            self.incidents.extend(complaint(self.cluster.as_str(), object, facts, self.view.snapshot.at));
        }
    }

    fn telling<T>(&self, tell: impl FnOnce(&Telling<'_>) -> T) -> Option<T> {
        let assessment = self.assessment.as_ref()?;
        let in_snapshot: BTreeSet<&model::ObservationId> = inventory(&self.view.snapshot);
        let citable =
            |id: &model::ObservationId| in_snapshot.contains(id) || self.view.released.iter().any(|o| o.id == *id);
        let asking = Asking {
            assessment,
            snapshot: &self.view.snapshot,
            cluster: &self.cluster,
            focus: &self.focus,
            asked: &self.asked,
            unanswerable: &self.unanswerable,
        };
        let telling = Telling { asking, blueprints: &self.blueprints, cluster: &self.cluster, citable: &citable };
        Some(tell(&telling))
    }

    fn begin(&mut self) {
        self.assess();
        self.not_checked = refused(&self.view.snapshot);
        self.not_checked.extend(
            self.unanswerable
                .iter()
                .map(|(_, what)| NotChecked { what: capitalised(what), because: "the recording holds none".into() }),
        );
        let question = self.question.clone();
        let told = self.telling(|t| (t.opening(question.as_deref()), t.hypotheses()));
        let Some((opening, hypotheses)) = told else { return };
        self.queue.push_back(Move::Narrate { text: opening });
        if !hypotheses.is_empty() {
            let because = "What the inventory alone makes likely.".to_owned();
            self.queue.push_back(Move::Hypotheses { hypotheses, because });
        }
    }

    /// Looks again and says what moved.
    fn look_again(&mut self, tool: &str) {
        let before = self.telling(|t| (t.probabilities(), t.known())).unwrap_or_default();
        self.assess();
        let told = self.telling(|t| (t.hypotheses(), t.because(&before.0, &before.1, tool)));
        let Some((hypotheses, because)) = told else { return };
        let quiet = hypotheses.is_empty() && before.0.is_empty();
        self.queue.push_back(if quiet {
            Move::Narrate { text: format!("`{tool}` shows nothing that means trouble.") }
        } else {
            Move::Hypotheses { hypotheses, because }
        });
    }

    fn could_not(&mut self, call: &ToolCall, verb: &str, why: &str) {
        self.asked.insert(call.digest());
        let what = asked_for(call);
        self.not_checked.push(NotChecked { what: what.clone(), because: format!("{verb}: {why}") });
        let why = why.trim_end_matches(['.', ';', ' ']);
        let happened = match verb {
            "failed" => format!("{what} gave no answer: {why}"),
            "withheld" => format!("the answer of {what} was withheld: {why}"),
            _ => format!("{what} may not be asked: {why}"),
        };
        let text = format!("{}. I go on without it and say so in the conclusion.", capitalised(&happened));
        self.queue.push_back(Move::Narrate { text });
    }

    /// The next call, or the conclusion.
    fn decide(&mut self) -> Move {
        let proposals = self.telling(|t| t.asking.proposals()).unwrap_or_default();
        let worst_clear =
            self.assessment.as_ref().is_some_and(|a| a.candidates.first().is_some_and(|c| stands_clear(a, c.incident)));
        if self.calls < self.budget
            && let Some(best) = proposals.into_iter().next()
            // Where the worst is settled, lesser incidents do not use up the engineer's patience.
            && (!worst_clear || self.calls < (2 * self.budget).div_ceil(3))
        {
            self.calls += 1;
            self.asked.insert(best.call.digest());
            let rivals: Vec<&str> = best.hypotheses.iter().map(String::as_str).take(3).collect();
            if rivals.len() > 1 {
                let text = format!("`{}` could tell apart {}.", best.call.tool, rivals.join(", "));
                self.queue.push_back(Move::Call(best.call));
                return Move::Narrate { text };
            }
            return Move::Call(best.call);
        }
        self.conclude()
    }

    fn conclude(&mut self) -> Move {
        let mut not_checked = self.not_checked.clone();
        let mut open: BTreeMap<String, String> = BTreeMap::new();
        if self.calls >= self.budget {
            let proposals = self.telling(|t| t.asking.proposals()).unwrap_or_default();
            for proposal in proposals.into_iter().take(3) {
                let what = format!("`{}` {}", proposal.call.tool, model::canonical_json(&proposal.call.args));
                open.insert(what, format!("the budget of {} calls is used up", self.budget));
            }
        }
        not_checked.extend(open.into_iter().map(|(what, because)| NotChecked { what, because }));
        let conclusion = self.telling(|t| t.conclusion(not_checked));
        Move::Conclude(conclusion.unwrap_or_else(|| model::Conclusion {
            abstained: true,
            summary: "Nothing was looked at.".into(),
            hypotheses: Vec::new(),
            not_checked: Vec::new(),
            argument: None,
        }))
    }
}

impl Investigator for BuiltIn {
    fn name(&self) -> &str {
        "built-in"
    }

    fn knowledge_digest(&self) -> String {
        digest_hex(&[self.library.digest().as_bytes(), self.blueprints.fingerprint().as_bytes()])
    }

    fn next(&mut self, seen: Seen) -> Move {
        match seen {
            Seen::Begin => self.begin(),
            // It asks for one call at a time and for no model.
            Seen::Written | Seen::Settled(_) | Seen::Answered { .. } | Seen::Unanswered { .. } => {}
            Seen::Released { call, edited, text: _, changed: _, observations } => {
                self.asked.insert(call.digest());
                // An empty answer is "nothing recorded", not "looked and not found".
                if !observations.is_empty() {
                    self.answered.insert(call.digest());
                }
                for observation in observations {
                    if !self.view.released.iter().any(|o| o.id == observation.id) {
                        self.view.released.push(observation);
                    }
                }
                if let Some(why) = edited.filter(|why| !why.is_empty()) {
                    let text =
                        format!("The call ran with the engineer's arguments ({why}); I take its answer as it is.");
                    self.queue.push_back(Move::Narrate { text });
                }
                self.look_again(&call.tool);
            }
            Seen::Denied { call, reason } => self.could_not(&call, "denied", &reason),
            Seen::Withheld { call, reason } => self.could_not(&call, "withheld", &reason),
            Seen::Failed { call, error, hint } => {
                let why = if hint.is_empty() { error } else { format!("{error}; {hint}") };
                self.could_not(&call, "failed", &why);
            }
            Seen::Said { text } => {
                self.question = Some(text);
                // A call that is announced and not yet asked is weighed again in the light of these words.
                if let Some(Move::Call(call)) = self.queue.back() {
                    self.asked.remove(&call.digest());
                    self.calls -= 1;
                    self.queue.pop_back();
                }
                if self.assessment.is_none() {
                    self.begin();
                } else {
                    self.budget = self.budget.max(self.calls + 2);
                    self.look_again("the engineer's words");
                }
            }
        }
        match self.queue.pop_front() {
            Some(next) => next,
            None => self.decide(),
        }
    }
}

fn inventory(snapshot: &Snapshot) -> BTreeSet<&model::ObservationId> {
    let held = snapshot
        .objects
        .values()
        .chain(snapshot.deleted.values())
        .chain(snapshot.earlier.values().flat_map(|versions| versions.iter()));
    let mut ids: BTreeSet<&model::ObservationId> = held.map(|h| &h.observation).collect();
    ids.extend(snapshot.events.values().flat_map(|events| events.iter()).map(|e| &e.observation));
    ids.extend(snapshot.coverage.iter().map(|c| &c.observation));
    ids.extend(snapshot.gaps.iter().map(|g| &g.observation));
    ids
}

/// Kinds that the cluster refused to show, and gaps.
fn refused(snapshot: &Snapshot) -> Vec<NotChecked> {
    let coverage = snapshot.coverage.iter().filter(|c| c.state == CoverageState::Refused).map(|c| {
        let place =
            if c.namespace.is_empty() { "the cluster".to_owned() } else { format!("namespace `{}`", c.namespace) };
        NotChecked { what: format!("{} in {place}", c.kind), because: "the cluster refused".into() }
    });
    let gaps = snapshot.gaps.iter().map(|g| NotChecked {
        what: format!("what happened between {} and {}", g.from, g.until),
        because: format!("a gap in the history: {}", g.reason),
    });
    coverage.chain(gaps).collect()
}
