//! A language model that argues with the built-in investigator.
//!
//! The built-in investigator works first, through the same gate. What it found goes to a coordinator, which asks for calls of
//! its own or hands narrow questions to specialists, and ends with a conclusion that code checks. Like every investigator it
//! has no clock and no network: it asks by [`Move::Ask`], and what was answered is a fact of the case, so that reading the
//! case again asks nobody.

mod answers;
mod brief;
mod evidence;
mod fence;
mod offered;
mod speaker;
mod specialists;
mod taint;
mod verdict;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use knowledge::{Article, ArticleKind, Library};
use model::{Budget, Claim, ClusterId, Conclusion, NotChecked, Risk, Spent, ToolCall, ToolSpec, digest_hex};
use redact::Redactor;
use tools::Toolbox;

use self::brief::Early;
use self::evidence::Ledger;
use self::speaker::Speaker;
use crate::{Brief, BuiltIn, Investigator, Move, Question, Seen};

/// The specialist whose file has the coordinator's own words and tools.
const COORDINATOR: &str = "coordinator";
/// Rounds that show nothing new before a speaker may only end.
const IDLE: u32 = 2;
/// How often a speaker is told to end with its tool.
const REMINDERS: u32 = 2;

/// What a conversation starts from.
pub struct Debate {
    pub brief: Brief,
    /// The model's name.
    pub model: String,
    pub toolbox: Toolbox,
    /// Whether the cluster may be changed: otherwise changes are not even offered.
    pub writes: bool,
    pub redactor: Arc<Redactor>,
    pub budget: Budget,
}

/// The investigator that asks a language model. See [`Debate`].
pub struct Conversation {
    built_in: BuiltIn,
    model: String,
    cluster: ClusterId,
    library: Arc<Library>,
    /// Tools that may be offered, with the worst that each can do.
    tools: Vec<(ToolSpec, Risk)>,
    redactor: Arc<Redactor>,
    /// As it was led at first; words of the engineer after the end give a little more.
    led: Budget,
    budget: Budget,
    ledger: Ledger,
    /// What was released in whole, for `read_more`.
    results: Vec<(String, String)>,
    /// Labels of results by what was asked: nobody is asked for the same thing twice.
    released: BTreeMap<String, String>,
    early: Vec<Early>,
    state: State,
    /// The coordinator, and the specialist that it waits for.
    speakers: Vec<Speaker>,
    /// Moves to be made before anything else.
    queue: VecDeque<Move>,
    turn: u32,
    spent: Spent,
    calls: u32,
    /// What specialists found, checked.
    findings: Vec<Claim>,
    not_checked: Vec<NotChecked>,
    /// What the engineer said, ever.
    said: Vec<String>,
    /// A question that broke off is asked once more.
    asked_again: bool,
    verdict: Option<Conclusion>,
}

enum State {
    /// The built-in investigator works.
    First,
    Asking,
    /// Calls of this turn are out, by their places in it.
    Calling(Vec<usize>),
    Concluded,
}

impl Conversation {
    pub fn new(debate: Debate) -> Self {
        let Debate { brief, model, toolbox, writes, redactor, budget } = debate;
        let cluster = brief.snapshot.cluster.clone();
        let library = Arc::clone(&brief.library);
        let with_risk = |spec: ToolSpec| {
            let tool = toolbox.get(&spec.name)?;
            // Arguments that do not fit are as risky as the tool can be.
            let risk = tool.risk(&serde_json::Value::Null);
            Some((spec, risk)).filter(|(_, risk)| writes || *risk <= Risk::ReadSensitive)
        };
        let tools = toolbox.specs().into_iter().filter_map(with_risk).collect();
        let said = brief.question.iter().cloned().collect();
        let tools: Vec<(ToolSpec, Risk)> = tools;
        let mut ledger = Ledger::default();
        // What another program says of its own tools is read by the model like everything that a cluster wrote.
        for (spec, _) in tools.iter().filter(|(spec, _)| spec.name.starts_with("mcp.")) {
            ledger.words(&format!("the description of `{}`", spec.name), &spec.description);
        }
        Conversation {
            built_in: BuiltIn::new(brief),
            model,
            cluster,
            library,
            tools,
            redactor,
            led: budget,
            budget,
            ledger,
            results: Vec::new(),
            released: BTreeMap::new(),
            early: Vec::new(),
            state: State::First,
            speakers: Vec::new(),
            queue: VecDeque::new(),
            turn: 0,
            spent: Spent::default(),
            calls: 0,
            findings: Vec::new(),
            not_checked: Vec::new(),
            said,
            asked_again: false,
            verdict: None,
        }
    }

    /// Lets the built-in investigator go on; its conclusion is where the argument begins.
    fn first(&mut self, seen: Seen) -> Move {
        match &seen {
            Seen::Released { call, text, changed, observations, .. } => {
                let label = self.ledger.result(text, observations);
                if changed.is_none() {
                    self.released.insert(answers::digest_of(&call.tool, &call.args), label.clone());
                }
                self.results.push((label.clone(), text.clone()));
                let what = brief::in_a_line(&call.tool, &call.args);
                self.early.push(Early { label, what, text: text.clone() });
            }
            Seen::Said { text } => self.said.push(text.clone()),
            _ => {}
        }
        match self.built_in.next(seen) {
            Move::Conclude(verdict) => self.open(verdict),
            other => other,
        }
    }

    fn open(&mut self, verdict: Conclusion) -> Move {
        let nothing = self.built_in.troubles().is_empty() && verdict.hypotheses.is_empty() && self.said.is_empty();
        if nothing {
            // Nobody asked, and nothing is wrong: there is nothing to argue about.
            self.state = State::Concluded;
            self.verdict = Some(verdict.clone());
            return Move::Conclude(verdict);
        }
        let early = std::mem::take(&mut self.early);
        let opening = brief::opening(&self.built_in, &verdict, &early, &mut self.ledger);
        let mut coordinator = self.coordinator();
        coordinator.has_pages = early.iter().any(|result| offered::is_paged(&result.text));
        coordinator.read.extend(early.iter().map(|result| result.label.clone()));
        coordinator.say(&opening, &self.redactor);
        self.speakers = vec![coordinator];
        self.verdict = Some(verdict);
        self.ask()
    }

    fn coordinator(&self) -> Speaker {
        let article = self.library.specialists().find(|article| article.id == COORDINATOR).cloned();
        let article = article.unwrap_or_else(|| Arc::new(without_file()));
        let specialists: Vec<(&str, &str)> = self
            .library
            .specialists()
            .filter(|article| article.id != COORDINATOR)
            .map(|article| (article.id.as_str(), article.call_when.as_str()))
            .collect();
        let mut offers = self.offered(&article.tools);
        offers.extend(self.tools.iter().filter(|(_, risk)| *risk > Risk::ReadSensitive).map(|(spec, _)| spec.clone()));
        let mut more = vec![offered::read_more(), offered::conclude()];
        if !specialists.is_empty() {
            more.insert(0, offered::ask_specialist(specialists.into_iter()));
        }
        let calls = article.budget_calls.min(self.budget.calls);
        Speaker::new(&article, COORDINATOR, offers, more, offered::CONCLUDE, calls, &self.redactor)
    }

    /// The tools of these names that there are; `mcp.github.*` names all of one server.
    fn offered(&self, names: &[String]) -> Vec<ToolSpec> {
        let wanted = |tool: &str| {
            tool == offered::RESULT_PAGE
                || names.iter().any(|name| match name.strip_suffix('*') {
                    Some(start) => tool.starts_with(start),
                    None => tool == name,
                })
        };
        let reads = self.tools.iter().filter(|(spec, risk)| *risk <= Risk::ReadSensitive && wanted(&spec.name));
        reads.map(|(spec, _)| spec.clone()).collect()
    }

    /// The next question of whoever speaks, or the end where something is used up.
    fn ask(&mut self) -> Move {
        let Some(speaker) = self.speakers.last_mut() else {
            return self.give_up("there is nobody left to ask");
        };
        if let Some(because) = self.budget.used_up(&self.spent, speaker.weight()) {
            return self.give_up(&because);
        }
        if !speaker.last_chance && (speaker.idle >= IDLE || self.calls >= self.budget.calls) {
            speaker.last_chance = true;
            let why = if speaker.idle >= IDLE {
                "Your last rounds showed nothing new."
            } else {
                "The budget of calls is used up."
            };
            speaker.words.push(format!("{why} End now with `{}`, with what there is.", speaker.end));
        }
        self.turn += 1;
        self.state = State::Asking;
        Move::Ask(Box::new(Question {
            speaker: speaker.id.clone(),
            turn: self.turn,
            request: speaker.request(&self.redactor),
            most_seconds: self.budget.seconds_left(&self.spent).min(300),
        }))
    }

    /// Ends without a conclusion of the model's.
    fn give_up(&mut self, because: &str) -> Move {
        self.speakers.truncate(1);
        let findings = self.findings.clone();
        let verdict = self.now();
        self.conclude(verdict::left_with(verdict, &self.model, because, findings, self.spent))
    }

    /// The built-in investigator's verdict as of now, with what was refused to the model.
    fn now(&mut self) -> Conclusion {
        let mut verdict = self.built_in.verdict();
        for not in &self.not_checked {
            if !verdict.not_checked.contains(not) {
                verdict.not_checked.push(not.clone());
            }
        }
        verdict
    }

    fn conclude(&mut self, conclusion: Conclusion) -> Move {
        self.state = State::Concluded;
        self.verdict = Some(conclusion.clone());
        Move::Conclude(conclusion)
    }

    /// The engineer speaks after the conclusion: the conversation goes on, with a little more to spend.
    fn go_on(&mut self, text: String) -> Move {
        self.said.push(text.clone());
        self.forget_what_was_asked();
        if self.speakers.is_empty() {
            self.state = State::First;
            return self.first(Seen::Said { text });
        }
        self.budget.calls = self.budget.calls.max(self.calls + 4);
        self.budget.questions = self.budget.questions.max(self.spent.answers + 8);
        self.speakers.truncate(1);
        if let Some(coordinator) = self.speakers.last_mut() {
            if coordinator.turn.is_some() {
                coordinator.close(&self.redactor);
            }
            coordinator.idle = 0;
            coordinator.reminded = 0;
            coordinator.last_chance = false;
            coordinator.calls_left = coordinator.calls_left.max(4);
            coordinator.words.push(format!("The engineer says: {text}"));
        }
        self.asked_again = false;
        self.ask()
    }

    fn call(&self, tool: &str, args: &serde_json::Value, why: &str) -> ToolCall {
        ToolCall {
            tool: tool.to_owned(),
            cluster: self.cluster.clone(),
            args: args.clone(),
            reason: if why.trim().is_empty() { "The model gives no reason.".into() } else { why.trim().to_owned() },
            expects: String::new(),
            tainted: taint::tainted(args, &self.ledger, self.built_in.snapshot(), &self.said),
            shown: None,
            definition: None,
            user: None,
        }
    }
}

impl Investigator for Conversation {
    fn name(&self) -> &str {
        &self.model
    }

    fn knowledge_digest(&self) -> String {
        digest_hex(&[self.built_in.knowledge_digest().as_bytes(), b"conversation"])
    }

    fn budget(&self) -> Option<Budget> {
        Some(self.led)
    }

    fn next(&mut self, seen: Seen) -> Move {
        if matches!(self.state, State::First) {
            return self.first(seen);
        }
        match seen {
            Seen::Answered { answer, said } => {
                self.heard(said);
                self.answered(answer);
            }
            Seen::Unanswered { silence, said } => {
                self.heard(said);
                if let Some(end) = self.unanswered(&silence) {
                    self.queue.push_back(end);
                }
            }
            Seen::Settled(parts) => self.settled(parts),
            Seen::Said { text } if matches!(self.state, State::Concluded) => return self.go_on(text),
            Seen::Said { text } => self.heard(Some(text)),
            Seen::Written | Seen::Begin => {
                if let (State::Concluded, Some(verdict)) = (&self.state, &self.verdict) {
                    return Move::Conclude(verdict.clone());
                }
            }
            // Calls are asked for by `Move::Calls` alone.
            Seen::Released { .. } | Seen::Denied { .. } | Seen::Failed { .. } | Seen::Withheld { .. } => {}
        }
        match self.queue.pop_front() {
            Some(next) => next,
            None => self.go_further(),
        }
    }
}

/// The coordinator of a library that has no file for it.
fn without_file() -> Article {
    Article {
        kind: ArticleKind::Specialist,
        id: COORDINATOR.into(),
        title: "Coordinator".into(),
        failure_modes: Vec::new(),
        tags: Vec::new(),
        tools: ["describe", "events", "logs", "what_changed", "neighbours"].map(str::to_owned).to_vec(),
        budget_calls: 8,
        call_when: String::new(),
        answers_with: String::new(),
        body: "You lead the investigation.".into(),
        path: String::new(),
    }
}
