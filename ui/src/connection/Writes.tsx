import { useState } from "react";
import { Lock } from "../fleet/badges";
import { useAct, useAnswer } from "../ipc";
import { At, Button, Inline } from "../kit";
import { testids } from "../testids";
import type { ClusterRow, WritesView } from "../wire/wire";

/** Whether anything may be changed at a cluster. Off until somebody allows it here; every change still waits for its own approval. */
export function WritesPart({ row }: { row: ClusterRow }) {
  const writes = useAnswer("writes_get", { cluster: row.id });
  if (row.kind === "recorded") return null;
  if (writes.error)
    return (
      <section aria-label="Changes">
        <h2 className="label">Changes</h2>
        <Inline failure={writes.error} />
      </section>
    );
  if (!writes.data) return null;
  return <Switch key={`${writes.data.enabled}`} view={writes.data} />;
}

function Switch({ view }: { view: WritesView }) {
  const [asking, setAsking] = useState(false);
  const [typed, setTyped] = useState("");
  const set = useAct("writes_set");
  const put = (enabled: boolean, try_first = view.try_first) => void set.run({ cluster: view.cluster, enabled, try_first, typed: typed.trim() });
  const cannotConfirm = set.busy ? "it is being set" : view.production && typed.trim() !== view.name ? `type ${view.name} first` : null;
  return (
    <section aria-label="Changes" data-testid={testids.writes} data-enabled={view.enabled}>
      <h2 className="label">Changes</h2>
      <p className="writes-state">
        <Lock open={view.enabled} /> {view.enabled ? <strong>Changes are allowed.</strong> : <>Read-only: nothing can be changed from here.</>}
        {view.set ? (
          <span className="small faint">
            {" "}
            Set by {view.set.by} at <At time={view.set.at} />.
          </span>
        ) : null}
      </p>
      {view.never ? (
        <p className="small faint">{view.never}</p>
      ) : view.enabled ? (
        <>
          <label className="writes-try small">
            <input type="checkbox" checked={view.try_first} onChange={(e) => put(true, e.target.checked)} /> Try every change at the cluster (a dry run) before it is shown
          </label>
          <Button testid={testids.writesSwitch} onClick={() => put(false)} cannot={set.busy ? "it is being set" : null}>
            Make it read-only
          </Button>
        </>
      ) : !asking ? (
        <Button testid={testids.writesSwitch} onClick={() => setAsking(true)}>
          Allow changes…
        </Button>
      ) : (
        <form
          className="writes-ask"
          onSubmit={(e) => {
            e.preventDefault();
            if (!cannotConfirm) put(true);
          }}
          onKeyDown={(e) => {
            if (e.key === "Escape") setAsking(false);
          }}
        >
          <p className="small soft">
            Investigations may then propose changes to <span className="mono name">{view.name}</span>. Each is shown with its difference and waits for your approval.
            {view.production ? " It looks like production: type its name." : ""}
          </p>
          {view.production ? <input className="field mono" autoFocus data-testid={testids.writesTyped} aria-label={`Type ${view.name} to allow changes`} placeholder={view.name} value={typed} onChange={(e) => setTyped(e.target.value)} /> : null}
          <div className="trust-acts">
            <Button tone="strong" type="submit" testid={testids.writesConfirm} cannot={cannotConfirm}>
              Allow changes
            </Button>
            <Button tone="quiet" hint="Esc" onClick={() => setAsking(false)}>
              Leave it read-only
            </Button>
          </div>
        </form>
      )}
      {set.failed ? <Inline failure={set.failed} dismiss={set.dismiss} /> : null}
    </section>
  );
}
