import { useRef, useState } from "react";
import { type Draft, dropDraft, keepDraft, readDraft } from "../platform/kept";
import { testids } from "../testids";
import { nowTime } from "./format";
import { At, Button } from "./index";
import { tell } from "./told";

/** A draft that was found, read as what its editor holds. */
export interface Offered<T> {
  at: number;
  on: string | null;
  value: T;
}

export interface Drafting<T> {
  /** What was left here before and was neither taken up nor discarded yet. */
  offered: Offered<T> | null;
  /** Takes the offered draft up. */
  take: () => T | null;
  /** Keeps what is written now; null where it says nothing that is not stored. */
  keep: (value: T | null) => void;
  /** It was stored or sent: nothing is kept any more. */
  done: () => void;
  /** Throws what is kept away, for the undo of the told line to bring back. */
  discard: () => void;
}

/**
 * The draft of one editor. `about` names what is written and stays the same while the editor is mounted; `on` is what it is
 * written on, said again when it is offered; `read` gives null for what this version of the editor cannot hold.
 */
export function useDraft<T>(about: string, read: (value: unknown) => T | null, on: string | null = null): Drafting<T> {
  const [offered, setOffered] = useState<Offered<T> | null>(() => {
    const found = readDraft(about);
    const value = found ? read(found.value) : null;
    return found && value !== null ? { ...found, value } : null;
  });
  // A draft that nobody decided on is not forgotten because nothing was written beside it.
  const written = useRef(offered === null);
  return {
    offered,
    take: () => {
      written.current = true;
      setOffered(null);
      return offered?.value ?? null;
    },
    keep: (value) => {
      if (value !== null) {
        written.current = true;
        keepDraft(about, { at: nowTime(), on, value });
      } else if (written.current) dropDraft(about);
    },
    done: () => {
      dropDraft(about);
      setOffered(null);
    },
    discard: () => {
      const before: Draft | null = readDraft(about);
      dropDraft(about);
      setOffered(null);
      if (before) tell({ text: "Discarded: the draft", undo: () => (keepDraft(about, before), setOffered(read(before.value) === null ? null : { ...before, value: read(before.value) as T })) });
    },
  };
}

/** The draft that waits, and the choice to go on with it. */
export function DraftOffer<T>({ drafting, onTake, now = null }: { drafting: Drafting<T>; onTake: (value: T) => void; now?: string | null }) {
  const { offered } = drafting;
  if (!offered) return null;
  const other = offered.on !== null && now !== null && offered.on !== now;
  const take = () => {
    const value = drafting.take();
    if (value !== null) onTake(value);
  };
  return (
    <div className="draft-offer small" role="status" data-testid={testids.draftOffer}>
      <span>
        You left a draft at <At time={offered.at} />
        {other ? `, begun on ${offered.on}; ${now} is in use now` : ""}.
      </span>
      <Button tone="plain" testid={testids.draftTake} onClick={take}>
        Continue it
      </Button>
      <Button tone="quiet" testid={testids.draftDiscard} onClick={drafting.discard}>
        Discard it
      </Button>
    </div>
  );
}
