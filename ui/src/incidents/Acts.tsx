import { useState } from "react";
import { useKeys } from "../app/keys";
import { go } from "../app/route";
import { Button, ObjectName, objectKey, SeverityMark } from "../kit";
import { Dialog } from "../kit/dialog";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { ClusterId, Incident, Signal, TriageView } from "../wire/wire";
import { decisionOn, useArranging } from "./arrange";

/** What the engineer decides about an incident; each is one key, and each is undone by `U` or by the same key. */
export function Acts({ cluster, view, incident }: { cluster: ClusterId; view: TriageView; incident: Incident }) {
  const { arrange, toggle } = useArranging(cluster);
  const [asking, setAsking] = useState<"split" | "merge" | null>(null);
  const acknowledged = decisionOn(view, incident, "acknowledge");
  const pinned = decisionOn(view, incident, "pin");
  const others = view.triage.incidents.filter((i) => i.id !== incident.id);
  const cannotSplit = incident.signals.length < 2 ? "it has only one signal" : null;
  const cannotMerge = others.length === 0 ? "there is no other incident" : null;
  // It moves in the list; what is looked at stays what it was.
  const stayHere = () => go({ at: "cluster", cluster, incident: incident.id });
  const acknowledge = () => (stayHere(), void toggle(view, incident, "acknowledge"));
  const pin = () => (stayHere(), void toggle(view, incident, "pin"));
  const setAside = () => void arrange([incident], "set_aside");
  useKeys([
    { keys: "a", title: acknowledged ? "No longer acknowledged" : "Acknowledge the incident", group: "Incidents", run: acknowledge },
    { keys: "p", title: pinned ? "No longer pinned" : "Pin the incident to the top", group: "Incidents", run: pin },
    { keys: "e", title: "Set the incident aside", group: "Incidents", run: setAside },
    { keys: "x", title: "Take the incident apart", group: "Incidents", run: () => setAsking("split"), cannot: cannotSplit },
    { keys: "shift+m", title: "Put it together with another", group: "Incidents", run: () => setAsking("merge"), cannot: cannotMerge },
  ]);
  return (
    <>
      <p className="incident-acts" role="group" aria-label="What you decide about it">
        <Button tone="quiet" hint="A" testid={testids.incidentAcknowledge} aria-pressed={acknowledged !== null} onClick={acknowledge} title={acknowledged ? `By ${acknowledged.by}; ends when it gets worse` : "Somebody works on it; ends when it gets worse"}>
          {acknowledged ? "Acknowledged" : "Acknowledge"}
        </Button>
        <Button tone="quiet" hint="P" testid={testids.incidentPin} aria-pressed={pinned !== null} onClick={pin} title="It stays at the top">
          {pinned ? "Pinned" : "Pin"}
        </Button>
        <Button tone="quiet" hint="E" testid={testids.incidentAside} onClick={setAside} title="It is no incident; comes back when it grows or gets worse">
          Set aside
        </Button>
        <Button tone="quiet" hint="X" testid={testids.incidentSplit} onClick={() => setAsking("split")} cannot={cannotSplit} title="Some of its signals are another incident">
          Take apart…
        </Button>
        <Button tone="quiet" hint="⇧M" testid={testids.incidentMerge} onClick={() => setAsking("merge")} cannot={cannotMerge} title="It is the same as another incident">
          Put together…
        </Button>
      </p>
      {asking === "split" ? <Split incident={incident} close={() => setAsking(null)} done={(signals) => void arrange([incident], "split", signals.map((s) => [s.name, s.subject]))} /> : null}
      {asking === "merge" ? <Merge incident={incident} others={others} close={() => setAsking(null)} done={(other) => void arrange([incident, other], "merge")} /> : null}
    </>
  );
}

const keyOf = (signal: Signal) => `${signal.name} ${objectKey(signal.subject)}`;

function Split({ incident, close, done }: { incident: Incident; close: () => void; done: (signals: Signal[]) => void }) {
  const [out, setOut] = useState<ReadonlySet<string>>(new Set());
  const chosen = incident.signals.filter((s) => out.has(keyOf(s)));
  const cannot = chosen.length === 0 ? "choose what is another incident" : chosen.length === incident.signals.length ? "something has to stay" : null;
  return (
    <Dialog title="Take apart" close={close} testid={testids.split}>
      <p className="soft">Choose the signals that have nothing to do with the rest. They become an incident of their own, also when either grows.</p>
      <ul className="split-signals">
        {incident.signals.map((signal, i) => (
          <li key={keyOf(signal)}>
            <label className="choice">
              <input
                type="checkbox"
                data-first={i === 0}
                data-testid={testids.splitSignal}
                checked={out.has(keyOf(signal))}
                onChange={(e) => {
                  const next = new Set(out);
                  if (e.target.checked) next.add(keyOf(signal));
                  else next.delete(keyOf(signal));
                  setOut(next);
                }}
              />
              <span>
                <SeverityMark severity={signal.severity} /> <Words text={signal.title} />
                <span className="small faint choice-words">
                  <ObjectName object={signal.subject} />
                </span>
              </span>
            </label>
          </li>
        ))}
      </ul>
      <p className="propose-acts">
        <Button
          tone="strong"
          testid={testids.splitConfirm}
          cannot={cannot}
          onClick={() => {
            done(chosen);
            close();
          }}
        >
          Take {chosen.length > 0 ? chosen.length : ""} out
        </Button>
        <Button hint="Esc" onClick={close}>
          Cancel
        </Button>
      </p>
    </Dialog>
  );
}

function Merge({ incident, others, close, done }: { incident: Incident; others: readonly Incident[]; close: () => void; done: (other: Incident) => void }) {
  return (
    <Dialog title="Put together" close={close} testid={testids.merge}>
      <p className="soft">
        <Words text={incident.title} /> is one incident with:
      </p>
      <ul className="merge-others">
        {others.map((other, i) => (
          <li key={other.id}>
            <button
              type="button"
              className="incident"
              data-first={i === 0}
              data-testid={testids.mergeOther}
              data-id={other.id}
              onClick={() => {
                done(other);
                close();
              }}
            >
              <SeverityMark severity={other.severity} />
              <span />
              <span className="incident-title">
                <Words text={other.title} />
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
