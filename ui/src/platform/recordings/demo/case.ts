import type { Author, CallStep, CaseEvent, CaseFact, CaseView, Hypothesis, ObjectRef, ToolCall } from "../../../wire/wire";
import type { Scripted } from "../../recording";
import { argued } from "./argued";
import { obs } from "./evidence";
import { incidents } from "./incidents";
import { ago, cart, checkout, CLUSTER } from "./names";

export const CASE = "0193b5d2-0000-7000-8000-000000000001";
export const FINISHED = "0193b5d2-0000-7000-8000-000000000002";
export const ARGUED = "0193b5d2-0000-7000-8000-000000000003";
const builtIn: Author = { who: "investigator", name: "built-in" };
const program: Author = { who: "program" };

function opened(): CaseFact {
  const first = incidents.slice(0, 1);
  return { type: "opened", title: first[0]?.title ?? "", cluster: CLUSTER, cluster_name: "playground", as_of: ago(5), question: null, incidents: first };
}

function hypothesis(rank: number, mode: string, object: ObjectRef, probability: number, mechanism: string, evidence: [string, string][], against: [string, string][] = [], open: string[] = [], fix: Hypothesis["fix"] = null): Hypothesis {
  return {
    id: `${mode} @ ${object.kind}/${object.namespace}/${object.name}`,
    rank,
    incident: "incident:cart",
    object,
    failure_mode: mode,
    mechanism,
    probability,
    evidence: evidence.map(([id, quote]) => ({ id, quote })),
    against: against.map(([id, quote]) => ({ id, quote })),
    fix,
    open_checks: open,
  };
}

const oom: [string, string] = [obs.oom, "killed process 4117 (cart), anon-rss 261,880 kB"];
const lowered: [string, string] = [obs.rollout, "limits.memory 512Mi → 256Mi"];
const flat: [string, string] = [obs.memory, "before: 388–404 MiB, flat"];

const limit = (p: number, evidence: [string, string][], open: string[], fix: Hypothesis["fix"] = null) =>
  hypothesis(1, "memory-limit-too-low", cart, p, "The limit of `cart` went from 512Mi to 256Mi; its honest working set is about 390 MiB, so every replica is killed while it warms its cache.", evidence, [], open, fix);
const leak = (rank: number, p: number, evidence: [string, string][], against: [string, string][] = []) =>
  hypothesis(rank, "memory-leak", cart, p, "Version 2.8.1 of `cart` holds memory that it does not give back.", evidence, against, against.length ? [] : ["the slope of its memory over the hours before"]);
const chain = (rank: number, p: number) =>
  hypothesis(rank, "dependency-chain", checkout, p, "`checkout` fails by itself and takes `cart` with it by its retries.", [[obs.errors, "HTTP 503 from /ready: cart unreachable"]], [oom]);

const raise: Hypothesis["fix"] = {
  id: "raise-limit",
  text: "Put the memory limit of `cart` back to 512Mi by rolling back to generation 41.",
  conditions: ["nothing else in 2.8.1 is needed tonight", "the nodes have 768 MiB to spare (they do)"],
  never: ["Do not restart the pods one by one: baskets that are not yet written through are lost."],
};

const logs: ToolCall = {
  tool: "logs",
  cluster: CLUSTER,
  args: { namespace: "shop", workload: "cart", previous: true, tail: 200 },
  reason: "The last words of a killed container tell whether it died while starting or under load.",
  expects: "Killed while warming up speaks for a limit that is too low; killed after hours speaks for a leak.",
  tainted: [],
};
const metrics: ToolCall = {
  tool: "metrics",
  cluster: CLUSTER,
  args: { namespace: "shop", object: "Deployment/cart", name: "memory_working_set" },
  reason: "The shape of its memory separates the two causes that are left better than anything else.",
  expects: "A plateau above 256 MiB before the rollout means that the limit is too low; a steady climb means a leak.",
  tainted: [],
};

function steps(id: string, call: ToolCall, does: string, text: string, observations: string[], redactions: [string, number][], cut: string | null): Scripted[] {
  const step = (author: Author, step: CallStep): Scripted => ({ author, fact: { type: "call", call: id, revision: 1, step } });
  const digest = `digest-${id}`;
  return [
    step(builtIn, { step: "proposed", call, risk: "read", digest }),
    step(program, { step: "ruled", ruling: { ruling: "ask" } }),
    step(program, { step: "asked", preview: { does, diff: null, cost: "one read at the cluster, about 20 kB", undo: null } }),
    step({ who: "engineer", name: "you" }, { step: "approved", digest }),
    step(program, { step: "started", digest }),
    step(program, { step: "succeeded", result: { text, redactions, cut, observations } }),
    step({ who: "engineer", name: "you" }, { step: "released", observations, text }),
  ];
}

const logText = `level=info msg="connecting" addr=redis:6379 user=cart password=[redacted: password]
level=info msg="warming basket cache" entries=181204
level=info msg="warm" rss=244MiB
level=info msg="first basket" owner=[redacted: e-mail]
level=warn msg="heap above 95 % of limit" limit=256MiB
Killed`;
const metricText = `memory_working_set of Deployment/shop/cart, MiB, one point a minute
03:00  391   03:05  396   03:10  402   03:15  399   03:20  388   (flat, +0.3 MiB/h)
— generation 42 rolled out —
climbs to 256 within 70 s, then 0; 14 times`;

export const script: Scripted[] = [
  { author: program, fact: { type: "investigation_started", investigator: "built-in", knowledge_digest: "7d1f6a90c2b4", as_of: ago(5) } },
  { author: builtIn, fact: { type: "narrated", text: "Four signals on three objects, all downstream of `cart`. It started a minute after generation 42 of `cart` was rolled out. Two causes explain a container that is killed for memory; what was released so far does not separate them well." } },
  {
    author: builtIn,
    fact: {
      type: "hypotheses_moved",
      hypotheses: [limit(0.46, [oom, lowered], ["the last words of the killed container", "the slope of its memory"]), leak(2, 0.37, [oom]), chain(3, 0.09)],
      because: "The change just before the first kill speaks for the limit; a new version could leak as well.",
    },
  },
  ...steps("c1", logs, "Reads the last 200 lines of the previous run of `cart` in `shop`.", logText, [obs.words], [["password", 1], ["e-mail", 1]], "the first 1,204 lines"),
  {
    author: builtIn,
    fact: {
      type: "hypotheses_moved",
      hypotheses: [limit(0.68, [oom, lowered, [obs.words, "heap above 95 % of limit"]], ["the slope of its memory"]), leak(2, 0.22, [oom], [[obs.words, "warm, rss=244MiB: full at once"]]), chain(3, 0.04)],
      because: "It died while warming its cache, seconds after its start: a leak needs longer.",
    },
  },
  { author: builtIn, fact: { type: "narrated", text: "One look at the memory before the rollout would settle it." } },
  ...steps("c2", metrics, "Reads `memory_working_set` of `cart` for the last hour.", metricText, [obs.memory], [], null),
  {
    author: builtIn,
    fact: {
      type: "hypotheses_moved",
      hypotheses: [limit(0.94, [oom, lowered, flat, [obs.words, "heap above 95 % of limit"]], [], raise), leak(2, 0.03, [oom], [flat]), chain(3, 0.01)],
      because: "A flat 390 MiB before the rollout is no leak, and it does not fit into 256 MiB.",
    },
  },
  {
    author: builtIn,
    fact: {
      type: "concluded",
      conclusion: {
        abstained: false,
        summary: "The memory limit of `cart` was halved to 256Mi by the rollout of generation 42. Its honest working set is about 390 MiB, so it is killed whenever it warms its cache, and `checkout` and `frontend` fail behind it.",
        hypotheses: [limit(0.94, [oom, lowered, flat, [obs.words, "heap above 95 % of limit"]], [], raise), leak(2, 0.03, [oom], [flat]), chain(3, 0.01)],
        not_checked: [{ what: "Network policies between `checkout` and `cart`", because: "the cluster refused to list them (403)" }],
      },
    },
  },
];

function write(id: string, facts: Scripted[], from: number, step: number): CaseEvent[] {
  return facts.map(({ author, fact }, i) => ({ case: id, seq: i + 1, at: ago(from - i * step), author, fact }));
}

const first: Scripted = { author: program, fact: opened() };

export const openCase: CaseView = { case: CASE, cluster: CLUSTER, events: write(CASE, [first], 5, 0), running: false, suggested_path: "~/cases/cart-is-killed.case" };
export const finishedCase: CaseView = {
  case: FINISHED,
  cluster: CLUSTER,
  events: write(FINISHED, [first, ...script], 8, 0.22),
  running: false,
  suggested_path: "~/cases/cart-last-night.case",
};
/** The same night once more, with a model that argued. */
export const arguedCase: CaseView = {
  case: ARGUED,
  cluster: CLUSTER,
  events: write(ARGUED, [first, ...argued(script, "house")], 12, 0.22),
  running: false,
  suggested_path: "~/cases/cart-argued.case",
};
