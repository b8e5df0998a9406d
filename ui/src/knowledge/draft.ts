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
    return { ...emptyBlueprint, ...(value as Partial<Blueprint>) };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
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
