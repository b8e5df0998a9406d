import { useState } from "react";
import { isOpen } from "../fleet/phase";
import { useAct, useAnswer } from "../ipc";
import { Ago, Button, Inline } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { BackEndHeader, BackEndRow, ClusterId, ClusterRow } from "../wire/wire";
import { placeOf, placeText } from "./place";

/** Where metrics, stored logs and alerts of a cluster are asked: found among its Services, configured, or neither. */
export function BackEnds({ row }: { row: ClusterRow }) {
  const shown = row.kind !== "recorded" && isOpen(row.state.phase);
  const rows = useAnswer("back_ends_list", { cluster: row.id }, { enabled: shown });
  if (!shown) return null;
  return (
    <section aria-label="Metrics, logs and alerts" data-testid={testids.backEnds}>
      <h2 className="label">Metrics, logs and alerts</h2>
      {rows.error ? <Inline failure={rows.error} /> : !rows.data ? <p className="small faint" role="status">Looking among the cluster's Services…</p> : null}
      <ul className="back-ends">
        {(rows.data ?? []).map((one) => (
          <BackEnd key={one.kind} cluster={row.id} row={one} />
        ))}
      </ul>
    </section>
  );
}

function BackEnd({ cluster, row }: { cluster: ClusterId; row: BackEndRow }) {
  const [editing, setEditing] = useState(false);
  const attempt = useAct("back_end_try");
  const remove = useAct("back_end_remove");
  const failed = attempt.failed ?? remove.failed;
  const busy = attempt.busy ? "it is being asked" : remove.busy ? "it is being set" : null;
  return (
    <li className="back-end" data-testid={testids.backEndRow} data-kind={row.kind} data-configured={row.configured}>
      <p>
        <strong>{row.name}</strong> {row.at ? <span className="mono small">{placeText(row.at)}</span> : null}
        {row.answered_at ? (
          <span className="small faint">
            {" "}
            answered <Ago time={row.answered_at} />
          </span>
        ) : null}
      </p>
      <p className="small soft">
        <Words text={row.trouble ?? row.words} /> <span className="faint"><Words text={row.hint} /></span>
      </p>
      {editing ? (
        <Editor cluster={cluster} row={row} close={() => setEditing(false)} />
      ) : (
        <p className="back-end-acts">
          {row.at ? (
            <Button className="small" tone="quiet" onClick={() => void attempt.run({ cluster, kind: row.kind })} cannot={busy}>
              {attempt.busy ? "Asking…" : "Ask it"}
            </Button>
          ) : null}
          <Button className="small" tone="quiet" testid={testids.backEndEdit} onClick={() => setEditing(true)}>
            {row.configured ? "Change…" : "Set…"}
          </Button>
          {row.configured ? (
            <Button className="small" tone="quiet" onClick={() => void remove.run({ cluster, kind: row.kind })} cannot={busy} title="Back to what is found among the cluster's Services">
              Use what is found
            </Button>
          ) : null}
        </p>
      )}
      {failed ? <Inline failure={failed} dismiss={() => (attempt.dismiss(), remove.dismiss())} /> : null}
    </li>
  );
}

type Source = BackEndHeader["from"]["source"];
const valueOf = (header: BackEndHeader | undefined): string =>
  header === undefined ? "" : header.from.source === "plain" ? header.from.value : header.from.source === "environment" ? header.from.variable : "";

function Editor({ cluster, row, close }: { cluster: ClusterId; row: BackEndRow; close: () => void }) {
  const kept = row.headers[0];
  const [text, setText] = useState(row.at ? placeText(row.at) : "");
  const [header, setHeader] = useState(kept?.name ?? "");
  const [source, setSource] = useState<Source>(kept?.from.source ?? "keyring");
  const [value, setValue] = useState(valueOf(kept));
  const [authorities, setAuthorities] = useState(row.at?.through === "address" ? (row.at.ca_file ?? "") : "");
  const put = useAct("back_end_put");
  const place = placeOf(text);
  const secure = !("wrong" in place) && place.through === "address" && place.url.startsWith("https:");
  const name = header.trim();
  // A secret that is in the keyring already need not be typed again.
  const needsValue = name !== "" && value === "" && !(source === "keyring" && kept?.name === name);
  const cannot = put.busy ? "it is being set" : "wrong" in place ? place.wrong : needsValue ? "the header has no value" : null;
  async function submit() {
    if (cannot || "wrong" in place) return;
    const from = source === "plain" ? { source, value } : source === "environment" ? { source, variable: value } : { source, entry: "" };
    const first: BackEndHeader[] = name ? [{ name, from }] : [];
    const secrets: [string, string][] = name && source === "keyring" && value ? [[name, value]] : [];
    const at = place.through === "address" ? { ...place, ca_file: secure && authorities.trim() ? authorities.trim() : null } : place;
    if (await put.run({ cluster, kind: row.kind, at, headers: [...first, ...row.headers.slice(1)], secrets })) close();
  }
  return (
    <form
      className="back-end-form"
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
      onKeyDown={(e) => {
        if (e.key === "Escape") close();
      }}
    >
      <input className="field mono" autoFocus data-testid={testids.backEndPlace} aria-label={`Where ${row.name} is asked`} placeholder="http://127.0.0.1:9090 or monitoring/prometheus:9090" value={text} onChange={(e) => setText(e.target.value)} />
      {secure ? (
        <input className="field mono" aria-label="A PEM file of its certificate authorities" placeholder="a PEM file of its authorities, where this machine does not trust it" value={authorities} onChange={(e) => setAuthorities(e.target.value)} />
      ) : null}
      <details open={kept !== undefined}>
        <summary className="small">A header with each question</summary>
        <div className="back-end-header">
          <input className="field mono" aria-label="Name of the header" placeholder="X-Scope-OrgID" value={header} onChange={(e) => setHeader(e.target.value)} />
          <select className="field" aria-label="Where its value is kept" value={source} onChange={(e) => setSource(e.target.value as Source)}>
            <option value="keyring">kept in the keyring</option>
            <option value="environment">from the environment</option>
            <option value="plain">plain, not a secret</option>
          </select>
          <input className="field mono" type={source === "keyring" ? "password" : "text"} autoComplete="off" aria-label={source === "environment" ? "Name of the variable" : "Its value"} placeholder={source === "environment" ? "METRICS_TOKEN" : source === "keyring" && kept ? "as it is in the keyring" : "value"} value={value} onChange={(e) => setValue(e.target.value)} />
        </div>
      </details>
      <p className="back-end-acts">
        <Button className="small" type="submit" testid={testids.backEndSave} cannot={cannot}>
          Set
        </Button>
        <Button className="small" tone="quiet" hint="Esc" onClick={close}>
          Cancel
        </Button>
      </p>
      {put.failed ? <Inline failure={put.failed} dismiss={put.dismiss} /> : null}
    </form>
  );
}
