import { type UseQueryResult, useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { useHost } from "../ipc";
import type { Evidence } from "../kit/chip";
import { objectKey } from "../kit/format";
import { isLater } from "../kit/moment";
import type { Learnt } from "../timeline/marks";
import type { ClusterId, ObservationId, ObservationView, Time } from "../wire/wire";
import type { CaseState } from "./fold";

/** So many cited observations are looked up ahead, so that the graph can show them where they belong. */
const AHEAD = 60;

export interface CaseEvidence {
  value: Evidence;
  /** Every observation that a sentence, a hypothesis or a released result cites. */
  cited: ReadonlySet<ObservationId>;
  byObject: ReadonlyMap<string, ObservationId[]>;
  /** What was learnt by calls, for the timeline. */
  learnt: readonly Learnt[];
}

/** Kept outside of the hook: the same answers give the same list. */
function combine(results: UseQueryResult<ObservationView>[]): Learnt[] {
  return results.flatMap(({ data }) => {
    if (!data) return [];
    const { id, at, seen_at, subject, body } = data.observation;
    const kind = body.type === "log" || body.type === "metric" || body.type === "alert" ? body.type : ("note" as const);
    return [
      {
        id,
        at: body.type === "alert" ? body.starts_at : at,
        seen_at,
        until: body.type === "alert" ? body.ends_at : null,
        subject,
        kind,
        title: body.type === "metric" ? body.name : body.type === "alert" ? `${body.name} ${body.state}` : (data.text.split("\n")[0] ?? ""),
        points: body.type === "metric" ? body.points : [],
        unit: body.type === "metric" ? body.unit : "",
        patterns: body.type === "log" ? (body.patterns ?? []) : [],
      },
    ];
  });
}

/** The evidence of a case: its numbers, what it is about, and which piece is chosen or pointed at anywhere on the screen. */
export function useCaseEvidence(cluster: ClusterId, state: CaseState, chosen: ObservationId | null, setChosen: (id: ObservationId | null) => void, time: Time | null, byKnown: boolean): CaseEvidence {
  const host = useHost();
  const [pointed, point] = useState<ObservationId | null>(null);
  const { numbers } = state;
  const ids = useMemo(() => [...numbers.keys()], [numbers]);

  const known = useQueries({
    queries: ids.slice(0, AHEAD).map((id) => ({
      queryKey: ["observation_get", { cluster, id }],
      queryFn: () => host.call("observation_get", { cluster, id }),
    })),
    combine,
  });

  const byObject = useMemo(() => {
    const map = new Map<string, ObservationId[]>();
    const add = (key: string, id: ObservationId) => {
      const list = map.get(key) ?? [];
      if (!list.includes(id)) map.set(key, [...list, id]);
    };
    for (const incident of state.opened?.incidents ?? []) for (const signal of incident.signals) for (const id of signal.evidence) add(objectKey(signal.subject), id);
    for (const { id, subject } of known) if (subject) add(objectKey(subject), id);
    return map;
  }, [state.opened, known]);

  const choose = useCallback((id: ObservationId) => setChosen(chosen === id ? null : id), [chosen, setChosen]);
  const cited = useMemo(() => new Set(ids), [ids]);
  const later = useMemo(() => new Set(known.filter((one) => isLater(one, time, byKnown)).map(({ id }) => id)), [known, time, byKnown]);
  const laterWords = byKnown ? "not known at the shown time" : "it had not happened at the shown time";
  const value = useMemo(() => ({ cluster, numbers, chosen, pointed, choose, point, later, laterWords }), [cluster, numbers, chosen, pointed, choose, later, laterWords]);
  return { value, cited, byObject, learnt: known };
}
