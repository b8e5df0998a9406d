import { useAct, useAnswer } from "../ipc";
import { At, Button, Failed, Inline, Loading } from "../kit";
import { Blank } from "../kit/pictures";
import { testids } from "../testids";
import type { ExecRow, TrustState } from "../wire/wire";

const said: Record<TrustState, string> = { undecided: "asks first", trusted: "may run", refused: "never runs" };

/** Every program that a kubeconfig would run to log in, and what was decided about it. */
export function LoginsPart() {
  const logins = useAnswer("trust_list", {});
  if (logins.error) return <Failed failure={logins.error} retry={() => void logins.refetch()} />;
  if (!logins.data) return <Loading what="Reading kubeconfigs…" rows={3} />;
  if (logins.data.length === 0)
    return (
      <Blank title="No kubeconfig runs a program to log in">
        <p>Where one names a program (`aws`, `gke-gcloud-auth-plugin`, `kubelogin`, …) it is asked about before it runs for the first time, and listed here.</p>
      </Blank>
    );
  return (
    <>
      <ul className="logins">
        {logins.data.map((row) => (
          <Login key={row.digest} row={row} />
        ))}
      </ul>
      <p className="small faint">A decision holds for one command line in one file. If either changes you are asked again. Revoked, a program no longer runs; a cluster that is open stays open until its login runs out.</p>
    </>
  );
}

function Login({ row }: { row: ExecRow }) {
  const decide = useAct("trust_decide");
  const busy = decide.busy ? "it is being kept" : null;
  const put = (trust: TrustState) => void decide.run({ digest: row.digest, trust });
  return (
    <li className="login" data-testid={testids.loginRow} data-trust={row.trust}>
      <p className="login-line mono">{row.line}</p>
      <p className="small soft login-about">
        <strong data-trust={row.trust}>{said[row.trust]}</strong>
        {row.decided_at !== null && row.trust !== "undecided" ? (
          <>
            {" "}
            since <At time={row.decided_at} />
          </>
        ) : null}
        {" · "}from <span className="mono">{row.source}</span>
        {row.env.length > 0 ? (
          <>
            {" · "}with <span className="mono">{row.env.join(", ")}</span>
          </>
        ) : null}
      </p>
      <p className="login-acts">
        {row.trust === "trusted" ? (
          <Button testid={testids.loginRevoke} onClick={() => put("undecided")} cannot={busy} title="It is asked about again before it runs">
            Revoke
          </Button>
        ) : row.trust === "refused" ? (
          <Button testid={testids.loginRevoke} onClick={() => put("undecided")} cannot={busy}>
            Ask again
          </Button>
        ) : (
          <Button onClick={() => put("trusted")} cannot={busy} testid={testids.loginAllow}>
            Let it run
          </Button>
        )}
        {row.trust === "refused" ? null : (
          <Button tone="quiet" onClick={() => put("refused")} cannot={busy} title="It does not run, whichever context asks for it">
            Never
          </Button>
        )}
      </p>
      {decide.failed ? <Inline failure={decide.failed} dismiss={decide.dismiss} /> : null}
    </li>
  );
}
