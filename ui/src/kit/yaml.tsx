import { memo, type ReactNode } from "react";
import { Redacted } from "./words";

/** YAML as text with its keys, comments and values told apart; lines are numbered so that they can be spoken about. */
export const YamlText = memo(function YamlText({ text, testid }: { text: string; testid?: string }) {
  return (
    <pre className="yaml" data-testid={testid} tabIndex={0}>
      {text
        .replace(/\n$/, "")
        .split("\n")
        .map((line, i) => (
          <span key={i} className="yaml-line">
            {colour(line)}
            {"\n"}
          </span>
        ))}
    </pre>
  );
});

function colour(line: string): ReactNode {
  const match = /^(\s*(?:- )*)([\w.\-/"']+)(:)(\s|$)(.*)$/.exec(line);
  if (!match) return line.trimStart().startsWith("#") ? <i className="yaml-comment">{line}</i> : <Redacted text={line} />;
  const [, indent, key, colon, space, value = ""] = match;
  const comment = /(^|\s)#.*$/.exec(value);
  const plain = comment ? value.slice(0, comment.index) : value;
  return (
    <>
      {indent}
      <span className="yaml-key">{key}</span>
      <span className="yaml-colon">{colon}</span>
      {space}
      <Redacted text={plain} />
      {comment ? <i className="yaml-comment">{comment[0]}</i> : null}
    </>
  );
}
