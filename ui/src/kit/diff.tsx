import { valueOf } from "./format";
import { diffLines, type Change, type Line, readUnified } from "./lines";

const signs: Record<Line["kind"], string> = { same: " ", added: "+", removed: "−", head: "" };

/** A difference, line by line; the sign says it without the colour. */
export function Diff({ unified, lines }: { unified?: string; lines?: Line[] }) {
  const shown = lines ?? readUnified(unified ?? "");
  return (
    <pre className="diff" tabIndex={0}>
      {shown.map((line, i) => (
        <span key={i} className={`diff-line diff-${line.kind}`}>
          <span className="diff-sign" aria-hidden="true">
            {signs[line.kind]}
          </span>
          {line.text}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}

export function TextDiff({ before, after }: { before: string; after: string }) {
  return <Diff lines={diffLines(before, after)} />;
}

/** What the engineer changed of a call's arguments. */
export function ArgsDiff({ changes }: { changes: readonly Change[] }) {
  if (changes.length === 0) return <p className="small faint">Nothing differs from what was proposed.</p>;
  return (
    <ul className="args-diff mono small">
      {changes.map(({ key, before, after }) => (
        <li key={key}>
          <span className="faint">{key}</span>
          {before === undefined || before === null ? null : <del>{valueOf(before)}</del>}
          {after === undefined || after === null ? <span className="faint">taken out</span> : <ins>{valueOf(after)}</ins>}
        </li>
      ))}
    </ul>
  );
}
