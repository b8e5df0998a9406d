import { troubles } from "../fleet/words";
import { countOf } from "../kit/format";
import type { ClusterRow, LoginKind, WatchRow } from "../wire/wire";

/** `asks`: it stands still until a person acts; `stopped`: it stands still all the same. */
export type Mark = "done" | "now" | "asks" | "stopped" | "ahead" | "partly";
export interface Step {
  name: string;
  mark: Mark;
  /** How it went, in few words. */
  text: string;
}

export interface Counts {
  live: number;
  listing: number;
  failed: number;
  refused: number;
  absent: number;
  all: number;
}
export function countsOf(watches: readonly WatchRow[]): Counts {
  const of = (phase: string) => watches.filter((w) => w.phase === phase).length;
  return { live: of("live"), listing: of("listing") + of("listing again"), failed: of("failed"), refused: of("refused"), absent: of("not served"), all: watches.length };
}

export const loginNames: Record<LoginKind, string> = {
  client_certificate: "client certificate",
  token: "token",
  token_file: "token from a file",
  basic: "user and password",
  exec: "credential plugin",
  auth_provider: "auth provider, no longer supported",
  none: "none: anonymous",
};

/** The way from a kubeconfig to watches that live, and how far this connection is on it. */
export function stepsOf(cluster: ClusterRow): Step[] {
  const { state } = cluster;
  const { phase } = state;
  const counts = countsOf(state.watches);
  const reached = phase === "live" || phase === "degraded" || counts.live > 0;
  const host = cluster.server.replace(/^https?:\/\//, "");
  const plugin = cluster.exec ? (cluster.exec.command.split("/").at(-1) ?? "") : "";

  const trust: Step = !plugin
    ? { name: "Trust", mark: phase === "closed" ? "ahead" : "done", text: "runs no program" }
    : phase === "awaiting_trust"
      ? { name: "Trust", mark: "asks", text: `may \`${plugin}\` run?` }
      : { name: "Trust", mark: phase === "closed" ? "ahead" : "done", text: phase === "closed" ? `asks for \`${plugin}\` once` : `\`${plugin}\` may run` };

  const login: Step = { name: "Login", mark: "ahead", text: loginNames[cluster.login] };
  if (phase === "logging_in") Object.assign(login, { mark: "now", text: "waits for the plugin" });
  else if (phase === "logged_out") Object.assign(login, { mark: "asks", text: "refused or expired" });
  else if (reached || phase === "connecting") login.mark = reached ? "done" : "now";
  else if (phase === "failed" || phase === "unreachable") login.mark = state.last_seen_at === null ? "ahead" : "done";

  const reach: Step = { name: "Reach", mark: "ahead", text: host };
  const answered = state.trouble === "refused" || state.trouble === "busy" || state.trouble === "server" || state.trouble === "missing";
  if (phase === "unreachable" || (phase === "failed" && !answered)) Object.assign(reach, { mark: "stopped", text: troubles[state.trouble ?? ""] ?? "no answer" });
  else if (phase === "failed") Object.assign(reach, { mark: "done", text: host });
  else if (reached) Object.assign(reach, { mark: "done", text: state.server_version ? `Kubernetes ${state.server_version}` : host });
  else if (phase === "connecting") reach.mark = counts.all > 0 ? "done" : "now";
  if (phase === "connecting" && counts.all > 0) login.mark = "done";

  const kinds = (of: readonly WatchRow[]) => new Set(of.map((watch) => watch.kind));
  const able = state.watches.filter((w) => w.phase !== "refused" && w.phase !== "not served");
  const can = kinds(able);
  const waits = kinds(able.filter((w) => w.phase !== "live" && !w.listed));
  const heard = [...can].filter((kind) => !waits.has(kind)).length;
  const list: Step = { name: "List", mark: "ahead", text: "" };
  if (counts.listing > 0) Object.assign(list, { mark: "now", text: `${heard} of ${countOf(can.size, "kind")}` });
  else if (counts.all > 0) Object.assign(list, { mark: heard === 0 ? "ahead" : "done", text: heard === 0 ? "" : countOf(heard, "kind") });

  const follow: Step = { name: "Follow", mark: "ahead", text: "" };
  if (counts.live > 0) {
    const missing = [counts.failed > 0 ? `${counts.failed} broken off` : "", counts.refused > 0 ? `${counts.refused} refused` : ""].filter(Boolean);
    Object.assign(follow, { mark: counts.failed > 0 ? "partly" : "done", text: [`${counts.live} live`, ...missing].join(", ") });
  } else if (counts.failed > 0) Object.assign(follow, { mark: "stopped", text: `${counts.failed} broken off` });
  if (phase === "failed" && answered && counts.live === 0) Object.assign(list, { mark: "stopped", text: troubles[state.trouble ?? ""] ?? "" });
  return [trust, login, reach, list, follow];
}
