import { lazy, type ReactNode, Suspense, useId, useMemo, useState } from "react";
import { useKeys } from "../app/keys";
import { go } from "../app/route";
import { useAct } from "../ipc";
import { Button, countOf, Inline } from "../kit";
import { DraftOffer, useDraft } from "../kit/draft";
import { testids } from "../testids";
import type { Blueprint, OddsShift, Scope } from "../wire/wire";
import { Markdown } from "./Markdown";
import { emptyOdds, fromYaml, lacking, toYaml } from "./draft";

const Editor = lazy(() => import("../form/Editor"));

/** A blueprint as a form and, beside it, as the YAML that it is exchanged in: each follows the other. Storing it makes a new version. */
export function BlueprintEditor({ blueprint, version }: { blueprint: Blueprint; version: number | null }) {
  const [draft, setDraft] = useState(blueprint);
  const [text, setText] = useState(() => toYaml(blueprint));
  const [broken, setBroken] = useState<string | null>(null);
  const put = useAct("blueprint_put");
  const begun = useMemo(() => toYaml(blueprint), [blueprint]);
  const on = version === null ? null : `v${version}`;
  const drafting = useDraft(`blueprint:${version === null ? "" : blueprint.name}`, (kept) => (typeof kept === "string" ? kept : null), on);
  const same = version !== null && toYaml(draft) === begun;
  const cannot = put.busy ? "it is being stored" : broken ? `the text cannot be read: ${broken}` : (lacking(draft) ?? (same ? "nothing differs from the stored version" : null));

  function change(part: Partial<Blueprint>) {
    const next = { ...draft, ...part };
    const yaml = toYaml(next);
    setDraft(next);
    setText(yaml);
    setBroken(null);
    drafting.keep(yaml === begun ? null : yaml);
  }
  function type(next: string) {
    if (next === text) return;
    setText(next);
    drafting.keep(next === begun ? null : next);
    const read = fromYaml(next);
    if (read instanceof Error) setBroken(read.message);
    else {
      setBroken(null);
      setDraft(read);
    }
  }
  async function save() {
    if (cannot) return;
    const stored = await put.run({ blueprint: draft, yaml: null });
    if (!stored) return;
    drafting.done();
    go({ at: "blueprints", name: stored.blueprint.name });
  }
  function discard() {
    drafting.discard();
    setDraft(blueprint);
    setText(begun);
    setBroken(null);
  }
  useKeys([{ keys: "mod+s", title: "Store the blueprint", group: "Blueprints", run: () => void save(), cannot }]);

  return (
    <form
      className="blueprint"
      data-testid={testids.blueprintForm}
      onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}
    >
      <div className="blueprint-head">
        <h2 className="blueprint-name mono">{draft.name || "A new blueprint"}</h2>
        {version !== null ? (
          <span className="small faint" data-testid={testids.blueprintSaved} data-version={version}>
            stored as v{version}
          </span>
        ) : null}
        <span className="bar-space" />
        <span className="small faint">{cannot && !put.busy ? cannot.split("\n")[0] : ""}</span>
        {text === begun ? null : (
          <Button tone="quiet" testid={testids.blueprintDiscard} onClick={discard} title={version === null ? "Begin anew" : `Back to v${version}`}>
            Discard
          </Button>
        )}
        <Button tone="strong" type="submit" testid={testids.blueprintSave} cannot={cannot}>
          Store {version === null ? "" : `as v${version + 1}`}
        </Button>
      </div>
      {put.failed ? <Inline failure={put.failed} dismiss={put.dismiss} /> : null}
      <DraftOffer drafting={drafting} onTake={type} now={on} />
      <div className="blueprint-faces">
        <div className="blueprint-fields">
          <Row label="Name" words="One word that the team knows it by.">
            {(id) => <input id={id} className="field mono" data-field="name" value={draft.name} onChange={(e) => change({ name: e.target.value })} readOnly={version !== null} />}
          </Row>
          <Row label="Holds for" words="The narrower one wins where two speak of the same thing.">
            {(id) => <ScopeFields id={id} scope={draft.scope ?? { level: "fleet" }} onChange={(scope) => change({ scope })} />}
          </Row>
          <Row label="Owner" words="Who is asked.">
            {(id) => <input id={id} className="field" data-field="owner" value={draft.owner} onChange={(e) => change({ owner: e.target.value })} />}
          </Row>
          <Row label="Summary" words="What it is, in a sentence or two.">
            {(id) => <textarea id={id} className="field" rows={2} data-field="summary" value={draft.summary} onChange={(e) => change({ summary: e.target.value })} />}
          </Row>
          <Row label="Odds" words="Causes that are more (above 1) or less (below 1) likely here than elsewhere.">
            {() => <OddsFields odds={draft.odds} onChange={(odds) => change({ odds })} />}
          </Row>
          <Row label="Notes" words="Markdown, for people.">
            {(id) => (
              <>
                <textarea id={id} className="field" rows={4} data-field="notes" value={draft.notes} onChange={(e) => change({ notes: e.target.value })} />
                {draft.notes.trim() ? (
                  <details className="notes-preview">
                    <summary className="small">As it will be read</summary>
                    <Markdown text={draft.notes} />
                  </details>
                ) : null}
              </>
            )}
          </Row>
          <p className="small faint">
            {countOf(draft.dependencies.length, "declared dependency", "declared dependencies")}, {countOf(draft.invariants.length, "invariant")}, {countOf(draft.preferred_fixes.length, "preferred fix", "preferred fixes")}, {countOf(draft.forbidden_fixes.length, "forbidden fix", "forbidden fixes")}: edit them in the text.
          </p>
        </div>
        <div className="blueprint-yaml">
          <Suspense fallback={<div className="editor" />}>
            <Editor text={text} onChange={type} language="yaml" label="The blueprint as YAML" testid={testids.blueprintText} />
          </Suspense>
          {broken ? (
            <p className="small form-wrong" role="status">
              {broken}
            </p>
          ) : null}
        </div>
      </div>
    </form>
  );
}

function Row({ label, words, children }: { label: string; words: string; children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div className="form-row">
      <label htmlFor={id}>{label}</label>
      <div className="form-value">
        {children(id)}
        <span className="form-words small">{words}</span>
      </div>
    </div>
  );
}

function ScopeFields({ id, scope, onChange }: { id: string; scope: Scope; onChange: (scope: Scope) => void }) {
  const blank: Record<Scope["level"], Scope> = {
    fleet: { level: "fleet" },
    cluster: { level: "cluster", cluster: "" },
    namespace: { level: "namespace", namespace: "" },
    workload: { level: "workload", namespace: "", kind: "Deployment", name: "" },
  };
  const field = (key: string, value: string, next: (value: string) => Scope) => <input className="field mono" aria-label={key} placeholder={key} data-field={`scope-${key}`} value={value} onChange={(e) => onChange(next(e.target.value))} />;
  return (
    <span className="scope-fields">
      <select id={id} className="field" data-field="scope" value={scope.level} onChange={(e) => onChange(blank[e.target.value as Scope["level"]])}>
        <option value="fleet">the whole fleet</option>
        <option value="cluster">one cluster</option>
        <option value="namespace">one namespace</option>
        <option value="workload">one workload</option>
      </select>
      {scope.level === "cluster" ? field("cluster", scope.cluster, (cluster) => ({ ...scope, cluster })) : null}
      {scope.level === "workload" ? field("kind", scope.kind, (kind) => ({ ...scope, kind })) : null}
      {scope.level === "namespace" || scope.level === "workload" ? field("namespace", scope.namespace, (namespace) => ({ ...scope, namespace })) : null}
      {scope.level === "workload" ? field("name", scope.name, (name) => ({ ...scope, name })) : null}
    </span>
  );
}

/** A number while it is typed: `0.` is on the way to `0.5`. */
function Ratio({ field, ratio, onChange }: { field: string; ratio: number; onChange: (ratio: number) => void }) {
  const [typed, setTyped] = useState(String(ratio));
  const shown = Number(typed) === ratio ? typed : String(ratio);
  return (
    <input
      className="field mono"
      aria-label="Ratio"
      inputMode="decimal"
      data-field={field}
      value={shown}
      onChange={(e) => {
        setTyped(e.target.value);
        const number = Number(e.target.value);
        if (Number.isFinite(number)) onChange(number);
      }}
    />
  );
}

function OddsFields({ odds, onChange }: { odds: readonly OddsShift[]; onChange: (odds: OddsShift[]) => void }) {
  const set = (i: number, part: Partial<OddsShift>) => onChange(odds.map((o, n) => (n === i ? { ...o, ...part } : o)));
  return (
    <div className="odds">
      {odds.map((o, i) => (
        <div key={i} className="odds-row">
          <input className="field mono odds-mode" aria-label="Failure mode" placeholder="memory-limit-too-low" data-field={`odds-${i}-mode`} value={o.failure_mode} onChange={(e) => set(i, { failure_mode: e.target.value })} />
          <button type="button" className="button button-quiet" onClick={() => onChange(odds.filter((_, n) => n !== i))} aria-label={`Remove ${o.failure_mode || "this line"}`}>
            ✕
          </button>
          <Ratio field={`odds-${i}-ratio`} ratio={o.ratio} onChange={(ratio) => set(i, { ratio })} />
          <input className="field" aria-label="Because" placeholder="because…" data-field={`odds-${i}-because`} value={o.because} onChange={(e) => set(i, { because: e.target.value })} />
          <input className="field mono odds-when" aria-label="When" placeholder="when (CEL): always" data-field={`odds-${i}-when`} value={o.when} onChange={(e) => set(i, { when: e.target.value })} />
        </div>
      ))}
      <button type="button" className="button button-plain" data-testid="odds-add" onClick={() => onChange([...odds, emptyOdds])}>
        Add a cause
      </button>
    </div>
  );
}
