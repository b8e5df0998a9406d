import { useEffect, useRef, useState } from "react";
import { useKeys } from "../app/keys";
import { useAct } from "../ipc";
import { Button, Inline } from "../kit";
import { testids } from "../testids";
import type { ClusterId, ExecRow } from "../wire/wire";

/** So long a new question takes no answer: a click or key that was meant for what stood there before must not trust. */
const SETTLE_MS = 700;

/** A kubeconfig wants to run a program: what it is, whole, and whether it may. It stands in the page, never over it. */
export function Trust({ cluster, exec }: { cluster: ClusterId; exec: ExecRow }) {
  const decide = useAct("trust_decide");
  const close = useAct("cluster_close");
  const settled = useSettled(exec.digest);
  const focus = useRef<HTMLElement>(null);
  const cannot = !settled ? "read it first" : decide.busy || close.busy ? "the answer is on its way" : null;
  const trust = () => void decide.run({ digest: exec.digest, trust: "trusted" });
  const refuse = () => void decide.run({ digest: exec.digest, trust: "refused" });
  const notNow = () => void close.run({ cluster });
  useKeys([
    { keys: "t", title: "Trust the program and log in", group: "Your decision", run: trust, cannot },
    { keys: "n", title: "Not now: close the cluster", group: "Your decision", run: notNow, cannot },
  ]);
  // One click, one answer: the second half of a double click answers nothing.
  const once = (act: () => void) => (event: { detail: number }) => {
    if (event.detail <= 1) act();
  };
  return (
    <section className="trust" ref={focus} aria-labelledby="trust-title" data-testid={testids.trust} data-digest={exec.digest} data-settled={settled}>
      <h2 id="trust-title">
        <span className="dock-diamond" aria-hidden="true" /> May this program run?
      </h2>
      <p>
        <span className="mono name">{exec.source}</span> logs in with a program of this machine. It runs as you, with your rights, each time a login is needed. Nothing has been run or contacted.
      </p>
      <dl className="trust-what mono">
        <dt>command</dt>
        <dd>{exec.command}</dd>
        <dt>arguments</dt>
        <dd>
          {exec.args.length === 0 ? <span className="faint">none</span> : null}
          {exec.args.map((arg, i) => (
            <span key={i} className="trust-arg">
              {arg}
            </span>
          ))}
        </dd>
        <dt>environment</dt>
        <dd>{exec.env.length === 0 ? <span className="faint">none of its own</span> : exec.env.join(", ")}</dd>
      </dl>
      <p className="small faint">You are asked once for this command in this file, and again if either changes. Values of the environment are not shown.</p>
      <div className="trust-acts">
        <Button tone="decide" hint="T" testid={testids.trustAllow} onClick={once(trust)} cannot={cannot}>
          Trust and log in
        </Button>
        <Button hint="N" testid={testids.trustRefuse} onClick={once(notNow)} cannot={cannot}>
          Not now
        </Button>
        <Button tone="quiet" onClick={once(refuse)} cannot={cannot} title="It does not run, whichever context asks for it">
          Never
        </Button>
      </div>
      {decide.failed ? <Inline failure={decide.failed} dismiss={decide.dismiss} /> : null}
      {close.failed ? <Inline failure={close.failed} dismiss={close.dismiss} /> : null}
    </section>
  );
}

function useSettled(question: string): boolean {
  const [settled, setSettled] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSettled(question), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [question]);
  return settled === question;
}
