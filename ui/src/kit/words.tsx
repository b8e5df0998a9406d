import type { ReactNode } from "react";
import { fullOf, momentOf, nowTime } from "./format";

const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/** A sentence of ours: names between backticks are set as names, moments as everywhere in the window. Never HTML. */
export function Words({ text }: { text: string }): ReactNode {
  return text.split(/(`[^`]+`|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/).map((part, i) => {
    if (moment.test(part)) {
      const time = Date.parse(part) * 1000;
      return (
        <time key={i} dateTime={part} title={fullOf(time)}>
          {momentOf(time, nowTime())}
        </time>
      );
    }
    return part.startsWith("`") && part.endsWith("`") && part.length > 2 ? (
      <code key={i} className="name">
        {part.slice(1, -1)}
      </code>
    ) : (
      part
    );
  });
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
