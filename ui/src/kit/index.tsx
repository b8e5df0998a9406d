import type { ButtonHTMLAttributes, ReactNode } from "react";
import type { ObjectRef, Time } from "../wire/wire";
import { clockOf, fullOf, momentOf, objectKey, spanOf } from "./format";
import { useNow } from "./now";
import "./kit.css";

export function Kbd({ children }: { children: ReactNode }) {
  return <kbd className="kbd">{children}</kbd>;
}

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  /** `decide` is reserved for answers to a question that waits for the engineer. */
  tone?: "plain" | "quiet" | "strong" | "decide";
  hint?: string | undefined;
  /** Why it cannot be pressed now. A button that cannot be pressed always says why. */
  cannot?: string | null | undefined;
  testid?: string | undefined;
  /** Has the focus when its dialog opens. */
  "data-first"?: boolean;
};

export function Button({ tone = "plain", hint, cannot, testid, children, className, title, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={`button button-${tone} ${className ?? ""}`}
      aria-disabled={cannot ? true : undefined}
      title={cannot ?? title}
      data-testid={testid}
      onClick={cannot ? undefined : onClick}
      {...rest}
    >
      {children}
      {hint ? <Kbd>{hint}</Kbd> : null}
    </button>
  );
}

/** An object's name in Kubernetes' own words: the kind quiet, the name strong, the namespace where it tells something. */
export function ObjectName({ object, namespace = true }: { object: ObjectRef; namespace?: boolean }) {
  return (
    <span className="object mono" title={objectKey(object)}>
      <span className="object-kind">{object.kind}</span>
      {namespace && object.namespace ? <span className="object-ns">{object.namespace}/</span> : null}
      <span className="object-name">{object.name}</span>
    </span>
  );
}

/** A moment, with the whole date on hover. */
export function At({ time, short = false }: { time: Time; short?: boolean }) {
  const now = useNow(60_000);
  return (
    <time className="mono" dateTime={new Date(time / 1000).toISOString()} title={fullOf(time)}>
      {short ? clockOf(time) : momentOf(time, now)}
    </time>
  );
}

/** How long ago, kept current. */
export function Ago({ time, suffix = " ago" }: { time: Time; suffix?: string }) {
  const now = useNow(1000);
  return (
    <time className="mono" dateTime={new Date(time / 1000).toISOString()} title={fullOf(time)}>
      {spanOf(now - time)}
      {suffix}
    </time>
  );
}

export { Chip, Chips, EvidenceProvider, type Evidence, useEvidence } from "./chip";
export { CategoryGlyph, categoryName, Mark, RiskMark, riskName, SeverityMark } from "./marks";
export { Empty, Failed, Inline, Loading, Partial } from "./pictures";
export * from "./format";
export { asOf, isLater, KnownProvider, useKnown } from "./moment";
