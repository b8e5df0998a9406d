import { useMemo } from "react";
import { useAnswers } from "../ipc";
import { useEvidence } from "../kit";
import { homeOf, objectKey } from "../kit/format";
import type { ClusterId, ObjectRef, ObservationView, Time } from "../wire/wire";

/** So many numbered observations are looked at; a case looks up as many ahead, so these are mostly there already. */
const MOST = 60;

/** Logs and metrics of an object that were learnt by calls until a time; those of a workload's pods are its own. */
export function usePieces(cluster: ClusterId, object: ObjectRef, at: Time | null): ObservationView[] {
  const evidence = useEvidence();
  const ids = useMemo(() => [...(evidence?.numbers.keys() ?? [])].slice(0, MOST), [evidence?.numbers]);
  const answers = useAnswers("observation_get", ids.map((id) => ({ cluster, id })));
  const key = objectKey(object);
  const keys = new Set([key]);
  return answers.flatMap(({ data }) => {
    if (!data) return [];
    const { subject, body, seen_at } = data.observation;
    const isHere = subject !== null && homeOf(subject, keys) === key && (at === null || seen_at <= at);
    return isHere && (body.type === "log" || body.type === "metric") ? [data] : [];
  });
}
