import { Words } from "../kit/words";
import { testids } from "../testids";
import type { ClusterRow } from "../wire/wire";
import { type Mark, stepsOf } from "./steps";

const said: Record<Mark, string> = { done: "done", now: "going on", asks: "waits for you", stopped: "stopped here", ahead: "not yet", partly: "partly" };
const shapes: Record<Mark, string> = {
  done: "m3 6.5 2 2 4-5",
  now: "M6 2a4 4 0 1 1-4 4",
  asks: "M6 1.5 10.5 6 6 10.5 1.5 6Z",
  stopped: "m3 3 6 6M9 3l-6 6",
  ahead: "M6 6h.01",
  partly: "m3 6.5 2 2 4-5",
};

/** How far the connection came, step by step, and where it stands still. */
export function Steps({ row }: { row: ClusterRow }) {
  return (
    <ol className="steps" data-testid={testids.connectionSteps} aria-label="The way to a live connection">
      {stepsOf(row).map((step) => (
        <li key={step.name} className="step" data-mark={step.mark} data-step={step.name}>
          <svg viewBox="0 0 12 12" width="12" height="12" role="img" aria-label={said[step.mark]}>
            <path d={shapes[step.mark]} />
          </svg>
          <span className="step-name">{step.name}</span>
          <span className="step-text small">
            <Words text={step.text} />
          </span>
        </li>
      ))}
    </ol>
  );
}
