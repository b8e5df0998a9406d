import { useMemo, useState } from "react";
import { SchemaForm } from "../form/SchemaForm";
import { type Field, fieldsOf, mistakes } from "../form/schema";
import { useAct, useAnswer } from "../ipc";
import { Button, Failed, Inline, Loading } from "../kit";
import { Dialog } from "../kit/dialog";
import { testids } from "../testids";
import type { CaseId, ObjectRef } from "../wire/wire";

/** What a tool's form begins with: the chosen object where the tool asks for one. */
export function argsFor(fields: readonly Field[], object: ObjectRef | null): Record<string, unknown> {
  if (!object) return {};
  const known: Record<string, string> = { kind: object.kind, namespace: object.namespace, name: object.name, object: `${object.kind}/${object.name}`, workload: `${object.kind}/${object.name}` };
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = known[field.key];
      const fits = value && (field.kind !== "choice" || field.choices.includes(value));
      return fits && (field.required || field.key in { kind: 1, namespace: 1, name: 1 }) ? [[field.key, value] as const] : [];
    }),
  );
}

/** A call of the engineer's own: it passes the same gate as everybody's, and waits there with what it would do. */
export function Propose({ caseId, object, close }: { caseId: CaseId; object: ObjectRef | null; close: () => void }) {
  const tools = useAnswer("tools_list", {});
  const [name, setName] = useState("");
  const tool = tools.data?.find((one) => one.name === name) ?? null;
  return (
    <Dialog title="Propose a call" close={close} testid={testids.propose}>
      {tools.error && !tools.data ? (
        <Failed failure={tools.error} retry={() => void tools.refetch()} />
      ) : !tools.data ? (
        <Loading what="Reading the tools…" rows={2} />
      ) : (
        <label className="small propose-tool">
          What
          <select className="field" autoFocus data-testid={testids.proposeTool} value={name} onChange={(e) => setName(e.target.value)}>
            <option value="">Choose what to do</option>
            {tools.data.map((one) => (
              <option key={one.name} value={one.name}>
                {one.title} ({one.name})
              </option>
            ))}
          </select>
        </label>
      )}
      {tool ? <Arguments key={tool.name} caseId={caseId} tool={tool.name} schema={tool.schema} description={tool.description} object={object} close={close} /> : null}
    </Dialog>
  );
}

interface Props {
  caseId: CaseId;
  tool: string;
  schema: unknown;
  description: string;
  object: ObjectRef | null;
  close: () => void;
}

function Arguments({ caseId, tool, schema, description, object, close }: Props) {
  const fields = useMemo(() => fieldsOf(schema), [schema]);
  const begin = useMemo(() => argsFor(fields, object), [fields, object]);
  const [args, setArgs] = useState(begin);
  const [typedWrong, setTypedWrong] = useState<Record<string, string>>({});
  const [reason, setReason] = useState("");
  const propose = useAct("call_propose");
  const wrong = Object.entries({ ...mistakes(fields, args), ...typedWrong });
  const cannot = propose.busy ? "it is being proposed" : wrong.length > 0 ? wrong.map(([key, words]) => `${key}: ${words}`).join(" ") : null;
  async function submit() {
    if (!cannot && (await propose.run({ case: caseId, tool, args, reason: reason.trim() }))) close();
  }
  return (
    <form
      className="propose-form"
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
    >
      <p className="soft">{description}</p>
      <SchemaForm fields={fields} args={args} original={begin} onChange={setArgs} onWrong={setTypedWrong} tainted={[]} />
      <label className="small edit-why">
        Why? It is kept in the case.
        <input className="field" data-testid={testids.proposeReason} value={reason} onChange={(e) => setReason(e.target.value)} placeholder="The rollout before this one was healthy" />
      </label>
      {propose.failed ? <Inline failure={propose.failed} dismiss={propose.dismiss} /> : null}
      <div className="propose-acts">
        <Button tone="strong" type="submit" testid={testids.proposeSend} cannot={cannot}>
          Propose
        </Button>
        <span className="small faint">Nothing runs yet: it waits in the case with what it would do.</span>
      </div>
    </form>
  );
}
