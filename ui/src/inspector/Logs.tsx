import { At, Button, Chip, countOf } from "../kit";
import { Redacted } from "../kit/words";
import { testids } from "../testids";
import type { LogPattern, ObservationView } from "../wire/wire";
import { Line } from "./Line";

/** What was read of an object's logs and metrics: patterns first, then lines. Nothing is read from here: that takes a call. */
export function Read({ pieces, onPropose }: { pieces: readonly ObservationView[]; onPropose: (() => void) | null }) {
  return (
    <div data-testid={testids.objectLogs}>
      {pieces.length === 0 ? <p className="small faint">No log and no metric of it was released here.</p> : null}
      {pieces.map(({ observation: { id, at, body }, text }) =>
        body.type === "log" ? (
          <section key={id} className="log-piece">
            <p className="small">
              <Chip id={id} /> log of <span className="mono">{body.container || "its container"}</span>
              {body.previous ? ", its previous run" : ""} · <At time={at} />
              {body.lines ? <span className="faint"> · {countOf(body.lines, "line")}</span> : null}
              {body.cut ? <span className="faint"> · without {body.cut}</span> : null}
            </p>
            {body.patterns && body.patterns.length > 0 ? <Patterns patterns={body.patterns} /> : null}
            <details open={!body.patterns || body.patterns.length === 0}>
              <summary className="small">Lines</summary>
              <pre className="pane-text" tabIndex={0}>
                <Redacted text={text || body.text} />
              </pre>
            </details>
          </section>
        ) : body.type === "metric" ? (
          <section key={id} className="log-piece">
            <p className="small">
              <Chip id={id} /> <span className="mono">{body.name}</span> · <At time={at} />
            </p>
            <Line points={body.points} unit={body.unit} />
          </section>
        ) : null,
      )}
      {onPropose ? (
        <p className="log-propose">
          <Button hint="P" onClick={onPropose} title="A call of your own; it waits for your approval like every call">
            Read its logs or metrics…
          </Button>
        </p>
      ) : null}
    </div>
  );
}

/** Entries that differ only in what varies, those that look like trouble first. */
function Patterns({ patterns }: { patterns: readonly LogPattern[] }) {
  return (
    <table className="patterns small">
      <thead>
        <tr>
          <th scope="col">Times</th>
          <th scope="col">Pattern</th>
          <th scope="col">Last</th>
        </tr>
      </thead>
      <tbody>
        {patterns.slice(0, 20).map((pattern, i) => (
          <tr key={i} data-level={pattern.level ?? "none"}>
            <td className="mono">{pattern.count}</td>
            <td className="mono" title={pattern.example}>
              {pattern.level ? <span className="faint">{pattern.level} </span> : null}
              <Redacted text={pattern.template} />
            </td>
            <td>{pattern.last_at === null ? <span className="faint">not told</span> : <At time={pattern.last_at} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
