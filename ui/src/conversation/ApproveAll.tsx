import { useState } from "react";
import type { Call } from "../case/fold";
import { useAct } from "../ipc";
import { Button, countOf, Inline, RiskMark } from "../kit";
import { Dialog } from "../kit/dialog";
import { tell } from "../kit/told";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { CaseId } from "../wire/wire";
import { argsLine } from "./CallCard";

/** Several waiting calls, read at one glance and approved together: exactly those that are listed, as they are listed. What destroys is chosen by hand. */
export function ApproveAll({ caseId, calls, close }: { caseId: CaseId; calls: readonly Call[]; close: () => void }) {
  const [chosen, setChosen] = useState(() => new Set(calls.filter((call) => call.risk !== "destructive").map((call) => call.id)));
  const approve = useAct("calls_approve");
  const sent = calls.filter((call) => chosen.has(call.id));
  const cannot = approve.busy ? "the answer is on its way" : sent.length === 0 ? "choose at least one" : null;
  function choose(id: string) {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  }
  async function answer() {
    const approved = await approve.run({ case: caseId, calls: sent.map((call) => [call.id, call.digest]) });
    if (!approved) return;
    if (approved.length < sent.length) tell({ text: `${approved.length} of ${countOf(sent.length, "call")} approved: the others changed since they were shown, and wait.` });
    close();
  }
  return (
    <Dialog title="Approve all that waits" close={close} testid={testids.approveAll}>
      <p className="soft">Each runs once, as it stands here. One that changes meanwhile is not approved with the others.</p>
      <ul className="together">
        {calls.map((call) => (
          <li key={call.id} data-testid={testids.approveAllCall} data-id={call.id} data-digest={call.digest}>
            <label>
              <input type="checkbox" checked={chosen.has(call.id)} onChange={() => choose(call.id)} />
              <span>
                <strong className="mono">{call.call.tool}</strong> <span className="mono soft">{argsLine(call.call.args)}</span>
              </span>
              <RiskMark risk={call.risk} />
              <span className="small together-more">
                {call.state.is === "awaiting_decision" ? <Words text={call.state.preview.does} /> : null}
                {call.call.tainted.length > 0 ? <span className="tainted">from cluster text: {call.call.tainted.map(([name]) => name).join(", ")}</span> : null}
              </span>
              <span className="small faint mono together-more">{call.digest}</span>
            </label>
          </li>
        ))}
      </ul>
      {approve.failed ? <Inline failure={approve.failed} dismiss={approve.dismiss} /> : null}
      <p className="propose-acts">
        <Button tone="decide" hint="↵" data-first testid={testids.approveAllConfirm} onClick={() => void answer()} cannot={cannot}>
          Approve {countOf(sent.length, "call")}
        </Button>
        <Button hint="Esc" onClick={close}>
          Cancel
        </Button>
      </p>
    </Dialog>
  );
}
