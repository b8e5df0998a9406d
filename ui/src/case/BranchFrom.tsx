import { go } from "../app/route";
import { useAct } from "../ipc";
import { Button, Inline } from "../kit";
import { Dialog } from "../kit/dialog";
import { testids } from "../testids";
import type { CaseId } from "../wire/wire";

/** Going another way from a step, in a case of its own: another decision, another result, another investigator. */
export function BranchFrom({ caseId, at, of, close }: { caseId: CaseId; at: number; of: number; close: () => void }) {
  const fork = useAct("case_fork");
  async function branch() {
    const made = await fork.run({ case: caseId, at });
    if (!made) return;
    close();
    go({ at: "case", case: made });
  }
  return (
    <Dialog title="Branch from here" close={close} testid={testids.branch}>
      <p>
        A new case that holds this one's steps 1 to {at}
        {at < of ? `, without the ${of - at} after it` : ""}. What was decided and had not begun is asked anew. This case stays as it is.
      </p>
      {fork.failed ? <Inline failure={fork.failed} dismiss={fork.dismiss} /> : null}
      <p className="propose-acts">
        <Button tone="strong" hint="↵" data-first testid={testids.branchConfirm} onClick={() => void branch()} cannot={fork.busy ? "it is being made" : null}>
          Branch from step {at}
        </Button>
        <Button hint="Esc" onClick={close}>
          Cancel
        </Button>
      </p>
    </Dialog>
  );
}
