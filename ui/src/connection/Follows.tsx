import { useEffect, useRef, useState } from "react";
import { isOpen } from "../fleet/phase";
import { useAct, useAnswer, useHost } from "../ipc";
import { At, Button, countOf, Inline } from "../kit";
import { Dialog } from "../kit/dialog";
import { Redacted } from "../kit/words";
import { CommandFailed } from "../platform/host";
import { testids } from "../testids";
import type { ClusterId, ClusterRow, FollowRow } from "../wire/wire";

/** Logs that an approved call follows: they can be read as they come, and ended. */
export function Follows({ row }: { row: ClusterRow }) {
  const shown = row.kind !== "recorded" && isOpen(row.state.phase);
  const follows = useAnswer("follows_list", { cluster: row.id }, { enabled: shown });
  const stop = useAct("follow_stop");
  const [reading, setReading] = useState<FollowRow | null>(null);
  if (!shown || (follows.data ?? []).length === 0)
    return shown && follows.error ? (
      <section aria-label="Logs that are followed">
        <h2 className="label">Logs that are followed</h2>
        <Inline failure={follows.error} />
      </section>
    ) : null;
  return (
    <section aria-label="Logs that are followed" data-testid={testids.follows}>
      <h2 className="label">Logs that are followed</h2>
      <ul className="back-ends">
        {follows.data?.map((one) => (
          <li key={one.id} className="back-end" data-testid={testids.followRow} data-id={one.id}>
            <p className="mono small">
              {one.namespace}/{one.pod} <span className="faint">{one.container}</span>
            </p>
            <p className="small soft">
              {countOf(one.lines, "line")} since <At time={one.since} short />
              {one.heard_at !== null && !one.ended ? (
                <>
                  , last heard <At time={one.heard_at} short />
                </>
              ) : null}
              {one.ended ? <span className="faint">. Ended: {one.ended}</span> : null}
            </p>
            {one.trouble ? <p className="small soft">Nothing comes just now: {one.trouble}. It is tried again by itself.</p> : null}
            <p className="back-end-acts">
              <Button className="small" tone="quiet" testid={testids.followOpen} onClick={() => setReading(one)}>
                Read
              </Button>
              {one.ended ? null : (
                <Button className="small" tone="quiet" onClick={() => void stop.run({ cluster: row.id, id: one.id })} cannot={stop.busy ? "it is being ended" : null}>
                  End
                </Button>
              )}
            </p>
          </li>
        ))}
      </ul>
      {stop.failed ? <Inline failure={stop.failed} dismiss={stop.dismiss} /> : null}
      {reading ? <Tail cluster={row.id} follow={reading} close={() => setReading(null)} /> : null}
    </section>
  );
}

const PACE_MS = 1000;
/** The window holds so many lines; the history has the others. */
const HELD = 4000;

/** The lines as they come. It stays at the end unless somebody scrolls back. */
function Tail({ cluster, follow, close }: { cluster: ClusterId; follow: FollowRow; close: () => void }) {
  const host = useHost();
  const [lines, setLines] = useState<string[]>([]);
  const [missed, setMissed] = useState(0);
  const [ended, setEnded] = useState(follow.ended);
  const [trouble, setTrouble] = useState(follow.trouble);
  const [failed, setFailed] = useState<CommandFailed | null>(null);
  const scroll = useRef<HTMLPreElement>(null);
  const bottom = useRef(true);

  useEffect(() => {
    let after = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    async function more() {
      try {
        const read = await host.call("follow_read", { cluster, id: follow.id, after });
        if (gone) return;
        after = read.next;
        setMissed((was) => was + read.missed);
        setEnded(read.follow.ended);
        setTrouble(read.follow.trouble);
        setFailed(null);
        if (read.lines.length > 0) setLines((was) => [...was, ...read.lines].slice(-HELD));
        if (read.follow.ended !== null && read.lines.length === 0) return;
      } catch (thrown) {
        if (!gone) setFailed(CommandFailed.from(thrown));
      }
      if (!gone) timer = setTimeout(() => void more(), PACE_MS);
    }
    void more();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [host, cluster, follow.id]);
  useEffect(() => {
    const element = scroll.current;
    if (element && bottom.current) element.scrollTop = element.scrollHeight;
  }, [lines]);

  return (
    <Dialog title={`${follow.namespace}/${follow.pod}`} close={close} testid={testids.followTail}>
      {missed > 0 ? <p className="small faint">{countOf(missed, "earlier line")} not held here; the history has them.</p> : null}
      <pre
        ref={scroll}
        className="tail mono"
        role="log"
        aria-label={`Log of ${follow.pod}`}
        tabIndex={0}
        onScroll={(e) => {
          const { scrollHeight, scrollTop, clientHeight } = e.currentTarget;
          bottom.current = scrollHeight - scrollTop - clientHeight < 30;
        }}
      >
        {lines.length === 0 ? <span className="faint">{ended ? "No line came." : "Waiting for the first line…"}</span> : null}
        {lines.map((line, i) => (
          <span key={i} className="tail-line">
            <Redacted text={line} />
            {"\n"}
          </span>
        ))}
      </pre>
      <p className="small faint" role="status">
        {ended ? `Ended: ${ended}` : trouble ? `Nothing comes just now: ${trouble}. It is tried again by itself.` : "Follows the log; new lines appear by themselves."}
      </p>
      {failed ? <Inline failure={failed} /> : null}
    </Dialog>
  );
}
