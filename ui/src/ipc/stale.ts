import type { CommandName, Request } from "../platform/host";
import { tags, type Update } from "../wire/wire";

/** A cache tag that went stale, for one cluster or one case where that is known. */
export interface Stale {
  tag: string;
  cluster?: string;
  case?: string;
}

export function staleAfterUpdate(update: Update): Stale[] {
  switch (update.type) {
    case "clusters_changed":
      return [{ tag: "clusters" }];
    case "cluster_changed":
      return [{ tag: "cluster", cluster: update.cluster }, { tag: "clusters" }];
    case "case_changed":
      return [{ tag: "case", case: update.case }, { tag: "cases" }];
    case "cases_changed":
      return [{ tag: "cases" }];
    case "knowledge_changed":
      return [{ tag: "knowledge" }];
    case "blueprints_changed":
      return [{ tag: "blueprints" }];
    case "answering":
      // The answer as it is written goes straight to who shows it.
      return [];
    case "progress":
      return update.what === "evals" ? [{ tag: "evals" }] : [];
  }
}

export function staleAfterCommand<N extends CommandName>(name: N, request: Request<N>): Stale[] {
  const { cluster, case: of } = request as { cluster?: string; case?: string };
  return tags[name].changes.map((tag) => ({
    tag,
    ...(cluster && tag === "cluster" ? { cluster } : {}),
    ...(of && tag === "case" ? { case: of } : {}),
  }));
}
