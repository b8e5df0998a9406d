import { Channel, invoke, isTauri } from "@tauri-apps/api/core";
import type { Update } from "../wire/wire";
import { CommandFailed, type CommandName, type Host, type Request, type Response } from "./host";

/** The one file that knows Tauri: one command, `call`, one channel of updates, `subscribe`, and what only a desktop has. */
export const runsInTauri = isTauri;

const rejected = (thrown: unknown): never => {
  throw CommandFailed.from(thrown);
};

export function tauriHost(): Host {
  const listeners = new Set<(update: Update) => void>();
  let opened = false;

  function open() {
    if (opened) return;
    opened = true;
    const updates = new Channel<Update[]>();
    updates.onmessage = (gathered) => {
      for (const update of gathered) for (const listener of listeners) listener(update);
    };
    invoke("subscribe", { updates }).catch((thrown: unknown) => {
      opened = false;
      console.error("Could not subscribe to updates.", CommandFailed.from(thrown));
    });
  }

  return {
    kind: "tauri",
    async call<N extends CommandName>(name: N, request: Request<N>): Promise<Response<N>> {
      try {
        return await invoke<Response<N>>("call", { name, request });
      } catch (thrown) {
        throw CommandFailed.from(thrown);
      }
    },
    desktop: {
      openWindow: (hash) => invoke("window_open", { hash }).then(() => undefined, rejected),
      notify: (about, title, body, place) => invoke<boolean>("notice_say", { about, title, body, place }).catch(() => false),
      tray: (words, count) => invoke<boolean>("tray_say", { words, count }).catch(() => false),
    },
    subscribe(listener) {
      listeners.add(listener);
      open();
      return () => listeners.delete(listener);
    },
  };
}
