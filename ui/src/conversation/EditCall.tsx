import { lazy, Suspense, useMemo, useState } from "react";
import { useKeys } from "../app/keys";
import type { Call } from "../case/fold";
import { SchemaForm } from "../form/SchemaForm";
import { fieldsOf, mistakes } from "../form/schema";
import { useAct } from "../ipc";
import { Button, Inline } from "../kit";
import { ArgsDiff } from "../kit/diff";
import { diffArgs } from "../kit/lines";
import { testids } from "../testids";
import type { ToolSpec } from "../wire/wire";

const Editor = lazy(() => import("../form/Editor"));

/** Other arguments than were proposed: as a form made from the tool's schema or as JSON, with the difference and the reason. */
export function EditCall({ caseId, call, tool, close }: { caseId: string; call: Call; tool: ToolSpec | undefined; close: () => void }) {
  const fields = useMemo(() => fieldsOf(tool?.schema), [tool]);
  const original = useMemo(() => JSON.stringify(call.call.args, null, 2), [call]);
  const [chosenTab, setTab] = useState<"form" | "json" | null>(null);
  const tab = chosenTab ?? (fields.length > 0 ? "form" : "json");
  const [args, setArgs] = useState<Record<string, unknown>>(call.call.args);
  const [text, setText] = useState(original);
  const [broken, setBroken] = useState<string | null>(null);
  const [typedWrong, setTypedWrong] = useState<Record<string, string>>({});
  const [why, setWhy] = useState("");
  const edit = useAct("call_edit");

  const changes = diffArgs(call.call.args, args);
  const wrong = { ...mistakes(fields, args), ...(tab === "form" ? typedWrong : {}) };
  const cannot = edit.busy
    ? "the edit is on its way"
    : broken
      ? `the JSON cannot be read: ${broken}`
      : Object.keys(wrong).length > 0
        ? Object.entries(wrong).map(([key, words]) => `${key}: ${words}`).join(" ")
        : changes.length === 0
          ? "nothing differs from what was proposed"
          : null;

  function typeJson(next: string) {
    setText(next);
    try {
      const value: unknown = JSON.parse(next);
      if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("it must be an object");
      setArgs(value as Record<string, unknown>);
      setBroken(null);
    } catch (error) {
      setBroken(error instanceof Error ? error.message : String(error));
    }
  }
  function show(next: "form" | "json") {
    if (next === "json" && !broken) setText(JSON.stringify(args, null, 2));
    setTypedWrong({});
    setTab(next);
  }
  const send = (approve: boolean) => {
    if (!cannot) void edit.run({ case: caseId, call: call.id, args, why: why.trim(), approve });
  };
  useKeys([
    { keys: "Escape", title: "Leave the edit", group: "Your decision", run: close, whileTyping: true },
    { keys: "mod+Enter", title: "Approve the edited call", group: "Your decision", run: () => send(true), cannot },
  ]);

  return (
    <div className="pending pending-edits" data-testid={testids.pendingCall} data-id={call.id} data-tool={call.call.tool}>
      <div className="pending-body">
        <p className="pending-tool">
          <strong className="mono">{call.call.tool}</strong>
          <span className="tabs" role="tablist" aria-label="Edit as">
            <button type="button" role="tab" data-testid={testids.editAsForm} aria-selected={tab === "form"} onClick={() => show("form")} disabled={fields.length === 0}>
              Form
            </button>
            <button type="button" role="tab" data-testid={testids.editAsJson} aria-selected={tab === "json"} onClick={() => show("json")}>
              JSON
            </button>
          </span>
        </p>
        {tab === "form" ? (
          <div data-testid={testids.editForm}>
            <SchemaForm key={fields.length} fields={fields} args={args} original={call.call.args} onChange={setArgs} onWrong={setTypedWrong} tainted={call.call.tainted.map(([name]) => name)} />
          </div>
        ) : (
          <Suspense fallback={<div className="editor" />}>
            <Editor text={text} onChange={typeJson} language="json" label="Arguments as JSON" original={original} testid={testids.editJson} />
          </Suspense>
        )}
        <p className="label">What you change</p>
        {broken ? <p className="small form-wrong">The JSON cannot be read: {broken}</p> : <ArgsDiff changes={changes} />}
        {tab === "json" && Object.keys(wrong).length > 0 ? <p className="small form-wrong">{cannot}</p> : null}
        <label className="small edit-why">
          Why? The investigator is told.
          <input className="field" data-testid={testids.editWhy} value={why} onChange={(e) => setWhy(e.target.value)} placeholder="200 lines do not reach back far enough" />
        </label>
        {edit.failed ? <Inline failure={edit.failed} dismiss={edit.dismiss} /> : null}
      </div>
      <div className="answers">
        <Button tone="decide" className="answer-main" hint="^↵" testid={testids.editApprove} onClick={() => send(true)} cannot={cannot}>
          Approve as edited
        </Button>
        <Button tone="plain" hint="Esc" testid={testids.cancel} onClick={close}>
          Back
        </Button>
        <Button tone="quiet" className="answer-rule small" testid={testids.editAsk} onClick={() => send(false)} cannot={cannot} title="Propose it again with these arguments, then decide">
          Only propose
        </Button>
      </div>
    </div>
  );
}
