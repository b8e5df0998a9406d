import { useState } from "react";
import { toHash } from "../app/route";
import { useAnswer } from "../ipc";
import { testids } from "../testids";
import type { Budget, Spent } from "../wire/wire";

/** What a model may take unless somebody says otherwise; the core has the same. */
export const USUAL: Budget = { tokens: 400_000, micro_dollars: null, calls: 16, questions: 32, seconds: 900 };

/** The provider that says what each answer cost; of any other a limit in dollars needs a price. */
const TELLS_COST = "open-router";

const FIELDS = [
  { of: "calls", words: "Calls", step: 1, most: 500, unit: 1 },
  { of: "questions", words: "Questions to it", step: 1, most: 1_000, unit: 1 },
  { of: "tokens", words: "Tokens", step: 10_000, most: 100_000_000, unit: 1 },
  { of: "micro_dollars", words: "Dollars", step: 0.1, most: 10_000, unit: 1_000_000 },
  { of: "seconds", words: "Minutes of answering", step: 1, most: 1_440, unit: 60 },
] as const;

/** The field's text as the core counts it; null where it is no limit that can be. */
export function limitOf(text: string, unit: number, most: number): number | null {
  const number = Number(text);
  return text.trim() === "" || !Number.isFinite(number) || number <= 0 || number > most ? null : Math.round(number * unit);
}

/** What the model may take in this investigation. Folded: the usual is right until it is not. */
export function Limits({ model, budget, set }: { model: string; budget: Budget; set: (budget: Budget) => void }) {
  const models = useAnswer("models_list", {});
  const chosen = models.data?.models.find((one) => one.name === model);
  const unpriced = budget.micro_dollars !== null && chosen?.price === null;
  const [wrong, setWrong] = useState<Record<string, boolean>>({});
  return (
    <details className="limits small" data-testid={testids.limits}>
      <summary>What it may take</summary>
      {FIELDS.map(({ of, words, step, most, unit }) => {
        const value = budget[of];
        const optional = of === "micro_dollars";
        return (
          <label key={of}>
            <span className="soft">{words}</span>
            <input
              className="field"
              type="number"
              min={step}
              max={most}
              step={step}
              defaultValue={value === null ? "" : value / unit}
              placeholder={optional ? "no limit" : undefined}
              aria-invalid={wrong[of] ?? false}
              data-testid={testids.limit(of)}
              onChange={(e) => {
                const limit = limitOf(e.target.value, unit, most);
                const isWrong = limit === null && !(optional && e.target.value.trim() === "");
                setWrong((before) => ({ ...before, [of]: isWrong }));
                if (!isWrong) set({ ...budget, [of]: limit });
              }}
            />
          </label>
        );
      })}
      {unpriced ? (
        <p data-testid={testids.limitUnpriced}>
          {chosen.provider === TELLS_COST
            ? `Dollars are counted by what the provider says an answer cost: no price of ${model} is known.`
            : `It does not start with a limit in dollars, which would never count: no price of ${model} is known.`}{" "}
          <a className="link" href={toHash({ at: "settings", part: "models" })}>
            Give it one
          </a>
        </p>
      ) : null}
      <p className="faint">At a limit it ends with a summary, and what the built-in investigator found stands.</p>
    </details>
  );
}

/** How much of each limit is taken, the fullest first to say. */
export function shares(spent: Spent, budget: Budget): { of: string; share: number }[] {
  const all = [
    { of: "tokens", share: (spent.input_tokens + spent.output_tokens) / budget.tokens },
    { of: "questions", share: spent.answers / budget.questions },
    { of: "minutes", share: spent.millis / 1000 / budget.seconds },
    ...(budget.micro_dollars === null || spent.micro_dollars === null ? [] : [{ of: "dollars", share: spent.micro_dollars / budget.micro_dollars }]),
  ];
  return all.map(({ of, share }) => ({ of, share: Math.min(1, share) })).sort((a, b) => b.share - a.share);
}

/** How near the model is to where it has to end. */
export function BudgetMeter({ spent, budget }: { spent: Spent; budget: Budget }) {
  const [nearest] = shares(spent, budget);
  if (!nearest) return null;
  const percent = Math.round(nearest.share * 100);
  return (
    <span className="budget-meter" data-testid={testids.budgetMeter}>
      <meter min={0} max={100} high={80} optimum={0} value={percent} aria-label="Used of what it may take" /> {percent} % of its {nearest.of}
    </span>
  );
}
