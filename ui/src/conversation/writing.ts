import { useEffect, useState } from "react";
import { useHost } from "../ipc";
import type { CaseId, Update } from "../wire/wire";

/** An answer of a model as far as it is written. The case's own fact takes its place when it is whole. */
export interface Writing {
  speaker: string;
  turn: number;
  text: string;
}

/** What is known of the answer after an update. A piece that does not follow what is known (one was missed) is left out. */
export function heard(before: Writing | null, update: Update, caseId: CaseId): Writing | null {
  if (update.type !== "answering" || update.case !== caseId) return before;
  const { speaker, turn, from, text } = update;
  if (from === 0) return { speaker, turn, text };
  const goesOn = before !== null && before.speaker === speaker && before.turn === turn && before.text.length === from;
  return goesOn ? { speaker, turn, text: before.text + text } : before;
}

/** The answer that is written now, until a fact of the case (its newest is `lastSeq`) says more. */
export function useWriting(caseId: CaseId, lastSeq: number): Writing | null {
  const host = useHost();
  const [writing, setWriting] = useState<Writing | null>(null);
  useEffect(() => host.subscribe((update) => setWriting((before) => heard(before, update, caseId))), [host, caseId]);
  useEffect(() => setWriting(null), [caseId, lastSeq]);
  return writing;
}
