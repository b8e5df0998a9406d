import { clockOf, countOf, dayOf, spanOf } from "../kit/format";
import type { ClusterRow, ClusterState, Time } from "../wire/wire";
import { isStopped } from "./phase";

/** Data older than this is said to be old: a live watch hears a bookmark about every minute. */
export const OLD_MICROS = 90e6;

/** A server that answers has done so by then. */
const SLOW_MICROS = 4e6;

/** What keeps a cluster from living, by the code of its trouble: told apart, since each asks for something else. */
export const troubles: Record<string, string> = {
  network: "no answer",
  proxy: "the proxy refuses",
  tls: "certificate not trusted",
  refused: "may not look",
  busy: "asked to wait",
  server: "server error",
  kubeconfig: "kubeconfig is wrong",
  missing: "no such API",
  gone: "gone",
};

export interface Saying {
  text: string;
  /** `asks`: nothing goes on before a person acts. */
  tone: "quiet" | "plain" | "old" | "trouble" | "asks";
}

/** How many of the watches have heard everything there is, of those that can. */
export function listed(state: ClusterState): { done: number; of: number } {
  const can = state.watches.filter((w) => w.phase !== "refused" && w.phase !== "not served");
  return { done: can.filter((w) => w.phase === "live" || w.phase === "listing again").length, of: can.length };
}

/** How old what is shown is; null where nothing is shown or its age says nothing. */
export function ageOf(state: ClusterState, now: Time): number | null {
  if (state.last_seen_at === null || state.phase === "closed" || state.phase === "recorded") return null;
  return Math.max(0, now - state.last_seen_at);
}

/** Something of it can be shown: what was seen stays shown when the connection is lost. */
export const canLook = (state: ClusterState): boolean =>
  state.phase !== "closed" && (!isStopped(state.phase) || state.last_seen_at !== null);

/** How a cluster stands, in few words. */
export function saying(row: ClusterRow, now: Time): Saying {
  const { state } = row;
  const age = ageOf(state, now);
  const seen = age === null ? "" : age < 2e6 ? "seen just now" : `seen ${spanOf(age)} ago`;
  switch (state.phase) {
    case "closed":
      return { text: "closed", tone: "quiet" };
    case "connecting": {
      const { done, of } = listed(state);
      const waits = state.since === null ? 0 : now - state.since;
      return { text: of > 0 ? `listing, ${done} of ${of} kinds` : waits > SLOW_MICROS ? `connecting for ${spanOf(waits)}` : "connecting", tone: "plain" };
    }
    case "live":
      return { text: seen || "live", tone: age !== null && age > OLD_MICROS ? "old" : "plain" };
    case "degraded": {
      const failed = state.watches.filter((w) => w.phase === "failed").length;
      return { text: [failed > 0 ? `${countOf(failed, "watch", "watches")} broken off` : "partly live", seen].filter(Boolean).join(", "), tone: "old" };
    }
    case "awaiting_trust":
      return { text: "waits for your trust", tone: "asks" };
    case "logging_in":
      return { text: "logging in", tone: "plain" };
    case "logged_out":
      return { text: age === null ? "login needed" : `login needed, last ${seen}`, tone: "asks" };
    case "unreachable":
    case "failed":
      return { text: age === null ? (troubles[state.trouble ?? ""] ?? "could not connect") : `lost, last ${seen}`, tone: "trouble" };
    case "recorded":
      return { text: state.span ? `recorded until ${dayOf(state.span[1])} ${clockOf(state.span[1])}` : "recorded", tone: "quiet" };
  }
}

/** What is wrong with a cluster that a person should read, and what to do about it. */
export function troubleOf(row: ClusterRow): { text: string; hint: string } | null {
  const { state } = row;
  if (isStopped(state.phase) || state.phase === "degraded") return { text: state.message, hint: state.hint };
  if (state.unkept) return { text: `History is not written to the disk. ${state.unkept}`, hint: "" };
  const problem = row.problems[0];
  return problem ? { text: `${problem.what}: ${problem.why}`, hint: problem.hint } : null;
}
