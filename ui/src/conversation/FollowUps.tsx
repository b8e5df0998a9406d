import type { Call } from "../case/fold";
import { useAct } from "../ipc";
import { Button, Inline } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { CaseId, Purpose } from "../wire/wire";

const words: Record<Purpose, string> = { undo: "Take it back", verify: "See whether it helped" };

/** What can follow a change: what takes it back, what shows whether it helped, or reading back what became of it. Each is proposed, never done. */
export function FollowUps({ caseId, call }: { caseId: CaseId; call: Call }) {
  const propose = useAct("call_propose");
  const readBack = useAct("call_read_back");
  const next = call.state.is === "released" ? (call.result?.next ?? []) : [];
  const unknown = call.state.is === "outcome_unknown";
  if (next.length === 0 && !unknown) return null;
  const failed = propose.failed ?? readBack.failed;
  return (
    <div className="follow-ups small" data-testid={testids.followUps}>
      {unknown ? (
        <Button className="small" testid={testids.readBack} onClick={() => void readBack.run({ case: caseId, call: call.id })} cannot={readBack.busy ? "the cluster is being asked" : null}>
          Read back what became of it
        </Button>
      ) : null}
      {next.map((one) => (
        <p key={`${one.purpose} ${one.tool}`}>
          <Button className="small" testid={testids.followUp} data-purpose={one.purpose} onClick={() => void propose.run({ case: caseId, tool: one.tool, args: one.args, reason: one.says })} cannot={propose.busy ? "it is being proposed" : null}>
            {words[one.purpose]}…
          </Button>{" "}
          <span className="soft">
            <Words text={one.says} />
          </span>
        </p>
      ))}
      {failed ? <Inline failure={failed} dismiss={() => (propose.dismiss(), readBack.dismiss())} /> : null}
    </div>
  );
}
