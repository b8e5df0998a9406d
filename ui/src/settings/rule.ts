import { stringify } from "yaml";
import type { RuleDoes } from "../wire/wire";

/** A rule while it is written: every field as it is typed. */
export interface RuleDraft {
  name: string;
  does: RuleDoes;
  /** Names with commas between them; empty: every one. `*` stands for anything. */
  tools: string;
  clusters: string;
  namespaces: string;
  kinds: string;
  /** `2026-12-31T18:00`, by this machine's clock; empty: it does not end by itself. */
  until: string;
  /** How often it may allow something; empty: always. */
  uses: string;
  because: string;
  /** The call that its own test tries, and in which cluster. */
  testTool: string;
  testCluster: string;
  /** Its arguments, as JSON. */
  testArgs: string;
}

export const emptyRule: RuleDraft = { name: "", does: "allow", tools: "", clusters: "", namespaces: "", kinds: "", until: "", uses: "", because: "", testTool: "", testCluster: "", testArgs: "" };

const names = (text: string): string[] => text.split(",").map((one) => one.trim()).filter(Boolean);

/** Whether what is written fits one pattern of a rule, in which `*` stands for anything; no pattern fits all. */
export function fits(patterns: string, name: string): boolean {
  const all = names(patterns);
  const escaped = (one: string) => one.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*");
  return all.length === 0 || all.some((one) => new RegExp(`^${escaped(one)}$`).test(name));
}

/** The arguments of a rule's test; null where the text is no JSON object. Nothing written: none. */
export function argsOf(text: string): Record<string, unknown> | null {
  if (!text.trim()) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** What keeps a rule from being one, in words; null: nothing. `taken` are the names that rules have already. */
export function lacking(draft: RuleDraft, taken: readonly string[], now: number): string | null {
  if (!draft.name.trim()) return "give it a name";
  if (taken.includes(draft.name.trim())) return `a rule is called \`${draft.name.trim()}\` already; uses are counted by name`;
  if (!draft.because.trim()) return "say why: whoever reads it at night wants to know";
  if (draft.does === "allow" && draft.uses.trim() && !/^[1-9]\d{0,8}$/.test(draft.uses.trim())) return "uses are a whole number above 0, or nothing";
  if (draft.until && !(Date.parse(draft.until) > now)) return "it would have ended already";
  if (!draft.testTool.trim()) return "name a call for its test: a rule without one is not believed";
  const args = argsOf(draft.testArgs);
  if (args === null) return "the arguments of its test are no JSON object";
  const namespace = typeof args["namespace"] === "string" ? args["namespace"] : "";
  if (!fits(draft.tools, draft.testTool.trim()) || !fits(draft.clusters, draft.testCluster.trim()) || !fits(draft.namespaces, namespace)) return "its test tries a call that it does not cover";
  return null;
}

/** The rule as it stands in a file of rules; with `head` as a whole file. */
export function ruleText(draft: RuleDraft, head: boolean): string {
  const list = (key: string, text: string) => (names(text).length > 0 ? { [key]: names(text) } : {});
  const test = {
    tool: draft.testTool.trim(),
    ...(draft.testCluster.trim() ? { cluster: draft.testCluster.trim() } : {}),
    ...(draft.testArgs.trim() ? { args: argsOf(draft.testArgs) ?? {} } : {}),
    gives: draft.does,
  };
  const rule = {
    name: draft.name.trim(),
    does: draft.does,
    ...list("tools", draft.tools),
    ...list("clusters", draft.clusters),
    ...list("namespaces", draft.namespaces),
    ...list("kinds", draft.kinds),
    ...(draft.until ? { until: new Date(draft.until).toISOString().replace(/\.\d+Z$/, "Z") } : {}),
    ...(draft.does === "allow" && draft.uses.trim() ? { uses: Number(draft.uses) } : {}),
    because: draft.because.trim(),
    tests: [test],
  };
  const text = stringify({ rules: [rule] }, { lineWidth: 0 });
  return head ? text : text.slice(text.indexOf("\n") + 1);
}
