import { useKeys } from "../app/keys";
import { useAct } from "../ipc";
import { At, Button, Inline, valueOf } from "../kit";
import { testids } from "../testids";
import type { CallId, CaseId, Shown } from "../wire/wire";

/** What a change was shown to do, field by field, and who says so: the cluster that tried it, or what was seen of it. */
export function WouldChange({ caseId, call, shown }: { caseId: CaseId; call: CallId; shown: Shown | undefined }) {
  const tryOut = useAct("call_try");
  const run = () => void tryOut.run({ case: caseId, call });
  const cannot = tryOut.busy ? "the cluster is being asked" : null;
  useKeys([{ keys: "r", title: "Ask the cluster what it would do, without doing it", group: "Your decision", run, cannot }]);
  return (
    <div className="would" data-testid={testids.wouldChange} data-tried={shown?.at_cluster ?? false}>
      {shown ? (
        <>
          <ul className="args-diff mono small">
            {shown.fields.map((field) => (
              <li key={field.path}>
                <span className="soft">{field.path}</span>
                {field.from === null ? null : <del>{valueOf(field.from)}</del>}
                {field.to === null ? <span className="faint">taken away</span> : <ins>{valueOf(field.to)}</ins>}
              </li>
            ))}
            {shown.fields.length === 0 ? <li className="soft">nothing: it is so already</li> : null}
          </ul>
          <p className="small faint">
            {shown.at_cluster ? "The cluster tried it without doing it" : "Worked out from what was last seen"}, <At time={shown.at} short />. A run that would do anything else is refused.
          </p>
        </>
      ) : null}
      <Button tone="quiet" className="small" hint="R" testid={testids.callTry} onClick={run} cannot={cannot}>
        {tryOut.busy ? "Asking the cluster…" : shown?.at_cluster ? "Try it again" : "Try it at the cluster first"}
      </Button>
      {tryOut.failed ? <Inline failure={tryOut.failed} dismiss={tryOut.dismiss} /> : null}
    </div>
  );
}
