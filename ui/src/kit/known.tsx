import { testids } from "../testids";

/** The switch beside a shown time: how things were then, or what was known then. */
export function ByKnown({ known, set }: { known: boolean; set: (known: boolean) => void }) {
  return (
    <span className="by-known small" role="group" aria-label="What of that time is shown" data-testid={testids.shownBy} data-by={known ? "known" : "happened"}>
      <button type="button" className="by-known-choice" aria-pressed={!known} title="How it was then, by all that is known today (V K)" onClick={() => set(false)}>
        as it was
      </button>
      <button type="button" className="by-known-choice" aria-pressed={known} title="What was known here then, and nothing that was learnt later (V K)" onClick={() => set(true)}>
        as we knew it
      </button>
    </span>
  );
}
