import { Button, Inline } from "../kit";
import { testids } from "../testids";
import type { ClusterRow } from "../wire/wire";
import { openLast } from "./lastOpen";
import { useOpening } from "./opening";

/** Offers to open what was open last; nothing where that is in no kubeconfig any more. */
export function OpenAgain({ rows }: { rows: readonly ClusterRow[] }) {
  const { open, busy, failed } = useOpening();
  const last = openLast().flatMap((id) => rows.find((row) => row.id === id && row.state.phase === "closed") ?? []);
  const [failure] = failed.values();
  if (last.length === 0) return null;
  const names = last.slice(0, 3).map((row) => row.name);
  return (
    <div className="open-again">
      <Button tone="strong" testid={testids.openAgain} onClick={() => void open(last.map((row) => row.id))} cannot={busy.size > 0 ? "they are being opened" : null} title={last.map((row) => row.name).join(", ")}>
        Open again {names.join(", ")}
        {last.length > names.length ? ` and ${last.length - names.length} more` : ""}
      </Button>
      {failure ? <Inline failure={failure} /> : null}
    </div>
  );
}
