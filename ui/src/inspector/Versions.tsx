import { useState } from "react";
import { useAnswer } from "../ipc";
import { At, countOf, Failed, fullOf, Loading } from "../kit";
import { Diff, TextDiff } from "../kit/diff";
import { testids } from "../testids";
import type { ClusterId, ObjectRef, ObjectView, Time } from "../wire/wire";

interface Props {
  cluster: ClusterId;
  view: ObjectView;
  onTime: (time: Time) => void;
}

/** Every version that the history has of an object; any two of them are compared. At first: the newest with the one before. */
export function Versions({ cluster, view, onTime }: Props) {
  const times = view.changed_at;
  const [chosen, choose] = useState<{ before: Time | null; after: Time | null }>({ before: null, after: null });
  const after = chosen.after !== null && times.includes(chosen.after) ? chosen.after : (times.at(-1) ?? null);
  const before = chosen.before !== null && times.includes(chosen.before) ? chosen.before : (times.filter((time) => time < (after ?? 0)).at(-1) ?? null);
  if (after === null || before === null) return <p className="small faint">No earlier version is in the history.</p>;
  const isLast = chosen.before === null && chosen.after === null && view.last_change !== null;
  const select = (label: string, value: Time, set: (time: Time) => void) => (
    <label className="small version-choice">
      {label}
      <select className="field mono" value={value} onChange={(e) => set(Number(e.target.value))}>
        {[...times].reverse().map((time) => (
          <option key={time} value={time}>
            {fullOf(time)}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <div data-testid={testids.objectVersions}>
      <p className="version-choices">
        {select("from", before, (time) => choose({ before: time, after }))}
        {select("to", after, (time) => choose({ before, after: time }))}
      </p>
      {isLast ? <Diff unified={view.last_change ?? ""} /> : <Between cluster={cluster} object={view.object} before={before} after={after} />}
      <h4 className="label version-label">{countOf(times.length, "version")}</h4>
      <ul className="version-list small">
        {[...times].reverse().map((time, i) => (
          <li key={time}>
            <button type="button" className="link" onClick={() => onTime(time)} title="Show everything at this time">
              <At time={time} />
            </button>
            {i < times.length - 1 ? (
              <button type="button" className="link faint" onClick={() => choose({ before: times[times.length - 2 - i] ?? null, after: time })}>
                what changed
              </button>
            ) : (
              <span className="faint">the first that is known</span>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Between({ cluster, object, before, after }: { cluster: ClusterId; object: ObjectRef; before: Time; after: Time }) {
  const one = useAnswer("object_get", { cluster, object, at: before });
  const other = useAnswer("object_get", { cluster, object, at: after });
  const failed = one.error ?? other.error;
  if (failed) return <Failed failure={failed} retry={() => void Promise.all([one.refetch(), other.refetch()])} />;
  if (!one.data || !other.data) return <Loading what="Reading both versions…" rows={3} />;
  if (one.data.yaml === other.data.yaml) return <p className="small faint">They are alike.</p>;
  return <TextDiff before={one.data.yaml} after={other.data.yaml} />;
}
