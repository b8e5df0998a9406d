import type { ClusterRow } from "../wire/wire";
import { looksLikeProduction } from "./production";
import "./fleet.css";

/** What a person must know of a cluster before touching it: each a word or a shape, never a colour alone. */
export function Badges({ row }: { row: ClusterRow }) {
  return (
    <span className="badges">
      <Production name={row.name} />
      {row.kind === "kubeconfig" ? <Lock /> : null}
    </span>
  );
}

export function Production({ name, short = false }: { name: string; short?: boolean }) {
  if (!looksLikeProduction(name)) return null;
  return (
    <span className="production" title="By its name, people depend on this cluster">
      {short ? "P" : "PROD"}
    </span>
  );
}

/** Whether the program may change anything there. */
export function Lock() {
  return (
    <span className="lock" title="Read-only: nothing is written to this cluster">
      <svg viewBox="0 0 12 12" width="11" height="11" role="img" aria-label="read-only">
        <path d="M3 5.5h6V10H3ZM4.2 5.5V4a1.8 1.8 0 0 1 3.6 0v1.5" />
      </svg>
    </span>
  );
}
