import { useState } from "react";
import { Button } from "../kit";
import { testids } from "../testids";

interface Props {
  title: string;
  placeholder: string;
  confirm: string;
  busy: string | null;
  reasonId: string;
  confirmId: string;
  onConfirm: (reason: string) => void;
  close: () => void;
}

/** A refusal in words. Enter sends it, Escape goes back; no words are an answer too. */
export function DenyWords({ title, placeholder, confirm, busy, reasonId, confirmId, onConfirm, close }: Props) {
  const [reason, setReason] = useState("");
  return (
    <form
      className="refusal"
      onSubmit={(e) => {
        e.preventDefault();
        if (!busy) onConfirm(reason.trim());
      }}
    >
      <label className="small">
        {title}
        <textarea
          className="field"
          rows={2}
          autoFocus
          data-testid={reasonId}
          placeholder={placeholder}
          value={reason}
          onChange={(e) => setReason(e.target.value)}
          onKeyDown={(e) => {
            if (e.key === "Escape") {
              e.preventDefault();
              close();
            }
            if (e.key === "Enter" && !e.shiftKey) {
              e.preventDefault();
              if (!busy) onConfirm(reason.trim());
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
