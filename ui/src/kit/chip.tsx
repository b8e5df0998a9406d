import { PreviewCard } from "@base-ui/react/preview-card";
import { createContext, useContext } from "react";
import { useAnswer } from "../ipc";
import type { ClusterId, ObservationId } from "../wire/wire";
import { clockOf, objectKey } from "./format";

/** What a chip needs to know of the case it stands in. */
export interface Evidence {
  cluster: ClusterId;
  numbers: ReadonlyMap<ObservationId, number>;
  /** The observation that is open in the inspector. */
  chosen: ObservationId | null;
  /** The observation under the pointer or the focus, anywhere on the screen. */
  pointed: ObservationId | null;
  choose: (id: ObservationId) => void;
  point: (id: ObservationId | null) => void;
  /** What had not happened, or was not known, at the shown time. */
  later?: ReadonlySet<ObservationId>;
  /** Says of these why they are faint. */
  laterWords?: string;
}

const EvidenceContext = createContext<Evidence | null>(null);
export const EvidenceProvider = EvidenceContext.Provider;
export const useEvidence = (): Evidence | null => useContext(EvidenceContext);

/** A piece of evidence: the same small number in the graph, on the timeline, on the board and in a sentence. */
export function Chip({ id, quote }: { id: ObservationId; quote?: string }) {
  const evidence = useContext(EvidenceContext);
  const number = evidence?.numbers.get(id);
  const later = evidence?.later?.has(id) ?? false;
  const label = `Evidence ${number ?? ""}${later ? `, ${evidence?.laterWords ?? "later"}` : ""}${quote ? `: ${quote}` : ""}`;
  if (!evidence) return <span className="chip chip-dead">{number ?? "·"}</span>;
  return (
    <PreviewCard.Root>
      <PreviewCard.Trigger
        delay={350}
        closeDelay={80}
        render={
          <button
            type="button"
            className="chip"
            data-testid="chip"
            data-observation={id}
            data-chosen={evidence.chosen === id || undefined}
            data-pointed={evidence.pointed === id || undefined}
            data-later={later || undefined}
            aria-label={label}
            onClick={() => evidence.choose(id)}
            onPointerEnter={() => evidence.point(id)}
            onPointerLeave={() => evidence.point(null)}
            onFocus={() => evidence.point(id)}
            onBlur={() => evidence.point(null)}
          />
        }
      >
        {number ?? "·"}
      </PreviewCard.Trigger>
      <PreviewCard.Portal>
        <PreviewCard.Positioner sideOffset={6} className="chip-positioner">
          <PreviewCard.Popup className="chip-card">
            <ChipCard cluster={evidence.cluster} id={id} later={later ? (evidence.laterWords ?? "later") : null} />
          </PreviewCard.Popup>
        </PreviewCard.Positioner>
      </PreviewCard.Portal>
    </PreviewCard.Root>
  );
}

function ChipCard({ cluster, id, later }: { cluster: ClusterId; id: ObservationId; later: string | null }) {
  const { data, error } = useAnswer("observation_get", { cluster, id });
  if (error) return <p className="small">{error.title}</p>;
  if (!data) return <p className="small faint">Looking it up…</p>;
  const { observation, text } = data;
  return (
    <>
      <p className="small faint mono">
        {clockOf(observation.at)} · {observation.source}
        {observation.subject ? ` · ${objectKey(observation.subject)}` : ""}
        {later ? ` · ${later}` : ""}
      </p>
      <pre className="chip-text">{text.split("\n").slice(0, 6).join("\n")}</pre>
    </>
  );
}

/** Several chips in a row; more than `most` are counted instead of shown. */
export function Chips({ ids, most = 8 }: { ids: readonly ObservationId[]; most?: number }) {
  const unique = [...new Set(ids)];
  return (
    <span className="chips">
      {unique.slice(0, most).map((id) => (
        <Chip key={id} id={id} />
      ))}
      {unique.length > most ? <span className="small faint">+{unique.length - most}</span> : null}
    </span>
  );
}
