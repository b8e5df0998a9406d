import { keepPreviousData, QueryClient, type UseQueryResult, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useCallback, useContext, useEffect, useState } from "react";
import { CommandFailed, type CommandName, type Host, type Request, type Response } from "../platform/host";
import { tags } from "../wire/wire";
import { type Stale, staleAfterCommand, staleAfterUpdate } from "./stale";

const HostContext = createContext<Host | null>(null);
export const HostProvider = HostContext.Provider;

export function useHost(): Host {
  const host = useContext(HostContext);
  if (!host) throw new Error("A view was mounted outside of its host.");
  return host;
}

export function newQueryClient(): QueryClient {
  return new QueryClient({
    // Updates from the core say when an answer is stale; nothing is asked again on a hunch.
    defaultOptions: { queries: { staleTime: Infinity, gcTime: 120_000, retry: false, networkMode: "always", refetchOnWindowFocus: false } },
  });
}

export interface AskOptions {
  enabled?: boolean;
  /** Go on showing the answer to the last request while the new one is on its way (scrubbing). */
  keepLast?: boolean;
}

/** The answer to a read command, kept current by the updates. */
export function useAnswer<N extends CommandName>(
  name: N,
  request: Request<N>,
  options: AskOptions = {},
): UseQueryResult<Response<N>, CommandFailed> {
  const host = useHost();
  return useQuery<Response<N>, CommandFailed>({
    queryKey: [name, request],
    queryFn: () => host.call(name, request),
    enabled: options.enabled ?? true,
    ...(options.keepLast ? { placeholderData: keepPreviousData } : {}),
  });
}

/** The answers to one read command asked about several things, in the order of the requests. */
export function useAnswers<N extends CommandName>(name: N, requests: Request<N>[]): UseQueryResult<Response<N>, CommandFailed>[] {
  const host = useHost();
  return useQueries({
    queries: requests.map((request) => ({ queryKey: [name, request], queryFn: () => host.call(name, request) })),
  }) as UseQueryResult<Response<N>, CommandFailed>[];
}

export interface Act<N extends CommandName> {
  run: (request: Request<N>) => Promise<Response<N> | null>;
  busy: boolean;
  failed: CommandFailed | null;
  dismiss: () => void;
}

/** Calls commands that do something, and lets what they made stale be asked again. Throws [`CommandFailed`]. */
export function useCommand(): <N extends CommandName>(name: N, request: Request<N>) => Promise<Response<N>> {
  const host = useHost();
  const client = useQueryClient();
  return useCallback(
    async (name, request) => {
      try {
        const answer = await host.call(name, request);
        invalidate(client, staleAfterCommand(name, request));
        return answer;
      } catch (thrown) {
        const failure = CommandFailed.from(thrown);
        // What was shown may be what was refused: look again.
        if (failure.code === "changed") invalidate(client, staleAfterCommand(name, request));
        throw failure;
      }
    },
    [host, client],
  );
}

/** One command that does something. A failure is kept to be shown where the action was taken; the promise is then null. */
export function useAct<N extends CommandName>(name: N): Act<N> {
  const command = useCommand();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<CommandFailed | null>(null);
  const run = useCallback(
    async (request: Request<N>) => {
      setBusy(true);
      setFailed(null);
      try {
        return await command(name, request);
      } catch (thrown) {
        setFailed(CommandFailed.from(thrown));
        return null;
      } finally {
        setBusy(false);
      }
    },
    [command, name],
  );
  const dismiss = useCallback(() => setFailed(null), []);
  return { run, busy, failed, dismiss };
}

/** A case answers at once; a cluster in a storm is asked again once a second. */
const ROUND_MS = 120;
const CLUSTER_ROUND_MS = 1000;

/** Listens to the core for as long as the window lives. */
export function useUpdates(): void {
  const host = useHost();
  const client = useQueryClient();
  useEffect(() => {
    const rounds = new Map<string, { stale: Stale; timer: ReturnType<typeof setTimeout> }>();
    const lastRound = new Map<string, number>();
    const due = (stale: Stale, soonest: number) => {
      const key = `${stale.tag} ${stale.cluster ?? ""} ${stale.case ?? ""}`;
      if (rounds.has(key)) return;
      const pause = stale.tag === "cluster" || stale.tag === "clusters" ? CLUSTER_ROUND_MS : ROUND_MS;
      const wait = Math.max(soonest, (lastRound.get(key) ?? 0) + pause - performance.now(), 0);
      const timer = setTimeout(() => {
        rounds.delete(key);
        // An answer on its way may be older than this update: let it arrive, then ask once more.
        if (client.isFetching({ predicate: touches(stale) }) > 0) return due(stale, ROUND_MS);
        lastRound.set(key, performance.now());
        invalidate(client, stale);
      }, wait);
      rounds.set(key, { stale, timer });
    };
    const stop = host.subscribe((update) => {
      for (const stale of staleAfterUpdate(update)) due(stale, 0);
    });
    return () => {
      stop();
      for (const { timer } of rounds.values()) clearTimeout(timer);
    };
  }, [host, client]);
}

/** Which answers a stale tag concerns. What was asked about a moment in the past stays as it is. */
function touches(stale: Stale): (query: { queryKey: readonly unknown[] }) => boolean {
  return ({ queryKey }) => {
    const [name, request] = queryKey as [CommandName, { cluster?: string; case?: string; at?: number | null }];
    const reads: readonly string[] = tags[name]?.reads ?? [];
    if (!reads.includes(stale.tag)) return false;
    if (stale.tag === "cluster" && typeof request.at === "number") return false;
    if (stale.cluster && request.cluster && request.cluster !== stale.cluster) return false;
    return !(stale.case && request.case && request.case !== stale.case);
  };
}

function invalidate(client: QueryClient, stale: Stale | Stale[]): void {
  for (const one of Array.isArray(stale) ? stale : [stale]) void client.invalidateQueries({ predicate: touches(one) });
}
