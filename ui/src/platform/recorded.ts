import type { Author, CallStep, CaseEvent, CaseFact, CaseView, RuleRow, RulesFile, Update, Pseudonyms } from "../wire/wire";
import { CommandFailed, type CommandName, type Host, type Request, type Response } from "./host";
import { articleActs } from "./recorded-articles";
import { backEndActs } from "./recorded-back-ends";
import { branchActs } from "./recorded-branches";
import { clusterActs } from "./recorded-clusters";
import { evalsActs, modelActs } from "./recorded-evals";
import { incidentActs } from "./recorded-incidents";
import { searched } from "./recorded-objects";
import { serverActs } from "./recorded-servers";
import { left } from "./recordings/demo/argued";
import type { Answer, Recording, Scripted } from "./recording";

const engineer: Author = { who: "engineer", name: "you" };
/** What a recording does itself instead of looking it up. */
export type Acts = { [N in CommandName]?: (request: Request<N>) => Response<N> };
/** How long a step takes to happen, in milliseconds, so that a person can follow it. */
const PACE = 260;

/**
 * Plays a recording: reads are answered from it, an investigation goes on step by step and stops at every question until
 * it is answered, as the core's does. For developing and testing the views; it decides nothing.
 */
export function recordedHost(recording: Recording, pace = PACE): Host {
  const listeners = new Set<(update: Update) => void>();
  const cases = new Map(recording.cases.map((view) => [view.case, structuredClone(view)]));
  const scripts = new Map(Object.entries(structuredClone(recording.scripts)));
  const publish = (update: Update) => {
    for (const listener of listeners) listener(update);
  };

  function viewOf(id: string): CaseView {
    const view = cases.get(id);
    if (!view) throw failure("not_found", `There is no case \`${id}\` in this recording.`, "Open another case.");
    return view;
  }

  function write(id: string, author: Author, ...facts: CaseFact[]) {
    const view = viewOf(id);
    for (const fact of facts) {
      const event: CaseEvent = { case: id, seq: view.events.length + 1, at: Date.now() * 1000, author, fact };
      view.events = [...view.events, event];
    }
    publish({ type: "case_changed", case: id, seq: view.events.length });
  }

  /** Goes on with the script until it asks something. */
  function play(id: string) {
    const steps = scripts.get(id);
    const next = steps?.shift();
    if (!next) {
      viewOf(id).running = false;
      publish({ type: "case_changed", case: id, seq: viewOf(id).events.length });
      return;
    }
    viewOf(id).running = true;
    write(id, next.author, next.fact);
    const step = stepOf(next);
    if (step === "asked" || step === "succeeded") return;
    // Stopped in between, it waits until somebody goes on.
    setTimeout(() => viewOf(id).running && play(id), pace);
  }

  function newest(id: string, call: string) {
    let revision = 0;
    let proposed: Extract<CallStep, { step: "proposed" }> | null = null;
    for (const { fact } of viewOf(id).events) {
      if (fact.type === "call" && fact.call === call) {
        revision = fact.revision;
        if (fact.step.step === "proposed") proposed = fact.step;
      }
    }
    if (!proposed) throw failure("not_found", `There is no call \`${call}\` in this case.`, "Look at the case again.");
    return { revision, proposed };
  }

  const answer = (id: string, call: string, step: CallStep, revision = newest(id, call).revision) =>
    write(id, engineer, { type: "call", call, revision, step });

  /** Drops the steps of a call that the answer made void. */
  function skip(id: string, call: string, until: (step: string) => boolean) {
    const steps = scripts.get(id);
    while (steps?.[0]?.fact.type === "call" && steps[0].fact.call === call && !until(stepOf(steps[0]) ?? "")) steps.shift();
  }

  const ruleFile: RulesFile = {
    path: "~/.config/caseboard/rules.yaml",
    exists: true,
    broken: null,
    rules: [
      { name: "logs-of-shop", line: 3, does: "allow", covers: "`logs` in `shop`", until: null, is_over: false, uses: 200, used: 31, because: "read every night", tests: 2 },
      { name: "no-drains", line: 12, does: "forbid", covers: "`drain` in every cluster", until: null, is_over: false, uses: null, used: 0, because: "the platform team drains", tests: 1 },
    ],
  };
  let rules: RuleRow[] = [];
  const promised = [
    { says: "A read asks where no rule allows it.", holds: true, answered: "it asks" },
    { says: "No rule allows a change.", holds: true, answered: "it asks" },
    { says: "A cluster whose changes are off is not changed.", holds: true, answered: "forbidden by `read-only`" },
  ];
  let pseudonyms: Pseudonyms = { names: false, hosts: false, addresses: false };
  const acts: Acts = {
    ...clusterActs(recording, pace, publish),
    ...backEndActs(publish),
    window_shown: () => ({}),
    ...evalsActs(publish),
    ...modelActs(),
    ...serverActs(),
    ...articleActs(recording.answers, () => publish({ type: "knowledge_changed" })),
    ...incidentActs((request) => lookUp(recording.answers, "triage_get", request), publish),
    case_get: ({ case: id }) => structuredClone(viewOf(id)),
    cases_list: () =>
      [...cases.values()].map((view) => {
        const opened = view.events.find((e) => e.fact.type === "opened");
        const first = opened?.fact.type === "opened" ? opened.fact : null;
        return {
          id: view.case,
          title: first?.title ?? "Case",
          cluster: view.cluster,
          cluster_name: first?.cluster_name ?? "",
          opened_at: view.events[0]?.at ?? 0,
          updated_at: view.events.at(-1)?.at ?? 0,
          incidents: first?.incidents.map((i) => i.id) ?? [],
          concluded: view.events.some((e) => e.fact.type === "concluded"),
          waiting: stepOf(view.events.at(-1)) === "asked" || stepOf(view.events.at(-1)) === "succeeded" ? 1 : 0,
        };
      }),
    case_open: ({ incidents }) => {
      for (const view of cases.values()) {
        const opened = view.events[0]?.fact;
        if (opened?.type === "opened" && opened.incidents.some((i) => incidents.includes(i.id)) && scripts.has(view.case)) return view.case;
      }
      throw failure("unavailable", "This recording has no case about that incident.", "Open the first incident instead.");
    },
    investigation_start: ({ case: id, investigator }) => {
      if (investigator && investigator !== "built-in") scripts.set(id, structuredClone(recording.argued?.(investigator) ?? []));
      play(id);
      return {};
    },
    ...branchActs(cases, (of, branch) => {
      if (!branch.events.some((e) => e.fact.type === "investigation_started")) scripts.set(branch.case, structuredClone(recording.scripts[of] ?? []));
      publish({ type: "cases_changed" });
    }),
    case_leaves: ({ case: id }) => {
      const asked = viewOf(id).events.some((e) => e.fact.type === "model_answered");
      return { text: asked ? left : null, bytes: asked ? new TextEncoder().encode(left).length : 0, waits: false };
    },
    investigation_send: () => ({}),
    investigation_stop: ({ case: id }) => {
      if (!viewOf(id).running) return {};
      viewOf(id).running = false;
      write(id, engineer, { type: "stopped", because: "the engineer stopped it" });
      return {};
    },
    call_approve: ({ case: id, call, digest }) => {
      const { proposed } = newest(id, call);
      if (proposed.digest !== digest) throw failure("changed", "The call changed since it was shown.", "Look at it again, then approve it.");
      answer(id, call, { step: "approved", digest });
      skip(id, call, (step) => step !== "approved");
      setTimeout(() => play(id), pace);
      return {};
    },
    calls_approve: ({ case: id, calls }) => {
      const approved = calls.filter(([call, digest]) => newest(id, call).proposed.digest === digest).map(([call]) => call);
      for (const call of approved) {
        answer(id, call, { step: "approved", digest: newest(id, call).proposed.digest });
        skip(id, call, (step) => step !== "approved");
      }
      const next = scripts.get(id)?.[0]?.fact;
      if (next?.type === "call" && approved.includes(next.call)) setTimeout(() => play(id), pace);
      return approved;
    },
    call_edit: ({ case: id, call, args, why, approve }) => {
      const { revision, proposed } = newest(id, call);
      const digest = `${proposed.digest}.${revision + 1}`;
      answer(id, call, { step: "edited", args, why }, revision);
      answer(id, call, { step: "proposed", call: { ...proposed.call, args }, risk: proposed.risk, digest }, revision + 1);
      for (const step of scripts.get(id) ?? []) if (step.fact.type === "call" && step.fact.call === call) step.fact = { ...step.fact, revision: revision + 1 };
      if (!approve) {
        answer(id, call, { step: "asked", preview: { does: "The same, with your arguments.", diff: null, cost: "little", undo: null } }, revision + 1);
        return {};
      }
      answer(id, call, { step: "approved", digest }, revision + 1);
      skip(id, call, (step) => step !== "approved");
      setTimeout(() => play(id), pace);
      return {};
    },
    call_deny: ({ case: id, call, reason }) => {
      answer(id, call, { step: "denied", reason });
      skip(id, call, () => false);
      setTimeout(() => play(id), pace);
      return {};
    },
    result_release: ({ case: id, call, text, why, without }) => {
      const steps = scripts.get(id);
      const recorded = steps?.[0]?.fact;
      const kept = recorded?.type === "call" && recorded.step.step === "released" ? recorded.step : { observations: [] as string[], text: "" };
      const observations = kept.observations.filter((o) => !without.includes(o));
      answer(id, call, text === null ? { step: "released", observations, text: kept.text } : { step: "released_edited", observations, text, why });
      skip(id, call, () => false);
      setTimeout(() => play(id), pace);
      return {};
    },
    result_withhold: ({ case: id, call, reason }) => {
      answer(id, call, { step: "withheld", reason });
      skip(id, call, () => false);
      setTimeout(() => play(id), pace);
      return {};
    },
    rule_allow: ({ case: id, tools, namespace, minutes, because }) => {
      const place = namespace ?? "the whole cluster";
      rules = [...rules, { case: id, case_title: "The case", name: `reads in ${place} for ${minutes} minutes`, tools, namespace, until: (Date.now() + minutes * 60_000) * 1000, because }];
      write(id, engineer, { type: "noted", text: `Reads${namespace ? ` in ${namespace}` : ""} are allowed for ${minutes} minutes.` });
      return {};
    },
    policy_get: () => ({ rules: [...rules], files: [ruleFile], promises: promised }),
    rule_end: ({ case: id, name }) => {
      rules = rules.filter((rule) => rule.case !== id || rule.name !== name);
      write(id, engineer, { type: "noted", text: `Rule \`${name}\` was ended.` });
      return {};
    },
    pseudonyms_get: () => pseudonyms,
    pseudonyms_put: (wanted) => (pseudonyms = wanted),
    redaction_try: ({ text }) => {
      const left = text.replace(/((?:password|token)\s*[=:]\s*)\S+/gi, "$1[redacted: password]");
      return { text: left, marks: left === text ? [] : [["password", 1]] };
    },
    call_propose: ({ case: id, tool, args, reason }) => {
      const call = `own-${viewOf(id).events.length}`;
      const shown = { at: Date.now() * 1000, uid: "u", at_cluster: false, does: `Runs \`${tool}\`.`, undo: "", fields: Object.entries(args).map(([key, to]) => ({ path: `/spec/${key}`, from: null, to })) };
      const proposed = { tool, cluster: viewOf(id).cluster, args, reason, expects: "", tainted: [], shown };
      answer(id, call, { step: "proposed", call: proposed, risk: "write", digest: call }, 1);
      answer(id, call, { step: "asked", preview: { does: `Runs \`${tool}\`.`, diff: null, cost: "one request", undo: null } }, 1);
      return call;
    },
    call_try: ({ case: id, call }) => {
      const { revision, proposed } = newest(id, call);
      const shown = proposed.call.shown ? { ...proposed.call.shown, at: Date.now() * 1000, at_cluster: true } : proposed.call.shown;
      answer(id, call, { step: "proposed", call: { ...proposed.call, ...(shown ? { shown } : {}) }, risk: proposed.risk, digest: `${proposed.digest}.t` }, revision + 1);
      answer(id, call, { step: "asked", preview: { does: "The cluster would take it.", diff: null, cost: "one request", undo: null } }, revision + 1);
      return {};
    },
    case_note: ({ case: id, text }) => {
      write(id, engineer, { type: "noted", text });
      return {};
    },
    case_say: ({ case: id, text }) => {
      write(id, engineer, { type: "said", text });
      return {};
    },
    case_save: ({ case: id, path }) => ({ path: path || viewOf(id).suggested_path, bytes: 184_320 }),
    blueprint_put: ({ blueprint }) => {
      if (!blueprint) throw failure("unavailable", "A recording stores no YAML.", "Use the form.");
      return { version: 2, at: Date.now() * 1000, author: "you", blueprint };
    },
    objects_search: ({ text, most }) => searched(recording.answers, text, most),
    knowledge_search: ({ text }) => {
      const library = recording.answers.find((a) => a.name === "knowledge_list");
      const needle = text.toLowerCase();
      return library?.name === "knowledge_list"
        ? library.response.entries.filter((e) => `${e.id} ${e.title} ${e.body}`.toLowerCase().includes(needle))
        : [];
    },
  };

  return {
    kind: "recorded",
    async call<N extends CommandName>(name: N, request: Request<N>): Promise<Response<N>> {
      await new Promise((resolve) => setTimeout(resolve, Math.min(pace, 15)));
      const act = acts[name] as ((request: Request<N>) => Response<N>) | undefined;
      if (act) return act(request);
      const found = lookUp(recording.answers, name, request);
      if (!found) throw failure("unavailable", `This recording has no answer to \`${name}\`.`, "Try it in the window.");
      return found;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function stepOf(step: Scripted | CaseEvent | undefined): string | null {
  return step?.fact.type === "call" ? step.fact.step.step : null;
}

/** The recorded answer whose arguments all match; of several times the latest that is not after the asked one. */
function lookUp<N extends CommandName>(answers: Answer[], name: N, request: Request<N>): Response<N> | null {
  const asked = request as Record<string, unknown>;
  let best: { at: number; response: unknown } | null = null;
  for (const answer of answers) {
    if (answer.name !== name) continue;
    const recorded = answer.request as Record<string, unknown>;
    const fits = Object.entries(recorded).every(([key, value]) => key === "at" || JSON.stringify(asked[key]) === JSON.stringify(value));
    if (!fits) continue;
    const at = typeof recorded["at"] === "number" ? recorded["at"] : 0;
    const limit = typeof asked["at"] === "number" ? asked["at"] : Infinity;
    if (at <= limit && (!best || at >= best.at)) best = { at, response: answer.response };
  }
  return best ? (best.response as Response<N>) : null;
}

export function failure(code: string, title: string, hint: string): CommandFailed {
  return new CommandFailed({ code, title, hint });
}
