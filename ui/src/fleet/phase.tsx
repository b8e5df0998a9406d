import type { ClusterPhase } from "../wire/wire";

export type Phase = ClusterPhase;

const words: Record<Phase, string> = {
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
export const phaseName = (phase: Phase): string => words[phase];

/** The same for where there is little room. */
const shorter: Partial<Record<Phase, string>> = { awaiting_trust: "trust?", logging_in: "login…", logged_out: "login?", unreachable: "no answer" };
const causes: Record<string, string> = { tls: "certificate", proxy: "proxy", refused: "refused", busy: "busy", server: "error" };
export const shortPhase = (phase: Phase, trouble: string | null): string => (isStopped(phase) ? causes[trouble ?? ""] : undefined) ?? shorter[phase] ?? words[phase];

/** How the phases look: ring, turning ring, disc, half disc, key, cross, film. Shape tells them apart, colour helps. */
type Shape = "ring" | "turning" | "disc" | "half" | "asks" | "cross" | "film";
const shapes: Record<Phase, Shape> = {
  closed: "ring",
  connecting: "turning",
  awaiting_trust: "asks",
  logging_in: "turning",
  live: "disc",
  degraded: "half",
  logged_out: "asks",
  unreachable: "cross",
  failed: "cross",
  recorded: "film",
};

export function PhaseMark({ phase }: { phase: Phase }) {
  const shape = shapes[phase];
  return (
    <svg className={`phase phase-${shape}`} viewBox="0 0 12 12" width="10" height="10" role="img" aria-label={words[phase]}>
      <title>{words[phase]}</title>
      {shape === "ring" ? <circle cx="6" cy="6" r="4" fill="none" /> : null}
      {shape === "turning" ? <path d="M6 2a4 4 0 1 1-4 4" fill="none" /> : null}
      {shape === "disc" ? <circle cx="6" cy="6" r="4.5" className="filled" /> : null}
      {shape === "half" ? (
        <>
          <circle cx="6" cy="6" r="4" fill="none" />
          <path d="M6 2a4 4 0 0 0 0 8Z" className="filled" />
        </>
      ) : null}
      {shape === "asks" ? <path d="M6 1 11 6 6 11 1 6Z" className="filled" /> : null}
      {shape === "cross" ? <path d="m2.5 2.5 7 7M9.5 2.5l-7 7" fill="none" /> : null}
      {shape === "film" ? <path d="M2 2h8v8H2ZM4.5 2v8M7.5 2v8" fill="none" /> : null}
    </svg>
  );
}

/** It has a connection, working or not: it can be closed, and "again" means anew. */
export const isConnected = (phase: Phase): boolean => phase !== "closed" && phase !== "recorded";

/** It stopped before anything was seen, or a person has to act first. */
export const isStopped = (phase: Phase): boolean => phase === "failed" || phase === "unreachable" || phase === "logged_out" || phase === "awaiting_trust";

/** Something of it can be looked at now. */
export const isOpen = (phase: Phase): boolean => phase !== "closed" && !isStopped(phase);
