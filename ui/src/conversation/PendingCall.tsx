import { useState } from "react";
import { useKeys } from "../app/keys";
import type { Call } from "../case/fold";
import { useAct, useAnswer, useCommand } from "../ipc";
import { Button, Chip, Inline, RiskMark, valueOf } from "../kit";
import { ArgsDiff, Diff } from "../kit/diff";
import { diffArgs } from "../kit/lines";
import { tell } from "../kit/told";
import { Words } from "../kit/words";
import { CommandFailed } from "../platform";
import { readDraft } from "../platform/kept";
import { testids } from "../testids";
import type { Preview } from "../wire/wire";
import { DenyWords } from "./DenyWords";
import { EditCall, editDraft } from "./EditCall";
import { WouldChange } from "./WouldChange";

const MINUTES = 30;

/** A call that waits: what would be done, why, what each answer would mean, and the three answers. */
export function PendingCall({ caseId, clusterName, call, preview, unseen }: { caseId: string; clusterName: string; call: Call; preview: Preview; unseen: string | null }) {
  const [doing, setDoing] = useState<"asking" | "editing" | "denying">("asking");
  const approve = useAct("call_approve");
  const deny = useAct("call_deny");
  const allow = useAct("rule_allow");
  const command = useCommand();
  const tools = useAnswer("tools_list", {});
  const tool = tools.data?.find((t) => t.name === call.call.tool);
  const namespace = typeof call.call.args["namespace"] === "string" && call.call.args["namespace"] !== "" ? call.call.args["namespace"] : null;
  const busy = approve.busy || deny.busy ? "the answer is on its way" : null;
  // Nobody allows every read of a cluster by one key: a rule covers the namespace that the call names.
  const cannotAllow = busy ?? (namespace === null ? "the call names no namespace that a rule could cover" : call.risk === "read" ? (call.call.tainted.length > 0 ? "its arguments come from text that the cluster wrote" : null) : "only plain reads can be allowed by a rule");
  const failed = approve.failed ?? deny.failed ?? allow.failed;
  const asking = doing === "asking";
  const begun = readDraft(editDraft(caseId, call)) !== null;

  const answer = () => void approve.run({ case: caseId, call: call.id, digest: call.digest });
  async function allowAll() {
    if (namespace === null) return;
    // The rule is for the calls to come; this one is the engineer's own approval.
    const made = await allow.run({ case: caseId, tools: [], namespace, minutes: MINUTES, because: `Allowed while looking at \`${call.call.tool}\`.` });
    if (!made) return;
    const name = `reads in ${namespace} for ${MINUTES} minutes`;
    const undo = () => void command("rule_end", { case: caseId, name }).then(() => tell({ text: `Ended: ${name}` }), (thrown: unknown) => tell({ text: CommandFailed.from(thrown).title }));
    tell({ text: `Allowed: ${name}`, undo });
    await approve.run({ case: caseId, call: call.id, digest: call.digest });
  }
  useKeys([
    { keys: "a", title: "Approve the call", group: "Your decision", run: answer, cannot: asking ? (unseen ?? busy) : "finish or cancel first" },
    { keys: "e", title: "Edit its arguments", group: "Your decision", run: () => setDoing("editing"), cannot: asking ? busy : "finish or cancel first" },
    { keys: "d", title: "Deny it, with words", group: "Your decision", run: () => setDoing("denying"), cannot: asking ? busy : "finish or cancel first" },
    { keys: "shift+a", title: `Allow reads in ${namespace ?? "its namespace"} for ${MINUTES} minutes`, group: "Your decision", run: () => void allowAll(), cannot: asking ? (unseen ?? cannotAllow) : "finish or cancel first" },
  ]);

  if (doing === "editing") return <EditCall caseId={caseId} call={call} tool={tool} close={() => setDoing("asking")} />;
  return (
    <div className="pending" data-testid={testids.pendingCall} data-id={call.id} data-digest={call.digest} data-tool={call.call.tool}>
      <div className="pending-body" role="group" aria-label="What is asked" tabIndex={0}>
        <p className="pending-tool">
          <strong className="mono">{call.call.tool}</strong>
          <span className="pending-cluster">
            at <span className="mono">{clusterName}</span>
          </span>
          <RiskMark risk={call.risk} />
        </p>
        <p className="pending-does">
          <Words text={preview.does} />
        </p>
        <dl className="pending-args mono">
          {Object.entries(call.call.args).map(([key, value]) => {
            const taint = call.call.tainted.find(([name]) => name === key);
            return (
              <div key={key}>
                <dt>{key}</dt>
                <dd>
                  {valueOf(value)}
                  {taint ? (
                    <span className="tainted small">
                      from cluster text <Chip id={taint[1]} />
                    </span>
                  ) : null}
                </dd>
              </div>
            );
          })}
        </dl>
        {call.edits.length > 0 ? <ArgsDiff changes={diffArgs(call.edits[0]?.before.args ?? {}, call.call.args)} /> : null}
        {preview.diff ? <Diff unified={preview.diff} /> : null}
        {call.risk === "write" || call.risk === "destructive" ? <WouldChange caseId={caseId} call={call.id} shown={call.call.shown} /> : null}
        <dl className="pending-why">
          <dt className="label">Why</dt>
          <dd>
            <Words text={call.call.reason} />
          </dd>
          {call.call.expects ? (
            <>
              <dt className="label">It would tell</dt>
              <dd>
                <Words text={call.call.expects} />
              </dd>
            </>
          ) : null}
          {preview.undo ? (
            <>
              <dt className="label">To undo</dt>
              <dd>
                <Words text={preview.undo} />
              </dd>
            </>
          ) : null}
          {preview.cost ? (
            <>
              <dt className="label">Costs</dt>
              <dd className="soft">{preview.cost}</dd>
            </>
          ) : null}
        </dl>
        {failed ? <Inline failure={failed} dismiss={() => (approve.dismiss(), deny.dismiss(), allow.dismiss())} /> : null}
      </div>
      {doing === "denying" ? (
        <DenyWords
          about={`deny:${caseId}:${call.id}`}
          title="Why not? The investigator is told."
          placeholder="Not in the night: it would wake the cache"
          confirm="Deny"
          busy={busy}
          reasonId={testids.denyReason}
          confirmId={testids.denyConfirm}
          onConfirm={(reason) => deny.run({ case: caseId, call: call.id, reason })}
          close={() => setDoing("asking")}
        />
      ) : (
        <div className="answers">
          <Button tone="decide" className="answer-main" hint="A" testid={testids.approve} onClick={answer} cannot={busy}>
            Approve
          </Button>
          <Button tone="plain" hint="E" testid={testids.edit} onClick={() => setDoing("editing")} cannot={busy} title={begun ? "Go on with the edit that you began" : undefined}>
            {begun ? "Edit on" : "Edit"}
          </Button>
          <Button tone="plain" hint="D" testid={testids.deny} onClick={() => setDoing("denying")} cannot={busy}>
            Deny
          </Button>
          {namespace === null ? null : (
            <Button tone="quiet" className="answer-rule small" hint="⇧A" testid={testids.allowRule} onClick={() => void allowAll()} cannot={cannotAllow} title={`Approve, and do not ask for reads in ${namespace} for ${MINUTES} minutes`}>
              Reads <span className="mono">in {namespace}</span> for {MINUTES} min
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
