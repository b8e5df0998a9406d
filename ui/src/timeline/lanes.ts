import { useCallback, useMemo, useState } from "react";
import { blueprintsFor } from "../inspector/applies";
import { useAnswer } from "../ipc";
import { objectKey } from "../kit/format";
import type { ClusterId, Incident, ObjectRef } from "../wire/wire";
import { grouped, groupings, groupKeys, type GroupBy } from "./groups";
import type { Picture } from "./marks";

const NONE: readonly Incident[] = [];

/** How the lanes of a case are gathered, and which groups are shut. Kept as long as the case is shown. */
export function useLanes(cluster: ClusterId, incidents: readonly Incident[] = NONE) {
  const [by, setBy] = useState<GroupBy>("object");
  const [shut, setShut] = useState<ReadonlySet<string>>(new Set());
  const blueprints = useAnswer("blueprints_list", {}, { enabled: by === "owner" });
  const clusters = useAnswer("clusters_list", {});
  const name = clusters.data?.find((row) => row.id === cluster)?.name ?? "";
  const inIncident = useMemo(() => {
    const map = new Map<string, string>();
    for (const incident of incidents) {
      const objects = [...(incident.origin ? [incident.origin] : []), ...incident.subjects, ...incident.signals.map((signal) => signal.subject)];
      for (const object of objects) if (!map.has(objectKey(object))) map.set(objectKey(object), incident.title.replaceAll("`", ""));
    }
    return map;
  }, [incidents]);
  const groupOf = useCallback(
    (how: GroupBy, object: ObjectRef): string | null => {
      if (how === "namespace") return object.namespace || null;
      if (how === "incident") return inIncident.get(objectKey(object)) ?? null;
      // A dependency that somebody else declared names no owner of this one.
      if (how === "owner") return blueprintsFor(blueprints.data ?? [], object, name).find(({ what, because }) => what.owner && !because.startsWith("it declares"))?.what.owner ?? null;
      return null;
    },
    [inIncident, blueprints.data, name],
  );
  const next = () => setBy(groupings[(groupings.findIndex(([how]) => how === by) + 1) % groupings.length]?.[0] ?? "object");
  const shutAll = (picture: Picture) => setShut(shut.size > 0 ? new Set() : new Set(groupKeys(grouped(picture, by, (object) => groupOf(by, object), new Set()))));
  return { props: { by, setBy, shut, setShut, groupOf }, next, shutAll };
}
