import { useState } from "react";
import { useKeys } from "../app/keys";
import { toHash } from "../app/route";
import { useAct, useAnswer } from "../ipc";
import { Ago, asOf, Button, CategoryGlyph, clockOf, countOf, dayOf, Inline, momentOf, objectKey, SeverityMark, spanOf, zoneOf } from "../kit";
import { ByKnown } from "../kit/known";
import { useNow } from "../kit/now";
import { Words } from "../kit/words";
import { Badges } from "../fleet/badges";
import { isStopped, PhaseMark } from "../fleet/phase";
import { saying } from "../fleet/words";
import { testids } from "../testids";
import type { CaseView, ClusterId, Incident, Time } from "../wire/wire";
import type { CaseState } from "./fold";

interface Props {
  view: CaseView;
  state: CaseState;
  time: Time | null;
  setTime: (time: Time | null) => void;
  /** The time that is asked about; it follows the scrubber a moment later. */
  then: Time | null;
  known: boolean;
  setKnown: (known: boolean) => void;
  propose: () => void;
  handOff: () => void;
}

/** What the case is about, where, since when; the time that is shown; and saving it. */
export function CaseBar({ view, state, time, setTime, then, known, setKnown, propose, handOff }: Props) {
  const [saving, setSaving] = useState(false);
  const open = useAct("cluster_open");
  const clusters = useAnswer("clusters_list", {});
  const row = clusters.data?.find((c) => c.id === view.cluster);
  const seen = useNow(1000);
  const incident = state.opened?.incidents[0];
  useKeys([{ keys: "mod+s", title: "Save the case to a file", group: "Case", run: () => setSaving(true) }]);
  return (
    <header className="bar case-bar">
      {incident ? (
        <>
          <SeverityMark severity={incident.severity} />
          <CategoryGlyph category={incident.category} />
        </>
      ) : null}
      <div className="case-about">
        <h1 className="case-name">
          <Words text={state.opened?.title ?? "Case"} />
        </h1>
        <p className="small faint case-where">
          <a href={toHash({ at: "cluster", cluster: view.cluster, incident: incident?.id ?? null })}>
            {row ? <PhaseMark phase={row.state.phase} /> : null}
            <span className="mono">{state.opened?.clusterName}</span>
          </a>
          {row ? <Badges row={row} /> : null}
          {row?.state.phase === "closed" ? (
            <span className="case-closed">
              {open.failed ? `${open.failed.title} ${open.failed.hint}` : "closed: calls cannot reach it"}
              <button type="button" className="link" data-testid={testids.caseClusterOpen} onClick={() => void open.run({ cluster: view.cluster })}>
                {open.busy ? "Opening…" : "Open it"}
              </button>
            </span>
          ) : row ? (
            <a className={isStopped(row.state.phase) ? "case-closed" : undefined} href={toHash({ at: "connection", cluster: row.id })} data-testid={testids.clusterState}>
              {saying(row, seen).text}
            </a>
          ) : null}
          {then !== null ? (
            <IncidentsThen cluster={view.cluster} of={state.opened?.incidents ?? []} then={then} known={known} />
          ) : incident ? (
            <span>
              began <Ago time={incident.started_at} />
            </span>
          ) : null}
          {(state.opened?.incidents.length ?? 0) > 1 ? <span>{countOf(state.opened?.incidents.length ?? 0, "incident")}</span> : null}
        </p>
      </div>
      <Shown time={time} setTime={setTime} known={known} setKnown={setKnown} end={row?.kind === "recorded" ? (row.state.span?.[1] ?? state.opened?.asOf ?? null) : null} />
      <span className="case-tools">
        <Button hint="P" testid={testids.proposeOpen} onClick={propose} title="Propose a call of your own: a change, or a read">
          Propose…
        </Button>
        <Button hint="H" testid={testids.handOffOpen} onClick={handOff} title="A note for whoever takes over, written from the case">
          Hand off
        </Button>
        <Button testid={testids.caseSave} onClick={() => setSaving(!saving)} title="Save the case to one file (Ctrl S)">
          Save
        </Button>
        {saving ? <Save view={view} close={() => setSaving(false)} /> : null}
      </span>
    </header>
  );
}

/** What of this case was broken at the shown time, or was known to be. */
function IncidentsThen({ cluster, of, then, known }: { cluster: ClusterId; of: readonly Incident[]; then: Time; known: boolean }) {
  const triage = useAnswer("triage_get", { cluster, ...asOf(then, known) }, { keepLast: true });
  if (!triage.data) return null;
  const about = new Set(of.flatMap((one) => one.subjects.map(objectKey)));
  const open = triage.data.triage.incidents;
  const ours = open.filter((one) => one.subjects.some((subject) => about.has(objectKey(subject))));
  const worst = ours[0];
  return (
    <a className="incidents-then" data-testid={testids.incidentsThen} href={toHash({ at: "cluster", cluster, incident: worst?.id ?? null, then: { time: then, known } })} title="The incidents of the cluster at the shown time">
      {worst ? <SeverityMark severity={worst.severity} /> : null}
      {worst ? (ours.length > 1 ? `${countOf(ours.length, "incident")} of it then` : "broken then") : known ? "not known then" : "not broken then"}
      {open.length > ours.length ? `, ${open.length - ours.length} elsewhere` : null}
    </a>
  );
}

/** The time that the whole screen shows, always there. A recording has an end instead of a now. */
function Shown({ time, setTime, known, setKnown, end }: { time: Time | null; setTime: (time: Time | null) => void; known: boolean; setKnown: (known: boolean) => void; end: Time | null }) {
  const now = useNow(1000);
  return (
    <div className="shown" data-testid={testids.shownTime} data-now={time === null}>
      {time === null ? (
        <>
          <span className="shown-word">{end === null ? "now" : "the recording's end"}</span>
          <span className="mono shown-clock">{end === null ? clockOf(now) : momentOf(end, now)}</span>
        </>
      ) : (
        <>
          <span className="shown-word">as of</span>
          <span className="mono shown-clock">
            {dayOf(time) === dayOf(now) ? "" : `${dayOf(time)} `}
            {clockOf(time)}
          </span>
          <span className="small faint shown-back">{spanOf(now - time)} ago</span>
          <ByKnown known={known} set={setKnown} />
          <Button hint="0" testid={testids.backToNow} onClick={() => setTime(null)}>
            Now
          </Button>
        </>
      )}
      <span className="small faint">{zoneOf(now)}</span>
    </div>
  );
}

function Save({ view, close }: { view: CaseView; close: () => void }) {
  const [path, setPath] = useState(view.suggested_path);
  const save = useAct("case_save");
  const [saved, setSaved] = useState<{ path: string; bytes: number } | null>(null);
  async function submit() {
    if (save.busy) return;
    setSaved(await save.run({ case: view.case, path: path.trim() }));
  }
  return (
    <form
      className="save"
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
      onKeyDown={(e) => {
        if (e.key === "Escape") {
          e.stopPropagation();
          close();
        }
      }}
    >
      <label className="small">
        Save the case, with its evidence and its part of the history, to
        <input className="field mono" autoFocus data-testid={testids.caseSavePath} value={path} onChange={(e) => setPath(e.target.value)} spellCheck={false} />
      </label>
      {saved ? (
        <p className="small saved" role="status" data-testid={testids.caseSaved}>
          Saved to <span className="mono">{saved.path}</span> ({Math.max(1, Math.round(saved.bytes / 1024))} KiB).
        </p>
      ) : null}
      {save.failed ? <Inline failure={save.failed} dismiss={save.dismiss} /> : null}
      <p className="save-acts">
        <Button tone="strong" hint="↵" type="submit" testid={testids.caseSaveConfirm} cannot={save.busy ? "it is being written" : null}>
          Save
        </Button>
        <Button hint="Esc" onClick={close}>
          {saved ? "Close" : "Cancel"}
        </Button>
      </p>
    </form>
  );
}
