import { lazy, Suspense, useMemo, useState } from "react";
import { useKeys } from "../app/keys";
import type { Call } from "../case/fold";
import { SchemaForm } from "../form/SchemaForm";
import { fieldsOf, mistakes } from "../form/schema";
import { useAct } from "../ipc";
import { Button, Inline } from "../kit";
import { ArgsDiff } from "../kit/diff";
import { DraftOffer, useDraft } from "../kit/draft";
import { diffArgs } from "../kit/lines";
import { testids } from "../testids";
import type { ToolSpec } from "../wire/wire";

const Editor = lazy(() => import("../form/Editor"));

/** What an edit that was begun is kept as. */
export const editDraft = (caseId: string, call: Call): string => `edit:${caseId}:${call.id}:${call.revision}`;

interface Edit {
  /** The arguments as JSON, readable or not yet. */
  text: string;
  why: string;
}

function editOf(kept: unknown): Edit | null {
  const { text, why } = (typeof kept === "object" && kept !== null ? kept : {}) as Partial<Edit>;
  return typeof text === "string" && typeof why === "string" ? { text, why } : null;
}

/** The arguments that a text says; throws where it says none. */
function argsOf(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("it must be an object");
  return value as Record<string, unknown>;
}

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
  const [taken, setTaken] = useState(0);
  const edit = useAct("call_edit");
  const drafting = useDraft(editDraft(caseId, call), editOf);

  // Text that cannot be read yet is kept too: it is what was being typed.
  const noted = (next: string, because: string) => drafting.keep(next === original && because === "" ? null : { text: next, why: because });

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
    if (next === text) return;
    setText(next);
    noted(next, why);
    read(next);
  }
  function fill(next: Record<string, unknown>) {
    const written = JSON.stringify(next, null, 2);
    setArgs(next);
    setText(written);
    setBroken(null);
    noted(written, why);
  }
  function goOn(kept: Edit) {
    setText(kept.text);
    setWhy(kept.why);
    noted(kept.text, kept.why);
    setTaken(taken + 1);
    // A form shows only what can be read.
    if (!read(kept.text)) setTab("json");
  }
  function read(next: string): boolean {
    try {
      setArgs(argsOf(next));
      setBroken(null);
      return true;
    } catch (error) {
      setBroken(error instanceof Error ? error.message : String(error));
      return false;
    }
  }
  function show(next: "form" | "json") {
    if (next === "json" && !broken) setText(JSON.stringify(args, null, 2));
    setTypedWrong({});
    setTab(next);
  }
  const send = (approve: boolean) => {
    if (!cannot) void edit.run({ case: caseId, call: call.id, args, why: why.trim(), approve }).then((sent) => sent && drafting.done());
  };
  useKeys([
    { keys: "Escape", title: "Leave the edit", group: "Your decision", run: close, whileTyping: true },
    { keys: "mod+Enter", title: "Approve the edited call", group: "Your decision", run: () => send(true), cannot },
  ]);

  return (
    <div className="pending pending-edits" data-testid={testids.pendingCall} data-id={call.id} data-tool={call.call.tool}>
      <div className="pending-body">
        <DraftOffer drafting={drafting} onTake={goOn} />
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
            <SchemaForm key={`${fields.length} ${taken}`} fields={fields} args={args} original={call.call.args} onChange={fill} onWrong={setTypedWrong} tainted={call.call.tainted.map(([name]) => name)} />
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
          <input className="field" data-testid={testids.editWhy} value={why} onChange={(e) => (setWhy(e.target.value), noted(text, e.target.value))} placeholder="200 lines do not reach back far enough" />
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
