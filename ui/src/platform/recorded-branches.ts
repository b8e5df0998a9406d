import { type CaseState, foldCase, standing } from "../case/fold";
import type { Branch, BranchCall, CaseEvent, CaseFact, CaseView, Decision, Spent } from "../wire/wire";
import { failure, type Acts } from "./recorded";

const none: Spent = { answers: 0, bytes: 0, input_tokens: 0, cached_tokens: 0, output_tokens: 0, micro_dollars: null, millis: 0 };
const renamed = (fact: CaseFact): CaseFact => (fact.type === "opened" && !fact.title.endsWith(" (branch)") ? { ...fact, title: `${fact.title} (branch)` } : fact);

function callsOf(state: CaseState): BranchCall[] {
  return [...state.calls.values()].map(({ call, state: { is }, decidedBy, edits }) => {
    const decision: Decision = is === "denied" ? "denied" : edits.length > 0 ? "edited" : decidedBy?.who === "rule" ? "allowed_by_rule" : decidedBy ? "approved" : "pending";
    return { tool: call.tool, args: call.args, decision, state: is };
  });
}

function branchOf(view: CaseView): Branch {
  const state = foldCase(view.events);
  const [first] = standing(state);
  const evidence = [...new Set(standing(state).flatMap((h) => h.evidence.map((c) => c.id)))];
  const concluded = state.conclusion?.conclusion;
  return {
    case: view.case,
    title: state.opened?.title ?? "",
    investigator: state.lead?.investigator ?? "",
    knowledge_digest: state.lead ? "7d1f6a90c2b4" : "",
    verdict: first ? `${first.failure_mode} @ ${first.object.kind}/${first.object.namespace}/${first.object.name}` : "",
    probability: first?.probability ?? 0,
    abstained: concluded?.abstained ?? false,
    concluded: concluded !== undefined,
    summary: concluded?.summary ?? "",
    evidence,
    calls: callsOf(state),
    spent: state.lead?.spent ?? none,
  };
}

/** Branches of recorded cases, and what two of them have in common. */
export function branchActs(cases: Map<string, CaseView>, made: (of: string, branch: CaseView) => void): Acts {
  const viewOf = (id: string): CaseView => {
    const view = cases.get(id);
    if (!view) throw failure("not_found", `There is no case \`${id}\` in this recording.`, "Open another case.");
    return view;
  };
  return {
    case_fork: ({ case: id, at }) => {
      const from = viewOf(id);
      if (at < 1 || at > from.events.length) throw failure("bad_request", `This case has no step ${at}.`, `Give one from 1 to ${from.events.length}.`);
      const branch = `branch-${cases.size}`;
      const noted: CaseEvent = { case: branch, seq: at + 1, at: Date.now() * 1000, author: { who: "engineer", name: "you" }, fact: { type: "noted", text: `A branch of case ${id}, from its step ${at}.` } };
      const events = [...from.events.slice(0, at).map((event) => ({ ...event, case: branch, fact: renamed(event.fact) })), noted];
      const view: CaseView = { ...from, case: branch, running: false, events };
      cases.set(branch, view);
      made(id, view);
      return branch;
    },
    cases_compare: ({ one: a, other: b }) => {
      const [one, other] = [branchOf(viewOf(a)), branchOf(viewOf(b))];
      const facts = [viewOf(a), viewOf(b)].map(({ events }) => events.map((event) => JSON.stringify([event.author, renamed(event.fact)])));
      const apart = (facts[0] ?? []).findIndex((fact, i) => fact !== facts[1]?.[i]);
      return {
        one,
        other,
        common: apart < 0 ? (facts[0]?.length ?? 0) : apart,
        same_verdict: one.verdict === other.verdict && one.abstained === other.abstained,
        only_one: one.evidence.filter((id) => !other.evidence.includes(id)),
        only_other: other.evidence.filter((id) => !one.evidence.includes(id)),
      };
    },
  };
}
