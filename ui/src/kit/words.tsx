import type { ReactNode } from "react";

/** A sentence of ours: names between backticks are set as names. Never HTML. */
export function Words({ text }: { text: string }): ReactNode {
  return text.split(/(`[^`]+`)/).map((part, i) =>
    part.startsWith("`") && part.endsWith("`") && part.length > 2 ? (
      <code key={i} className="name">
        {part.slice(1, -1)}
      </code>
    ) : (
      part
    ),
  );
}

/** Text that passed redaction: what was taken out is a visible mark. */
export function Redacted({ text }: { text: string }): ReactNode {
  return text.split(/(\[(?:redacted|withheld): [^\]]+\])/).map((part, i) =>
    /^\[(redacted|withheld): /.test(part) ? (
      <mark key={i} className="redaction" title="Taken out before anybody reads it">
        {part.slice(1, -1)}
      </mark>
    ) : (
      part
    ),
  );
}
