import type { Commands, Update, WireError } from "../wire/wire";

export type CommandName = keyof Commands;
export type Request<N extends CommandName> = Commands[N]["request"];
export type Response<N extends CommandName> = Commands[N]["response"];

/** What only a desktop has; in a browser there is none. */
export interface Desktop {
  /** Opens a window of its own on a place of the address, `#/case/…`. */
  openWindow(hash: string): Promise<void>;
  /** A notification about one thing, said once in a run of the program; a click on it leads to a place. Whether it was said now. */
  notify(about: string, title: string, body: string, place: string | null): Promise<boolean>;
  /** The sign in the tray, or (with null) none. Whether there is one now. */
  tray(words: string | null, count: number): Promise<boolean>;
}

/** What carries commands to the core and updates back. Views know only this. */
export interface Host {
  readonly kind: "tauri" | "recorded";
  call<N extends CommandName>(name: N, request: Request<N>): Promise<Response<N>>;
  /** Updates from the core; returns what ends the subscription. */
  subscribe(listener: (update: Update) => void): () => void;
  readonly desktop?: Desktop;
}

/** A command that could not be done. Branch on `code`, show `title` and `hint`. */
export class CommandFailed extends Error {
  readonly code: string;
  readonly title: string;
  readonly hint: string;

  constructor(error: WireError) {
    super(error.title);
    this.name = "CommandFailed";
    this.code = error.code;
    this.title = error.title;
    this.hint = error.hint;
  }

  /** Whatever was thrown, as something that can be shown. */
  static from(thrown: unknown): CommandFailed {
    if (thrown instanceof CommandFailed) return thrown;
    if (isWireError(thrown)) return new CommandFailed(thrown);
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return new CommandFailed({ code: "failed", title: text, hint: "Try again; if it stays, restart Caseboard." });
  }
}

function isWireError(value: unknown): value is WireError {
  return typeof value === "object" && value !== null && "code" in value && "title" in value && "hint" in value;
}
