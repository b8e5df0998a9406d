import type { Host } from "./host";
import { runsInTauri, tauriHost } from "./tauri";

/**
 * The real core inside the window; a recording in a browser while developing and in builds made with
 * `--mode recorded`. The product's build carries no recording.
 */
export async function openHost(): Promise<Host> {
  if (runsInTauri()) return tauriHost();
  if (import.meta.env.DEV || import.meta.env.MODE === "recorded") {
    const { recordedHost } = await import("./recorded");
    const { demo } = await import("./recordings/demo");
    const query = new URLSearchParams(location.search);
    const [asked, marks] = [query.get("fleet"), query.get("marks")];
    if (marks !== null) {
      const { withLoad } = await import("./recordings/load");
      return recordedHost(withLoad(demo, Number(marks), Number(query.get("nodes"))));
    }
    const rows = query.get("rows");
    if (rows !== null) {
      const { withRows } = await import("./recordings/rows");
      return recordedHost(withRows(demo, Number(rows)));
    }
    if (asked === null) return recordedHost(demo);
    const { withFleet } = await import("./recordings/fleet");
    return recordedHost(withFleet(demo, Number(asked) || 500));
  }
  throw new Error("Caseboard's window was opened outside of the program.");
}

export { CommandFailed, type CommandName, type Desktop, type Host, type Request, type Response } from "./host";
