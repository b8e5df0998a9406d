import { keepPreviousData, QueryClient, type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
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

export interface Act<N extends CommandName> {
  run: (request: Request<N>) => Promise<Response<N> | null>;
  busy: boolean;
  failed: CommandFailed | null;
  dismiss: () => void;
}

/** A command that does something. A failure is kept to be shown where the action was taken; the promise is then null. */
export function useAct<N extends CommandName>(name: N): Act<N> {
  const host = useHost();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<CommandFailed | null>(null);
  const run = useCallback(
    async (request: Request<N>) => {
      setBusy(true);
      setFailed(null);
      try {
        const answer = await host.call(name, request);
        invalidate(client, staleAfterCommand(name, request));
        return answer;
      } catch (thrown) {
        const failure = CommandFailed.from(thrown);
        setFailed(failure);
        // What was shown may be what was refused: look again.
        if (failure.code === "changed") invalidate(client, staleAfterCommand(name, request));
        return null;
      } finally {
        setBusy(false);
      }
    },
    [host, client, name],
  );
  const dismiss = useCallback(() => setFailed(null), []);
  return { run, busy, failed, dismiss };
}

/** At most ten rounds of questions a second, however many updates come. */
const ROUND_MS = 120;

/** Listens to the core for as long as the window lives. */
export function useUpdates(): void {
  const host = useHost();
  const client = useQueryClient();
  useEffect(() => {
    let pending: Stale[] = [];
    let timer: ReturnType<typeof setTimeout> | null = null;
    const flush = () => {
      timer = null;
      const round = pending;
      pending = [];
      for (const stale of dedupe(round)) invalidate(client, stale);
    };
    const stop = host.subscribe((update) => {
      const stale = staleAfterUpdate(update);
      if (stale.length === 0) return;
      pending.push(...stale);
      timer ??= setTimeout(flush, pending.length === stale.length ? 0 : ROUND_MS);
    });
    return () => {
      stop();
      if (timer !== null) clearTimeout(timer);
    };
  }, [host, client]);
}

function dedupe(stale: Stale[]): Stale[] {
  const seen = new Map(stale.map((s) => [`${s.tag} ${s.cluster ?? ""} ${s.case ?? ""}`, s]));
  return [...seen.values()];
}

function invalidate(client: QueryClient, stale: Stale | Stale[]): void {
  for (const one of Array.isArray(stale) ? stale : [stale]) {
    void client.invalidateQueries({
      predicate: ({ queryKey }) => {
        const [name, request] = queryKey as [CommandName, { cluster?: string; case?: string }];
        const reads: readonly string[] = tags[name]?.reads ?? [];
        if (!reads.includes(one.tag)) return false;
        if (one.cluster && request.cluster && request.cluster !== one.cluster) return false;
        return !(one.case && request.case && request.case !== one.case);
      },
    });
  }
}
