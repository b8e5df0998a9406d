import { useMemo } from "react";
import { useAnswers } from "../ipc";
import { isLater, useEvidence, useKnown } from "../kit";
import { homeOf, objectKey } from "../kit/format";
import type { ClusterId, ObjectRef, ObservationView, Time } from "../wire/wire";

/** So many numbered observations are looked at; a case looks up as many ahead, so these are mostly there already. */
const MOST = 60;

/** Logs and metrics of an object that calls read and that are of a time, or were known by then; those of a workload's pods are its own. */
export function usePieces(cluster: ClusterId, object: ObjectRef, at: Time | null): ObservationView[] {
  const evidence = useEvidence();
  const known = useKnown();
  const ids = useMemo(() => [...(evidence?.numbers.keys() ?? [])].slice(0, MOST), [evidence?.numbers]);
  const answers = useAnswers("observation_get", ids.map((id) => ({ cluster, id })));
  const key = objectKey(object);
  const keys = new Set([key]);
  return answers.flatMap(({ data }) => {
    if (!data) return [];
    const { subject, body } = data.observation;
    const isHere = subject !== null && homeOf(subject, keys) === key && !isLater(data.observation, at, known);
    return isHere && (body.type === "log" || body.type === "metric") ? [data] : [];
  });
}
