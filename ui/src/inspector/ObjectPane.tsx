import { useState } from "react";
import { useAnswer } from "../ipc";
import { asOf, At, Chip, Chips, Failed, Loading, ObjectName, objectKey, useKnown } from "../kit";
import { YamlText } from "../kit/yaml";
import { testids } from "../testids";
import type { ClusterId, ObjectRef, Time } from "../wire/wire";
import { Applies } from "./Applies";
import { Read } from "./Logs";
import { usePieces } from "./pieces";
import { Versions } from "./Versions";

const tabs = ["State", "Changes", "Events", "Logs", "Facts", "Related", "Knowledge"] as const;
type Tab = (typeof tabs)[number];

interface Props {
  cluster: ClusterId;
  object: ObjectRef;
  at: Time | null;
  onObject: (object: ObjectRef) => void;
  onTime: (time: Time) => void;
  /** Proposes a call about it; absent where there is no case to propose it in. */
  onPropose?: (() => void) | undefined;
}

/**
 * One object as of the shown time: its YAML, its versions, its events, what was read of its logs, what code concludes about
 * it, what is next to it, and what is known that concerns it.
 */
export function ObjectPane({ cluster, object, at, onObject, onTime, onPropose }: Props) {
  const [tab, setTab] = useState<Tab>("State");
  const known = useKnown();
  const pieces = usePieces(cluster, object, at);
  const { data, error, refetch } = useAnswer("object_get", { cluster, object, ...asOf(at, known) }, { keepLast: true });
  if (error) return <Failed failure={error} retry={() => void refetch()} />;
  if (!data || objectKey(data.object) !== objectKey(object)) return <Loading what={`Looking at ${object.name}…`} rows={5} />;
  const count: Record<Tab, number | null> = { State: null, Changes: data.changed_at.length, Events: data.events.length, Logs: pieces.length, Facts: data.facts.length, Related: data.related.length, Knowledge: null };

  return (
    <div className="pane">
      <h3 className="pane-title">
        <ObjectName object={object} />
      </h3>
      <p className="small soft pane-status">
        {data.exists ? data.status || "no status" : known && at !== null ? "was not known at this time" : "does not exist at this time"}
        {data.changed_at.length > 0 ? (
          <span className="faint">
            {" "}
            · changed{" "}
            {data.changed_at.slice(-3).map((time) => (
              <button key={time} type="button" className="link" onClick={() => onTime(time)} title="Show the whole screen at this time">
                <At time={time} />
              </button>
            ))}
          </span>
        ) : null}
      </p>
      <div className="tabs" role="tablist" aria-label="About this object">
        {tabs.map((name, i) => (
          <button
            key={name}
            type="button"
            role="tab"
            data-tab={name}
            aria-selected={name === tab}
            tabIndex={name === tab ? 0 : -1}
            onClick={() => setTab(name)}
            onKeyDown={(e) => {
              const step = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
              if (!step) return;
              const next = tabs[(i + step + tabs.length) % tabs.length];
              if (next) setTab(next);
              (e.currentTarget.parentElement?.children[(i + step + tabs.length) % tabs.length] as HTMLElement | undefined)?.focus();
              e.stopPropagation();
            }}
          >
            {name}
            {count[name] === null ? null : <span className="tab-count">{count[name]}</span>}
          </button>
        ))}
      </div>
      <div className="pane-body" role="tabpanel">
        {tab === "State" ? data.yaml ? <YamlText text={data.yaml} testid={testids.objectYaml} /> : <p className="small faint">There is nothing to show at this time.</p> : null}
        {tab === "Changes" ? <Versions cluster={cluster} view={data} onTime={onTime} /> : null}
        {tab === "Logs" ? <Read pieces={pieces} onPropose={onPropose ?? null} /> : null}
        {tab === "Knowledge" ? <Applies cluster={cluster} view={data} at={at} /> : null}
        {tab === "Events" ? (
          <ul className="pane-events">
            {data.events.length === 0 ? <li className="small faint">No events.</li> : null}
            {[...data.events].reverse().map((event) => (
              <li key={event.observation} data-warning={event.warning}>
                <span className="pane-event-head">
                  <Chip id={event.observation} /> <strong>{event.reason}</strong>
                  {event.count > 1 ? <span className="mono faint">×{event.count}</span> : null}
                  <span className="faint small pane-event-at">
                    <At time={event.at} />
                  </span>
                </span>
                <span className="soft">{event.message}</span>
              </li>
            ))}
          </ul>
        ) : null}
        {tab === "Facts" ? (
          <ul className="pane-facts">
            {data.facts.length === 0 ? <li className="small faint">Code has nothing to say about it.</li> : null}
            {data.facts.map((fact, i) => (
              <li key={i}>
                <span>{fact.says}</span> <Chips ids={fact.evidence} most={4} />
                {fact.certainty.is === "unknown" ? <span className="small faint"> · not known: {fact.certainty.because}</span> : null}
              </li>
            ))}
          </ul>
        ) : null}
        {tab === "Related" ? (
          <ul className="pane-related">
            {data.related.length === 0 ? <li className="small faint">Nothing is known next to it.</li> : null}
            {data.related.map(([other, how], i) => (
              <li key={i}>
                <button type="button" className="link" onClick={() => onObject(other)}>
                  <ObjectName object={other} />
                </button>{" "}
                <span className="small faint">{how}</span>
              </li>
            ))}
          </ul>
        ) : null}
      </div>
    </div>
  );
}
