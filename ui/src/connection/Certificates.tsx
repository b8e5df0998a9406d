import { useAct } from "../ipc";
import { Inline } from "../kit";
import { testids } from "../testids";
import type { ClusterRow } from "../wire/wire";

/** Whether certificates that this machine trusts (a company's proxy, mostly) are good enough for a cluster. */
export function Certificates({ row }: { row: ClusterRow }) {
  const put = useAct("cluster_settings_put");
  if (row.insecure) return null;
  return (
    <section aria-label="Certificates">
      <h2 className="label">Certificates</h2>
      <label className="writes-try small">
        <input
          type="checkbox"
          data-testid={testids.machineCertificates}
          checked={row.settings.machine_certificates}
          onChange={(e) => void put.run({ cluster: row.id, settings: { machine_certificates: e.target.checked } })}
        />{" "}
        Trust what this machine trusts too, not only the kubeconfig's authority
      </label>
      <p className="small faint">For a network whose proxy opens encrypted connections and signs them anew.</p>
      {put.failed ? <Inline failure={put.failed} dismiss={put.dismiss} /> : null}
    </section>
  );
}
