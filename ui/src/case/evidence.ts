import { useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { useHost } from "../ipc";
import type { Evidence } from "../kit/chip";
import { objectKey } from "../kit/format";
import type { ClusterId, ObservationId } from "../wire/wire";
import type { CaseState } from "./fold";

/** So many cited observations are looked up ahead, so that the graph can show them where they belong. */
const AHEAD = 60;

export interface CaseEvidence {
  value: Evidence;
  /** Every observation that a sentence, a hypothesis or a released result cites. */
  cited: ReadonlySet<ObservationId>;
  byObject: ReadonlyMap<string, ObservationId[]>;
  clear: () => void;
}

/** The evidence of a case: its numbers, what it is about, and which piece is chosen or pointed at anywhere on the screen. */
export function useCaseEvidence(cluster: ClusterId, state: CaseState, onChoose: () => void): CaseEvidence {
  const host = useHost();
  const [chosen, setChosen] = useState<ObservationId | null>(null);
  const [pointed, point] = useState<ObservationId | null>(null);
  const { numbers } = state;
  const ids = useMemo(() => [...numbers.keys()], [numbers]);

  const subjects = useQueries({
    queries: ids.slice(0, AHEAD).map((id) => ({
      queryKey: ["observation_get", { cluster, id }],
      queryFn: () => host.call("observation_get", { cluster, id }),
    })),
    combine: (results) => results.map((r) => (r.data?.observation.subject ? `${r.data.observation.id} ${objectKey(r.data.observation.subject)}` : "")).join("\n"),
  });

  const byObject = useMemo(() => {
    const map = new Map<string, ObservationId[]>();
    const add = (key: string, id: ObservationId) => {
      const list = map.get(key) ?? [];
      if (!list.includes(id)) map.set(key, [...list, id]);
    };
    for (const incident of state.opened?.incidents ?? []) for (const signal of incident.signals) for (const id of signal.evidence) add(objectKey(signal.subject), id);
    for (const line of subjects.split("\n")) {
      const [id, key] = line.split(" ");
      if (id && key) add(key, id);
    }
    return map;
  }, [state.opened, subjects]);

  const choose = useCallback(
    (id: ObservationId) => {
      onChoose();
      setChosen((was) => (was === id ? null : id));
    },
    [onChoose],
  );
  const clear = useCallback(() => setChosen(null), []);
  const cited = useMemo(() => new Set(ids), [ids]);
  const value = useMemo(() => ({ cluster, numbers, chosen, pointed, choose, point }), [cluster, numbers, chosen, pointed, choose]);
  return { value, cited, byObject, clear };
}
