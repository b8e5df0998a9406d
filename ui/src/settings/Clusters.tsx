import { useState } from "react";
import { toHash } from "../app/route";
import { BackEnds } from "../connection/BackEnds";
import { Certificates } from "../connection/Certificates";
import { Namespaces } from "../connection/Namespaces";
import { WritesPart } from "../connection/Writes";
import { Badges } from "../fleet/badges";
import { fits, wordsOf } from "../fleet/list";
import { isConnected, PhaseMark } from "../fleet/phase";
import { useAnswer } from "../ipc";
import { countOf, Failed, Loading } from "../kit";
import { Blank } from "../kit/pictures";
import { testids } from "../testids";
import type { ClusterId, ClusterRow } from "../wire/wire";

const FEW = 40;
/** What was opened, or may be changed, is what somebody looks for here. */
const weight = (row: ClusterRow) => (row.writes ? 0 : isConnected(row.state.phase) ? 1 : 2);

/** What is set for each cluster beside its kubeconfig. */
export function ClustersPart() {
  const clusters = useAnswer("clusters_list", {});
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<ClusterId | null>(null);
  if (clusters.error) return <Failed failure={clusters.error} retry={() => void clusters.refetch()} />;
  if (!clusters.data) return <Loading what="Reading kubeconfigs…" rows={4} />;
  const live = clusters.data.filter((row) => row.kind !== "recorded").sort((a, b) => weight(a) - weight(b) || a.name.localeCompare(b.name, "en", { numeric: true }));
  const found = live.filter((row) => fits(row, wordsOf(text)));
  const open = live.find((row) => row.id === chosen) ?? found[0];
  const changeable = live.filter((row) => row.writes).length;
  return (
    <>
      <p className="small" data-testid={testids.settingsWritable}>
        {changeable === 0 ? "Every cluster is read-only." : `Changes are allowed at ${countOf(changeable, "cluster")}; all others are read-only.`}
      </p>
      <div className="each-cluster">
        <div className="each-list">
          <input type="search" className="field" aria-label="Search clusters" placeholder={`Search ${countOf(live.length, "context")}`} value={text} onChange={(e) => setText(e.target.value)} />
          <ul aria-label="Clusters">
            {found.slice(0, FEW).map((row) => (
              <li key={row.id}>
                <button type="button" aria-pressed={row.id === open?.id} data-testid={testids.settingsCluster} data-name={row.name} title={row.source} onClick={() => setChosen(row.id)}>
                  <PhaseMark phase={row.state.phase} />
                  <span className="mono each-name">{row.name}</span>
                  <Badges row={row} />
                </button>
              </li>
            ))}
          </ul>
          {found.length > FEW ? <p className="small faint">{countOf(found.length - FEW, "more context")}: type to narrow them down.</p> : null}
          {found.length === 0 ? <p className="small faint">No context matches.</p> : null}
        </div>
        {open ? (
          <div className="each-one" key={open.id}>
            <h3 className="mono">{open.name}</h3>
            <p className="small faint">
              {open.source} · <a className="link" href={toHash({ at: "connection", cluster: open.id })}>Connection</a>
            </p>
            <WritesPart row={open} />
            {open.kind === "kubeconfig" ? (
              <>
                <Namespaces key={open.settings.namespaces.join(" ")} row={open} />
                <Certificates row={open} />
              </>
            ) : null}
            {isConnected(open.state.phase) ? (
              <BackEnds row={open} />
            ) : (
              <section aria-label="Metrics, logs and alerts">
                <h2 className="label">Metrics, logs and alerts</h2>
                <p className="small soft">Prometheus, Loki and Alertmanager are found among the Services of an open cluster. Open it to see them, or to set others.</p>
              </section>
            )}
          </div>
        ) : (
          <Blank title="There is no cluster to set anything for" />
        )}
      </div>
    </>
  );
}
