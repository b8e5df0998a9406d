import type { ReactNode } from "react";
import { Ago, CategoryGlyph, objectKey, ObjectName, SeverityMark } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { Incident } from "../wire/wire";

interface Props {
  incident: Incident;
  here: boolean;
  choose: () => void;
  open: () => void;
  pinned?: boolean;
  /** Where it is, in a list over several clusters. */
  place?: ReactNode;
}

/** How tall a row is before it is measured, in pixels. */
export const INCIDENT_TALL = 64;

export function IncidentRow({ incident, here, choose, open, place, pinned = false }: Props) {
  const { subjects } = incident;
  return (
    <button type="button" className="incident" data-testid={testids.incidentRow} data-id={incident.id} data-state={incident.state} aria-current={here} onClick={choose} onDoubleClick={open}>
      <SeverityMark severity={incident.severity} />
      <CategoryGlyph category={incident.category} />
      <span className="incident-title">
        <Words text={incident.title} />
      </span>
      <span className="incident-since">
        <Ago time={incident.started_at} suffix="" />
      </span>
      <span className="incident-subjects small">
        {place}
        {subjects.slice(0, 3).map((object) => (
          <ObjectName key={objectKey(object)} object={object} />
        ))}
        {subjects.length > 3 ? <span className="faint">+{subjects.length - 3}</span> : null}
        {pinned ? <span className="tag">pinned</span> : null}
        {incident.state === "open" ? null : <span className="tag">{incident.state}</span>}
      </span>
    </button>
  );
}
