use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::{
    Budget, CallId, CaseId, ClusterId, Conclusion, HandBack, HandOver, Hypothesis, Incident, IncidentId, ModelAnswer,
    ModelSilence, ObservationId, Risk, Suggestion, Time, ToolCall,
};

/// One step of a case. A case is the fold of these, in the window, in replay and in evals alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CaseEvent {
    pub case: CaseId,
    /// 1, 2, 3, … without holes.
    pub seq: u64,
    pub at: Time,
    pub author: Author,
    pub fact: CaseFact,
}

/// Who did it. A rule's decision is the rule's, never the engineer's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "who", rename_all = "snake_case")]
pub enum Author {
    Engineer { name: String },
    Investigator { name: String },
    Rule { rule: String },
    Program,
}

/// What happened in a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CaseFact {
    Opened {
        title: String,
        cluster: ClusterId,
        cluster_name: String,
        /// The cluster's time that the case looks at when it is opened.
        as_of: Time,
        question: Option<String>,
        incidents: Vec<Incident>,
    },
    /// An investigator begins. Everything it needs to begin again the same way.
    InvestigationStarted {
        investigator: String,
        knowledge_digest: String,
        as_of: Time,
        /// What a language model may take; nothing for an investigator that asks none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        budget: Option<Budget>,
    },
    /// An investigator says what it is doing and why.
    Narrated {
        text: String,
    },
    /// The engineer speaks to the investigator.
    Said {
        text: String,
    },
    Noted {
        text: String,
    },
    Call(CallFact),
    /// The hypotheses after a step, all of them, and the sentence that says what moved.
    HypothesesMoved {
        hypotheses: Vec<Hypothesis>,
        because: String,
    },
    Concluded {
        conclusion: Conclusion,
    },
    /// A language model was asked, and answered.
    ModelAnswered {
        answer: ModelAnswer,
    },
    /// A language model was asked, and there is no answer.
    ModelSilent {
        silence: ModelSilence,
    },
    /// The coordinator asks a specialist.
    HandedOver {
        hand_over: HandOver,
    },
    /// A specialist has answered.
    HandedBack {
        hand_back: HandBack,
    },
    /// The investigation ended without a conclusion, and why.
    Stopped {
        because: String,
    },
}

/// One fact about one call. The call's state is the fold of its facts; see the crate `gate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CallFact {
    pub call: CallId,
    /// 1 for the call as proposed; every edit, retry or drift makes a new one.
    pub revision: u32,
    pub step: CallStep,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "step", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a case has tens of calls, and each is proposed in full")]
pub enum CallStep {
    Proposed {
        call: ToolCall,
        risk: Risk,
        digest: String,
    },
    /// What policy said of the proposal.
    Ruled {
        ruling: Ruling,
    },
    /// The question was put to the engineer, with what was shown.
    Asked {
        preview: Preview,
    },
    Approved {
        digest: String,
    },
    /// The engineer changed the arguments: this revision ends, the next one carries `args`.
    Edited {
        #[ts(type = "Record<string, unknown>")]
        args: Value,
        why: String,
    },
    Denied {
        reason: String,
    },
    Withdrawn {
        because: String,
    },
    Expired {
        because: String,
    },
    /// What was approved is no longer what would run.
    Voided {
        because: String,
    },
    /// Written before anything acts.
    Started {
        digest: String,
    },
    Succeeded {
        result: ResultView,
    },
    Failed {
        error: String,
        hint: String,
    },
    Interrupted {
        because: String,
    },
    /// It may have acted: the program died while it was running, or its answer never came.
    OutcomeUnknown {
        because: String,
    },
    /// Read back after an unknown outcome.
    Reconciled {
        result: ResultView,
    },
    /// The result as it goes to the investigator.
    Released {
        observations: Vec<ObservationId>,
        text: String,
    },
    /// The engineer changed the text before release; what was taken out is withheld on purpose.
    ReleasedEdited {
        observations: Vec<ObservationId>,
        text: String,
        why: String,
    },
    Withheld {
        reason: String,
    },
}

/// What policy says of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "ruling", rename_all = "snake_case")]
pub enum Ruling {
    Ask,
    Allowed { rule: String },
    Forbidden { rule: String, because: String },
}

/// What the engineer is shown before deciding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Preview {
    /// In a sentence: what would be done.
    pub does: String,
    /// The diff a write would make, unified, as a server-side dry run gave it.
    pub diff: Option<String>,
    /// Roughly what comes back or what it costs.
    pub cost: String,
    pub undo: Option<String>,
}

/// A result before release: redacted, its marks visible.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ResultView {
    /// The text that would go to the investigator, after redaction.
    pub text: String,
    /// How many places redaction replaced, by kind (`token`, `password`, `e-mail`, …).
    pub redactions: Vec<(String, u32)>,
    /// What was left out for length, in words.
    pub cut: Option<String>,
    /// The observations that releasing this result adds to the investigation.
    pub observations: Vec<ObservationId>,
    /// After a write: how to take it back, and how to see whether it helped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<Suggestion>>", optional)]
    pub next: Vec<Suggestion>,
}

/// A row of the list of cases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CaseSummary {
    pub id: CaseId,
    pub title: String,
    pub cluster: ClusterId,
    pub cluster_name: String,
    pub opened_at: Time,
    pub updated_at: Time,
    pub incidents: Vec<IncidentId>,
    pub concluded: bool,
    /// Calls that wait for a decision or for release.
    pub waiting: u32,
}

/// A case event as its author hands it to the history, before it has a sequence number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Written {
    pub at: Time,
    pub author: Author,
    pub fact: CaseFact,
}
