import type { ReactNode } from "react";
import type { CommandFailed } from "../platform/host";
import { Words } from "./words";
import "./kit.css";

/** Loading, empty, partial and failed are four different pictures: a moving outline, a calm ring, a broken ring, a cross. */
export function Loading({ what, rows = 4 }: { what: string; rows?: number }) {
  return (
    <div className="picture-loading" role="status" data-testid="picture-loading">
      <p className="small faint">{what}</p>
      {Array.from({ length: rows }, (_, i) => (
        <span key={i} className="bone" data-width={i % 3} aria-hidden="true" />
      ))}
    </div>
  );
}

export function Empty({ title, children, testid = "picture-empty" }: { title: string; children?: ReactNode; testid?: string }) {
  return (
    <div className="picture" data-testid={testid}>
      <svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true">
        <circle cx="24" cy="24" r="17" />
        <path d="m17 24.5 5 5 9.5-10" />
      </svg>
      <h3>{title}</h3>
      {children ? <div className="picture-words">{children}</div> : null}
    </div>
  );
}

/** Nothing is here and nothing has been asked for: a place to begin. */
export function Blank({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="picture" data-testid="picture-blank">
      <h3>
        <Words text={title} />
      </h3>
      {children ? <div className="picture-words">{children}</div> : null}
    </div>
  );
}

export function Partial({ title, items }: { title: string; items: readonly string[] }) {
  return (
    <details className="partial" data-testid="picture-partial">
      <summary>
        <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
          <path d="M8 2a6 6 0 1 1-5.7 4.1" strokeDasharray="9 3" />
        </svg>
        {title}
      </summary>
      <ul>
        {items.map((item) => (
          <li key={item}>
            <Words text={item} />
          </li>
        ))}
      </ul>
    </details>
  );
}

export function Failed({ failure, retry }: { failure: CommandFailed; retry?: () => void }) {
  return (
    <div className="picture picture-failed" role="alert" data-testid="picture-failed">
      <svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true">
        <circle cx="24" cy="24" r="17" />
        <path d="m18 18 12 12M30 18 18 30" />
      </svg>
      <h3>
        <Words text={failure.title} />
      </h3>
      <div className="picture-words">
        <Words text={failure.hint} />
      </div>
      {retry ? (
        <button type="button" className="button button-plain" onClick={retry}>
          Try again
        </button>
      ) : null}
    </div>
  );
}

/** A failure beside the control that caused it. */
export function Inline({ failure, dismiss }: { failure: CommandFailed; dismiss?: () => void }) {
  return (
    <div className="inline-failed" role="alert" data-testid="inline-failed">
      <span>
        <strong>
          <Words text={failure.title} />
        </strong>{" "}
        <Words text={failure.hint} />
      </span>
      {dismiss ? (
        <button type="button" className="button button-quiet" onClick={dismiss} aria-label="Dismiss">
          ✕
        </button>
      ) : null}
    </div>
  );
}
