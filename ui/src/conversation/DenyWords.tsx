import { useState } from "react";
import { Button } from "../kit";
import { DraftOffer, useDraft } from "../kit/draft";
import { testids } from "../testids";

interface Props {
  /** What the words are about: they are kept under it until they are sent. */
  about: string;
  title: string;
  placeholder: string;
  confirm: string;
  busy: string | null;
  reasonId: string;
  confirmId: string;
  /** Sends the words; null where that failed. */
  onConfirm: (reason: string) => Promise<unknown>;
  close: () => void;
}

/** A refusal in words. Enter sends it, Escape goes back; no words are an answer too. */
export function DenyWords({ about, title, placeholder, confirm, busy, reasonId, confirmId, onConfirm, close }: Props) {
  const [reason, setReason] = useState("");
  const drafting = useDraft(`words:${about}`, (kept) => (typeof kept === "string" ? kept : null));
  const write = (next: string) => {
    setReason(next);
    drafting.keep(next || null);
  };
  const send = () => {
    if (!busy) void onConfirm(reason.trim()).then((sent) => sent && drafting.done());
  };
  return (
    <form
      className="refusal"
      onSubmit={(e) => {
        e.preventDefault();
        send();
      }}
    >
      <DraftOffer drafting={drafting} onTake={write} />
      <label className="small">
        {title}
        <textarea
          className="field"
          rows={2}
          autoFocus
          data-testid={reasonId}
          placeholder={placeholder}
          value={reason}
          onChange={(e) => write(e.target.value)}
          onKeyDown={(e) => {
            if (e.key === "Escape") {
              e.preventDefault();
              close();
            }
            if (e.key === "Enter" && !e.shiftKey) {
              e.preventDefault();
              send();
            }
          }}
        />
      </label>
      <div className="answers">
        <Button tone="decide" className="answer-main" hint="↵" testid={confirmId} type="submit" cannot={busy}>
          {confirm}
        </Button>
        <Button tone="plain" hint="Esc" testid={testids.cancel} onClick={close}>
          Back
        </Button>
      </div>
    </form>
  );
}
