import { countOf } from "../kit";
import type { Budget, Spent } from "../wire/wire";

const thousands = (tokens: number): string => (tokens < 1000 ? String(tokens) : `${Math.round(tokens / 1000)} k`);
const dollars = (micro: number): string => `$${(micro / 1e6).toFixed(micro < 1e6 ? 3 : 2)}`;

/** What a model may take, in words. */
export function budgetWords({ calls, questions, tokens, micro_dollars, seconds }: Budget): string {
  const limits = [countOf(calls, "call"), countOf(questions, "question"), `${thousands(tokens)} tokens`, ...(micro_dollars === null ? [] : [dollars(micro_dollars)]), `${Math.ceil(seconds / 60)} min of answering`];
  return `${limits.slice(0, -1).join(", ")} and ${limits.at(-1) ?? ""}`;
}

/** What it took so far, beside what it may take where that is known. */
export function spentWords(spent: Spent, budget: Budget | null = null): string {
  const of = (limit: string | number | null | undefined) => (limit === null || limit === undefined ? "" : ` of ${limit}`);
  const cost = spent.micro_dollars === null ? "" : ` · ${dollars(spent.micro_dollars)}${of(budget?.micro_dollars == null ? null : dollars(budget.micro_dollars))}`;
  return `${spent.answers}${of(budget?.questions)} ${spent.answers === 1 && !budget ? "answer" : "answers"} · ${thousands(spent.input_tokens + spent.output_tokens)}${of(budget && thousands(budget.tokens))} tokens${cost}`;
}
