import { useCallback, useMemo, useState } from "react";
import type { Evidence } from "../kit/chip";
import type { ClusterId, ObservationId } from "../wire/wire";

/** Numbers pieces of evidence in the order given, and remembers which is chosen and which is pointed at. */
export function useEvidenceOf(cluster: ClusterId, ids: readonly ObservationId[]): Evidence {
  const key = ids.join(" ");
  const numbers = useMemo(() => {
    const map = new Map<ObservationId, number>();
    for (const id of key.split(" ")) if (id && !map.has(id)) map.set(id, map.size + 1);
    return map;
  }, [key]);
  const [chosen, setChosen] = useState<ObservationId | null>(null);
  const [pointed, point] = useState<ObservationId | null>(null);
  const choose = useCallback((id: ObservationId) => setChosen((now) => (now === id ? null : id)), []);
  return useMemo(() => ({ cluster, numbers, chosen, pointed, choose, point }), [cluster, numbers, chosen, pointed, choose]);
}
