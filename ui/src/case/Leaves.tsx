import { useRef } from "react";
import { useAnswer } from "../ipc";
import { Button, bytesOf, Failed, Loading } from "../kit";
import { copyShown } from "../kit/copy";
import { Dialog } from "../kit/dialog";
import { testids } from "../testids";
import type { CaseId } from "../wire/wire";
import type { Lead } from "./fold";

/** The newest request that left for the model of the case, exactly as it left. It is text: nothing in it is drawn. */
export function Leaves({ caseId, lead, close }: { caseId: CaseId; lead: Lead | null; close: () => void }) {
  const answer = useAnswer("case_leaves", { case: caseId });
  const models = useAnswer("models_list", {});
  const isLocal = models.data?.models.find((model) => model.name === lead?.investigator)?.is_local ?? false;
  const text = useRef<HTMLPreElement>(null);
  const left = answer.data?.text ?? null;
  return (
    <Dialog title="What left this machine" close={close} testid={testids.leaves}>
      {answer.error ? (
        <Failed failure={answer.error} retry={() => void answer.refetch()} />
      ) : !answer.data ? (
        <Loading what="Looking it up…" rows={3} />
      ) : left === null ? (
        <p className="soft">{lead?.budget ? `Nothing left for ${lead.investigator} since the program was started. What was sent before is not kept.` : "Nothing: no model was asked in this case."}</p>
      ) : (
        <>
          <p className="soft">
            {answer.data.waits ? "Not sent yet; this would leave" : "The newest request of this case, exactly as it was sent"}{lead?.budget ? ` to ${lead.investigator}` : ""}: {bytesOf(answer.data.bytes)}. {isLocal ? "That model runs here: it did not leave this machine." : "Nothing but a key goes with it."}
          </p>
          <pre className="mono leaves-text" ref={text} data-testid={testids.leavesText} tabIndex={0} aria-label="The request">
            {left}
          </pre>
        </>
      )}
      <p className="propose-acts">
        {answer.error || answer.data?.text === null ? null : (
          <Button tone="strong" hint="↵" data-first testid={testids.leavesCopy} onClick={() => void (left !== null && copyShown(left, "The request", text.current))} cannot={left === null ? "it is being looked up" : null}>
            Copy
          </Button>
        )}
        <Button hint="Esc" onClick={close}>
          Close
        </Button>
      </p>
    </Dialog>
  );
}
