import type { Evidence } from "../kit/chip";
import { ObservationPane } from "./ObservationPane";
import "./inspector.css";

/** The chosen observation, shown in place where there is no inspector. */
export function Peek({ evidence }: { evidence: Evidence }) {
  if (!evidence.chosen) return null;
  return (
    <aside className="peek" aria-label="Evidence">
      <ObservationPane cluster={evidence.cluster} id={evidence.chosen} number={evidence.numbers.get(evidence.chosen) ?? null} />
    </aside>
  );
}
