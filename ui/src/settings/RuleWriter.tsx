import { useId, useRef, useState } from "react";
import { Button } from "../kit";
import { copyShown } from "../kit/copy";
import { DraftOffer, useDraft } from "../kit/draft";
import { useNow } from "../kit/now";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { RuleDoes, RulesFile, ToolSpec } from "../wire/wire";
import { emptyRule, lacking, type RuleDraft, ruleText } from "./rule";

const doing: Record<RuleDoes, string> = { allow: "allow reads without asking", ask: "ask every time", forbid: "forbid" };

const FIELDS: [keyof RuleDraft, string, string][] = [
  ["name", "Name", "logs of the shop"],
  ["because", "Why", "the sale, until it is over"],
  ["tools", "Tools", "every one; or logs, events"],
  ["clusters", "Clusters", "every one; or staging-*"],
  ["namespaces", "Namespaces", "every one; or shop, basket"],
  ["kinds", "Kinds", "every one; or Pod, Deployment"],
];

function draftOf(kept: unknown): RuleDraft | null {
  if (typeof kept !== "object" || kept === null) return null;
  const draft = { ...emptyRule, ...(kept as Partial<RuleDraft>) };
  return Object.values(draft).every((value) => typeof value === "string") && draft.does in doing ? draft : null;
}

/**
 * Writes a rule for a file of rules. The file is the engineer's and the team's, kept in git where they like: the window only
 * reads it, and gives the text that belongs into it.
 */
export function RuleWriter({ files, tools }: { files: readonly RulesFile[]; tools: readonly ToolSpec[] }) {
  const [rule, setRule] = useState(emptyRule);
  const drafting = useDraft("rule", draftOf);
  const text = useRef<HTMLPreElement>(null);
  const now = useNow(60_000);
  const known = useId();
  const file = files[0];
  const change = (part: Partial<RuleDraft>) => {
    const next = { ...rule, ...part };
    setRule(next);
    drafting.keep(next);
  };
  const cannot = lacking(rule, files.flatMap((one) => one.rules.map(({ name }) => name)), now / 1000);
  const written = ruleText(rule, !file?.exists);
  if (!file) return null;
  return (
    <details className="rule-writer" data-testid={testids.ruleWriter}>
      <summary className="small">Write a rule</summary>
      <DraftOffer drafting={drafting} onTake={setRule} />
      <div className="rule-fields">
        <label className="small">
          What it does
          <select className="field" data-field="does" value={rule.does} onChange={(e) => change({ does: e.target.value as RuleDoes })}>
            {Object.entries(doing).map(([does, words]) => (
              <option key={does} value={does}>
                {words}
              </option>
            ))}
          </select>
        </label>
        {FIELDS.map(([key, title, example]) => (
          <label key={key} className="small">
            {title}
            <input className="field" data-field={key} placeholder={example} value={rule[key]} onChange={(e) => change({ [key]: e.target.value })} spellCheck={key === "because"} />
          </label>
        ))}
        <label className="small">
          Until
          <input className="field" type="datetime-local" data-field="until" value={rule.until} onChange={(e) => change({ until: e.target.value })} />
        </label>
        {rule.does === "allow" ? (
          <label className="small">
            Uses
            <input className="field" inputMode="numeric" data-field="uses" placeholder="as often as it fits" value={rule.uses} onChange={(e) => change({ uses: e.target.value })} />
          </label>
        ) : null}
        <fieldset className="rule-test small">
          <legend>Its test: a call that it must {rule.does}</legend>
          <input className="field mono" aria-label="Tool of the test" placeholder="tool" list={known} data-field="testTool" value={rule.testTool} onChange={(e) => change({ testTool: e.target.value })} spellCheck={false} />
          <datalist id={known}>
            {tools.map(({ name }) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <input className="field mono" aria-label="Cluster of the test" placeholder="cluster" data-field="testCluster" value={rule.testCluster} onChange={(e) => change({ testCluster: e.target.value })} spellCheck={false} />
          <input className="field mono" aria-label="Arguments of the test" placeholder='{"namespace": "shop", "pod": "cart-0"}' data-field="testArgs" value={rule.testArgs} onChange={(e) => change({ testArgs: e.target.value })} spellCheck={false} />
        </fieldset>
      </div>
      <pre ref={text} className="pane-text" tabIndex={0} aria-label="The rule as it stands in a file" data-testid={testids.ruleText}>
        {written}
      </pre>
      <p className="model-acts">
        <Button tone="strong" testid={testids.ruleCopy} cannot={cannot} onClick={() => void copyShown(written, "The rule", text.current).then((copied) => copied && drafting.done())}>
          Copy
        </Button>
        <span className="small faint">
          {cannot ? (
            <Words text={`${cannot[0]?.toUpperCase() ?? ""}${cannot.slice(1)}.`} />
          ) : (
            <>
              Put it {file.exists ? "at the end of" : "into a new file"} <span className="mono">{file.path}</span>. Its test runs when the file is read, and a mistake forbids everything until it is mended; <span className="mono">caseboard rules check FILE</span> tries it before.
            </>
          )}
        </span>
      </p>
    </details>
  );
}
