import { objectKey, sameObject } from "../kit/format";
import type { Blueprint, BlueprintVersion, Incident, LibraryEntry, ObjectRef, ObjectView } from "../wire/wire";

/** A piece of knowledge, and why it concerns an object. */
export interface Applying<T> {
  what: T;
  because: string;
}

/** What speaks of a workload may speak of its pods, by name: `cart-6f9d-x2k8p` is a pod of `cart`. */
const isOf = (object: ObjectRef, kind: string, namespace: string, name: string): boolean =>
  object.namespace === namespace && ((object.kind === kind && object.name === name) || (object.kind === "Pod" && object.name.startsWith(`${name}-`)));

function scoped({ scope, dependencies }: Blueprint, object: ObjectRef, cluster: string): string | null {
  switch (scope?.level) {
    case "workload":
      if (isOf(object, scope.kind, scope.namespace, scope.name)) return "it is about this workload";
      break;
    case "namespace":
      if (object.namespace === scope.namespace) return "it holds for the namespace";
      break;
    case "cluster":
      if (scope.cluster === cluster) return "it holds for the cluster";
      break;
    default:
      return "it holds for the whole fleet";
  }
  const declared = dependencies.find((d) => [d.from, d.to].includes(objectKey(object)));
  if (!declared) return null;
  return declared.from === objectKey(object) ? `it declares that this needs ${declared.to}` : `it declares that ${declared.from} needs this`;
}

const narrow: Record<string, number> = { workload: 0, namespace: 1, cluster: 2, fleet: 3 };

/** The team's blueprints that hold for an object, the narrowest first. `cluster` is the name that scopes use. */
export function blueprintsFor(blueprints: readonly BlueprintVersion[], object: ObjectRef, cluster: string): Applying<Blueprint>[] {
  return blueprints
    .flatMap(({ blueprint }) => {
      const because = scoped(blueprint, object, cluster);
      return because ? [{ what: blueprint, because }] : [];
    })
    .sort((a, b) => (narrow[a.what.scope?.level ?? "fleet"] ?? 3) - (narrow[b.what.scope?.level ?? "fleet"] ?? 3));
}

/** What the library says of what is wrong with an object: failure modes of its signals, then what names its facts. */
export function entriesFor(entries: readonly LibraryEntry[], view: ObjectView, incidents: readonly Incident[]): Applying<LibraryEntry>[] {
  const found = new Map<string, Applying<LibraryEntry>>();
  for (const incident of incidents) {
    for (const signal of incident.signals.filter((s) => sameObject(s.subject, view.object))) {
      for (const mode of signal.failure_modes) {
        const what = entries.find((e) => e.kind === "failure-mode" && e.id === mode);
        if (what && !found.has(what.id)) found.set(what.id, { what, because: signal.title });
      }
    }
  }
  for (const fact of view.facts) {
    // A fact's name in an entry's text is how checks and articles speak of it.
    for (const what of entries) if (!found.has(what.id) && new RegExp(`\\b${fact.name}\\b`).test(what.body)) found.set(what.id, { what, because: fact.says });
  }
  return [...found.values()].slice(0, 12);
}
