import type { ClusterPhase } from "../wire/wire";

const words: Record<ClusterPhase, string> = {
  closed: "closed",
  connecting: "connecting",
  awaiting_trust: "waits for your trust",
  logging_in: "logging in",
  live: "live",
  degraded: "partly live",
  logged_out: "login needed",
  unreachable: "unreachable",
  failed: "failed",
  recorded: "recorded",
};
export const phaseName = (phase: ClusterPhase): string => words[phase];

/** The state of a connection by shape: ring, turning ring, disc, half disc, cross, film. */
export function PhaseMark({ phase }: { phase: ClusterPhase }) {
  return (
    <svg className={`phase phase-${phase}`} viewBox="0 0 12 12" width="10" height="10" role="img" aria-label={words[phase]}>
      <title>{words[phase]}</title>
      {phase === "closed" ? <circle cx="6" cy="6" r="4" fill="none" /> : null}
      {phase === "connecting" ? <path d="M6 2a4 4 0 1 1-4 4" fill="none" /> : null}
      {phase === "live" ? <circle cx="6" cy="6" r="4.5" className="filled" /> : null}
      {phase === "degraded" ? (
        <>
          <circle cx="6" cy="6" r="4" fill="none" />
          <path d="M6 2a4 4 0 0 0 0 8Z" className="filled" />
        </>
      ) : null}
      {phase === "failed" ? <path d="m2.5 2.5 7 7M9.5 2.5l-7 7" fill="none" /> : null}
      {phase === "recorded" ? <path d="M2 2h8v8H2ZM4.5 2v8M7.5 2v8" fill="none" /> : null}
    </svg>
  );
}

export const isOpen = (phase: ClusterPhase): boolean => phase !== "closed" && phase !== "failed";
