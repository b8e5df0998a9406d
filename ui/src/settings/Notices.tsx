import { useState } from "react";
import { toHash } from "../app/route";
import { useHost } from "../ipc";
import { Button } from "../kit";
import { tell } from "../kit/told";
import { choose, useChoice } from "../notices/choice";
import { minuteFrom, minuteText } from "../notices/quiet";
import { testids } from "../testids";

/** When the desktop is told of new incidents; nothing before it is turned on here. */
export function NoticesPart() {
  const choice = useChoice();
  const { desktop } = useHost();
  const quiet = choice.quiet ?? { on: false, from: 22 * 60, until: 7 * 60 };
  const time = (label: string, field: "from" | "until") => <Hour label={label} field={field} minute={quiet[field]} off={!quiet.on} set={(minute) => choose({ quiet: { ...quiet, [field]: minute } })} />;
  const test = async () => {
    const done = await desktop?.notify(`test ${Date.now()}`, "Caseboard", "This is how a new severe incident is told. A click leads to it.", toHash({ at: "incidents" }));
    tell({ text: done ? "The desktop was told." : "The desktop takes no notifications. On Linux a notification service must run in the session." });
  };
  return (
    <>
      <fieldset className="choices">
        <legend className="label">New incidents</legend>
        <label className="choice">
          <input type="checkbox" data-testid={testids.noticesOn} checked={choice.told} onChange={(e) => choose({ told: e.target.checked })} />
          <span>
            Tell the desktop of new severe incidents in open clusters
            <span className="small faint choice-words">Once for each incident; not of what is broken already when a cluster is opened. Titles name objects of the cluster, and a locked screen may show them.</span>
          </span>
        </label>
        <label className="choice">
          <input type="checkbox" data-testid={testids.noticesMajor} checked={choice.from === "major"} disabled={!choice.told} onChange={(e) => choose({ from: e.target.checked ? "major" : "critical" })} />
          <span>Major ones too, not only critical ones</span>
        </label>
        <label className="choice">
          <input type="checkbox" data-testid={testids.quietOn} checked={quiet.on} disabled={!choice.told} onChange={(e) => choose({ quiet: { ...quiet, on: e.target.checked } })} />
          <span>
            Quiet hours
            <span className="small faint choice-words">Nothing is told then; what is still open when they end is told at once.</span>
          </span>
        </label>
        <p className="notice-times">
          {time("from", "from")} {time("until", "until")}
        </p>
      </fieldset>
      <fieldset className="choices">
        <legend className="label">Tray</legend>
        <label className="choice">
          <input type="checkbox" data-testid={testids.trayOn} checked={choice.tray} onChange={(e) => choose({ tray: e.target.checked })} />
          <span>
            Show how many incidents are open in the tray
            <span className="small faint choice-words">For as long as a window is open. A desktop without a tray shows nothing.</span>
          </span>
        </label>
      </fieldset>
      <p>
        <Button testid={testids.noticesTest} cannot={desktop ? null : "only the program's own window can"} onClick={() => void test()}>
          Try a notification
        </Button>
      </p>
    </>
  );
}

/** An hour as all hours are written here, `22:30`; what is none is said, and not set. */
function Hour({ label, field, minute, off, set }: { label: string; field: string; minute: number; off: boolean; set: (minute: number) => void }) {
  const [typed, setTyped] = useState(minuteText(minute));
  const isWrong = minuteFrom(typed) === null;
  return (
    <label className="notice-time">
      {label}
      <input
        className="field mono"
        inputMode="numeric"
        data-testid={testids.quietTime}
        data-field={field}
        disabled={off}
        aria-invalid={isWrong}
        value={typed}
        onChange={(e) => {
          setTyped(e.target.value);
          const next = minuteFrom(e.target.value);
          if (next !== null) set(next);
        }}
      />
      {isWrong ? <span className="small form-wrong">write it as 22:30</span> : null}
    </label>
  );
}
