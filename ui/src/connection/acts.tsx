import { useKeys } from "../app/keys";
import { isConnected, isOpen } from "../fleet/phase";
import { useAct } from "../ipc";
import { Button, Inline } from "../kit";
import { testids } from "../testids";
import type { ClusterRow } from "../wire/wire";

/** What can be done about a connection: open it, log in anew, connect anew, close it. Always at the same place. */
export function ConnectionActs({ row }: { row: ClusterRow }) {
  const open = useAct("cluster_open");
  const renew = useAct("cluster_renew");
  const close = useAct("cluster_close");
  const { phase } = row.state;
  const busy = open.busy ? "it is being opened" : renew.busy ? "it logs in" : close.busy ? "it is being closed" : null;
  const failed = open.failed ?? renew.failed ?? close.failed;
  const asks = phase === "logged_out";
  const cannotRenew = phase === "awaiting_trust" ? "its plugin is not trusted yet" : phase === "logging_in" ? "it is logging in" : busy;
  const again = asks ? "Renew login" : "Reconnect";
  const doOpen = () => void open.run({ cluster: row.id });
  const doRenew = () => void renew.run({ cluster: row.id });
  useKeys(
    phase === "closed"
      ? [{ keys: "o", title: "Open the cluster", group: "Connection", run: doOpen, cannot: busy }]
      : isConnected(phase)
        ? [{ keys: "shift+c", title: `${again}: log in and start every watch anew`, group: "Connection", run: doRenew, cannot: cannotRenew }]
        : [],
  );
  if (phase === "recorded") return null;
  return (
    <div className="connection-acts">
      {phase === "closed" ? (
        <Button tone="strong" hint="O" testid={testids.connectionOpen} onClick={doOpen} cannot={busy}>
          {open.busy ? "Opening…" : "Open"}
        </Button>
      ) : (
        <>
          <Button tone={asks ? "decide" : isOpen(phase) ? "plain" : "strong"} hint="⇧C" testid={testids.connectionRenew} onClick={doRenew} cannot={cannotRenew} title="Log in and start every watch anew; what is shown stays">
            {renew.busy ? "Connecting…" : again}
          </Button>
          <Button testid={testids.connectionClose} onClick={() => void close.run({ cluster: row.id })} cannot={busy}>
            Close
          </Button>
        </>
      )}
      {failed ? <Inline failure={failed} dismiss={() => (open.dismiss(), renew.dismiss(), close.dismiss())} /> : null}
    </div>
  );
}
