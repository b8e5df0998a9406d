import { blueprintsFor } from "../inspector/applies";
import type { BlueprintVersion, Incident } from "../wire/wire";

/** Whom to ask, and the blueprint that says so. */
export interface Owner {
  owner: string;
  blueprint: string;
}

/** The owners of what an incident hits, that of its origin first; each once. */
export function ownersOf(blueprints: readonly BlueprintVersion[], incident: Incident, cluster: string): Owner[] {
  const objects = [...(incident.origin ? [incident.origin] : []), ...incident.subjects];
  const found = new Map<string, Owner>();
  for (const object of objects) {
    // A dependency that somebody else declared names no owner of this one.
    const own = blueprintsFor(blueprints, object, cluster).find(({ what, because }) => what.owner && !because.startsWith("it declares"));
    if (own && !found.has(own.what.owner)) found.set(own.what.owner, { owner: own.what.owner, blueprint: own.what.name });
  }
  return [...found.values()];
}
