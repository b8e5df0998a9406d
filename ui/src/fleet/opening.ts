import { useCallback, useState } from "react";
import { useCommand } from "../ipc";
import { CommandFailed } from "../platform/host";
import type { ClusterId } from "../wire/wire";

export interface Opening {
  /** Opens every one at the same time; one that fails holds up none. */
  open: (ids: readonly ClusterId[]) => Promise<void>;
  close: (ids: readonly ClusterId[]) => Promise<void>;
  /** Logs in and connects anew. */
  renew: (ids: readonly ClusterId[]) => Promise<void>;
  /** Those whose answer is on its way. */
  busy: ReadonlySet<ClusterId>;
  failed: ReadonlyMap<ClusterId, CommandFailed>;
}

/** Opens and closes clusters, many at once. */
export function useOpening(): Opening {
  const command = useCommand();
  const [busy, setBusy] = useState<ReadonlySet<ClusterId>>(new Set());
  const [failed, setFailed] = useState<ReadonlyMap<ClusterId, CommandFailed>>(new Map());
  const each = useCallback(
    async (name: "cluster_open" | "cluster_close" | "cluster_renew", ids: readonly ClusterId[]) => {
      setBusy((was) => new Set([...was, ...ids]));
      setFailed((was) => new Map([...was].filter(([id]) => !ids.includes(id))));
      await Promise.all(
        ids.map(async (cluster) => {
          try {
            await command(name, { cluster });
          } catch (thrown) {
            setFailed((was) => new Map(was).set(cluster, CommandFailed.from(thrown)));
          } finally {
            setBusy((was) => new Set([...was].filter((id) => id !== cluster)));
          }
        }),
      );
    },
    [command],
  );
  const open = useCallback((ids: readonly ClusterId[]) => each("cluster_open", ids), [each]);
  const close = useCallback((ids: readonly ClusterId[]) => each("cluster_close", ids), [each]);
  const renew = useCallback((ids: readonly ClusterId[]) => each("cluster_renew", ids), [each]);
  return { open, close, renew, busy, failed };
}
