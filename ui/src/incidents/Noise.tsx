import { countOf, ObjectName } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { NoiseEntry } from "../wire/wire";

/** What was set aside, by which rule and why. */
export function Noise({ entries }: { entries: readonly NoiseEntry[] }) {
  if (entries.length === 0) return null;
  return (
    <details className="noise" data-testid={testids.noise}>
      <summary>{countOf(entries.length, "signal")} set aside as noise</summary>
      <ul>
        {entries.slice(0, 200).map((entry, i) => (
          <li key={i}>
            <p>
              <Words text={entry.signal.title} /> <ObjectName object={entry.signal.subject} />
            </p>
            <p className="small faint">
              <code>{entry.rule}</code> · {entry.because}
            </p>
          </li>
        ))}
      </ul>
    </details>
  );
}
