import type { BackEndRow, FollowRow, Update } from "../wire/wire";
import type { Acts } from "./recorded";

/** Back ends and followed logs of a recording: one of each is there, one can be configured. */
export function backEndActs(publish: (update: Update) => void): Acts {
  const begun = Date.now() * 1000;
  let rows: BackEndRow[] = [
    { kind: "prometheus", name: "Prometheus", at: { through: "service", namespace: "monitoring", name: "prometheus-server", port: 80, https: false, path: "" }, configured: false, headers: [], words: "Found among the cluster's Services.", hint: "", answered_at: begun - 20e6, trouble: null },
    { kind: "loki", name: "Loki", at: null, configured: false, headers: [], words: "Not found among the cluster's Services.", hint: "Set where it is asked, or go on without stored logs.", answered_at: null, trouble: null },
    { kind: "alertmanager", name: "Alertmanager", at: { through: "address", url: "http://127.0.0.1:9093", ca_file: null }, configured: true, headers: [], words: "Configured.", hint: "Look whether it runs, or set another place.", answered_at: null, trouble: "It does not answer: the connection was refused." },
  ];
  let follow: FollowRow = { id: 1, namespace: "shop", pod: "cart-7d9f6c5b48-2xk8p", container: "cart", since: begun, lines: 0, heard_at: begun, trouble: null, ended: null };
  const change = (next: BackEndRow[]) => {
    rows = next;
    publish({ type: "clusters_changed" });
    return rows;
  };
  return {
    back_ends_list: () => rows,
    back_end_put: ({ kind, at, headers }) => change(rows.map((row) => (row.kind === kind ? { ...row, at, headers, configured: true, words: "Configured.", hint: "", trouble: null } : row))),
    back_end_remove: ({ kind }) => change(rows.map((row) => (row.kind === kind ? { ...row, at: null, headers: [], configured: false, words: "Not found among the cluster's Services." } : row))),
    back_end_try: ({ kind }) => change(rows.map((row) => (row.kind === kind ? { ...row, answered_at: Date.now() * 1000, trouble: null } : row))),
    follows_list: () => [follow],
    follow_read: ({ after }) => {
      const count = Math.floor((Date.now() * 1000 - begun) / 4e5);
      const lines = Array.from({ length: Math.max(0, Math.min(count - after, 500)) }, (_, i) => `level=info msg="basket written" n=${after + i} token=[redacted: token]`);
      follow = { ...follow, lines: count };
      return { follow, lines, next: after + lines.length, missed: 0 };
    },
    follow_stop: () => {
      follow = { ...follow, ended: "by the engineer" };
      publish({ type: "clusters_changed" });
      return [follow];
    },
  };
}
