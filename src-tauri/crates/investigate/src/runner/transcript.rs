use std::collections::VecDeque;
use std::sync::Arc;

use history::{DeskFile, Receipt};
use model::{Author, CallFact, CallId, CallStep, CaseEvent, CaseFact, CaseId};

use super::OnWrite;

/// What the case says where an investigator, looked at again, went another way than before.
pub(super) const OTHER_WAY: &str =
    "What I know has changed since this step was first taken; from here on I reason with what I know now.";

/// The case as far as the investigation has read it: moves that it has not made again yet, and words that it has not
/// heard yet.
pub(super) struct Transcript {
    desk: Arc<DeskFile>,
    case: CaseId,
    waiting: VecDeque<CaseEvent>,
    /// The last event that was read.
    cursor: u64,
    /// The last move that was made or made again.
    last_move: u64,
    /// The last event that `on_write` was told of.
    told: u64,
    on_write: Option<OnWrite>,
}

/// What the case holds where a move is made.
pub(super) enum Taken {
    /// The same move.
    Same(Box<CaseEvent>),
    /// Another one, and no sign that it was left behind since.
    Different,
    /// Nothing yet.
    End,
}

impl Transcript {
    /// Of the events after `cursor`.
    pub fn new(desk: Arc<DeskFile>, case: CaseId, cursor: u64, on_write: Option<OnWrite>) -> Self {
        Transcript { desk, case, waiting: VecDeque::new(), cursor, last_move: cursor, told: cursor, on_write }
    }

    pub fn read_new(&mut self) -> history::Result<()> {
        self.read_until(u64::MAX, None)
    }

    fn read_until(&mut self, last: u64, own: Option<CallId>) -> history::Result<()> {
        for event in self.desk.events(self.case, self.cursor)? {
            if event.seq > last {
                break;
            }
            self.cursor = event.seq;
            if own.is_some() && proposed(&event.fact) == own {
                self.last_move = event.seq;
            } else if is_move(&event) {
                self.waiting.push_back(event);
            }
        }
        Ok(())
    }

    /// A move was written: it need not be made again. The engineer's words may have come in between.
    pub fn wrote(&mut self, receipt: &Receipt) -> history::Result<()> {
        if receipt.first_seq() > self.cursor + 1 {
            self.read_until(receipt.first_seq() - 1, None)?;
        }
        self.cursor = receipt.last_seq();
        self.last_move = receipt.last_seq();
        self.tell();
        Ok(())
    }

    /// A call was proposed.
    pub fn wrote_proposal(&mut self, id: CallId) -> history::Result<()> {
        self.read_until(u64::MAX, Some(id))?;
        self.tell();
        Ok(())
    }

    /// Says how far the case is written, where it is further than was said.
    pub fn tell(&mut self) {
        let Some(on_write) = &self.on_write else { return };
        match self.desk.events(self.case, self.told) {
            Ok(events) => {
                if let Some(last) = events.last() {
                    self.told = last.seq;
                    on_write(last.seq);
                }
            }
            Err(error) => tracing::warn!(%error, "the window could not be told of a change"),
        }
    }

    /// Whether the next move that the case holds is this one.
    pub fn next_is(&self, same: impl Fn(&CaseFact) -> bool) -> bool {
        self.next_move().is_some_and(|index| same(&self.waiting[index].fact))
    }

    /// Takes the next move if it is this one. Moves that were left behind since are skipped.
    pub fn take(&mut self, same: impl Fn(&CaseFact) -> bool) -> Taken {
        loop {
            let Some(index) = self.next_move() else { return Taken::End };
            if same(&self.waiting[index].fact)
                && let Some(event) = self.waiting.remove(index)
            {
                self.last_move = event.seq;
                return Taken::Same(Box::new(event));
            }
            let Some(turn) = self.waiting.iter().position(|e| is_other_way(&e.fact)).map(|at| self.waiting[at].seq)
            else {
                return Taken::Different;
            };
            self.waiting.retain(|event| is_said(&event.fact) || event.seq > turn);
            self.last_move = turn;
        }
    }

    /// Leaves the moves behind that the case holds and gives the calls among them.
    pub fn leave(&mut self) -> Vec<CallId> {
        let calls = self.waiting.iter().filter_map(|event| proposed(&event.fact)).collect();
        self.waiting.retain(|event| is_said(&event.fact));
        calls
    }

    /// The engineer's next words, if they were spoken before the last move (`resting`: ever). Words that come between a
    /// move and its successor are heard after the successor, whoever was quicker, so that a case that is read again
    /// tells them in the same place.
    pub fn hear(&mut self, resting: bool) -> Option<String> {
        let event = self.waiting.front().filter(|event| resting || event.seq < self.last_move)?;
        let CaseFact::Said { text } = &event.fact else { return None };
        let text = text.clone();
        self.waiting.pop_front();
        Some(text)
    }

    fn next_move(&self) -> Option<usize> {
        self.waiting.iter().position(|event| !is_said(&event.fact))
    }
}

fn is_said(fact: &CaseFact) -> bool {
    matches!(fact, CaseFact::Said { .. })
}

fn is_other_way(fact: &CaseFact) -> bool {
    matches!(fact, CaseFact::Narrated { text } if text == OTHER_WAY)
}

/// The call that an event proposes for the first time.
fn proposed(fact: &CaseFact) -> Option<CallId> {
    match fact {
        CaseFact::Call(CallFact { call, revision: 1, step: CallStep::Proposed { .. } }) => Some(*call),
        _ => None,
    }
}

/// Whether an event is a move of the investigator or words of the engineer to it.
fn is_move(event: &CaseEvent) -> bool {
    match &event.fact {
        CaseFact::Narrated { .. }
        | CaseFact::HypothesesMoved { .. }
        | CaseFact::Concluded { .. }
        | CaseFact::ModelAnswered { .. }
        | CaseFact::ModelSilent { .. }
        | CaseFact::HandedOver { .. }
        | CaseFact::HandedBack { .. }
        | CaseFact::Said { .. } => true,
        // What the engineer proposes is the engineer's own; it runs beside the investigation.
        CaseFact::Call(_) => matches!(event.author, Author::Investigator { .. }) && proposed(&event.fact).is_some(),
        CaseFact::Opened { .. }
        | CaseFact::InvestigationStarted { .. }
        | CaseFact::Noted { .. }
        | CaseFact::Stopped { .. } => false,
    }
}
