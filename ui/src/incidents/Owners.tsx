import { toHash } from "../app/route";
import { useAnswer } from "../ipc";
import { testids } from "../testids";
import type { ClusterId, Incident } from "../wire/wire";
import { type Owner, ownersOf } from "./owner";

/** The owners of what an incident hits, as blueprints have them; null while they are not known. */
export function useOwners(cluster: ClusterId, incident: Incident | null | undefined): Owner[] | null {
  const blueprints = useAnswer("blueprints_list", {});
  const clusters = useAnswer("clusters_list", {});
  if (!blueprints.data || !incident) return null;
  return ownersOf(blueprints.data, incident, clusters.data?.find((row) => row.id === cluster)?.name ?? "");
}

/** Whom to wake. */
export function Owners({ owners }: { owners: readonly Owner[] | null }) {
  if (owners === null) return <span className="faint">not known yet</span>;
  if (owners.length === 0) return <span className="faint">no blueprint says</span>;
  return (
    <span data-testid={testids.incidentOwner}>
      {owners.slice(0, 3).map(({ owner, blueprint }, i) => (
        <span key={owner}>
          {i > 0 ? ", " : ""}
          <strong>{owner}</strong>{" "}
          <a className="link faint small" href={toHash({ at: "blueprints", name: blueprint })}>
            {blueprint}
          </a>
        </span>
      ))}
      {owners.length > 3 ? <span className="faint"> and {owners.length - 3} more</span> : null}
    </span>
  );
}
