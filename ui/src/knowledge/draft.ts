import { parse, stringify } from "yaml";
import type { Blueprint, OddsShift, Scope } from "../wire/wire";

export const emptyBlueprint: Blueprint = {
  name: "",
  scope: { level: "fleet" },
  owner: "",
  summary: "",
  dependencies: [],
  invariants: [],
  odds: [],
  preferred_fixes: [],
  forbidden_fixes: [],
  notes: "",
};

export const emptyOdds: OddsShift = { failure_mode: "", when: "", ratio: 2, because: "" };

export function toYaml(blueprint: Blueprint): string {
  return stringify(blueprint, { lineWidth: 100 });
}

/** The blueprint that a text says; an Error with the line where it says none. Fields that are left out are empty. */
export function fromYaml(text: string): Blueprint | Error {
  try {
    const value: unknown = parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return new Error("A blueprint is a set of fields such as `name:` and `scope:`.");
    const unknown = Object.keys(value).filter((key) => !(key in emptyBlueprint));
    if (unknown.length > 0) return new Error(`\`${unknown[0]}\` is not a field of a blueprint.`);
    // What is still being typed (`name:` with nothing behind it) is empty, not something else.
    const given = Object.fromEntries(Object.entries(value as Record<string, unknown>).filter(([, field]) => field !== null));
    for (const [key, field] of Object.entries(given)) {
      const wanted = emptyBlueprint[key as keyof Blueprint];
      if (typeof wanted === "string" && typeof field !== "string") return new Error(`\`${key}\` is a text.`);
      if (Array.isArray(wanted) && !Array.isArray(field)) return new Error(`\`${key}\` is a list.`);
    }
    const wrong = shapeless(given);
    return wrong ? new Error(wrong) : { ...emptyBlueprint, ...(given as Partial<Blueprint>) };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const levels: Record<Scope["level"], readonly string[]> = { fleet: [], cluster: ["cluster"], namespace: ["namespace"], workload: ["namespace", "kind", "name"] };

/** What is wrong with the shape of a scope or of odds; null: nothing. */
function shapeless(given: Record<string, unknown>): string | null {
  const scope = given["scope"] as Record<string, unknown> | undefined;
  if (scope !== undefined) {
    const fields = typeof scope === "object" ? levels[scope["level"] as Scope["level"]] : undefined;
    if (!fields) return `\`scope\` has a \`level\`: ${Object.keys(levels).join(", ")}.`;
    const missing = fields.find((field) => typeof scope[field] !== "string");
    if (missing) return `\`scope\` of a ${String(scope["level"])} needs \`${missing}\`.`;
  }
  for (const shift of (given["odds"] ?? []) as Record<string, unknown>[]) {
    if (typeof shift !== "object" || shift === null || typeof shift["failure_mode"] !== "string" || typeof shift["ratio"] !== "number") return "Each of `odds` has a `failure_mode` and a `ratio`.";
  }
  return null;
}

export function scopeWords(scope: Scope | null): string {
  switch (scope?.level) {
    case undefined:
    case "fleet":
      return "the whole fleet";
    case "cluster":
      return `cluster ${scope.cluster}`;
    case "namespace":
      return `namespace ${scope.namespace}`;
    case "workload":
      return `${scope.kind}/${scope.namespace}/${scope.name}`;
  }
}

/** What keeps a blueprint from being stored; null: nothing. */
export function lacking(blueprint: Blueprint): string | null {
  if (!blueprint.name.trim()) return "it needs a name";
  const { scope } = blueprint;
  if (scope?.level === "cluster" && !scope.cluster.trim()) return "name the cluster it holds for";
  if (scope?.level === "namespace" && !scope.namespace.trim()) return "name the namespace it holds for";
  if (scope?.level === "workload" && !(scope.namespace.trim() && scope.name.trim())) return "name the workload it holds for";
  const odds = blueprint.odds.find((o) => !o.failure_mode.trim() || !(o.ratio > 0));
  if (odds) return odds.failure_mode.trim() ? "a ratio must be above 0" : "name the failure mode that becomes more or less likely";
  return null;
}
