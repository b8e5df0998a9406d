import type { CaseView, Incident } from "../../wire/wire";
import type { Recording } from "../recording";

/** A recording with as many incidents and cases as a bad year leaves behind, for looking at long lists. */
export function withRows(recording: Recording, count: number): Recording {
  const answers = recording.answers.map((answer) => {
    if (answer.name === "triage_get") {
      const { triage } = answer.response;
      return { ...answer, response: { ...answer.response, triage: { ...triage, incidents: many(triage.incidents, count, (one: Incident, i) => ({ ...one, id: `${one.id}.${i}`, started_at: one.started_at - i * 1e6 })) } } };
    }
    return answer;
  });
  const cases = many(recording.cases, count, (one: CaseView, i) => ({ ...one, case: i < recording.cases.length ? one.case : `${one.case}.${i}` }));
  return { ...recording, answers, cases };
}

/** The first few over and over, each a little different. */
function many<T>(some: readonly T[], count: number, next: (one: T, i: number) => T): T[] {
  if (some.length === 0) return [];
  return Array.from({ length: count }, (_, i) => next(some[i % some.length] as T, i));
}
