import type { ClusterRow } from "../wire/wire";
import "./fleet.css";

/** What a person must know of a cluster before touching it: each a word or a shape, never a colour alone. */
export function Badges({ row }: { row: ClusterRow }) {
  return (
    <span className="badges">
      <Production row={row} />
      {row.insecure ? <Insecure plain={row.server.startsWith("http://")} /> : null}
      {row.kind === "recorded" ? null : <Lock open={row.writes} />}
    </span>
  );
}

export function Production({ row, short = false }: { row: ClusterRow; short?: boolean }) {
  if (!row.production) return null;
  return (
    <span className="production" title="By its name, people depend on this cluster">
      {short ? "P" : "PROD"}
    </span>
  );
}

/** Whether the program may change anything there: a closed lock where it may not. */
export function Lock({ open = false }: { open?: boolean }) {
  return (
    <span className="lock" data-open={open} title={open ? "Changes are allowed; each waits for your approval" : "Read-only: nothing is written to this cluster"}>
      <svg viewBox="0 0 12 12" width="11" height="11" role="img" aria-label={open ? "changes allowed" : "read-only"}>
        <path d={open ? "M3 5.5h6V10H3ZM4.2 5.5V3.4a1.8 1.8 0 0 1 3.5-.6" : "M3 5.5h6V10H3ZM4.2 5.5V4a1.8 1.8 0 0 1 3.6 0v1.5"} />
      </svg>
    </span>
  );
}

function Insecure({ plain }: { plain: boolean }) {
  return (
    <span className="insecure" title={`${plain ? "Nothing is encrypted" : "The server's certificate is not checked"}: whoever stands between can read and change everything`}>
      {plain ? "not encrypted" : "not verified"}
    </span>
  );
}
