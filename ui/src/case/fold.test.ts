import { describe, expect, it } from "vitest";
import type { CallStep, CaseEvent, CaseFact, Hypothesis, ToolCall } from "../wire/wire";
import { foldCase, running, shifts, standing, waiting } from "./fold";

const call: ToolCall = {
  tool: "logs",
  cluster: "cluster:1",
  args: { namespace: "shop", tail: 100 },
  reason: "to see the last words",
  expects: "an exit code would tell",
  tainted: [],
};

function events(...facts: CaseFact[]): CaseEvent[] {
  return facts.map((fact, i) => ({
    case: "case",
    seq: i + 1,
    at: (i + 1) * 1_000_000,
    author: { who: "program" },
    fact,
  }));
}
const step = (step: CallStep, revision = 1): CaseFact => ({ type: "call", call: "call-1", revision, step });
const proposed = (revision = 1, args = call.args) =>
  step({ step: "proposed", call: { ...call, args }, risk: "read", digest: `d${revision}` }, revision);
const asked = (revision = 1) =>
  step({ step: "asked", preview: { does: "reads", diff: null, cost: "little", undo: null } }, revision);
const result = { text: "lines", redactions: [] as [string, number][], cut: null, observations: ["obs:a", "obs:b"] };

function hypothesis(id: string, probability: number, evidence: string[] = []): Hypothesis {
  return {
    id,
    rank: 1,
    incident: "incident:1",
    object: { kind: "Deployment", namespace: "shop", name: id },
    failure_mode: "oom",
    mechanism: "",
    probability,
    evidence: evidence.map((e) => ({ id: e, quote: "q" })),
    against: [],
    fix: null,
    open_checks: [],
  };
}

describe("the fold of a case", () => {
  it("waits for the engineer once a call was asked, and for release once it succeeded", () => {
    const facts = [proposed(), step({ step: "ruled", ruling: { ruling: "ask" } }), asked()];
    expect(waiting(foldCase(events(...facts))).map((c) => c.state.is)).toEqual(["awaiting_decision"]);

    facts.push(step({ step: "approved", digest: "d1" }), step({ step: "started", digest: "d1" }));
    expect(waiting(foldCase(events(...facts)))).toEqual([]);
    expect(running(foldCase(events(...facts)))?.id).toBe("call-1");

    facts.push(step({ step: "succeeded", result }));
    expect(waiting(foldCase(events(...facts))).map((c) => c.state.is)).toEqual(["awaiting_release"]);

    facts.push(step({ step: "released", observations: ["obs:a"], text: "lines" }));
    const state = foldCase(events(...facts));
    expect(waiting(state)).toEqual([]);
    expect(state.calls.get("call-1")?.state).toMatchObject({ is: "released", edited: false, observations: ["obs:a"] });
  });

  it("keeps an edited call in one line, with what it was before and why", () => {
    const state = foldCase(
      events(
        proposed(),
        asked(),
        step({ step: "edited", args: { namespace: "shop", tail: 500 }, why: "too short" }),
        proposed(2, { namespace: "shop", tail: 500 }),
        asked(2),
      ),
    );
    expect(state.entries.filter((e) => e.type === "call")).toHaveLength(1);
    const folded = state.calls.get("call-1");
    expect(folded?.revision).toBe(2);
    expect(folded?.digest).toBe("d2");
    expect(folded?.edits[0]?.before.args).toEqual(call.args);
    expect(folded?.edits[0]?.why).toBe("too short");
    expect(folded?.state.is).toBe("awaiting_decision");
  });

  it("ignores facts about a revision that was left behind", () => {
    const state = foldCase(
      events(proposed(), asked(), step({ step: "edited", args: {}, why: "" }), proposed(2), asked(2), step({ step: "approved", digest: "d1" }, 1)),
    );
    expect(state.calls.get("call-1")?.state.is).toBe("awaiting_decision");
  });

  it("ends at the time that is asked for", () => {
    const all = events(proposed(), asked(), step({ step: "denied", reason: "not in the night" }));
    expect(foldCase(all, 2_000_000).calls.get("call-1")?.state.is).toBe("awaiting_decision");
    expect(foldCase(all, 3_000_000).calls.get("call-1")?.state).toEqual({ is: "denied", reason: "not in the night" });
    expect(foldCase(all, 0).entries).toEqual([]);
  });

  it("numbers evidence in the order in which it was first cited and never renumbers", () => {
    const first = events(
      { type: "hypotheses_moved", hypotheses: [hypothesis("a", 0.6, ["obs:x"]), hypothesis("b", 0.4, ["obs:y"])], because: "" },
      { type: "hypotheses_moved", hypotheses: [hypothesis("b", 0.9, ["obs:y", "obs:z"])], because: "" },
    );
    expect([...foldCase(first).numbers]).toEqual([["obs:x", 1], ["obs:y", 2], ["obs:z", 3]]);
    expect([...foldCase(first, 1_000_000).numbers]).toEqual([["obs:x", 1], ["obs:y", 2]]);
  });

  it("tells by how much each hypothesis moved", () => {
    const state = foldCase(
      events(
        { type: "hypotheses_moved", hypotheses: [hypothesis("a", 0.6), hypothesis("b", 0.4)], because: "" },
        { type: "hypotheses_moved", hypotheses: [hypothesis("a", 0.2), hypothesis("b", 0.8)], because: "" },
      ),
    );
    expect(shifts(state, 1).get("a")).toBeCloseTo(-0.4);
    expect(shifts(state, 1).get("b")).toBeCloseTo(0.4);
    expect(standing(state).map((h) => h.id)).toEqual(["a", "b"]);
  });

  it("lets a rule's decision stay the rule's", () => {
    const all = events(proposed(), step({ step: "ruled", ruling: { ruling: "allowed", rule: "reads in shop" } }));
    all[1]!.author = { who: "rule", rule: "reads in shop" };
    const folded = foldCase(all).calls.get("call-1");
    expect(folded?.state).toEqual({ is: "allowed", rule: "reads in shop" });
    expect(folded?.decidedBy).toEqual({ who: "rule", rule: "reads in shop" });
  });

  it("is open again when another investigator begins, and counts what the newest one took", () => {
    const spent = { answers: 1, bytes: 0, input_tokens: 900, cached_tokens: 0, output_tokens: 100, micro_dollars: null, millis: 10 };
    const begins = (investigator: string): CaseFact => ({ type: "investigation_started", investigator, knowledge_digest: "d", as_of: 1 });
    const answers: CaseFact = { type: "model_answered", answer: { speaker: "coordinator", turn: 1, text: "", calls: [], cut: false, spent } };
    const concludes: CaseFact = { type: "concluded", conclusion: { abstained: false, summary: "It is so.", hypotheses: [], not_checked: [] } };
    const state = foldCase(events(begins("one"), answers, concludes, begins("two"), answers, answers));
    expect(state.conclusion).toBeNull();
    expect(state.entries.map((entry) => entry.type)).toEqual(["started", "concluded", "started"]);
    expect(state.lead).toMatchObject({ investigator: "two", spent: { answers: 2, input_tokens: 1800, micro_dollars: null } });
  });
});
