import { useRef } from "react";
import { Button } from "../kit";
import { copyShown } from "../kit/copy";
import { Dialog } from "../kit/dialog";
import { useNow } from "../kit/now";
import { useOwners } from "../incidents/Owners";
import { Markdown } from "../knowledge/Markdown";
import { testids } from "../testids";
import type { CaseView, Timeline } from "../wire/wire";
import type { CaseState } from "./fold";
import { handOffNote } from "./handoff";

/** The note for whoever takes over: as it will be read, and one key to take it along. */
export function HandOff({ view, state, timeline, close }: { view: CaseView; state: CaseState; timeline: Timeline | undefined; close: () => void }) {
  const now = useNow(60_000);
  const owners = useOwners(view.cluster, state.opened?.incidents[0]);
  const note = handOffNote(view.case, state, timeline, now, owners ?? []);
  const text = useRef<HTMLDivElement>(null);
  return (
    <Dialog title="Hand-off note" close={close} testid={testids.handOff}>
      <p className="soft">Written from the case as it is shown. Everything in it stands in the case; results are as they were released.</p>
      <div className="hand-off" ref={text} data-testid={testids.handOffText} tabIndex={0} role="document" aria-label="The note">
        <Markdown text={note} />
      </div>
      <p className="propose-acts">
        <Button tone="strong" hint="↵" data-first testid={testids.handOffCopy} onClick={() => void copyShown(note, "The hand-off note", text.current).then((done) => done && close())}>
          Copy as Markdown
        </Button>
        <Button hint="Esc" onClick={close}>
          Close
        </Button>
      </p>
    </Dialog>
  );
}
