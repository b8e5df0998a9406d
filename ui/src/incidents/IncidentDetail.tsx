import { type ReactNode, useState } from "react";
import { useAnswer } from "../ipc";
import { Ago, At, Button, CategoryGlyph, categoryName, Chip, Chips, countOf, EvidenceProvider, ObjectName, objectKey, SeverityMark, spanOf } from "../kit";
import { Words } from "../kit/words";
import { useEvidenceOf } from "../inspector/evidence";
import { Peek } from "../inspector/Peek";
import { testids } from "../testids";
import type { CommandFailed } from "../platform";
import type { ClusterId, Incident } from "../wire/wire";
import { ObjectLink } from "./ObjectLink";
import { Owners, useOwners } from "./Owners";
import { type Changed, changesBefore } from "./changes";

/** Why these signals are one incident, where it seems to start, and what hangs on it. */
export function IncidentDetail({ cluster, incident, open, busy, past = null, children }: { cluster: ClusterId; incident: Incident; open: (question: string | null) => void; busy: boolean; past?: string | null; children?: ReactNode }) {
  const objects = [...new Map([...(incident.origin ? [incident.origin] : []), ...incident.subjects].map((o) => [objectKey(o), o])).values()];
  const timeline = useAnswer("timeline_get", { cluster, objects });
  const changes = changesBefore(timeline.data, incident);
  const ids = [...incident.signals.flatMap((s) => s.evidence), ...incident.links.flatMap((l) => l.evidence), ...changes.flatMap((c) => (c.mark.observation ? [c.mark.observation] : []))];
  const evidence = useEvidenceOf(cluster, ids);
  const owners = useOwners(cluster, incident);
  const [question, setQuestion] = useState("");
  const cannot = past ?? (busy ? "the case is being opened" : null);
  return (
    <EvidenceProvider value={evidence}>
      <section className="detail" data-testid={testids.incidentDetail} aria-label="Incident">
        <header className="detail-head">
          <h2>
            <SeverityMark severity={incident.severity} /> <Words text={incident.title} />
          </h2>
          <dl className="pairs">
            <dt>Began</dt>
            <dd>
              <At time={incident.started_at} /> <span className="faint">· <Ago time={incident.started_at} /></span>
            </dd>
            <dt>Seems to start at</dt>
            <dd>{incident.origin ? <ObjectLink cluster={cluster} object={incident.origin} /> : <span className="faint">not known yet</span>}</dd>
            <dt>Owner</dt>
            <dd>
              <Owners owners={owners} />
            </dd>
            <dt>Kind of failure</dt>
            <dd className="with-glyph">
              <CategoryGlyph category={incident.category} /> {categoryName(incident.category)}
              {incident.failure_modes.map((mode) => (
                <code key={mode} className="faint">
                  {mode}
                </code>
              ))}
            </dd>
          </dl>
          <p className="detail-act">
            <Button tone="strong" hint="O" testid={testids.caseOpen} onClick={() => open(question.trim() || null)} cannot={cannot}>
              Open a case
            </Button>
            <input
              className="field"
              data-testid={testids.caseQuestion}
              aria-label="What do you want to know?"
              placeholder="What do you want to know? (optional)"
              value={question}
              onChange={(e) => setQuestion(e.target.value)}
              onKeyDown={(e) => {
                if (e.key === "Enter" && cannot === null) open(question.trim() || null);
                if (e.key === "Escape") e.currentTarget.blur();
              }}
            />
          </p>
          {children}
        </header>

        <h3 className="label">{countOf(incident.signals.length, "signal")}</h3>
        <ul className="signals">
          {incident.signals.map((signal) => (
            <li key={`${signal.name} ${objectKey(signal.subject)}`}>
              <SeverityMark severity={signal.severity} />
              <span className="signal-words">
                <Words text={signal.title} /> <Chips ids={signal.evidence} most={4} />
                <span className="signal-meta small faint">
                  <ObjectLink cluster={cluster} object={signal.subject} /> {signal.count > 1 ? `×${signal.count} · ` : ""}
                  <At time={signal.first_at} short /> – <At time={signal.last_at} short />
                </span>
              </span>
            </li>
          ))}
        </ul>

        {incident.links.length > 0 ? (
          <>
            <h3 className="label">Why they belong together</h3>
            <ul className="links">
              {incident.links.map((link, i) => (
                <li key={i}>
                  <ObjectName object={link.from} namespace={false} />
                  <span className="link-reason">{link.reason}</span>
                  <ObjectName object={link.to} namespace={false} /> <Chips ids={link.evidence} most={3} />
                </li>
              ))}
            </ul>
          </>
        ) : null}

        <ChangedBefore changes={changes} incident={incident} known={timeline.data !== undefined} failed={timeline.error} />

        <h3 className="label">What hangs on it</h3>
        {incident.blast_radius.length > 0 ? (
          <ul className="objects">
            {incident.blast_radius.slice(0, 24).map((object) => (
              <li key={objectKey(object)}>
                <ObjectLink cluster={cluster} object={object} />
              </li>
            ))}
            {incident.blast_radius.length > 24 ? <li className="faint">and {incident.blast_radius.length - 24} more</li> : null}
          </ul>
        ) : (
          <p className="small faint">Nothing that is known depends on it.</p>
        )}
        <Peek evidence={evidence} />
      </section>
    </EvidenceProvider>
  );
}

export function ChangedBefore({ changes, incident, known, failed }: { changes: readonly Changed[]; incident: Incident; known: boolean; failed: CommandFailed | null }) {
  return (
    <>
      <h3 className="label">What changed just before</h3>
      {failed ? (
        <p className="small faint">
          {failed.title} {failed.hint}
        </p>
      ) : changes.length === 0 ? (
        <p className="small faint">{known ? "Nothing that is known changed in the hour before." : "Reading the history…"}</p>
      ) : (
        <ul className="changes">
          {changes.map(({ mark, object }, i) => (
            <li key={i}>
              <span className="mono soft">{mark.at < incident.started_at ? `−${spanOf(incident.started_at - mark.at)}` : `+${spanOf(mark.at - incident.started_at)}`}</span>
              <span>
                {object ? <ObjectName object={object} namespace={false} /> : null} <Words text={mark.title} /> {mark.observation ? <Chip id={mark.observation} /> : null}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
