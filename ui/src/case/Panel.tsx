import type { ReactNode } from "react";
import { KeysOff } from "../app/keys";
import { Boundary } from "../kit/boundary";

export type PanelName = "timeline" | "graph" | "board" | "conversation";

interface Props {
  name: PanelName;
  title: string;
  large: boolean;
  onLarge: () => void;
  hidden: boolean;
  list?: boolean;
  onList?: () => void;
  note?: ReactNode;
  /** No head of its own: its tools lie over its corner. */
  bare?: boolean;
  children: ReactNode;
}

/** A quarter of the case screen; each can be made the whole of it. */
export function Panel({ name, title, large, onLarge, hidden, list, onList, note, bare = false, children }: Props) {
  return (
    <section className="panel" data-panel={name} data-large={large} data-bare={bare} hidden={hidden} aria-label={title} data-testid={name === "timeline" ? undefined : `panel-${name}`}>
      <header className="panel-head">
        <h2 className="label">{title}</h2>
        {note ? <span className="small soft">{note}</span> : null}
        <span className="bar-space" />
        {onList ? (
          <button type="button" className="panel-tool" aria-pressed={list} onClick={onList} title={list ? "As a picture" : "As a list"} aria-label={`${title} as a ${list ? "picture" : "list"}`} data-testid={`${name}-as-list`}>
            <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
              <path d="M5.5 4H14M5.5 8H14M5.5 12H14M2 4h.5M2 8h.5M2 12h.5" />
            </svg>
          </button>
        ) : null}
        <button type="button" className="panel-tool" aria-pressed={large} onClick={onLarge} title={large ? "Back to the board" : "Enlarge"} aria-label={`${large ? "Shrink" : "Enlarge"} ${title}`} data-testid={`${name}-enlarge`}>
          <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
            <path d={large ? "M6.5 2.5v4h-4M9.5 13.5v-4h4" : "M9.5 2.5h4v4M6.5 13.5h-4v-4"} />
          </svg>
        </button>
      </header>
      <KeysOff value={hidden}>
        <Boundary what={title}>{children}</Boundary>
      </KeysOff>
    </section>
  );
}
