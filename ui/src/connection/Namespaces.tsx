import { useState } from "react";
import { useAct } from "../ipc";
import { Button, Inline } from "../kit";
import { testids } from "../testids";
import type { ClusterRow } from "../wire/wire";

/** Namespace names out of what was typed, each once; `null` where one could not be a namespace's name. */
export function namespacesOf(text: string): string[] | { wrong: string } {
  const names = [...new Set(text.split(/[\s,]+/).filter(Boolean))];
  const wrong = names.find((name) => !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name));
  return wrong === undefined ? names : { wrong };
}

/** Which namespaces are looked into where the whole cluster may not be listed. */
export function Namespaces({ row }: { row: ClusterRow }) {
  const kept = row.settings.namespaces.join(", ");
  const [text, setText] = useState(kept);
  const put = useAct("cluster_settings_put");
  const names = namespacesOf(text);
  const wrong = Array.isArray(names) ? null : `\`${names.wrong}\` is not a namespace's name`;
  const cannot = wrong ?? (text.trim() === kept ? "nothing was changed" : put.busy ? "it is being set" : null);
  return (
    <section aria-label="Namespaces">
      <h2 className="label">Namespaces</h2>
      <form
        className="connection-form"
        onSubmit={(e) => {
          e.preventDefault();
          if (Array.isArray(names) && !cannot) void put.run({ cluster: row.id, settings: { namespaces: names } });
        }}
      >
        <input className="field mono" data-testid={testids.namespacesInput} aria-label="Namespaces to look into besides the context's own" aria-invalid={wrong !== null} placeholder="payments, payments-jobs" value={text} onChange={(e) => setText(e.target.value)} />
        <Button type="submit" testid={testids.namespacesSave} cannot={cannot}>
          Set
        </Button>
      </form>
      <p className="small faint">
        {wrong ? wrong.replaceAll("`", "“").replace("“ ", "” ") : `Looked into besides the context's own (${row.namespace || "default"}) where this login may not list the whole cluster.`}
      </p>
      {put.failed ? <Inline failure={put.failed} dismiss={put.dismiss} /> : null}
    </section>
  );
}
