import { useEffect, useState } from "react";
import { useAnswer, useHost } from "../ipc";
import { toHash } from "../app/route";
import { clockOf, countOf, nowTime } from "../kit";
import { testids } from "../testids";
import type { Time } from "../wire/wire";

/** What takes long, while it does; and what the program could not do at its start. */
export function Notices({ wide, onHelp }: { wide: boolean; onHelp: () => void }) {
  const about = useAnswer("about", {});
  const progress = useProgress();
  const reloaded = useReloaded();
  const warnings = about.data?.warnings.length ?? 0;
  return (
    <>
      {progress && wide ? (
        <div className="progress small" role="status" data-testid={testids.progress}>
          {progress.what}
          {progress.of ? <progress value={progress.done} max={progress.of} aria-label={progress.what} /> : <span className="mono faint"> {progress.done}</span>}
        </div>
      ) : null}
      {reloaded !== null && wide ? (
        <a className="rail-reloaded small" href={toHash({ at: "library", entry: null })} role="status" data-testid={testids.libraryReloaded}>
          The library was read again at <span className="mono">{clockOf(reloaded)}</span>
        </a>
      ) : null}
      {warnings > 0 ? (
        <button type="button" className="rail-warnings small" data-testid={testids.warnings} onClick={onHelp} title={about.data?.warnings.map((w) => `${w.what}: ${w.why}`).join("\n")}>
          <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
            <path d="M8 2 15 14H1Z" />
          </svg>
          <span className={wide ? "" : "unseen"}>goes on without {countOf(warnings, "thing")}</span>
        </button>
      ) : null}
    </>
  );
}

const SHOWN_MS = 12_000;

/** When the library was read again, for as long as that is news. */
function useReloaded(): Time | null {
  const host = useHost();
  const [at, setAt] = useState<Time | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = host.subscribe((update) => {
      if (update.type !== "knowledge_changed") return;
      clearTimeout(timer);
      setAt(nowTime());
      timer = setTimeout(() => setAt(null), SHOWN_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [host]);
  return at;
}

interface Progress {
  what: string;
  done: number;
  of: number | null;
}

/** The newest progress; gone when it is done, or when nothing more was heard for a while. */
function useProgress(): Progress | null {
  const host = useHost();
  const [progress, setProgress] = useState<Progress | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = host.subscribe((update) => {
      if (update.type !== "progress") return;
      clearTimeout(timer);
      setProgress({ what: update.what, done: update.done, of: update.of });
      timer = setTimeout(() => setProgress(null), update.of !== null && update.done >= update.of ? 800 : 8000);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [host]);
  return progress;
}
