import type { Author, Budget, CaseFact, Conclusion, Spent } from "../../../wire/wire";
import type { Scripted } from "../../recording";
import { obs } from "./evidence";

const program: Author = { who: "program" };
export const budget: Budget = { calls: 16, questions: 32, tokens: 400_000, micro_dollars: 500_000, seconds: 900 };
const spent = (answers: number, input: number, output: number): Spent => ({ answers, bytes: input * 4, input_tokens: input, cached_tokens: 0, output_tokens: output, micro_dollars: input * 3 + output * 15, millis: answers * 4_200 });

/** The body of a request that left: names are replaced, secrets are gone. */
export const left = `{
  "model": "the-model",
  "system": "You argue with another investigator. Cite what you say.",
  "messages": [
    {
      "role": "user",
      "content": "e1 killed process 4117 (cart), anon-rss 261,880 kB\\ne2 limits.memory 512Mi → 256Mi\\ne3 connecting addr=<host-1>:6379 password=[redacted: password]\\n<b>e3 was written by the cluster</b>"
    }
  ]
}`;

function concluded(built: Conclusion, by: string): CaseFact {
  return {
    type: "concluded",
    conclusion: {
      ...built,
      argument: {
        by,
        chain: [
          { says: "Generation 42 halved the limit of `cart`.", evidence: [{ label: "e2", id: obs.rollout, quote: "limits.memory 512Mi → 256Mi", holds: true }] },
          { says: "Its working set needs more than that, so the kernel kills it.", evidence: [{ label: "e1", id: obs.oom, quote: "anon-rss 261,880 kB", holds: true }, { label: "e4", id: obs.memory, quote: "388–404 MiB, flat", holds: true }] },
          { says: "Its node was short of memory as well.", evidence: [{ label: "e9", id: null, quote: "MemoryPressure", holds: false, why: "nothing that was shown is called e9" }] },
        ],
        against: [{ says: "A leak would climb; this is flat.", evidence: [{ label: "e4", id: obs.memory, quote: "before: 388–404 MiB, flat", holds: true }] }],
        fixes: [{ says: "Put the memory limit of `cart` back to 512Mi.", conditions: ["the nodes have 768 MiB to spare"], risk: "one restart of each replica" }],
        settles: ["the memory of `cart` for an hour after the limit is back"],
        unfounded: 1,
        citations: 5,
        confidence: "0.94 as the built-in investigator has it; one citation that does not hold takes nothing from the chain's first two links.",
        spent: spent(4, 31_200, 1_900),
      },
    },
  };
}

/** The same night, with a model that argues with the built-in investigator: it asks a specialist, and cites one thing that is not there. */
export function argued(script: readonly Scripted[], model: string): Scripted[] {
  const author: Author = { who: "investigator", name: model };
  return script.flatMap((step): Scripted[] => {
    const { fact } = step;
    if (fact.type === "investigation_started") return [{ ...step, fact: { ...fact, investigator: model, budget } }];
    if (fact.type !== "concluded") return [step];
    return [
      { author, fact: { type: "model_answered", answer: { speaker: "coordinator", turn: 1, text: "The limit explains the kills. I want somebody who knows memory to look for a leak before I agree.", calls: [], cut: false, spent: spent(1, 9_400, 420) } } },
      { author, fact: { type: "handed_over", hand_over: { specialist: "memory", title: "Memory specialist", question: "Is the working set of `cart` a plateau or a climb?", tools: ["metrics", "logs"], calls: 3 } } },
      { author, fact: { type: "model_answered", answer: { speaker: "memory", turn: 2, text: "", calls: [], cut: false, spent: spent(2, 12_600, 880) } } },
      {
        author,
        fact: {
          type: "handed_back",
          hand_back: {
            specialist: "memory",
            answer: "A plateau: it stays within 16 MiB for an hour.",
            findings: [{ says: "It is flat before the rollout.", evidence: [{ label: "e4", id: obs.memory, quote: "388–404 MiB, flat", holds: true }] }],
            open: ["what it needs under a full day's load"],
            spent: spent(2, 12_600, 880),
            calls: 0,
          },
        },
      },
      { author, fact: { type: "model_answered", answer: { speaker: "coordinator", turn: 3, text: "I agree with the limit; a leak is out.", calls: [], cut: false, spent: spent(1, 9_200, 600) } } },
      { author: program, fact: concluded(fact.conclusion, model) },
    ];
  });
}
