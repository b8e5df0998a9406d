import { Button, countOf, Kbd } from "../kit";
import { testids } from "../testids";
import type { ClusterId, ClusterRow } from "../wire/wire";
import { isConnected, isOpen } from "./phase";

/** What can be done with the chosen clusters; with none chosen, which keys choose. It is always there, so that nothing moves. */
export function Chosen({ picked, hidden, asks, clear, open, close }: { picked: readonly ClusterRow[]; hidden: number; asks: boolean; clear: () => void; open: () => void; close: (ids: ClusterId[]) => void }) {
  const shut = picked.filter((row) => !isOpen(row.state.phase) && row.state.phase !== "awaiting_trust");
  const opened = picked.filter((row) => isConnected(row.state.phase));
  return (
    <footer className="fleet-foot" data-testid={testids.fleetChosen} data-count={picked.length}>
      {picked.length === 0 ? (
        <p className="small faint fleet-keys">
          <span>
            <Kbd>↑</Kbd> <Kbd>↓</Kbd> move
          </span>
          <span>
            <Kbd>Space</Kbd> choose
          </span>
          <span>
            <Kbd>↵</Kbd> open
          </span>
          <span>Nothing is contacted before it is opened.</span>
        </p>
      ) : (
        <>
          <span role="status">
            {countOf(picked.length, "cluster")} chosen{hidden > 0 ? <span className="fleet-hidden">, {hidden} not shown by this search</span> : null}
          </span>
          <Button tone={asks ? "decide" : "strong"} hint="↵" testid={testids.fleetOpenChosen} onClick={open} cannot={shut.length === 0 ? "all of them are open" : null}>
            {asks ? `Yes, contact all ${shut.length}` : `Open ${shut.length}`}
          </Button>
          <Button testid={testids.fleetCloseChosen} onClick={() => close(opened.map((row) => row.id))} cannot={opened.length === 0 ? "none of them is open" : null}>
            Close {opened.length}
          </Button>
          <Button tone="quiet" hint="Esc" onClick={clear}>
            Choose none
          </Button>
        </>
      )}
    </footer>
  );
}
