import type {
  Author,
  Budget,
  CallFact,
  CallId,
  CaseEvent,
  Claim,
  Conclusion,
  HandBack,
  HandOver,
  Hypothesis,
  Incident,
  ObservationId,
  Preview,
  ResultView,
  Risk,
  Spent,
  Time,
  ToolCall,
} from "../wire/wire";

/** Where the newest revision of a call stands. */
export type CallState =
  | { is: "proposed" }
  | { is: "forbidden"; rule: string; because: string }
  | { is: "allowed"; rule: string }
  | { is: "awaiting_decision"; preview: Preview }
  | { is: "approved" }
  | { is: "edited" }
  | { is: "denied"; reason: string }
  | { is: "withdrawn"; because: string }
  | { is: "expired"; because: string }
  | { is: "voided"; because: string }
  | { is: "running" }
  | { is: "awaiting_release"; result: ResultView }
  | { is: "released"; text: string; edited: boolean; why: string; observations: ObservationId[] }
  | { is: "withheld"; reason: string }
  | { is: "failed"; error: string; hint: string }
  | { is: "interrupted"; because: string }
  | { is: "outcome_unknown"; because: string };

/** The engineer's change of a call's arguments. */
export interface Edit {
  at: Time;
  revision: number;
  before: ToolCall;
  after: Record<string, unknown>;
  why: string;
}

/** A call as its facts tell it. */
export interface Call {
  id: CallId;
  revision: number;
  call: ToolCall;
  risk: Risk;
  digest: string;
  state: CallState;
  proposedAt: Time;
  /** When the newest fact about it was written. */
  changedAt: Time;
  decidedBy: Author | null;
  decidedAt: Time | null;
  /** The result before release, as redaction left it. */
  result: ResultView | null;
  edits: Edit[];
}

/** How the hypotheses stood after a step. */
export interface Move {
  seq: number;
  at: Time;
  because: string;
  hypotheses: Hypothesis[];
}

/** What a specialist was asked, and what it gave back; null while it is at work. */
export interface Hand {
  over: HandOver;
  back: HandBack | null;
}

/** Who investigates, what it may take and what it took so far. A model's questions cost; those of the built-in investigator do not. */
export interface Lead {
  investigator: string;
  budget: Budget | null;
  spent: Spent;
}

/** The investigator that needs no model. */
export const BUILT_IN = "built-in";

/** One line of the conversation; a call is one line, folded in the place where it was proposed. */
export type Entry = { seq: number; at: Time; author: Author } & (
  | { type: "opened"; title: string; question: string | null }
  | { type: "started"; investigator: string; budget: Budget | null }
  | { type: "narrated"; text: string }
  | { type: "said"; text: string }
  | { type: "noted"; text: string }
  | { type: "call"; call: CallId }
  | { type: "moved"; move: number }
  | { type: "handed_over"; hand: number }
  | { type: "concluded"; conclusion: Conclusion }
  | { type: "stopped"; because: string }
);

export interface Opened {
  at: Time;
  title: string;
  cluster: string;
  clusterName: string;
  asOf: Time;
  question: string | null;
  incidents: Incident[];
}

/** A case: the fold of its events. Everything the case screen shows is computed from this and a time. */
export interface CaseState {
  opened: Opened | null;
  entries: Entry[];
  calls: Map<CallId, Call>;
  moves: Move[];
  hands: Hand[];
  /** Of the newest investigation. */
  lead: Lead | null;
  conclusion: { at: Time; seq: number; conclusion: Conclusion } | null;
  stopped: string | null;
  started: boolean;
  /** The number that an observation carries everywhere in this case: in the order in which it was first cited. */
  numbers: Map<ObservationId, number>;
  lastSeq: number;
  lastAt: Time;
}

export function emptyCase(): CaseState {
  return {
    opened: null,
    entries: [],
    calls: new Map(),
    moves: [],
    hands: [],
    lead: null,
    conclusion: null,
    stopped: null,
    started: false,
    numbers: new Map(),
    lastSeq: 0,
    lastAt: 0,
  };
}

/** Folds the events up to and including `until`; all of them when it is null. Events come in the order of `seq`. */
export function foldCase(events: readonly CaseEvent[], until: Time | null = null): CaseState {
  const state = emptyCase();
  for (const event of events) {
    if (until !== null && event.at > until) break;
    apply(state, event);
  }
  return state;
}

function apply(state: CaseState, event: CaseEvent): void {
  const { seq, at, author, fact } = event;
  state.lastSeq = seq;
  state.lastAt = at;
  const line = { seq, at, author };
  switch (fact.type) {
    case "opened":
      state.opened = {
        at,
        title: fact.title,
        cluster: fact.cluster,
        clusterName: fact.cluster_name,
        asOf: fact.as_of,
        question: fact.question,
        incidents: fact.incidents,
      };
      for (const incident of fact.incidents) {
        for (const signal of incident.signals) number(state, signal.evidence);
        for (const link of incident.links) number(state, link.evidence);
      }
      state.entries.push({ ...line, type: "opened", title: fact.title, question: fact.question });
      return;
    case "investigation_started":
      state.started = true;
      state.stopped = null;
      // Another investigator begins anew: what the one before concluded stays in the conversation.
      state.conclusion = null;
      state.lead = { investigator: fact.investigator, budget: fact.budget ?? null, spent: nothingSpent };
      state.entries.push({ ...line, type: "started", investigator: fact.investigator, budget: fact.budget ?? null });
      return;
    case "narrated":
      state.entries.push({ ...line, type: "narrated", text: fact.text });
      return;
    case "said":
      state.entries.push({ ...line, type: "said", text: fact.text });
      return;
    case "noted":
      state.entries.push({ ...line, type: "noted", text: fact.text });
      return;
    case "call":
      applyCall(state, event, fact);
      return;
    case "hypotheses_moved":
      for (const hypothesis of fact.hypotheses) cite(state, hypothesis);
      state.moves.push({ seq, at, because: fact.because, hypotheses: byRank(fact.hypotheses) });
      state.entries.push({ ...line, type: "moved", move: state.moves.length - 1 });
      return;
    case "concluded":
      for (const hypothesis of fact.conclusion.hypotheses) cite(state, hypothesis);
      for (const claim of [...(fact.conclusion.argument?.chain ?? []), ...(fact.conclusion.argument?.against ?? [])]) citeClaim(state, claim);
      state.conclusion = { at, seq, conclusion: fact.conclusion };
      state.entries.push({ ...line, type: "concluded", conclusion: fact.conclusion });
      return;
    case "model_answered":
      if (state.lead) state.lead = { ...state.lead, spent: added(state.lead.spent, fact.answer.spent) };
      if (fact.answer.text.trim() !== "") state.entries.push({ ...line, type: "narrated", text: fact.answer.text });
      return;
    case "model_silent":
      state.entries.push({ ...line, type: "narrated", text: `${fact.silence.why}. ${fact.silence.hint}` });
      return;
    case "handed_over":
      state.hands.push({ over: fact.hand_over, back: null });
      state.entries.push({ ...line, type: "handed_over", hand: state.hands.length - 1 });
      return;
    case "handed_back": {
      for (const claim of fact.hand_back.findings) citeClaim(state, claim);
      const hand = state.hands.findLastIndex((one) => one.back === null && one.over.specialist === fact.hand_back.specialist);
      const asked = state.hands[hand];
      if (asked) state.hands[hand] = { ...asked, back: fact.hand_back };
      else state.entries.push({ ...line, type: "narrated", text: fact.hand_back.answer });
      return;
    }
    case "stopped":
      state.stopped = fact.because;
      state.entries.push({ ...line, type: "stopped", because: fact.because });
  }
}

function applyCall(state: CaseState, event: CaseEvent, fact: CallFact): void {
  const { at, author } = event;
  const { step } = fact;
  const known = state.calls.get(fact.call);
  if (step.step === "proposed") {
    state.calls.set(fact.call, {
      id: fact.call,
      revision: fact.revision,
      call: step.call,
      risk: step.risk,
      digest: step.digest,
      state: { is: "proposed" },
      proposedAt: known?.proposedAt ?? at,
      changedAt: at,
      decidedBy: null,
      decidedAt: null,
      result: null,
      edits: known?.edits ?? [],
    });
    if (!known) state.entries.push({ seq: event.seq, at, author, type: "call", call: fact.call });
    return;
  }
  // A fact about a call that was never proposed, or about a revision that was left behind, changes nothing.
  if (!known || fact.revision !== known.revision) return;
  const call: Call = { ...known, changedAt: at };
  const decided = () => {
    call.decidedBy = author;
    call.decidedAt = at;
  };
  switch (step.step) {
    case "ruled":
      if (step.ruling.ruling === "allowed") {
        decided();
        call.state = { is: "allowed", rule: step.ruling.rule };
      } else if (step.ruling.ruling === "forbidden") {
        decided();
        call.state = { is: "forbidden", rule: step.ruling.rule, because: step.ruling.because };
      }
      break;
    case "asked":
      call.state = { is: "awaiting_decision", preview: step.preview };
      break;
    case "approved":
      decided();
      call.state = { is: "approved" };
      break;
    case "edited":
      decided();
      call.state = { is: "edited" };
      call.edits = [
        ...call.edits,
        { at, revision: fact.revision, before: call.call, after: step.args, why: step.why },
      ];
      break;
    case "denied":
      decided();
      call.state = { is: "denied", reason: step.reason };
      break;
    case "withdrawn":
      call.state = { is: "withdrawn", because: step.because };
      break;
    case "expired":
      call.state = { is: "expired", because: step.because };
      break;
    case "voided":
      call.state = { is: "voided", because: step.because };
      break;
    case "started":
      call.state = { is: "running" };
      break;
    case "succeeded":
    case "reconciled":
      call.result = step.result;
      call.state = { is: "awaiting_release", result: step.result };
      break;
    case "failed":
      call.state = { is: "failed", error: step.error, hint: step.hint };
      break;
    case "interrupted":
      call.state = { is: "interrupted", because: step.because };
      break;
    case "outcome_unknown":
      call.state = { is: "outcome_unknown", because: step.because };
      break;
    case "released":
      number(state, step.observations);
      call.state = { is: "released", text: step.text, edited: false, why: "", observations: step.observations };
      break;
    case "released_edited":
      number(state, step.observations);
      call.state = { is: "released", text: step.text, edited: true, why: step.why, observations: step.observations };
      break;
    case "withheld":
      call.state = { is: "withheld", reason: step.reason };
  }
  state.calls.set(fact.call, call);
}

function number(state: CaseState, ids: readonly ObservationId[]): void {
  for (const id of ids) if (!state.numbers.has(id)) state.numbers.set(id, state.numbers.size + 1);
}

function cite(state: CaseState, hypothesis: Hypothesis): void {
  for (const citation of hypothesis.evidence) number(state, [citation.id]);
  for (const citation of hypothesis.against) number(state, [citation.id]);
}

function citeClaim(state: CaseState, claim: Claim): void {
  for (const cited of claim.evidence) if (cited.holds && cited.id) number(state, [cited.id]);
}

const nothingSpent: Spent = { answers: 0, bytes: 0, input_tokens: 0, cached_tokens: 0, output_tokens: 0, micro_dollars: null, millis: 0 };

function added(a: Spent, b: Spent): Spent {
  const dollars = a.micro_dollars === null && b.micro_dollars === null ? null : (a.micro_dollars ?? 0) + (b.micro_dollars ?? 0);
  return {
    answers: a.answers + b.answers,
    bytes: a.bytes + b.bytes,
    input_tokens: a.input_tokens + b.input_tokens,
    cached_tokens: a.cached_tokens + b.cached_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    micro_dollars: dollars,
    millis: a.millis + b.millis,
  };
}

function byRank(hypotheses: readonly Hypothesis[]): Hypothesis[] {
  return [...hypotheses].sort((a, b) => a.rank - b.rank);
}

/** Calls that wait for the engineer, oldest first: a decision, or the release of a result. */
export function waiting(state: CaseState): Call[] {
  return [...state.calls.values()].filter(
    (call) => call.state.is === "awaiting_decision" || call.state.is === "awaiting_release",
  );
}

/** The call that acts right now, if one does. */
export function running(state: CaseState): Call | null {
  for (const call of state.calls.values()) {
    if (call.state.is === "running" || call.state.is === "approved" || call.state.is === "allowed") return call;
  }
  return null;
}

/** The hypotheses as they stand: the conclusion's where there is one, else those of the newest move. */
export function standing(state: CaseState): Hypothesis[] {
  const moved = state.moves.at(-1);
  if (state.conclusion && (!moved || state.conclusion.seq > moved.seq)) {
    return byRank(state.conclusion.conclusion.hypotheses);
  }
  return moved?.hypotheses ?? [];
}

/** By how much each hypothesis moved in a step, by its id; new ones are measured from nothing. */
export function shifts(state: CaseState, move: number): Map<string, number> {
  const now = state.moves[move]?.hypotheses ?? [];
  const before = new Map((state.moves[move - 1]?.hypotheses ?? []).map((h) => [h.id, h.probability]));
  return new Map(now.map((h) => [h.id, h.probability - (before.get(h.id) ?? 0)]));
}
